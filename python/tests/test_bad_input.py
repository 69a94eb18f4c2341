"""Bad input is an exception of the standard kind, changes nothing, and never ends the process."""

import array
import datetime
import math

import numpy
import pytest

import sapwood


@pytest.fixture
def db():
    with sapwood.open() as db:
        yield db
        assert db.check() == []


def fails(items, error):
    yield from items
    raise error


def test_what_raises_half_way_writes_nothing(db):
    numbers = db.list("numbers", int)
    numbers.append(0)
    ages = db.dict("ages", str, int)
    names = db.set("names", str)
    rows = db.records("rows")
    for write in (
        lambda: numbers.extend(fails([1, 2], ZeroDivisionError)),
        lambda: numbers.__setitem__(slice(0, 1), fails([1, 2], ZeroDivisionError)),
        lambda: ages.update(fails([("a", 1)], ZeroDivisionError)),
        lambda: ages.bulk_load(fails([("a", 1)], ZeroDivisionError)),
        lambda: names.update(fails(["a"], ZeroDivisionError)),
        lambda: names.difference_update(fails(["a"], ZeroDivisionError)),
        lambda: rows.extend(fails([{"a": 1}], ZeroDivisionError)),
        lambda: numbers.sort(key=lambda n: 1 / n),
    ):
        with pytest.raises(ZeroDivisionError):
            write()
    for write in (
        lambda: numbers.extend([1, 2, "three"]),
        lambda: numbers.extend([*range(100), "many"]),
        lambda: ages.update({"a": 1, "b": "two"}),
        lambda: names.update(["a", 2]),
        lambda: rows.extend([{"a": 1}, 7]),
        lambda: rows.extend([{"a": 1}, {"a": object()}]),
    ):
        with pytest.raises(TypeError):
            write()
    assert (list(numbers), len(ages), len(names), len(rows)) == ([0], 0, 0, 0)


def test_within_a_transaction_it_changes_nothing_either(db):
    with db.transaction() as txn:
        numbers = txn.list("numbers", int)
        numbers.append(1)
        with pytest.raises(ZeroDivisionError):
            numbers.extend(fails([2, 3], ZeroDivisionError))
        with pytest.raises(TypeError):
            numbers[::2] = ["x"]
        numbers.append(4)
    assert list(db.list("numbers")) == [1, 4]


def test_wrong_types_name_what_was_expected_and_given(db):
    for spec, wrong, message in (
        (int, "7", "expected int, got str"),
        (int, 7.0, "expected int, got float"),
        (float, "7", "expected float, got str"),
        (bool, 1, "expected bool, got int"),
        (str, b"x", "expected str, got bytes"),
        (bytes, "x", "expected bytes, got str"),
        (None, object(), "got object"),
    ):
        with pytest.raises(TypeError, match=message):
            db.list(f"of {spec}", spec).append(wrong)
    with pytest.raises(TypeError):
        db.list("numbers", 7)
    with pytest.raises(TypeError):
        db.list(7)


def test_numbers_that_do_not_fit(db):
    for spec, number in (
        (int, 2**63),
        (int, -(2**63) - 1),
        ("int32", 2**31),
        ("uint64", -1),
        ("uint64", 2**64),
        ("int128", 2**127),
        (None, 2**200),
    ):
        with pytest.raises(OverflowError):
            db.list(f"{spec}", spec).append(number)
    assert db.list("int64", int).index.__self__ is not None
    with pytest.raises(OverflowError):
        db.dict("by int", int, int)[2**70] = 1
    assert 2**70 not in db.dict("by int")


def test_positions_that_no_list_has(db):
    numbers, rows = db.list("numbers", int), db.records("rows")
    numbers.append(1)
    rows.append({"a": 1})
    plain = [1]
    for call, kind in (
        (lambda of: of[10**30], IndexError),
        (lambda of: of.__setitem__(-(10**30), None), IndexError),
        (lambda of: of.__delitem__(10**30), IndexError),
        (lambda of: of.pop(10**30), OverflowError),
        (lambda of: of.insert(10**30, 1), OverflowError),
        (lambda of: of["a"], TypeError),
        (lambda of: of.__setitem__(1.5, 1), TypeError),
        (lambda of: of.pop("a"), TypeError),
        (lambda of: of.insert("a", 1), TypeError),
    ):
        for one in (plain, numbers, rows):
            with pytest.raises(kind):
                call(one)
    for call in (lambda: rows.get(10**30, "a"), lambda: rows.update(10**30, {}), lambda: numbers.swap_delete(10**30)):
        with pytest.raises(IndexError):
            call()
    assert (list(numbers), list(rows)) == ([1], [{"a": 1}])


def test_text_that_is_not_unicode(db):
    with pytest.raises(UnicodeEncodeError):
        db.list("texts", str).append("\ud800")
    with pytest.raises(UnicodeEncodeError):
        db.list("any").append("\udfff")
    assert "\ud800" not in db.dict("by text", str, int)


def test_values_that_contain_themselves(db):
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="64 levels"):
        db.list("any").append(loop)
    deep = []
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(ValueError):
        db.list("any").append(deep)


