"""Transactions, batches, savepoints, snapshots: what commits, what is undone, who sees what, when handles end."""

import gc
import threading

import pytest

import sapwood


class Oops(Exception):
    pass


@pytest.fixture
def db(path):
    with sapwood.open(path, durability="async", write_timeout=5) as db:
        db.list("numbers", int).extend([1, 2, 3])
        db.dict("ages", str, int).update(a=1, b=2)
        yield db
        assert db.check() == []


@pytest.fixture
def numbers(db):
    return db.list("numbers")


def in_thread(function):
    """What function() gives in another thread, or the exception that it raises."""
    results = []

    def run():
        try:
            results.append(function())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


# --- Transactions ----------------------------------------------------------------------------------------------------


def test_a_transaction_is_seen_by_others_once_it_commits(db, numbers):
    with db.transaction() as txn:
        inside = txn.list("numbers")
        inside.append(4)
        txn.dict("ages")["c"] = 3
        txn.set("new", str).add("x")
        assert (list(inside), len(txn["ages"]), "new" in txn) == ([1, 2, 3, 4], 3, True)
        assert (list(numbers), len(db["ages"]), "new" in db) == ([1, 2, 3], 2, False)
        assert in_thread(lambda: list(numbers)) == [1, 2, 3]
    assert (list(numbers), db["ages"]["c"], list(db["new"])) == ([1, 2, 3, 4], 3, ["x"])


