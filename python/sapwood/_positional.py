"""What lists and records share: entries by position."""

from __future__ import annotations

import contextlib
import itertools
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, SupportsIndex, TypeVar, cast

from . import _core
from ._collection import Collection, _Part, _plain

_native = _core.Collection
T = TypeVar("T")


class _CachedItems:
    """Before a list in the order of classes: keeps decoded items. What it gives is shared: do not change it in place."""

    __slots__ = ()
    _cache: _core.Cache

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (slice, tuple)):
            return super().__getitem__(index)  # type: ignore[misc]
        return self._cache.at(cast(_core.Collection, self), cast(Positional[Any], self)._position(index))


class Positional(Collection, Generic[T]):
    """A sequence in a file: insert and delete anywhere in O(log n)."""

    __slots__ = ()
    _cached_by = _CachedItems

    # --- Reading ---------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[T]:
        return self._iterate(_Part.values, False)

    def __reversed__(self) -> Iterator[T]:
        return self._iterate(_Part.values, True)

    def __contains__(self, value: Any) -> bool:
        return self._first_index(value, 0) is not None

    def _first_index(self, value: Any, start: int) -> int | None:
        items = self._iterate_slice(start, max(len(self) - start, 0), _Part.values, False)
        return next((at for at, item in zip(itertools.count(start), items) if item is value or item == value), None)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The first position with that value, from `start` and before `stop`. Raises ValueError if there is none. O(n)."""
        size = len(self)
        start = max(start + size, 0) if start < 0 else min(start, size)
        end = size if stop is None else max(stop + size, 0) if stop < 0 else stop
        found = self._first_index(value, start)
        if found is None or found >= end:
            raise ValueError(f"{value!r} is not in {self._kind}")
        return found

    def count(self, value: Any) -> int:
        """How many are equal to `value`. O(n)."""
        return sum(1 for item in self if item is value or item == value)

    def scan(self, predicate: Callable[[T], object]) -> Iterator[T]:
        """Those for which `predicate` is true, one after the other, in flat memory."""
        return filter(predicate, self)

    def copy(self) -> list[T]:
        """All of them, in a plain list."""
        return list(self)

    # --- Changing --------------------------------------------------------------------------------------------------

    if TYPE_CHECKING:

        def append(self, value: T) -> None: ...
        def insert(self, index: SupportsIndex, value: T) -> None: ...

    else:
        append = _native._append
        insert = _native._insert

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._set_slice(index, list(value))
        else:
            self._set_one(self._position(index), value)

    def put_many(self, values: Mapping[int, T] | Iterable[tuple[int, T]], /) -> None:
        """Puts values at positions, of a mapping or of pairs (index, value): all or none. Raises IndexError."""
        pairs = list(values.items() if isinstance(values, Mapping) else values)
        with self._atomic():
            for index, value in pairs:
                self._set_item(self._position(index), value)

    def _set_one(self, position: int, value: Any) -> None:
        with self._at_end(position):
            self._set_item(position, value)

    def _at_end(self, position: int) -> contextlib.AbstractContextManager[None]:
        """Around a change of what is at a position: which one is the last may change meanwhile."""
        return self._atomic() if position < 0 else contextlib.nullcontext()

    def _set_slice(self, index: slice, items: list[Any]) -> None:
        """self[index] = items: as many as there were, unless the slice has no steps."""
        with self._atomic():
            start, stop, step = index.indices(len(self))
            if step == 1:
                self._replace(start, max(stop - start, 0), items)
                return
            positions = range(start, stop, step)
            if len(positions) != len(items):
                raise ValueError(
                    f"attempt to assign sequence of size {len(items)} to extended slice of size {len(positions)}"
                )
            for position, item in zip(positions, items):
                self._set_item(position, item)

    def __delitem__(self, index: Any) -> None:
        if not isinstance(index, slice):
            position = self._position(index)
            with self._atomic():
                size = len(self)
                position += size if position < 0 else 0
                if not 0 <= position < size:
                    raise IndexError(f"{self._kind} assignment index out of range")
                self._delete_at(position, 1)
            return
        with self._atomic():
            positions = range(*index.indices(len(self)))
            if positions.step in (1, -1):
                if len(positions):
                    self._delete_at(min(positions[0], positions[-1]), len(positions))
                return
            for position in sorted(positions, reverse=True):
                self._delete_at(position, 1)

    def extend(self, values: Iterable[T]) -> None:
        """Appends all values, or none if `values` raises or one has a wrong type."""
        with self._all_or_none():
            self._extend(list(self) if values is self else values)

    def pop(self, index: SupportsIndex = -1) -> T:
        """Removes what is at `index` and returns it (of a nested collection a plain copy). O(log n)."""
        position = operator.index(index)
        if not -sys.maxsize <= position <= sys.maxsize:
            raise OverflowError("Python int too large to convert to C ssize_t")
        with self._atomic():
            if not len(self):
                raise IndexError(f"pop from empty {self._kind}")
            if not self._may_nest:
                return self._pop_at(position)
            found: T = _plain(self._at(position))
            self._delete_at(position % len(self), 1)
            return found

    def remove(self, value: Any) -> None:
        """Removes the first that is equal to `value`. Raises ValueError if there is none. O(n)."""
        with self._atomic():
            self._delete_at(self.index(value), 1)

    def reverse(self) -> None:
        """Turns the order round, in one transaction. O(n), and memory for all of it."""
        with self._atomic():
            self._replace(0, len(self), list(reversed(self)))

    def __iadd__(self, values: Iterable[T]) -> Self:
        self.extend(values)
        return self

    def _fill_new(self, values: Iterable[T]) -> None:
        self.extend(values)

    def _position(self, index: Any) -> int:
        try:
            return operator.index(index)
        except TypeError:
            raise TypeError(
                f"{self._kind} indices must be integers or slices, not {type(index).__name__}"
            ) from None
