"""Set and SortedSet: different values in a file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from typing import Any, Generic, Self, TypeGuard, TypeVar, Unpack, overload

from ._collection import Collection, _Part
from ._errors import Error
from ._options import Alone
from ._progress import Progress, counted
from ._types import UNSET


_MISSING: Any = object()
T = TypeVar("T")
E = TypeVar("E")


class Set(Collection, Generic[T]):
    """A set in a file. Elements come in the order of their hashes.

    `sapwood.Set("seen.sapwood", str)` is alone in its file, `sapwood.Set()` in a temporary one; others come from
    `database.set(name, type)`. It behaves as `set` does; operators take any iterable, and give plain sets.
    """

    __slots__ = ()
    _kind = "set"

    @overload
    def __init__(self: Set[Any], path: Any = None) -> None: ...
    @overload
    def __init__(self, path: Any, element: type[T], **options: Unpack[Alone]) -> None: ...
    @overload
    def __init__(self: Set[Any], path: Any = None, element: Any = ..., **options: Unpack[Alone]) -> None: ...
    def __init__(self, path: Any = None, element: Any = UNSET, **options: Unpack[Alone]) -> None:
        self._open_alone(path, (element,), options)

    # --- Reading ---------------------------------------------------------------------------------------------------

    def __contains__(self, element: Any) -> bool:
        try:
            return self._contains(element)
        except Error:
            raise
        except (TypeError, OverflowError, ValueError):  # not of the type: it cannot be there
            if not isinstance(element, (set, Set)):
                hash(element)  # raises TypeError, as a set would
            return False

    def __iter__(self) -> Iterator[T]:
        return self._iterate(_Part.keys, False)

    def __reversed__(self) -> Iterator[T]:
        return self._iterate(_Part.keys, True)

    def get_many(self, elements: Iterable[Any]) -> list[bool]:
        """For each of the elements whether it is there, in one state of the set: faster than one by one."""
        return [found is None for found in self._get_many(elements, False)]

    def scan(self, predicate: Callable[[T], object]) -> Iterator[T]:
        """The elements for which `predicate(element)` is true, one after the other, in flat memory."""
        return filter(predicate, self)

    def copy(self) -> set[T]:
        """All elements, in a plain set."""
        return set(self)

    def _first_items(self, count: int) -> Iterable[Any]:
        return self._iterate_slice(0, min(count, len(self)), _Part.keys, False)

    # --- Changing --------------------------------------------------------------------------------------------------

    def add(self, element: T) -> None:
        self._add(element)

    def discard(self, element: Any) -> None:
        try:
            self._discard(element)
        except Error:
            raise
        except (TypeError, OverflowError, ValueError):
            hash(element)

    def remove(self, element: Any) -> None:
        """Removes the element. Raises KeyError if it is not there."""
        if element not in self or not self._discard(element):
            raise KeyError(element)

    def pop(self) -> T:
        """Removes an element and returns it. Raises KeyError if there is none."""
        return self._popped(True)

    def _popped(self, first: bool) -> Any:
        with self._atomic():
            found = self._pop_end(first, _MISSING)
        if found is _MISSING:
            raise KeyError("pop from an empty set")
        return found

    def update(self, *others: Iterable[T]) -> None:
        """Adds all elements of the others: all or none."""
        self._put_all("put", itertools.chain.from_iterable(_each(others)))

    def put_many(self, elements: Iterable[T], /) -> None:
        """update(elements)."""
        self.update(elements)

    _fill_new = put_many

    def bulk_load(self, elements: Iterable[T], progress: Progress = None) -> None:
        """As update, into an empty set, in full pages: the fastest way in. Those of sorted sets ascend."""
        self._put_all("bulk", counted(elements, progress, "load"))

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Removes all elements of the others."""
        elements = itertools.chain.from_iterable(_each(others))
        self._change_keys("erase", (element for element in elements if self._is_storable(element)))

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keeps what all others have."""
        with self._atomic():
            for other in _each(others):
                self._change_keys("retain", filter(self._is_storable, other))

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Keeps what only one of both has."""
        self._change_keys("toggle", list(other))

    def _is_storable(self, element: Any) -> bool:
        return element in self

    # --- Algebra: plain sets ---------------------------------------------------------------------------------------

    def union(self, *others: Iterable[E]) -> set[T | E]:
        return set(self).union(*others)

    def intersection(self, *others: Iterable[Any]) -> set[T]:
        return set(self).intersection(*others)

    def difference(self, *others: Iterable[Any]) -> set[T]:
        return set(self).difference(*others)

    def symmetric_difference(self, other: Iterable[E]) -> set[T | E]:
        return set(self).symmetric_difference(other)

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        return not any(element in self for element in other)

    def issubset(self, other: Iterable[Any]) -> bool:
        others = other if isinstance(other, (AbstractSet, Set)) else set(other)
        return len(self) <= len(others) and all(element in others for element in self)

    def issuperset(self, other: Iterable[Any]) -> bool:
        return all(element in self for element in other)

    def __or__(self, other: Iterable[E]) -> set[T | E]:
        return self.union(other) if isinstance(other, Iterable) else NotImplemented

    def __and__(self, other: Iterable[Any]) -> set[T]:
        return self.intersection(other) if isinstance(other, Iterable) else NotImplemented

    def __sub__(self, other: Iterable[Any]) -> set[T]:
        return self.difference(other) if isinstance(other, Iterable) else NotImplemented

    def __xor__(self, other: Iterable[E]) -> set[T | E]:
        return self.symmetric_difference(other) if isinstance(other, Iterable) else NotImplemented

    __ror__ = __or__
    __rand__ = __and__
    __rxor__ = __xor__

    def __rsub__(self, other: Any) -> Any:
        return set(other) - set(self) if isinstance(other, Iterable) else NotImplemented

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc]  # plain sets from the others
        if not isinstance(other, Iterable):
            return NotImplemented
        self.update(other)
        return self

    def __iand__(self, other: Any) -> Self:  # type: ignore[misc]  # plain sets from the others
        if not isinstance(other, Iterable):
            return NotImplemented
        self.intersection_update(other)
        return self

    def __isub__(self, other: Any) -> Self:  # type: ignore[misc]  # plain sets from the others
        if not isinstance(other, Iterable):
            return NotImplemented
        self.difference_update(other)
        return self

    def __ixor__(self, other: Any) -> Self:  # type: ignore[misc]  # plain sets from the others
        if not isinstance(other, Iterable):
            return NotImplemented
        self.symmetric_difference_update(other)
        return self

    # --- Comparison ------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        return len(self) == len(other) and self.issubset(other) if _is_set(other) else NotImplemented

    def __le__(self, other: Any) -> Any:
        return self.issubset(other) if _is_set(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return len(self) < len(other) and self.issubset(other) if _is_set(other) else NotImplemented

    def __ge__(self, other: Any) -> Any:
        return self.issuperset(other) if _is_set(other) else NotImplemented

    def __gt__(self, other: Any) -> Any:
        return len(self) > len(other) and self.issuperset(other) if _is_set(other) else NotImplemented


class SortedSet(Set[T]):
    """A set in the order of its elements: `sapwood.SortedSet(path, str)`, or `database.sorted_set(name, type)`."""

    __slots__ = ()
    _kind = "sorted_set"

    def irange(self, low: T | None = None, high: T | None = None, *, reverse: bool = False) -> Iterator[T]:
        """The elements in [low, high), None being open."""
        return self._iterate_range(low, high, _Part.keys, reverse)

    def prefix(self, first: Any, *, reverse: bool = False) -> Iterator[T]:
        """The elements that start with `first`: a part of a str or bytes, or the first parts of a tuple."""
        return self._iterate_prefix(first, _Part.keys, reverse)

    def floor(self, element: T) -> T | None:
        """The greatest element <= `element`, or None."""
        return self._near("floor", element)

    def ceiling(self, element: T) -> T | None:
        """The smallest element >= `element`, or None."""
        return self._near("ceiling", element)

    def lower(self, element: T) -> T | None:
        """The greatest element < `element`, or None."""
        return self._near("lower", element)

    def higher(self, element: T) -> T | None:
        """The smallest element > `element`, or None."""
        return self._near("higher", element)

    def __getitem__(self, index: int) -> T:
        """The element at a position in the order. O(log n)."""
        return self._at(index)

    select = __getitem__

    def rank(self, element: T) -> int:
        """How many elements are smaller. O(log n)."""
        return self._rank(element)

    def count(self, low: T | None = None, high: T | None = None) -> int:
        """How many elements are in [low, high). O(log n)."""
        return self._count_range(low, high)

    def delete_range(self, low: T | None = None, high: T | None = None) -> int:
        """Removes the elements in [low, high); tells how many."""
        return self._delete_range(low, high)

    def pop(self, last: bool = True) -> T:
        """Removes the last (first) element and returns it. Raises KeyError if there is none."""
        return self._popped(not last)


def _is_set(other: object) -> TypeGuard[AbstractSet[Any]]:
    return isinstance(other, (AbstractSet, Set))


def _each(others: tuple[Iterable[Any], ...]) -> Iterator[Iterable[Any]]:
    for other in others:
        yield list(other) if isinstance(other, Set) else other


MutableSet.register(Set)
