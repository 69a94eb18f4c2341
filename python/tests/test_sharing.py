"""One object in many threads at once: handles, iterators, transactions, caches. Also without a GIL."""

import collections
import random
import sys
import threading

import pytest

import sapwood
from test_threads import in_threads


@pytest.fixture(autouse=True)
def threads_change_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_a_handle(db):
    words = db.dict("words", str, str)
    queue = db.list("queue", int)
    queue.extend(range(1000))

    def work(number):
        rng = random.Random(number)
        for i in range(300):
            key = str(rng.randrange(50))
            words[key] = key * rng.randrange(1, 2000)
            found = words.get(str(rng.randrange(50)), "")
            assert found == "" or len(set(found)) <= 2
            words.pop(str(rng.randrange(50)), None)
            queue.append(i)
            assert queue.pop(0) is not None
            assert len(queue[:5]) == 5
            assert all(value == key * (len(value) // len(key)) for key, value in words.items())

    assert in_threads(4, work) == []
    assert len(queue) == 1000
    assert db.check() == []


def test_an_iterator_gives_each_item_once(db):
    numbers = db.sorted_dict("numbers", int, str)
    numbers.update((i, str(i)) for i in range(20_000))
    shared = iter(numbers.items())
    taken = [[] for _ in range(4)]

    assert in_threads(4, lambda number: taken[number].extend(shared)) == []
    assert sorted(item for items in taken for item in items) == [(i, str(i)) for i in range(20_000)]
    assert list(shared) == []


def test_a_transaction(db):
    """Calls take turns, or are refused: what was told to be done is there, and nothing else."""
    done = collections.Counter()
    with db.transaction() as txn:
        numbers, counts = txn.list("numbers", int), txn.dict("counts", int, int)

        def work(number):
            for i in range(500):
                try:
                    numbers.append(number)
                    done[number] += 1
                    counts[number] = i
                    iterator = iter(numbers)
                    assert next(iterator) in range(4)
                except RuntimeError as error:
                    assert "another thread" in str(error)

        assert in_threads(4, work) == []
    assert collections.Counter(db.list("numbers")) == done
    assert db.check() == []


def test_a_batch_is_of_its_thread_alone(db):
    numbers, others = db.list("numbers", int), db.list("others", int)
    others.extend(range(100))
    stop = threading.Event()

    def read():
        while not stop.is_set():
            assert len(others) == 100
            assert others[7] == 7

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(50):
        with db.batch():
            others.clear()
            numbers.extend(range(10))
            others.extend(range(100))
    stop.set()
    for reader in readers:
        reader.join()
    assert len(numbers) == 500


def test_a_cache(db):
    texts = db.dict("texts", int, "json", cache="lru", cache_size=20)
    texts.update((i, [i]) for i in range(100))

    def work(number):
        rng = random.Random(number)
        for _ in range(2000):
            key = rng.randrange(100)
            assert texts[key] == [key]

    assert in_threads(4, work) == []
    assert texts.metrics["cache"]["entries"] <= 20


def test_savepoints_and_nested_collections(db):
    db.dict("trees")

    def work(number):
        trees = db.dict("trees")
        for i in range(30):
            with db.batch():
                trees[number] = db.new_list(int, [i])
                trees[number].append(i)
            with db.transaction() as txn:
                try:
                    with txn.savepoint():
                        txn.dict("trees")[number].append(-1)
                        raise KeyError
                except KeyError:
                    pass
            assert list(trees[number]) == [i, i]

    assert in_threads(4, work) == []
    assert db.check() == []


def test_an_iterator_that_is_used_up_outlives_its_collection():
    iterator = sapwood.Dict().items().__iter__()
    assert list(iterator) == []
    assert list(iterator) == []


def test_places_from_the_end_are_read_in_one_state(db):
    """The size changes between any two calls of a reader, and is never zero."""
    queue, ordered = db.list("queue", int, cache="lru"), db.sorted_dict("ordered", int, int)
    queue.extend([1] * 300)
    ordered.update((i, i) for i in range(300))
    stop = threading.Event()

    def change():
        while not stop.is_set():
            queue.pop()
            queue.append(1)
            ordered[299] = ordered.popitem()[1]

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(3000):
            assert queue[-1] == 1
            assert len(queue.to_numpy()) in (299, 300)
            assert ordered.peekitem()[0] in (298, 299)
        for _ in range(100):
            queue.swap_delete(-1)
            queue.append(1)
    finally:
        stop.set()
        writer.join()


def test_a_write_transaction_whose_parts_are_in_several_threads(db):
    """Iterators, batches and savepoints are refused, or given back, while another thread is in a call without the GIL."""
    with db.transaction() as txn:
        values = txn.dict("values", int, str)
        values.update((i, "x" * 30) for i in range(3000))
        refused = []

        def bulk():
            values.update((i, "x" * 30) for i in range(3000))

        def iterate():
            assert sum(1 for _ in values.items()) == 3000

        def drop_an_iterator():
            iterator = iter(values)
            next(iterator)

        def undo():
            with txn.savepoint():
                values[1] = "y"
                raise KeyError

        def work(number):
            for i in range(20):
                try:
                    (bulk, iterate, drop_an_iterator, undo, bulk)[(number + i) % 5]()
                except KeyError:
                    pass
                except RuntimeError as error:
                    assert "another thread" in str(error)
                    refused.append(number)
                except sapwood.Error:  # its savepoint, batch or mark went with another thread's
                    pass

        assert in_threads(4, work) == []
    assert db.check() == []


def test_rows_from_the_end_are_changed_in_one_state(db):
    rows = db.records("rows")
    rows.extend({"n": i} for i in range(100))
    stop = threading.Event()

    def change():
        while not stop.is_set():
            rows.pop()
            rows.append({"n": 99})

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for i in range(500):
            assert rows[-1, "n"] in (98, 99)
            assert rows.fields(-1) in (["n"], ["k", "n"])
            rows[-1, "k"] = i
            rows.drop("k", -1)
    finally:
        stop.set()
        writer.join()
