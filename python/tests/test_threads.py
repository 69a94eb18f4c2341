"""Threads: reading and writing at once, closing beside both, and transactions that are not shared."""

import contextlib
import threading

import pytest

import sapwood


def in_threads(count, function):
    """Runs function(number) in so many threads; the exceptions that left them."""
    failures = []

    def guarded(number):
        try:
            function(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_threads_that_write_lose_nothing(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db:
        numbers = db.list("numbers", int)
        counts = db.dict("counts", str, int)

        def work(number):
            for i in range(200):
                numbers.append(number * 1000 + i)
                with db.transaction() as txn:
                    mine = txn.dict("counts")
                    mine["all"] = mine.get("all", 0) + 1

        assert in_threads(4, work) == []
        assert sorted(numbers) == [number * 1000 + i for number in range(4) for i in range(200)]
        assert counts["all"] == 800
        assert db.check() == []


def test_batches_of_threads_take_turns(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db:
        numbers = db.list("numbers", int)

        def work(number):
            for _ in range(50):
                with db.batch():
                    numbers.append(number)
                    numbers.append(number)

        assert in_threads(4, work) == []
        found = list(numbers)
        assert all(one == other for one, other in zip(found[::2], found[1::2]))


def test_readers_see_whole_transactions(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db:
        pair = db.dict("pair", str, int)
        pair.update(a=0, b=0)
        done = threading.Event()

        def write(_):
            for i in range(300):
                with db.transaction() as txn:
                    txn.dict("pair").update(a=i, b=i)
            done.set()

        def read(_):
            while not done.is_set():
                with db.snapshot() as snapshot:
                    seen = snapshot.dict("pair")
                    assert seen["a"] == seen["b"]
                a, b = pair.get_many(["a", "b"])
                assert a == b

        assert in_threads(4, lambda number: (write if number == 0 else read)(number)) == []


def test_closing_beside_threads_that_work_is_an_error_there_and_never_a_crash(tmp_path):
    for round in range(5):
        db = sapwood.open(tmp_path / f"{round}.sapwood", durability="async")
        numbers = db.list("numbers", int)
        floats = db.list("floats", float)
        floats.extend([1.5] * 20_000)
        started = threading.Barrier(5)

        def work(number, numbers=numbers, floats=floats, started=started):
            started.wait()
            with pytest.raises(ValueError):
                while True:
                    numbers.append(number)
                    floats.count(1.5)
                    floats.to_numpy()
                    list(numbers)

        def close(_, db=db, started=started):
            started.wait()
            while True:
                try:
                    db.close()
                    return
                except sapwood.InUseError:  # an iterator of another thread is open
                    pass

        assert in_threads(5, lambda number: (close if number == 0 else work)(number)) == []
        assert db.closed
        with sapwood.open(tmp_path / f"{round}.sapwood") as again:
            assert again.check() == []


def test_a_transaction_is_of_one_thread_at_a_time(tmp_path):
    """A call of another thread while one runs without the GIL is refused, whichever comes first."""
    with sapwood.open(tmp_path / "x.sapwood") as db:
        floats = db.list("floats", float)
        floats.extend(float(i) for i in range(500_000))
        with db.snapshot() as snapshot:
            shared = snapshot.list("floats")
            refused = []

            def work(_):
                for _ in range(20):
                    try:
                        assert len(shared.to_numpy()) == 500_000
                    except RuntimeError as error:
                        refused.append(str(error))

            assert in_threads(3, work) == []
            assert all("another thread" in text for text in refused)


@pytest.mark.parametrize("call", [
    lambda of: of["blob"],
    lambda of: of.get_many(["small"] * 50_000),
    lambda of: of.sample(20_000),
])  # fmt: skip
def test_long_reads_run_without_the_gil(tmp_path, call):
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db:
        values = db.dict("values", str, bytes)
        values.update({"blob": bytes(50_000_000), "small": b"x"} | {str(i): b"y" for i in range(20_000)})
        with db.snapshot() as snapshot:
            assert is_seen_in_its_middle(snapshot.dict("values"), call)


def test_what_a_bulk_load_ends_with_runs_without_the_gil(tmp_path):
    """Sorting, whatever the types: those of any take part in a batch."""
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db, db.transaction() as txn:

        def call(of):
            of.clear()
            of.bulk_load((str(i), i) for i in range(20_000))

        assert is_seen_in_its_middle(txn.dict("values"), call)


def is_seen_in_its_middle(shared, call):
    """Whether another thread's call of the same transaction is refused while one runs without the GIL."""
    is_seen = threading.Event()

    def look():
        while not is_seen.is_set():
            try:
                shared.get("small")
            except RuntimeError as error:
                assert "another thread" in str(error)
                is_seen.set()

    other = threading.Thread(target=look)
    other.start()
    for _ in range(2_000):
        with contextlib.suppress(RuntimeError):  # the other one was in the middle of its call
            call(shared)
        if is_seen.is_set():
            break
    found = is_seen.is_set()
    is_seen.set()
    other.join()
    return found


def test_a_write_through_a_handle_of_the_database_within_a_transaction_is_refused(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood") as db:
        numbers = db.list("numbers", int)
        with db.transaction():
            with pytest.raises(sapwood.WouldDeadlockError):
                numbers.append(1)
        with db.transaction():
            waits = in_threads(1, lambda _: db.transaction(timeout=0))
        assert [type(error) for error in waits] == [sapwood.TimedOutError]
        assert isinstance(waits[0], TimeoutError)
