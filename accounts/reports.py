"""Reports 报表: each room registers its own in AppConfig.ready; the page `reports:list` shows those of the role.

register(Report("enrolment", _("参保台账"), Act.ENROLMENT_READ, ("S1-03", "S2-03"), "enrolment:ledger"))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.access import Act
from accounts.models import User


@dataclass(frozen=True)
class Report:
    """One report.

    `title` and `help` (one line: what it answers) are lazily translated; `act` lets one read it; `clauses` are the
    provisions behind it (may be empty); `view_name` is the URL name of its page (no arguments); `group` is the
    heading under which it stands.
    """

    key: str
    title: Any
    act: Act
    clauses: Sequence[str]
    view_name: str
    group: Any = ""
    help: Any = ""


_REPORTS: dict[str, Report] = {}


def register(report: Report) -> None:
    """Adds a report; a second one of the same key replaces the first."""
    _REPORTS[report.key] = report


def reports_for(user: User) -> list[Report]:
    """The reports that the user may open, in the order of their registration."""
    return [report for report in _REPORTS.values() if user.may(report.act)]


def grouped_for(user: User) -> list[tuple[str, list[Report]]]:
    """The same under their headings, in the order in which each heading first appears; without one they come last."""
    found: dict[str, list[Report]] = {}
    for report in reports_for(user):
        found.setdefault(str(report.group), []).append(report)
    return sorted(found.items(), key=lambda item: not item[0])
