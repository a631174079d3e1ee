"""Reads of warnings: the list, one warning with what made it, the month per department, scans."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import Level, Region, User
from accounts.vocabulary import Department
from accounts.waiting import ALL, Pending, Waiting
from beneficiaries.models import HeldCategory
from claims.models import Claim
from claims.selectors import with_settlement
from exchange.models import Delivery
from monitoring import lines
from monitoring.answering.selectors import unanswered
from monitoring.findings.models import Finding
from monitoring.findings.selectors import mine_to_answer
from monitoring.followup.models import FollowUp
from monitoring.followup.selectors import not_seen, with_late_measure, without_measure
from monitoring.lists.selectors import to_withdraw, untold
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback, Projected, RecheckFinding, Scan, inside
from policies import selectors as law
from policies.engine import Line
from policies.engine.document import Document

State, Kind = BurdenWarning.State, Delivery.Kind
# Warnings that stand: the person is over a line.
STANDING = (State.OPEN, State.PUSHED, State.ANSWERED)
# Beside the states: withdrawn, and a department that was told of it does not know; the own department has not answered.
UNTOLD, UNANSWERED = "untold", "unanswered"


# --- the list -----------------------------------------------------------------------------------------------------
def warnings_for(
    user: User,
    *,
    kind: str = "",
    state: str = "",
    county: str = "",
    category: str = "",
    month: date | None = None,
    q: str = "",
) -> QuerySet[BurdenWarning]:
    """Warnings that the user may see, filtered; without a state those that stand. `month`: raised in it.

    `soon` marks whose projection passes a line within a month.
    """
    soon = Projected.objects.filter(person=OuterRef("person"), year=OuterRef("year"))
    found = user.visible(BurdenWarning).select_related("person", "region").annotate(soon=Exists(soon))
    if state == UNTOLD:
        found = untold(found)
    elif state == UNANSWERED:
        found = found.filter(pk__in=unanswered(user).values("pk"))
    else:
        found = found.filter(state=state) if state else found.filter(state__in=STANDING)
    if kind:
        found = found.filter(kind=kind)
    if county:
        found = found.filter(inside(county[:6]))
    if category:
        found = found.filter(category=category)
    if month:
        found = found.filter(raised_on__gte=month, raised_on__lte=month_end(month))
    if q:
        found = found.filter(Q(number__iexact=q.strip()) | Q(person__name__startswith=q.strip()))
    return found


def month_end(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def counts_by_state(user: User) -> dict[str, int]:
    """How many warnings of each state the user may see: one query."""
    rows = user.visible(BurdenWarning).order_by().values("state").annotate(count=Count("pk"))
    return {row["state"]: row["count"] for row in rows}


def counties_for(user: User) -> QuerySet[Region]:
    """Counties below the user's region, for the filter."""
    return user.visible(Region).filter(level=Level.COUNTY)


def waiting(user: User) -> list[Pending | Waiting]:
    """Warnings, deliveries, follow-ups, findings and rechecks with which somebody has something to do."""
    here, followups, findings = (reverse(f"monitoring:{name}") for name in ("list", "followups", "findings"))
    open_warnings = user.visible(BurdenWarning).filter(state=State.OPEN)
    parked = user.visible(Delivery).filter(state=Delivery.State.PARKED)
    answered = user.visible(Finding).filter(state=Finding.State.ANSWERED)
    return [
        Pending(Act.WARNING_PUSH, _("待推送的预警"), f"{here}?state={State.OPEN}", open_warnings),
        Pending(
            Act.WARNING_PUSH,
            _("待告知部门的撤回"),
            f"{here}?state={UNTOLD}",
            untold(user.visible(BurdenWarning)),
        ),
        Pending(Act.FEEDBACK_UPLOAD, _("待反馈的预警"), f"{here}?state={UNANSWERED}", unanswered(user)),
        Pending(
            Act.WARNING_PUSH,
            _("送达失败"),
            f"{reverse('exchange:deliveries')}?state={Delivery.State.PARKED}",
            parked,
        ),
        Pending(
            Act.MEASURE_WRITE,
            _("尚无帮扶措施的跟踪"),
            f"{followups}?state=none",
            without_measure(user.visible(FollowUp)),
        ),
        Pending(
            Act.MEASURE_READ,
            _("逾期的帮扶措施"),
            f"{followups}?state=late",
            with_late_measure(user.visible(FollowUp)),
            late=ALL,
        ),
        Pending(
            Act.MEASURE_WRITE,
            _("本月待跟踪的人员"),
            f"{followups}?state=unseen",
            not_seen(user.visible(FollowUp)),
            late=Q(missed=True),
        ),
        Pending(Act.FINDING_ANSWER, _("待整改的问题"), f"{findings}?state=open", mine_to_answer(user)),
        Pending(
            Act.CLAIM_WRITE,
            _("复算不一致"),
            reverse("monitoring:recheck"),
            user.visible(RecheckFinding).filter(answered_at=None),
        ),
        Pending(Act.FINDING_OPEN, _("待销号的问题"), f"{findings}?state=answered", answered),
    ]


