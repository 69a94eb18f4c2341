"""Types of keys and values: what each takes, gives back and refuses, in every kind of collection, over a reopening."""

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import uuid

import numpy
import pytest

import sapwood
from type_cases import ANY, ANY_KEYS, ARRAYS, JSON, MADE, NUMPY, NUMPY_SCALARS, PLAIN, STRUCTURE, UTC
from type_cases import Broken, Frame, Hex, Shape, Spot, name_of, parametrised, same, shown


@pytest.fixture
def db():
    with sapwood.open(durability="async") as db:
        yield db
        assert db.check() == []


# --- Round trips -----------------------------------------------------------------------------------------------------


def verify_values(db, stored, values, *spec):
    listed, rows = db.list("list", *spec), db.records("records", *spec)
    by_hash, in_order = db.dict("dict", int, *spec), db.sorted_dict("sorted", int, *spec)
    assert {one.value_type_name for one in (listed, by_hash, in_order, rows)} == {stored}
    same(listed, values)
    same(reversed(listed), values[::-1])
    same(listed[1:], values[1:])
    same(listed.get_many(range(len(values))), values)
    same([by_hash[i] for i in range(len(values))], values)
    same(in_order.values(), values)
    same([rows[i, "field"] for i in range(len(values))], values)
    same(rows.column("field"), values)
    same([row["other"] for row in rows], values[::-1])


@parametrised(PLAIN, JSON, NUMPY, MADE, ANY)
def test_values_of_every_kind_come_back_as_they_were(path, spec, stored, values):
    with sapwood.open(path, durability="async") as db:
        db.list("list", spec).extend(values)
        db.dict("dict", int, spec).update(enumerate(values))
        db.sorted_dict("sorted", int, spec).bulk_load(enumerate(values))
        db.records("records", spec).extend({"field": a, "other": b} for a, b in zip(values, values[::-1]))
        verify_values(db, stored, values, spec)
        assert db.check() == []
    with sapwood.open(path, "r") as db:
        verify_values(db, stored, values, spec)
        if any(values is of_file for _, _, of_file in (PLAIN | JSON | ANY).values()):
            verify_values(db, stored, values)  # left out, the type is that of the file


@parametrised(PLAIN, NUMPY, {"any": (None, "any", ANY_KEYS)})
def test_keys_of_every_kind_come_back_and_have_an_order(path, spec, stored, values):
    shuffled = values[1::2] + values[::2]
    with sapwood.open(path, durability="async") as db:
        db.dict("dict", spec, int).update((key, i) for i, key in enumerate(shuffled))
        db.sorted_dict("sorted", spec, int).update((key, i) for i, key in enumerate(shuffled))
        db.set("set", spec).update(shuffled)
        db.sorted_set("sorted set", spec).update(shuffled)
    with sapwood.open(path, "r") as db:
        by_hash, in_order = db.dict("dict", spec), db.sorted_dict("sorted", spec)
        elements, ordered = db.set("set", spec), db.sorted_set("sorted set", spec)
        assert {one.key_type_name for one in (by_hash, in_order, elements, ordered)} == {stored}
        same(in_order, values)
        same(ordered, values)
        assert sorted(map(repr, map(shown, by_hash))) == sorted(map(repr, map(shown, values)))
        assert sorted(map(repr, map(shown, elements))) == sorted(map(repr, map(shown, values)))
        for i, key in enumerate(shuffled):
            assert by_hash[key] == in_order[key] == i
            assert key in elements and key in ordered
        for i, key in enumerate(values):
            assert in_order.rank(key) == ordered.rank(key) == i
            same([ordered.floor(key), ordered[i]], [key, key])


@pytest.mark.parametrize("key", NUMPY_SCALARS, ids=lambda key: key.dtype.name)
def test_scalars_of_numpy_are_keys_of_type_any(db, key):
    by_hash, elements = db.dict("dict"), db.sorted_set("set")
    by_hash[key] = "found"
    elements.update(["other", key])
    assert by_hash[key] == "found"
    same(by_hash, [key])
    same(elements, ["other", key])  # after all others


