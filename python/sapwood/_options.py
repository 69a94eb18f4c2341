"""The options of collections: in the signatures for type checkers, and checked when a collection is opened."""

from __future__ import annotations

import datetime
from typing import Any, TypedDict


class NoOptions(TypedDict, total=False):
    """Those of sets."""


class RecordsOptions(TypedDict, total=False):
    cache: str | None  # "lru", "fifo" or "lfu": keeps decoded values
    cache_size: int | str  # entries (1024), or bytes: "64MB"


class ListOptions(RecordsOptions, total=False):
    compression: int  # a level of zstd, 1 to 19


class DictOptions(ListOptions, total=False):
    timestamps: bool  # entries have times
    time_index: bool  # and can be found by them
    time_to_live: float | datetime.timedelta | None  # seconds that entries live
    expiry: bool  # entries can have a time to live of their own


class Alone(TypedDict, total=False):
    """Those of a collection that is alone in its file."""

    mode: str  # as of sapwood.open
    durability: str


class RecordsAlone(RecordsOptions, Alone, total=False):
    pass


class ListAlone(ListOptions, Alone, total=False):
    pass


class DictAlone(DictOptions, Alone, total=False):
    pass


def check_names(options: Any, known: type) -> None:
    """Raises TypeError for an option that there is not."""
    names = known.__annotations__
    for name in options:
        if name not in names:
            raise TypeError(f"unexpected option {name!r}: there are {', '.join(sorted(names)) or 'none'}")
