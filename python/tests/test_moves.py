"""Nested collections that move, are seen by snapshots, and are reopened."""

import copy
import threading

import pytest

import sapwood
from sapwood import Nested

plain = copy.deepcopy


@pytest.fixture
def db(path):
    with sapwood.open(path, durability="async") as db:
        shelf, items = db.dict("shelf", str), db.list("items")
        shelf["words"] = db.new_list(str, ["a"])
        shelf["box"] = db.new_dict(str, None, {"in": db.new_list(str, ["b"]), "plain": 5})
        items.extend([0, 1])
        items.insert(1, db.new_list(str, ["c"]))
        db.sorted_dict("typed", int, Nested)[1] = db.new_list(str, ["d"])
        yield db
        assert db.check() == []


def move(db, source, target):
    """A place is a name, or (name of a collection, keys and positions in it)."""

    def place(txn, where):
        if isinstance(where, str):
            return where
        found = txn[where[0]]
        for key in where[1:-1]:
            found = found[key]
        return found, where[-1]

    with db.transaction() as txn:
        txn.move(place(txn, source), place(txn, target))


def found_at(db, where):
    if isinstance(where, str):
        return db[where]
    found = db[where[0]]
    for key in where[1:]:
        found = found[key]
    return found


HELD = [("shelf", "words"), ("shelf", "box", "in"), ("typed", 1), ("items", 1)]
FREE = ["name", ("shelf", "new"), ("shelf", "box", "new"), ("typed", 9), ("items", 0)]


@pytest.mark.parametrize("target", [*FREE, *HELD[:3]], ids=str)
@pytest.mark.parametrize("source", HELD, ids=str)
def test_from_any_place_to_any_other(db, source, target):
    handle = found_at(db, source)
    contents = [*handle, "more"]
    move(db, source, target)
    handle.append("more")
    assert found_at(db, target) == handle == contents
    assert repr([plain(db[one["name"]]) for one in db.collections()]).count(repr(contents)) == 1  # it is nowhere else
    db.compact()
    assert found_at(db, target) == handle == contents
    is_replaced = target in HELD and target != source
    assert db.info()["nested_collections"] == 5 - is_replaced - (target == "name")


@pytest.mark.parametrize(("to", "expected"), [(0, [["c"], 0, 1]), (1, [0, ["c"], 1]), (2, [0, 1, ["c"]])])
def test_positions_in_its_own_list_are_those_without_it(db, to, expected):
    move(db, ("items", 1), ("items", to))
    assert plain(db["items"]) == expected
    move(db, ("items", expected.index(["c"]) - 3), ("items", 1))  # from the end, of what is to move
    assert plain(db["items"]) == [0, ["c"], 1]


def test_a_name_is_a_place_too(db):
    words, typed = db["shelf"]["words"], db["typed"]
    move(db, ("shelf", "words"), "words")
    assert "words" in db
    words.append("x")
    move(db, "words", "other")
    assert list(db["other"]) == list(words) == ["a", "x"]
    move(db, "other", ("shelf", "words"))
    assert "other" not in db
    move(db, "typed", ("shelf", "typed"))  # with all that is in it
    typed[1].append("y")
    assert plain(db["shelf"]["typed"]) == {1: ["d", "y"]}


def test_what_was_at_the_key_is_dropped_and_its_handles_say_so(db):
    old, new = db["shelf"]["box"], db["shelf"]["words"]
    inner = old["in"]
    move(db, ("shelf", "words"), ("shelf", "box"))
    for handle in (old, inner):
        with pytest.raises(sapwood.NotFoundError):
            len(handle)
    assert db["shelf"]["box"] == new == ["a"]


def test_a_handle_is_good_wherever_it_moves_and_whoever_goes(db):
    inner, box = db["shelf"]["box"]["in"], db["shelf"]["box"]
    move(db, ("shelf", "box", "in"), ("items", 0))
    del db["shelf"]["box"]
    inner.append("1")
    db.drop("shelf")
    inner.append("2")
    move(db, ("items", 0), "saved")
    db.drop("items")
    db.rename("saved", "renamed")
    inner.append("3")
    assert list(inner) == list(db["renamed"]) == ["b", "1", "2", "3"]
    with pytest.raises(sapwood.NotFoundError):
        len(box)
    db.drop("renamed")
    with pytest.raises(sapwood.NotFoundError):
        inner.append("4")