@parametrised({name: MADE[name] for name in ("codec", "int8", "float32", "big-endian", "S3", "structured")})
def test_codecs_and_structures_are_keys_by_their_bytes(db, spec, stored, values):
    by_hash, elements = db.dict("dict", spec, int), db.set("set", spec)
    for i, key in enumerate(values):
        by_hash[key] = i
    elements.update(values)
    assert [by_hash[key] for key in values] == list(range(len(values)))
    assert sorted(map(repr, map(shown, elements))) == sorted(map(repr, map(shown, values)))
    if stored.startswith("structure"):
        with pytest.raises(ValueError, match="none that has an order"):
            db.sorted_set("sorted", spec)
    else:
        db.sorted_set("sorted", spec).update(values)
        same(db.sorted_set("sorted", spec), [0, 2**200, 255])


def test_what_comes_back_is_a_copy_that_can_be_written_to(db):
    anything = db.list("anything")
    anything.append([numpy.zeros(2), {"a": [1]}])
    array, made = anything[0]
    array[0] = 9
    made["a"].append(2)
    assert (anything[0][0][0], anything[0][1]) == (0, {"a": [1]})
    db.list("frames", Frame).append(Frame("a"))
    db.list("frames", Frame)[0].tags.append("x")
    assert db.list("frames", Frame)[0].tags == []


# --- What is taken for what ------------------------------------------------------------------------------------------


class Point(collections.namedtuple("Point", "x y")):
    pass


