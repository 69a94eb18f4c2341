"""Collections in collections: put with their contents, read and changed live, gone with their entry."""

import copy

import pytest

import sapwood
from sapwood import Nested


@pytest.fixture
def db(path):
    with sapwood.open(path, durability="async") as db:
        yield db
        assert db.check() == []


def plain(value):
    """The same, as plain lists, dicts and sets."""
    return copy.deepcopy(value)


#: Each kind: how a new one is made, what it holds, and a change that makes it hold something else.
KINDS = {
    "list": (lambda db: db.new_list(int, [3, 1, 2]), [3, 1, 2], lambda c: c.sort(), [1, 2, 3]),
    "dict": (lambda db: db.new_dict(str, int, {"a": 1}), {"a": 1}, lambda c: c.update(b=2), {"a": 1, "b": 2}),
    "sorted_dict": (
        lambda db: db.new_sorted_dict(int, str, [(2, "b"), (1, "a")]),
        {1: "a", 2: "b"},
        lambda c: c.__delitem__(slice(2, None)),
        {1: "a"},
    ),
    "set": (lambda db: db.new_set(str, "aab"), {"a", "b"}, lambda c: c.add("c"), {"a", "b", "c"}),
    "sorted_set": (lambda db: db.new_sorted_set(float, (2, 1)), {1.0, 2.0}, lambda c: c.pop(), {1.0}),
    "records": (
        lambda db: db.new_records(None, [{"a": 1}, None]),
        [{"a": 1}, None],
        lambda c: c.update(1, {"b": [2]}),
        [{"a": 1}, {"b": [2]}],
    ),
    "empty list": (lambda db: db.new_list(), [], lambda c: c.append("x"), ["x"]),
    "json list": (lambda db: db.new_list("json", [{"b": 1, "a": []}]), [{"b": 1, "a": []}], lambda c: c.clear(), []),
}


def put_in_list(db, new):
    items = db.list("list")
    items.append("first")
    items.insert(0, new)
    return lambda: items[0]


def set_in_list(db, new):
    items = db.list("list", Nested)
    items.append(db.new_dict())
    items.append(db.new_list())
    items[-1] = new
    return lambda: items[1]


def put_in_dict(kind, *types):
    def put(db, new):
        parent = getattr(db, kind)("parent", *types)
        parent["key"] = new
        return lambda: parent["key"]

    return put


def put_in_nested(db, new):
    shelf = db.dict("shelf", str)
    shelf["a"] = db.new_list(None, ["x", db.new_sorted_dict(int, Nested, {5: new})])
    return lambda: shelf["a"][1][5]


PARENTS = {
    "list": put_in_list,
    "list of collections": set_in_list,
    "dict": put_in_dict("dict", str),
    "dict of anything": put_in_dict("dict"),
    "sorted dict of collections": put_in_dict("sorted_dict", str, Nested),
    "deeper": put_in_nested,
}


# --- Putting and using -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parent", PARENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_lives_in_every_other(path, parent, kind):
    make, before, change, after = KINDS[kind]
    with sapwood.open(path, durability="async") as db:
        found = PARENTS[parent](db, make(db))
        handle = found()
        assert type(handle) is getattr(sapwood, kind.split()[-1].title().replace("_", ""))
        assert plain(handle) == before
        change(handle)
        assert plain(handle) == plain(found()) == after
        [named] = db.collections()
        tree = plain(db[named["name"]])
        db.compact()
        assert plain(handle) == after
        assert db.check() == []
    with sapwood.open(path, "r") as db:
        assert plain(db[named["name"]]) == tree
        assert db.info()["nested_collections"] >= 1


@pytest.mark.parametrize("depth", [1, 10, 100])
def test_they_nest_to_any_depth(path, depth):
    with sapwood.open(path, durability="async") as db:
        contents = db.new_list(int, [1, 2])
        for level in range(depth):
            contents = db.new_dict(None, None, {"in": contents, "level": level})
        shelf = db.dict("shelf", str)
        shelf["deep"] = contents
        inner = shelf["deep"]
        for _ in range(depth):
            inner = inner["in"]
        inner.append(3)
        assert db.info()["nested_collections"] == depth + 1
    with sapwood.open(path) as db:
        inner = db.dict("shelf")["deep"]
        for level in reversed(range(depth)):
            assert inner["level"] == level
            inner = inner["in"]
        assert list(inner) == [1, 2, 3]
        del db.dict("shelf")["deep"]
        with pytest.raises(LookupError):
            len(inner)
        db.compact()
        assert db.info()["nested_collections"] == 0


