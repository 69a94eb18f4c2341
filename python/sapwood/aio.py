"""The same for asyncio: `await` what may touch the disk, `async for` what is read bit by bit.

    async with sapwood.aio.open("lab.sapwood") as db:
        frames = await db.list("frames", str)
        await frames.append("water")
        async for frame in frames:
            print(frame)

Nothing here blocks the event loop. Reads run in a pool of threads. Writes run in one thread, in the order in which they
were asked for; those that wait at the same time share a commit, so a thousand of them need a few syncs. What an `await`
of a write returned from is as durable as the database was opened for. A write that is cancelled before its turn is not
done; one that is cancelled later may be.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from . import _collection, _database, _dict, _list, _records, _set
from ._errors import ClosedError, InUseError, WouldDeadlockError

__all__ = ["Database", "Dict", "List", "Records", "Set", "Snapshot", "SortedDict", "SortedSet", "Transaction", "open"]

_MOST_OF_A_COMMIT = 10_000  # writes that share one
_CHUNK = 1_000  # entries that an iteration fetches at once

_Job = tuple[Callable[[], Any], "Future[Any]"]


class _Writer:
    """The thread that writes: takes what waits, does it in one transaction, and tells the results once that is durable."""

    def __init__(self, database: _database.Database) -> None:
        self._database = database
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sapwood-writer", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs.put((call, future))
        return future

    def stop(self) -> None:
        """Returns when all jobs are done."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            if not self._do_together(first):
                return

    def _do_together(self, first: _Job) -> bool:
        """One commit; false if there will be no more."""
        if isinstance(first[0], _Alone):
            _finish(first[1], first[0])
            return True
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        goes_on, alone = True, None
        try:
            with self._database.batch():
                self._do(first, done)
                while len(done) < _MOST_OF_A_COMMIT and not self._jobs.empty():
                    job = self._jobs.get()
                    if job is None:
                        goes_on = False
                        break
                    if isinstance(job[0], _Alone):
                        alone = job
                        break
                    self._do(job, done)
        except BaseException as error:  # nothing was committed: all that took part failed
            if not done and first[1].set_running_or_notify_cancel():  # it did not even begin
                done.append((first[1], None, error))
            done = [(future, None, failure or error) for future, _, failure in done]
        for future, result, failure in done:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)
        if alone is not None:
            _finish(alone[1], alone[0])
        return goes_on

    @staticmethod
    def _do(job: _Job, done: list[tuple[Future[Any], Any, BaseException | None]]) -> None:
        call, future = job
        if not future.set_running_or_notify_cancel():
            return
        try:
            done.append((future, call(), None))
        except BaseException as error:  # a wrong argument changed nothing; the others go on
            done.append((future, None, error))


