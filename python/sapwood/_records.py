"""Records: rows of named fields in a file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from typing import Any, Unpack

from ._options import RecordsAlone, RecordsOptions
from ._positional import Positional
from ._types import UNSET


Row = dict[Any, Any] | None  # a dict of fields; None: a placeholder


class Records(Positional[Row]):
    """A list of rows; a row is a dict of named fields, or None: a placeholder, which is not an empty row.

    `sapwood.Records("frames.sapwood")` is alone in its file; others come from `database.records(name, type)`, where
    the type is that of all fields (None: anything). Names of fields are str, or bytes that are not UTF-8, of any
    contents, up to 64 KiB. Reading k fields of a row costs k, whatever else it and others have.
    """

    __slots__ = ()
    _kind = "records"
    _options = RecordsOptions

    def __init__(self, path: Any = None, value: Any = UNSET, **options: Unpack[RecordsAlone]) -> None:
        self._open_alone(path, (value,), options)

    # --- Reading ---------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        """r[i] is a row, r[i, "field"] a field of it (KeyError without), r[a:b] a list of rows."""
        if isinstance(index, tuple):
            row, name = index
            found = self._field(self._position(row), name, _MISSING)
            if found is _MISSING:
                raise KeyError(name)
            return found
        return self._item(index)

    def get(self, index: int, fields: Iterable[str | bytes] | str | bytes | None = None, default: Any = None) -> Any:
        """The row; of the named fields, those that it has; or one field, `default` if it has none of that name."""
        if fields is None:
            return self._item(index)
        if isinstance(fields, (str, bytes)):
            return self._field(index, fields, default)
        return self._fields_of_rows([index], fields)[0]

    def get_many(
        self, indexes: Iterable[int], fields: Iterable[str | bytes] | str | bytes | None = None
    ) -> list[Any]:
        """Rows at many positions, whole or some fields of them, in one state of the records; with one name the values of
        that field, None of rows without it."""
        if fields is None:
            return self._get_many_at(indexes)
        if isinstance(fields, (str, bytes)):
            return [row.get(fields) for row in self._fields_of_rows(indexes, [fields])]
        return self._fields_of_rows(indexes, fields)

    def fields(self, index: int) -> list[str | bytes]:
        """Names of the row's fields, ascending."""
        return self._field_names(index)

    def is_placeholder(self, index: int) -> bool:
        return self._is_placeholder(index)

    def column(self, field: str | bytes, rows: slice = slice(None), default: Any = None) -> Column:
        """One field of all rows, or of a slice of them: iterate it, or make an array of it. Nothing else is read."""
        return Column(self, field, rows, default)

    # --- Changing --------------------------------------------------------------------------------------------------

    def __setitem__(self, index: Any, value: Any) -> None:
        """r[i] = row; r[i, "field"] = value; r[a:b] = rows."""
        if isinstance(index, tuple):
            row, name = index
            position = self._position(row)
            with self._at_end(position):
                self._update_row(position, {name: value})
        else:
            super().__setitem__(index, value)

    def update(self, index: int, fields: Mapping[str | bytes, Any]) -> None:
        """Adds fields to the row, or replaces them; the others stay. A placeholder becomes a row."""
        with self._atomic():
            self._update_row(index, dict(fields))

    def drop(self, fields: Iterable[str | bytes] | str | bytes, index: int | None = None) -> int:
        """Removes the fields from all rows (or from one); tells how many rows had one of them."""
        names = [fields] if isinstance(fields, (str, bytes)) else fields
        if index is None:
            return self._drop(names)
        with self._at_end(index):
            return int(self._drop_of_row(index, names))

    def reserve(self, n: int) -> None:
        """Appends `n` placeholders."""
        if n < 0:
            raise ValueError("reserve of a negative number of rows")
        self._reserve(n)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, (list, Records)):
            return NotImplemented
        return len(self) == len(other) and list(self) == list(other)


class Column:
    """One field of rows, all or a slice of them. Rows without it give `default`. An iterator reads the rows as they
    were when it was made; one with a negative step takes memory for its values."""

    def __init__(self, records: Records, field: str | bytes, rows: slice, default: Any) -> None:
        if not isinstance(rows, slice):
            raise TypeError(f"expected a slice of rows, got {type(rows).__name__}")
        self._records, self._field, self._rows, self._default = records, field, rows, default

    def __len__(self) -> int:
        return len(range(*self._rows.indices(len(self._records))))

    def __iter__(self) -> Iterator[Any]:
        values = self._records._column(self._field, self._rows, self._default)
        step = 1 if self._rows.step is None else self._rows.step
        return itertools.islice(values, 0, None, step) if step > 0 else iter(list(values)[::step])

    def to_list(self) -> list[Any]:
        return list(self)

    def to_numpy(self, dtype: Any = None) -> Any:
        """The values as an array; rows without the field as NaN in arrays of floats."""
        import numpy

        values = list(self)
        numbers = (int, float, numpy.integer, numpy.floating)
        has_gaps = any(value is None for value in values)
        if has_gaps and all(value is None or isinstance(value, numbers) for value in values):
            return numpy.array([numpy.nan if value is None else value for value in values], dtype or float)
        return numpy.array(values, dtype)

    def __repr__(self) -> str:
        return f"<Column {self._field!r} of {len(self):,} rows of {self._records.name!r}>"


_MISSING = object()
MutableSequence.register(Records)
