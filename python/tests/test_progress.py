"""Long calls tell how far they are, and stop when that raises."""

import sys

import pytest

import sapwood


@pytest.fixture
def db(tmp_path):
    with sapwood.open(tmp_path / "x.sapwood", durability="async") as db:
        db.dict("d", int, str).update((i, "x" * 50) for i in range(20_000))
        yield db


def test_calls_tell_how_far_they_are(db, tmp_path):
    for call in (db.check, db.compact, lambda progress: db.backup(tmp_path / "copy", progress=progress)):
        told = []
        call(progress=lambda done, total: told.append((done, total)))
        assert told
        assert all(done <= total for done, total in told if total)


def test_what_the_callback_raises_ends_the_call(db):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        db.check(progress=stop)
    with pytest.raises(sapwood.CancelledError):
        db.check(progress=lambda done, total: False)
    loaded = db.sorted_dict("s", int, int)
    with pytest.raises(KeyboardInterrupt):
        loaded.bulk_load([(i, i) for i in range(5000)], progress=stop)
    assert len(loaded) == 0
    assert db.check() == []


def test_true_shows_a_line_without_tqdm(db, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    db.check(progress=True)
    assert "check: " in capsys.readouterr().err
