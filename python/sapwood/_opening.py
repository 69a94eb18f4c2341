"""How collections are opened: the same in databases, transactions and snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, Unpack, overload

from . import _core
from ._collection import Collection, _wanted
from ._dict import Dict, SortedDict
from ._list import List
from ._options import DictOptions, ListOptions, RecordsOptions
from ._records import Records
from ._set import Set, SortedSet
from ._types import UNSET, Nested

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_CLASSES: dict[str, type[Collection]] = {cls._kind: cls for cls in (List, Dict, SortedDict, Set, SortedSet, Records)}


def _wrap(core: _core.Collection) -> Any:
    return _CLASSES[core.kind]._of(core)


_core.set_wrap_hook(_wrap)


class Opens:
    """How collections are opened, the same in databases and transactions. Types that are left out are those that the
    collection has, or any if it is created."""

    _core: Any

    def _collection(self, cls: type[Collection], name: str, types: tuple[Any, ...], options: Any) -> Any:
        core = self._core.collection(_wanted(name, cls, types, options))
        return cls._of(core, options, types)

    # Types given as classes are those of what is read, for type checkers; others are Any.

    @overload
    def list(self, name: str, item: type[Nested], **options: Unpack[ListOptions]) -> List[Any]: ...
    @overload
    def list(self, name: str, item: type[T], **options: Unpack[ListOptions]) -> List[T]: ...
    @overload
    def list(self, name: str, item: Any = ..., **options: Unpack[ListOptions]) -> List[Any]: ...
    def list(self, name: str, item: Any = UNSET, **options: Unpack[ListOptions]) -> List[Any]:
        """The list with that name, created if absent. Options: compression (a level of zstd, 1 to 19), cache ("lru",
        "fifo", "lfu"), cache_size (entries, or "64MB")."""
        return self._collection(List, name, (item,), options)

    @overload
    def dict(self, name: str, key: type[K], value: type[Nested], **options: Unpack[DictOptions]) -> Dict[K, Any]: ...
    @overload
    def dict(self, name: str, key: type[K], value: type[V], **options: Unpack[DictOptions]) -> Dict[K, V]: ...
    @overload
    def dict(self, name: str, key: type[K], value: Any = ..., **options: Unpack[DictOptions]) -> Dict[K, Any]: ...
    @overload
    def dict(self, name: str, key: Any = ..., value: Any = ..., **options: Unpack[DictOptions]) -> Dict[Any, Any]: ...
    def dict(
        self, name: str, key: Any = UNSET, value: Any = UNSET, **options: Unpack[DictOptions]
    ) -> Dict[Any, Any]:
        """The dict with that name, created if absent. Options: timestamps (entries have times), time_index (and are found
        by them), time_to_live (seconds or a timedelta), expiry (entries may have a time to live of their own), and those
        of list()."""
        return self._collection(Dict, name, (key, value), options)

    @overload
    def sorted_dict(
        self, name: str, key: type[K], value: type[Nested], **options: Unpack[DictOptions]
    ) -> SortedDict[K, Any]: ...
    @overload
    def sorted_dict(
        self, name: str, key: type[K], value: type[V], **options: Unpack[DictOptions]
    ) -> SortedDict[K, V]: ...
    @overload
    def sorted_dict(
        self, name: str, key: type[K], value: Any = ..., **options: Unpack[DictOptions]
    ) -> SortedDict[K, Any]: ...
    @overload
    def sorted_dict(
        self, name: str, key: Any = ..., value: Any = ..., **options: Unpack[DictOptions]
    ) -> SortedDict[Any, Any]: ...
    def sorted_dict(
        self, name: str, key: Any = UNSET, value: Any = UNSET, **options: Unpack[DictOptions]
    ) -> SortedDict[Any, Any]:
        """The sorted dict with that name, created if absent. Options as of dict()."""
        return self._collection(SortedDict, name, (key, value), options)

    @overload
    def set(self, name: str, element: type[T]) -> Set[T]: ...
    @overload
    def set(self, name: str, element: Any = ...) -> Set[Any]: ...
    def set(self, name: str, element: Any = UNSET) -> Set[Any]:
        """The set with that name, created if absent."""
        return self._collection(Set, name, (element,), {})

    @overload
    def sorted_set(self, name: str, element: type[T]) -> SortedSet[T]: ...
    @overload
    def sorted_set(self, name: str, element: Any = ...) -> SortedSet[Any]: ...
    def sorted_set(self, name: str, element: Any = UNSET) -> SortedSet[Any]:
        """The sorted set with that name, created if absent."""
        return self._collection(SortedSet, name, (element,), {})

    def records(self, name: str, value: Any = UNSET, **options: Unpack[RecordsOptions]) -> Records:
        """The records with that name, created if absent; `value`: type of all fields. Options: cache, cache_size."""
        return self._collection(Records, name, (value,), options)

    def __contains__(self, name: str) -> bool:
        return self._core.has(name)

    def __getitem__(self, name: str) -> Any:
        """The collection with that name, whatever its kind. Raises KeyError if there is none."""
        for info in self.collections():
            if info["name"] == name:
                return self._collection(_CLASSES[info["kind"]], name, (UNSET, UNSET), {})
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """The names of the collections."""
        return iter([info["name"] for info in self.collections()])

    def collections(self) -> Any:
        """A dict for each collection: name, kind, key and value types, count."""
        return self._core.collections()
