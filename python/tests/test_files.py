"""Files: modes of opening, temporary ones, snapshots, backups, compaction, and what a handle's path may be."""

import gc
import os
import pathlib

import pytest

import sapwood


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "x.sapwood")


def with_one(path):
    with sapwood.open(path) as db:
        db.list("numbers", int).append(1)


def test_modes_are_those_of_dbm(path):
    for mode in "rw":
        with pytest.raises(FileNotFoundError):
            sapwood.open(path, mode)
    assert not os.path.exists(path)
    with_one(path)
    for mode in "rwc":
        with sapwood.open(path, mode) as db:
            assert list(db.list("numbers")) == [1]
    with sapwood.open(path, "n") as db:
        assert db.collections() == []
    with pytest.raises(FileExistsError):
        sapwood.open(path, "x")
    with sapwood.open(path + "2", "x") as db:
        assert db.collections() == []
    with pytest.raises(ValueError):
        sapwood.open(path, "rw")


def test_reading_only_changes_nothing(path):
    with_one(path)
    before = pathlib.Path(path).read_bytes()
    with sapwood.open(path, "r") as db:
        numbers = db.list("numbers")
        for change in (lambda: numbers.append(2), numbers.clear, db.checkpoint, lambda: db.list("other", int)):
            with pytest.raises((PermissionError, LookupError)):
                change()
    assert pathlib.Path(path).read_bytes() == before


def test_new_leaves_alone_what_is_not_ours_or_in_use(path, tmp_path):
    foreign = tmp_path / "notes.txt"
    foreign.write_text("not a database\n" * 1000)
    with pytest.raises(sapwood.NotADatabaseError):
        sapwood.open(foreign, "n")
    assert foreign.read_text().startswith("not a database")
    with sapwood.open(path) as db:
        db.list("numbers", int).append(1)
        with pytest.raises(sapwood.InUseError):
            sapwood.open(path, "n")
        assert list(db.list("numbers")) == [1]


def test_paths_are_text_bytes_or_path_like(tmp_path):
    for number, path in enumerate([str(tmp_path / "a"), os.fsencode(tmp_path / "b"), tmp_path / "c"]):
        with sapwood.open(path) as db:
            db.list("numbers", int).append(number)
    assert sorted(name.name for name in tmp_path.iterdir()) == ["a", "b", "c"]
    with pytest.raises(TypeError):
        sapwood.open(17)
    with pytest.raises(ValueError):
        sapwood.open("")


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(sapwood.Error):
        sapwood.open(tmp_path)
    with pytest.raises(OSError):
        sapwood.open(tmp_path / "absent" / "x.sapwood")


def test_a_damaged_file_says_so(path):
    with sapwood.open(path) as db:
        db.dict("d", int, str).update((i, "x" * 100) for i in range(1000))
    data = bytearray(pathlib.Path(path).read_bytes())
    for at in range(8192, len(data), 4096):
        data[at + 100] ^= 0xFF
    pathlib.Path(path).write_bytes(data)
    with pytest.raises(sapwood.CorruptError, match="page"):
        with sapwood.open(path, "r") as db:
            dict(db.dict("d").items())


def test_collections_alone_in_their_files(path):
    with sapwood.SortedDict(path, str, int) as ages:
        ages.update(b=2, a=1)
    with sapwood.open(path, "r") as db:
        assert list(db["main"].items()) == [("a", 1), ("b", 2)]
    again = sapwood.SortedDict(path)
    assert again["a"] == 1
    again.destroy()
    assert not os.path.exists(path)
    with pytest.raises(ValueError):
        again["a"]
    with pytest.raises(TypeError):
        with sapwood.List(path, int):
            pass
        sapwood.Dict(path)


def test_temporary_files_go_with_their_objects():
    folder = f"/proc/{os.getpid()}/fd"
    if not os.path.isdir(folder):
        pytest.skip("no list of open files here")

    def open_files():
        gc.collect()
        return len(os.listdir(folder))

    sapwood.List().append(1)
    before = open_files()
    numbers = sapwood.List()
    numbers.append(1)
    assert open_files() > before
    del numbers
    assert open_files() == before