def test_handles_are_of_the_same_collection(db):
    shelf = db.dict("shelf", str)
    shelf["words"] = db.new_list(str, ["a"])
    one, other = shelf["words"], shelf["words"]
    one.append("b")
    assert list(other) == ["a", "b"]
    assert one == other == ["a", "b"]
    with db.transaction() as txn:
        inside = txn.dict("shelf")["words"]
        inside.append("c")
        assert (len(inside), len(one)) == (3, 2)
        with pytest.raises(sapwood.WouldDeadlockError):
            one.append("d")
    with db.batch():
        one.append("d")
        assert (len(one), len(other)) == (4, 4)
    with pytest.raises(KeyError), db.batch():
        one.clear()
        shelf["more"] = db.new_list()
        raise KeyError
    assert list(one) == ["a", "b", "c", "d"]
    assert "more" not in shelf
    with pytest.raises(ValueError):
        len(inside)


def test_large_ones_and_many_small_ones(path):
    """Small ones lie in their entry; as they grow they get pages of their own, and give them back."""
    with sapwood.open(path, durability="async") as db:
        shelf = db.dict("shelf", int)
        with db.batch():
            for i in range(500):
                shelf[i] = db.new_list(str, ["x" * (i % 50)] * (i % 7))
        large = shelf[3]
        for size in (10, 20_000, 5, 0, 300):
            large[:] = [str(n) for n in range(size)]
            assert len(shelf[3]) == size
        large.append("y" * 1_000_000)
        assert db.check() == []
    with sapwood.open(path, "r") as db:
        shelf = db.dict("shelf")
        assert len(shelf[3][-1]) == 1_000_000
        assert all(list(shelf[i]) == ["x" * (i % 50)] * (i % 7) for i in range(4, 500))


def test_contents_come_from_any_iterable(db):
    shelf = db.dict("shelf", str)
    numbers = db.list("numbers", int)
    numbers.extend(range(5))
    for contents in (range(5), iter(range(5)), (n for n in numbers), numbers, tuple(range(5))):
        shelf["list"] = db.new_list(int, contents)
        assert list(shelf["list"]) == list(range(5))
    ages = db.sorted_dict("ages", str, int)
    ages["a"] = 1
    for contents in ({"a": 1}, [("a", 1)], iter([["a", 1]]), ages, ages.items()):
        shelf["dict"] = db.new_dict(str, int, contents)
        shelf["anything"] = db.new_dict(str, None, contents if not hasattr(contents, "__next__") else [("a", 1)])
        assert plain(shelf["dict"]) == plain(shelf["anything"]) == {"a": 1}
    again = db.new_list(int, [1])
    shelf["one"], shelf["two"] = again, again  # each is one of its own
    shelf["one"].append(2)
    assert list(shelf["two"]) == [1]


def fails(items):
    yield from items
    raise ZeroDivisionError


@pytest.mark.parametrize("within", ["alone", "batch"])
def test_contents_that_fail_leave_all_as_it_was(db, within):
    shelf, items = db.dict("shelf", str), db.list("items")
    shelf["old"] = db.new_list(int, [1, 2])
    items.append(db.new_set(str, ["a"]))
    old, before = shelf["old"], (plain(shelf), plain(items))

    def puts():
        for put, error in (
            (lambda: shelf.__setitem__("new", db.new_list(int, fails([1, 2]))), ZeroDivisionError),
            (lambda: shelf.__setitem__("new", db.new_list(None, fails([1, db.new_list()]))), ZeroDivisionError),
            (lambda: shelf.__setitem__("old", db.new_dict(str, int, fails([("a", 1)]))), ZeroDivisionError),
            (lambda: shelf.__setitem__("old", db.new_list(int, [1, "x"])), TypeError),
            (lambda: shelf.__setitem__("old", db.new_list(int, 5)), TypeError),
            (lambda: shelf.__setitem__("old", db.new_dict(None, None, {"a": db.new_list(int, "x")})), TypeError),
            (lambda: items.append(db.new_records(int, [{"a": 1}, {"a": "x"}])), TypeError),
            (lambda: items.insert(0, db.new_set(int, fails([1]))), ZeroDivisionError),
            (lambda: items.__setitem__(0, db.new_sorted_set(int, fails([1]))), ZeroDivisionError),
        ):
            with pytest.raises(error):
                put()

    if within == "batch":
        with db.batch():
            puts()
    else:
        puts()
    assert (plain(shelf), plain(items)) == before
    assert list(old) == [1, 2]
    assert db.info()["nested_collections"] == 2


