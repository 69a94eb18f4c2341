"""Records: rows, placeholders, fields and columns, beside the list of dicts that they stand for."""

import threading

import hypothesis
import numpy
import pytest
from hypothesis import strategies as st

import sapwood

ROWS = [
    {"name": "water", "energy": -76.4, "atoms": 3},
    {"name": "helium"},
    None,
    {},
    {"energy": None, "atoms": 1},
    {"name": "long", "text": "x" * 10_000},
]


@pytest.fixture
def db():
    with sapwood.open(durability="async") as db:
        yield db
        assert db.check() == []


@pytest.fixture
def rows(db):
    found = db.records("rows")
    found.extend(ROWS)
    return found


# --- Rows ------------------------------------------------------------------------------------------------------------


def test_many_values_of_one_field(db):
    rows = db.records("rows")
    rows.extend([{"a": 1, "ab": 2}, {}, None, {"a": 3}])
    assert rows.get_many([3, 1, 0, 2], "a") == [3, None, 1, None]
    assert rows.get_many([0], ["a", "b"]) == [{"a": 1}]


def test_rows_are_read_by_position(rows):
    for index in range(-len(ROWS), len(ROWS)):
        assert rows[index] == rows.get(index) == ROWS[index]
        assert rows.fields(index) == sorted(ROWS[index] or {})
        assert rows.is_placeholder(index) == (ROWS[index] is None)
    for where in (slice(None), slice(1, 4), slice(None, None, -1), slice(-2, None), slice(9, 20), slice(5, 0, -2)):
        assert rows[where] == ROWS[where]
    assert rows.get_many([0, -1, 2, 0]) == [ROWS[0], ROWS[-1], None, ROWS[0]]
    assert (list(rows), list(reversed(rows)), rows.copy()) == (ROWS, ROWS[::-1], ROWS)
    assert (len(rows), rows.index(None), rows.index({}), rows.count(None)) == (6, 2, 3, 1)
    assert ({"name": "helium"} in rows, {"name": "neon"} in rows) == (True, False)
    assert rows == ROWS
    assert rows != ROWS[1:]


@pytest.mark.parametrize("index", [6, -7, 2**70, -(2**70)])
def test_rows_past_the_ends(rows, index):
    for use in (
        lambda: rows[index], lambda: rows.get(index), lambda: rows[index, "name"], lambda: rows.get(index, "name"),
        lambda: rows.get(index, ["name"]), lambda: rows.get_many([0, index]), lambda: rows.get_many([index], ["name"]),
        lambda: rows.fields(index), lambda: rows.is_placeholder(index), lambda: rows.update(index, {"a": 1}),
        lambda: rows.__setitem__(index, {}), lambda: rows.__setitem__((index, "name"), 1),
        lambda: rows.__delitem__(index), lambda: rows.drop("name", index),
    ):
        with pytest.raises(IndexError):
            use()
    with pytest.raises(IndexError if abs(index) < 2**63 else OverflowError):  # as from a list
        rows.pop(index)
    assert rows == ROWS


def test_rows_are_put_and_removed_as_items_of_a_list(rows):
    model = [row and dict(row) for row in ROWS]
    for change in (
        lambda found: found.append({"a": 1}),
        lambda found: found.append(None),
        lambda found: found.insert(0, {"first": True}),
        lambda found: found.insert(-1, None),
        lambda found: found.insert(100, {}),
        lambda found: found.__setitem__(1, {"other": [1, 2]}),
        lambda found: found.__setitem__(-1, None),
        lambda found: found.__setitem__(slice(2, 4), [{"s": i} for i in range(5)]),
        lambda found: found.__setitem__(slice(None, None, 5), [None] * len(range(0, len(found), 5))),
        lambda found: found.__setitem__(slice(3, 3), [{}, None]),
        lambda found: found.__delitem__(0),
        lambda found: found.__delitem__(-2),
        lambda found: found.__delitem__(slice(1, 3)),
        lambda found: found.__delitem__(slice(None, None, -4)),
        lambda found: found.reverse(),
        lambda found: found.remove({"s": 4}),
        lambda found: found.__iadd__([{"b": 2}, None]),
        lambda found: found.extend(iter([{"c": 3}])),
        lambda found: found.extend(found),
    ):
        change(rows)
        change(model)
        assert rows == model
    for index in (-1, 0, 3):
        assert rows.pop(index) == model.pop(index)
    rows.clear()
    assert (list(rows), len(rows)) == ([], 0)
    for fails in (rows.pop, lambda: rows.pop(0)):
        with pytest.raises(IndexError):
            fails()
    with pytest.raises(ValueError):
        rows.remove({})


