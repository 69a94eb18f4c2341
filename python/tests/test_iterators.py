"""Iterators read the collection as it was when they were made, whatever is written meanwhile, and by whom."""

import contextlib
import threading

import pytest

import sapwood

SIZE = 300  # entries: many pages


def rows(numbers):
    return [{"n": n, "text": "x" * 50} if n % 3 else None for n in numbers]


def opened(owner, kind):
    """The collection of that kind, of integers; keys of dicts have their double as a value."""
    types = [int, int] if "dict" in kind else [] if kind == "records" else [int]
    return getattr(owner, kind)(kind, *types)


def fill(collection, numbers):
    if collection.kind in ("dict", "sorted_map"):
        collection.update((n, 2 * n) for n in numbers)
    elif "set" in collection.kind:
        collection.update(numbers)
    else:
        collection.extend(rows(numbers) if collection.kind == "records" else numbers)


def change_all(collection):
    """In front, in the middle and at the end: inserts, replaces, deletes; then all goes, and other entries come."""
    if collection.kind in ("dict", "sorted_map"):
        collection.update((n, -1) for n in range(0, SIZE, 2))
        for n in range(1, SIZE, 2):
            del collection[n]
    elif "set" in collection.kind:
        collection ^= range(0, 2 * SIZE, 2)
    else:
        collection.insert(0, rows([-1])[0] if collection.kind == "records" else -1)
        collection[SIZE // 2 : SIZE // 2 + 50] = [collection[5]] * 3
        del collection[::2]
        collection.reverse()
        collection.append(collection[0])
    collection.clear()
    fill(collection, [SIZE + 7])


ITERATORS = {
    "list": {
        "iter": iter,
        "reversed": reversed,
        "scan": lambda items: items.scan(lambda n: n % 2),
        "chunks": lambda items: items.chunks(7),
    },
    "dict": {
        "iter": iter,
        "reversed": reversed,
        "keys": lambda entries: iter(entries.keys()),
        "values": lambda entries: iter(entries.values()),
        "items": lambda entries: iter(entries.items()),
        "reversed keys": lambda entries: reversed(entries.keys()),
        "reversed values": lambda entries: reversed(entries.values()),
        "reversed items": lambda entries: reversed(entries.items()),
        "scan": lambda entries: entries.scan(lambda key, value: key % 2 and value),
    },
    "set": {"iter": iter, "reversed": reversed, "scan": lambda elements: elements.scan(lambda n: n % 2)},
    "records": {
        "iter": iter,
        "reversed": reversed,
        "scan": lambda found: found.scan(lambda row: row is not None),
        "column": lambda found: iter(found.column("n")),
        "column of a slice": lambda found: iter(found.column("text", slice(10, -10, 3), "none")),
        "column backwards": lambda found: iter(found.column("n", slice(None, 5, -2))),
    },
}
RANGES = {
    "irange": lambda found: found.irange(10, 200),
    "irange from": lambda found: found.irange(10),
    "irange reversed": lambda found: found.irange(None, 200, reverse=True),
}
ITERATORS["sorted_dict"] = {
    **ITERATORS["dict"],
    **RANGES,
    "range_items": lambda entries: entries.range_items(10, 200),
    "range_items reversed": lambda entries: entries.range_items(10, None, reverse=True),
}
ITERATORS["sorted_set"] = {**ITERATORS["set"], **RANGES}
CASES = [
    pytest.param(kind, make, id=f"{kind} {name}")
    for kind, makers in ITERATORS.items()
    for name, make in makers.items()
]


@pytest.fixture
def db():
    with sapwood.open(page_size=1024) as db:
        yield db
        assert db.check() == []


@contextlib.contextmanager
def transaction(db):
    with db.transaction() as txn:
        yield txn


@contextlib.contextmanager
def batch(db):
    with db.batch():
        yield db


@contextlib.contextmanager
def savepoint(db):
    with db.transaction() as txn, txn.savepoint():
        yield txn


@pytest.mark.parametrize(("kind", "make"), CASES)
@pytest.mark.parametrize("within", [contextlib.nullcontext, transaction, batch, savepoint])
def test_it_goes_on_in_the_state_in_which_it_began(db, kind, make, within):
    fill(opened(db, kind), range(SIZE))
    with within(db) as owner:
        collection = opened(owner, kind)
        expected = list(make(collection))
        iterator, untouched = make(collection), make(collection)
        found = [next(iterator), next(iterator)]
        change_all(collection)
        found += iterator
        assert found == expected
        assert list(untouched) == expected
        assert list(iterator) == []
        assert list(make(collection)) != expected


@pytest.mark.parametrize(("kind", "make"), CASES)
def test_what_others_write_and_rename_is_no_matter(db, kind, make):
    collection = opened(db, kind)
    fill(collection, range(SIZE))
    expected = list(make(collection))
    iterator = make(collection)
    found = [next(iterator)]

    def write():
        with db.transaction() as txn:
            change_all(opened(txn, kind))
        db.rename(kind, "other")
        db.drop("other")
        db.compact()

    other = threading.Thread(target=write)
    other.start()
    other.join()
    assert found + list(iterator) == expected


@pytest.mark.parametrize(("kind", "make"), [case for case in CASES if "backwards" not in case.id])
def test_one_of_a_transaction_ends_with_it_or_its_savepoint(db, kind, make):
    with db.transaction() as txn:
        collection = opened(txn, kind)
        fill(collection, range(SIZE))
        iterator = make(collection)
        with pytest.raises(KeyError), txn.savepoint():
            collection.clear()
            fill(collection, range(0, SIZE, 2))
            lost = make(collection)
            raise KeyError
        with pytest.raises(ValueError):
            list(lost)
        first = next(iterator)
        assert [first, *iterator] == list(make(collection))
        iterator = make(collection)
    with pytest.raises(ValueError):
        list(iterator)


@pytest.mark.parametrize("kind", ITERATORS)
def test_empty_ones_give_nothing(db, kind):
    collection = opened(db, kind)
    for make in ITERATORS[kind].values():
        assert list(make(collection)) == []
        iterator = make(collection)
        fill(collection, [1, 2])
        assert list(iterator) == []
        collection.clear()


def test_loops_may_write_to_what_they_read(db):
    numbers, ages, names = db.list("numbers", int), db.dict("ages", int, int), db.sorted_set("names", int)
    numbers.extend(range(20))
    ages.update((n, n) for n in range(20))
    names.update(range(20))
    for n in numbers:
        numbers.append(n + 100)
    for key, age in ages.items():
        ages[key + 1000] = age
        del ages[key]
    for name in reversed(names):
        names.add(-name)
        names.discard(name + 1)
    assert list(numbers) == [*range(20), *range(100, 120)]
    assert ages == {n + 1000: n for n in range(20)}
    assert list(names) == list(range(-19, 1))


def test_length_hints_make_no_promise(db):
    numbers = db.list("numbers", int)
    numbers.extend(range(10))
    iterator = iter(numbers)
    next(iterator)
    assert iterator.__length_hint__() == 9
    numbers.clear()
    assert iterator.__length_hint__() == 9
    assert len(list(iterator)) == 9
