"""What all collections share: how they are opened, closed, pickled, shown; and collections that are to be made."""

from __future__ import annotations

import contextlib
import copy
import functools
import operator
import os
import random
import reprlib
import sys
from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from . import _core
from ._errors import NotFoundError
from ._options import Alone, NoOptions, check_names
from ._progress import Progress, told
from ._types import UNSET, entry_types, resolve, resolve_key

_Part = _core.Part
_short = reprlib.Repr()
_short.maxother = _short.maxstring = _short.maxlong = 40


@contextlib.contextmanager
def batch_of(database: _core.Database, durability: str | None = None) -> Iterator[None]:
    """A batch of this thread: committed at the end, rolled back if an exception leaves it."""
    batch = database.begin_batch()
    try:
        yield
    except BaseException:
        database.end_batch(batch, False, None)
        raise
    database.end_batch(batch, True, durability)


class Change(NamedTuple):
    """An entry that differs between two versions. What it has not is None: keys in lists, values in sets."""

    kind: str  # "added", "removed", "changed"; "touched": its time or expiry alone
    key: Any
    before: Any
    after: Any
    before_index: int  # positions in the two versions; of what one has not: that of the next entry there
    after_index: int


class Collection(_core.Collection):
    """A collection of a database. Made by the methods of a database or transaction, or alone in a file of its own.

    Without a transaction each call is one: reads see the newest commit, changes are as durable as the database was
    opened for. An iterator reads the state of when it was made, whatever is written meanwhile.
    """

    __slots__ = ("_cache", "_cache_options", "_own", "_specs")

    _cache: Any
    _own: Any
    _kind: ClassVar[str]
    _options: ClassVar[type] = NoOptions
    _cached_by: ClassVar[type]  # what comes before the class if there is a cache
    _has_key_types: ClassVar[bool] = False
    if TYPE_CHECKING:  # what these give is of the types of the collection
        _at: Any
        _near: Any
        _pop_at: Any

    def _open_alone(self, path: Any, types: tuple[Any, ...], options: Any) -> None:
        from ._database import open

        if hasattr(self, "_own"):
            raise TypeError(f"this {type(self).__name__} is open already: make another one")
        settings = {name: options.pop(name) for name in Alone.__annotations__ if name in options}
        wanted = _wanted("main", type(self), types, options)
        database = open(path, **settings)
        try:
            self._become(database._core.collection(wanted), options, types)
        except BaseException:
            database.close()
            raise
        self._own = database

    def _become(self, core: _core.Collection, options: dict[str, Any], types: tuple[Any, ...]) -> None:
        _core.Collection.__init__(self, core)
        self._specs = types
        self._own = None
        self._cache_options = {name: options[name] for name in ("cache", "cache_size") if name in options}
        self._cache = _make_cache(options, self.name) if "cache" in options else None
        if self._cache is not None:
            self.__class__ = _cached(type(self))  # type: ignore[arg-type]  # classes are hashable

    @classmethod
    def _of(cls, core: _core.Collection, options: dict[str, Any] = {}, types: tuple[Any, ...] = ()) -> Any:
        made = cls.__new__(cls)
        made._become(core, options, types)
        return made

    @contextlib.contextmanager
    def _atomic(self) -> Iterator[None]:
        """Several calls as one transaction, or as one part of the one that is open: all or nothing."""
        database = self._database
        if self.in_transaction or database.in_batch:
            point = self._savepoint()
            try:
                yield
            except BaseException:
                point.rollback()
                raise
            point.release()
            return
        with batch_of(database):
            yield

    def _all_or_none(self) -> contextlib.AbstractContextManager[None]:
        """Around what is several calls only if new collections are among what it puts."""
        return self._atomic() if self._may_nest else contextlib.nullcontext()

    # --- Life ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Closes the file of a collection that is alone in it. Others are closed with their database."""
        if self._own is not None:
            self._own.close()

    def destroy(self) -> None:
        """Closes a collection that is alone in its file, and removes the file. Using it afterwards is a ValueError."""
        if self._own is None:
            raise ValueError("the collection is one of a database: use database.drop(name)")
        self._own._destroy()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        if self.in_transaction or self._is_nested:
            raise TypeError("only collections with names, without a transaction, can be pickled")
        cls = type(self) if self._cache is None else type(self).__bases__[1]
        return _open_pickled, (cls, _core_of(self._database), self.name, self._specs, self._cache_options)

    def copy(self) -> Any:
        """All entries, in a plain collection."""
        raise NotImplementedError

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Plain objects only: collections in it as plain ones too."""
        return copy.deepcopy(self.copy(), memo)

    __hash__ = None  # type: ignore[assignment]

    # --- Facts -----------------------------------------------------------------------------------------------------

    @property
    def metrics(self) -> dict[str, Any]:
        """Pages and bytes of the collection, and the hits of its cache. Reads all its pages."""
        if self._is_nested:
            raise ValueError(f"{self.name} is in another collection: metrics are told of those with names")
        found = self._database.collection_metrics(self.name)
        if self._cache is not None:
            found["cache"] = self._cache.metrics()
        return found

    def compact(self, progress: Progress = None) -> dict[str, int]:
        """Makes the file as small as it can be, in short transactions; all of it, whatever else is in it."""
        with told(progress, "compact") as tell:
            return self._database.compact(tell)

    def sample(self, k: int, seed: int | None = None) -> list[Any]:
        """`k` different entries in random order (all, if there are fewer); the same for the same seed. O(k log n)."""
        if k < 0:
            raise ValueError("sample of a negative number of entries")
        return self._sample(k, (random.getrandbits(64) if seed is None else operator.index(seed)) % (1 << 64))

    def changes_since(self, before: Collection) -> list[Change]:
        """What leads from `before`, the same collection in an older snapshot, to this one, in the order of its entries.
        Costs what differs, not what is there; memory for the changes. Neither may be of a write transaction. What changed
        within a nested collection is told by that one's own changes_since."""
        if not isinstance(before, Collection):
            raise TypeError(f"expected a collection of a snapshot, got {type(before).__name__}")
        return [Change(*one) for one in self._changes_since(before)]

    def clear(self) -> None:
        """Removes all entries, in one step however many there are."""
        self._clear()

    def _types_text(self) -> str:
        if "set" in self._kind:
            return self.key_type_name
        value = self.value_type_name
        return f"{self.key_type_name}: {value}" if self._has_key_types else value

    def _first_items(self, count: int) -> Iterable[Any]:
        return self._iterate_slice(0, min(count, len(self)), _Part.values, False)

    def _items_text(self) -> str:
        return ", ".join(_short.repr(item) for item in self._first_items(5))

    def _title(self) -> str:
        size = len(self)
        entries = "entry" if size == 1 else "entries"
        return f"{type(self).__name__} {self.name!r} of {self._types_text()}, {size:,} {entries}"

    def __repr__(self) -> str:
        kind = type(self).__name__
        try:
            more = ", ..." if len(self) > 5 else ""
            opening, closing = ("{", "}") if self._has_key_types or "Set" in kind else ("[", "]")
            return f"<{self._title()}: {opening}{self._items_text()}{more}{closing}>"
        except ValueError:
            return f"<{kind}, closed>"
        except LookupError:
            return f"<{kind}, dropped>"

    def _repr_html_(self) -> str:
        import html

        try:
            return self._table()
        except (ValueError, LookupError):
            return html.escape(repr(self))

    def _table(self) -> str:
        import html

        rows = []
        for number, item in enumerate(self._first_items(10)):
            cells = item if isinstance(item, tuple) and self._has_key_types else (number, item)
            rows.append("".join(f"<td>{html.escape(_short.repr(cell))}</td>" for cell in cells))
        size = len(self)
        more = f"<p>{size - 10:,} more</p>" if size > 10 else ""
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<div><p>{html.escape(self._title())}</p><table>{body}</table>{more}</div>"


