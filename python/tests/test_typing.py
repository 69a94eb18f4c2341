"""What type checkers know of collections: mypy checks this file (tools/python_tests.sh), and it runs as a test too."""

import dataclasses
import datetime
import uuid
from collections.abc import Iterator
from typing import Any, assert_type

import numpy
import pytest

import sapwood


@dataclasses.dataclass
class Frame:
    name: str
    energy: float


@pytest.fixture
def db() -> Iterator[sapwood.Database]:
    with sapwood.open() as db:
        yield db


def test_lists_know_their_items(db: sapwood.Database) -> None:
    numbers = db.list("numbers", int)
    assert_type(numbers, sapwood.List[int])
    numbers.extend([1, 2, 3])
    assert_type(numbers[0], int)
    assert_type(numbers[0:2], list[int])
    assert_type(numbers.pop(), int)
    assert_type(list(numbers), list[int])
    assert_type(list(numbers.chunks(2)), list[list[int]])
    numbers += [4]
    assert_type(numbers, sapwood.List[int])
    with pytest.raises(TypeError):
        numbers.append("five")  # type: ignore[arg-type]
    assert_type(db.list("words", str, compression=3), sapwood.List[str])
    assert_type(db.list("frames", Frame), sapwood.List[Frame])
    assert_type(db.list("small", numpy.float32), sapwood.List[numpy.float32])
    assert_type(db.list("pairs", tuple[str, int]), sapwood.List[tuple[str, int]])
    assert_type(db.list("json", "json"), sapwood.List[Any])
    assert_type(db.list("anything"), sapwood.List[Any])
    assert_type(db.list("shelves", sapwood.Nested), sapwood.List[Any])
    shelves = db.dict("shelves by name", str, sapwood.List[int])
    shelves["a"] = db.new_list(int, [1])
    assert_type(shelves["a"][0], int)


def test_dicts_know_keys_and_values(db: sapwood.Database) -> None:
    ages = db.dict("ages", str, int, timestamps=True)
    assert_type(ages, sapwood.Dict[str, int])
    ages["Ada"] = 36
    assert_type(ages["Ada"], int)
    assert_type(ages.get("Ada"), int | None)
    assert_type(ages.get("nobody", "unknown"), int | str)
    assert_type(ages.get_many(["Ada"]), list[int | None])
    assert_type(dict(ages.items()), dict[str, int])
    with pytest.raises(TypeError):
        ages["Alan"] = "41"  # type: ignore[assignment]
    mass = db.sorted_dict("mass", uuid.UUID, datetime.datetime)
    assert_type(mass, sapwood.SortedDict[uuid.UUID, datetime.datetime])
    assert_type(mass.floor(uuid.UUID(int=1)), tuple[uuid.UUID, datetime.datetime] | None)
    assert_type(list(mass), list[uuid.UUID])
    assert_type(db.dict("pages", str), sapwood.Dict[str, Any])
    with pytest.raises(TypeError, match="unexpected option 'timestamp'"):
        db.dict("typo", str, int, timestamp=True)  # type: ignore[call-overload]


def test_sets_and_records(db: sapwood.Database) -> None:
    seen = db.set("seen", bytes)
    assert_type(seen, sapwood.Set[bytes])
    seen.add(b"a")
    assert_type(seen & [b"a"], set[bytes])
    assert_type(db.sorted_set("order", float).floor(1.0), float | None)
    rows = db.records("rows", cache="lru")
    rows.append({"name": "water"})
    assert_type(rows[0, "name"], Any)
    with db.transaction() as txn:
        assert_type(txn.list("numbers", int), sapwood.List[int])


def test_those_alone_in_their_files() -> None:
    scores = sapwood.List(None, int, durability="async")
    assert_type(scores, sapwood.List[int])
    assert_type(sapwood.SortedDict(None, str, float), sapwood.SortedDict[str, float])
    assert_type(sapwood.Set(), sapwood.Set[Any])

    def total(of: sapwood.List[int]) -> int:
        return sum(of)

    scores.extend([1, 2])
    assert total(scores) == 3
    with pytest.raises(TypeError, match="there are cache, cache_size, compression"):
        sapwood.List(None, int, compress=3)  # type: ignore[call-overload]