@pytest.mark.parametrize("error", [Oops, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_rolls_all_back_and_goes_on(db, numbers, error):
    raised = error()
    with pytest.raises(error) as caught, db.transaction() as txn:
        txn.list("numbers").clear()
        txn.drop("ages")
        txn.rename("numbers", "other")
        txn.list("new", str).append("x")
        raise raised
    assert caught.value is raised
    assert list(numbers) == [1, 2, 3]
    assert sorted(one["name"] for one in db.collections()) == ["ages", "numbers"]
    numbers.append(4)  # the writer's place is free


def test_a_transaction_can_be_ended_by_hand(db, numbers):
    with db.transaction() as txn:
        txn.list("numbers").append(4)
        txn.commit()
        assert list(numbers) == [1, 2, 3, 4]
    with db.transaction() as txn:
        txn.list("numbers").append(5)
        txn.rollback()
        txn.rollback()
    txn = db.transaction()
    txn.list("numbers").append(6)
    txn.commit()
    assert list(numbers) == [1, 2, 3, 4, 6]
    with pytest.raises(Oops), db.transaction() as txn:
        txn.list("numbers").append(7)
        txn.commit()
        raise Oops  # too late
    assert numbers[-1] == 7


def test_a_transaction_that_nobody_has_is_rolled_back(db, numbers):
    txn = db.transaction()
    txn.list("numbers").append(4)
    del txn
    gc.collect()
    numbers.append(5)
    assert list(numbers) == [1, 2, 3, 5]


def uses_of(txn, inside):
    return [
        lambda: len(inside), lambda: inside[0], lambda: list(inside), lambda: 1 in inside, lambda: inside.append(1),
        lambda: inside.extend([]), lambda: inside.sort(), lambda: inside.sample(1), lambda: inside == [1],
        lambda: inside.to_numpy(), lambda: txn.list("numbers"), lambda: txn.list("new"), lambda: txn["ages"],
        lambda: "ages" in txn, lambda: txn.collections(), lambda: txn.drop("ages"), lambda: txn.rename("ages", "x"),
        lambda: txn.move("ages", "x"), lambda: txn.savepoint().__enter__(), lambda: txn.commit(),
    ]


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_what_is_of_a_transaction_that_is_over_is_closed(db, end):
    with db.transaction() as txn:
        inside = txn.list("numbers")
        iterator = iter(inside)
        getattr(txn, end)()
    for use in [*uses_of(txn, inside), lambda: list(iterator), lambda: next(iterator)]:
        with pytest.raises(sapwood.ClosedError, match="has ended"):
            use()
    assert "closed" in repr(inside)


def test_one_thread_has_one_transaction(db, numbers):
    """What would wait for this thread's own transaction says so at once."""

    def refuses(*calls):
        for call in calls:
            with pytest.raises(sapwood.WouldDeadlockError):
                call()

    others = (
        lambda: db.transaction(), lambda: db.snapshot("name"), lambda: db.drop_snapshot("name"), db.compact, db.check,
        db.checkpoint,
    )
    with db.transaction():
        refuses(*others, lambda: db.batch().__enter__(), lambda: db.drop("x"), lambda: db.rename("numbers", "x"))
        refuses(lambda: db.list("new", int), numbers.sort, numbers.clear, lambda: numbers.append(1))
        assert (len(numbers), db["ages"]["a"]) == (3, 1)  # reading is no matter
    with db.batch():
        refuses(*others)
    assert list(numbers) == [1, 2, 3]


def test_others_wait_for_the_writer_as_long_as_they_are_told(db, numbers):
    with sapwood.open(db.path, write_timeout=0.01) as hasty, db.transaction() as txn:
        txn.list("numbers").append(4)
        for call in (
            lambda: db.transaction(timeout=0),
            lambda: db.transaction(timeout=0.01),
            lambda: hasty.list("numbers").append(5),
            lambda: hasty.batch().__enter__(),
            lambda: hasty.snapshot("name"),
        ):
            error = in_thread(call)
            assert isinstance(error, sapwood.TimedOutError) and isinstance(error, TimeoutError)
        assert in_thread(lambda: list(numbers)) == [1, 2, 3]
        waiting = threading.Thread(target=lambda: numbers.append(5))
        patient = threading.Thread(target=lambda: db.transaction(timeout=-1).commit())
        waiting.start()
        patient.start()
    waiting.join()
    patient.join()
    assert list(numbers) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("durability", ["sync", "async", None])
def test_each_commit_may_be_as_durable_as_it_asks_for(db, numbers, durability):
    with db.transaction(durability=durability) as txn:
        txn.list("numbers").append(4)
    with db.batch(durability):
        numbers.append(5)
    with pytest.raises(Oops), db.transaction(durability=durability):
        raise Oops
    assert list(numbers) == [1, 2, 3, 4, 5]


def test_durability_that_cannot_be_is_refused_and_leaves_nothing_open(db, numbers):
    for make in (lambda: db.transaction(durability="maybe"), lambda: db.batch("maybe").__enter__()):
        with pytest.raises(ValueError, match="'sync', 'async' or 'none'"):
            make()
    with pytest.raises(ValueError), db.transaction(durability="none") as txn:  # it is shared
        txn.list("numbers").append(4)
    with pytest.raises(ValueError), db.batch("none"):
        numbers.append(4)
    numbers.append(5)
    assert list(numbers) == [1, 2, 3, 5]
    with pytest.raises(ValueError):
        sapwood.open(durability="maybe")


def test_without_durability_a_clean_close_keeps_all(tmp_path):
    with sapwood.open(tmp_path / "own", durability="none", exclusive=True) as db:
        numbers = db.list("numbers", int)
        numbers.append(1)
        with db.transaction(durability="none") as txn:
            txn.list("numbers").append(2)
        with db.batch("sync"):
            numbers.append(3)
        with pytest.raises(sapwood.InUseError):
            sapwood.open(tmp_path / "own")
    with sapwood.open(tmp_path / "own", "r") as db:
        assert list(db.list("numbers")) == [1, 2, 3]


# --- Savepoints ------------------------------------------------------------------------------------------------------


def test_savepoints_undo_a_part_and_nest(db, numbers):
    with db.transaction() as txn:
        inside = txn.list("numbers")
        inside.append(4)
        with txn.savepoint():
            inside.append(5)
            with pytest.raises(Oops), txn.savepoint():
                inside.clear()
                with txn.savepoint():
                    inside.append(6)
                raise Oops
            assert list(inside) == [1, 2, 3, 4, 5]
            inside.append(7)
        with pytest.raises(Oops), txn.savepoint():
            with txn.savepoint():
                inside.append(8)
            raise Oops
        inside.append(9)
    assert list(numbers) == [1, 2, 3, 4, 5, 7, 9]


def test_a_savepoint_undoes_creation_dropping_naming_and_moving(db):
    db.dict("shelf")["words"] = db.new_list(str, ["a"])
    with db.transaction() as txn:
        ages, shelf = txn.dict("ages"), txn.dict("shelf")
        words = shelf["words"]
        with pytest.raises(Oops), txn.savepoint():
            made = txn.list("made", int)
            made.append(1)
            txn.drop("ages")
            txn.rename("numbers", "counts")
            txn.move((shelf, "words"), "words")
            later = iter(made)
            raise Oops
        with pytest.raises(sapwood.NotFoundError, match="rolled back"):
            len(made)
        with pytest.raises(ValueError):
            next(later)
        assert sorted(one["name"] for one in txn.collections()) == ["ages", "numbers", "shelf"]
        ages["c"] = 3
        words.append("b")
        txn.list("made", str).append("another")
    assert (db["ages"]["c"], list(db["shelf"]["words"]), list(db["made"])) == (3, ["a", "b"], ["another"])


def test_what_fails_in_a_transaction_is_undone_alone(db, numbers):
    with db.transaction() as txn:
        inside, ages = txn.list("numbers"), txn.dict("ages")
        inside.append(4)
        for fails in (
            lambda: inside.extend([5, "x"]),
            lambda: ages.update({"c": 3}, d="four"),
            lambda: inside.sort(key=lambda n: 1 / (n - 2)),
            lambda: inside.__setitem__(slice(0, 4, 2), [7]),
        ):
            with pytest.raises((TypeError, ZeroDivisionError, ValueError)):
                fails()
        inside.append(5)
    assert (list(numbers), db["ages"].copy()) == ([1, 2, 3, 4, 5], {"a": 1, "b": 2})


def test_a_savepoint_of_a_transaction_that_ended_within_it_says_so(db, numbers):
    for end in ("commit", "rollback"):
        with pytest.raises(sapwood.ClosedError), db.transaction() as txn, txn.savepoint():
            txn.list("numbers").append(4)
            getattr(txn, end)()
    assert list(numbers) == [1, 2, 3, 4]


# --- Batches ---------------------------------------------------------------------------------------------------------


def test_a_batch_takes_all_handles_of_the_database(db, numbers):
    ages, rows, names = db.dict("ages"), db.records("rows"), db.sorted_set("names", str)
    before = db.info()["txn"]
    with db.batch():
        numbers.append(4)
        ages["c"] = 3
        rows.append({"a": 1})
        names |= {"x", "y"}
        made = db.list("made", str)
        made.extend(["a", "b"])
        numbers.sort(reverse=True)
        assert (list(numbers), list(made), names[0], rows[0, "a"]) == ([4, 3, 2, 1], ["a", "b"], "x", 1)
        assert in_thread(lambda: (list(numbers), len(rows), "made" in db)) == ([1, 2, 3], 0, False)
    assert db.info()["txn"] == before + 1
    made.append("c")  # what was opened within it goes on
    assert (list(numbers), list(db["made"]), db["ages"]["c"]) == ([4, 3, 2, 1], ["a", "b", "c"], 3)


@pytest.mark.parametrize("error", [Oops, KeyboardInterrupt])
def test_an_exception_undoes_a_batch_of_many_collections(db, numbers, error):
    ages = db.dict("ages")
    with pytest.raises(error), db.batch():
        numbers.clear()
        ages.clear()
        made = db.list("made", int)
        made.append(1)
        assert (len(numbers), len(ages), list(made)) == (0, 0, [1])
        raise error
    assert (list(numbers), ages.copy(), "made" in db) == ([1, 2, 3], {"a": 1, "b": 2}, False)
    with pytest.raises(LookupError):
        len(made)


def test_batches_within_a_batch_are_part_of_it(db, numbers):
    with db.batch():
        numbers.append(4)
        with db.batch(), db.batch():
            numbers.append(5)
        with pytest.raises(Oops), db.batch():
            numbers.append(6)
            raise Oops  # caught within the outer one, which commits
        assert in_thread(lambda: len(numbers)) == 3
    assert list(numbers) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(Oops), db.batch():
        with db.batch():
            numbers.clear()
        raise Oops
    assert len(numbers) == 6


def test_another_thread_waits_for_a_batch_and_sees_none_of_it(db, numbers):
    began, written = threading.Event(), []

    def write():
        began.set()
        numbers.append(100)
        written.append(list(numbers))

    thread = threading.Thread(target=write)
    with db.batch():
        numbers.append(4)
        thread.start()
        began.wait()
        numbers.append(5)
        assert 100 not in numbers
        assert isinstance(in_thread(lambda: db.transaction(timeout=0)), TimeoutError)
    thread.join()
    assert written == [[1, 2, 3, 4, 5, 100]]


def test_a_batch_without_changes_makes_no_version(db, numbers):
    before = db.info()["txn"]
    with db.batch():
        assert len(numbers) == 3
    with db.transaction() as txn:
        assert len(txn.list("numbers")) == 3
    assert db.info()["txn"] == before


def test_an_iterator_of_a_batch_ends_with_it(db, numbers):
    before = iter(numbers)
    with db.batch():
        numbers.append(4)
        inside = iter(numbers)
        assert next(inside) == 1
        assert next(before) == 1
    with pytest.raises(ValueError, match="has ended"):
        next(inside)
    assert list(before) == [2, 3]


# --- Snapshots -------------------------------------------------------------------------------------------------------


def contents(owner):
    return {one["name"]: sorted(map(repr, owner[one["name"]])) for one in owner.collections()}


def test_a_snapshot_stays_as_it_was(db, numbers):
    with db.snapshot() as then:
        before = contents(then)
        iterator = iter(then.list("numbers"))
        numbers[:] = [7]
        db.drop("ages")
        db.rename("numbers", "counts")
        db.list("numbers", str).append("another")
        db.compact()
        assert contents(then) == before
        assert list(iterator) == [1, 2, 3]
        assert then.dict("ages")["b"] == 2
        iterator = iter(then.list("numbers"))
    with pytest.raises(ValueError):
        next(iterator)
    assert contents(db) == {"counts": ["7"], "numbers": ["'another'"]}


def test_a_snapshot_sees_nothing_of_what_is_not_committed(db, numbers):
    with db.transaction() as txn:
        txn.list("numbers").append(4)
        with db.snapshot() as then:
            assert list(then.list("numbers")) == [1, 2, 3]
    with db.batch():
        numbers.append(5)
        with db.snapshot() as then:
            assert list(then.list("numbers")) == [1, 2, 3, 4]


def test_nothing_is_written_in_a_snapshot(db):
    db.records("rows").append({"a": 1})
    db.sorted_set("names", str).add("x")
    db.dict("shelf")["words"] = db.new_list(str, ["a"])
    with db.snapshot() as then:
        before = contents(then)
        numbers, ages, rows, names = then["numbers"], then["ages"], then["rows"], then["names"]
        words = then["shelf"]["words"]
        for write in (
            lambda: numbers.append(4), lambda: numbers.extend([4]), lambda: numbers.insert(0, 4), numbers.pop,
            lambda: numbers.remove(1), numbers.sort, numbers.reverse, numbers.clear, lambda: numbers.swap_delete(0),
            lambda: numbers.__setitem__(0, 4), lambda: numbers.__setitem__(slice(1), [4]),
            lambda: numbers.__delitem__(0), lambda: numbers.__iadd__([4]), lambda: numbers.__imul__(2),
            lambda: ages.__setitem__("a", 2), lambda: ages.__delitem__("a"), lambda: ages.pop("a"), ages.popitem,
            lambda: ages.update(c=3), lambda: ages.setdefault("c", 3), ages.clear, lambda: ages.bulk_load([("c", 1)]),
            lambda: rows.append({}), lambda: rows.update(0, {"a": 2}), lambda: rows.__setitem__((0, "a"), 2),
            lambda: rows.drop("a"), lambda: rows.drop("a", 0), lambda: rows.reserve(1), rows.pop, rows.clear,
            lambda: names.add("y"), lambda: names.discard("x"), lambda: names.remove("x"), names.pop, names.clear,
            lambda: names.update(["y"]), lambda: names.intersection_update([]), lambda: names.delete_range(),
            lambda: words.append("b"), words.clear, lambda: then["shelf"].__setitem__("more", db.new_list()),
        ):
            with pytest.raises(PermissionError):
                write()
        with pytest.raises(LookupError):
            then.list("absent", int)
        assert contents(then) == before


def test_what_is_of_a_closed_snapshot_is_closed(db):
    then = db.snapshot()
    inside = then.list("numbers")
    assert then.time.tzinfo is not None
    then.close()
    then.close()
    for use in (lambda: len(inside), lambda: list(inside), lambda: inside[0], lambda: then.list("numbers"),
                lambda: then.collections(), lambda: "numbers" in then, lambda: then.time):
        with pytest.raises(ValueError):
            use()


def test_named_versions_stay_over_reopening_until_they_are_dropped(path):
    with sapwood.open(path) as db:
        numbers = db.list("numbers", int)
        for name in ("one", "two", "three"):
            numbers.append(len(numbers))
            with db.snapshot(name) as named:
                assert (named.name, len(named.list("numbers"))) == (name, len(numbers))
        with pytest.raises(sapwood.ExistsError, match="'two'"):
            db.snapshot("two")
        numbers.clear()
        db.compact()
    with sapwood.open(path) as db:
        assert [one["name"] for one in db.snapshots()] == ["one", "two", "three"]
        assert db.snapshots()[0]["time"] <= db.snapshots()[1]["time"]
        for count, name in enumerate(("one", "two", "three"), 1):
            with db.at(name) as then:
                assert list(then.list("numbers")) == list(range(count))
                with pytest.raises(PermissionError):
                    then.list("numbers").append(9)
        open_one = db.at("two")
        assert db.drop_snapshot("two")
        assert not db.drop_snapshot("two")
        assert list(open_one.list("numbers")) == [0, 1]  # until it is closed
        open_one.close()
        for absent in ("two", "", "TWO"):
            with pytest.raises(LookupError):
                db.at(absent)
        assert db.check() == []
    with sapwood.open(path, "r") as db:
        assert [one["name"] for one in db.snapshots()] == ["one", "three"]
        assert list(db.at("three").list("numbers")) == [0, 1, 2]
        with pytest.raises(PermissionError):
            db.snapshot("four")


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_names_of_versions_are_checked(db, name):
    with pytest.raises(ValueError):
        db.snapshot(name)
    assert db.snapshots() == []
