"""Dict and SortedDict: keys with values in a file."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, Unpack, cast, overload

from . import _core
from ._collection import Collection, New, _microseconds, _Part, _plain, _short
from ._errors import Error
from ._options import DictAlone, DictOptions
from ._progress import Progress, counted
from ._types import UNSET, Nested

_native = _core.Collection
_MISSING: Any = object()
K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


class _CachedEntries:
    """Before a dict in the order of classes: keeps decoded values. What it gives is shared: do not change it in place."""

    __slots__ = ()
    _cache: _core.Cache

    def __getitem__(self, key: Any) -> Any:
        found = self.get(key, _MISSING)
        if found is _MISSING:
            raise KeyError(key)
        return found

    def get(self, key: Any, default: Any = None) -> Any:
        return self._cache.get(cast(_core.Collection, self), key, default)


class Dict(Collection, Generic[K, V]):
    """A dict in a file. Keys come in the order of their hashes, which is the same for as long as the file lives.

    `sapwood.Dict("ages.sapwood", str, int)` is alone in its file, `sapwood.Dict()` in a temporary one; others come from
    `database.dict(name, key, value)`. It behaves as `dict` does, but for the order, and that values that were read are
    copies: change one and put it back. Entries may be written while others are iterated.
    """

    __slots__ = ()
    _kind = "dict"
    _options = DictOptions
    _cached_by = _CachedEntries
    _has_key_types = True

    @overload
    def __init__(self: Dict[Any, Any], path: Any = None) -> None: ...
    @overload
    def __init__(self: Dict[K, Any], path: Any, key: type[K], value: type[Nested], **options: Unpack[DictAlone]) -> None: ...
    @overload
    def __init__(self, path: Any, key: type[K], value: type[V], **options: Unpack[DictAlone]) -> None: ...
    @overload
    def __init__(self: Dict[K, Any], path: Any, key: type[K], value: Any = ..., **options: Unpack[DictAlone]) -> None: ...
    @overload
    def __init__(
        self: Dict[Any, Any], path: Any = None, key: Any = ..., value: Any = ..., **options: Unpack[DictAlone]
    ) -> None: ...
    def __init__(
        self, path: Any = None, key: Any = UNSET, value: Any = UNSET, **options: Unpack[DictAlone]
    ) -> None:
        self._open_alone(path, (key, value), options)

    # --- Reading ---------------------------------------------------------------------------------------------------

    if TYPE_CHECKING:

        def __getitem__(self, key: K) -> V: ...
        @overload
        def get(self, key: K) -> V | None: ...
        @overload
        def get(self, key: K, default: D) -> V | D: ...
        def get(self, key: K, default: Any = None) -> Any: ...
        @overload
        def get_many(self, keys: Iterable[K]) -> list[V | None]: ...
        @overload
        def get_many(self, keys: Iterable[K], default: D) -> list[V | D]: ...
        def get_many(self, keys: Iterable[K], default: Any = None) -> Any: ...

    else:
        __getitem__ = _native._get_item
        get = _native._get
        get_many = _native._get_many

    def __contains__(self, key: Any) -> bool:
        try:
            return self._contains(key)
        except Error:
            raise
        except (TypeError, OverflowError, ValueError):
            _need_hashable(key)
            return False

    def __iter__(self) -> Iterator[K]:
        return self._iterate(_Part.keys, False)

    def __reversed__(self) -> Iterator[K]:
        return self._iterate(_Part.keys, True)

    def keys(self) -> KeysView[K]:
        return _Keys(self)

    def values(self) -> ValuesView[V]:
        return _Values(self)

    def items(self) -> ItemsView[K, V]:
        return _Items(self)

    def scan(self, predicate: Callable[[K, V], object]) -> Iterator[tuple[K, V]]:
        """The entries for which `predicate(key, value)` is true, one after the other, in flat memory."""
        return (entry for entry in self._iterate(_Part.items, False) if predicate(*entry))

    def copy(self) -> dict[K, V]:
        """All entries, in a plain dict."""
        return dict(self.items())

    def _first_items(self, count: int) -> Iterable[Any]:
        return self._iterate_slice(0, min(count, len(self)), _Part.items, False)

    def _items_text(self) -> str:
        return ", ".join(f"{_short.repr(key)}: {_short.repr(value)}" for key, value in self._first_items(5))

    # --- Changing --------------------------------------------------------------------------------------------------

    if TYPE_CHECKING:

        def __setitem__(self, key: K, value: V) -> None: ...
        def __delitem__(self, key: K) -> None: ...

    else:
        __setitem__ = _native._put
        __delitem__ = _native._delete_item

    def put(self, key: K, value: V, time: Any = None, *, time_to_live: Any = None) -> None:
        """d[key] = value. With `timestamps`: also a time of its own (an aware datetime); with `expiry`: the entry is gone
        after `time_to_live`, in seconds or a timedelta."""
        if time is None and time_to_live is None:
            self._put(key, value)
        else:
            self._put_with_times(key, value, time, None if time_to_live is None else _microseconds(time_to_live))

    def setdefault(self, key: K, default: Any = None) -> V:
        """The value at `key`; if there is none, `default` is put there first."""
        found = self.get(key, _MISSING)
        if found is not _MISSING:
            return cast(V, found)
        with self._atomic():
            if not isinstance(default, New):
                self._put_if_absent(key, default)
            elif not self._contains(key):
                self._put(key, default)
            return self[key]

    @overload
    def pop(self, key: K) -> V: ...
    @overload
    def pop(self, key: K, default: D) -> V | D: ...
    def pop(self, key: Any, default: Any = _MISSING) -> Any:
        """Removes the entry and returns its value (of a nested collection a plain copy); `default`, or KeyError, if there
        is none."""
        with self._atomic():
            if key not in self:  # also what can be no key
                found = _MISSING
            elif self._may_nest:
                found = _plain(self._get(key))
                self._discard(key)
            else:
                found = self._pop(key, _MISSING)
        if found is not _MISSING:
            return found
        if default is _MISSING:
            raise KeyError(key)
        return default

    def popitem(self) -> tuple[K, V]:
        """Removes the last entry and returns it. Raises KeyError if there is none."""
        return self._popped(False)

    def _popped(self, first: bool) -> Any:
        with self._atomic():
            if not self._may_nest:
                found = self._pop_end(first, _MISSING)  # entries that expired are counted, but not found
            elif len(self):
                key, value = self._at(0 if first else -1)
                found = key, _plain(value)
                self._discard(key)
            else:
                found = _MISSING
        if found is _MISSING:
            raise KeyError("popitem(): dictionary is empty")
        return found

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Puts all entries of a mapping or of pairs, and of the named arguments: all or none."""
        pairs = _pairs(other)
        if not more:
            with self._all_or_none():
                self._put_all("put", pairs)
            return
        with self._atomic():
            self._put_all("put", pairs)
            self._put_all("put", more.items())

    put_many = update
    _fill_new = update

    def bulk_load(self, pairs: Any, progress: Progress = None) -> None:
        """As update, into an empty collection, in full pages: the fastest way in. Keys of sorted ones ascend."""
        with self._all_or_none():
            self._put_all("bulk", counted(_pairs(pairs), progress, "load"))

    # --- Times -----------------------------------------------------------------------------------------------------

    def timestamp(self, key: Any) -> Any:
        """When the entry was put (an aware datetime), None if there is none. Of collections with timestamps."""
        return self._timestamp(key)

    def set_timestamp(self, key: Any, time: Any) -> None:
        """Gives the entry another time. Raises KeyError if there is none."""
        self._set_timestamp(key, time)

    def expire(self, key: Any, time_to_live: Any) -> None:
        """The entry is gone after `time_to_live` from now (None: it stays), whatever the collection says. Raises KeyError
        if there is none. Of collections with `expiry`."""
        self._expire(key, None if time_to_live is None else _microseconds(time_to_live))

    def expires(self, key: Any) -> Any:
        """When the entry will be gone (an aware datetime), None if it stays. Raises KeyError if there is none."""
        return self._expires(key)

    def time_range(self, start: Any, stop: Any) -> list[tuple[Any, Any, Any]]:
        """[(time, key, value), ...] of the entries with times in [start, stop), by time."""
        return self._time_range(start, stop)

    def prune(self, before: Any, keep: Iterable[Any] = ()) -> int:
        """Removes the entries that are older than `before`, but for the keys in `keep`; tells how many."""
        return self._prune(before, keep)

    # --- Operators -------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, (Mapping, Dict)):
            return NotImplemented
        return len(self) == len(other) and dict(self.items()) == dict(other.items())

    def __or__(self, other: Any) -> Any:
        return dict(self.items()) | dict(other.items()) if isinstance(other, (Mapping, Dict)) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return dict(other.items()) | dict(self.items()) if isinstance(other, (Mapping, Dict)) else NotImplemented

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self


