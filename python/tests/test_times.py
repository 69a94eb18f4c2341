"""Times of entries: timestamps, ranges of them, prune, and entries that expire."""

import datetime
import math

import pytest

import sapwood

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def db():
    with sapwood.open() as db:
        yield db


def test_entries_have_the_time_of_their_put_or_their_own(db):
    pages = db.dict("pages", str, str, timestamps=True)
    before = datetime.datetime.now(UTC)
    pages["a"] = "now"
    assert before - HOUR < pages.timestamp("a") < before + HOUR
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    pages.put("b", "then", moment)
    assert pages.timestamp("b") == moment
    pages.set_timestamp("a", moment - HOUR)
    assert pages.timestamp("a") == moment - HOUR
    assert pages.timestamp("c") is None
    with pytest.raises(KeyError):
        pages.set_timestamp("c", moment)
    with pytest.raises(ValueError):
        pages.put("d", "naive", datetime.datetime(2020, 1, 1))
    assert [key for _, key, _ in pages.time_range(moment - HOUR, moment)] == ["a"]
    assert pages.prune(moment + HOUR, keep=["b"]) == 1
    assert list(pages) == ["b"]


def test_collections_without_times_say_so(db):
    plain = db.dict("plain", str, int)
    plain["a"] = 1
    with pytest.raises(ValueError):
        plain.timestamp("a")
    with pytest.raises(ValueError):
        plain.put("a", 1, datetime.datetime.now(UTC))
    with pytest.raises(ValueError):
        plain.expire("a", 1)


def test_entries_expire_when_they_are_told(db):
    sessions = db.dict("sessions", str, str, expiry=True)
    sessions.put("short", "x", time_to_live=datetime.timedelta(microseconds=1))
    sessions.put("long", "y", time_to_live=3600)
    sessions["stays"] = "z"
    assert sessions.expires("stays") is None
    assert sessions.expires("long") > datetime.datetime.now(UTC)
    sessions["stays"] = "again"  # a commit, so that the snapshot is of a later time
    assert "short" not in sessions
    assert sorted(sessions) == ["long", "stays"]
    sessions.expire("long", None)
    assert sessions.expires("long") is None
    with pytest.raises(KeyError):
        sessions.expire("absent", 1)
    for wrong in (0, -1, datetime.timedelta(0), 1e30, math.inf, math.nan):
        with pytest.raises(ValueError, match="under 9e12 seconds"):
            sessions.expire("long", wrong)
    sessions.expire("long", 8e12)  # past the last moment that Python can tell
    assert sessions.expires("long") == datetime.datetime.max.replace(tzinfo=UTC)


def test_times_are_datetimes(db):
    pages = db.dict("pages", str, int, timestamps=True, time_index=True)
    pages["a"] = 1
    for call in (
        lambda: pages.time_range(1, 2),
        lambda: pages.put("a", 1, "now"),
        lambda: pages.set_timestamp("a", 1.5),
        lambda: pages.prune(datetime.date(2026, 1, 1)),
    ):
        with pytest.raises(TypeError, match="expected datetime, got"):
            call()


def test_a_collection_has_a_time_to_live(db):
    recent = db.sorted_dict("recent", int, str, time_to_live=datetime.timedelta(hours=1))
    recent.put(1, "old", datetime.datetime.now(UTC) - 2 * HOUR)
    recent[2] = "new"
    assert list(recent.items()) == [(2, "new")]


def test_entries_that_expired_are_counted_but_not_popped(db):
    sessions = db.dict("sessions", str, int, expiry=True)
    for i in range(200):  # more than a commit reclaims
        sessions.put(str(i), i, time_to_live=datetime.timedelta(microseconds=1))
    while "1" in sessions:
        db.set("others", int).add(1)
    with pytest.raises(KeyError, match="dictionary is empty"):
        sessions.popitem()
    assert list(sessions) == []


def test_options_are_checked_whatever_types_are_given(db):
    db.dict("ages", str, int)
    db.dict("things", str)
    db.dict("pages", str, int, timestamps=True)
    for call in (
        lambda: db.dict("ages", str, int, time_to_live=60),
        lambda: db.dict("ages", str, time_to_live=60),
        lambda: db.dict("ages", timestamps=True),
        lambda: db.dict("things", str, expiry=True),
    ):
        with pytest.raises(sapwood.InvalidArgumentError):
            call()
        with db.transaction(), pytest.raises(sapwood.InvalidArgumentError):
            call()
    assert db.dict("pages", timestamps=True).value_type_name == "int64"


def test_values_of_any_kind_have_times_and_compression(db):
    pages = db.dict("pages", timestamps=True, expiry=True, compression=3)
    values = {"none": None, "text": "spam " * 1000, "list": [1, {"a": (2.5, b"x")}], "time": datetime.datetime.now(UTC)}
    pages.update(values)
    pages.put("gone", 1, time_to_live=datetime.timedelta(microseconds=1))
    pages.put("dated", 1, datetime.datetime(2026, 1, 1, tzinfo=UTC))
    assert {key: pages[key] for key in values} == values
    assert pages.timestamp("dated").year == 2026
    assert "gone" not in pages
    with pytest.raises(ValueError, match="collections cannot be in it"):
        pages["nested"] = db.new_list()
    assert db.check() == []