# --- one warning --------------------------------------------------------------------------------------------------
@dataclass
class Month:
    """A month of the account: its claims, what they add to the measure, the sum so far (fen)."""

    first: date
    claims: list[Claim] = field(default_factory=list)
    added: int = 0
    total: int = 0
    distances: list[tuple[str, int]] = field(default_factory=list)


_PARTS: dict[str, Callable[[Any], int]] = {
    "personal_burden": lambda claim: claim.now.personal_burden,
    "total_after_insurance": lambda claim: claim.total - claim.basic_paid - claim.now.cii_paid,
    "in_scope_after_insurance": lambda claim: claim.in_scope - claim.basic_paid - claim.now.cii_paid,
}


def months_of(warning: BurdenWarning, ruling: lines.Ruling) -> list[Month]:
    """The claims that made the warning, month by month, with the distance to each line that counts: one query."""
    part = _PARTS[ruling.table.measure]
    counting = lines_for(warning, ruling)
    found = (
        with_settlement()
        .filter(person_id=warning.person_id, settled_on__year=warning.year, settled_on__lte=warning.refreshed_on)
        .filter(now__isnull=False)
        .order_by("settled_on", "claim_no")
    )
    months: dict[date, Month] = {}
    total = 0
    for claim in found:
        month = months.setdefault(claim.settled_on.replace(day=1), Month(claim.settled_on.replace(day=1)))
        claim.added = part(claim)
        total += claim.added
        month.claims.append(claim)
        month.added += claim.added
        month.total = total
    for month in months.values():
        month.distances = [(line.kind, max(0, line.over_from - month.total)) for line in counting]
    return list(months.values())


def lines_for(warning: BurdenWarning, ruling: lines.Ruling) -> list[Any]:
    """The lines that count for the person on the day of the warning, the lower one first."""
    held, ever = categories_on(warning.person_id, warning.refreshed_on)
    return sorted(ruling.table.applicable(held, ever, warning.person.rural), key=lambda line: line.line)


def explain(warning: BurdenWarning, ruling: lines.Ruling) -> list[Line]:
    """The engine's own words: the sum, every line and the distance to it, the verdict."""
    held, ever = categories_on(warning.person_id, warning.refreshed_on)
    return ruling.table.explain(warning.amount, held, ever, warning.person.rural)


def categories_on(person_id: int, day: date) -> tuple[set[str], set[str]]:
    """Categories valid on the day and those begun by then, as we know them now."""
    spells = HeldCategory.objects.current().filter(person_id=person_id, valid_from__lte=day)
    rows = list(spells.values_list("category", "valid_to"))
    return {code for code, last in rows if last is None or last >= day}, {code for code, _last in rows}


def deliveries_of(user: User, warning: BurdenWarning) -> list[DeliveredWarning]:
    """What was said to whom, as far as the user may see it."""
    seen = user.visible(Delivery).values("pk")
    rows = DeliveredWarning.objects.filter(warning=warning, delivery__in=seen).order_by("-delivery__created_at")
    return list(rows.select_related("delivery__region").defer("delivery__body"))


def answers_of(user: User, warning: BurdenWarning) -> list[Feedback]:
    """What came back; a department sees its own answers."""
    found = warning.feedback.order_by("-created_at").select_related("source")
    if not user.may(Act.CLAIM_READ):
        found = found.filter(department=user.department)
    return list(found)


# --- the month ----------------------------------------------------------------------------------------------------
@dataclass
class Desk:
    """A department in a month, in warnings: due (told or to be told), sent, acknowledged, answered, overdue.

    `to_withdraw`: told, withdrawn since, and not yet said; `deliveries` the lists and the withdrawals.
    `books` is the month's newest reconciliation, `reminders` what went out because answers were overdue.
    """

    department: str
    label: str
    due: int
    to_tell: int
    to_withdraw: int
    sent: int
    acknowledged: int
    answered: int
    overdue: int
    failed: list[Delivery]
    deliveries: list[Delivery]
    books: Any = None
    reminders: list[Delivery] = field(default_factory=list)


