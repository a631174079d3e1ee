"""The tables of a version's page: clauses with what cites them, categories with who certifies them, parameters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.vocabulary import CERTIFIES, Department
from policies.engine.document import Clause, Document, Reading
from policies.engine.errors import EngineError
from policies.engine.parameters import Parameters
from policies.reading import Rule, labels, plain, status_label


@dataclass(frozen=True)
class ClauseRow:
    """A clause with how it is read and the rules that cite it."""

    clause: Clause
    readings: tuple[Reading, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class CategoryRow:
    """A category that the policy names: its place in the order, who certifies it, how it is settled."""

    place: int
    code: str
    label: str
    departments: tuple[str, ...]
    direct: bool


@dataclass(frozen=True)
class ParameterRow:
    """A statistical figure by year; years without a value are None."""

    label: str
    key: str
    unit: str
    cells: tuple[tuple[int, "Cell | None"], ...]


@dataclass(frozen=True)
class Cell:
    value: str
    status: str
    status_label: str
    source: str


def clause_rows(document: Document, rules: Iterable[Rule]) -> list[ClauseRow]:
    """Every clause in the order of the document, with its readings and the rules that cite it."""
    found = list(rules)
    return [
        ClauseRow(
            clause,
            document.readings_of((clause.id,)),
            tuple(rule for rule in found if clause.id in rule.clauses),
        )
        for clause in document.clauses.values()
    ]


def by_part(rules: Iterable[Rule]) -> list[tuple[str, list[Rule]]]:
    """Rules by part, in the order of the first of each."""
    parts: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.figures and not rule.elsewhere and rule.part in _money_parts():
            parts.setdefault(rule.part, []).append(rule)
    return list(parts.items())


def _money_parts() -> tuple[str, ...]:
    return (
        _("大病保险"),
        _("医疗救助"),
        _("目录外费用救助"),
        _("倾斜救助"),
        _("目录外费用控制"),
        _("参保资助"),
        _("预警"),
    )


def governed_years(document: Document, years: Sequence[int]) -> list[int]:
    """The years with figures in which the version is in force at all."""
    last = document.valid_to.year if document.valid_to else 9999
    return [year for year in years if document.valid_from.year <= year <= last] or [document.valid_from.year]


def chosen_year(wanted: str | None, years: Sequence[int], today: int) -> int:
    """The year asked for, else this year, else the last that has figures."""
    if wanted and wanted.isdecimal() and int(wanted) in years:
        return int(wanted)
    return today if today in years else max(years)


def category_rows(document: Document) -> list[CategoryRow]:
    """The categories that the policy names, in its order; ties are decided by it."""
    return [
        CategoryRow(place, code, labels((code,))[0], certified_by(code), document.categories.is_direct(code))
        for place, code in enumerate(document.categories.order, 1)
    ]


def parameter_rows(document: Document, parameters: Parameters) -> tuple[list[int], list[ParameterRow]]:
    """The years that have figures, and every statistical figure of the document by year."""
    mine = [row for row in parameters if row.policy == document.policy]
    years = sorted({row.year for row in mine})
    held = {(row.key, row.year): row for row in mine}
    rows = []
    for need in document.needs.values():
        cells: list[tuple[int, Cell | None]] = []
        for year in years:
            one = held.get((need.key, year))
            if one is None:
                cells.append((year, None))
                continue
            try:
                number = one.number(need)
                value = _("不设") if number is None else plain(number, need.unit)
            except EngineError:
                value = str(one.value)
            cells.append((year, Cell(value, one.status, status_label(one.status), one.source)))
        rows.append(ParameterRow(need.label, need.key, need.unit, tuple(cells)))
    return years, rows


def certified_by(category: str) -> tuple[str, ...]:
    """Departments whose rosters may carry the category."""
    return tuple(str(Department(code).label) for code, found in CERTIFIES.items() if category in found)
