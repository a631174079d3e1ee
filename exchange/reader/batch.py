"""Rows as the reader hands them on: in batches of columns for bulk work, one by one for the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain, repeat
from typing import Any, NamedTuple

from .errors import Noted, Problem
from .header import Header
from .schema import Schema
from .version import fingerprint


class Row(NamedTuple):
    """One data row."""

    line: int
    """Line as a spreadsheet counts."""
    values: Mapping[str, Any]
    """Normalised value by column code; None where blank, absent or faulty."""
    raw: Mapping[str, str]
    """Cell text by column code, for the columns that the file has."""
    problems: Sequence[Problem]
    """What is wrong, the cause to report first; empty for a good row."""
    notes: Sequence[Problem]
    """What was understood but should be known (`id_converted` …)."""

    @property
    def code(self) -> str:
        """Code of the first problem; empty for a good row."""
        return self.problems[0].code if self.problems else ""


class Batch:
    """Some rows as columns. `columns[name][i]`, `raw[name][i]`, `problems.get(i)` and `lines[i]` are of one row."""

    __slots__ = ("_all", "_header", "columns", "lines", "notes", "problems", "raw", "schema")

    def __init__(self, schema: Schema, header: Header, lines: Sequence[int], cells: Sequence[Sequence[str]]) -> None:
        self.schema = schema
        self.lines = lines
        self.raw: dict[str, Sequence[str]] = {
            column.name: cells[header.places[column.name]] for column in schema.columns if column.name in header.places
        }
        self.columns: dict[str, list[Any]] = {}
        self.problems: dict[int, list[Problem]] = {}
        self.notes: dict[int, list[Problem]] = {}
        self._header = header
        self._all = cells

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, name: str) -> bool:
        """True when the file has the column."""
        return name in self.raw

    def cells(self, i: int) -> list[str]:
        """Every cell of a row as it stands in the file, the ignored columns included."""
        return [column[i] for column in self._all]

    def _about(self, i: int, code: str, field: str, params: Mapping[str, Any]) -> Problem:
        label = self.schema.column(field).label if field else ""
        value = self.raw[field][i] if field in self.raw else ""
        return Problem(self.lines[i], code, field, self._header.heading_of(field, label), value, params)

    def add_problem(self, i: int, code: str, field: str = "", **params: Any) -> None:
        """Record a fault of row `i` of this batch."""
        self.problems.setdefault(i, []).append(self._about(i, code, field, params))

    def add_note(self, i: int, field: str, noted: Noted) -> None:
        """Record what should be known of row `i`."""
        self.notes.setdefault(i, []).append(self._about(i, noted.code, field, noted.params))

    def has_problem(self, i: int, field: str) -> bool:
        """True when that cell already has a fault."""
        return any(problem.field == field for problem in self.problems.get(i, ()))

    def rows(self) -> Iterator[Row]:
        """The rows one by one."""
        names, raw_names = tuple(self.columns), tuple(self.raw)
        values = zip(*self.columns.values(), strict=True)
        raws = zip(*self.raw.values(), strict=True)
        for i, (line, value, raw) in enumerate(zip(self.lines, values, raws, strict=True)):
            yield Row(
                line,
                dict(zip(names, value, strict=True)),
                dict(zip(raw_names, raw, strict=True)),
                self.problems.get(i, ()),
                self.notes.get(i, ()),
            )

    def tuples(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """(line, value, value …) of every row, for COPY; by default all columns in the schema's order."""
        chosen = [self.columns[name] for name in names] if names else list(self.columns.values())
        return zip(self.lines, *chosen, strict=True)

    def digests(self, *names: str, key: bytes = b"") -> list[bytes]:
        """16 bytes per row that depend on its normalised content alone (all columns, or the named ones) and the key.

        The same in every process and for every spelling, encoding and order of columns of the same content.
        """
        texts = [self._texts(name) for name in names or self.columns]
        rows = list(map("\x1f".join, zip(*texts, strict=False)))
        return _hashed("\x1e".join(rows), rows, blake2b(digest_size=16, key=key))

    def said(self, *, key: bytes, meaning: Mapping[str, Sequence[Any]]) -> list[bytes]:
        """16 bytes per row of its cells as they stand in the file, before it is read; of the columns in `meaning`, of
        what they mean.

        Where two are the same, the rows would be read alike: the names of the columns and the reader's own code go in.
        """
        texts = [_as_text(meaning.get(name, cells)) for name, cells in self.raw.items()]
        rows = list(map("\x1f".join, zip(*texts, strict=True)))
        joined = "\x1e".join(rows)
        if joined.count("\x1f") != len(rows) * (len(texts) - 1):  # a cell holds the sign itself
            rows = [str(cells) for cells in zip(*texts, strict=True)]
            joined = "\x1e".join(rows)
        return _hashed(joined, rows, blake2b(fingerprint() + "\x1f".join(self.raw).encode(), digest_size=16, key=key))

    def _texts(self, name: str) -> Iterable[str]:
        """A column as text; one that is not in the file costs nothing."""
        column = self.columns[name]
        if name not in self.raw and column.count(None) == len(column):
            return repeat("", len(column))
        return _as_text(column)

    def together(self, others: Sequence[Batch]) -> Batch:
        """This one and the others, of the same file and not yet read, as one."""
        all_of_them = [self, *others]
        joined = Batch(
            self.schema,
            self._header,
            list(chain.from_iterable(one.lines for one in all_of_them)),
            [list(chain.from_iterable(parts)) for parts in zip(*(one._all for one in all_of_them), strict=True)],
        )
        at = 0
        for one in all_of_them:
            joined.problems |= {at + i: found for i, found in one.problems.items()}
            at += len(one)
        return joined

    def only(self, places: Sequence[int]) -> Batch:
        """The rows at these positions (in ascending order) as a batch of their own."""
        cells = [[column[i] for i in places] for column in self._all]
        taken = Batch(self.schema, self._header, [self.lines[i] for i in places], cells)
        taken.columns = {name: [column[i] for i in places] for name, column in self.columns.items()}
        new = {old: at for at, old in enumerate(places)}
        taken.problems = {new[i]: found for i, found in self.problems.items() if i in new}
        taken.notes = {new[i]: found for i, found in self.notes.items() if i in new}
        return taken


def _hashed(joined: str, rows: Sequence[str], start: blake2b) -> list[bytes]:
    """What `start` gives for each row; `joined`: all of them with the sign 1E between."""
    # One encoding for all of them is quicker. No schema lets that sign through; if one did, each has its own.
    pieces = joined.encode("utf-8", "surrogatepass").split(b"\x1e") if rows else []
    if len(pieces) != len(rows):
        pieces = [row.encode("utf-8", "surrogatepass") for row in rows]
    found = []
    for piece in pieces:
        one = start.copy()
        one.update(piece)
        found.append(one.digest())
    return found


class _Days(dict[dt.date | None, str]):
    """Dates as text, each worked out once: a file has hundreds of them, a thousand times each."""

    def __missing__(self, day: dt.date | None) -> str:
        self[day] = text = "" if day is None else day.isoformat()
        return text


_DAYS = _Days()


def _as_text(column: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, column))
    if kinds == {str}:
        return column
    if kinds <= {dt.date, type(None)}:
        return list(map(_DAYS.__getitem__, column))
    return ["" if value is None else str(value) for value in column]