NO_ROWS = [5, "row", [("a", 1)], {1: 2}, {None: 1}, {"a": {1, 2}}, {"a": 1, b"a": 2}]


@pytest.mark.parametrize("wrong", NO_ROWS, ids=repr)
def test_what_is_no_row_is_refused(rows, wrong):
    for put in (
        lambda: rows.append(wrong), lambda: rows.insert(0, wrong), lambda: rows.__setitem__(0, wrong),
        lambda: rows.extend([{}, wrong]), lambda: rows.__setitem__(slice(0, 1), [{}, wrong]),
    ):
        with pytest.raises((TypeError, ValueError)):
            put()
    assert rows == ROWS


def test_placeholders_are_no_empty_rows(db):
    rows = db.records("rows")
    rows.reserve(3)
    rows.reserve(0)
    rows[1] = {}
    rows.update(2, {"a": 1})
    rows.append(None)
    rows.update(-1, {})  # a row from now on
    assert (list(rows), len(rows)) == ([None, {}, {"a": 1}, {}], 4)
    assert [rows.is_placeholder(i) for i in range(4)] == [True, False, False, False]
    for index in (0, 1):
        assert (rows.get(index, "a", "none"), rows.get(index, ["a"]), rows.fields(index)) == ("none", {}, [])
        with pytest.raises(KeyError):
            rows[index, "a"]
    rows[0, "b"] = 2
    assert rows[0] == {"b": 2}
    assert rows.drop("b", 0) == 1
    assert (rows[0], rows.is_placeholder(0)) == ({}, False)
    rows.reserve(100_000)
    assert (len(rows), rows[-1]) == (100_004, None)
    for wrong, error in ((-1, ValueError), ("3", TypeError), (1.5, TypeError)):
        with pytest.raises(error):
            rows.reserve(wrong)


# --- Fields ----------------------------------------------------------------------------------------------------------


def test_fields_are_read_one_some_or_all(rows):
    assert (rows[0, "energy"], rows[-1, "name"], rows[4, "energy"], rows[0, b"atoms"]) == (-76.4, "long", None, 3)
    for index in (1, 2, 3):
        with pytest.raises(KeyError, match="energy"):
            rows[index, "energy"]
    assert rows.get(0, "energy", 0) == -76.4
    assert (rows.get(1, "energy"), rows.get(1, "energy", 0), rows.get(2, "energy", 0)) == (None, 0, 0)
    assert rows.get(4, "energy", 0) is None  # it is there
    assert rows.get(0, ["atoms", "absent", "name"]) == {"atoms": 3, "name": "water"}
    assert rows.get(0, ("name", b"atoms", "name")) == {"name": "water", b"atoms": 3}
    assert rows.get(0, []) == rows.get(2, ["name"]) == {}
    assert rows.get_many([0, 1, 2, -1], ["name", "atoms"]) == [
        {"name": "water", "atoms": 3}, {"name": "helium"}, {}, {"name": "long"},
    ]
    assert rows.get_many([]) == rows.get_many([], ["name"]) == []
    for wrong in (5, None, ["name"]):
        with pytest.raises(TypeError, match="name of a field"):
            rows[0, wrong]
    for wrong in (lambda: rows["0"], lambda: rows["0", "name"], lambda: rows[0:2, "name"], lambda: rows.get(0, 5)):
        with pytest.raises(TypeError):
            wrong()


def test_fields_are_set_and_updated_alone(rows):
    rows[0, "energy"] = "changed"
    rows[-1, "new"] = [1, {"a": b"x"}]
    rows[2, "name"] = "no placeholder"
    rows.update(1, {"charge": 0, "name": "He"})
    rows.update(3, [("a", 1), ("b", 2)])
    rows.update(4, {})
    assert list(rows) == [
        {"name": "water", "energy": "changed", "atoms": 3},
        {"name": "He", "charge": 0},
        {"name": "no placeholder"},
        {"a": 1, "b": 2},
        {"energy": None, "atoms": 1},
        {"name": "long", "text": "x" * 10_000, "new": [1, {"a": b"x"}]},
    ]
    before = list(rows)
    for wrong in (lambda: rows.update(0, {5: 1}), lambda: rows.update(0, {"a": 1, "b": object()}),
                  lambda: rows.update(0, None), lambda: rows.__setitem__((0, "a"), {1, 2}),
                  lambda: rows.__setitem__((slice(0, 2), "a"), 1), lambda: rows.__delitem__((0, "name"))):
        with pytest.raises(TypeError):
            wrong()
    assert list(rows) == before


