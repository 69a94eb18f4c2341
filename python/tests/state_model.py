"""What test_state.py draws, and the model that it compares with."""

from hypothesis import strategies as st

from state_nested import Node

MOST = 60  # entries that the model holds before only what removes is left to do

INDEXES = st.integers(-8, 30)
KEYS = st.integers(0, 30)
OPEN_KEYS = st.none() | KEYS
SLICES = st.slices(20) | st.builds(slice, st.none() | INDEXES, st.none() | INDEXES, st.sampled_from([None, 1, 2, -1, -3]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**127), 2**127 - 1) | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.binary(max_size=20) | st.integers(50, 3000).map(lambda size: "long " * size),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["", "a", "energy", "two\nlines", b"\xff\xfe", "ü"])
ROWS = st.none() | st.dictionaries(FIELDS, VALUES, max_size=4)


class Undo(Exception):
    """Leaves a batch, a transaction or a savepoint, so that it is rolled back."""


class Model:
    """What the database should hold."""

    def __init__(self):
        self.list, self.dict, self.sorted_dict, self.set, self.sorted_set, self.records = [], {}, {}, set(), set(), []
        self.float_list, self.float_dict, self.sorted_floats, self.float_set = [], {}, {}, set()
        self.shelf = Node("dict", {})


def outcome(function, *arguments):
    """What a call gives, or the class of the standard exception that it raises."""
    try:
        return function(*arguments)
    except (IndexError, KeyError, ValueError) as error:
        return next(cls for cls in type(error).__mro__ if cls.__module__ == "builtins")


def rank_of(value):
    """A place in an order of values of all types, in which equal ones are at the same place."""
    if isinstance(value, dict):
        return repr(sorted((key, rank_of(inner)) for key, inner in value.items()))
    if isinstance(value, list):
        return repr([rank_of(inner) for inner in value])
    return repr(value + 0.0 if isinstance(value, float) else value)


def in_range(keys, low, high):
    return [key for key in sorted(keys) if (low is None or key >= low) and (high is None or key < high)]
