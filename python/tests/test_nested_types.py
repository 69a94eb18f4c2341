"""Types of nested collections that are said where they are opened: sapwood.List[Point]."""

import dataclasses
import pickle

import numpy
import pytest

import sapwood
from sapwood import Nested
from test_nested import plain


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


def test_types_of_nested_ones_can_be_said(path):
    with sapwood.open(path) as db:
        paths = db.dict("paths", str, sapwood.List[Point])
        paths["a"] = db.new_list(Point, [Point(1, 2)])
        paths["a"].append(Point(3))
        paths["a"] += [Point(5)]
        levels = db.list("levels", sapwood.SortedDict[int, numpy.dtype("f4")])
        levels.append(db.new_sorted_dict(int, numpy.dtype("f4"), {1: numpy.float32(0.5)}))
        deep = db.dict("deep", str, sapwood.Dict[str, sapwood.Set[sapwood.codecs.Pickle()]])
        deep["a"] = db.new_dict(str, Nested, {"b": db.new_set(sapwood.codecs.Pickle(), [1j])})
    with sapwood.open(path) as db:
        paths = db.dict("paths", str, sapwood.List[Point])
        for read in (paths["a"], next(iter(paths.values())), paths.get("a"), paths.get_many(["a"])[0]):
            assert list(read) == [Point(1, 2), Point(3), Point(5)]
        with db.batch():
            paths["a"][0] = Point(7)
        assert paths.pop("a")[0] == Point(7)
        levels = db.list("levels", sapwood.SortedDict[int, numpy.dtype("f4")])
        assert type(levels[0][1]) is numpy.float32
        deep = db.dict("deep", str, sapwood.Dict[str, sapwood.Set[sapwood.codecs.Pickle()]])
        assert set(deep["a"]["b"]) == {1j}
        assert pickle.loads(pickle.dumps(deep))["a"]["b"].copy() == {1j}
        with pytest.raises(sapwood.WrongTypeError, match="is a sorted_map of int64 to structure.*, not a dict of"):
            db.list("levels", sapwood.Dict[int, int])[0]


def test_new_ones_are_of_the_types_that_were_said(db):
    shelf, items = db.dict("shelf", str, sapwood.List[int]), db.list("items", sapwood.List[int])
    items.append(db.new_list(int, [1]))
    for put in (
        lambda: shelf.__setitem__("a", db.new_list(str, ["x"])),
        lambda: shelf.update({"a": db.new_list(int), "b": db.new_dict()}),
        lambda: items.append(db.new_list(str)),
        lambda: items.__setitem__(0, db.new_set(int)),
    ):
        with pytest.raises(sapwood.WrongTypeError, match="not a list of int64"):
            put()
    assert (plain(shelf), plain(items)) == ({}, [[1]])
    shelf["a"] = db.new_list(int, [2])
    shelf["a"] = db.new_list(int, iter(shelf["a"]))
    assert plain(shelf) == {"a": [2]}
    ages = db.dict("ages", str)
    ages["a"] = db.new_dict(str, int, {"x": 1})
    ages["a"] = db.new_dict(str, int, ages["a"].items())
    assert plain(ages) == {"a": {"x": 1}}


@pytest.mark.parametrize("spec", [sapwood.List[set], sapwood.Dict[Point, int], list[int]], ids=str)
def test_types_that_nested_ones_cannot_have(db, spec):
    with pytest.raises(TypeError):
        db.dict("x", str, spec)