class Count(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("spec", "given", "expected"),
    [
        (bool, numpy.True_, True),
        (numpy.bool_, True, numpy.True_),
        (int, True, 1),
        (int, numpy.int16(4), 4),
        (int, Count.ONE, 1),
        (float, 3, 3.0),
        (float, numpy.float32(0.5), 0.5),
        (float, decimal.Decimal("1.5"), 1.5),
        (float, -0.0, -0.0),
        (str, numpy.str_("a"), "a"),
        (bytes, bytearray(b"ab"), b"ab"),
        (bytes, memoryview(b"abcdef")[::2], b"ace"),
        (numpy.float32, 3, numpy.float32(3)),
        (numpy.int8, numpy.int64(-128), numpy.int8(-128)),
        (numpy.uint8, True, numpy.uint8(1)),
        (numpy.dtype("M8[D]"), "2020-01-02", numpy.datetime64("2020-01-02")),
        (STRUCTURE, (1, (2, 3), b"a"), ARRAYS["record"].dtype.type((1, (2, 3), b"a"), STRUCTURE)),
        ("json", (1, 2), [1, 2]),
        ("json", {1: 2}, {"1": 2}),
        (None, Point(1, 2), (1, 2)),
        (None, Count.ONE, 1),
        (None, collections.OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
        (None, bytearray(b"ab"), b"ab"),
        (None, ARRAYS["structured"].view(numpy.recarray), ARRAYS["structured"]),
        (datetime.datetime, datetime.datetime(2020, 1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
         datetime.datetime(2020, 1, 1, tzinfo=UTC)),
        (Frame, type("Sub", (Frame,), {})("sub"), Frame("sub")),
    ],
    ids=name_of,
)
def test_what_is_as_good_is_taken(db, spec, given, expected):
    items = db.list("items", spec)
    items.append(given)
    items.extend([given] * 9)  # numbers go in blocks
    same(items, [expected] * 10)


def test_zeros_are_one_key_and_nans_too(db):
    for spec in (float, None):
        numbers = db.sorted_set(f"of {spec}", spec)
        numbers.update([-0.0, 0.0, math.nan, float("nan"), -math.nan])
        same(numbers, [0.0, math.nan])
        assert -0.0 in numbers
    numbers = db.set("numbers")
    numbers.update([1, 1.0, True])
    assert len(numbers) == 3  # unlike in a set, numbers of other kinds are other elements
    anything = db.list("anything")
    anything.append(-0.0)
    same(anything, [0.0])  # values of type any have the form of keys


@pytest.mark.parametrize("spec", [bytes, None, str, sapwood.codecs.Pickle()], ids=["bytes", "any", "str", "pickle"])
def test_large_values(path, spec):
    large = "ab\0é" * 4_000_000 if spec is str else bytes(range(256)) * 80_000  # 20 MB
    with sapwood.open(path, durability="async") as db:
        db.list("list", spec).extend([large, large[:1], large])
        db.dict("dict", str, spec)["large"] = large
    with sapwood.open(path) as db:
        items = db.list("list", spec)
        assert items[0] == items[2] == db.dict("dict", str, spec)["large"] == large
        assert items[1] == large[:1]
        del items[0]
        items[1] = large[:5]
        assert list(items) == [large[:1], large[:5]]
        assert db.check() == []


def test_a_large_array_is_a_value(db):
    array = numpy.arange(2_500_000.0).reshape(50, -1)
    rows = db.records("rows")
    rows.append({"array": array, "name": "large"})
    assert (rows[0, "array"] == array).all()
    assert rows[0, "name"] == "large"


@pytest.mark.parametrize(
    ("kind", "most"), [("dict", 65_536), ("set", 65_536), ("sorted_dict", 1_024), ("sorted_set", 1_024)]
)
def test_keys_from_nothing_to_the_longest(db, kind, most):
    keyed = getattr(db, kind)("keyed", bytes)
    put = keyed.add if "set" in kind else lambda key: keyed.__setitem__(key, 1)
    keys = [b"", b"\xff" * (most - 1), b"\xff" * most]
    for key in keys:
        put(key)
    with pytest.raises(sapwood.TooLongError, match=f"the limit is .*{most}"):
        put(b"\xff" * (most + 1))
    assert sorted(keyed) == keys
    assert b"\xff" * (most + 1) not in keyed
    keyed.clear() if "set" in kind else keyed.pop(keys[2])
    assert keys[2] not in keyed


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "wrong", "message"),
    [
        (bool, "yes", "expected bool, got str"),
        ("int32", 1.0, r"expected int \(32 bits\), got float"),
        ("uint64", "1", r"expected int \(64 bits, not negative\), got str"),
        ("int128", None, "expected int, got NoneType"),
        (float, "1", "expected float, got str"),
        (float, 1j, "expected float, got complex"),
        (str, None, "expected str, got NoneType"),
        (bytes, 5, "expected bytes, got int"),
        (uuid.UUID, "00000000-0000-0000-0000-000000000000", "expected UUID, got str"),
        (datetime.datetime, datetime.date(2020, 1, 1), "expected datetime, got date"),
        (tuple[str, int], ["a", 1], r"expected tuple\(string, int64\), got list"),
        (tuple[str, int], ("a",), r"expected tuple\(string, int64\), got tuple"),
        (tuple[str, int], ("a", 1, 2), r"expected tuple\(string, int64\), got tuple"),
        (tuple[str, int], ("a", "b"), "expected int, got str"),
        (None, {1, 2}, "expected None, .* got set"),
        (None, [datetime.date(2020, 1, 1)], "got date"),
        (None, {"a": Frame("a")}, "got Frame"),
        (None, numpy.array([object()]), "refer to Python objects"),
        (None, numpy.ma.masked_array([1, 2], [True, False]), "masked"),
        ("json", {1, 2}, "set is not JSON serializable"),
        (Frame, {"name": "a"}, "expected Frame, got dict"),
        (numpy.int8, 1.0, "expected int8, got float"),
        (numpy.int8, "1", "expected int8, got str"),
        (numpy.float32, None, "expected float32, got NoneType"),
        (numpy.float32, [1.0, 2.0], "array of shape"),
        (numpy.dtype("S3"), "abc", "expected .*S3, got str"),
        (Broken(), "x", "expected bytes, got int"),
    ],
    ids=name_of,
)
def test_wrong_values_tell_what_is_expected_and_given(db, spec, wrong, message):
    items, rows, by_name = db.list("list", spec), db.records("rows", spec), db.dict("dict", str, spec)
    for put in (
        lambda: items.append(wrong),
        lambda: items.extend([wrong] * 20),
        lambda: items.insert(0, wrong),
        lambda: rows.append({"field": wrong}),
        lambda: by_name.__setitem__("key", wrong),
        lambda: by_name.setdefault("key", wrong),
        lambda: by_name.update(key=wrong),
    ):
        with pytest.raises(TypeError, match=message):
            put()
    assert (len(items), len(rows), len(by_name)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        (int, 2**63), ("int32", -(2**31) - 1), ("uint64", -1), ("uint64", 2**64), ("int128", 2**127),
        ("int128", -(2**200)), (None, 2**127), (None, [-(2**127) - 1]), (float, 10**400),
        (tuple["int32", str], (2**31, "")), (numpy.int8, 128), (numpy.int8, numpy.int64(300)), (numpy.uint8, -1),
        (numpy.int16, 2**70), (numpy.dtype("S3"), b"four"), (numpy.dtype("U1"), "two"),
    ],
    ids=name_of,
)
def test_what_does_not_fit_is_an_overflow(db, spec, wrong):
    items = db.list("items", spec)
    with pytest.raises(OverflowError):
        items.append(wrong)
    with pytest.raises(OverflowError):
        items.extend([wrong] * 20)
    assert len(items) == 0
    assert wrong not in items