@functools.cache
def _cached(cls: type[Collection]) -> type[Collection]:
    """The class with a cache before it."""
    return type(cls.__name__, (cls._cached_by, cls), {"__slots__": (), "__module__": cls.__module__})


def _make_cache(options: dict[str, Any], name: str) -> _core.Cache | None:
    """`cache_size`: entries, or "64MB"."""
    policy, size = options.get("cache"), options.get("cache_size", 1024)
    if policy is None:
        return None
    if not isinstance(size, str):
        return _core.Cache(policy, _cache_limit(operator.index(size)), sys.maxsize, name)
    units = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
    number, unit = size[:-2], size[-2:].upper()
    if unit not in units or not number.strip().isdecimal():
        raise ValueError(f"cache_size is a number of entries or a text such as '64MB', not {size!r}")
    return _core.Cache(policy, sys.maxsize, _cache_limit(int(number) * units[unit]), name)


def _cache_limit(size: int) -> int:
    if size < 0:
        raise ValueError(f"cache_size is not negative, as {size} is")
    return min(size, sys.maxsize)


def _wanted(name: str, cls: type[Collection], types: tuple[Any, ...], options: dict[str, Any]) -> _core.Wanted:
    if not isinstance(name, str):
        raise TypeError(f"expected str as the name of a collection, got {type(name).__name__}")
    check_names(options, cls._options)
    kind = cls._kind
    key, value = None, None
    if kind in ("list", "records"):
        value = resolve(types[0])
    elif kind in ("set", "sorted_set"):
        key = resolve_key(types[0])
        value = _core.Type("none") if key is not None else None
    else:
        key, value = resolve_key(types[0]), resolve(types[1])
    if kind in ("list", "records") and value is not None:
        key = _core.Type("none")
    _make_cache(options, name)  # what cannot be made raises before there is a collection
    lifetime = options.get("time_to_live")
    return _core.Wanted(
        name,
        kind,
        key,
        value,
        bool(options.get("timestamps", False)),
        bool(options.get("time_index", False)),
        0 if lifetime is None else _microseconds(lifetime),
        bool(options.get("expiry", False)),
        int(options.get("compression", 0)),
    )


