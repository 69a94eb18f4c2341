"""Random work on a tree of nested collections, for test_state.py: put, changed live, moved, dropped, and held by
handles that are good wherever their collection goes."""

import copy
import itertools

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

MOST = 12  # collections in the tree before no more are put
NUMBERS = st.lists(st.integers(0, 9), max_size=5)
KINDS = st.sampled_from(["list", "dict", "sorted_dict", "set", "sorted_set", "records"])
HOLDING = ("list", "dict", "sorted_dict")  # that may hold others
KEYS = st.integers(0, 3)
_ids = itertools.count()


class Node:
    """A collection of the model. Its id tells it from others that hold the same."""

    def __init__(self, kind, contents):
        self.kind, self.contents, self.id = kind, contents, next(_ids)

    def items(self):
        """(key, value) of what may be a collection."""
        if "dict" in self.kind:
            return self.contents.items()
        return enumerate(self.contents) if self.kind == "list" else ()

    def plain(self):
        if "dict" in self.kind:
            return {key: plain(value) for key, value in self.contents.items()}
        return [plain(value) for value in self.contents] if self.kind == "list" else copy.deepcopy(self.contents)


def plain(value):
    return value.plain() if isinstance(value, Node) else value


def nodes(node, path=()):
    """{path: node} of all collections in the tree, the root with them."""
    found = {path: node}
    for key, value in node.items():
        if isinstance(value, Node):
            found.update(nodes(value, (*path, key)))
    return found


def at(collection, path):
    for key in path:
        collection = collection[key]
    return collection


def contents_of(kind, numbers):
    """What a new collection of that kind holds, made of some numbers."""
    if "dict" in kind:
        return {number % 4: number for number in numbers}
    if "set" in kind:
        return set(numbers)
    return [{"n": number} for number in numbers] if kind == "records" else list(numbers)


def change(collection, kind, number, choice):
    """One of four changes, to a collection or to what it holds in the model."""
    if "dict" in kind:
        change_dict(collection, number % 4, number, choice)
    elif "set" in kind:
        change_set(collection, number, choice)
    else:
        change_sequence(collection, {"n": number} if kind == "records" else number, number, choice)


def change_dict(collection, key, number, choice):
    if choice == 0 and key in collection:
        del collection[key]
    elif choice == 1:
        collection.update({key: number, key + 1: -number})
    elif choice == 2:
        collection.clear()
    else:
        collection[key] = number


def change_set(collection, number, choice):
    if choice == 0:
        collection.discard(number)
    elif choice == 1:
        collection.update([number, number + 1])
    elif choice == 2:
        collection.clear()
    else:
        collection.add(number)


def change_sequence(collection, value, index, choice):
    if choice == 0 and len(collection) > 0:
        del collection[index % len(collection)]
    elif choice == 1:
        collection.insert(index % (len(collection) + 1), value)
    elif choice == 2 and len(collection) > 0:
        collection[index % len(collection)] = value
    else:
        collection.append(value)


class NestedRules:
    def draw_path(self, data, containers=False):
        """A place of the tree; containers: of a collection that may hold others."""
        found = nodes(self.model.shelf)
        wanted = [path for path, node in found.items() if not containers or node.kind in HOLDING]
        return data.draw(st.sampled_from(sorted(wanted, key=repr)))

    @rule(data=st.data(), kind=KINDS, numbers=NUMBERS, key=KEYS, replace=st.booleans())
    def nested_put(self, data, kind, numbers, key, replace):
        path = self.draw_path(data, containers=True)
        parent, model = at(self.shelf, path), nodes(self.model.shelf)[path]
        if len(nodes(self.model.shelf)) >= MOST:
            return
        contents = contents_of(kind, numbers)
        types = [None, None] if "dict" in kind else [None]
        new = getattr(self.db, f"new_{kind}")(*types, copy.deepcopy(contents))
        if model.kind != "list" or (replace and key < len(model.contents)):
            parent[key] = new
            model.contents[key] = Node(kind, contents)
        else:
            parent.insert(key, new)
            model.contents.insert(key, Node(kind, contents))

    @rule(data=st.data(), number=st.integers(0, 9), choice=st.integers(0, 3))
    def nested_change(self, data, number, choice):
        path = self.draw_path(data)
        model = nodes(self.model.shelf)[path]
        change(at(self.shelf, path), model.kind, number, choice)
        change(model.contents, model.kind, number, choice)

    @precondition(lambda self: len(nodes(self.model.shelf)) > 1)
    @rule(data=st.data())
    def nested_delete(self, data):
        path = self.draw_path(data)
        if path:
            del at(self.shelf, path[:-1])[path[-1]]
            del nodes(self.model.shelf)[path[:-1]].contents[path[-1]]

    @precondition(lambda self: self.batch is None and len(nodes(self.model.shelf)) > 1)
    @rule(data=st.data(), key=KEYS)
    def nested_move(self, data, key):
        source, target = self.draw_path(data), self.draw_path(data, containers=True)
        if not source or target[: len(source)] == source:
            return  # not into itself
        found = nodes(self.model.shelf)
        old, new, moved = found[source[:-1]], found[target], found[source]
        size = len(new.contents) - (old is new)
        where = min(key, size) if new.kind == "list" else key
        if self.transaction is not None:
            self.move(self.transaction, self.shelf, source, target, where)
        else:
            with self.db.transaction() as txn:
                self.move(txn, txn.dict("shelf"), source, target, where)
        del old.contents[source[-1]]
        if new.kind == "list":
            new.contents.insert(where, moved)
        else:
            new.contents[where] = moved

    @staticmethod
    def move(txn, shelf, source, target, where):
        txn.move((at(shelf, source[:-1]), source[-1]), (at(shelf, target), where))

    @precondition(lambda self: self.transaction is None and len(self.held) < 6)
    @rule(data=st.data())
    def nested_hold(self, data):
        """A handle of the database, which is good for as long as its collection lives."""
        path = self.draw_path(data)
        self.held.append((nodes(self.model.shelf)[path].id, at(self.shelf, path)))

    @invariant()
    def held_handles_are_of_what_they_were_got_from(self):
        if not hasattr(self, "db"):
            return
        seen = self.model if self.transaction is None else self.committed
        alive = {node.id: node for node in nodes(seen.shelf).values()}
        for number, handle in self.held:
            if number in alive:
                assert copy.deepcopy(handle) == alive[number].plain()
            else:
                with pytest.raises(LookupError):
                    len(handle)