def test_fields_are_dropped_from_all_rows_or_one(rows):
    assert rows.drop("absent") == rows.drop([]) == rows.drop(["absent"], 0) == rows.drop("name", 2) == 0
    assert rows.drop("name", 0) == 1
    assert rows.drop(["energy", "atoms"], -2) == 1
    assert list(rows) == [{"energy": -76.4, "atoms": 3}, {"name": "helium"}, None, {}, {}, ROWS[5]]
    assert rows.drop(["energy", "text", "absent"]) == 2
    assert rows.drop("name") == 2  # rows stay, without a field
    assert list(rows) == [{"atoms": 3}, {}, None, {}, {}, {}]
    for wrong in (5, [5], [None]):
        with pytest.raises(TypeError):
            rows.drop(wrong)


NAMES = ["", "\n", "two\nlines", "\0", "a\0b", "ü", "語" * 100, "x" * 65_536, b"\xff\xfe", b"\xff" * 65_536, "$numpy"]


def test_names_are_any_text_or_bytes_up_to_64_kib(path):
    """Bytes that are UTF-8 are the same name as the text."""
    whole = {name: i for i, name in enumerate(NAMES)}
    with sapwood.open(path, durability="async") as db:
        rows = db.records("rows")
        rows.append(whole)
        rows.extend({name: [i]} for i, name in enumerate(NAMES))
    with sapwood.open(path) as db:
        rows = db.records("rows")
        assert rows[0] == whole
        assert set(rows.fields(0)) == set(NAMES)
        for i, name in enumerate(NAMES):
            as_bytes = name if isinstance(name, bytes) else name.encode()
            assert rows[0, name] == rows[0, as_bytes] == i
            assert rows[i + 1] == {name: [i]}
            assert rows.column(name, slice(i + 1, i + 2)).to_list() == [[i]]
            rows[0, as_bytes] = -i
        assert rows[0] == {name: -i for i, name in enumerate(NAMES)}
        assert rows.drop(NAMES, 0) == 1
        assert rows[0] == {}
        for name in ("x" * 65_537, b"\xff" * 65_537, "ü" * 32_769):
            for put in (rows.append, lambda row: rows.update(0, row), lambda row: rows.extend([row])):
                with pytest.raises(sapwood.TooLongError, match="the limit is 65536"):
                    put({name: 1})
            assert rows.get(0, name) is None
        with pytest.raises(UnicodeEncodeError):
            rows.append({"\ud800": 1})
        assert (rows[0], len(rows)) == ({}, len(NAMES) + 1)
        assert db.check() == []


def test_a_row_of_ten_thousand_fields(path):
    wide = {f"field {i}": i if i % 2 else "x" * (i % 50) for i in range(10_000)}
    with sapwood.open(path, durability="async") as db:
        rows = db.records("rows")
        rows.append({"small": 1})
        rows.append(wide)
        rows[1, "field 77"] = "changed"
        rows.update(0, wide)
        assert rows.drop([f"field {i}" for i in range(5_000)], 1) == 1
    with sapwood.open(path, "r") as db:
        rows = db.records("rows")
        assert rows[0] == {**wide, "small": 1}
        assert rows[1] == {f"field {i}": wide[f"field {i}"] for i in range(5_000, 10_000)}
        assert (rows[0, "field 9999"], rows.get(1, "field 77"), len(rows.fields(0))) == (9999, None, 10_001)
        assert rows.column("field 9998").to_list() == [wide["field 9998"]] * 2


# --- Columns ---------------------------------------------------------------------------------------------------------

SLICES = [slice(None), slice(2, 5), slice(None, None, 2), slice(-3, None), slice(None, None, -1), slice(5, 1, -2),
          slice(100, 200), slice(3, 3), slice(-100, 100, 3)]


