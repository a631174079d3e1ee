"""Finding the header among titles and blank lines, and matching its words to the columns of a schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import FileRefused
from .schema import Schema, heading, without_brackets

LOOK_AT = 50
"""Rows at the top of a file among which the header is looked for."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one file."""

    line: int
    """Its line, as a spreadsheet counts."""
    cells: tuple[str, ...]
    """Its cells as they stand in the file."""
    places: Mapping[str, int]
    """Position of each column of the schema that the file has."""
    ignored: tuple[str, ...]
    """Headings of the file that the schema does not know."""
    repeated: Mapping[str, tuple[str, ...]]
    """Columns that the file has more than once, with their headings."""

    def heading_of(self, name: str, otherwise: str) -> str:
        """The file's own word for a column, or `otherwise` where it lacks it."""
        return " ".join(self.cells[self.places[name]].split()) if name in self.places else otherwise


def match(cells: Sequence[str], schema: Schema, line: int) -> Header:
    """Take one row for the header."""
    strong, weak = _vocabulary(schema)
    found: dict[str, list[int]] = defaultdict(list)
    spare: dict[str, list[int]] = defaultdict(list)
    for i, cell in enumerate(cells):
        word = heading(cell)
        for known, into in ((strong, found), (weak, spare)):
            name = known.get(word) or known.get(without_brackets(word))
            if name and word:
                into[name].append(i)
                break
    for name, places in spare.items():
        if name not in found:
            found[name] = places
    used = {i for places in found.values() for i in places}
    return Header(
        line=line,
        cells=tuple(cells),
        places={name: places[0] for name, places in found.items()},
        ignored=tuple(" ".join(cell.split()) for i, cell in enumerate(cells) if i not in used and cell.strip()),
        repeated={name: tuple(cells[i].strip() for i in places) for name, places in found.items() if len(places) > 1},
    )


def best(rows: Sequence[Sequence[str]], schema: Schema) -> Header | None:
    """The row that knows most of the schema's columns, the first of equals; None when no row knows two of them."""
    headers = [match(row, schema, line) for line, row in enumerate(rows[:LOOK_AT], start=1) if len(row) > 1]
    found = max(headers, key=lambda header: len(header.places), default=None)
    return found if found and len(found.places) >= 2 else None


def missing_columns(header: Header, schema: Schema) -> list[str]:
    """Labels of the columns that the file must have and lacks."""
    lacking = [c.label for c in schema.columns if c.required and c.name not in header.places]
    for group in schema.one_of:
        if not any(name in header.places for name in group):
            lacking.append("或".join(schema.column(name).label for name in group))
    return lacking


def accept(header: Header | None, schema: Schema) -> Header:
    """The header if the file can be read with it. Raises FileRefused."""
    if header is None:
        needed = "、".join(column.label for column in schema.columns if column.required)
        raise FileRefused("header_missing", columns=needed)
    if lacking := missing_columns(header, schema):
        raise FileRefused("column_missing", columns="、".join(lacking))
    for name, headings in header.repeated.items():
        raise FileRefused("column_repeated", label=schema.column(name).label, headers="、".join(headings))
    return header


def _vocabulary(schema: Schema) -> tuple[dict[str, str], dict[str, str]]:
    strong = {word: column.name for column in schema.columns for word in column.headings()}
    weak = {heading(word): column.name for column in schema.columns for word in column.fallback}
    return strong, weak
