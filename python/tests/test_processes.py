"""Processes: handles go over fork and pickle, and a data loader's workers read at random."""

import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading

import pytest

import sapwood
from test_threads import in_threads

ROWS = 2_000


class FramesDataset:
    """As PyTorch has them: __len__ and __getitem__, made in the parent and used in workers."""

    def __init__(self, frames):
        self.frames = frames

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, index):
        return index, self.frames[index]


def load(dataset, seed, results):
    """What a worker of a DataLoader does."""
    order = random.Random(seed)
    for _ in range(200):
        index, row = dataset[order.randrange(len(dataset))]
        if row != {"i": index, "name": f"frame {index}"}:
            results.put(f"row {index} is {row}")
            return
    results.put(None)


@pytest.fixture
def frames(tmp_path):
    db = sapwood.open(tmp_path / "frames.sapwood", durability="async")
    records = db.records("frames")
    records.extend({"i": i, "name": f"frame {i}"} for i in range(ROWS))
    yield records
    db.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_a_data_loader_read_at_random(frames, method):
    context = multiprocessing.get_context(method)
    results = context.Queue()
    dataset = FramesDataset(frames)
    dataset[0]
    workers = [context.Process(target=load, args=(dataset, seed, results)) for seed in range(8)]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=120) for _ in workers] == [None] * 8
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert dataset[1][1]["i"] == 1


def in_fork(function):
    """What function() returns in a child of fork(), or its exception."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            result = function()
        except BaseException as error:
            result = (type(error).__name__, str(error))
        os.write(writing, pickle.dumps(result))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_fork_reads_and_writes_through_the_handles_it_has(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood") as db:
        numbers = db.list("numbers", int)
        numbers.extend([1, 2])
        shelf = db.dict("shelf", str, None)
        shelf["words"] = db.new_list(str, ["a"])
        words = shelf["words"]

        def child():
            numbers.append(3)
            words.append("b")
            return list(numbers), list(words), db.collections()[0]["name"]

        assert in_fork(child) == ([1, 2, 3], ["a", "b"], "numbers")
        assert list(numbers) == [1, 2, 3]
        assert list(words) == ["a", "b"]
        assert db.check() == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_a_child_of_fork_must_not_use_says_so(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood") as db:
        db.list("numbers", int).append(1)
        with db.snapshot() as snapshot:
            seen = snapshot.list("numbers")
            iterator = iter(seen)
            assert in_fork(lambda: list(seen))[0] == "ClosedError"
            assert in_fork(lambda: list(iterator))[0] == "ClosedError"
            assert in_fork(snapshot.collections)[0] == "ClosedError"
            assert in_fork(snapshot.close) is None
            assert list(seen) == list(iterator) == [1]
        with db.transaction() as txn:
            mine = txn.list("numbers")
            mine.append(2)
            assert in_fork(lambda: mine.append(3))[0] == "ClosedError"
        assert list(db.list("numbers")) == [1, 2]
    temporary = sapwood.List()
    assert in_fork(lambda: temporary.append(1))[0] == "ClosedError"
    temporary.append(1)


def test_handles_are_pickled_as_path_and_name(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood") as db:
        numbers = db.list("numbers", int)
        numbers.append(1)
        again = pickle.loads(pickle.dumps(numbers))
        again.append(2)
        assert list(numbers) == [1, 2]
        assert list(pickle.loads(pickle.dumps(db)).list("numbers")) == [1, 2]
        with db.transaction() as txn, pytest.raises(TypeError):
            pickle.dumps(txn.list("numbers"))
    with pytest.raises(TypeError):
        pickle.dumps(sapwood.List())


def test_what_is_unpickled_is_open_as_it_was(tmp_path):
    path = tmp_path / "x.sapwood"
    with sapwood.open(path, durability="async") as db:
        db.list("numbers", int).append(1)
        writes = pickle.dumps(db.list("numbers"))
    with sapwood.open(path, "r") as db:
        reads, whole = pickle.dumps(db.list("numbers")), pickle.dumps(db)
    again = pickle.loads(reads)
    assert list(again) == [1]
    with pytest.raises(PermissionError):
        again.append(2)
    with pytest.raises(PermissionError):
        pickle.loads(whole).drop("numbers")
    pickle.loads(writes).append(2)
    assert list(again) == [1, 2]
    with sapwood.open(path) as db:
        db.drop("numbers")
        with pytest.raises(LookupError, match="no collection 'numbers'"):
            pickle.loads(writes)
        assert list(db) == []


def append_many(path, number):
    with sapwood.open(path, durability="async") as db:
        numbers = db.list("numbers", int)
        for i in range(100):
            numbers.append(number * 1000 + i)


def test_processes_that_write_lose_nothing(tmp_path):
    path = str(tmp_path / "x.sapwood")
    with sapwood.open(path) as db:
        numbers = db.list("numbers", int)
        context = multiprocessing.get_context("spawn")
        writers = [context.Process(target=append_many, args=(path, number)) for number in range(3)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sorted(numbers) == [number * 1000 + i for number in range(3) for i in range(100)]
        assert db.check() == []


def test_a_program_that_ends_leaves_a_closed_file(tmp_path):
    path = str(tmp_path / "x.sapwood")
    program = f"import sapwood; db = sapwood.open({path!r}, durability='async'); db.list('numbers', int).append(1)"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert not os.path.exists(path + "-log")
    with sapwood.open(path) as db:
        assert not db.info()["recovered"]
        assert list(db.list("numbers")) == [1]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_fork_beside_threads_that_read(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood") as db:
        numbers = db.list("numbers", int)
        numbers.extend(range(100))
        stop = threading.Event()

        def read():
            while not stop.is_set():
                assert numbers[5] == 5

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            for _ in range(10):
                assert in_fork(lambda: (signal.alarm(300), numbers[5])[1]) == 5
        finally:
            stop.set()
            for reader in readers:
                reader.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_caches_go_over_fork(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood") as db:
        other = db.list("other", int)
        things = db.dict("things", str, "json", cache="lru")
        things["a"] = [1]
        iterator = iter(things)
        assert things["a"] == [1]
        assert in_fork(lambda: (things["a"], things["a"], things.metrics["cache"]["hits"])) == ([1], [1], 1)
        assert (things["a"], list(other), list(iterator)) == ([1], [], ["a"])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_that_end_without_closing_leave_room_for_others(tmp_path):
    """As the workers of a data loader do, which are new ones in each epoch; nobody writes, so nobody cleans up."""
    path = tmp_path / "x.sapwood"
    with sapwood.open(path) as db:
        db.list("numbers", int).append(7)
    with sapwood.open(path, "r") as db:
        numbers = db.list("numbers")
        for _ in range(140):
            assert in_fork(lambda: list(numbers)) == [7]


def test_threads_that_unpickle_at_once_share_a_file(tmp_path):
    path = tmp_path / "x.sapwood"
    with sapwood.open(path) as db:
        db.list("numbers", int)
        stored = pickle.dumps(db.list("numbers"))
    found = []
    barrier = threading.Barrier(6)

    def load(_):
        barrier.wait()
        found.append(pickle.loads(stored))

    assert in_threads(6, load) == []
    assert len({id(one._database) for one in found}) == 1
    found[0]._database.close()