class _Alone:
    """A job that makes its own transactions, such as compact(), or is one."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __call__(self) -> Any:
        return self._call()


def _finish(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)


class _Runs:
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

    def __init__(self, sync: Any, runs: _Runs) -> None:
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
            return _CLASSES[found.kind](found, self._runs)
        if type(found) is list or type(found) is tuple:
            return type(found)(self._wrapped(one) for one in found)
        if type(found) is dict:
            return {key: self._wrapped(value) for key, value in found.items()}
        return found

    def __repr__(self) -> str:
        return f"<sapwood.aio.{type(self).__name__} {self._sync.name!r}>"


class List(_Collection):
    """sapwood.List for asyncio."""

    append = _write("append")
    extend = _write("extend")
    insert = _write("insert")
    pop = _write("pop")
    remove = _write("remove")
    reverse = _write("reverse")
    sort = _write("sort")
    swap_delete = _write("swap_delete")
    from_numpy = _write("from_numpy")
    index = _read("index")
    count = _read("count")
    get_many = _read("get_many")
    to_numpy = _read("to_numpy")
    chunks = _stream("chunks")
    reversed = _stream("__reversed__")


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


class Records(_Collection):
    """sapwood.Records for asyncio."""

    get = _read("get")
    get_many = _read("get_many")
    fields = _read("fields")
    is_placeholder = _read("is_placeholder")
    column = _stream("column")
    append = _write("append")
    insert = _write("insert")
    update = _write("update")
    drop = _write("drop")
    reserve = _write("reserve")
    extend = _write("extend")
    pop = _write("pop")


_CLASSES: dict[str, type[_Collection]] = {
    "list": List,
    "dict": Dict,
    "sorted_map": SortedDict,
    "set": Set,
    "sorted_set": SortedSet,
    "records": Records,
}


class _Opens(_Runs):
    """How collections are opened; arguments as in the package's own classes."""

    _sync: Any
    _may_write = True

    async def _open(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        run = self.write if self._may_write else self.read
        sync = await run(lambda: getattr(self._sync, name)(*args, **options))
        return _CLASSES[sync.kind](sync, self)

    async def list(self, *args: Any, **options: Any) -> List:
        found: List = await self._open("list", args, options)
        return found

    async def dict(self, *args: Any, **options: Any) -> Dict:
        found: Dict = await self._open("dict", args, options)
        return found

    async def sorted_dict(self, *args: Any, **options: Any) -> SortedDict:
        found: SortedDict = await self._open("sorted_dict", args, options)
        return found

    async def set(self, *args: Any, **options: Any) -> Set:
        found: Set = await self._open("set", args, options)
        return found

    async def sorted_set(self, *args: Any, **options: Any) -> SortedSet:
        found: SortedSet = await self._open("sorted_set", args, options)
        return found

    async def records(self, *args: Any, **options: Any) -> Records:
        found: Records = await self._open("records", args, options)
        return found

    async def collections(self) -> Any:
        return await self.read(self._sync.collections)

    async def drop(self, name: str) -> bool:
        return bool(await self.write(lambda: self._sync.drop(name)))

    async def rename(self, name: str, to: str) -> None:
        await self.write(lambda: self._sync.rename(name, to))


class Database(_Opens):
    """An open database; made by open()."""

    def __init__(self, sync: _database.Database, threads: int) -> None:
        self._sync = sync
        self._may_write = not sync.info()["read_only"]
        self._is_closing = False
        self._in_transaction: asyncio.Task[Any] | None = None  # that has one open
        self._writer = _Writer(sync)
        self._readers = ThreadPoolExecutor(threads, "sapwood-reader")
        for name in dir(sync):
            if name.startswith("new_"):
                setattr(self, name, getattr(sync, name))

    async def read(self, call: Callable[[], Any]) -> Any:
        self._check_open()
        return await asyncio.wrap_future(self._readers.submit(call))

    async def write(self, call: Callable[[], Any]) -> Any:
        self._check_open()
        if self._in_transaction is asyncio.current_task():
            raise WouldDeadlockError("this task has a transaction open, for which the write would wait: use its collections")
        return await asyncio.wrap_future(self._writer.submit(call))

    async def _alone(self, call: Callable[[], Any]) -> Any:
        return await self.write(_Alone(call))

    def _check_open(self) -> None:
        if self._is_closing or self._sync.closed:
            raise ClosedError("the database is closed")

    @property
    def path(self) -> str:
        return self._sync.path

    @contextlib.asynccontextmanager
    async def transaction(self, *, durability: str | None = None) -> AsyncIterator[Transaction]:
        """A write transaction: commits at the end, and rolls back if an exception leaves it. Other writes wait for it."""
        self._check_open()
        txn = Transaction(self._sync, durability)
        self._writer.submit(_Alone(txn._run))
        try:
            await txn.write(lambda: None)  # returns once it has begun
            self._in_transaction = asyncio.current_task()
            yield txn
        except BaseException:
            self._in_transaction = None
            await txn._end(False)
            raise
        self._in_transaction = None
        await txn._end(True)

    @contextlib.asynccontextmanager
    async def snapshot(self, name: str | None = None) -> AsyncIterator[Snapshot]:
        """The newest commit, or a version with a name, to be read unchanged."""
        sync = await self.read(lambda: self._sync.snapshot() if name is None else self._sync.at(name))
        try:
            yield Snapshot(sync, self._readers)
        finally:
            await self.read(sync.close)

    async def name_snapshot(self, name: str) -> None:
        """Gives the newest commit a name."""
        await self._alone(lambda: self._sync.snapshot(name))

    async def drop_snapshot(self, name: str) -> bool:
        return bool(await self._alone(lambda: self._sync.drop_snapshot(name)))

    async def snapshots(self) -> Any:
        return await self.read(self._sync.snapshots)

    async def sync(self) -> None:
        await self.read(self._sync.sync)

    async def checkpoint(self) -> None:
        await self._alone(self._sync.checkpoint)

    async def compact(self) -> Any:
        return await self._alone(self._sync.compact)

    async def check(self) -> Any:
        return await self._alone(self._sync.check)

    async def backup(self, path: str | os.PathLike[str], **options: Any) -> None:
        await self.read(lambda: self._sync.backup(path, **options))

    async def info(self) -> Any:
        return await self.read(self._sync.info)

    async def metrics(self) -> Any:
        return await self.read(lambda: self._sync.metrics)

    async def close(self) -> None:
        """Finishes what was asked for, makes it durable, and closes the file. Raises InUseError, and leaves it open, while
        transactions or snapshots are open."""
        if self._is_closing or self._sync.closed:
            return
        if self._in_transaction is not None:
            raise InUseError("a transaction is open")
        self._is_closing = True
        try:
            await asyncio.wrap_future(self._writer.submit(_Alone(self._sync.close)))
        except BaseException:
            self._is_closing = False
            raise
        await asyncio.get_running_loop().run_in_executor(None, self._stop_threads)

    def _stop_threads(self) -> None:
        self._writer.stop()
        self._readers.shutdown()


def _say_that_it_is_over() -> None:
    raise ClosedError("the transaction is over")


class Transaction(_Opens):
    """An open write transaction. All its calls run in the thread that writes, which does nothing else meanwhile."""

    def __init__(self, database: _database.Database, durability: str | None) -> None:
        self._database = database
        self._durability = durability
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._is_over = False

    def _run(self) -> None:
        """The transaction, in the thread that writes: until _end(), which comes always."""
        try:
            self._sync = self._database.transaction(durability=self._durability)
        except BaseException as error:
            self._failure = error
        while not self._is_over:
            call, future = self._jobs.get()
            _finish(future, call)
        while not self._jobs.empty():  # asked for behind the end
            _, future = self._jobs.get()
            _finish(future, _say_that_it_is_over)

    async def read(self, call: Callable[[], Any]) -> Any:
        def checked() -> Any:
            if self._failure is not None:
                raise self._failure
            return call()

        if self._is_over:
            _say_that_it_is_over()
        future: Future[Any] = Future()
        self._jobs.put((checked, future))
        return await asyncio.wrap_future(future)

    write = read

    async def _end(self, commit: bool) -> None:
        def end() -> None:
            self._is_over = True
            if self._failure is None:
                self._sync.commit() if commit else self._sync.rollback()

        future: Future[Any] = Future()
        self._jobs.put((end, future))
        await asyncio.shield(asyncio.wrap_future(future))

    async def move(self, source: Any, target: Any) -> None:
        def plain(place: Any) -> Any:
            return place if isinstance(place, str) else (place[0]._sync, place[1])

        await self.write(lambda: self._sync.move(plain(source), plain(target)))


class Snapshot(_Opens):
    """A version of the database; its calls run one after the other."""

    _may_write = False

    def __init__(self, sync: _database.Snapshot, readers: ThreadPoolExecutor) -> None:
        self._sync = sync
        self._readers = readers
        self._turn = asyncio.Lock()

    async def read(self, call: Callable[[], Any]) -> Any:
        async with self._turn:
            job = asyncio.wrap_future(self._readers.submit(call))
            try:
                return await asyncio.shield(job)
            except asyncio.CancelledError:
                await asyncio.wait([job])  # the next call may begin only then
                raise

    write = read  # which raises, as snapshots do


class _Opening:
    """`await open(...)` or `async with open(...)`."""

    def __init__(self, start: Callable[[], Database]) -> None:
        self._start = start
        self._opened: Database | None = None

    async def _open(self) -> Database:
        opening = asyncio.get_running_loop().run_in_executor(None, self._start)
        try:
            self._opened = await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if opening.exception() is None:
                await opening.result().close()
            raise
        return self._opened

    def __await__(self) -> Generator[Any, None, Database]:
        return self._open().__await__()

    async def __aenter__(self) -> Database:
        return await self._open()

    async def __aexit__(self, *_: object) -> None:
        assert self._opened is not None
        await self._opened.close()


def open(path: str | os.PathLike[str] | None = None, *args: Any, threads: int = 4, **options: Any) -> _Opening:
    """Opens a database as sapwood.open does, with its arguments; reads run in `threads` threads.

    `async with sapwood.aio.open(path) as db`, or `db = await sapwood.aio.open(path)` and later `await db.close()`.
    """
    return _Opening(lambda: Database(_database.open(path, *args, **options), threads))
