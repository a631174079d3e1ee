"""The warning lines of a place and day: what the policy document says, with the year's figures, as plain integers.

Nothing of the law is written here: who counts, which sum is measured, how it is compared and where the line lies come
from the document (`[warnings]`) and its figures. Ours is the early notice alone: `APPROACHING` of a line.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.vocabulary import Category, Department
from policies import selectors as law
from policies.engine.document import Document, Due, Obligation, WarningRule
from policies.models import PolicyVersion

APPROACHING = (4, 5)  # 80 %, told to the bureau only (settlement: Warnings, early notice)
BITS = {code: 1 << at for at, code in enumerate(Category.values)}
MEASURES = {
    "personal_burden": _("个人负担"),
    "total_after_insurance": _("总费用减基本医保、大病保险"),
    "in_scope_after_insurance": _("政策范围内费用减基本医保、大病保险"),
}


@dataclass(frozen=True)
class WarningLine:
    """One line. `who` is a mask of categories (0: `others`, rural or insured); `amount` in fen."""

    kind: str
    who: int
    earlier_too: bool
    others: str
    inclusive: bool
    amount: int
    working: str
    clauses: tuple[str, ...]

    def over(self, measure: int) -> bool:
        """Whether the measure is past the line, as the text compares."""
        return measure >= self.amount if self.inclusive else measure > self.amount


@dataclass(frozen=True)
class Lines:
    """All lines of a version in a year. `order` is how a person's category is chosen for show, `first` S1-16's mask."""

    version: PolicyVersion
    measure: str
    first: int
    order: tuple[str, ...]
    lines: tuple[WarningLine, ...]
    marks: tuple[str, ...]

    def of(self, now: int, ever: int, rural: bool) -> list[WarningLine]:
        """The lines that count for a person with these categories (masks: valid on the day, begun by the day)."""
        named = [line for line in self.lines if (ever if line.earlier_too else now) & line.who]
        if named:
            return named
        return [line for line in self.lines if line.others == "insured" or (line.others == "rural" and rural)]


def mask(codes: "tuple[str, ...] | set[str] | list[str]") -> int:
    """Bit mask of category codes."""
    return sum(BITS[code] for code in set(codes))


def lines_on(region_code: str, day: date) -> Lines | None:
    """The lines of the nearest version upward on the day; None where none is in force or it has no warnings.

    Raises `MissingParameter` (EngineError) when a line's figure of the year is not there.
    """
    version = law.version_on(region_code, day)
    return lines_of(version, day.year) if version else None


def lines_of(version: PolicyVersion, year: int) -> Lines | None:
    """The lines of a version with the figures of a settlement year as they stand now; None without warnings."""
    document = law.document_of(version)
    if document.warnings is None:
        return None
    parameters = law.parameters_from(version.policy, law.figure_rows(version.policy))

    def line(rule: WarningRule) -> WarningLine:
        return WarningLine(
            kind=rule.kind,
            who=mask(rule.who),
            earlier_too=rule.earlier_too,
            others=rule.others,
            inclusive=rule.inclusive,
            amount=rule.line.resolve(parameters, version.policy, year) or 0,
            working=rule.line.working(parameters, version.policy, year),
            clauses=rule.clauses,
        )

    found = document.warnings
    figures = [rule.line.parameter(parameters, version.policy, year) for rule in found.lines]
    order = [code for rule in found.lines for code in rule.who]
    return Lines(
        version=version,
        measure=found.measure,
        first=mask(found.first),
        order=tuple(dict.fromkeys([*order, *document.categories.order, *Category.values])),
        lines=tuple(line(rule) for rule in found.lines),
        marks=tuple(dict.fromkeys(f"{figure.status}" for figure in figures if figure)),
    )


# --- whom to tell, and by when ------------------------------------------------------------------------------------
def push_duty(document: Document) -> Obligation | None:
    """The bureau's monthly duty to hand a list to other departments (S1-17, S0-17, S2-10, S3-15), or None."""
    for duty in document.obligations:
        if duty.every == "month" and Department.MEDICAL_SECURITY in departments(duty.by) and departments(duty.to):
            return duty
    return None


def receivers(document: Document) -> tuple[str, ...]:
    """Departments that get the list; none where the document says nothing of it."""
    duty = push_duty(document) if document.warnings else None
    return departments(duty.to) if duty else ()


def departments(words: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of the departments that a document names (民政, 乡村振兴 …); sections and others are left out."""
    known = _department_words()
    return tuple(known[word] for word in words if word in known)


@cache
def _department_words() -> dict[str, str]:
    with translation.override("zh-hans"):  # documents are Chinese, whatever the page's language
        return {str(label): code for code, label in Department.choices}


def push_due(document: Document, month: date) -> date:
    """Day by which the month's list must have gone."""
    duty = push_duty(document)
    return due_in(duty.due if duty else None, month)


def reply_due(document: Document, month: date) -> date:
    """Day by which the departments answer the list of a month.

    Reading: in the month that follows, on the day of their own monthly duty where it stands in the same clause, else
    at its end.
    """
    push = push_duty(document)
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    for duty in document.obligations:
        answers = duty.every == "month" and Department.MEDICAL_SECURITY in departments(duty.to)
        if push and answers and set(duty.clauses) & set(push.clauses):
            return due_in(duty.due, following)
    return due_in(None, following)


def due_in(due: Due | None, month: date) -> date:
    """The due day in a month; the end of the month unless a day is named."""
    last = calendar.monthrange(month.year, month.month)[1]
    day = min(due.number, last) if due and due.kind == "day_of_month" else last
    return month.replace(day=day)
