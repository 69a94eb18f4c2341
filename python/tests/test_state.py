"""Random work on every kind of collection beside list, dict and set: alone, in batches, transactions and savepoints,
with what is undone, reopened, and seen by snapshots. A failure prints a blob that replays it."""

import bisect
import copy

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import sapwood
from state_model import FIELDS, INDEXES, KEYS, MOST, Model, OPEN_KEYS, ROWS, SLICES, Undo, VALUES, in_range, outcome, rank_of


class Work(RuleBasedStateMachine):
    folder = None  # set by the test

    @initialize(durability=st.sampled_from(["async", "sync"]))
    def open(self, durability):
        Work.count = getattr(Work, "count", 0) + 1
        self.path = self.folder / f"{self.count}.sapwood"
        self.durability = durability
        self.db = sapwood.open(self.path, durability=durability)
        self.committed = Model()
        self.model = copy.deepcopy(self.committed)
        self.transaction = None
        self.batch = None
        self.savepoints = []
        self.snapshots = []
        self.named = {}
        self.find_handles()

    def find_handles(self):
        owner = self.transaction or self.db
        self.list = owner.list("list")
        self.dict = owner.dict("dict", int, None)
        self.sorted_dict = owner.sorted_dict("sorted_dict", int, None)
        self.set = owner.set("set", int)
        self.sorted_set = owner.sorted_set("sorted_set", int)
        self.records = owner.records("records")
        if not self.is_inside():
            self.committed = copy.deepcopy(self.model)

    def is_inside(self):
        return self.transaction is not None or self.batch is not None

    def same(self, name, call):
        """The call does the same to the collection as to its model, and gives the same."""
        found, expected = outcome(call, getattr(self, name)), outcome(call, getattr(self.model, name))
        assert found == expected

    # --- Transactions and the like ---------------------------------------------------------------------------------

    @precondition(lambda self: not self.is_inside())
    @rule()
    def begin_transaction(self):
        self.committed = copy.deepcopy(self.model)
        self.transaction = self.db.transaction()
        self.find_handles()

    @precondition(lambda self: self.transaction is not None)
    @rule()
    def begin_savepoint(self):
        savepoint = self.transaction.savepoint()
        savepoint.__enter__()
        self.savepoints.append((savepoint, copy.deepcopy(self.model)))

    @precondition(lambda self: self.savepoints)
    @rule(keep=st.booleans())
    def end_savepoint(self, keep):
        savepoint, model = self.savepoints.pop()
        if not keep:
            self.model = model
        self.leave(savepoint, keep)

    @precondition(lambda self: not self.is_inside())
    @rule()
    def begin_batch(self):
        self.committed = copy.deepcopy(self.model)
        self.batch = self.db.batch()
        self.batch.__enter__()

    @precondition(lambda self: self.is_inside())
    @rule(keep=st.booleans())
    def end(self, keep):
        while self.savepoints:
            self.end_savepoint(True)
        ending, self.transaction, self.batch = self.transaction or self.batch, None, None
        self.leave(ending, keep)
        if not keep:
            self.model = copy.deepcopy(self.committed)
        self.find_handles()

    @staticmethod
    def leave(context, keep):
        if keep:
            context.__exit__(None, None, None)
            return
        with pytest.raises(Undo):
            if not context.__exit__(Undo, Undo(), None):
                raise Undo

    @precondition(lambda self: not self.is_inside())
    @rule(checkpoint=st.booleans())
    def reopen(self, checkpoint):
        for snapshot, _ in self.snapshots:
            snapshot.close()
        self.snapshots = []
        if checkpoint:
            self.db.checkpoint()
        self.db.close()
        with pytest.raises(ValueError):
            len(self.list)
        self.db = sapwood.open(self.path, durability=self.durability)
        self.find_handles()

    @precondition(lambda self: not self.is_inside())
    @rule()
    def compact(self):
        self.db.compact()

    @precondition(lambda self: len(self.snapshots) < 3)
    @rule()
    def take_snapshot(self):
        if not self.is_inside():
            self.committed = copy.deepcopy(self.model)
        self.snapshots.append((self.db.snapshot(), copy.deepcopy(self.committed)))

    @precondition(lambda self: self.snapshots)
    @rule()
    def close_snapshot(self):
        self.snapshots.pop(0)[0].close()

    @precondition(lambda self: not self.is_inside() and len(self.named) < 3)
    @rule(name=st.sampled_from(["one", "two", "three"]))
    def name_snapshot(self, name):
        if name not in self.named:
            self.db.snapshot(name)
            self.named[name] = copy.deepcopy(self.model)

    @precondition(lambda self: not self.is_inside() and self.named)
    @rule()
    def drop_named_snapshot(self):
        name, _ = self.named.popitem()
        assert self.db.drop_snapshot(name)
        assert not self.db.drop_snapshot(name)

    # --- Lists -----------------------------------------------------------------------------------------------------

    @rule(value=VALUES)
    def list_append(self, value):
        self.same("list", lambda items: items.append(value))

    @rule(values=st.lists(VALUES, max_size=12), as_iterator=st.booleans())
    def list_extend(self, values, as_iterator):
        if len(self.model.list) < MOST:
            self.same("list", lambda items: items.extend(iter(values) if as_iterator else values))

    @rule(index=INDEXES, value=VALUES)
    def list_insert(self, index, value):
        self.same("list", lambda items: items.insert(index, value))

    @rule(index=INDEXES, value=VALUES)
    def list_set(self, index, value):
        self.same("list", lambda items: items.__setitem__(index, value))

    @rule(where=SLICES, values=st.lists(VALUES, max_size=6))
    def list_set_slice(self, where, values):
        if len(self.model.list) < MOST:
            self.same("list", lambda items: items.__setitem__(where, values))

    @rule(where=INDEXES | SLICES)
    def list_get(self, where):
        self.same("list", lambda items: items[where])

    @rule(where=INDEXES | SLICES)
    def list_delete(self, where):
        self.same("list", lambda items: items.__delitem__(where))

    @rule(index=INDEXES)
    def list_pop(self, index):
        self.same("list", lambda items: items.pop(index))

    @rule(index=INDEXES)
    def list_swap_delete(self, index):
        items = self.model.list
        if not -len(items) <= index < len(items):
            with pytest.raises(IndexError):
                self.list.swap_delete(index)
            return
        self.list.swap_delete(index)
        items[index], items[-1] = items[-1], items[index]
        items.pop()

    @rule(data=st.data(), start=INDEXES, stop=INDEXES)
    def list_find(self, data, start, stop):
        items = self.model.list
        value = data.draw(st.sampled_from(items) if items else VALUES)
        self.same("list", lambda items: items.index(value))
        self.same("list", lambda items: items.index(value, start, stop))
        self.same("list", lambda items: items.count(value))
        self.same("list", lambda items: value in items)

    @rule(value=VALUES)
    def list_remove(self, value):
        self.same("list", lambda items: items.remove(value))

    @rule()
    def list_reverse(self):
        self.same("list", lambda items: items.reverse())

    @rule(reverse=st.booleans())
    def list_sort(self, reverse):
        self.same("list", lambda items: items.sort(key=rank_of, reverse=reverse))

    @rule(indexes=st.lists(INDEXES, max_size=5))
    def list_get_many(self, indexes):
        size = len(self.model.list)
        indexes = [index for index in indexes if -size <= index < size]
        assert self.list.get_many(indexes) == [self.model.list[index] for index in indexes]

    @rule(k=st.integers(0, 10), seed=st.integers(0, 3))
    def list_sample(self, k, seed):
        found = self.list.sample(k, seed)
        assert len(found) == min(k, len(self.model.list))
        assert found == self.list.sample(k, seed)
        assert all(item in self.model.list for item in found)

    @rule(n=st.integers(1, 7))
    def list_chunks(self, n):
        items = self.model.list
        assert list(self.list.chunks(n)) == [items[i : i + n] for i in range(0, len(items), n)]

    @rule(name=st.sampled_from(["list", "dict", "sorted_dict", "set", "sorted_set", "records"]), choice=st.integers(0, 9))
    def clear(self, name, choice):
        if choice == 0:
            self.same(name, lambda entries: entries.clear())

    # --- Dicts and sorted dicts ------------------------------------------------------------------------------------

    DICTS = st.sampled_from(["dict", "sorted_dict"])

    @rule(name=DICTS, key=KEYS, value=VALUES)
    def dict_set(self, name, key, value):
        self.same(name, lambda entries: entries.__setitem__(key, value))

    @rule(name=DICTS, key=KEYS, value=VALUES)
    def dict_setdefault(self, name, key, value):
        self.same(name, lambda entries: entries.setdefault(key, value))

    @rule(name=DICTS, key=KEYS)
    def dict_read(self, name, key):
        self.same(name, lambda entries: entries[key])
        self.same(name, lambda entries: entries.get(key, "absent"))
        self.same(name, lambda entries: key in entries)

    @rule(name=DICTS, key=KEYS)
    def dict_delete(self, name, key):
        self.same(name, lambda entries: entries.__delitem__(key))

    @rule(name=DICTS, key=KEYS, default=st.sampled_from([(), (None,)]))
    def dict_pop(self, name, key, default):
        self.same(name, lambda entries: entries.pop(key, *default))

    @rule(name=DICTS)
    def dict_popitem(self, name):
        entries = getattr(self.model, name)
        if not entries:
            self.same(name, lambda entries: entries.popitem())
            return
        key, value = getattr(self, name).popitem()
        assert entries.pop(key) == value
        if name == "sorted_dict":
            assert all(other < key for other in entries)

    @rule(name=DICTS, more=st.dictionaries(KEYS, VALUES, max_size=8), as_pairs=st.booleans())
    def dict_update(self, name, more, as_pairs):
        self.same(name, lambda entries: entries.update(list(more.items()) if as_pairs else more))

    @rule(name=DICTS, keys=st.lists(KEYS, max_size=6))
    def dict_get_many(self, name, keys):
        assert getattr(self, name).get_many(keys, 0) == [getattr(self.model, name).get(key, 0) for key in keys]

    @rule(name=DICTS, other=st.dictionaries(KEYS, VALUES, max_size=3))
    def dict_algebra(self, name, other):
        self.same(name, lambda entries: entries | other)
        self.same(name, lambda entries: other | entries)
        self.same(name, lambda entries: entries.keys() & other.keys())
        self.same(name, lambda entries: entries.keys() - other.keys())
        self.same(name, lambda entries: entries == other)

    @rule(key=KEYS)
    def sorted_dict_near(self, key):
        keys = sorted(self.model.sorted_dict)
        below, upto = bisect.bisect_left(keys, key), bisect.bisect_right(keys, key)

        def entry(index):
            return (keys[index], self.model.sorted_dict[keys[index]]) if 0 <= index < len(keys) else None

        entries = self.sorted_dict
        assert (entries.lower(key), entries.ceiling(key)) == (entry(below - 1), entry(below))
        assert (entries.floor(key), entries.higher(key)) == (entry(upto - 1), entry(upto))
        assert entries.rank(key) == below

    @rule(low=OPEN_KEYS, high=OPEN_KEYS)
    def sorted_dict_range(self, low, high):
        entries, keys = self.sorted_dict, in_range(self.model.sorted_dict, low, high)
        assert list(entries.irange(low, high)) == keys
        assert list(entries.irange(low, high, reverse=True)) == keys[::-1]
        assert list(entries.range_items(low, high)) == [(key, self.model.sorted_dict[key]) for key in keys]
        assert entries.count(low, high) == len(keys)

    @rule(low=OPEN_KEYS, high=OPEN_KEYS)
    def sorted_dict_delete_range(self, low, high):
        del self.sorted_dict[low:high]
        for key in in_range(self.model.sorted_dict, low, high):
            del self.model.sorted_dict[key]

    @rule(index=INDEXES)
    def sorted_dict_select(self, index):
        assert outcome(self.sorted_dict.select, index) == outcome(sorted(self.model.sorted_dict.items()).__getitem__, index)

    # --- Sets and sorted sets --------------------------------------------------------------------------------------

    SETS = st.sampled_from(["set", "sorted_set"])

    @rule(name=SETS, element=KEYS, method=st.sampled_from(["add", "discard", "remove", "__contains__"]))
    def set_change(self, name, element, method):
        self.same(name, lambda elements: getattr(elements, method)(element))

    @rule(name=SETS)
    def set_pop(self, name):
        elements = getattr(self.model, name)
        if not elements:
            self.same(name, lambda elements: elements.pop())
            return
        element = getattr(self, name).pop()
        assert name == "set" or element == max(elements)
        elements.remove(element)

    UPDATES = ["update", "difference_update", "intersection_update", "symmetric_difference_update"]

    @rule(name=SETS, others=st.lists(KEYS, max_size=12), method=st.sampled_from(UPDATES), as_iterator=st.booleans())
    def set_update(self, name, others, method, as_iterator):
        self.same(name, lambda elements: getattr(elements, method)(iter(others) if as_iterator else others))

    @rule(name=SETS, others=st.sets(KEYS, max_size=12))
    def set_algebra(self, name, others):
        self.same(name, lambda elements: elements | others)
        self.same(name, lambda elements: elements & others)
        self.same(name, lambda elements: elements - others)
        self.same(name, lambda elements: others - elements)
        self.same(name, lambda elements: elements ^ others)
        self.same(name, lambda elements: (elements <= others, elements < others, elements >= others, elements > others))
        self.same(name, lambda elements: elements.isdisjoint(others))

    @rule(low=OPEN_KEYS, high=OPEN_KEYS, delete=st.booleans())
    def sorted_set_range(self, low, high, delete):
        elements = in_range(self.model.sorted_set, low, high)
        assert list(self.sorted_set.irange(low, high)) == elements
        assert list(self.sorted_set.irange(low, high, reverse=True)) == elements[::-1]
        assert self.sorted_set.count(low, high) == len(elements)
        if delete:
            assert self.sorted_set.delete_range(low, high) == len(elements)
            self.model.sorted_set -= set(elements)

    @rule(element=KEYS, index=INDEXES)
    def sorted_set_near(self, element, index):
        elements = sorted(self.model.sorted_set)
        below, upto = bisect.bisect_left(elements, element), bisect.bisect_right(elements, element)
        padded = [None, *elements, None]
        found = self.sorted_set
        assert (found.lower(element), found.ceiling(element)) == (padded[below], padded[below + 1])
        assert (found.floor(element), found.higher(element)) == (padded[upto], padded[upto + 1])
        assert found.rank(element) == below
        assert outcome(found.__getitem__, index) == outcome(elements.__getitem__, index)

    # --- Records ---------------------------------------------------------------------------------------------------

    @rule(row=ROWS)
    def records_append(self, row):
        self.same("records", lambda rows: rows.append(row))

    @rule(index=INDEXES, row=ROWS)
    def records_insert(self, index, row):
        self.same("records", lambda rows: rows.insert(index, row))

    @rule(index=INDEXES, row=ROWS)
    def records_set(self, index, row):
        self.same("records", lambda rows: rows.__setitem__(index, row))

    @rule(where=SLICES, rows=st.lists(ROWS, max_size=4))
    def records_set_slice(self, where, rows):
        if len(self.model.records) < MOST:
            self.same("records", lambda found: found.__setitem__(where, rows))

    @rule(where=INDEXES | SLICES)
    def records_read(self, where):
        self.same("records", lambda rows: rows[where])

    @rule(where=INDEXES | SLICES)
    def records_delete(self, where):
        self.same("records", lambda rows: rows.__delitem__(where))

    @rule(n=st.integers(0, 3))
    def records_reserve(self, n):
        self.records.reserve(n)
        self.model.records += [None] * n

    @rule(index=INDEXES, fields=st.dictionaries(FIELDS, VALUES, max_size=3))
    def records_update(self, index, fields):
        rows = self.model.records
        if -len(rows) <= index < len(rows):
            self.records.update(index, fields)
            rows[index] = {**(rows[index] or {}), **fields}
        else:
            with pytest.raises(IndexError):
                self.records.update(index, fields)

    @rule(names=st.lists(FIELDS, max_size=2, unique=True), index=st.none() | INDEXES)
    def records_drop(self, names, index):
        rows = self.model.records
        if index is not None and not -len(rows) <= index < len(rows):
            return
        dropped = 0
        for row in rows if index is None else [rows[index]]:
            found = [row.pop(name) for name in names if row is not None and name in row]
            dropped += bool(found)
        assert self.records.drop(names, index) == dropped

    @rule(name=FIELDS, where=SLICES)
    def records_column(self, name, where):
        expected = [(row or {}).get(name, "absent") for row in self.model.records[where]]
        assert self.records.column(name, where, "absent").to_list() == expected

    @rule(names=st.lists(FIELDS, max_size=3, unique=True), index=INDEXES)
    def records_fields(self, names, index):
        rows = self.model.records
        if -len(rows) <= index < len(rows):
            row = rows[index] or {}
            assert self.records.get(index, names) == {name: row[name] for name in names if name in row}
            assert set(self.records.fields(index)) == set(row)
            assert self.records.is_placeholder(index) == (rows[index] is None)

    # --- What always holds -----------------------------------------------------------------------------------------

    def same_contents(self, owner, model):
        assert list(owner.list) == model.list
        assert dict(owner.dict.items()) == model.dict
        assert list(owner.sorted_dict.items()) == sorted(model.sorted_dict.items())
        assert set(owner.set) == model.set and len(owner.set) == len(model.set)
        assert list(owner.sorted_set) == sorted(model.sorted_set)
        assert list(owner.records) == model.records

    @invariant()
    def agrees_with_the_model(self):
        if hasattr(self, "db"):
            self.same_contents(self, self.model)

    @invariant()
    def snapshots_do_not_change(self):
        if hasattr(self, "db"):
            for snapshot, model in self.snapshots:
                self.same_contents(Seen(snapshot), model)

    def teardown(self):
        if not hasattr(self, "db"):
            return
        if self.is_inside():
            self.end(False)
        for name, model in self.named.items():
            with self.db.at(name) as snapshot:
                self.same_contents(Seen(snapshot), model)
        for snapshot, _ in self.snapshots:
            snapshot.close()
        assert self.db.check() == []
        self.db.close()


class Seen:
    """The collections of a snapshot."""

    def __init__(self, snapshot):
        for name in ("list", "dict", "sorted_dict", "set", "sorted_set", "records"):
            setattr(self, name, snapshot[name])


def test_collections_agree_with_their_models(tmp_path):
    Work.folder = tmp_path
    settings = hypothesis.settings(max_examples=120, stateful_step_count=60)
    hypothesis.stateful.run_state_machine_as_test(Work, settings=settings)
