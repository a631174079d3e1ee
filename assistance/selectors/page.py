"""One application with everything that its page shows: a fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from accounts.models import User
from accounts.papers.models import StoredFile
from accounts.papers.selectors import papers_of
from assistance.models import Application, Check, Decision, MeetingCase, Opinion, Paper, Step
from assistance.vocabulary import OWNER


@dataclass(frozen=True)
class Item:
    """One line of the checklist with its files."""

    paper: Paper
    files: list[StoredFile]

    @property
    def lacking(self) -> bool:
        return not self.files and self.paper.seen_at is None


@dataclass(frozen=True)
class Case:
    """What the case page shows."""

    application: Application
    items: list[Item]
    files: list[StoredFile]
    members: list[Any]
    incomes: list[Any]
    properties: list[Any]
    checks: list[Check]
    questions: list[Any]
    panels: list[MeetingCase]
    decisions: list[Decision]
    referrals: list[Any]
    visits: list[Any]
    steps: list[Step]

    @property
    def check(self) -> Check | None:
        return self.checks[0] if self.checks else None

    @property
    def decision(self) -> Decision | None:
        return self.decisions[0] if self.decisions else None

    @property
    def panel(self) -> MeetingCase | None:
        return self.panels[0] if self.panels else None


def applications() -> Any:
    """Applications for a detail page."""
    return Application.objects.select_related(
        "person__household", "region", "version", "office", "registrar", "checker", "reviewer"
    ).defer("version__body")


def case_of(application: Application, user: User) -> Case:
    """All parts of the case; a panel member of another department does not see opinions of a meeting not theirs."""
    files = list(papers_of(OWNER, application.pk))
    papers = list(application.papers.select_related("seen_by"))
    opinions = Opinion.objects.select_related("member").order_by("id")
    return Case(
        application=application,
        items=[Item(one, [file for file in files if file.label == one.label]) for one in papers],
        files=files,
        members=list(application.members.select_related("checked_by")),
        incomes=list(application.incomes.select_related("checked_by", "member")),
        properties=list(application.properties.select_related("checked_by")),
        checks=list(application.checks.select_related("checked_by")),
        questions=list(application.questions.select_related("asked_by", "answered_by")),
        panels=list(
            application.meeting_cases.select_related("meeting")
            .prefetch_related(Prefetch("opinions", queryset=opinions))
            .order_by("-id")
        ),
        decisions=list(application.decisions.select_related("decided_by", "payment__ordered_by")),
        referrals=list(application.referrals.select_related("referred_by", "answered_by")),
        visits=list(application.visits.select_related("visited_by")),
        steps=list(application.steps.select_related("actor")[:200]),
    )