def _microseconds(lifetime: Any) -> int:
    seconds = lifetime.total_seconds() if hasattr(lifetime, "total_seconds") else float(lifetime)
    found = round(seconds * 1_000_000) if 0 < seconds < 9e12 else 0  # fits in 64 bits
    if found == 0:
        raise ValueError("time_to_live is a time in seconds, or a timedelta, over 0 and under 9e12 seconds")
    return found


def _core_of(database: _core.Database) -> tuple[Any, ...]:
    if database.is_temporary:
        raise TypeError("collections of temporary databases cannot be pickled: another process cannot open them")
    return os.path.abspath(database.path), database.is_read_only, database.durability


def _open_pickled(
    cls: type[Collection], where: tuple[Any, ...], name: str, types: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    from ._database import _shared_database

    core = _shared_database(*where)
    if not core.has(name):
        raise NotFoundError(f"there is no collection '{name}' in {where[0]} any more")
    return cls._of(core.collection(_wanted(name, cls, types or (UNSET, UNSET), options)), options, types)


def _plain(value: Any) -> Any:
    """A value that is a collection, as a plain list, dict or set: it outlives its entry."""
    return copy.deepcopy(value) if isinstance(value, Collection) else value


class New:
    """A collection that is made where it is put: `d["a"] = db.new_list(int)`, with its first contents."""

    def __init__(self, cls: type[Collection], types: tuple[Any, ...], contents: Any) -> None:
        self._class = cls
        self._contents: Any = _plain(contents)  # what is in a collection now: putting this one may remove it
        if isinstance(contents, (Iterator, ItemsView, KeysView, ValuesView)):
            self._contents = list(contents)  # it may be put more than once, and be of such a collection
        self._types = entry_types(cls._kind, types)

    def _fill(self, core: _core.Collection) -> None:
        made = self._class._of(core)
        if self._contents is None:
            return
        if made.value_type_name not in ("any", "collection"):
            made._fill_new(self._contents)
        elif made._has_key_types:  # one by one: values may be new collections themselves
            for key, value in dict(self._contents).items():
                made[key] = value
        else:
            for value in self._contents:
                made.append(value)

    def _put_into(self, parent: Any, key: Any) -> None:
        with parent._atomic():
            self._fill(parent._create(key, self._class._kind, *self._types))
            if parent._makes_values:
                parent._get(key)  # raises WrongTypeError if it is not of the type that was said

    def _insert_into(self, parent: Any, index: int) -> None:
        with parent._atomic():
            size = len(parent)
            at = max(index + size, 0) if index < 0 else min(index, size)
            self._fill(parent._create_at(at, self._class._kind, *self._types))
            if parent._makes_values:
                parent._at(at)  # as above

    def _set_in(self, parent: Any, index: int) -> None:
        with parent._atomic():
            parent._delete_at(index, 1)
            self._insert_into(parent, index)


_core.set_new_class(New)
