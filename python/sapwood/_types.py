"""What may be given where a type of keys or values is asked for, and what it means."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import sys
import types
import typing
import uuid
from typing import Any

from . import _core


class _Unset:
    def __repr__(self) -> str:
        return "as it is"

    def __reduce__(self) -> str:
        return "UNSET"  # there is one


#: The default of types: those that the collection has, or any if it is created.
UNSET = _Unset()


class Nested:
    """The type of values that are collections, all of them: `db.dict("books", str, sapwood.Nested)`. `sapwood.List[Point]`
    and the like also say of which types they are."""


_PLAIN: dict[Any, str] = {
    None: "any",
    type(None): "any",
    object: "any",
    Any: "any",
    list: "any",
    dict: "any",
    tuple: "any",
    bool: "bool",
    int: "int64",
    float: "double",
    str: "string",
    bytes: "bytes",
    bytearray: "bytes",
    uuid.UUID: "uuid",
    datetime.datetime: "datetime",
    Nested: "collection",
    "any": "any",
    "bool": "bool",
    "int": "int64",
    "int32": "int32",
    "int64": "int64",
    "uint64": "uint64",
    "int128": "int128",
    "float": "double",
    "double": "double",
    "str": "string",
    "string": "string",
    "bytes": "bytes",
    "uuid": "uuid",
    "datetime": "datetime",
}
_NUMPY = {"?": "bool", "int32": "int32", "int64": "int64", "uint64": "uint64", "float64": "double"}
#: Kinds of NumPy values that dtypes of a kind take; others take what NumPy makes of it.
_TAKES = {"i": "biu", "u": "biu", "f": "biuf", "c": "biufc", "S": "S", "U": "U"}


def resolve(spec: Any) -> _core.Type | None:
    """The type that `spec` means; None if it is UNSET. Raises TypeError that lists what can be given."""
    if spec is UNSET:
        return None
    if isinstance(spec, _core.Type):
        return spec
    try:
        name = _PLAIN.get(spec)
    except TypeError:  # not hashable: no type of ours, but maybe a codec
        name = None
    if name is not None:
        return _core.Type(name)
    if spec == "json":
        return _core.Type("json", 0, _dump_json, json.loads)
    if typing.get_origin(spec) is tuple:
        return _tuple_type(spec)
    if hasattr(typing.get_origin(spec), "_kind"):
        return _nested_type(spec)
    if isinstance(spec, type) and dataclasses.is_dataclass(spec):
        fields = _Fields(spec)
        return _core.Type("any", 0, fields.of, fields.make)
    if hasattr(spec, "encode") and hasattr(spec, "decode") and not isinstance(spec, (str, bytes, type)):
        number = getattr(spec, "id", 0)
        if not isinstance(number, int) or not 0 <= number < 65536:
            raise ValueError(f"the id of a codec is a number from 1 to 65535, not {number!r}")
        return _core.Type("bytes", number, spec.encode, spec.decode)
    dtype = _dtype_of(spec)
    if dtype is not None:
        return _dtype_type(dtype)
    raise TypeError(
        f"{spec!r} is no type of keys or values: use int, float, bool, str, bytes, UUID, datetime, tuple[...], a"
        " dataclass, a NumPy dtype, 'int32', 'uint64', 'int128', 'json', sapwood.Nested, sapwood.List[...] and"
        " the like, None for anything, or an object with encode and decode"
    )


def resolve_key(spec: Any) -> _core.Type | None:
    """The same for keys and elements."""
    if isinstance(spec, type) and dataclasses.is_dataclass(spec):
        raise TypeError(f"{spec.__name__} is a dataclass, which cannot be a key: use tuple[...], or a codec")
    if spec is Nested or hasattr(typing.get_origin(spec), "_kind"):
        raise TypeError(f"{spec!r} is a collection, which cannot be a key")
    return resolve(spec)


def entry_types(kind: str, specs: tuple[Any, ...]) -> tuple[_core.Type, _core.Type]:
    """The types of keys and values that a collection of that kind has which is made with these."""
    none, anything = _core.Type("none"), _core.Type("any")
    if kind in ("list", "records"):
        return none, resolve(specs[0]) or anything
    if kind in ("set", "sorted_set"):
        return resolve_key(specs[0]) or anything, none
    return resolve_key(specs[0]) or anything, resolve(specs[1]) or anything


def _nested_type(spec: Any) -> _core.Type:
    """Values that are all collections of one kind and the same types, such as List[Point]. The file keeps only what those
    of Point are stored as."""
    cls: Any = typing.get_origin(spec)
    types = entry_types(cls._kind, typing.get_args(spec))

    def from_stored(found: _core.Collection) -> Any:
        return cls._of(found._as(cls._kind, *types))

    return _core.Type("collection", 0, None, from_stored)


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _tuple_type(spec: Any) -> _core.Type:
    names = []
    for part in typing.get_args(spec):
        name = _PLAIN.get(part)
        if name in (None, "any", "collection"):
            raise TypeError(f"{part!r} cannot be part of a tuple: {spec!r}")
        names.append(name)
    return _core.Type(f"tuple({', '.join(names)})")


class _Fields:
    """How objects of a dataclass become dicts of their fields, and come back: also those in fields that are annotated
    with a dataclass, or one or None."""

    def __init__(self, cls: Any) -> None:
        self._class = cls
        self._names = [field.name for field in dataclasses.fields(cls) if field.init]

    @functools.cached_property
    def _inside(self) -> dict[str, _Fields]:
        """Later than the class is made, which may be annotated with itself."""
        try:
            hints = typing.get_type_hints(self._class)
        except NameError:  # of a class that cannot be found by its name
            return {}
        found = {}
        for name in self._names:
            hint = hints.get(name)
            if typing.get_origin(hint) in (typing.Union, types.UnionType):
                others = [part for part in typing.get_args(hint) if part is not type(None)]
                hint = others[0] if len(others) == 1 else None
            if isinstance(hint, type) and dataclasses.is_dataclass(hint):
                found[name] = self if hint is self._class else _Fields(hint)
        return found

    def of(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, self._class):
            raise TypeError(f"expected {self._class.__name__}, got {type(value).__name__}")
        stored = {name: getattr(value, name) for name in self._names}
        for name, fields in self._inside.items():
            if stored[name] is not None:
                stored[name] = fields.of(stored[name])
        return stored

    def make(self, stored: dict[str, Any]) -> Any:
        for name, fields in self._inside.items():
            if stored.get(name) is not None:
                stored[name] = fields.make(stored[name])
        known = {name: stored[name] for name in self._names if name in stored}  # fields may have been removed
        return self._class(**known)


def _dtype_of(spec: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(spec, numpy.dtype):
        return spec
    if isinstance(spec, type) and issubclass(spec, numpy.generic):
        return numpy.dtype(spec)
    return None


def _dtype_type(dtype: Any) -> _core.Type:
    """Numbers that Sapwood has are stored as those; others, and structured ones, as structures of their bytes."""
    import numpy

    if dtype.hasobject:
        raise TypeError(f"values of {dtype!r} refer to Python objects and cannot be stored")
    if dtype.itemsize == 0:
        raise TypeError(f"values of {dtype!r} have no size: give one, such as dtype('U10')")
    name = _NUMPY.get(dtype.name) or _NUMPY.get(dtype.char)
    if name is not None and dtype.isnative:
        return _core.Type(name, 0, None, dtype.type)
    takes = _TAKES.get(dtype.kind)

    def to_stored(value: Any) -> bytes:
        if takes is not None:
            given = numpy.asarray(value)
            if given.dtype.kind not in takes and not (isinstance(value, int) and "i" in takes):
                raise TypeError(f"expected {dtype}, got {type(value).__name__}")
        found = numpy.asarray(value, dtype=dtype)
        if found.shape != ():
            raise TypeError(f"expected one value of {dtype}, got an array of shape {found.shape}")
        if dtype.kind in "iuSU" and found != given:  # NumPy takes off what is too much
            raise OverflowError(f"{value!r} does not fit in {dtype}")
        return found.tobytes()

    return _core.Type(f"structure({dtype.itemsize})", 0, to_stored, lambda stored: numpy.frombuffer(stored, dtype)[0])


# Values of type any: what the native module does not know itself.

_MARK = "$numpy"


def _pack(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if value.dtype.hasobject:
            raise TypeError(f"arrays of {value.dtype!r} refer to Python objects and cannot be stored")
        if isinstance(value, numpy.ma.MaskedArray):  # the mask would be lost
            raise TypeError("masked arrays cannot be stored: store data and mask")
        kind = numpy.lib.format.dtype_to_descr(value.dtype)
        array = numpy.ascontiguousarray(value).reshape(value.shape)
        is_scalar = isinstance(value, numpy.generic)
        return {_MARK: (repr(kind), None if is_scalar else tuple(value.shape), array.tobytes())}
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, float):  # a subclass
        return float(value)
    if isinstance(value, _core.Collection):
        raise TypeError("a collection is put with its contents: use db.new_list() and the like, or transaction.move()")
    raise TypeError(
        f"expected None, bool, int, float, str, bytes, list, tuple, dict, datetime, UUID or a NumPy value,"
        f" got {type(value).__name__}"
    )


def _unpack(marked: dict[str, Any]) -> Any:
    if _MARK not in marked:
        return marked
    import ast

    import numpy

    kind, shape, stored = marked[_MARK]
    dtype = numpy.lib.format.descr_to_dtype(ast.literal_eval(kind))
    if dtype.itemsize == 0:
        return numpy.zeros(shape or (), dtype)
    if shape is None:
        return numpy.frombuffer(stored, dtype)[0]
    return numpy.frombuffer(bytearray(stored), dtype).reshape(shape)


_core.set_any_hooks(_pack, _unpack)