def test_json_has_no_nan_and_lone_surrogates_are_no_text(db):
    documents = db.list("documents", "json")
    for wrong in (math.nan, [math.inf]):
        with pytest.raises(ValueError, match="JSON"):
            documents.append(wrong)
    with pytest.raises(UnicodeEncodeError):
        documents.append(["\ud800"])
    assert len(documents) == 0


@pytest.mark.parametrize(
    "spec",
    [7, "number", set, list[int], complex, sapwood.codecs.Pickle, tuple[int, ...], tuple[list, int], numpy.dtype("O"),
     numpy.str_],
    ids=name_of,
)
def test_what_is_no_type_is_a_type_error(db, spec):
    for make in (lambda: db.list("x", spec), lambda: db.dict("x", int, spec), lambda: db.new_set(spec)):
        with pytest.raises(TypeError):
            make()
    assert db.collections() == []


def test_what_no_key_or_codec_can_be_is_a_value_error(db):
    with pytest.raises(ValueError, match="no key"):
        db.set("x", "json")
    with pytest.raises(ValueError):
        db.list("x", tuple[(int,) * 9])
    for number in (-1, 65_536, "x"):
        codec = Hex()
        codec.id = number
        with pytest.raises(ValueError, match="id of a codec"):
            db.list("x", codec)
    assert db.collections() == []


# --- What the file keeps ---------------------------------------------------------------------------------------------


def test_other_types_than_those_of_the_file_are_named(path):
    with sapwood.open(path) as db:
        db.list("numbers", int).append(1)
        db.dict("ages", str, int)["a"] = 1
        db.set("names", str)
        db.records("rows", float)
        db.list("coded", Hex()).append(255)
    with sapwood.open(path) as db:
        for wrong, message in (
            (lambda: db.list("numbers", float), "'numbers' is a list of int64, not a list of double"),
            (lambda: db.list("numbers", None), "not a list of any"),
            (lambda: db.dict("numbers"), "'numbers' is a list of int64, not a dict"),
            (lambda: db.dict("ages", bytes), "dict of string to int64, not a dict of bytes to int64"),
            (lambda: db.dict("ages", str, str), "dict of string to int64, not a dict of string to string"),
            (lambda: db.dict("ages", value=float), "not a dict of string to double"),
            (lambda: db.sorted_dict("ages", str, int), "'ages' is a dict of string to int64, not a sorted"),
            (lambda: db.set("names", int), "set of string, not a set of int64"),
            (lambda: db.records("rows", int), "records of double, not a records of int64"),
            (lambda: db.list("coded", bytes), "bytes with codec 7, not a list of bytes"),
            (lambda: db.list("coded", sapwood.codecs.Pickle()), "codec 7, not a list of bytes with codec 65280"),
        ):
            with pytest.raises(sapwood.WrongTypeError, match=message):
                wrong()
        with db.snapshot() as then, pytest.raises(TypeError, match="list of int64, not a list of string"):
            then.list("numbers", str)
        with db.transaction() as txn, pytest.raises(TypeError, match="dict of string to int64"):
            txn.dict("ages", int, int)
        # Each type alone can be left out.
        assert db.dict("ages", str)["a"] == db.dict("ages", value=int)["a"] == db.dict("ages")["a"] == 1
        assert db.list("coded", Hex())[0] == 255
        assert db.list("coded")[0] == b"ff"  # a codec is not in the file


