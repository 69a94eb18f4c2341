"""open, Database, its transactions and snapshots."""

from __future__ import annotations

import atexit
import contextlib
import datetime
import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from . import _core
from ._collection import New, _core_of, batch_of
from ._dict import Dict, SortedDict
from ._errors import ClosedError, ExistingFileError, ExistsError, MissingFileError, NotFoundError
from ._list import List
from ._opening import Opens
from ._progress import Progress, told
from ._records import Records
from ._set import Set, SortedSet


class Database(Opens):
    """An open file of collections, made by sapwood.open(). For any number of threads; a child of fork opens it anew.

    As a context manager it closes the file at the end.
    """

    def __init__(self, core: _core.Database) -> None:
        self._core = core

    @property
    def path(self) -> str:
        """As it was given; empty for a temporary database."""
        return self._core.path

    @property
    def closed(self) -> bool:
        return self._core.is_closed

    def close(self) -> None:
        """Makes everything durable and closes the file. Handles raise ValueError from now on. Raises InUseError, and
        stays open, while transactions or iterators are open. Waits for calls of other threads."""
        self._core.close()

    def _destroy(self) -> None:
        path = self._core.path
        self.close()
        if path:
            for suffix in ("", "-log", "-lock"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path + suffix)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = repr(self.path) if self.path else "temporary"
        if self.closed:
            return f"<sapwood.Database {where}, closed>"
        names = [info["name"] for info in self.collections()]
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return f"<sapwood.Database {where}, {len(names)} collection{'s' if len(names) != 1 else ''}: {shown}>"

    def _repr_html_(self) -> str:
        import html

        if self.closed:
            return html.escape(repr(self))
        head = "<tr><th>name</th><th>kind</th><th>key</th><th>value</th><th>entries</th></tr>"
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(info[part]))}</td>" for part in ("name", "kind", "key", "value"))
            + f"<td>{info['count']:,}</td></tr>"
            for info in self.collections()
        )
        return f"<div><p>{html.escape(self.path or 'temporary')}</p><table>{head}{rows}</table></div>"

    def __reduce__(self) -> Any:
        return _reopened, _core_of(self._core)

    # --- Transactions ----------------------------------------------------------------------------------------------

    def transaction(self, *, timeout: float | None = None, durability: str | None = None) -> Transaction:
        """A write transaction, as a context manager: it commits at the end, and rolls back if an exception leaves it.
        Waits for other writers for `timeout` seconds (negative: without limit; None: as the database was opened)."""
        return Transaction(self, timeout, durability)

    @contextlib.contextmanager
    def batch(self, durability: str | None = None) -> Iterator[None]:
        """Within it, all handles of this database take part in one write transaction, in this thread. It commits at the
        end, and rolls back if an exception leaves it; within another batch it is part of that one."""
        _check_durability(durability)
        if self._core.in_batch:
            yield
            return
        with batch_of(self._core, durability):
            yield

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Without a name: the newest commit, to read it unchanged until it is closed (a context manager). With a name:
        gives the newest commit that name; it stays, also across restarts, until it is dropped."""
        if name is not None:
            self._core.snapshot(name)
        return Snapshot(self, name)

    def at(self, name: str) -> Snapshot:
        """The version with that name. Raises LookupError if there is none."""
        snapshot = Snapshot(self, name)
        snapshot._open()
        return snapshot

    def drop_snapshot(self, name: str) -> bool:
        """Forgets a named version; False if there is none."""
        return self._core.drop_snapshot(name)

    def snapshots(self) -> Any:
        """A dict for each named version, in the order of their commits: name, time, held_pages."""
        found = self._core.snapshots()
        for one in found:
            one["time"] = _time_of(one.pop("commit_time_us"))
        return found

    # --- Collections -----------------------------------------------------------------------------------------------

    def drop(self, name: str) -> bool:
        """Removes a collection with all that it holds; False if there is none."""
        return self._core.drop(name)

    def rename(self, name: str, to: str) -> None:
        self._core.rename(name, to)

    @staticmethod
    def new_list(item: Any = None, contents: Iterable[Any] | None = None) -> Any:
        """A list to be put into a collection, with its first contents: d["a"] = db.new_list(int, [1, 2]). These need no
        open database: sapwood.Database.new_list is for collections that are alone in their file."""
        return New(List, (item,), contents)

    @staticmethod
    def new_dict(key: Any = None, value: Any = None, contents: Any = None) -> Any:
        return New(Dict, (key, value), contents)

    @staticmethod
    def new_sorted_dict(key: Any = None, value: Any = None, contents: Any = None) -> Any:
        return New(SortedDict, (key, value), contents)

    @staticmethod
    def new_set(element: Any = None, contents: Iterable[Any] | None = None) -> Any:
        return New(Set, (element,), contents)

    @staticmethod
    def new_sorted_set(element: Any = None, contents: Iterable[Any] | None = None) -> Any:
        return New(SortedSet, (element,), contents)

    @staticmethod
    def new_records(value: Any = None, contents: Iterable[Any] | None = None) -> Any:
        return New(Records, (value,), contents)

    # --- Care ------------------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Makes all commits so far durable."""
        self._core.sync()

    def checkpoint(self) -> None:
        """Writes a checkpoint: the next open has nothing to replay."""
        self._core.checkpoint()

    def info(self) -> Any:
        """Facts at hand: sizes, versions, who has the file open."""
        return self._core.info()

    @property
    def metrics(self) -> Any:
        """All that can be told of the file and its collections. Reads every page."""
        return self._core.metrics(None)

    def check(self, progress: Progress = None) -> Any:
        """Verifies every page; a sentence for each fault found, so an empty list is good."""
        with told(progress, "check") as tell:
            return self._core.check(tell)

    def compact(self, progress: Progress = None) -> Any:
        """Makes the file as small as it can be, in short transactions, while others read and write."""
        with told(progress, "compact") as tell:
            return self._core.compact(tell)

    def compact_to(self, path: str | os.PathLike[str], progress: Progress = None) -> Any:
        """The same for a copy."""
        with told(progress, "compact") as tell:
            return self._core.compact_to(os.fsdecode(path), tell)

    def recompress(self, name: str, level: int | None = None, progress: Progress = None) -> None:
        """Compresses the values of a collection anew, with a dictionary made of all of them."""
        with told(progress, "recompress") as tell:
            self._core.recompress(name, level, tell)

    def backup(
        self,
        path: str | os.PathLike[str],
        *,
        snapshot: str = "",
        since: str = "",
        progress: Progress = None,
    ) -> None:
        """Copies a version into a new file while writers go on; with `since`, only what is newer than that snapshot."""
        with told(progress, "backup") as tell:
            self._core.backup(os.fsdecode(path), snapshot, since, tell)


