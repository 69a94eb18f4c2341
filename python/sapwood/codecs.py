"""Codecs: objects with `encode(value) -> bytes` and `decode(bytes) -> value`, given where a type is asked for.

An `id` from 1 to 65535, if a codec has one, is kept in the file: opening the collection with another codec, or as one of
bytes, is then a TypeError. Without one the collection is one of bytes. With the type left out, bytes are what it gives.
"""

from __future__ import annotations

import pickle
from typing import Any

__all__ = ["Pickle"]


class Pickle:
    """Any object that pickle takes.

    Warning: pickle runs code that it finds in the data. Who can write to the file can run programs as whoever reads
    it. Use it only for files that nobody else writes; the default type (None) needs no pickle.
    """

    id = 65280

    def __init__(self, protocol: int | None = None) -> None:
        self._protocol = protocol

    def encode(self, value: Any) -> bytes:
        return pickle.dumps(value, self._protocol)

    def decode(self, stored: bytes) -> Any:
        return pickle.loads(stored)