def test_dataclasses_grow_fields_with_defaults(path):
    first = dataclasses.make_dataclass("Atom", [("symbol", str)])
    later = dataclasses.make_dataclass("Atom", [("symbol", str), ("charge", int, 0)])
    with sapwood.open(path) as db:
        db.list("atoms", first).append(first("H"))
    with sapwood.open(path) as db:
        atoms = db.list("atoms", later)
        atoms.append(later("O", -2))
        assert list(atoms) == [later("H", 0), later("O", -2)]
        assert list(db.list("atoms")) == [{"symbol": "H"}, {"charge": -2, "symbol": "O"}]


def test_dataclasses_that_hold_something_else(path):
    with sapwood.open(path) as db:
        shapes = db.list("shapes", Shape)
        for wrong in (Shape(Spot(object())), Shape("no point"), Shape(Spot(1.0), inner=Spot(1.0))):
            with pytest.raises(TypeError, match="got"):
                shapes.append(wrong)
        assert list(shapes) == []


# --- Compression -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["list", "dict", "sorted_dict"])
def test_compressed_text_is_smaller_and_the_same(path, kind):
    """Values with much in common share a dictionary, which is trained of the first of them."""
    texts = [f"Package: lib{i}\nVersion: {i}.{i % 7}\nMaintainer: Someone <one@example.org>\n" * 2 for i in range(4000)]

    def fill(name, level):
        made = getattr(db, kind)(name, *([str] if kind == "list" else [int, str]), compression=level)
        made.extend(texts) if kind == "list" else made.update(enumerate(texts))
        return made.metrics["leaf_bytes"] + made.metrics["value_bytes"]

    with sapwood.open(path, durability="async") as db:
        assert fill("squeezed", 3) * 2 < fill("plain", 0)
        db.recompress("squeezed", 19)
        with pytest.raises(ValueError):
            getattr(db, kind)("wrong", compression=20)
        with pytest.raises(ValueError, match="vary in size"):
            db.list("numbers", int, compression=3)
    with sapwood.open(path) as db:
        squeezed = db["squeezed"]
        assert (list(squeezed) if kind == "list" else [squeezed[i] for i in range(len(texts))]) == texts
        squeezed[5] = "short"
        squeezed[6] = "\0" * 100_000
        assert (squeezed[5], len(squeezed[6]), squeezed[7]) == ("short", 100_000, texts[7])
        assert db.check() == []


class Sorted:
    """A codec without an id: the same value in different bytes."""

    def encode(self, value):
        return json.dumps(value).encode()

    def decode(self, stored):
        return json.loads(stored)


def test_values_of_codecs_are_compared_as_values(db):
    items = db.list("items", Sorted())
    items.append({"a": 1, "b": 2})
    same = {"b": 2, "a": 1}
    assert same in items
    assert (items.index(same), items.count(same)) == (0, 1)
    items.remove(same)
    assert len(items) == 0


def test_fields_that_a_dataclass_has_no_more_are_left_out(db):
    before = dataclasses.make_dataclass("Point", ["x", "y"])
    after = dataclasses.make_dataclass("Point", ["x", ("z", int, 3)])
    db.dict("points", str, before)["a"] = before(1, 2)
    assert db.dict("points", str, after)["a"] == after(1, 3)


def test_a_dataclass_is_no_key(db):
    point = dataclasses.make_dataclass("Point", ["x"])
    for call in (lambda: db.dict("x", point, int), lambda: db.set("x", point), lambda: db.new_set(point)):
        with pytest.raises(TypeError, match="cannot be a key"):
            call()


class Torn:
    """A codec whose values cannot be read back."""

    def encode(self, value):
        return b"torn"

    def decode(self, stored):
        raise ValueError("cannot decode")


def test_what_cannot_be_decoded_is_no_missing_entry(db):
    items = db.dict("items", str, Torn())
    items["a"] = 1
    for read in (lambda: items["a"], lambda: items.pop("a"), lambda: items.pop("a", None), lambda: items.setdefault("a", 1)):
        with pytest.raises(ValueError, match="cannot decode"):
            read()
    assert "a" in items


def test_a_collection_is_no_key(db):
    for call in (
        lambda: db.set("x", sapwood.List[int]),
        lambda: db.dict("x", sapwood.Nested, int),
        lambda: db.new_dict(sapwood.List[int], int),
    ):
        with pytest.raises(TypeError, match="cannot be a key"):
            call()
