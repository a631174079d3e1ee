"""A section of a document as the page shows it: every field with its value, its choices and the parser's words."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from policies.editor.fields import Field, Rows, Section, Table
from policies.editor.places import place_of, problem_words, split
from policies.editor.sections import SECTIONS
from policies.editor.writing import ALL_WHEN_SILENT, VOCABULARY
from policies.engine.errors import DocumentError

LONG = ("long", "lines")


@dataclass(frozen=True)
class Entry:
    """One field on the page. `name` is its address; `chosen` what is ticked of a vocabulary."""

    field: Field
    name: str
    value: str
    chosen: tuple[str, ...]
    error: str

    @property
    def html_id(self) -> str:
        return "f-" + self.name.replace("[", "-").replace("]", "").replace(".", "-")

    @property
    def options(self) -> tuple[str, ...]:
        return VOCABULARY.get(self.field.kind) or self.field.choices

    @property
    def unknown(self) -> str:
        """A value that is none of the choices: shown, so that it can be seen and mended."""
        return self.value if self.field.choices and self.value not in ("", *self.field.choices) else ""

    @property
    def control(self) -> str:
        """Which control shows it: area, choice, flag, group, date, line."""
        kind = self.field.kind
        if kind in VOCABULARY:
            return "group"
        if kind == "date":
            # A browser's date field cannot show a wrong date.
            return "date" if not self.value or len(self.value) == 10 else "line"
        return "area" if kind in LONG else {"choice": "choice", "flag": "flag"}.get(kind, "line")

    @property
    def summary(self) -> str:
        """What is ticked, in one line."""
        if self.field.kind in ALL_WHEN_SILENT and set(self.chosen) == set(self.options):
            return _("全部")
        return "、".join(self.chosen) or _("未选择")


@dataclass(frozen=True)
class Row:
    """A table or one of several rows: its fields, the clauses that it cites, what is wrong with it as a whole."""

    path: str
    number: int
    entries: tuple[Entry, ...]
    quotes: tuple[tuple[str, str, str], ...]
    error: str
    last: bool = False

    @property
    def html_id(self) -> str:
        return "r-" + self.path.replace("[", "-").replace("]", "").replace(".", "-")

    @property
    def title(self) -> str:
        """How the row is called: its name, number of its clause or the like."""
        wanted = ("name", "id", "clause", "label", "subject", "payer", "kind")
        by_key = {entry.field.key: entry.value for entry in self.entries}
        return next((by_key[key] for key in wanted if by_key.get(key)), "")


@dataclass(frozen=True)
class Part:
    """A table (one row, or none when it is not there) or a list of rows."""

    part: Table | Rows
    rows: tuple[Row, ...]
    error: str
    present: bool

    @property
    def many(self) -> bool:
        return isinstance(self.part, Rows)

    @property
    def count(self) -> int:
        return len(self.rows)


@dataclass
class Problems:
    """The parser's errors by place."""

    by_key: dict[str, str] = field(default_factory=dict)
    sections: dict[str, int] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)

    def at(self, *keys: str) -> str:
        return " ".join(self.by_key[key] for key in keys if key in self.by_key)


def problems_by_place(found: Iterable[DocumentError], body: str) -> Problems:
    """Errors where the form shows them; `sections` counts them for the list of sections."""
    ids = [str(row.get("id", "")) for row in _rows(_read(body), "clauses")]
    placed = Problems()
    for error in found:
        key = error.key.rstrip(".")
        if key.startswith("clauses ") and key.removeprefix("clauses ") in ids:
            key = f"clauses[{ids.index(key.removeprefix('clauses ')) + 1}]"
        place = place_of(key)
        words = problem_words(error.problem)
        if place is None:
            placed.elsewhere.append(f"{key}：{words}" if key else words)
            continue
        section, part, row, one = place
        if one is None:
            key = f"{part.path}[{row}]" if row else part.path
        placed.by_key[key] = " ".join(filter(None, (placed.by_key.get(key), words)))
        placed.sections[section.slug] = placed.sections.get(section.slug, 0) + 1
    return placed


def section_of(key: str) -> str:
    """The slug of the section that holds a parser's key path; the first one when the form has no such place."""
    place = place_of(key) or place_of(split(key)[0])
    return place[0].slug if place else SECTIONS[0].slug


def parts_of(body: str, section: Section, problems: Problems) -> list[Part]:
    """The section's parts with the values of the body."""
    document = _read(body)
    clauses = {str(row.get("id")): row for row in _rows(document, "clauses")}
    found = []
    for part in section.parts:
        above = part.path.rpartition(".")[0]
        if isinstance(part, Rows):
            tables = _rows(document, part.path)
            rows = [
                _row(part.fields, f"{part.path}[{n}]", n, table, clauses, problems, n == len(tables))
                for n, table in enumerate(tables, 1)
            ]
            present = not above or _table(document, above) is not None
        else:
            table = _table(document, part.path)
            present = table is not None
            rows = [_row(part.fields, part.path, 0, table, clauses, problems, True)] if table is not None else []
        whole = problems.at(part.path) if isinstance(part, Rows) or not rows else ""
        found.append(Part(part, tuple(rows), whole, present))
    return found


def _row(
    fields: tuple[Field, ...],
    path: str,
    number: int,
    table: dict[str, Any],
    clauses: dict[str, dict[str, Any]],
    problems: Problems,
    last: bool,
) -> Row:
    entries = tuple(_entry(one, f"{path}.{one.key}", table.get(one.key), problems) for one in fields)
    return Row(path, number, entries, tuple(_quotes(fields, table, clauses)), problems.at(path), last)


def _entry(one: Field, name: str, value: Any, problems: Problems) -> Entry:
    chosen: tuple[str, ...] = ()
    if one.kind in VOCABULARY:
        silent = value is None and one.kind in ALL_WHEN_SILENT
        chosen = VOCABULARY[one.kind] if silent else tuple(map(str, value or ()))
    return Entry(one, name, _shown(one, value), chosen, problems.at(name))


def _shown(one: Field, value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, list):
        return {"lines": "\n", "names": "；"}.get(one.kind, "、").join(map(str, value))
    return "1" if value is True else str(value).strip()


def _quotes(
    fields: tuple[Field, ...], table: dict[str, Any], clauses: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    cited: list[str] = []
    for one in fields:
        value = table.get(one.key)
        if one.kind == "clauses" and isinstance(value, list):
            cited += map(str, value)
        elif one.key == "clause" and isinstance(value, str):
            cited.append(value)
    for key in dict.fromkeys(cited):
        if key in clauses:
            yield key, str(clauses[key].get("article", "")), str(clauses[key].get("text", ""))


def _read(body: str) -> dict[str, Any]:
    try:
        return tomllib.loads(body)
    except tomllib.TOMLDecodeError:
        return {}


def _table(document: dict[str, Any], path: str) -> dict[str, Any] | None:
    found: Any = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _rows(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    above, _dot, key = path.rpartition(".")
    found = (_table(document, above) or {}).get(key) if above else document.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