class Transaction(Opens):
    """A write transaction. Its collections see its changes; nobody else does until it commits."""

    def __init__(self, database: Database, timeout: float | None, durability: str | None) -> None:
        _check_durability(durability)
        self._durability = durability
        self._database = database
        self._core = _core.WriteTransaction(database._core, None if timeout is None else float(timeout))

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if not self._core.is_open:
            return
        if kind is not None:
            self.rollback()
            return
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """Makes the changes the newest version, and returns when they are as durable as asked."""
        self._core.commit(self._durability)

    def rollback(self) -> None:
        self._core.rollback()

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens within it is undone if an exception leaves it, and only that. Savepoints nest."""
        point = self._core.savepoint()
        try:
            yield
        except BaseException:
            point.rollback()
            raise
        point.release()

    def drop(self, name: str) -> bool:
        return self._core.drop(name)

    def rename(self, name: str, to: str) -> None:
        self._core.rename(name, to)

    def move(self, source: Any, target: Any) -> None:
        """Moves a collection with all that is in it. Places are names, or (collection, key or index): of a list, it
        becomes an item before that index. Handles of it stay good; it cannot come to lie in itself."""
        self._core.move(_place(source), _place(target))


class Snapshot(Opens):
    """A version of the database, to be read; a context manager."""

    def __init__(self, database: Database, name: str | None) -> None:
        self._owner = database
        self._name = name
        self._opened: Any = None
        self._is_closed = False
        if name is None:
            self._open()

    def _open(self) -> None:
        self._opened = _core.ReadTransaction(self._owner._core, self._name)

    @property
    def _core(self) -> Any:
        if self._is_closed:
            raise ClosedError("the snapshot is closed")
        if self._opened is None:
            self._open()
        return self._opened

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def time(self) -> datetime.datetime:
        """When its commit was made."""
        return _time_of(self._core.commit_time_us)

    def close(self) -> None:
        """Its collections raise ValueError from now on."""
        if self._opened is not None and not self._is_closed:
            self._opened.end()
        self._is_closed = True

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open(
    path: str | os.PathLike[str] | None = None,
    mode: str = "c",
    durability: str = "sync",
    *,
    exclusive: bool = False,
    page_size: int = 0,
    write_timeout: float = 60,
    compaction_threshold: float = 0,
    dirty_limit: int = 0,
) -> Database:
    """Opens the database at `path`; without a path a temporary one, gone when closed or collected.

    mode: "r" to read, "w" to read and write, "c" the same, created if absent, "n" new and empty (what was there is
    removed), "x" new (FileExistsError if it is there). durability: "sync" (a commit is on the disk when it returns),
    "async" (it survives the process), "none" (it survives with the next checkpoint or clean close; no other process may have the file open).
    """
    name = None if path is None else os.fsdecode(path)
    options = (durability, exclusive, page_size, write_timeout, compaction_threshold, dirty_limit)
    if name == "":
        raise ValueError("the path is empty; leave it out for a temporary database")
    if mode == "n" and name is not None:
        _remove(name)
        mode = "c"
    try:
        core = _core.Database.open(name, "c" if name is None else mode, *options)
    except NotFoundError as error:
        raise MissingFileError(str(error)) from None
    except ExistsError as error:
        raise ExistingFileError(str(error)) from None
    _all_databases.add(core)
    if name is not None:
        _open_databases[os.path.abspath(name), core.is_read_only] = core
    return Database(core)


def restore(
    backup: str | os.PathLike[str], increments: Iterable[str | os.PathLike[str]], path: str | os.PathLike[str]
) -> None:
    """Makes a new database at `path` of a whole backup and the increments that follow it."""
    _core.restore(os.fsdecode(backup), [os.fsdecode(one) for one in increments], os.fsdecode(path))


def _remove(name: str) -> None:
    """Removes a database that nobody has open. Raises what opening raises if it is none of ours, or in use."""
    if not os.path.exists(name):
        return
    if os.path.isfile(name) and os.path.getsize(name) == 0:
        os.unlink(name)
        return
    open(name, "w", exclusive=True)._destroy()


def _check_durability(durability: str | None) -> None:
    """Before there is something that could not be committed."""
    if durability not in (None, "sync", "async", "none"):
        raise ValueError(f"durability is 'sync', 'async' or 'none', not {durability!r}")


def _time_of(us: int) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=us)


def _place(place: Any) -> Any:
    if isinstance(place, str):
        return place
    collection, key = place
    return collection._place_at(key) if collection.kind == "list" else collection._place(key)


_all_databases: weakref.WeakSet[_core.Database] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """What a program leaves open is closed as if it had done that itself: the next open has nothing to recover."""
    for core in list(_all_databases):
        with contextlib.suppress(Exception):
            core.close(wait=False)  # a thread in a call keeps its file open: it is recovered at the next open


# Databases of this process by absolute path and whether they only read: unpickled handles share one.
_open_databases: weakref.WeakValueDictionary[tuple[str, bool], _core.Database] = weakref.WeakValueDictionary()


_sharing = threading.Lock()


def _shared_database(path: str, is_read_only: bool, durability: str) -> _core.Database:
    with _sharing:
        found = _open_databases.get((path, is_read_only))
        if found is None or found.is_closed:
            found = open(path, "r" if is_read_only else "w", durability)._core
        return found


def _make_locks_anew() -> None:
    """In a child of fork: a thread of the parent may have had them."""
    global _sharing
    _sharing = threading.Lock()
    for core in list(_all_databases):
        core.make_lock_anew()


os.register_at_fork(after_in_child=_make_locks_anew)


def _reopened(path: str, is_read_only: bool, durability: str) -> Database:
    return Database(_shared_database(path, is_read_only, durability))
