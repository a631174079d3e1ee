"""样例: claims with the amounts that a shipped version gives them, settled again by a draft to show what it changes.

`documents/golden/<version>/` holds claims.csv, categories.csv and parameters.csv as the commands read them, and
settle.csv as they write it. The figures are kept with the cases and the draft is taken as in force on their days, so
that a difference comes from the text of the draft and from nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from .engine import Book, Document, Parameter, Parameters, Rules, load_parameters
from .file_rows import ClaimRows, People, read_categories, read_claims, read_rows
from .files import DOCUMENTS, SETTLE_COLUMNS, settle_lines, settle_rows

GOLDEN: Final = DOCUMENTS / "golden"
COLUMNS: Final = SETTLE_COLUMNS[1:]
Result = dict[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A case that a document settles otherwise: the columns that differ, as (column, expected, found)."""

    case: str
    changes: tuple[tuple[str, str, str], ...]
    result: Result


def has_cases(version: str) -> bool:
    """Whether cases are stored for the shipped version."""
    return (GOLDEN / version / "settle.csv").is_file()


@cache
def _expected(folder: Path) -> dict[str, Result]:
    rows = (cells for _, cells in read_rows(folder / "settle.csv", SETTLE_COLUMNS, "样例结果"))
    return {cells[0]: dict(zip(COLUMNS, cells[1:], strict=True)) for cells in rows}


def expected(version: str) -> dict[str, Result]:
    """Claim number (or that of a year-end payment) → amounts by column, as the shipped version settles them."""
    return dict(_expected(GOLDEN / version))


def settle_cases(version: str, document: Document, current: Iterable[Parameter] = ()) -> dict[str, Result]:
    """The cases of a shipped version settled by `document`; a refused one has its reason as `category`.

    `current` gives figures that the cases were not stored with (a draft may need new ones). Raises EngineError.
    """
    folder = GOLDEN / version
    stored = load_parameters(folder / "parameters.csv")
    known = {(row.key, row.year) for row in stored}
    more = (row for row in current if (row.key, row.year) not in known)
    always = replace(document, valid_from=date(1900, 1, 1), valid_to=None)
    rules = Rules(Book([always]), document.policy, Parameters([*stored, *more]))
    people = read_categories(folder / "categories.csv")
    rows = read_claims(folder / "claims.csv", people)
    return _settled(rules, people, rows)


def _settled(rules: Rules, people: People, rows: ClaimRows) -> dict[str, Result]:
    line_of = dict(zip(rows.lines, rows.claim_nos, strict=True))
    batch, kept = settle_rows(rules, people, rows)
    lines = settle_lines(people, rows, batch, kept)
    found = {cells[0]: dict(zip(COLUMNS, cells[1:], strict=True)) for cells in lines}
    nothing = dict.fromkeys(COLUMNS, "")
    refused = {line_of[one.row]: nothing | {"category": one.reason} for one in rows.refused if one.row in line_of}
    return found | refused


def differences(wanted: dict[str, Result], found: dict[str, Result]) -> list[Difference]:
    """Cases whose amounts differ, in the order of the cases; one that is on one side only differs in every column."""
    nothing = dict.fromkeys(COLUMNS, "")
    listed = []
    for case in dict.fromkeys((*wanted, *found)):
        old, new = wanted.get(case, nothing), found.get(case, nothing)
        if old != new:
            changes = tuple((column, old[column], new[column]) for column in COLUMNS if old[column] != new[column])
            listed.append(Difference(case, changes, new))
    return listed