def test_within_a_transaction_it_moves_with_its_handles_and_back_when_undone(db):
    before = {name: plain(db[name]) for name in ("shelf", "items", "typed")}
    outside = db["shelf"]["words"]
    with db.transaction() as txn:
        shelf, items = txn["shelf"], txn["items"]
        words = shelf["words"]
        txn.move((shelf, "words"), (items, 0))
        words.append("x")
        with pytest.raises(KeyError), txn.savepoint():
            txn.move((items, 0), "words")
            words.append("y")
            assert list(txn["words"]) == ["a", "x", "y"]
            raise KeyError
        assert list(items[0]) == list(words) == ["a", "x"]
        assert "words" not in txn
        assert list(outside) == ["a"]  # not committed
        txn.rollback()
    assert {name: plain(db[name]) for name in before} == before
    outside.append("z")
    assert list(db["shelf"]["words"]) == ["a", "z"]


def test_within_a_batch_a_handle_finds_what_has_moved(db):
    """However its way there has gone since: it is found by its id."""
    words, inner, box = db["shelf"]["words"], db["shelf"]["box"]["in"], db["shelf"]["box"]
    move(db, ("shelf", "words"), ("items", 0))
    move(db, ("shelf", "box", "in"), "saved")
    db.rename("items", "renamed")
    db.drop("shelf")
    with db.batch():
        words.append("x")
        inner.append("y")
        with pytest.raises(sapwood.NotFoundError):
            len(box)
        assert (list(db["renamed"][0]), list(db["saved"])) == (["a", "x"], ["b", "y"])
    assert (list(words), list(inner)) == (["a", "x"], ["b", "y"])


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("absent", "x", LookupError),
        (("shelf", "absent"), "x", LookupError),
        (("shelf", "box", "plain"), "x", LookupError),
        (("items", 0), "x", LookupError),
        (("items", 99), "x", LookupError),
        (("items", -99), "x", LookupError),
        (("shelf", "words"), "items", sapwood.ExistsError),
        (("shelf", "words"), "", ValueError),
        (("shelf", "words"), ("items", 4), IndexError),
        (("shelf", "words"), ("typed", "text"), TypeError),
        (("shelf", "words"), ("numbers", 0), TypeError),
        (("shelf", "words"), ("rows", 0), TypeError),
        ("shelf", ("shelf", "itself"), ValueError),
        ("shelf", ("shelf", "box", "deeper"), ValueError),
        (("shelf", "box"), ("shelf", "box", "in"), ValueError),
        (7, "x", TypeError),
    ],
    ids=str,
)
def test_a_move_that_cannot_be_changes_nothing(db, source, target, error):
    db.list("numbers", int)
    db.records("rows")
    before = {one["name"]: plain(db[one["name"]]) for one in db.collections()}
    with pytest.raises(error):
        if source == 7:
            with db.transaction() as txn:
                txn.move(source, target)
        else:
            move(db, source, target)
    assert {one["name"]: plain(db[one["name"]]) for one in db.collections()} == before


def test_places_of_another_database_are_refused(db):
    with sapwood.open() as other:
        other.dict("shelf", str)["words"] = other.new_list(str, ["other"])
        with db.transaction() as txn, pytest.raises(ValueError, match="another database"):
            txn.move((other["shelf"], "words"), "words")
        with other.transaction() as foreign, db.transaction() as txn, pytest.raises(ValueError, match="another"):
            txn.move((txn["shelf"], "words"), (foreign["shelf"], "more"))


# --- Versions --------------------------------------------------------------------------------------------------------