def test_where_no_collection_can_be(db):
    shelf, rows = db.dict("shelf", str), db.records("rows")
    shelf["a"] = db.new_list(int, [1])
    rows.append({})
    for put in (
        lambda: db.list("numbers", int).append(db.new_list()),
        lambda: db.dict("ages", str, int).__setitem__("a", db.new_list()),
        lambda: db.set("elements").add(db.new_set()),
        lambda: shelf.__setitem__(db.new_list(), 1),
        lambda: rows.append(db.new_dict()),
        lambda: rows.append({"field": db.new_list()}),
        lambda: rows.__setitem__((0, "field"), db.new_list()),
        lambda: shelf.__setitem__("b", [db.new_list()]),  # in a value, not as one
        lambda: shelf.__setitem__("b", shelf["a"]),  # it has one place: move() it
        lambda: shelf.__setitem__("b", shelf),
        lambda: db.list("shelves", Nested).append([1, 2]),
    ):
        with pytest.raises(TypeError):
            put()
    assert (plain(shelf), list(rows)) == ({"a": [1]}, [{}])


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_values_that_are_collections_are_read_as_others(db):
    items, ages = db.list("items"), db.sorted_dict("ages", int)
    for i in range(4):
        items.append(db.new_list(int, [i]))
        ages[i] = db.new_dict(str, int, {"n": i})
    assert [list(item) for item in items] == [list(item) for item in items[:]] == [[0], [1], [2], [3]]
    assert [list(item) for item in reversed(items)] == [[3], [2], [1], [0]]
    assert [list(item) for item in items[::-2]] == [[3], [1]]
    assert [list(item) for item in items.get_many([2, 0])] == [[2], [0]]
    assert [list(item) for item in items.scan(lambda item: 2 in item)] == [[2]]
    assert ([2] in items, items.index([2]), items.count([2])) == (True, 2, 1)
    assert [dict(value.items()) for value in ages.values()] == [{"n": i} for i in range(4)]
    assert [(key, value["n"]) for key, value in ages.items()] == [(i, i) for i in range(4)]
    assert [value["n"] for _, value in ages.range_items(1, 3)] == [1, 2]
    assert (ages.floor(9)[1]["n"], ages.peekitem(0)[1]["n"], ages.get(7)) == (3, 0, None)
    assert all(found == {"n": key} for key, found in ages.sample(4, 1))
    for key, value in ages.items():
        value["n"] = key + 10
    assert [value["n"] for value in ages.get_many([0, 3])] == [10, 13]


def test_trees_are_compared_and_copied(db):
    tree = {"list": [1, [2, {"x": {3}}]], "dict": {"k": [4]}}

    def put(owner, key):
        inner = db.new_list(None, [2, db.new_dict(str, None, {"x": db.new_set(int, [3])})])
        owner[key] = db.new_dict(str, None, {"list": db.new_list(None, [1, inner])})
        owner[key]["dict"] = db.new_dict(None, None, {"k": db.new_list(int, [4])})

    shelf = db.dict("shelf", str)
    put(shelf, "a")
    put(shelf, "b")
    assert shelf["a"] == shelf["b"] == tree
    assert tree == shelf["a"]
    assert copy.deepcopy(shelf) == {"a": tree, "b": tree}
    deep, shallow = copy.deepcopy(shelf["a"]), copy.copy(shelf["a"])
    shelf["a"]["list"][1][1]["x"].add(5)
    assert shelf["a"] != shelf["b"]
    assert (shelf["a"] == tree, shelf["b"] == tree) == (False, True)
    assert deep == tree  # plain all the way down
    assert type(deep["list"][1][1]["x"]) is set
    assert shallow == shelf["a"]  # what is in it is live
    shelf["c"] = 5
    assert shelf["a"] != shelf["c"]
    assert shelf.copy()["b"] == tree


# --- Going -----------------------------------------------------------------------------------------------------------


def tree_of(db):
    inner = db.new_sorted_dict(int, Nested, {n: db.new_list(str, ["y" * 300] * 20) for n in range(20)})
    return db.new_dict(str, None, {"numbers": db.new_list(int, range(20_000)), "inner": inner})


