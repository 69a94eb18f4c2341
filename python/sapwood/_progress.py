"""Progress of long calls: a function of (done, total), or True for a bar."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

from ._errors import CancelledError

Progress = Callable[[int, int], Any] | bool | None
T = TypeVar("T")


@contextlib.contextmanager
def told(progress: Progress, what: str) -> Iterator[Callable[[int, int], Any] | None]:
    """The function to tell: `progress` itself; for True a bar of tqdm if that is installed, else a line on standard
    error; none for None and False."""
    if not progress:
        yield None
        return
    if progress is not True:
        yield progress
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:

        def line(done: int, total: int) -> None:
            share = f" of {total:,}" if total else ""
            print(f"\r{what}: {done:,}{share}", end="", file=sys.stderr, flush=True)

        yield line
        print(file=sys.stderr)
        return
    with tqdm(desc=what) as bar:

        def update(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        yield update


def counted(items: Iterable[T], progress: Progress, what: str) -> Iterator[T]:
    """The items, each thousandth of which is told; what that raises ends it, and False is CancelledError."""
    with told(progress, what) as tell:
        total = len(items) if isinstance(items, Sized) else 0
        for number, item in enumerate(items):
            if tell is not None and number % 1000 == 0:
                if tell(number, total) is False:
                    raise CancelledError(f"{what}: cancelled by the progress callback")
            yield item