def test_a_snapshot_sees_the_tree_as_it_was(db):
    names = ("shelf", "items", "typed")
    before = {name: plain(db[name]) for name in names}
    db.snapshot("before")
    with db.snapshot() as then:
        words, inner = then["shelf"]["words"], then["shelf"]["box"]["in"]
        move(db, ("shelf", "words"), ("items", 0))
        db["shelf"]["box"]["in"].clear()
        del db["shelf"]["box"]
        db.drop("typed")
        db.compact()
        assert {name: plain(then[name]) for name in names} == before
        assert (list(words), list(inner)) == (["a"], ["b"])
        for write in (lambda: words.append("x"), inner.clear, lambda: then["typed"][1].pop()):
            with pytest.raises(PermissionError):
                write()
    for handle in (words, inner):
        with pytest.raises(ValueError):
            len(handle)
    with db.at("before") as then:
        assert {name: plain(then[name]) for name in names} == before
    assert plain(db["items"]) == [["a"], 0, ["c"], 1]


def test_all_is_there_again_after_reopening(path):
    with sapwood.open(path) as db:
        shelf = db.dict("shelf", str)
        shelf["a"] = db.new_dict(str, None, {"list": db.new_list(int, range(1000)), "rows": db.new_records()})
        shelf["a"]["rows"].append({"name": "x"})
        shelf["b"] = db.new_set(str)
        move(db, ("shelf", "a", "list"), ("shelf", "c"))
        handle = shelf["c"]
        before = plain(shelf)
    for use in (lambda: len(handle), lambda: list(handle), lambda: shelf["a"]):
        with pytest.raises(ValueError):
            use()
    for mode in "rw":
        with sapwood.open(path, mode) as db:
            assert plain(db["shelf"]) == before
            assert [type(db["shelf"][key]) for key in "abc"] == [sapwood.Dict, sapwood.Set, sapwood.List]
    with sapwood.open(path) as db:
        db.backup(str(path) + "2")
        db.compact_to(str(path) + "3")
    for number in "23":
        with sapwood.open(str(path) + number, "r") as db:
            assert plain(db["shelf"]) == before
            assert db.check() == []


def test_a_handle_of_what_was_undone_is_of_no_other_collection(db):
    """What a batch made that was rolled back gets lost; what comes after it in its place is something else."""
    shelf, words = db["shelf"], db["shelf"]["words"]
    for undo in (db.batch, db.transaction):
        with pytest.raises(KeyError), undo() as txn:
            owner = txn or db
            lost = [owner.list("new", int), owner["shelf"]["words"]]
            owner["shelf"]["more"] = db.new_list(int, [1])
            lost += [owner["shelf"]["more"]]
            lost[0].append(5)
            raise KeyError
        kept = lost.pop(1) if txn is None else words  # it was there before
        db.list("later", str).append("x")
        shelf["later"] = db.new_list(str, ["y"])
        for handle in lost:
            for use in (lambda: len(handle), lambda: list(handle), handle.clear):
                with pytest.raises((LookupError, ValueError)):
                    use()
            with pytest.raises((LookupError, ValueError)), db.batch():
                handle.clear()
        kept.append("z")
        assert (list(db["later"]), list(shelf["later"])) == (["x"], ["y"])
        db.drop("later")
    assert list(words) == ["a", "z", "z"]
    with db.batch():
        made = db.list("made", int)
        made.append(1)
    made.append(2)
    with db.batch():
        made.append(3)
    assert list(made) == [1, 2, 3]


def test_threads_change_nested_ones_of_one_parent(db):
    shelf = db.dict("many", int)
    for i in range(4):
        shelf[i] = db.new_list(int)

    def work(number):
        mine = shelf[number]
        for i in range(100):
            mine.append(i)
            shelf[(number + 1) % 4].append(-1)
            if i % 10 == 0:
                shelf[10 + number] = db.new_dict(str, None, {"i": i, "in": db.new_list(int, [i])})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        assert [n for n in shelf[i] if n != -1] == list(range(100))
        assert shelf[i].count(-1) == 100
        assert plain(shelf[10 + i]) == {"i": 90, "in": [90]}
    db.compact()
    assert db.info()["nested_collections"] == 5 + 4 + 8


def test_what_cannot_move_stays(db):
    shelf, items = db.dict("other shelf", str), db.list("other items")
    shelf["a"] = db.new_list(int, [1])
    items.append(db.new_list(int, [2]))
    for change in (items.reverse, lambda: items.sort(key=len), lambda: items.__imul__(2)):  # they put what they read
        with pytest.raises(TypeError):
            change()
    assert (plain(shelf), plain(items)) == ({"a": [1]}, [[2]])
