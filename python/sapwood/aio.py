"""The same for asyncio: `await` what may touch the disk, `async for` what is read bit by bit.

    async with sapwood.aio.open("lab.sapwood") as db:
        frames = await db.list("frames", str)
        await frames.append("water")
        async for frame in frames:
            print(frame)

Nothing here blocks the event loop. Reads run in a pool of threads. Writes run in one thread, in the order in which they
were asked for; those that wait at the same time share a commit, so a thousand of them need a few syncs. What an `await`
of a write returned from is as durable as the database was opened for. A write that is cancelled before its turn is not
done; one that is cancelled later may be. While a transaction is open, writes of other tasks wait for its end, but no
longer than `write_timeout` seconds; a task that it starts is another one: do not await its writes in the transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from . import _database
from ._aio_collections import CLASSES, Dict, List, Records, Runs, Set, SortedDict, SortedSet
from ._aio_writer import Alone, Job, Writer, finish
from ._errors import ClosedError, InUseError, TimedOutError, WouldDeadlockError

__all__ = ["Database", "Dict", "List", "Records", "Set", "Snapshot", "SortedDict", "SortedSet", "Transaction", "open"]


class _Opens(Runs):
    """How collections are opened; arguments as in the package's own classes."""

    _sync: Any
    _may_write = True

    async def _open(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        run = self.write if self._may_write else self.read
        sync = await run(lambda: getattr(self._sync, name)(*args, **options))
        return CLASSES[sync.kind](sync, self)

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

    def __init__(self, sync: _database.Database, threads: int, write_timeout: float) -> None:
        self._sync = sync
        self._write_timeout = write_timeout if write_timeout >= 0 else None
        self._may_write = not sync.info()["read_only"]
        self._is_closing = False
        self._in_transaction: asyncio.Task[Any] | None = None  # that has one open
        self._transactions = 0  # that are open, or wait for their turn
        self._writer = Writer(sync)
        self._readers = ThreadPoolExecutor(threads, "sapwood-reader")

    new_list = staticmethod(_database.Database.new_list)
    new_dict = staticmethod(_database.Database.new_dict)
    new_sorted_dict = staticmethod(_database.Database.new_sorted_dict)
    new_set = staticmethod(_database.Database.new_set)
    new_sorted_set = staticmethod(_database.Database.new_sorted_set)
    new_records = staticmethod(_database.Database.new_records)

    async def read(self, call: Callable[[], Any]) -> Any:
        self._check_open()
        return await asyncio.wrap_future(self._readers.submit(call))

    async def write(self, call: Callable[[], Any]) -> Any:
        self._check_turn()
        job = self._writer.submit(call)
        return await self._in_turn(job, asyncio.wrap_future(job), self._transactions > 0)

    def _check_turn(self) -> None:
        self._check_open()
        if self._in_transaction is asyncio.current_task():
            raise WouldDeadlockError("this task has a transaction open, for which the write would wait: use its collections")

    async def _in_turn(self, job: Future[Any], result: asyncio.Future[Any], is_limited: bool) -> Any:
        """The result of a job of the thread that writes, or of something in it. Behind transactions its turn has to come in
        time."""
        if not is_limited or self._write_timeout is None:
            return await result
        try:
            done, _ = await asyncio.wait([result], timeout=self._write_timeout)
        except asyncio.CancelledError:
            result.cancel()
            raise
        if not done and job.cancel():  # it has not begun
            result.cancel()
            raise TimedOutError(f"transactions of other tasks let no write begin for {self._write_timeout} seconds")
        return await result

    async def _alone(self, call: Callable[[], Any]) -> Any:
        return await self.write(Alone(call))

    def _check_open(self) -> None:
        if self._is_closing or self._sync.closed:
            raise ClosedError("the database is closed")

    @property
    def path(self) -> str:
        return self._sync.path

    @contextlib.asynccontextmanager
    async def transaction(self, *, durability: str | None = None) -> AsyncIterator[Transaction]:
        """A write transaction: commits at the end, and rolls back if an exception leaves it. Other writes wait for it."""
        self._check_turn()
        txn = Transaction(self._sync, durability)
        job = self._writer.submit(Alone(txn._run))
        begun = asyncio.ensure_future(txn.write(lambda: None))
        is_limited = self._transactions > 0
        self._transactions += 1
        is_open, commits = False, False
        try:
            await self._in_turn(job, begun, is_limited)
            self._in_transaction = asyncio.current_task()
            is_open = True
            yield txn
            commits = True
        finally:
            if is_open:
                self._in_transaction = None
            try:
                if not job.cancel():  # it has begun
                    await txn._end(commits)
            finally:
                self._transactions -= 1

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
            await asyncio.wrap_future(self._writer.submit(Alone(self._sync.close)))
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
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._is_over = False
        self._ending = threading.Lock()  # what is asked for before the end gets an answer

    def _run(self) -> None:
        """The transaction, in the thread that writes: until _end(), which comes always."""
        try:
            self._sync = self._database.transaction(durability=self._durability)
        except BaseException as error:
            self._failure = error
        while not self._is_over:
            call, future = self._jobs.get()
            finish(future, call)
        while not self._jobs.empty():  # asked for behind the end
            _, future = self._jobs.get()
            finish(future, _say_that_it_is_over)

    async def read(self, call: Callable[[], Any]) -> Any:
        def checked() -> Any:
            if self._failure is not None:
                raise self._failure
            return call()

        future: Future[Any] = Future()
        with self._ending:
            if self._is_over:
                _say_that_it_is_over()
            self._jobs.put((checked, future))
        return await asyncio.wrap_future(future)

    write = read

    async def _end(self, commit: bool) -> None:
        def end() -> None:
            with self._ending:
                self._is_over = True
            if self._failure is not None:
                return
            try:
                if commit:
                    self._sync.commit()
            finally:
                self._sync.rollback()  # of what was not committed

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
    write_timeout = float(options.get("write_timeout", 60))
    return _Opening(lambda: Database(_database.open(path, *args, **options), threads, write_timeout))