def test_keys_that_dicts_refuse(db):
    anything = db.dict("anything")
    for key in ([], {}, set(), numpy.zeros(2)):
        with pytest.raises(TypeError):
            anything[key] = 1
        with pytest.raises(TypeError):
            key in anything
    with pytest.raises(ValueError):
        db.sorted_dict("sorted", str, int)["x" * 5000] = 1  # keys in order are up to a quarter page


def test_nan_is_a_key_equal_to_itself(db):
    by_float = db.sorted_dict("by float", float, str)
    by_float[math.nan] = "nan"
    by_float[-math.nan] = "the same"
    by_float[math.inf] = "inf"
    assert [str(key) for key in by_float] == ["inf", "nan"]
    assert by_float[float("nan")] == "the same"


def test_arrays_that_are_not_contiguous(db):
    square = numpy.arange(16.0).reshape(4, 4)
    floats = db.list("floats", float)
    floats.from_numpy(square[:, 1])
    assert list(floats) == [1.0, 5.0, 9.0, 13.0]
    with pytest.raises(ValueError):
        floats.from_numpy(square)
    with pytest.raises(TypeError):
        floats.from_numpy(numpy.array(["x"]))
    with pytest.raises(TypeError):
        db.list("ints", int).from_numpy(square[0])
    anything = db.list("anything")
    anything.append(square[::2, ::2])
    assert (anything[0] == square[::2, ::2]).all()
    blobs = db.list("blobs", bytes)
    blobs.append(memoryview(b"abcdef")[::2])
    blobs.append(array.array("b", [1, 2]))
    assert list(blobs) == [b"ace", b"\x01\x02"]


def test_times_without_a_zone(db):
    with pytest.raises(ValueError, match="time zone"):
        db.list("times", datetime.datetime).append(datetime.datetime(2020, 1, 1))


def test_hashes_and_comparisons_that_raise(db):
    class Nasty:
        def __hash__(self):
            raise ZeroDivisionError

        def __eq__(self, other):
            raise ZeroDivisionError

        def __index__(self):
            raise ZeroDivisionError

    numbers = db.list("numbers", int)
    numbers.append(1)
    for use in (lambda: numbers.append(Nasty()), lambda: numbers[Nasty()], lambda: Nasty() in db.dict("anything")):
        with pytest.raises(ZeroDivisionError):
            use()


def test_callbacks_that_close_the_database_or_write_to_the_collection(tmp_path):
    db = sapwood.open(tmp_path / "x.sapwood")
    numbers = db.list("numbers", int)
    numbers.extend([3, 1, 2])

    def closes():
        yield 4
        db.close()

    with pytest.raises(sapwood.InUseError):
        numbers.extend(closes())

    def writes():
        yield 4
        numbers.append(5)

    with pytest.raises(sapwood.WouldDeadlockError):
        numbers.extend(writes())
    assert list(numbers) == [3, 1, 2]
    db.close()


def test_timeouts_that_are_no_numbers(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood", write_timeout=float("inf")) as db:
        for wrong in (float("nan"), "soon"):
            with pytest.raises((ValueError, TypeError)):
                db.transaction(timeout=wrong)
        with db.transaction(timeout=float("inf")) as txn:
            txn.list("numbers", int).append(1)
        with db.transaction(timeout=1e300):
            pass
    with pytest.raises(ValueError, match="NaN"):
        sapwood.open(tmp_path / "x.sapwood", write_timeout=float("nan"))


def test_arguments_that_make_no_sense(db):
    numbers = db.list("numbers", int)
    numbers.extend(range(5))
    for wrong in (lambda: numbers.chunks(0), lambda: numbers.sample(-1), lambda: db.list(""), lambda: db.list("x" * 300)):
        with pytest.raises(ValueError):
            wrong()
    for wrong in (lambda: numbers["0"], lambda: numbers[1.0], lambda: db.dict("d", colour="red"), lambda: db.list("l", int)[None]):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError):
        db.list("cached", int, cache="best")
    with pytest.raises(ValueError):
        db.list("compressed", str, compression=99)
    with pytest.raises(IndexError):
        numbers.pop(9)
    with pytest.raises(IndexError):
        numbers[2**70]


def test_arguments_of_no_use_are_named(db):
    numbers, ages = db.list("numbers", int), db.dict("ages", str, int)
    ages["a"] = 1
    for call, told in (
        (lambda: numbers.extend(None), "not iterable"),
        (lambda: numbers.__iadd__(None), "not iterable"),
        (lambda: numbers.changes_since(None), "expected a collection of a snapshot, got NoneType"),
        (lambda: db.transaction(timeout="a"), "could not convert"),
    ):
        with pytest.raises((TypeError, ValueError), match=told):
            call()
    assert numbers.sample(3, seed=-1) == []
    assert ages.setdefault("a") == 1
    assert (5, 1) not in ages.items() and ("a", 1) in ages.items() and "a" not in ages.items()
    assert ages.items() & {(5, 6), ("a", 1)} == {("a", 1)}
    assert ages.pop("\ud800", None) is None
    assert sorted(db) == ["ages", "numbers"]


def test_a_file_that_is_absent_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot open .*absent.sapwood: No such file"):
        sapwood.open(tmp_path / "absent.sapwood", "r")
