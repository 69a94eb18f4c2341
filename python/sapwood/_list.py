"""List: a list of any length in a file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeGuard, Unpack, overload

from . import _core
from ._errors import Error
from ._options import ListAlone, ListOptions
from ._positional import Positional, T
from ._types import UNSET, Nested

_native = _core.Collection

_FIXED = {"int32": "i4", "int64": "i8", "uint64": "u8", "double": "f8", "bool": "?"}


class List(Positional[T]):
    """A list in a file: insert and delete anywhere in O(log n).

    `sapwood.List("frames.sapwood", int)` is alone in its file, `sapwood.List()` in a temporary one that goes with it;
    others come from `database.list(name, type)`. It behaves as `list` does, with these differences: it holds only
    values of its type; slices, `+`, `*` and `copy()` give plain lists; an iterator reads the list as it was when the
    iterator was made; values that were read are copies, so changing one in place changes nothing.
    """

    __slots__ = ()
    _kind = "list"
    _options = ListOptions

    @overload
    def __init__(self: List[Any], path: Any = None) -> None: ...
    @overload
    def __init__(self: List[Any], path: Any, item: type[Nested], **options: Unpack[ListAlone]) -> None: ...
    @overload
    def __init__(self, path: Any, item: type[T], **options: Unpack[ListAlone]) -> None: ...
    @overload
    def __init__(self: List[Any], path: Any = None, item: Any = ..., **options: Unpack[ListAlone]) -> None: ...
    def __init__(self, path: Any = None, item: Any = UNSET, **options: Unpack[ListAlone]) -> None:
        self._open_alone(path, (item,), options)

    # --- Reading ---------------------------------------------------------------------------------------------------

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: SupportsIndex) -> T: ...
        @overload
        def __getitem__(self, index: slice) -> list[T]: ...
        def __getitem__(self, index: SupportsIndex | slice) -> T | list[T]: ...
        def get_many(self, indexes: Iterable[SupportsIndex]) -> list[T]: ...

    else:
        __getitem__ = _native._item
        get_many = _native._get_many_at

    def _first_index(self, value: Any, start: int) -> int | None:
        if self._compares_bytes:
            try:
                return self._find(value, start)
            except Error:
                raise
            except (TypeError, OverflowError, ValueError):
                pass  # not of the type; it may be equal all the same, as 1.0 is to 1
        return super()._first_index(value, start)

    def count(self, value: Any) -> int:
        """How many items are equal to `value`. O(n)."""
        if self._compares_bytes:
            try:
                return self._count(value)
            except Error:
                raise
            except (TypeError, OverflowError, ValueError):
                pass
        return super().count(value)

    def chunks(self, n: int) -> Iterator[list[T]]:
        """Lists of `n` items each, the last one maybe shorter, of the list as it is now."""
        if n < 1:
            raise ValueError("chunks of less than one item")
        items = iter(self)
        return iter(lambda: list(itertools.islice(items, n)), [])

    # --- Changing --------------------------------------------------------------------------------------------------

    def extend(self, values: Iterable[T]) -> None:
        """Appends all values, or none if `values` raises or one has a wrong type."""
        if isinstance(values, (list, tuple)) and self._item_width and len(values) > 8:
            self._append_all(values)
        else:
            super().extend(values)

    def swap_delete(self, index: int) -> None:
        """Removes the item and puts the last one in its place: for bags, where order does not count."""
        with self._atomic():
            self._swap_delete(index)

    def sort(self, *, key: Callable[[T], Any] | None = None, reverse: bool = False) -> None:
        """Sorts the list, in one transaction. O(n log n), and memory for all items. Stable, as list.sort."""
        with self._atomic():
            size = len(self)
            every: Iterable[Any] = self
            items = sorted(every, key=key, reverse=reverse)
            if len(self) != size:
                raise ValueError("list modified during sort")
            self._replace(0, size, items)

    # --- Arrays ----------------------------------------------------------------------------------------------------

    def to_numpy(self, start: int = 0, stop: int | None = None) -> Any:
        """Items [start, stop) as a NumPy array: numbers are copied at the speed of memory, without the GIL."""
        import numpy

        kind = self.value_type_name
        if kind not in _FIXED:
            return numpy.array(self[start:stop])
        now = self._pinned()
        start, stop, _ = slice(start, stop).indices(len(now))
        array = numpy.empty(max(stop - start, 0), dtype=_FIXED[kind])
        if array.size:
            now._read_into(start, array.view("u1"))
        return array

    def from_numpy(self, array: Any) -> None:
        """Appends all items of a one-dimensional array, all or none."""
        import numpy

        array = numpy.asarray(array)
        if array.ndim != 1:
            raise ValueError(f"expected an array of one dimension, got {array.ndim}")
        kind = self.value_type_name
        if kind not in _FIXED:
            self.extend(array.tolist())
            return
        wanted = numpy.dtype(_FIXED[kind])
        if not numpy.can_cast(array.dtype, wanted, "safe"):
            raise TypeError(f"expected an array of {wanted}, got {array.dtype}: convert it with astype")
        self._append_from(numpy.ascontiguousarray(array, dtype=wanted).view("u1"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.to_numpy()
        return array if dtype is None else array.astype(dtype)

    # --- Operators -------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return len(self) == len(other) and list(self) == list(other) if _is_list(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return list(self) < list(other) if _is_list(other) else NotImplemented

    def __le__(self, other: Any) -> Any:
        return list(self) <= list(other) if _is_list(other) else NotImplemented

    def __gt__(self, other: Any) -> Any:
        return list(self) > list(other) if _is_list(other) else NotImplemented

    def __ge__(self, other: Any) -> Any:
        return list(self) >= list(other) if _is_list(other) else NotImplemented

    def __add__(self, other: Any) -> Any:
        return list(self) + list(other) if _is_list(other) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return list(other) + list(self) if _is_list(other) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        return list(self) * times

    __rmul__ = __mul__

    def __imul__(self, times: Any) -> Any:
        with self._atomic():
            self._replace(0, len(self), list(self) * times)
        return self


def _is_list(other: object) -> TypeGuard[list[Any]]:
    return isinstance(other, (list, List))


MutableSequence.register(List)
