"""Random work on keys and values that are floats, NaN and the like among them, for test_state.py.

NaN is one key, after all others; -0.0 is the key 0.0. Values come back as they were; lists find what == finds, which is
no NaN."""

import math

import numpy
from hypothesis import strategies as st
from hypothesis.stateful import rule

from state_model import INDEXES, MOST, outcome

SPECIAL = [math.nan, -math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1.0, -1.0, 1e308]
FLOATS = st.sampled_from(SPECIAL) | st.floats()
LIMITS = st.none() | FLOATS
DICTS = st.sampled_from(["float_dict", "sorted_floats"])


def key_of(number):
    """The number that an equal key has in the model."""
    return math.nan if math.isnan(number) else number + 0.0


def order_of(number):
    return math.isnan(number), 0.0 if math.isnan(number) else number


def in_order(numbers):
    return sorted(numbers, key=order_of)


def between(numbers, low, high):
    return [
        number
        for number in in_order(numbers)
        if (low is None or order_of(number) >= order_of(low)) and (high is None or order_of(number) < order_of(high))
    ]


def bits(found):
    """What is equal of equal numbers and of NaN, but not of -0.0 and 0.0."""
    return repr(found)


def same_floats(owner, model):
    assert bits(list(owner.float_list)) == bits(model.float_list)
    assert bits(in_order(owner.float_dict)) == bits(in_order(model.float_dict))
    assert bits([owner.float_dict[key] for key in model.float_dict]) == bits(list(model.float_dict.values()))
    entries = [(key, model.sorted_floats[key]) for key in in_order(model.sorted_floats)]
    assert bits(list(owner.sorted_floats.items())) == bits(entries)
    assert bits(list(owner.float_set)) == bits(in_order(model.float_set))


class FloatRules:
    @rule(name=DICTS, key=FLOATS, value=FLOATS)
    def float_put(self, name, key, value):
        getattr(self, name)[key] = value
        getattr(self.model, name)[key_of(key)] = value

    @rule(name=DICTS, more=st.lists(st.tuples(FLOATS, FLOATS), max_size=6))
    def float_update(self, name, more):
        getattr(self, name).update(more)
        getattr(self.model, name).update((key_of(key), value) for key, value in more)

    @rule(name=DICTS, key=FLOATS)
    def float_read(self, name, key):
        found, model = getattr(self, name), getattr(self.model, name)
        assert bits(found.get(key, "absent")) == bits(model.get(key_of(key), "absent"))
        assert (key in found) == (key_of(key) in model)
        assert bits(found.get_many([key, 0.5], None)) == bits([model.get(key_of(key)), model.get(0.5)])

    @rule(name=DICTS, key=FLOATS)
    def float_delete(self, name, key):
        found, model = getattr(self, name), getattr(self.model, name)
        assert bits(found.pop(key, "absent")) == bits(model.pop(key_of(key), "absent"))

    @rule(number=FLOATS)
    def floats_near(self, number):
        for found, model in ((self.sorted_floats, self.model.sorted_floats), (self.float_set, self.model.float_set)):
            keys = in_order(model)
            below = [key for key in keys if order_of(key) < order_of(number)]
            above = [key for key in keys if order_of(key) > order_of(number)]
            equal = [key for key in keys if order_of(key) == order_of(number)]
            near = [found.lower(number), found.floor(number), found.ceiling(number), found.higher(number)]
            if isinstance(model, dict):
                near = [entry and entry[0] for entry in near]
            expected = [[None, *below][-1], [None, *below, *equal][-1], [*equal, *above, None][0], [*above, None][0]]
            assert bits(near) == bits(expected)
            assert found.rank(number) == len(below)

    @rule(low=LIMITS, high=LIMITS, reverse=st.booleans(), delete=st.booleans())
    def floats_range(self, low, high, reverse, delete):
        for found, model in ((self.sorted_floats, self.model.sorted_floats), (self.float_set, self.model.float_set)):
            expected = between(model, low, high)
            assert bits(list(found.irange(low, high, reverse=reverse))) == bits(expected[:: -1 if reverse else 1])
            assert found.count(low, high) == len(expected)
        if delete:
            del self.sorted_floats[low:high]
            for key in between(self.model.sorted_floats, low, high):
                del self.model.sorted_floats[key]

    @rule(number=FLOATS, method=st.sampled_from(["add", "discard", "remove", "__contains__"]))
    def float_set_change(self, number, method):
        found = outcome(getattr(self.float_set, method), number)
        assert found == outcome(getattr(self.model.float_set, method), key_of(number))

    @rule(numbers=st.lists(FLOATS, max_size=8), method=st.sampled_from(["update", "symmetric_difference_update"]))
    def float_set_update(self, numbers, method):
        getattr(self.float_set, method)(numbers)
        getattr(self.model.float_set, method)({key_of(number) for number in numbers})

    @rule(index=INDEXES, number=FLOATS)
    def float_list_insert(self, index, number):
        self.float_list.insert(index, number)
        self.model.float_list.insert(index, number)

    @rule(numbers=st.lists(FLOATS, max_size=10), as_array=st.booleans())
    def float_list_extend(self, numbers, as_array):
        if len(self.model.float_list) < MOST:
            self.float_list.from_numpy(numpy.array(numbers, float)) if as_array else self.float_list.extend(numbers)
            self.model.float_list += numbers

    @rule(index=INDEXES, number=FLOATS)
    def float_list_set(self, index, number):
        found = outcome(self.float_list.__setitem__, index, number)
        assert found == outcome(self.model.float_list.__setitem__, index, number)

    @rule(start=INDEXES, stop=INDEXES, delete=st.booleans())
    def float_list_slice(self, start, stop, delete):
        expected = self.model.float_list[start:stop]
        assert bits(self.float_list[start:stop]) == bits(expected)
        assert bits(self.float_list.to_numpy(start, stop).tolist()) == bits(expected)
        if delete:
            del self.float_list[start:stop]
            del self.model.float_list[start:stop]

    @rule(number=FLOATS)
    def float_list_find(self, number):
        equal = [index for index, item in enumerate(self.model.float_list) if item == number]
        assert self.float_list.count(number) == len(equal)
        assert (number in self.float_list) == bool(equal)
        assert outcome(self.float_list.index, number) == (equal[0] if equal else ValueError)
