"""Python code that runs in the middle of a call: it may change, end or close what the call is about. And what it leaves
open. Each of these was wrong once."""

import gc
import threading

import numpy
import pytest

import sapwood
from sapwood import _database


@pytest.fixture
def db(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db:
        yield db
        assert db.check() == []


class Codec:
    """Stores text as bytes, and calls `hook` at each encoding and decoding."""

    def __init__(self):
        self.on_encode = self.on_decode = lambda: None

    def encode(self, value):
        self.on_encode()
        return value.encode()

    def decode(self, stored):
        self.on_decode()
        return stored.decode()


def test_batches_go_by_the_collection_not_by_its_name(db):
    numbers = db.list("numbers", int)
    numbers.extend([3, 1, 2])
    db.rename("numbers", "old")
    other = db.list("numbers", int)
    other.extend([9, 8])
    numbers.sort()
    del numbers[0]
    assert (list(numbers), list(other)) == ([2, 3], [9, 8])
    db.drop("old")
    db.list("old", str).append("text")
    with pytest.raises(LookupError):
        numbers.sort()
    assert list(db["old"]) == ["text"]


def test_batches_name_drop_and_find_what_they_see(db):
    with db.batch():
        db.list("new", int).append(1)
        assert "new" in db
        assert db["new"][0] == 1
        db.rename("new", "newer")
        assert [one["name"] for one in db.collections()] == ["newer"]
        db.list("gone", int)
        assert db.drop("gone")
    assert [one["name"] for one in db.collections()] == ["newer"]


def test_items_too_wide_for_blocks(db):
    wide = db.list("wide", numpy.dtype("V1300"))
    item = numpy.frombuffer(b"x" * 1300, "V1300")[0]
    wide.extend([item] * 20)
    assert len(wide) == 20
    assert bytes(wide[19]) == b"x" * 1300


def test_a_closed_set_does_not_say_that_nothing_is_there():
    db = sapwood.open()
    names, ages = db.set("names", str), db.dict("ages", str, int)
    names.add("a")
    db.close()
    for use in (lambda: "a" in names, lambda: names.discard("a"), lambda: names.remove("a"), lambda: "a" in ages):
        with pytest.raises(ValueError):
            use()


def test_what_fails_within_a_batch_is_undone_within_it(db):
    shelf = db.dict("shelf")
    shelf["k"] = "old"
    ages = db.dict("ages", str, int)
    with db.batch():
        with pytest.raises(TypeError):
            shelf["k"] = db.new_list(int, [1, "x"])
        with pytest.raises(TypeError):
            ages.update({"a": 1}, b="two")
    assert shelf["k"] == "old"
    assert len(ages) == 0
    with db.transaction() as txn:
        inner = txn.dict("ages")
        with pytest.raises(TypeError):
            inner.update({"a": 1}, b="two")
    assert len(ages) == 0


def test_what_is_changed_while_it_is_encoded(db):
    codec = Codec()
    rows = db.records("rows", codec)
    row = {f"name {i}": "value" for i in range(100)}
    codec.on_encode = row.clear
    rows.append(row)
    assert len(rows[0]) == 100

    class Evil(float):
        def __float__(self):
            items.clear()
            gc.collect()
            return 1.0

    items = [Evil(1) for _ in range(1000)]
    db.list("anything").append(items)
    codec.on_encode = lambda: texts.append("inner")
    texts = db.list("texts")  # its hook is never called: another type
    db.list("coded", codec).append("outer")
    assert list(texts) == ["inner"]


def test_decoding_may_end_the_transaction_that_it_is_in(db):
    codec = Codec()
    coded = db.list("coded", codec)
    coded.extend(["a", "b", "c"])
    snapshot = db.snapshot()
    seen = snapshot.list("coded", codec)
    codec.on_decode = snapshot.close
    assert seen.get_many([0, 1, 2]) == ["a", "b", "c"]
    with pytest.raises(ValueError):
        seen[0]
    with db.transaction() as txn:
        mine = txn.list("coded", codec)
        codec.on_decode = lambda: len(mine) < 50 and mine.insert(0, "new")
        assert mine[2] == "c"
        codec.on_decode = lambda: None


def test_a_codec_that_raises_loses_nothing(db):
    codec = Codec()
    coded, by_name = db.list("coded", codec), db.dict("by name", str, codec)
    coded.append("a")
    by_name["k"] = "v"

    def fail():
        raise ZeroDivisionError

    codec.on_decode = fail
    for pop in (coded.pop, lambda: by_name.pop("k"), by_name.popitem):
        with pytest.raises(ZeroDivisionError):
            pop()
    codec.on_decode = lambda: None
    assert (list(coded), dict(by_name.items())) == (["a"], {"k": "v"})


def test_iterators_that_are_used_while_they_decode(db):
    codec = Codec()
    coded = db.list("coded", codec)
    coded.extend(str(i) for i in range(10))
    iterator = iter(coded)
    inner = []

    def step():
        codec.on_decode = lambda: None
        inner.append(next(iterator))

    codec.on_decode = step
    assert next(iterator) == "0"
    assert inner == ["1"]
    assert list(iterator) == [str(i) for i in range(2, 10)]
    rows = db.records("rows", codec)
    rows.append({"a": "x"})
    column = iter(rows.column("a"))
    codec.on_decode = lambda: list(column)
    assert list(column) == ["x"]


def test_closing_from_within_a_call_is_refused(db):
    db.list("numbers", int).extend(range(1000))
    with pytest.raises(sapwood.InUseError):
        db.check(progress=lambda done, total: db.close())


def test_positions_are_those_of_the_moment(db):
    numbers = db.list("numbers", int)
    numbers.extend(range(1000))
    wrong = []

    def pop():
        for _ in range(200):
            try:
                numbers.pop()
                numbers[-1] = -1
            except IndexError as error:
                wrong.append(error)

    threads = [threading.Thread(target=pop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(numbers) == 200


def test_batches_of_threads_that_ended_can_be_rolled_back(db):
    numbers = db.list("numbers", int)

    def opened():
        with db.batch():
            numbers.append(1)
            yield

    generator = opened()
    thread = threading.Thread(target=next, args=(generator,))
    thread.start()
    thread.join()
    others = []
    thread = threading.Thread(target=lambda: others.append(len(numbers)))  # maybe with the same thread id
    thread.start()
    thread.join()
    assert others == [0]
    with pytest.raises(ValueError):
        generator.close()
    numbers.append(2)
    assert list(numbers) == [2]


def test_many_batches_end_while_others_begin(tmp_path):
    with sapwood.open(tmp_path / "y.sapwood") as db:
        numbers = db.list("numbers", int)

        def work():
            for _ in range(50):
                with db.batch():
                    numbers.append(1)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(numbers) == 300


def test_objects_of_caches_go_with_them(db):
    class Counted:
        alive = 0

        def __init__(self):
            Counted.alive += 1

        def __del__(self):
            Counted.alive -= 1

    codec = Codec()
    codec.decode = lambda stored: Counted()
    db.list("coded", Codec()).extend(["a"] * 100)
    cached = db.list("coded", codec, cache="lru", cache_size=10)
    for i in range(100):
        cached[i]
    assert 0 < Counted.alive <= 11
    del cached
    gc.collect()
    assert Counted.alive == 0


def test_a_moved_collection_is_found_by_a_handle_of_an_ended_batch(db):
    with db.batch():
        here, there = db.dict("here"), db.dict("there")
        here["x"] = db.new_list(int, [1])
        handle = here["x"]
    with db.transaction() as txn:
        txn.move((txn.dict("here"), "x"), (txn.dict("there"), "y"))
        txn.drop("here")
    with db.batch():
        handle.append(2)
    assert list(handle) == list(there["y"]) == [1, 2]
    db.drop("there")
    with db.batch(), pytest.raises(LookupError, match="was dropped"):
        handle.append(3)


def test_a_cache_with_nested_collections_keeps_nothing_alive():
    books = sapwood.Dict(cache="lru")
    books["a"] = sapwood.Database.new_list(int, [1])
    assert list(books["a"]) == list(books["a"]) == [1]
    before = len(_database._all_databases)
    gc.disable()
    del books
    gc.enable()
    assert len(_database._all_databases) == before - 1