class SortedDict(Dict[K, V]):
    """A dict in the order of its keys: ranges, neighbours, ranks. `sapwood.SortedDict(path, str, float)` alone in a
    file, or `database.sorted_dict(name, key, value)`.

    Order of keys: numbers by size, NaN after all others and equal to itself; str by code point; bytes; tuples part by
    part; of type any by kind first (None, False, True, int, float, str, bytes, UUID, datetime, tuple, list, dict).
    """

    __slots__ = ()
    _kind = "sorted_map"

    def irange(self, low: K | None = None, high: K | None = None, *, reverse: bool = False) -> Iterator[K]:
        """The keys in [low, high), None being open; the last one first if `reverse`."""
        return self._iterate_range(low, high, _Part.keys, reverse)

    def range_items(
        self, low: K | None = None, high: K | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[K, V]]:
        """The entries with keys in [low, high)."""
        return self._iterate_range(low, high, _Part.items, reverse)

    def prefix(self, first: Any, *, reverse: bool = False) -> Iterator[tuple[K, V]]:
        """The entries whose keys start with `first`: a part of a str or bytes, or the first parts of a tuple."""
        return self._iterate_prefix(first, _Part.items, reverse)

    def floor(self, key: K) -> tuple[K, V] | None:
        """The entry with the greatest key <= `key`, or None."""
        return self._near("floor", key)

    def ceiling(self, key: K) -> tuple[K, V] | None:
        """The entry with the smallest key >= `key`, or None."""
        return self._near("ceiling", key)

    def lower(self, key: K) -> tuple[K, V] | None:
        """The entry with the greatest key < `key`, or None."""
        return self._near("lower", key)

    def higher(self, key: K) -> tuple[K, V] | None:
        """The entry with the smallest key > `key`, or None."""
        return self._near("higher", key)

    def peekitem(self, index: int = -1) -> tuple[K, V]:
        """The entry at a position in the order; the last one by default. O(log n)."""
        return self._at(index)

    select = peekitem

    def rank(self, key: K) -> int:
        """How many keys are smaller. O(log n)."""
        return self._rank(key)

    def count(self, low: K | None = None, high: K | None = None) -> int:
        """How many keys are in [low, high). O(log n)."""
        return self._count_range(low, high)

    def popitem(self, last: bool = True) -> tuple[K, V]:
        """Removes the last (first) entry and returns it. Raises KeyError if there is none."""
        return self._popped(not last)

    def __delitem__(self, key: Any) -> None:
        if not isinstance(key, slice):
            self._delete_item(key)
            return
        if key.step is not None:
            raise ValueError("a range of keys has no step")
        self._delete_range(key.start, key.stop)

    def __getitem__(self, key: K) -> V:
        if isinstance(key, slice):
            raise TypeError("use range_items(low, high) for a range of entries")
        return cast(V, self._get_item(key))


