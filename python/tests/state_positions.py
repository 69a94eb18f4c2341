"""Random work on lists and records, for test_state.py."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from state_model import FIELDS, INDEXES, MOST, ROWS, SLICES, VALUES, rank_of


class PositionRules:
    # --- Lists -------------------------------------------------------------------------------------------------------

    @rule(value=VALUES)
    def list_append(self, value):
        self.same("list", lambda items: items.append(value))

    @rule(values=st.lists(VALUES, max_size=12), as_iterator=st.booleans())
    def list_extend(self, values, as_iterator):
        if len(self.model.list) < MOST:
            self.same("list", lambda items: items.extend(iter(values) if as_iterator else values))

    @rule(index=INDEXES, value=VALUES)
    def list_insert(self, index, value):
        self.same("list", lambda items: items.insert(index, value))

    @rule(index=INDEXES, value=VALUES)
    def list_set(self, index, value):
        self.same("list", lambda items: items.__setitem__(index, value))

    @rule(where=SLICES, values=st.lists(VALUES, max_size=6))
    def list_set_slice(self, where, values):
        if len(self.model.list) < MOST:
            self.same("list", lambda items: items.__setitem__(where, values))

    @rule(where=INDEXES | SLICES)
    def list_get(self, where):
        self.same("list", lambda items: items[where])

    @rule(where=INDEXES | SLICES)
    def list_delete(self, where):
        self.same("list", lambda items: items.__delitem__(where))

    @rule(index=INDEXES)
    def list_pop(self, index):
        self.same("list", lambda items: items.pop(index))

    @rule(index=INDEXES)
    def list_swap_delete(self, index):
        items = self.model.list
        if not -len(items) <= index < len(items):
            with pytest.raises(IndexError):
                self.list.swap_delete(index)
            return
        self.list.swap_delete(index)
        items[index], items[-1] = items[-1], items[index]
        items.pop()

    @rule(data=st.data(), start=INDEXES, stop=INDEXES)
    def list_find(self, data, start, stop):
        items = self.model.list
        value = data.draw(st.sampled_from(items) if items else VALUES)
        self.same("list", lambda items: items.index(value))
        self.same("list", lambda items: items.index(value, start, stop))
        self.same("list", lambda items: items.count(value))
        self.same("list", lambda items: value in items)

    @rule(value=VALUES)
    def list_remove(self, value):
        self.same("list", lambda items: items.remove(value))

    @rule()
    def list_reverse(self):
        self.same("list", lambda items: items.reverse())

    @rule(reverse=st.booleans())
    def list_sort(self, reverse):
        self.same("list", lambda items: items.sort(key=rank_of, reverse=reverse))

    @rule(indexes=st.lists(INDEXES, max_size=5))
    def list_get_many(self, indexes):
        size = len(self.model.list)
        indexes = [index for index in indexes if -size <= index < size]
        assert self.list.get_many(indexes) == [self.model.list[index] for index in indexes]

    @rule(k=st.integers(0, 10), seed=st.integers(0, 3))
    def list_sample(self, k, seed):
        found = self.list.sample(k, seed)
        assert len(found) == min(k, len(self.model.list))
        assert found == self.list.sample(k, seed)
        assert all(item in self.model.list for item in found)

    @rule(n=st.integers(1, 7))
    def list_chunks(self, n):
        items = self.model.list
        assert list(self.list.chunks(n)) == [items[i : i + n] for i in range(0, len(items), n)]

    # --- Records -----------------------------------------------------------------------------------------------------

    @rule(row=ROWS)
    def records_append(self, row):
        self.same("records", lambda rows: rows.append(row))

    @rule(index=INDEXES, row=ROWS)
    def records_insert(self, index, row):
        self.same("records", lambda rows: rows.insert(index, row))

    @rule(index=INDEXES, row=ROWS)
    def records_set(self, index, row):
        self.same("records", lambda rows: rows.__setitem__(index, row))

    @rule(where=SLICES, rows=st.lists(ROWS, max_size=4))
    def records_set_slice(self, where, rows):
        if len(self.model.records) < MOST:
            self.same("records", lambda found: found.__setitem__(where, rows))

    @rule(where=INDEXES | SLICES)
    def records_read(self, where):
        self.same("records", lambda rows: rows[where])

    @rule(where=INDEXES | SLICES)
    def records_delete(self, where):
        self.same("records", lambda rows: rows.__delitem__(where))

    @rule(n=st.integers(0, 3))
    def records_reserve(self, n):
        self.records.reserve(n)
        self.model.records += [None] * n

    @rule(index=INDEXES, fields=st.dictionaries(FIELDS, VALUES, max_size=3))
    def records_update(self, index, fields):
        rows = self.model.records
        if -len(rows) <= index < len(rows):
            self.records.update(index, fields)
            rows[index] = {**(rows[index] or {}), **fields}
        else:
            with pytest.raises(IndexError):
                self.records.update(index, fields)

    @rule(names=st.lists(FIELDS, max_size=2, unique=True), index=st.none() | INDEXES)
    def records_drop(self, names, index):
        rows = self.model.records
        if index is not None and not -len(rows) <= index < len(rows):
            return
        dropped = 0
        for row in rows if index is None else [rows[index]]:
            found = [row.pop(name) for name in names if row is not None and name in row]
            dropped += bool(found)
        assert self.records.drop(names, index) == dropped

    @rule(name=FIELDS, where=SLICES)
    def records_column(self, name, where):
        expected = [(row or {}).get(name, "absent") for row in self.model.records[where]]
        assert self.records.column(name, where, "absent").to_list() == expected

    @rule(names=st.lists(FIELDS, max_size=3, unique=True), index=INDEXES)
    def records_fields(self, names, index):
        rows = self.model.records
        if -len(rows) <= index < len(rows):
            row = rows[index] or {}
            assert self.records.get(index, names) == {name: row[name] for name in names if name in row}
            assert set(self.records.fields(index)) == set(row)
            assert self.records.is_placeholder(index) == (rows[index] is None)
