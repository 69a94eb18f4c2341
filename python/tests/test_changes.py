"""What changed between two versions of a collection."""

import pytest

import sapwood
from sapwood import Change


@pytest.fixture
def db():
    with sapwood.open() as db:
        yield db


def test_dicts_and_sets(db):
    ages = db.sorted_dict("ages", str, int)
    ages.update({"Ada": 36, "Alan": 41, "Grace": 85})
    seen = db.sorted_set("seen", int)
    seen.update([1, 2])
    with db.snapshot() as before:
        ages.update({"Ada": 37, "Edsger": 72})
        del ages["Alan"]
        seen.add(3)
        seen.remove(1)
        assert ages.changes_since(before.sorted_dict("ages")) == [
            Change("changed", "Ada", 36, 37, 0, 0),
            Change("removed", "Alan", 41, None, 1, 1),
            Change("added", "Edsger", None, 72, 2, 1),
        ]
        assert [change[:2] for change in seen.changes_since(before.sorted_set("seen"))] == [("removed", 1), ("added", 3)]
        assert before.sorted_dict("ages").changes_since(ages)[0] == Change("changed", "Ada", 37, 36, 0, 0)
        assert ages.changes_since(ages) == []


def test_lists_and_records(db):
    words, rows = db.list("words", str), db.records("rows")
    words.extend(["a", "b", "c"])
    rows.extend([{"n": 1}, None])
    db.snapshot("monday")
    words[1] = "B"
    words.append("d")
    rows.update(0, {"m": 2})
    monday = db.at("monday")
    assert words.changes_since(monday.list("words")) == [
        Change("changed", None, "b", "B", 1, 1),
        Change("added", None, None, "d", 3, 3),
    ]
    assert rows.changes_since(monday.records("rows")) == [Change("changed", None, {"n": 1}, {"n": 1, "m": 2}, 0, 0)]
    monday.close()


def test_values_that_are_collections_come_in_their_versions(db):
    books = db.dict("books", str)
    books["a"] = db.new_list(str, ["old"])
    with db.snapshot() as before:
        books["b"] = db.new_list(str, ["new"])
        del books["a"]
        found = {change.key: change for change in books.changes_since(before.dict("books"))}
        assert list(found["a"].before) == ["old"]
        assert list(found["b"].after) == ["new"]


def test_what_cannot_be_compared(db):
    numbers, words = db.list("numbers", int), db.list("words", str)
    with pytest.raises(TypeError, match="cannot be compared"):
        words.changes_since(numbers)
    with pytest.raises(TypeError):
        words.changes_since(["a"])
    with db.snapshot() as before:
        with db.transaction() as txn, pytest.raises(ValueError, match="write transaction"):
            txn.list("words").changes_since(before.list("words"))
        then = before.list("words")
    with pytest.raises(ValueError):
        words.changes_since(then)