class _Keys(KeysView[Any]):
    __slots__ = ()
    _mapping: Dict[Any, Any]

    def __iter__(self) -> Iterator[Any]:
        return self._mapping._iterate(_Part.keys, False)

    def __reversed__(self) -> Iterator[Any]:
        return self._mapping._iterate(_Part.keys, True)

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> set[Any]:
        return set(items)


class _Values(ValuesView[Any]):
    __slots__ = ()
    _mapping: Dict[Any, Any]

    def __iter__(self) -> Iterator[Any]:
        return self._mapping._iterate(_Part.values, False)

    def __reversed__(self) -> Iterator[Any]:
        return self._mapping._iterate(_Part.values, True)

    def __contains__(self, value: Any) -> bool:
        return any(value is found or value == found for found in self)


class _Items(ItemsView[Any, Any]):
    __slots__ = ()
    _mapping: Dict[Any, Any]

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._mapping._iterate(_Part.items, False)

    def __reversed__(self) -> Iterator[tuple[Any, Any]]:
        return self._mapping._iterate(_Part.items, True)

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, tuple) or len(item) != 2 or item[0] not in self._mapping:
            return False
        found = self._mapping.get(item[0], _MISSING)
        return found is item[1] or bool(found == item[1])

    @classmethod
    def _from_iterable(cls, items: Iterable[Any]) -> set[Any]:
        return set(items)


def _pairs(other: Any) -> Iterable[Any]:
    if isinstance(other, (Mapping, Dict)):
        return other.items()
    if hasattr(other, "keys"):
        return ((key, other[key]) for key in other.keys())
    return other


def _need_hashable(key: Any) -> None:
    hash(key)  # raises TypeError, as a dict would


MutableMapping.register(Dict)