@dataclass(frozen=True)
class MonthPage:
    """The month of a region: what its law asks, and how each department stands."""

    region: Region
    month: date
    document: Document | None
    push_due: date | None
    reply_due: date | None
    scanned: Scan | None
    desks: list[Desk]

    def counting(self, lists: list[Delivery]) -> "MonthPage":
        """The same with the unanswered rows of other lists (`lists.selectors.lists_of`) among the overdue."""
        if self.reply_due and self.reply_due < timezone.localdate():
            for desk in self.desks:
                mine = [one for one in lists if one.department == desk.department]
                desk.overdue += sum(one.asked - one.answered for one in mine)  # type: ignore[attr-defined]
        return self

    @property
    def late(self) -> bool:
        """The list has not gone although its day has passed."""
        today = timezone.localdate()
        return bool(self.push_due and self.push_due < today and not any(desk.deliveries for desk in self.desks))


def month_page(user: User, region: Region, month: date) -> MonthPage:
    """The month's page; a fixed number of queries per department."""
    last = month_end(month)
    version = law.version_on(region.code, last)
    document = law.document_of(version) if version else None
    departments = lines.receivers(document) if document else ()
    reply = lines.reply_due(document, month) if document and departments else None
    scans = user.visible(Scan).filter(on__gte=month, on__lte=last, finished_at__isnull=False)
    return MonthPage(
        region=region,
        month=month,
        document=document,
        push_due=lines.push_due(document, month) if document and departments else None,
        reply_due=reply,
        scanned=scans.filter(region_id__in=law.upward(region.code)).first(),
        desks=[_desk(user, department, region, month, last, reply) for department in departments],
    )


def reply_due_of(region: Region, month: date) -> date | None:
    """The day by which departments answer the month's list; None where no law says whom to tell."""
    version = law.version_on(region.code, month_end(month))
    document = law.document_of(version) if version else None
    return lines.reply_due(document, month) if document and lines.receivers(document) else None


def to_tell(department: str, region: Region, last: date) -> QuerySet[BurdenWarning]:
    """Warnings of the year that stand, were raised by the day, are unanswered by the department and news to it."""
    told = DeliveredWarning.objects.filter(
        warning=OuterRef("pk"), delivery__department=department, delivery__region=region
    ).order_by("-id")
    answered = Feedback.objects.filter(warning=OuterRef("pk"), department=department, superseded_at=None)
    return (
        BurdenWarning.objects.filter(inside(region.prefix), year=last.year, raised_on__lte=last, state__in=STANDING)
        .filter(~Exists(answered))
        .annotate(
            told_amount=Subquery(told.values("amount")[:1]),
            told_line=Subquery(told.values("line")[:1]),
            told_withdrawal=Subquery(told.values("withdrawal")[:1]),
        )
        .filter(Q(told_amount=None) | Q(told_withdrawal=True) | ~Q(told_amount=F("amount"), told_line=F("line")))
    )


def _desk(user: User, department: str, region: Region, month: date, last: date, reply: date | None) -> Desk:
    found = list(
        user.visible(Delivery)
        .filter(kind__in=(Kind.WARNINGS, Kind.WITHDRAWALS), department=department, region=region, month=month)
        .select_related("partner")
        .defer("body", "partner__secrets")
        .order_by("created_at")
    )
    told = DeliveredWarning.objects.filter(delivery__in=[one.pk for one in found], withdrawal=False)
    sums = told.aggregate(
        told=Count("warning", distinct=True),
        answered=Count("warning", distinct=True, filter=Q(warning__in=_answered(department))),
    )
    may = user.may(Act.WARNING_PUSH)
    left = to_tell(department, region, last).count() if may else 0
    lists = [one for one in found if one.kind == Kind.WARNINGS]
    over = reply is not None and reply < timezone.localdate()
    return Desk(
        department=department,
        label=str(Department(department).label),
        due=sums["told"] + left,
        to_tell=left,
        to_withdraw=to_withdraw(department, region, last).count() if may else 0,
        sent=sum(one.rows for one in lists if one.state in (Delivery.State.SENT, Delivery.State.ACKNOWLEDGED)),
        acknowledged=sum(one.rows for one in lists if one.state == Delivery.State.ACKNOWLEDGED),
        answered=sums["answered"],
        overdue=sums["told"] - sums["answered"] if over else 0,
        failed=[one for one in found if one.state == Delivery.State.PARKED],
        deliveries=found,
    )


def _answered(department: str) -> QuerySet[Any]:
    return Feedback.objects.filter(department=department, superseded_at=None).values("warning")


# --- scans --------------------------------------------------------------------------------------------------------
def scans_for(user: User) -> QuerySet[Scan]:
    """Scans of the user's region and below."""
    return user.visible(Scan).select_related("region", "actor", "job")
