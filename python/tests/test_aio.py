"""asyncio: shared commits, transactions, cancellation, and a loop that a slow disk does not stop."""

import asyncio
import os
import pathlib
import resource
import subprocess
import sys
import time

import pytest

import sapwood
import sapwood.aio


def run(test):
    """The coroutine function as a test, run in a loop of its own."""

    def call(tmp_path):
        asyncio.run(test(str(tmp_path / "x.sapwood")))

    call.__name__ = test.__name__
    return call


@run
async def test_concurrent_durable_writes_share_syncs(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        before = (await db.metrics())["log_syncs"]
        await asyncio.gather(*(numbers.append(i) for i in range(1000)))
        assert (await db.metrics())["log_syncs"] - before <= 50
    with sapwood.open(path, "r") as again:
        assert list(again.list("numbers")) == list(range(1000))


@run
async def test_a_wrong_write_fails_alone(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        results = await asyncio.gather(*(numbers.append(x) for x in (1, "two", 3)), return_exceptions=True)
        assert isinstance(results[1], TypeError)
        assert [n async for n in numbers] == [1, 3]


@run
async def test_transactions_commit_or_roll_back(path):
    async with sapwood.aio.open(path) as db:
        async with db.transaction() as txn:
            names = await txn.dict("names", str, int)
            await names.set("a", 1)
        with pytest.raises(ZeroDivisionError):
            async with db.transaction() as txn:
                await (await txn.dict("names")).clear()
                raise ZeroDivisionError
        names = await db.dict("names")
        assert await names["a"] == 1
        with pytest.raises(KeyError):
            await names["b"]


@run
async def test_writes_wait_for_an_open_transaction(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        async with db.transaction() as txn:
            mine = await txn.list("numbers")
            other = asyncio.ensure_future(numbers.append(2))
            await mine.append(1)
            assert await numbers.len() == 0  # readers see what is committed
        await other
        assert [n async for n in numbers] == [1, 2]


@run
async def test_a_transaction_cancelled_before_its_turn_holds_nobody_up(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)

        async def waits():
            async with db.transaction() as txn:
                await (await txn.list("numbers")).append(7)

        async with db.transaction():
            waiting = asyncio.ensure_future(waits())
            await asyncio.sleep(0)
            waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await numbers.append(1)
        assert [n async for n in numbers] == [1]


@run
async def test_cancelling_loses_nothing_acknowledged(path):
    acknowledged = []
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)

        async def append(i):
            await numbers.append(i)
            acknowledged.append(i)

        tasks = [asyncio.ensure_future(append(i)) for i in range(500)]
        while len(acknowledged) < 20:
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with sapwood.open(path, "r") as again:
        stored = list(again.list("numbers"))
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


@run
async def test_nested_collections_and_streams(path):
    async with sapwood.aio.open(path) as db:
        shelf = await db.dict("shelf", str, None)
        await shelf.set("words", db.new_list(str, ["call", "me"]))
        words = await shelf["words"]
        await words.append("Ishmael")
        assert [word async for word in words] == ["call", "me", "Ishmael"]
        ordered = await db.sorted_dict("ordered", int, str)
        await ordered.update((i, str(i)) for i in range(3000))
        assert [key async for key in ordered.irange(10, 2500)] == list(range(10, 2500))
        assert await ordered.floor(-1) is None
        rows = await db.records("rows")
        await rows.append({"a": 1})
        assert [value async for value in rows.column("a")] == [1]


@run
async def test_snapshots_do_not_change(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        await numbers.extend([1, 2])
        await db.name_snapshot("two")
        async with db.snapshot() as now:
            then = await now.list("numbers")
            await numbers.append(3)
            assert await then.len() == 2
            with pytest.raises(PermissionError):
                await then.append(4)
        async with db.snapshot("two") as two:
            assert await (await two.list("numbers")).len() == 2
        assert await db.drop_snapshot("two")
        assert await db.check() == []


@run
async def test_a_closed_database_says_so(path):
    db = await sapwood.aio.open(path)
    numbers = await db.list("numbers", int)
    await db.close()
    with pytest.raises(ValueError):
        await numbers.append(1)
    await db.close()


LOOP_GOES_ON = """
import asyncio, os, sapwood.aio
async def main(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        os.environ["SLOW_SYNC_MS"] = "300"
        write, turns = asyncio.ensure_future(numbers.append(1)), 0
        while not write.done():
            turns += 1
            await asyncio.sleep(0.001)
        os.environ["SLOW_SYNC_MS"] = "0"
        print(turns)
import sys
asyncio.run(main(sys.argv[1]))
"""


def test_a_slow_disk_does_not_stop_the_loop(tmp_path):
    source = pathlib.Path(__file__).with_name("slow_disk.c")
    library = tmp_path / "slow_disk.so"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    told = subprocess.run(
        [sys.executable, "-c", LOOP_GOES_ON, str(tmp_path / "x.sapwood")],
        env={**os.environ, "LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {library}"},
        capture_output=True,
        text=True,
        check=True,
    )
    # While the one write waited for its sync, the loop went on: a blocked one would have had one turn.
    assert int(told.stdout) > 3


@run
async def test_files_opened_for_reading_are_read(path):
    with sapwood.open(path) as db:
        db.list("numbers", int).append(1)
    async with sapwood.aio.open(path, "r") as db:
        numbers = await db.list("numbers")
        assert await numbers[0] == 1
        with pytest.raises(PermissionError):
            await numbers.append(2)


@run
async def test_what_would_wait_for_its_own_transaction_says_so(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        async with db.transaction() as txn:
            with pytest.raises(sapwood.WouldDeadlockError):
                await numbers.append(1)
            with pytest.raises(sapwood.InUseError):
                await db.close()
            await (await txn.list("numbers")).append(2)
        assert await numbers[0] == 2


@run
async def test_closing_with_a_snapshot_open_leaves_it_open(path):
    db = await sapwood.aio.open(path)
    numbers = await db.list("numbers", int)
    async with db.snapshot():
        with pytest.raises(sapwood.InUseError):
            await db.close()
        await numbers.append(1)
    await db.close()
    with pytest.raises(ValueError):
        await numbers.len()


@run
async def test_a_cancelled_read_of_a_snapshot_leaves_it_usable(path):
    async with sapwood.aio.open(path) as db:
        floats = await db.list("floats", float)
        await floats.extend([1.0] * 300_000)
        async with db.snapshot() as snapshot:
            then = await snapshot.list("floats")
            reading = asyncio.ensure_future(then.count(1.0))
            await asyncio.sleep(0)
            reading.cancel()
            assert await then.len() == 300_000


@run
async def test_a_batch_that_cannot_begin_fails_what_waits_for_it(path):
    async with sapwood.aio.open(path, write_timeout=0.01) as db:
        numbers = await db.list("numbers", int)
        with sapwood.open(path) as other, other.transaction():
            with pytest.raises(TimeoutError):
                await numbers.append(1)
        await numbers.append(2)


@run
async def test_a_job_of_several_steps_is_done_or_not(path):
    async with sapwood.aio.open(path) as db:
        shelf = await db.dict("shelf")
        await shelf.set("k", "old")
        with pytest.raises(TypeError):
            await shelf.set("k", db.new_list(int, [1, "x"]))
        assert await shelf["k"] == "old"


@run
async def test_what_is_forgotten_to_be_awaited_says_so(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        for call, told in (
            (lambda: 1 in numbers, "await collection.contains"),
            (lambda: list(numbers), "async for"),
            (lambda: bool(numbers), "await collection.len"),
        ):
            with pytest.raises(TypeError, match=told):
                call()


@run
async def test_transactions_in_transactions_say_so(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)
        async with db.transaction():
            with pytest.raises(sapwood.WouldDeadlockError):
                async with db.transaction():
                    pass
        await numbers.append(1)


@run
async def test_who_waits_for_a_transaction_can_be_cancelled(path):
    async with sapwood.aio.open(path) as db:
        numbers = await db.list("numbers", int)

        async def other():
            async with db.transaction():
                pass

        async with db.transaction() as txn:
            waits = asyncio.create_task(other())
            await asyncio.sleep(0.01)
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits  # which returns before the transaction has ended
            with pytest.raises(sapwood.WouldDeadlockError):  # this task has it still
                await numbers.append(1)
            await (await txn.list("numbers")).append(2)
        assert [number async for number in numbers] == [2]


@run
async def test_writes_do_not_wait_for_a_transaction_for_ever(path):
    async with sapwood.aio.open(path, write_timeout=0.05) as db:
        numbers = await db.list("numbers", int)
        async with db.transaction() as txn:
            with pytest.raises(sapwood.TimedOutError, match="transactions of other tasks"):
                await asyncio.gather(numbers.append(1))  # a task of its own, which waits for this one
            await (await txn.list("numbers")).append(2)
        assert [number async for number in numbers] == [2]


@run
async def test_only_the_wait_for_a_turn_is_limited(path):
    """Also behind a transaction that has not begun yet, and not what takes long itself."""
    async with sapwood.aio.open(path, write_timeout=0.3) as db:
        numbers = await db.list("numbers", int)
        begun = asyncio.Event()

        async def long():
            async with db.transaction():
                begun.set()
                await asyncio.sleep(0.6)

        waits = asyncio.create_task(long())
        await asyncio.sleep(0)  # it is asked for
        with pytest.raises(sapwood.TimedOutError):
            await numbers.append(1)
        assert begun.is_set()
        await waits

        def slow():
            for number in range(2):
                time.sleep(0.3)
                yield number

        async with db.transaction():
            begins = asyncio.create_task(numbers.extend(slow()))
            await asyncio.sleep(0.05)
        await begins
        assert [number async for number in numbers] == [0, 1]


@run
async def test_a_commit_that_fails_leaves_no_transaction_open(path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with sapwood.aio.open(path) as db:
        blobs = await db.dict("blobs", int, bytes)
        with pytest.raises(OSError):
            async with db.transaction() as txn:
                await (await txn.dict("blobs")).set(1, bytes(100_000))
                resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
                try:
                    await (await txn.dict("blobs")).set(2, bytes(50_000_000))
                    await txn.write(txn._sync.commit)
                finally:
                    resource.setrlimit(resource.RLIMIT_FSIZE, before)
        await blobs.set(3, b"x")
        assert [key async for key in blobs] == [3]
