"""Collections for asyncio: each call of the package's own ones runs where its database or transaction lets it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from . import _collection

_CHUNK = 1_000  # entries that an iteration fetches at once


class Runs:
    """Where the calls of collections run: in the threads of the database, or those of a transaction."""

    async def read(self, call: Callable[[], Any]) -> Any:
        raise NotImplementedError

    async def write(self, call: Callable[[], Any]) -> Any:
        raise NotImplementedError


def _read(name: str) -> Callable[..., Awaitable[Any]]:
    async def method(self: Any, *args: Any, **options: Any) -> Any:
        return self._wrapped(await self._runs.read(lambda: getattr(self._sync, name)(*args, **options)))

    method.__name__ = name
    return method


def _write(name: str) -> Callable[..., Awaitable[Any]]:
    async def method(self: Any, *args: Any, **options: Any) -> Any:
        return self._wrapped(await self._runs.write(lambda: getattr(self._sync, name)(*args, **options)))

    method.__name__ = name
    return method


def _stream(name: str) -> Callable[..., AsyncIterator[Any]]:
    def method(self: Any, *args: Any, **options: Any) -> AsyncIterator[Any]:
        return self._chunked(lambda: iter(getattr(self._sync, name)(*args, **options)))

    method.__name__ = name
    return method


class _Collection:
    """What all share. `await c[key]` reads; `await c.len()` is the size; `async for` iterates one state of it."""

    def __init__(self, sync: Any, runs: Runs) -> None:
        self._sync = sync
        self._runs = runs

    @property
    def name(self) -> str:
        return str(self._sync.name)

    len = _read("__len__")
    contains = _read("__contains__")
    sample = _read("sample")
    copy = _read("copy")
    clear = _write("clear")
    scan = _stream("scan")

    def __getitem__(self, key: Any) -> Awaitable[Any]:
        return self._item(key)

    _item = _read("__getitem__")
    set = _write("__setitem__")
    delete = _write("__delitem__")

    # Without these Python would use __getitem__, and never come to an end.

    def __contains__(self, value: Any) -> bool:
        raise TypeError("whether it is there has to be awaited: use `await collection.contains(value)`")

    def __iter__(self) -> Any:
        raise TypeError("entries have to be awaited: use `async for`")

    def __bool__(self) -> bool:
        raise TypeError("the size has to be awaited: use `await collection.len()`")

    async def changes_since(self, before: _Collection) -> Any:
        return self._wrapped(await self._runs.read(lambda: self._sync.changes_since(before._sync)))

    async def metrics(self) -> dict[str, Any]:
        """Pages and bytes of the collection. Reads all its pages."""
        found: dict[str, Any] = await self._runs.read(lambda: self._sync.metrics)
        return found

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._chunked(lambda: iter(self._sync))

    async def _chunked(self, start: Callable[[], Iterator[Any]]) -> AsyncIterator[Any]:
        entries = await self._runs.read(start)
        while chunk := await self._runs.read(lambda: list(itertools.islice(entries, _CHUNK))):
            for entry in chunk:
                yield self._wrapped(entry)

    def _wrapped(self, found: Any) -> Any:
        """A nested collection as one of these."""
        if isinstance(found, _collection.Collection):
            return CLASSES[found.kind](found, self._runs)
        if type(found) is list or type(found) is tuple:
            return type(found)(self._wrapped(one) for one in found)
        if type(found) is dict:
            return {key: self._wrapped(value) for key, value in found.items()}
        return found

    def __repr__(self) -> str:
        return f"<sapwood.aio.{type(self).__name__} {self._sync.name!r}>"


class _Positional(_Collection):
    append = _write("append")
    extend = _write("extend")
    insert = _write("insert")
    put_many = _write("put_many")
    pop = _write("pop")
    remove = _write("remove")
    reverse = _write("reverse")
    index = _read("index")
    count = _read("count")
    get_many = _read("get_many")
    reversed = _stream("__reversed__")


class List(_Positional):
    """sapwood.List for asyncio."""

    sort = _write("sort")
    swap_delete = _write("swap_delete")
    from_numpy = _write("from_numpy")
    to_numpy = _read("to_numpy")
    chunks = _stream("chunks")


class Dict(_Collection):
    """sapwood.Dict for asyncio."""

    get = _read("get")
    get_many = _read("get_many")
    timestamp = _read("timestamp")
    expires = _read("expires")
    time_range = _read("time_range")
    keys = _stream("keys")
    values = _stream("values")
    items = _stream("items")
    put = _write("put")
    put_many = _write("put_many")
    update = _write("update")
    setdefault = _write("setdefault")
    pop = _write("pop")
    popitem = _write("popitem")
    bulk_load = _write("bulk_load")
    set_timestamp = _write("set_timestamp")
    expire = _write("expire")
    prune = _write("prune")


class _Ordered(_Collection):
    floor = _read("floor")
    ceiling = _read("ceiling")
    lower = _read("lower")
    higher = _read("higher")
    rank = _read("rank")
    select = _read("select")
    count = _read("count")
    irange = _stream("irange")
    prefix = _stream("prefix")


class SortedDict(Dict, _Ordered):
    """sapwood.SortedDict for asyncio."""

    peekitem = _read("peekitem")
    range_items = _stream("range_items")


class Set(_Collection):
    """sapwood.Set for asyncio."""

    get_many = _read("get_many")
    put_many = _write("put_many")
    add = _write("add")
    discard = _write("discard")
    remove = _write("remove")
    pop = _write("pop")
    update = _write("update")
    bulk_load = _write("bulk_load")
    difference_update = _write("difference_update")
    intersection_update = _write("intersection_update")
    symmetric_difference_update = _write("symmetric_difference_update")
    union = _read("union")
    intersection = _read("intersection")
    difference = _read("difference")
    symmetric_difference = _read("symmetric_difference")
    isdisjoint = _read("isdisjoint")
    issubset = _read("issubset")
    issuperset = _read("issuperset")


class SortedSet(Set, _Ordered):
    """sapwood.SortedSet for asyncio."""

    delete_range = _write("delete_range")


class Records(_Positional):
    """sapwood.Records for asyncio."""

    get = _read("get")
    fields = _read("fields")
    is_placeholder = _read("is_placeholder")
    column = _stream("column")
    update = _write("update")
    drop = _write("drop")
    reserve = _write("reserve")


CLASSES: dict[str, type[_Collection]] = {
    "list": List,
    "dict": Dict,
    "sorted_map": SortedDict,
    "set": Set,
    "sorted_set": SortedSet,
    "records": Records,
}
