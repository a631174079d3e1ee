"""The warning lines of a place and day, and whom the bureau tells by when: all of it read from the policy document."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.utils import translation

from accounts.vocabulary import Category, Department
from policies import selectors as law
from policies.engine import Rules, WarningTable, warning_table
from policies.engine.book import Book
from policies.engine.document import Document, Due, Obligation
from policies.engine.errors import NotGoverned
from policies.engine.parameters import Parameters
from policies.models import PolicyVersion


@dataclass(frozen=True)
class Ruling:
    """The version that governs a place on a day, and its warning lines with the figures as they stand now."""

    version: PolicyVersion
    table: WarningTable

    @property
    def order(self) -> tuple[str, ...]:
        """Categories in the order in which one of several is chosen for show: those of the lines come first."""
        named = [code for line in self.table.lines for code in line.categories]
        return tuple(dict.fromkeys([*named, *self.table.document.categories.order, *Category.values]))


def lines_on(region_code: str, day: date) -> Ruling | None:
    """The lines of the nearest version upward on the day; None where none is in force or it has no warnings.

    Raises `MissingParameter` (EngineError) when a line's figure of the year is not there.
    """
    version = law.version_on(region_code, day)
    return lines_of(version, day) if version else None


def lines_of(version: PolicyVersion, day: date) -> Ruling | None:
    """The lines of a version on a day; None when it has no warnings."""
    return first_known(version, [day])[0]


def first_known(version: PolicyVersion, days: Sequence[date]) -> tuple[Ruling | None, date]:
    """The lines on the first of the days whose figures are there, and that day; None when the version has no warnings.

    Raises `MissingParameter` of the first day where none has them.
    """
    book = Book([law.document_of(version)])

    def made(figures: Parameters, day: date) -> Ruling | None:
        try:
            return Ruling(version, warning_table(Rules(book, version.policy, figures), day))
        except NotGoverned:
            return None

    return law.with_figures(version.policy, days, made)


# --- whom to tell, and by when ------------------------------------------------------------------------------------
def push_duty(document: Document) -> Obligation | None:
    """The bureau's monthly duty to hand the warnings to other departments (S1-17, S0-17, S2-10, S3-15), or None."""
    for duty in document.obligations:
        if duty.event not in ("warnings", ""):
            continue
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
        answers = (
            duty.event in ("feedback", "")
            and duty.every == "month"
            and Department.MEDICAL_SECURITY in departments(duty.to)
        )
        if push and answers and set(duty.clauses) & set(push.clauses):
            return due_in(duty.due, following)
    return due_in(None, following)


def due_in(due: Due | None, month: date) -> date:
    """The due day in a month; the end of the month unless a day is named."""
    last = calendar.monthrange(month.year, month.month)[1]
    day = min(due.number, last) if due and due.kind == "day_of_month" else last
    return month.replace(day=day)
