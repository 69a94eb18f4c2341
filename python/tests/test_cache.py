"""Caches of decoded values: what they keep, what leaves first, and that what they give is never stale."""

import os
import pickle
import random
import subprocess
import sys
import threading

import pytest

import sapwood

POLICIES = ["lru", "fifo", "lfu"]
KINDS = ["list", "dict", "sorted_dict", "records"]
SIZE = 50


@pytest.fixture
def db(path):
    with sapwood.open(path, durability="async") as db:
        yield db
        assert db.check() == []


def opened(owner, kind, **options):
    return getattr(owner, kind)(kind, **options)


def value_of(kind, number):
    return {"n": number} if kind == "records" else [number]


def filled(db, kind, **options):
    """Entries 0 to SIZE, each with a value made of its number, behind a cache."""
    entries = opened(db, kind, **options)
    values = [value_of(kind, number) for number in range(SIZE)]
    entries.update(enumerate(values)) if "dict" in kind else entries.extend(values)
    return entries


def all_of(entries):
    """Through the cache, twice: what the first round kept is what the second one gives."""
    keys = sorted(entries) if isinstance(entries, sapwood.Dict) else range(len(entries))
    for _ in range(2):
        found = [entries[key] for key in keys]
    return found


def counted(entries):
    """(hits, misses, evictions) so far."""
    found = entries.metrics["cache"]
    return found["hits"], found["misses"], found["evictions"]


# --- What a cache keeps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_asked_for_again_is_the_same_object(db, kind, policy):
    entries = filled(db, kind, cache=policy)
    assert isinstance(entries, getattr(sapwood, kind.title().replace("_", "")))
    assert counted(entries) == (0, 0, 0)
    first = entries[7]
    assert first == value_of(kind, 7)
    assert entries[7] is first
    if "dict" in kind:
        assert entries.get(7) is first
    else:
        assert entries[7 - SIZE] is first
        assert entries[3:8][4] == first  # slices do not go through it
    assert all_of(entries) == [value_of(kind, number) for number in range(SIZE)]
    hits, misses, evictions = counted(entries)
    assert (misses, evictions) == (SIZE, 0)
    found = entries.metrics["cache"]
    assert found["entries"] == SIZE
    assert found["bytes"] > 0
    assert found["hit_rate"] == hits / (hits + misses)
    assert "cache" not in opened(db, kind).metrics  # of this handle alone


def test_what_is_absent_is_absent(db):
    for kind in KINDS:
        entries = filled(db, kind, cache="lru")
        for key in (SIZE, SIZE + 100):
            with pytest.raises(KeyError if "dict" in kind else IndexError):
                entries[key]
        if "dict" in kind:
            assert entries.get(SIZE, "absent") == "absent"
            entries[3] = None
            assert (entries[3], entries.get(3, "absent")) == (None, None)
    rows = opened(db, "records", cache="lru")
    rows.reserve(1)
    assert (rows[-1], rows[-1]) == (None, None)
    assert rows[0, "n"] == 0


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_no_more_than_it_may(db, kind, policy):
    entries = filled(db, kind, cache=policy, cache_size=10)
    for seed in range(5):
        for key in random.Random(seed).choices(range(SIZE), k=100):
            assert entries[key] == value_of(kind, key)
            assert entries.metrics["cache"]["entries"] <= 10
    hits, misses, evictions = counted(entries)
    assert hits + misses == 500
    assert evictions == misses - 10


def test_a_size_may_be_one_of_bytes(db):
    texts = db.list("texts", str)
    texts.extend(str(i) * 500 for i in range(100))
    cached = db.list("texts", str, cache="lru", cache_size="16KB")
    assert all_of(cached) == list(texts)
    found = cached.metrics["cache"]
    assert 8_000 < found["bytes"] <= 16_384
    assert found["evictions"] > 0
    texts.append("x" * 20_000)
    before = found["entries"]
    assert cached[-1] == cached[-1] == "x" * 20_000  # too large: it is not kept, and displaces nothing
    assert cached.metrics["cache"]["entries"] == before
    for size in ("64KB", "1 mb", "1GB", "999999999999GB"):
        cached = db.list("texts", str, cache="fifo", cache_size=size)
        assert cached[5] is cached[5]
    for size in (0, "0KB"):
        cached = db.list("texts", str, cache="lru", cache_size=size)
        assert cached[5] == cached[5]
        assert counted(cached) == (0, 2, 0)


def still_there(entries, keys):
    """Which of the keys a cache still has."""
    there = set()
    for key in keys:
        before = counted(entries)[0]
        entries[key]
        if counted(entries)[0] > before:
            there.add(key)
    return there


@pytest.mark.parametrize(("policy", "kept"), [("lru", [0, 1]), ("fifo", [2]), ("lfu", [0, 1])])
def test_policies_choose_what_leaves(db, policy, kept):
    """0, 1 and 2 are there; 0 and 1 are asked for again; then comes 3, for which one must leave."""
    numbers = filled(db, "list", cache=policy, cache_size=3)
    for index in (0, 1, 2, 0, 1, 0, 1):
        numbers[index]
    numbers[3]
    assert still_there(numbers, [3]) == {3}
    assert still_there(numbers, kept) == set(kept)


