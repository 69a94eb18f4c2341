"""What a terminal and a notebook show: kind, types, length and the first entries, short whatever is in them."""

import html.parser

import pytest

import sapwood


class Balanced(html.parser.HTMLParser):
    """Fails if tags do not close in order."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.cells = 0

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.cells += tag == "td"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def cells_of(text):
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    return parser.cells


@pytest.fixture
def db():
    with sapwood.open() as db:
        yield db


def test_reprs_are_short_and_say_what_it_is(db):
    numbers = db.list("numbers", int)
    assert repr(numbers) == "<List 'numbers' of int64, 0 entries: []>"
    numbers.extend(range(1000))
    assert repr(numbers) == "<List 'numbers' of int64, 1,000 entries: [0, 1, 2, 3, 4, ...]>"
    ages = db.dict("ages", str, float)
    ages["x" * 1000] = 1
    assert repr(ages).startswith("<Dict 'ages' of string: double, 1 entry: {'xxx")
    assert len(repr(ages)) < 150
    assert repr(db.sorted_set("s", str)) == "<SortedSet 's' of string, 0 entries: {}>"
    rows = db.records("rows")
    rows.append({"a": 1})
    assert repr(rows) == "<Records 'rows' of any, 1 entry: [{'a': 1}]>"
    assert repr(db.list("cached", int, cache="lru")) == "<List 'cached' of int64, 0 entries: []>"
    shelf = db.dict("shelf")
    shelf["list"] = db.new_list(int, [1])
    assert repr(shelf["list"]).startswith("<List '#")
    assert repr(db) == "<sapwood.Database temporary, 6 collections: ages, cached, numbers, rows, s, ...>"


def test_tables_of_notebooks_are_whole_and_escaped(db):
    words = db.dict("<words>", str, str)
    words.update({f"<b>{i}": "a & b" for i in range(30)})
    shown = words._repr_html_()
    assert cells_of(shown) == 20
    assert "<b>" not in shown
    assert "&lt;words&gt;" in shown
    assert "20 more" in shown
    numbers = db.list("numbers", int)
    assert cells_of(numbers._repr_html_()) == 0
    numbers.append(5)
    assert cells_of(numbers._repr_html_()) == 2
    assert cells_of(db._repr_html_()) == 10


def test_what_is_closed_or_dropped_is_shown_as_that(db):
    numbers, one = db.list("numbers", int), db.set("one", int)
    one.add(1)
    assert "1 entry" in one._repr_html_()
    db.drop("numbers")
    assert numbers._repr_html_() == html.escape("<List, dropped>")
    db.close()
    assert one._repr_html_() == html.escape("<Set, closed>")
    assert db._repr_html_() == html.escape(repr(db))
