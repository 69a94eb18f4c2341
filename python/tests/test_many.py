"""get_many and put_many: many entries in one state, and all or none of them written."""

import pytest

import sapwood


@pytest.fixture
def db():
    with sapwood.open() as db:
        yield db
        assert db.check() == []


def half_way(*items):
    yield from items
    raise ZeroDivisionError


def test_lists(db):
    numbers = db.list("numbers", int)
    numbers.extend(range(10))
    numbers.put_many({0: 100, -1: 900})
    numbers.put_many([(1, 101), (1, 102)])
    assert list(numbers) == [100, 102, 2, 3, 4, 5, 6, 7, 8, 900]
    assert numbers.get_many([-1, 0, 0]) == [900, 100, 100]
    for wrong, error in (
        ([(0, 1), (10, 1)], IndexError),
        ([(0, 1), (1, "one")], TypeError),
        ([(0, 1), 2], TypeError),
        ([(0, 1), (1,)], ValueError),
        (half_way((0, 1)), ZeroDivisionError),
    ):
        with pytest.raises(error):
            numbers.put_many(wrong)
        assert numbers[0] == 100
    with pytest.raises(IndexError):
        numbers.get_many([0, 10])


def test_records(db):
    rows = db.records("rows")
    rows.extend([{"a": 1}, {"a": 2}, None])
    rows.put_many({1: {"b": 2}, -1: {"a": 3}})
    assert rows.get_many([0, 1, 2]) == [{"a": 1}, {"b": 2}, {"a": 3}]
    assert rows.get_many([0, 1, 2], ["a"]) == [{"a": 1}, {}, {"a": 3}]
    with pytest.raises(TypeError):
        rows.put_many([(0, None), (1, "no row")])
    assert rows[0] == {"a": 1}


@pytest.mark.parametrize("kind", ["dict", "sorted_dict"])
def test_dicts(db, kind):
    ages = getattr(db, kind)("ages", str, int)
    ages.put_many({"Ada": 36, "Alan": 41})
    ages.put_many([("Ada", 37), ("Grace", 85)])
    assert ages.get_many(["Grace", "nobody", "Ada"]) == [85, None, 37]
    assert ages.get_many(["nobody"], -1) == [-1]
    for wrong, error in (([("x", 1), ("y", "two")], TypeError), (half_way(("x", 1)), ZeroDivisionError)):
        with pytest.raises(error):
            ages.put_many(wrong)
    with pytest.raises(TypeError):
        ages.get_many([1])
    assert len(ages) == 3


@pytest.mark.parametrize("kind", ["set", "sorted_set"])
def test_sets(db, kind):
    seen = getattr(db, kind)("seen", int)
    seen.put_many([1, 2, 2])
    with pytest.raises(ZeroDivisionError):
        seen.put_many(half_way(3))
    with pytest.raises(TypeError):
        seen.put_many([4, "five"])
    assert seen.get_many([2, 3, 1, 4]) == [True, False, True, False]