def test_a_loop_over_all_does_not_displace_what_is_asked_for_often(db):
    numbers = filled(db, "list", cache="lfu", cache_size=5)
    for _ in range(50):
        numbers[0], numbers[1]
    for index in range(2, 20):
        numbers[index]
    assert still_there(numbers, [0, 1]) == {0, 1}


@pytest.mark.parametrize("size", [-1, "many", "64", "64XB", "-1KB", "1.5KB", ""])
def test_sizes_that_make_no_sense(db, size):
    for make in (db.list, db.dict, db.records):
        with pytest.raises(ValueError, match="cache_size"):
            make("entries", cache="lru", cache_size=size)
    assert db.collections() == []


def test_policies_and_types_that_make_no_sense(db):
    for policy in ("best", "", "LRU"):
        for make in (lambda: db.list("list", cache=policy), lambda: sapwood.Records(cache=policy)):
            with pytest.raises(ValueError, match="'lru', 'fifo' or 'lfu'"):
                make()
    for wrong in ({"cache_size": 1.5}, {"cache_size": None}, {"cache_size": b"1KB"}, {"cache": 5}):
        with pytest.raises(TypeError):
            opened(db, "list", **{"cache": "lru", **wrong})
    with pytest.raises(TypeError):
        db.set("set", int, cache="lru")  # sets have no values


# --- Never stale -----------------------------------------------------------------------------------------------------


def change_one(entries, kind):
    entries[3] = value_of(kind, -3)


def delete_one(entries, kind):
    del entries[3]


def insert_in_front(entries, kind):
    if "dict" in kind:
        entries[-1] = value_of(kind, -1)
    else:
        entries.insert(0, value_of(kind, -1))


def change_size(entries, kind):
    entries[3] = value_of(kind, "long" * 5000)
    entries[4] = value_of(kind, None)


def delete_many(entries, kind):
    if "dict" in kind:
        for key in range(5, 40):
            del entries[key]
    else:
        del entries[5:40:2]


def reverse(entries, kind):
    if "dict" in kind:
        entries.update((number, value_of(kind, SIZE - number)) for number in range(SIZE))
    else:
        entries.reverse()


CHANGES = [change_one, delete_one, insert_in_front, change_size, delete_many, reverse]


def uncached(owner, kind):
    plain = opened(owner, kind)
    return [plain[key] for key in sorted(plain)] if "dict" in kind else list(plain)


def by_itself(db, entries, kind, change):
    change(entries, kind)


def by_another_handle(db, entries, kind, change):
    change(opened(db, kind), kind)


def by_a_transaction(db, entries, kind, change):
    with db.transaction() as txn:
        change(opened(txn, kind), kind)
        assert all_of(entries) == [value_of(kind, number) for number in range(SIZE)]  # not committed yet


def by_a_batch(db, entries, kind, change):
    with db.batch():
        change(entries, kind)
        assert all_of(entries) == uncached(db, kind)
        change_one(entries, kind)
        assert all_of(entries) == uncached(db, kind)


def by_another_thread(db, entries, kind, change):
    thread = threading.Thread(target=lambda: change(opened(db, kind), kind))
    thread.start()
    thread.join()


def by_a_transaction_that_is_undone(db, entries, kind, change):
    for begin in (db.batch, db.transaction):
        with pytest.raises(KeyError), begin() as txn:
            inside = opened(txn, kind, cache="lru") if txn else entries
            change(inside, kind)
            assert all_of(inside) == uncached(txn or db, kind)
            raise KeyError
    assert all_of(entries) == [value_of(kind, number) for number in range(SIZE)]


def and_compacted(db, entries, kind, change):
    change(entries, kind)
    db.compact()
    all_of(entries)
    change_one(entries, kind)
    db.checkpoint()


def many_times(db, entries, kind, change):
    """Pages are used again, for other values of the same size."""
    for number in range(200):
        entries[number % 10] = value_of(kind, 1000 + number)
        assert entries[number % 10] == value_of(kind, 1000 + number)
    change(entries, kind)


HOWS = [by_itself, by_another_handle, by_a_transaction, by_a_batch, by_another_thread, by_a_transaction_that_is_undone,
        and_compacted, many_times]


