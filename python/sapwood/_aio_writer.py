"""The thread that writes for asyncio: jobs that wait together share a commit."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from . import _database

_MOST_OF_A_COMMIT = 10_000  # writes that share one

Job = tuple[Callable[[], Any], "Future[Any]"]


class Writer:
    """The thread that writes: takes what waits, does it in one transaction, and tells the results once that is durable."""

    def __init__(self, database: _database.Database) -> None:
        self._database = database
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
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

    def _do_together(self, first: Job) -> bool:
        """One commit; false if there will be no more."""
        if isinstance(first[0], Alone):
            finish(first[1], first[0])
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
                    if isinstance(job[0], Alone):
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
            finish(alone[1], alone[0])
        return goes_on

    @staticmethod
    def _do(job: Job, done: list[tuple[Future[Any], Any, BaseException | None]]) -> None:
        call, future = job
        if not future.set_running_or_notify_cancel():
            return
        try:
            done.append((future, call(), None))
        except BaseException as error:  # a wrong argument changed nothing; the others go on
            done.append((future, None, error))


class Alone:
    """A job that makes its own transactions, such as compact(), or is one."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __call__(self) -> Any:
        return self._call()


def finish(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