def test_versions_are_named_backed_up_and_restored(path, tmp_path):
    with sapwood.open(path) as db:
        numbers = db.list("numbers", int)
        numbers.extend(range(100))
        db.snapshot("first")
        numbers.append(100)
        db.snapshot("second")
        assert [one["name"] for one in db.snapshots()] == ["first", "second"]
        db.backup(tmp_path / "whole", snapshot="first")
        db.backup(tmp_path / "more", snapshot="second", since="first")
        with pytest.raises(LookupError):
            db.at("third")
        with pytest.raises(sapwood.ExistsError):
            db.backup(tmp_path / "whole")
    sapwood.restore(tmp_path / "whole", [tmp_path / "more"], tmp_path / "restored")
    with sapwood.open(tmp_path / "restored", "r") as db:
        assert list(db.list("numbers")) == list(range(101))


def test_compaction_gives_space_back(path, tmp_path):
    with sapwood.open(path, durability="async") as db:
        words = db.dict("words", int, str)
        words.update((i, "x" * 200) for i in range(20_000))
        for i in range(0, 20_000, 2):
            del words[i]
        report = db.compact()
        assert report["bytes_after"] < report["bytes_before"]
        assert db.compact_to(tmp_path / "copy")["bytes_after"] < report["bytes_before"]
        assert len(words) == 10_000
        assert db.check() == []
    with sapwood.open(tmp_path / "copy", "r") as db:
        assert len(db.dict("words")) == 10_000


def test_collections_are_found_renamed_and_dropped(path):
    with sapwood.open(path) as db:
        db.list("numbers", int)
        db.rename("numbers", "counts")
        assert "counts" in db
        assert "numbers" not in db
        assert db["counts"].kind == "list"
        with pytest.raises(KeyError):
            db["numbers"]
        with pytest.raises(TypeError):
            db.dict("counts")
        counts = db["counts"]
        assert db.drop("counts")
        assert not db.drop("counts")
        with pytest.raises(LookupError):
            counts.append(1)


def test_a_closed_database_is_a_value_error(path):
    db = sapwood.open(path)
    numbers = db.list("numbers", int)
    numbers.append(1)
    db.close()
    db.close()
    for use in (
        lambda: numbers.append(1),
        lambda: numbers[0],
        lambda: len(numbers),
        lambda: list(numbers),
        lambda: db.list("other"),
        lambda: db.transaction(),
        lambda: db.snapshot(),
        lambda: db.check(),
        lambda: db.batch().__enter__(),
    ):
        with pytest.raises(ValueError):
            use()
    assert "closed" in repr(db)
    assert "closed" in repr(numbers)


def test_closing_with_something_open_is_refused(path):
    db = sapwood.open(path)
    numbers = db.list("numbers", int)
    numbers.extend([1, 2])
    for still_open in (db.snapshot(), db.transaction(), iter(numbers)):
        with pytest.raises(sapwood.InUseError):
            db.close()
        del still_open
    db.close()


def test_a_damaged_page_of_the_catalog_holds_up_no_other_collection(path):
    """Every commit looks for entries that have expired; one of its pages may not be what it was."""
    with sapwood.open(path, page_size=4096) as db:
        for i in range(300):
            db.list(f"plain{i:04}", int).append(i)
        for i in range(50):
            db.dict(f"expires{i:03}", str, str, expiry=True)["a"] = "b"
    data = bytearray(pathlib.Path(path).read_bytes())
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    hit = [number for number, page in enumerate(pages) if b"expires0" in page and b"plain" not in page]
    assert hit
    data[hit[len(hit) // 2] * 4096 + 2000] ^= 0xFF
    pathlib.Path(path).write_bytes(data)
    with sapwood.open(path) as db:
        plain = db.list("plain0000", int)
        for i in range(200):
            plain.append(i)
        assert len(plain) == 201
        assert db.check() != []
