"""Types with values of them, which test_types.py stores, and what tells values apart."""

import dataclasses
import datetime
import decimal
import math
import re
import uuid

import numpy
import pytest

import sapwood

UTC = datetime.timezone.utc
TINY = 5e-324  # the smallest number over 0
STRUCTURE = numpy.dtype([("id", "<i4"), ("at", ">f8", (2,)), ("name", "S3")])

#: What is given as a type: what the file calls it, and values in the order that they have as keys, ends included.
PLAIN = {
    "bool": (bool, "bool", [False, True]),
    "int": (int, "int64", [-(2**63), -1, 0, 1, 2**63 - 1]),
    "int32": ("int32", "int32", [-(2**31), -1, 0, 2**31 - 1]),
    "uint64": ("uint64", "uint64", [0, 1, 2**63, 2**64 - 1]),
    "int128": ("int128", "int128", [-(2**127), -(2**64), -1, 0, 2**64, 2**127 - 1]),
    "float": (float, "double", [-math.inf, -1.5, -TINY, 0.0, TINY, 1e308, math.inf, math.nan]),
    "str": (str, "string", ["", "\0", "a", "a\0", "a\0b", "ab", "ü", "語", "\uffff", "😀", "😀" * 200]),
    "bytes": (bytes, "bytes", [b"", b"\0", b"\0\xff", b"a", b"\xff" * 1000]),
    "UUID": (uuid.UUID, "uuid", [uuid.UUID(int=0), uuid.UUID(int=1), uuid.UUID(int=2**128 - 1)]),
    "datetime": (
        datetime.datetime,
        "datetime",
        [datetime.datetime(1, 1, 1, tzinfo=UTC), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
         datetime.datetime(2026, 1, 31, 20, 15, 13, 678901, UTC), datetime.datetime.max.replace(tzinfo=UTC)],
    ),
    "pair": (
        tuple[str, int],
        "tuple(string, int64)",
        [("", 5), ("\0", -1), ("a", -1), ("a", 0), ("a\0", -9), ("b", 0)],
    ),
    "eight": (
        tuple[bool, "int32", "uint64", "int128", float, bytes, uuid.UUID, datetime.datetime],
        "tuple(bool, int32, uint64, int128, double, bytes, uuid, datetime)",
        [(False, -1, 1, 2**100, 0.5, b"\0\xff", uuid.UUID(int=7), datetime.datetime(2020, 1, 1, tzinfo=UTC)),
         (True, 0, 0, 0, math.nan, b"", uuid.UUID(int=0), datetime.datetime(1, 1, 1, tzinfo=UTC))],
    ),
}
JSON = {
    "json": (
        "json",
        "json",
        [None, True, -1, 2.5, -0.0, "ü\0", [], {"b": [1, {"c": None}], "a": 10**40}, "x" * 5000],
    )
}
#: The same numbers, for which the file knows no class of NumPy.
NUMPY = {
    "bool_": (numpy.bool_, "bool", [numpy.False_, numpy.True_]),
    "float64": (numpy.float64, "double", [numpy.float64(-1.5), numpy.float64(math.inf)]),
    "numpy.int32": (numpy.int32, "int32", [numpy.int32(-(2**31)), numpy.int32(0)]),
    "dtype u8": (numpy.dtype("u8"), "uint64", [numpy.uint64(0), numpy.uint64(2**64 - 1)]),
}

#: Anything, in the order that keys have: by kind, then by value. Values of NumPy come last.
ANY_KEYS = [
    None, False, True, -(2**127), -(2**63) - 1, -1, 0, 2**63, 2**64 - 1, 2**64, 2**127 - 1, -math.inf, 0.0, TINY,
    math.inf, math.nan, "", "a", "ü", b"", b"\xff", uuid.UUID(int=3), datetime.datetime(2020, 1, 1, tzinfo=UTC),
    datetime.datetime(2020, 1, 1, 0, 0, 0, 1, UTC), (), (1, "a"), (1, ("b",)), (2,),
]
NUMPY_SCALARS = [
    numpy.float32(1.5), numpy.int8(-3), numpy.uint64(2**64 - 1), numpy.True_, numpy.float64(-0.0),
    numpy.complex64(1 + 2j), numpy.float16(0.1), numpy.datetime64("2020-01-01"), numpy.datetime64("NaT"),
    numpy.timedelta64(5, "s"),
]
CONTAINERS = [
    [], [1, [2.5, [None]]], {}, {"b": {"c": [True]}, "a": b"x"}, {1: "one", None: (), (1, 2): 3, b"k": 4, 2.5: 5},
    {"$numpy": 1}, {"$$": {"$": 2}}, ({"a": []}, [()]), [numpy.arange(3), {"a": numpy.float32(2)}],
    {numpy.int8(1): "scalar"},
]
SQUARE = numpy.arange(12.0).reshape(3, 4)
ARRAYS = {
    "C": SQUARE,
    "Fortran": numpy.asfortranarray(SQUARE),
    "not contiguous": SQUARE[::2, ::-1],
    "broadcast": numpy.broadcast_to(numpy.int16(7), (2, 3)),
    "0-d": numpy.array(5),
    "empty": numpy.array([]),
    "empty in one dimension": numpy.zeros((0, 3), "f4"),
    "big-endian": numpy.arange(5, dtype=">i4"),
    "structured": numpy.array([(1, (2, 3), b"abc"), (-1, (math.nan, -0.0), b"")], STRUCTURE),
    "aligned": numpy.array([(1, 2)], numpy.dtype([("a", "i1"), ("b", "i8")], align=True)),
    "record": numpy.array((1, (2, 3), b"x"), STRUCTURE)[()],
    "bool": numpy.array([[True], [False]]),
    "complex": numpy.array([1 + 2j, complex(math.nan, -0.0)]),
    "text": numpy.array(["a", "語bc"]),
    "bytes": numpy.array([b"a", b"b\0c"]),
    "times": numpy.array(["2020-01-01", "NaT"], "M8[us]"),
    "without fields": numpy.zeros(2, numpy.dtype([])),
    "special": numpy.array([math.nan, -0.0, math.inf, TINY]),
}