@pytest.mark.parametrize("where", SLICES, ids=str)
def test_a_column_is_a_field_of_all_rows_or_of_a_slice(rows, where):
    for name in ("name", "energy", "absent"):
        expected = [(row or {}).get(name, "default") for row in ROWS[where]]
        column = rows.column(name, where, "default")
        assert list(column) == column.to_list() == expected
        assert len(column) == len(expected)
        assert list(rows.column(name, where)) == [None if one == "default" else one for one in expected]


def test_what_is_no_column(rows):
    for wrong in (lambda: rows.column("name", 5), lambda: rows.column("name", [0, 1]), lambda: list(rows.column(5))):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError):
        list(rows.column("name", slice(None, None, 0)))
    assert repr(rows.column("name", slice(2))) == "<Column 'name' of 2 rows of 'rows'>"


def test_a_column_is_that_of_the_rows_when_it_is_iterated(rows):
    column, last = rows.column("atoms"), rows.column("atoms", slice(-2, None))
    begun = iter(column)
    rows.clear()
    assert (list(column), len(column), list(last)) == ([], 0, [])
    rows.extend([{"atoms": 1}, {"atoms": 2}, None])
    assert (list(column), list(last)) == ([1, 2, None], [2, None])
    assert list(begun) == [3, None, None, None, 1, None]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1.5, 2.5], None, numpy.array([1.5, 2.5])),
        ([1, 2], None, numpy.array([1, 2])),
        ([1.5, ..., 3], None, numpy.array([1.5, numpy.nan, 3])),
        ([1, ..., None], None, numpy.array([1, numpy.nan, numpy.nan])),
        ([True, ...], None, numpy.array([1, numpy.nan])),
        ([1.5, ...], "f4", numpy.array([1.5, numpy.nan], "f4")),
        ([numpy.float32(1.5), ..., numpy.int8(2)], None, numpy.array([1.5, numpy.nan, 2])),
        ([numpy.arange(3), numpy.arange(3)], None, numpy.array([[0, 1, 2], [0, 1, 2]])),
        (["a", ...], None, numpy.array(["a", None], object)),
        (["a", "bc"], None, numpy.array(["a", "bc"])),
        ([..., ...], None, numpy.array([numpy.nan, numpy.nan])),
        ([], None, numpy.array([])),
    ],
    ids=str,
)
def test_columns_become_arrays(db, values, dtype, expected):
    rows = db.records("rows")
    rows.extend({"other": 1} if value is ... else {"value": value} for value in values)
    found = rows.column("value").to_numpy(dtype)
    assert found.dtype == expected.dtype
    numpy.testing.assert_array_equal(found, expected)


def test_numbers_may_have_another_default_than_nan(db):
    rows = db.records("rows", int)
    rows.extend([{"n": 1}, {}, None, {"n": 2**62}])
    assert rows.column("n", default=-1).to_numpy().tolist() == [1, -1, -1, 2**62]
    with pytest.raises(ValueError):
        rows.column("n").to_numpy(int)


# --- Types, files, others --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "good", "wrong", "message"),
    [
        (float, [1.5, 2], "1", "expected float, got str"),
        (int, [1, True], 1.5, "expected int, got float"),
        (str, ["a", ""], b"a", "expected str, got bytes"),
        (bytes, [b"", bytearray(b"x")], "a", "expected bytes, got str"),
        (tuple[str, int], [("a", 1)], ("a",), "expected tuple"),
        ("json", [{"b": None}], {1, 2}, "JSON serializable"),
        (numpy.float32, [1.5], "x", "expected float32, got str"),
    ],
    ids=str,
)
def test_fields_of_one_type(db, spec, good, wrong, message):
    rows = db.records("rows", spec)
    rows.extend([{"a": value, "b": good[0]} for value in good] + [None, {}])
    before = list(rows)
    for put in (
        lambda: rows.append({"a": wrong}), lambda: rows.extend([{"a": good[0]}, {"a": wrong}]),
        lambda: rows.update(0, {"a": good[0], "b": wrong}), lambda: rows.__setitem__((0, "a"), wrong),
        lambda: rows.__setitem__(0, {"a": good[0], "b": wrong}), lambda: rows.insert(0, {"a": wrong}),
        lambda: rows.__setitem__(slice(0, 1), [{"a": wrong}]),
    ):
        with pytest.raises(TypeError, match=message):
            put()
    assert rows == before
    assert [rows[i, "a"] for i in range(len(good))] == good