@pytest.mark.parametrize("how", HOWS, ids=lambda how: how.__name__)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_gives_is_what_is_there(db, kind, change, how):
    entries = filled(db, kind, cache="lru")
    all_of(entries)
    how(db, entries, kind, change)
    assert all_of(entries) == uncached(db, kind)
    with db.transaction() as txn:
        inside = opened(txn, kind, cache="lfu")
        all_of(inside)
        change_one(inside, kind)
        assert all_of(inside) == uncached(txn, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_a_snapshot_gives_what_that_has(db, kind):
    entries = filled(db, kind, cache="lru")
    before = all_of(entries)
    with db.snapshot() as then:
        seen = opened(then, kind, cache="lru")
        all_of(seen)
        for change in CHANGES[:4]:
            change(entries, kind)
        assert all_of(seen) == before
        assert all_of(entries) == uncached(db, kind) != before
    with pytest.raises(ValueError):
        seen[0]


def test_savepoints_that_are_undone_take_their_values_along(db):
    filled(db, "list")
    with db.transaction() as txn:
        numbers = txn.list("list", cache="lru")
        numbers[0] = [-1]
        before = all_of(numbers)
        with pytest.raises(KeyError), txn.savepoint():
            numbers.insert(0, [-2])
            numbers[1] = [-3]
            assert (numbers[0], numbers[1], numbers[2]) == ([-2], [-3], [1])
            raise KeyError
        assert all_of(numbers) == before


def test_random_work_agrees_with_a_list(db):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    cached, model = db.list("numbers", None, cache="lru", cache_size=20), []
    for step in range(3000):
        at = draw.randrange(len(model) + 1)
        match draw.randrange(5):
            case 0 | 1:
                cached.insert(at, [step])
                model.insert(at, [step])
            case 2 if model:
                del cached[at - 1]
                del model[at - 1]
            case 3 if model:
                cached[at - 1] = model[at - 1] = [step, "changed"]
        if model:
            index = draw.randrange(len(model))
            assert cached[index] == model[index]
    assert all_of(cached) == model


def test_nested_collections_behind_a_cache_are_live(db):
    shelf = db.dict("shelf", str, cache="lru")
    shelf["a"] = db.new_list(int, [1])
    held = shelf["a"]
    held.append(2)
    assert shelf["a"] == [1, 2]
    with pytest.raises(KeyError), db.batch():
        shelf["a"].append(3)
        assert shelf["a"] == [1, 2, 3]
        raise KeyError
    assert shelf["a"] == [1, 2]
    shelf["a"] = db.new_list(int, [9])
    assert shelf["a"] == [9]
    with pytest.raises(LookupError):
        len(held)


def test_threads_share_one(db):
    numbers = filled(db, "list", cache="lru", cache_size=20)
    stop, wrong = threading.Event(), []

    def read(seed):
        draw = random.Random(seed)
        while not stop.is_set():
            index = draw.randrange(SIZE)
            if numbers[index][0] % 1000 != index:
                wrong.append(index)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        numbers[number % SIZE] = [number % SIZE + 1000 * number]
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert numbers.metrics["cache"]["entries"] <= 20


def test_what_another_process_wrote_is_seen(db):
    numbers = filled(db, "list", cache="lru")
    all_of(numbers)
    program = f"""
import sapwood
with sapwood.open({db.path!r}, durability="async") as db:
    numbers = db.list("list", cache="lru")
    assert numbers[0] == [0]
    numbers[0] = ["other process"]
    numbers.insert(5, [-5])
    assert numbers[0] == ["other process"]
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (numbers[0], numbers[5], numbers[6]) == (["other process"], [-5], [5])
    assert all_of(numbers) == list(db.list("list"))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_fork_has_a_cache_of_its_own(db):
    numbers = filled(db, "list", cache="lru")
    all_of(numbers)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            before = all_of(numbers)
            numbers[0] = ["child"]
            told = (before, numbers[0], numbers[1], all_of(numbers) == list(numbers))
        except BaseException as error:
            told = repr(error)
        os.write(writing, pickle.dumps(told))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    assert told == ([[number] for number in range(SIZE)], ["child"], [1], True)
    assert numbers[0] == ["child"]
    assert all_of(numbers) == list(numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_handle_has_a_cache_of_the_same_kind(db, kind):
    entries = filled(db, kind, cache="fifo", cache_size=5)
    all_of(entries)
    again = pickle.loads(pickle.dumps(entries))
    assert type(again) is type(entries)
    assert counted(again) == (0, 0, 0)
    assert all_of(again) == all_of(entries)
    assert again[0] is again[0]
    assert again.metrics["cache"]["entries"] == 5
    again[0] = value_of(kind, "new")
    assert entries[0] == again[0] == value_of(kind, "new")


def test_one_of_a_collection_alone_in_its_file(path):
    for policy in POLICIES:
        with sapwood.List(path, int, cache=policy, cache_size=3) as numbers:
            numbers[:] = range(10)
            assert all_of(numbers) == list(range(10))
            assert numbers.metrics["cache"]["entries"] == 3
        with pytest.raises(ValueError):
            numbers[0]


def test_a_subclass_keeps_its_class(tmp_path):
    class Frames(sapwood.List):
        def last(self):
            return self[-1]

    with Frames(tmp_path / "x.sapwood", str, cache="lru") as frames:
        frames.append("water")
        assert (frames.last(), frames.last()) == ("water", "water")
        assert isinstance(frames, Frames)
        assert repr(frames).startswith("<Frames 'main'")
        assert frames.metrics["cache"]["hits"] == 1
