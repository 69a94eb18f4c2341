#!/usr/bin/env python3
"""bench.py JSON [--rounds N] [--only TEXT]: measures the Python package beside the stores that Python people use.

All stores of a row run in turn, A B A B, in one process. Every row checks that each store gave the right values. The JSON
is what tools/plot_bench.py reads. Stores that are not installed are left out: `pip install lmdb sqlitedict diskcache
rocksdict booklet bplustree asebytes`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy

import peers
import sapwood

ENTRIES = 100_000
SECONDS = 1.0  # for rows whose stores differ by factors of a thousand

Timed = Callable[[], float]  # one round: the figure of the row


def pairs_of(count: int, seed: int = 1) -> list[tuple[bytes, bytes]]:
    rng = random.Random(seed)
    return [(rng.randbytes(16), rng.randbytes(100)) for _ in range(count)]


def per_second(count: int, call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return count / (time.perf_counter() - start)


def rate(call: Callable[[int], Any], seconds: float = SECONDS) -> float:
    """How often a second `call(i)` runs."""
    done, start = 0, time.perf_counter()
    while True:
        for _ in range(10):
            call(done)
            done += 1
        passed = time.perf_counter() - start
        if passed > seconds:
            return done / passed


class Bench:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self.opened: list[Any] = []

    def new_folder(self) -> str:
        return tempfile.mkdtemp(dir=self.folder)

    def row(
        self,
        title: str,
        group: str,
        unit: str,
        series: dict[str, Timed],
        goals: list[tuple[str, str, float]],
        less_is_better: bool = False,
    ) -> None:
        self.rows.append(
            {
                "title": title,
                "group": group,
                "unit": unit,
                "less_is_better": less_is_better,
                "timed": series,
                "goals": [{"store": store, "versus": versus, "factor": factor} for store, versus, factor in goals],
            }
        )


def add_gets(bench: Bench) -> None:
    pairs = pairs_of(ENTRIES)
    stores = [cls(bench.new_folder()) for cls in peers.ALL if cls.is_there() and cls is not peers.BPlusTree]
    for store in stores:
        store.fill(pairs)
    bench.opened += stores
    order = pairs[:]
    random.Random(2).shuffle(order)

    def together(store: peers.Store) -> Timed:
        def timed() -> float:
            with store.reading() as get:
                for key, value in order[:100]:
                    assert get(key) == value
                return per_second(len(order), lambda: [get(key) for key, _ in order])

        return timed

    def alone(store: peers.Store) -> Timed:
        get = store.get
        return lambda: per_second(20_000, lambda: [get(key) for key, _ in order[:20_000]])

    bench.row(
        "get, in one transaction", "python maps", "gets/s", {store.name: together(store) for store in stores},
        [("sapwood", "lmdb", 1.0), ("sapwood-sorted", "lmdb", 1.0)],
    )  # fmt: skip
    series = {store.name: alone(store) for store in stores}
    series["sapwood-txn"] = together(stores[0])
    bench.row("get, each alone", "python maps", "gets/s", series, [("sapwood", "sapwood-txn", 0.5)])


def add_writes(bench: Bench) -> None:
    for durable, title in ((False, "put, each alone, nothing synced"), (True, "put, each alone, durable")):
        series: dict[str, Timed] = {}
        for cls in [*peers.ALL, peers.SapwoodUnlogged]:
            if not cls.is_there() or (durable and not cls.can_be_durable):
                continue
            store = cls(bench.new_folder(), durable)
            bench.opened.append(store)
            fresh = pairs_of(50_000, 3)

            def timed(store: peers.Store = store, fresh: list[tuple[bytes, bytes]] = fresh) -> float:
                def put(i: int) -> None:
                    store.put(*fresh[i % len(fresh)])

                return rate(put)

            series[cls.name] = timed
        # bplustree syncs every write, so it has no other rate.
        goals = [("sapwood", "booklet", 1.0), ("sapwood", "bplustree", 1.0)]
        if not durable:
            goals = [("sapwood", "booklet", 10.0), ("sapwood", "bplustree", 100.0)]
        bench.row(title, "python maps", "puts/s", series, goals)


def add_batches(bench: Bench) -> None:
    """Puts that are not committed one by one: in a transaction, or into the buffer of a store that has one."""
    pairs = pairs_of(50_000, 6)
    store = peers.Sapwood(bench.new_folder())
    bench.opened.append(store)

    def ours() -> float:
        with store.db.batch():
            return per_second(len(pairs), lambda: [store.put(key, value) for key, value in pairs])

    series: dict[str, Timed] = {"sapwood": ours}
    if peers.Booklet.is_there():
        booklet = peers.Booklet(bench.new_folder())
        bench.opened.append(booklet)
        series["booklet"] = lambda: per_second(len(pairs), lambda: [booklet.put(key, value) for key, value in pairs])
    if peers.Lmdb.is_there():
        lmdb = peers.Lmdb(bench.new_folder())
        bench.opened.append(lmdb)

        def theirs() -> float:
            with lmdb.env.begin(write=True) as txn:
                return per_second(len(pairs), lambda: [txn.put(key, value) for key, value in pairs])

        series["lmdb"] = theirs
    bench.row("put, in one transaction or buffer, nothing synced", "python maps", "puts/s", series,
              [("sapwood", "booklet", 10.0)])  # fmt: skip


def add_lists(bench: Bench) -> None:
    db = sapwood.open(os.path.join(bench.new_folder(), "lists"), durability="async")
    bench.opened.append(db)
    appended = db.list("appended", int)

    def append() -> float:
        appended.clear()
        with db.batch():
            call = appended.append
            result = per_second(ENTRIES, lambda: [call(i) for i in range(ENTRIES)])
        assert len(appended) == ENTRIES and appended[77] == 77
        return result

    def append_in_memory() -> float:
        items: list[int] = []
        call = items.append
        return per_second(ENTRIES, lambda: [call(i) for i in range(ENTRIES)])

    group = "python lists"
    bench.row(
        "append of ints, in a batch", group, "items/s", {"sapwood": append, "memory": append_in_memory},
        [("sapwood", "", 1e6)],
    )  # fmt: skip

    ints, texts = db.list("ints", int), db.list("texts", str)
    ints.from_numpy(numpy.arange(1_000_000))
    texts.extend(f"text {i}" for i in range(1_000_000))
    plain_ints, plain_texts = list(ints), list(texts)

    def iterate(items: Any) -> Timed:
        def timed() -> float:
            total = 0

            def run() -> None:
                nonlocal total
                for _ in items:
                    total += 1

            result = per_second(len(items), run)
            assert total == len(items)
            return result

        return timed

    bench.row("iteration over 1 M ints", group, "items/s", {"sapwood": iterate(ints), "memory": iterate(plain_ints)},
              [("sapwood", "", 5e6)])  # fmt: skip
    bench.row("iteration over 1 M short strings", group, "items/s",
              {"sapwood": iterate(texts), "memory": iterate(plain_texts)}, [("sapwood", "", 2e6)])  # fmt: skip

    floats = db.list("floats", float)
    plain_floats = numpy.random.default_rng(4).random(10_000_000)
    floats.from_numpy(plain_floats)

    def to_numpy() -> float:
        found: list[Any] = []
        result = per_second(8 * len(plain_floats), lambda: found.append(floats.to_numpy()))
        assert (found[0] == plain_floats).all()
        return result

    bench.row("to_numpy of 10 M floats", group, "B/s",
              {"sapwood": to_numpy, "memory": lambda: per_second(8 * len(plain_floats), plain_floats.copy)},
              [("sapwood", "", 1e9)])  # fmt: skip

    large = db.list("large", int)
    large.from_numpy(numpy.arange(10_000_000))
    plain_large = list(range(10_000_000))

    def insert(items: Any, count: int) -> Timed:
        rng = random.Random(5)

        def timed() -> float:
            size = len(items)
            with db.batch():
                seconds = 1 / per_second(1, lambda: [items.insert(rng.randrange(size), 1) for _ in range(count)])
            return seconds / count

        return timed

    bench.row("insert at a random position of 10 M, in a batch", group, "s",
              {"sapwood": insert(large, 20_000), "memory": insert(plain_large, 50)}, [("sapwood", "", 15e-6)],
              less_is_better=True)  # fmt: skip


def add_records(bench: Bench) -> None:
    rows = 400_000
    made = [{b"a": b"%d" % i, b"b": b"x" * 50} for i in range(1000)]
    records = sapwood.Records(os.path.join(bench.new_folder(), "rows"), bytes, durability="async")
    for _ in range(rows // len(made)):
        records.extend(made)
    bench.opened.append(records)

    def series_with(ours: Callable[[int], Any], theirs: Callable[[int], Any] | None) -> dict[str, Timed]:
        series: dict[str, Timed] = {"sapwood": lambda: rate(ours)}
        if theirs is not None:
            series["asebytes"] = lambda: rate(theirs)
        return series

    try:
        import asebytes
    except ImportError:
        other = None
    else:
        backend = asebytes.LMDBBlobBackend(os.path.join(bench.new_folder(), "rows.lmdb"), sync=False)
        other = asebytes.BlobIO(backend)
        other.extend(made * (rows // len(made)))
    row = made[7]
    goals = [("sapwood", "asebytes", 200.0)]
    bench.row("insert of a row into 400,000", "python records", "rows/s",
              series_with(lambda _: records.insert(1000, row), other and (lambda _: other.insert(1000, row))), goals)  # fmt: skip
    bench.row("extend of 400,000 rows by one", "python records", "rows/s",
              series_with(lambda _: records.extend([row]), other and (lambda _: other.extend([row]))), goals)  # fmt: skip


def run(bench: Bench, rounds: int) -> None:
    for row in bench.rows:
        timed = row.pop("timed")
        figures: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(rounds):
            for name, call in timed.items():
                figures[name].append(call())
        row["series"] = [{"store": name, "rounds": found} for name, found in figures.items()]
        shown = ", ".join(f"{name} {sorted(found)[len(found) // 2]:.3g}" for name, found in figures.items())
        print(f"{row['title']} ({row['unit']}): {shown}", flush=True)


def described(rounds: int) -> dict[str, Any]:
    stores = []
    for cls in [*peers.ALL, peers.SapwoodUnlogged]:
        if cls.is_there():
            own = cls.module in ("sapwood", "sys")
            version = "this one" if own else importlib.metadata.version(cls.module)
            stores.append({"name": cls.name, "title": cls.title, "version": version})
    stores.append({"name": "sapwood-txn", "title": "Sapwood, in a transaction", "version": "this one"})
    try:
        stores.append({"name": "asebytes", "title": "asebytes", "version": importlib.metadata.version("asebytes")})
    except importlib.metadata.PackageNotFoundError:
        pass
    for store in stores:
        store.update(settings="", unsynced="", durable="")
    return {"section": "python ", "entries": ENTRIES, "rounds": rounds, "stores": stores, "lists": []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="a part of the title of the rows to measure")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="sapwood-bench-", dir=os.environ.get("SAPWOOD_BENCH_DIR"))
    try:
        bench = Bench(folder)
        for add in (add_gets, add_writes, add_batches, add_lists, add_records):
            add(bench)
        bench.rows = [row for row in bench.rows if arguments.only in row["title"]]
        run(bench, arguments.rounds)
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({**described(arguments.rounds), "rows": bench.rows}, file)
        for one in bench.opened:
            one.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