def test_all_is_there_again_after_reopening(path):
    with sapwood.open(path, durability="async") as db:
        rows = db.records("rows")
        for i in range(2_000):
            rows.append({"i": i, "text": "x" * (i % 300), "array": numpy.arange(i % 5)} if i % 7 else None)
        rows.drop("text")
        del rows[::2]
        rows.insert(500, {"new": 1})
    with sapwood.Records(path.with_name("alone"), str) as alone:
        alone.append({"a": "x"})
    with sapwood.Records(path.with_name("alone")) as alone:
        assert (list(alone), alone.value_type_name) == ([{"a": "x"}], "string")
    with sapwood.open(path, "r") as db:
        rows = db.records("rows")
        assert len(rows) == 1001
        assert rows[500] == {"new": 1}
        kept = [i if i % 7 else None for i in range(1, 2_000, 2)]
        assert rows.column("i").to_list() == [*kept[:500], None, *kept[500:]]
        assert all(len(row["array"]) == row["i"] % 5 for row in rows.scan(lambda row: row and "array" in row))
        with pytest.raises(PermissionError):
            rows[0, "i"] = 1


def test_threads_may_write_while_others_look(db):
    """What has just been removed is not looked for."""
    rows, stop = db.records("rows"), threading.Event()

    def write():
        while not stop.is_set():
            rows.extend([{"n": n} for n in range(50)])
            rows.clear()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3000):
            assert 99 not in rows.column("n", slice(-5, None)).to_list()
            assert {"n": 99} not in rows
            repr(rows)
            len(rows.column("n", slice(None, None, -2)).to_list())
    finally:
        stop.set()
        writer.join()


FIELDS = st.sampled_from(["", "a", "b", "two\nlines", b"\xff"])
NUMBERS = st.floats(allow_nan=False) | st.just(float("inf"))
ONE_ROW = st.none() | st.dictionaries(FIELDS, NUMBERS, max_size=3)
AT = st.integers(0, 20)
STEPS = st.one_of(
    st.tuples(st.just("insert"), AT, ONE_ROW),
    st.tuples(st.just("set"), AT, ONE_ROW),
    st.tuples(st.just("field"), AT, FIELDS, NUMBERS),
    st.tuples(st.just("update"), AT, st.dictionaries(FIELDS, NUMBERS, max_size=3)),
    st.tuples(st.just("drop"), st.lists(FIELDS, max_size=2), st.none() | AT),
    st.tuples(st.just("delete"), AT),
)


def drop_of_model(model, names, at):
    for row in model if at is None else [model[at]]:
        for name in names if row is not None else []:
            row.pop(name, None)


@hypothesis.given(st.lists(STEPS, max_size=30), st.lists(FIELDS, max_size=3), st.slices(10))
def test_random_work_agrees_with_a_list_of_dicts(steps, names, where):
    with sapwood.Records(None, float) as rows:
        model = []
        for kind, *arguments in steps:
            at = arguments[-1] if kind == "drop" else arguments[0]
            if kind == "insert":
                rows.insert(*arguments)
                model.insert(at, arguments[1] and dict(arguments[1]))
            elif at is not None and at >= len(model):
                continue
            elif kind == "set":
                rows[at] = arguments[1]
                model[at] = arguments[1] and dict(arguments[1])
            elif kind == "field":
                rows[at, arguments[1]] = arguments[2]
                model[at] = {**(model[at] or {}), arguments[1]: arguments[2]}
            elif kind == "update":
                rows.update(at, arguments[1])
                model[at] = {**(model[at] or {}), **arguments[1]}
            elif kind == "drop":
                rows.drop(arguments[0], at)
                drop_of_model(model, arguments[0], at)
            else:
                del rows[at]
                del model[at]
        assert rows == model
        wanted = [{name: row[name] for name in names if name in row} for row in [one or {} for one in model]]
        assert rows.get_many(range(len(model)), names) == wanted
        for name in names:
            column = [(row or {}).get(name) for row in model[where]]
            assert rows.column(name, where).to_list() == column
            expected = [float("nan") if value is None else value for value in column]
            numpy.testing.assert_array_equal(rows.column(name, where).to_numpy(float), expected)
