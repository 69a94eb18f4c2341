"""Random work on dicts and sets, for test_state.py."""

import bisect

from hypothesis import strategies as st
from hypothesis.stateful import rule

from state_model import INDEXES, KEYS, OPEN_KEYS, VALUES, in_range, outcome


class KeyRules:
    # --- Dicts and sorted dicts --------------------------------------------------------------------------------------

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

    # --- Sets and sorted sets ----------------------------------------------------------------------------------------

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
