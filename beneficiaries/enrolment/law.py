"""The law of a place and year for enrolment: its subsidies, its targets, its days of grace."""

import calendar
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from accounts.workdays import Workdays
from beneficiaries.enrolment.errors import EnrolmentError
from policies import selectors as policies
from policies.engine import Book, Rules, SubsidyTable, subsidy_table
from policies.engine.document import Document, Obligation, Target
from policies.engine.errors import EngineError
from policies.engine.parameters import Parameters
from policies.models import PolicyFigures, PolicyVersion
from policies.services import figures_now


@dataclass(frozen=True)
class SubsidyLaw:
    """What a subsidy of a place and year is computed by."""

    version: PolicyVersion
    figures: PolicyFigures
    table: SubsidyTable


def version_of_year(region_code: str, year: int) -> PolicyVersion | None:
    """The version in force when the year begins, or the one that begins in it."""
    found = policies.version_on(region_code, date(year, 1, 1))
    return found or policies.version_on(region_code, date(year, 12, 31))


def document_of_year(region_code: str, year: int) -> Document | None:
    """The parsed document of `version_of_year`."""
    version = version_of_year(region_code, year)
    return policies.document_of(version) if version else None


def subsidy_law(region_code: str, year: int) -> SubsidyLaw:
    """Raises EnrolmentError: no version, a document without subsidies, or a figure that is missing (named)."""
    version = _governing(region_code, year)
    figures = figures_now(version)
    return SubsidyLaw(version, figures, _table(version, policies.parameters_of(version, figures.pk), year))


def subsidies_now(region_code: str, year: int) -> SubsidyTable:
    """The table of `subsidy_law` for who only reads: no figures are set down. Raises EnrolmentError."""
    version = _governing(region_code, year)
    return _table(version, policies.parameters_from(version.policy, policies.figure_rows(version.policy)), year)


def _governing(region_code: str, year: int) -> PolicyVersion:
    version = version_of_year(region_code, year)
    if version is None:
        raise EnrolmentError(
            _("%(year)s 年没有适用于 %(region)s 的政策版本；请先发布当年的政策。")
            % {"year": year, "region": region_code}
        )
    return version


def _table(version: PolicyVersion, parameters: Parameters, year: int) -> SubsidyTable:
    try:
        return subsidy_table(Rules(Book([policies.document_of(version)]), version.policy, parameters), year)
    except EngineError as error:
        raise EnrolmentError(str(error)) from error


def targets(region_code: str, year: int) -> tuple[Target, ...]:
    """The figures that the text sets for enrolment in the year."""
    document = document_of_year(region_code, year)
    return tuple(one for one in document.targets if "参保率" in one.name) if document else ()


def obligation(document: Document | None, clause: str, after: str = "", by: str = "") -> Obligation | None:
    """The first obligation of a clause (of a given department, after a given event)."""
    for one in document.obligations if document else ():
        if clause in one.clauses and (not after or after in one.after) and (not by or by in one.by):
            return one
    return None


def due_after(duty: Obligation | None, event: date | None, workdays: Workdays) -> date | None:
    """The day by which an obligation that follows an event must be done."""
    if duty is None or event is None:
        return None
    if duty.due.kind == "working_days":
        return workdays.add(event, duty.due.number)
    if duty.due.kind == "months":
        months = event.month - 1 + duty.due.number
        year, month = event.year + months // 12, months % 12 + 1
        return date(year, month, min(event.day, calendar.monthrange(year, month)[1]))
    return None