@dataclasses.dataclass
class Frame:
    name: str
    energy: float = -1.5
    tags: list[str] = dataclasses.field(default_factory=list)
    cached: int = dataclasses.field(default=7, init=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    at: tuple[int, ...] = ()
    data: numpy.ndarray | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass
class Spot:
    x: float
    y: float = 0.0


@dataclasses.dataclass
class Shape:
    """Dataclasses in fields: one, one or none, and its own."""

    center: Spot
    other: Spot | None = None
    inner: "Shape | None" = None
    size: int | str = 0


class Hex:
    """A codec: any object with these two methods. Its id is kept in the file."""

    id = 7

    def encode(self, value):
        return f"{value:x}".encode()

    def decode(self, stored):
        return int(stored, 16)

    def __repr__(self):
        return type(self).__name__


class Broken(Hex):
    def encode(self, value):
        return 7


#: Types that are not those of the file: what Python makes of them needs the type again.
MADE = {
    "dataclass": (Frame, "any", [Frame("water"), Frame("", math.inf, ["a", "b"])]),
    "dataclass in dataclass": (
        Shape,
        "any",
        [Shape(Spot(1.0)), Shape(Spot(2.0), Spot(3.0, 4.0), Shape(Spot(5.0), size="s"), 6)],
    ),
    "frozen dataclass": (Frozen, "any", [Frozen(), Frozen(at=(1, 2), data=numpy.arange(3))]),
    "codec": (Hex(), "bytes with codec 7", [0, 255, 2**200]),
    "pickle": (sapwood.codecs.Pickle(), "bytes with codec 65280", [{1, 2}, Frame("x"), decimal.Decimal("1.10"), None]),
    "int8": (numpy.int8, "structure(1)", [numpy.int8(-128), numpy.int8(127)]),
    "float32": (numpy.dtype("f4"), "structure(4)", [numpy.float32(1.5), numpy.float32(math.nan), numpy.float32(-0.0)]),
    "big-endian": (numpy.dtype(">i4"), "structure(4)", [numpy.int32(-(2**31)), numpy.int32(5)]),
    "S3": (numpy.dtype("S3"), "structure(3)", [numpy.bytes_(b""), numpy.bytes_(b"abc")]),
    "U3": (numpy.dtype("U3"), "structure(12)", [numpy.str_(""), numpy.str_("語bc")]),
    "M8": (numpy.dtype("M8[s]"), "structure(8)", [numpy.datetime64("2020-01-01", "s"), numpy.datetime64("NaT", "s")]),
    "structured": (STRUCTURE, f"structure({STRUCTURE.itemsize})", list(ARRAYS["structured"])),
}
ANY = {
    "any": (None, "any", [*ANY_KEYS, *NUMPY_SCALARS, *CONTAINERS]),
    "arrays": (None, "any", list(ARRAYS.values())),
}


def shown(value):
    """A value with the types of all in it, arrays as their bytes: equal for those that nothing tells apart."""
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return type(value), value.dtype, value.shape, value.tobytes()
    if isinstance(value, dict):
        return dict, sorted((repr(shown(key)), shown(inner)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), [shown(inner) for inner in value]
    if dataclasses.is_dataclass(value):
        return type(value), [shown(getattr(value, field.name)) for field in dataclasses.fields(value)]
    return type(value), repr(value)


def same(found, expected):
    assert [shown(value) for value in found] == [shown(value) for value in expected]


def name_of(value):
    """What a case is called: the same in every process."""
    return re.sub(r" at 0x\w+", "", repr(sorted(value) if isinstance(value, set) else value))


def parametrised(*tables):
    cases = {name: case for table in tables for name, case in table.items()}
    return pytest.mark.parametrize(("spec", "stored", "values"), cases.values(), ids=cases)
