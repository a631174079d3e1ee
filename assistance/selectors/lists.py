"""Lists of applications: all that a user may see, what waits for them, the board of a region, notices, questions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Q,
    QuerySet,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.selectors import below
from accounts.waiting import ALL, Pending, Waiting
from assistance.models import Application, Meeting, MeetingCase, Notice, Opinion, Payment, Question, Referral
from assistance.vocabulary import BOARD, OPEN, Kind, State

CARDS = 6


def applications_for(
    user: User,
    *,
    q: str = "",
    state: str = "",
    kind: str = "",
    region: Region | None = None,
    late: bool = False,
    mine: bool = False,
    first: date | None = None,
    last: date | None = None,
) -> QuerySet[Application]:
    """The applications that the user may see, filtered; `mine`: what waits for the user."""
    found = user.visible(Application).select_related("person", "region")
    if mine:
        found = found.filter(waits_for(user))
    if q:
        word = q.strip()
        found = found.filter(Q(number__iexact=word) | Q(person__name__startswith=word))
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if region:
        found = below(found, "region_id", region)
    if late:
        found = found.filter(due_on__lt=timezone.localdate())
    if first:
        found = found.filter(applied_on__gte=first)
    return found.filter(applied_on__lte=last) if last else found


# --- what waits for whom ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Group:
    """Applications that wait for one kind of act."""

    key: str
    label: Any
    act: Act


GROUPS = (
    Group("draft", _("待提交、待补正的申请"), Act.APPLICATION_REGISTER),
    Group("accept", _("待受理的申请"), Act.APPLICATION_CHECK),
    Group("check", _("待核查的申请"), Act.APPLICATION_CHECK),
    Group("close", _("待办结的申请"), Act.APPLICATION_CHECK),
    Group("decide", _("待审批的申请"), Act.APPLICATION_DECIDE),
    Group("panel", _("待本部门意见的会商"), Act.APPLICATION_PANEL),
    Group("pay", _("待拨付的救助金"), Act.APPLICATION_PAY),
    Group("late", _("逾期的申请"), Act.AUDIT_READ),
)


def group_of(key: str, user: User) -> Q:
    """Which applications wait for the user in this way."""
    by_hand = ~Q(enterers__contains=[user.pk])
    if key == "draft":
        return Q(state=State.DRAFT) & (Q(office_id=user.organisation_id) | Q(enterers__contains=[user.pk]))
    if key == "accept":
        return Q(state=State.SUBMITTED)
    if key == "check":
        return Q(state=State.CHECKING, due_on__isnull=False) & by_hand
    if key == "close":
        return Q(state=State.PAID) | Q(state=State.APPROVED, kind=Kind.ELIGIBILITY)
    if key == "decide":
        seen = Q(checkers__contains=[user.pk]) | Q(past_reviewers__contains=[user.pk])
        return Q(state=State.REVIEWING) & by_hand & ~seen
    if key == "panel":
        spoken = Opinion.objects.filter(case=OuterRef("pk"), department=user.department)
        cases = MeetingCase.objects.filter(done_at=None, meeting__departments__contains=[user.department])
        return Q(state=State.PANEL, pk__in=cases.filter(~Exists(spoken)).values("application"))
    if key == "pay":
        ordered = Payment.objects.filter(returned_on=None).values("decision__application")
        return Q(state=State.APPROVED) & ~Q(kind=Kind.ELIGIBILITY) & ~Q(pk__in=ordered)
    return Q(due_on__lt=timezone.localdate(), state__in=OPEN)


def waits_for(user: User) -> Q:
    """All that waits for the user, whatever the act."""
    found = Q(pk__in=[])
    for group in GROUPS:
        if user.may(group.act):
            found |= group_of(group.key, user)
    return found


def waiting(user: User) -> list[Pending | Waiting]:
    """Applications per act with the earliest day and what is late, notices, questions."""
    groups = [one for one in GROUPS if user.may(one.act) and user.may(Act.APPLICATION_READ)]
    late, queue = Q(due_on__lt=timezone.localdate()), reverse("assistance:queue")
    rows = user.visible(Application)
    found: list[Pending | Waiting] = [
        Pending(one.act, one.label, f"{queue}?group={one.key}", rows.filter(group_of(one.key, user)), late, "due_on")
        for one in groups
    ]
    unanswered = referrals_for(user, late=True).select_related(None)
    sent = f"{reverse('assistance:referrals')}?answered=no&late=on"
    found.append(Pending(Act.APPLICATION_CHECK, _("逾期未答复的转介"), sent, unanswered, late=ALL))
    if not user.may(Act.APPLICATION_CHECK):  # these are the township's and the departments' to read
        notices = user.visible(Notice).filter(read_at=None)
        questions = user.visible(Question).filter(answered_at=None)
        found.append(Pending(Act.APPLICATION_REGISTER, _("未签收的办理回告"), reverse("assistance:notices"), notices))
        found.append(Pending(Act.QUESTION_ANSWER, _("待答复的询问"), reverse("assistance:questions"), questions))
    return found


# --- the board ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Column:
    """One state of the board: how many, how many late, the first few by their day."""

    state: State
    count: int
    late: int
    cards: list[Application]


def board(user: User, region: Region | None = None) -> list[Column]:
    """Open work of a region by state: three queries whatever the size."""
    rows = user.visible(Application).filter(state__in=BOARD)
    if region:
        rows = below(rows, "region_id", region)
    late = Count("due_on", filter=Q(due_on__lt=timezone.localdate()))
    sums = {one["state"]: one for one in rows.order_by().values("state").annotate(count=Count("*"), late=late)}
    # The first few of each state, read along the index instead of ranking all.
    first = [rows.filter(state=state).order_by("due_on", "id").values_list("pk", flat=True)[:CARDS] for state in BOARD]
    keys = list(first[0].union(*first[1:], all=True))
    cards: dict[str, list[Application]] = {}
    shown = Application.objects.filter(pk__in=keys).select_related("person", "region")
    for one in shown.order_by("due_on", "id"):
        cards.setdefault(one.state, []).append(one)
    return [
        Column(state, sums.get(state, {}).get("count", 0), sums.get(state, {}).get("late", 0), cards.get(state, []))
        for state in BOARD
    ]


def counts_by_state(user: User) -> dict[str, int]:
    """How many applications of each state the user may see: one query."""
    rows = user.visible(Application).order_by().values("state").annotate(count=Count("pk"))
    return {row["state"]: row["count"] for row in rows}


# --- notices, questions, meetings ---------------------------------------------------------------------------------
def notices_for(user: User, *, unread: bool = False) -> QuerySet[Notice]:
    """What townships are told (S1-20), newest first."""
    found = user.visible(Notice).select_related("step__actor", "application__person", "application__region", "read_by")
    return found.filter(read_at=None) if unread else found


def questions_for(user: User, *, answered: str = "", department: str = "") -> QuerySet[Question]:
    """Questions put to the user's department; who handles applications sees all."""
    found = user.visible(Question).select_related("application__person", "asked_by", "answered_by")
    if answered:
        found = found.filter(answered_at__isnull=answered == "no")
    return found.filter(department=department) if department else found


def referrals_for(
    user: User, *, q: str = "", answered: str = "", help: str = "", late: bool = False
) -> QuerySet[Referral]:
    """Referrals of the applications that the user may see, newest first."""
    found = user.visible(Referral).select_related("application__person", "application__region")
    if q:
        word = q.strip()
        found = found.filter(Q(application__number__iexact=word) | Q(application__person__name__startswith=word))
    if answered:
        found = found.filter(answered_on__isnull=answered == "no")
    if help:
        found = found.filter(help=help)
    return found.filter(answered_on=None, due_on__lt=timezone.localdate()) if late else found


def meetings_for(user: User) -> QuerySet[Meeting]:
    """Meetings with the number of their cases, and of those still open."""
    return (
        user.visible(Meeting)
        .select_related("region")
        .annotate(total=Count("cases"), left=Count("cases", filter=Q(cases__done_at=None)))
    )


def open_meetings(application: Application) -> QuerySet[Meeting]:
    """Meetings to which a case may be put: of its region or above, today or later."""
    codes = [application.region_id[:digits].ljust(12, "0") for digits in (2, 4, 6, 9, 12)]
    return Meeting.objects.filter(region_id__in=codes, held_on__gte=timezone.localdate()).order_by("held_on")
