"""The stores that are measured, behind one seam. What is not installed is left out."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Store:
    """A map of bytes to bytes. `transaction()` gives what has get and put, committed at the end."""

    name = ""
    title = ""
    module = ""
    durable = False  # set before opening: each put is then on the disk when it returns
    can_be_durable = True

    def __init__(self, folder: str, durable: bool = False) -> None:
        self.durable = durable
        self.open(os.path.join(folder, self.name))

    @classmethod
    def is_there(cls) -> bool:
        try:
            importlib.import_module(cls.module)
        except ImportError:
            return False
        return True

    def open(self, path: str) -> None:
        raise NotImplementedError

    def fill(self, pairs: list[tuple[bytes, bytes]]) -> None:
        for key, value in pairs:
            self.put(key, value)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A function from a key to its value, within one transaction where the store has them."""
        yield self.get

    def get(self, key: bytes) -> Any:
        raise NotImplementedError

    def put(self, key: bytes, value: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


class Sapwood(Store):
    name, title, module = "sapwood", "Sapwood", "sapwood"
    unsynced, exclusive = "async", False

    def open(self, path: str) -> None:
        import sapwood

        self.db = sapwood.open(path, durability="sync" if self.durable else self.unsynced, exclusive=self.exclusive)
        self.map: Any = self.make()
        self.get, self.put = self.map.__getitem__, self.map.__setitem__

    def make(self) -> Any:
        return self.db.dict("map", bytes, bytes)

    def fill(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.map.update(pairs)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self.db.snapshot() as snapshot:
            yield snapshot["map"].get

    def close(self) -> None:
        self.db.close()


class SapwoodSorted(Sapwood):
    name, title = "sapwood-sorted", "Sapwood SortedDict"

    def make(self) -> Any:
        return self.db.sorted_dict("map", bytes, bytes)


class SapwoodUnlogged(Sapwood):
    """What is put survives with the next checkpoint, as what others keep in buffers."""

    name, title = "sapwood-none", 'Sapwood, durability="none"'
    unsynced, exclusive, can_be_durable = "none", True, False


class Lmdb(Store):
    name, title, module = "lmdb", "python-lmdb", "lmdb"

    def open(self, path: str) -> None:
        import lmdb

        self.env = lmdb.open(path, map_size=4 << 30, sync=self.durable)

    def fill(self, pairs: list[tuple[bytes, bytes]]) -> None:
        with self.env.begin(write=True) as txn:
            for key, value in pairs:
                txn.put(key, value)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self.env.begin() as txn:
            yield txn.get

    def get(self, key: bytes) -> Any:
        with self.env.begin() as txn:
            return txn.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        with self.env.begin(write=True) as txn:
            txn.put(key, value)

    def close(self) -> None:
        self.env.close()


class SqliteDict(Store):
    name, title, module = "sqlitedict", "sqlitedict", "sqlitedict"
    can_be_durable = False  # it sets synchronous=OFF

    def open(self, path: str) -> None:
        import sqlitedict

        self.map = sqlitedict.SqliteDict(
            path, autocommit=True, journal_mode="WAL", encode=lambda value: value, decode=bytes
        )

    def fill(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.map.update((key.hex(), value) for key, value in pairs)
        self.map.commit()

    def get(self, key: bytes) -> Any:
        return self.map[key.hex()]

    def put(self, key: bytes, value: bytes) -> None:
        self.map[key.hex()] = value
        self.map.commit(blocking=True)

    def close(self) -> None:
        self.map.close()


class DiskCache(Store):
    name, title, module = "diskcache", "diskcache", "diskcache"

    def open(self, path: str) -> None:
        import diskcache

        self.map = diskcache.Index.fromcache(
            diskcache.Cache(path, eviction_policy="none", sqlite_synchronous=2 if self.durable else 0)
        )

    def fill(self, pairs: list[tuple[bytes, bytes]]) -> None:
        with self.map.transact():
            for key, value in pairs:
                self.map[key] = value

    def get(self, key: bytes) -> Any:
        return self.map[key]

    def put(self, key: bytes, value: bytes) -> None:
        self.map[key] = value

    def close(self) -> None:
        self.map.cache.close()


class RocksDict(Store):
    name, title, module = "rocksdict", "rocksdict", "rocksdict"

    def open(self, path: str) -> None:
        import rocksdict

        self.map = rocksdict.Rdict(path, rocksdict.Options(raw_mode=True))
        options = rocksdict.WriteOptions()
        options.sync = self.durable
        self.map.set_write_options(options)

    def get(self, key: bytes) -> Any:
        return self.map[key]

    def put(self, key: bytes, value: bytes) -> None:
        self.map[key] = value

    def close(self) -> None:
        self.map.close()


class Booklet(Store):
    name, title, module = "booklet", "booklet", "booklet"

    def open(self, path: str) -> None:
        import booklet

        self.map = booklet.open(path, "n", key_serializer="bytes", value_serializer="bytes")
        self.path = path

    def fill(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.map.update(dict(pairs))
        self.map.sync()

    def get(self, key: bytes) -> Any:
        return self.map[key]

    def put(self, key: bytes, value: bytes) -> None:
        self.map[key] = value
        if self.durable:  # it never syncs itself
            self.map.sync()
            os.fsync(self.map._file.fileno())

    def close(self) -> None:
        self.map.close()


class BPlusTree(Store):
    name, title, module = "bplustree", "bplustree", "bplustree"

    def open(self, path: str) -> None:
        import bplustree
        from bplustree.serializer import Serializer

        class Bytes(Serializer):  # keys of this benchmark are bytes of one size
            __slots__: list[str] = []

            def serialize(self, obj: bytes, key_size: int) -> bytes:
                return obj

            def deserialize(self, data: bytes) -> bytes:
                return data

        self.map = bplustree.BPlusTree(path, order=30, serializer=Bytes(), key_size=16, value_size=100)

    def get(self, key: bytes) -> Any:
        return self.map[key]

    def put(self, key: bytes, value: bytes) -> None:
        self.map.insert(key, value, replace=True)

    def close(self) -> None:
        self.map.close()


class Memory(Store):
    name, title, module = "memory", "in memory", "sys"
    can_be_durable = False

    def open(self, path: str) -> None:
        self.map: dict[bytes, bytes] = {}
        self.get, self.put = self.map.__getitem__, self.map.__setitem__


ALL = [Sapwood, SapwoodSorted, Lmdb, SqliteDict, DiskCache, RocksDict, Booklet, BPlusTree, Memory]