def remove_in_batch(db, shelf, items):
    with db.batch():
        del shelf["tree"]
        items.remove(items[0])


def remove_in_transaction(db, shelf, items):
    with db.transaction() as txn:
        del txn.dict("shelf")["tree"]
        txn.list("items").clear()


REMOVALS = {
    "del": lambda db, shelf, items: (shelf.__delitem__("tree"), items.__delitem__(0)),
    "replace": lambda db, shelf, items: (shelf.__setitem__("tree", 5), items.__setitem__(0, 5)),
    "replace by an empty one": lambda db, shelf, items: (
        shelf.__setitem__("tree", db.new_set()), shelf.__delitem__("tree"),
        items.__setitem__(0, db.new_list()), items.__delitem__(0),
    ),
    "slice": lambda db, shelf, items: (shelf.update(tree=None), items.__setitem__(slice(0, 1), [1, 2])),
    "delete slice": lambda db, shelf, items: (shelf.update({"tree": 1}), items.__delitem__(slice(None, None, 2))),
    "swap_delete": lambda db, shelf, items: (shelf.put("tree", 1), items.swap_delete(0)),
    "clear": lambda db, shelf, items: (shelf.clear(), items.clear()),
    "drop": lambda db, shelf, items: (db.drop("shelf"), db.drop("items")),
    "batch": remove_in_batch,
    "transaction": remove_in_transaction,
}


@pytest.mark.parametrize("how", REMOVALS)
def test_what_goes_takes_all_below_with_it_and_gives_its_pages_back(db, how):
    shelf, items = db.dict("shelf", str), db.list("items")
    db.compact()
    before = db.info()
    shelf["tree"] = tree_of(db)
    items.append(tree_of(db))
    assert db.info()["nested_collections"] == 46
    assert db.info()["live_pages"] > before["live_pages"] + 50
    handles = [shelf["tree"], shelf["tree"]["numbers"], shelf["tree"]["inner"][19], items[0], items[0]["inner"]]
    REMOVALS[how](db, shelf, items)
    for handle in handles:
        for use in (lambda: len(handle), lambda: list(handle), lambda: plain(handle), lambda: handle.clear()):
            with pytest.raises(sapwood.NotFoundError, match="was dropped"):
                use()
        assert "dropped" in repr(handle)
    db.drop("shelf")
    db.drop("items")
    db.dict("shelf", str)
    db.list("items")
    db.compact()
    after = db.info()
    assert after["nested_collections"] == 0
    assert after["live_pages"] == before["live_pages"]


def test_what_is_undone_is_there_again(db):
    shelf = db.dict("shelf", str)
    shelf["a"] = db.new_list(int, [1, 2])
    shelf["b"] = db.new_dict(str, None, {"in": db.new_list(int, [3])})
    handle, inner, before = shelf["a"], shelf["b"]["in"], plain(shelf)
    with db.transaction() as txn:
        inside = txn.dict("shelf")
        with pytest.raises(KeyError), txn.savepoint():
            inside["a"].append(9)
            del inside["a"]
            inside["b"] = 5
            inside["c"] = db.new_list()
            raise KeyError
        assert plain(inside) == before
        inside.clear()
        txn.rollback()
    assert plain(shelf) == before
    handle.append(3)
    inner.append(4)
    assert plain(shelf) == {"a": [1, 2, 3], "b": {"in": [3, 4]}}


def test_what_is_popped_is_a_plain_copy(db):
    """The collection goes with its entry."""
    shelf, items = db.dict("shelf", str), db.list("items")
    shelf["a"] = db.new_list(None, [1, db.new_dict(str, None, {"deep": db.new_set(int, [2])})])
    shelf["b"] = "text"
    items.extend([1, db.new_list(int, [2]), 3])
    assert items.pop(-2) == [2]
    assert items.pop() == 3
    popped = dict([shelf.popitem(), shelf.popitem()])
    assert popped == {"a": [1, {"deep": {2}}], "b": "text"}
    shelf["c"] = db.new_sorted_dict(int, str, {1: "x"})
    assert shelf.pop("c") == {1: "x"}
    assert shelf.pop("c", None) is None
    with pytest.raises(KeyError):
        shelf.pop("c")
    for pop, error in ((shelf.popitem, KeyError), (lambda: items.pop(1), IndexError)):
        with pytest.raises(error):
            pop()
    assert (plain(shelf), plain(items)) == ({}, [1])
    assert db.info()["nested_collections"] == 0


