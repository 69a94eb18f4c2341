"""What all random work of test_state.py has in common: transactions and the like, and what always holds."""

import copy

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import sapwood
from state_floats import same_floats
from state_model import Model, Undo, outcome

TYPES = {
    "list": [],
    "dict": [int, None],
    "sorted_dict": [int, None],
    "set": [int],
    "sorted_set": [int],
    "records": [],
    "float_list": [float],
    "float_dict": [float, float],
    "sorted_floats": [float, float],
    "float_set": [float],
    "shelf": [int, None],
}
#: Of those whose name does not tell it.
KINDS = {
    "float_list": "list",
    "float_dict": "dict",
    "sorted_floats": "sorted_dict",
    "float_set": "sorted_set",
    "shelf": "dict",
}


class Base(RuleBasedStateMachine):
    folder = None  # set by the test
    count = 0  # of files

    @initialize(durability=st.sampled_from(["async", "sync"]))
    def open(self, durability):
        Base.count += 1
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
        self.held = []  # (id of a node, handle)
        self.find_handles()

    def find_handles(self):
        owner = self.transaction or self.db
        for name, types in TYPES.items():
            setattr(self, name, getattr(owner, KINDS.get(name, name))(name, *types))
        if not self.is_inside():
            self.committed = copy.deepcopy(self.model)

    def is_inside(self):
        return self.transaction is not None or self.batch is not None

    def same(self, name, call):
        """The call does the same to the collection as to its model, and gives the same."""
        found, expected = outcome(call, getattr(self, name)), outcome(call, getattr(self.model, name))
        assert found == expected

    @rule(name=st.sampled_from([name for name in TYPES if name != "shelf"]), choice=st.integers(0, 9))
    def clear(self, name, choice):
        if choice == 0:
            self.same(name, lambda entries: entries.clear())

    # --- Transactions and the like -----------------------------------------------------------------------------------

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
        for closed in [self.list, *(handle for _, handle in self.held)]:
            with pytest.raises(ValueError):
                len(closed)
        self.held = []
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

    # --- What always holds -------------------------------------------------------------------------------------------

    def same_contents(self, owner, model):
        assert list(owner.list) == model.list
        assert dict(owner.dict.items()) == model.dict
        assert list(owner.sorted_dict.items()) == sorted(model.sorted_dict.items())
        assert set(owner.set) == model.set and len(owner.set) == len(model.set)
        assert list(owner.sorted_set) == sorted(model.sorted_set)
        assert list(owner.records) == model.records
        same_floats(owner, model)
        assert copy.deepcopy(owner.shelf) == model.shelf.plain()

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
        for name in TYPES:
            setattr(self, name, snapshot[name])