def test_many_are_put_at_once(db):
    shelf, items = db.dict("shelf", str), db.list("items")
    shelf.update({"a": 1, "b": db.new_list(int, [2]), "c": db.new_dict(str, int, {"x": 3}), "d": 4})
    assert plain(shelf) == {"a": 1, "b": [2], "c": {"x": 3}, "d": 4}
    shelf.setdefault("b", db.new_list(int)).append(5)
    shelf.setdefault("e", db.new_list(int)).append(6)
    assert (plain(shelf["b"]), plain(shelf["e"])) == ([2, 5], [6])
    items.extend([0, db.new_list(int, [1]), db.new_list(), 3])
    items[1:1] = [db.new_set(int, [7]), "between"]
    items[-1:] = ["end", db.new_list(int, [8])]
    items += [db.new_list(str, ["last"])]
    assert plain(items) == [0, {7}, "between", [1], [], "end", [8], ["last"]]
    fresh = db.sorted_dict("fresh", int)
    fresh.bulk_load([(1, "x"), (2, db.new_list(int, [9])), (3, "y")])
    assert plain(fresh) == {1: "x", 2: [9], 3: "y"}


def test_many_of_which_one_is_wrong_leave_nothing(db):
    shelf, items = db.dict("shelf", str), db.list("items")
    shelf["a"] = db.new_list(int, [1])
    items.append(db.new_list(int, [2]))
    for put in (
        lambda: shelf.update([("b", db.new_list(int, [3])), ("a", 4), ("c", object())]),
        lambda: shelf.update([("a", db.new_list(int, ["no int"]))]),
        lambda: items.extend([db.new_list(int, [3]), object()]),
        lambda: items.__setitem__(slice(0, 1), [db.new_list(int, [3]), db.new_list(int, ["no int"])]),
    ):
        with pytest.raises(TypeError):
            put()
        assert (plain(shelf), plain(items)) == ({"a": [1]}, [[2]])
    assert db.info()["nested_collections"] == 2


def test_many_where_no_collection_can_be_leave_nothing(db):
    timed = db.dict("timed", str, timestamps=True)
    packed = db.list("packed", compression=3)
    rows = db.records("rows")
    for call in (
        lambda: timed.update({"a": 1, "b": db.new_list(int, [1])}),
        lambda: timed.bulk_load([("a", 1), ("b", db.new_list(int, [1]))]),
        lambda: packed.extend([1, db.new_list()]),
        lambda: rows.extend([{"z": 1}, db.new_list()]),
        lambda: rows.__setitem__(slice(0, 0), [{"z": 1}, db.new_list()]),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert (len(timed), len(packed), len(rows)) == (0, 0, 0)


def test_changed_in_place_is_put_back(db):
    shelf, items = db.dict("shelf", str), db.list("items")
    shelf["words"] = db.new_list(str, ["call"])
    shelf["words"] += ["me"]
    shelf["seen"] = db.new_set(int, [1])
    shelf["seen"] |= {2}
    items.append(db.new_list(int, [1]))
    items[0] += [2]
    items[-1] += [3]
    with db.transaction() as txn:
        txn.dict("shelf")["words"] += ["Ishmael"]
    with pytest.raises(TypeError):
        shelf["other"] = shelf["words"]
    assert plain(shelf) == {"words": ["call", "me", "Ishmael"], "seen": {1, 2}}
    assert plain(items) == [[1, 2, 3]]


def test_contents_are_put_as_often_as_asked(db):
    shelf = db.dict("shelf", str)
    new = db.new_list(int, (i for i in range(3)))
    shelf["a"] = new
    shelf["b"] = new
    assert plain(shelf) == {"a": [0, 1, 2], "b": [0, 1, 2]}


def test_contents_can_be_what_is_replaced(db):
    shelf = db.dict("shelf", str)
    shelf["a"] = db.new_list(int, [1, 2])
    shelf["a"] = db.new_list(int, shelf["a"])
    shelf["b"] = db.new_set(int, shelf["a"])
    assert plain(shelf) == {"a": [1, 2], "b": {1, 2}}
    with pytest.raises(ValueError, match="in another collection"):
        shelf["a"].metrics
