"""Comparing books with a department, sending again what it lacks, and reminding it of answers that are due."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.workdays import Workdays
from beneficiaries.models import id_key
from exchange import deliveries, reader
from exchange.models import Delivery, Partner
from monitoring.books.selectors import overdue, told_by
from monitoring.lists.selectors import unanswered
from monitoring.models import BurdenWarning, DeliveredWarning, ListedPerson, Reconciliation
from monitoring.selectors import month_end, reply_due_of
from monitoring.services import tell_again

# What a department says that it holds: number and person; whatever stands beside them is ignored.
HELD = reader.Schema("held", "对账清单", (reader.FEEDBACK.column("warning_no"), reader.FEEDBACK.column("id_number")))
REMINDER = "reminders"
COLUMNS = ("warning_no", "id_number", "name", "region", "kind", "raised_on", "told_on", "due_on", "working_days_late")
# Working days after the day of reply on which a reminder goes by itself; afterwards every fifth.
EVERY = 5


class BooksError(Exception):
    """Why it is not done; `str()` says what to do."""


def _allowed(actor: User | None, act: Act, region: Region) -> None:
    if actor is not None and not (actor.may(act) and region.code.startswith(actor.region_prefix)):
        raise BooksError(_("您的角色不能为%(region)s办理这一项。") % {"region": region.name})


def reconcile(
    *, actor: User, region: Region, department: str, month: date, name: str, content: bytes
) -> Reconciliation:
    """Holds the department's list (a table with 预警编号 and 身份证号) against what it was told. Raises BooksError."""
    _allowed(actor, Act.DELIVERY_READ, region)
    month = month.replace(day=1)
    try:
        reading = reader.read(content, HELD)
        held: dict[str, UUID] = {}
        for row in reading:
            if row.problems:
                raise BooksError(_("第 %(line)d 行：%(why)s") % {"line": row.line, "why": row.problems[0].reason})
            held[str(row.values["warning_no"])] = id_key(str(row.values["id_number"]))
    except reader.FileRefused as error:
        raise BooksError(str(error)) from error
    return compare(actor=actor, region=region, department=department, month=month, held=held, name=name)


def compare(
    *, actor: User | None, region: Region, department: str, month: date, held: dict[str, UUID], name: str
) -> Reconciliation:
    """Holds numbers with the keys of their people against what the department was told. `actor` None: its program."""
    rows = told_by(region, department, month_end(month)).values_list(
        "warning__number", "warning__person__id_key", "withdrawal"
    )
    told = {number: person for number, person, withdrawal in rows if not withdrawal}
    gone = {number for number, _person, withdrawal in rows if withdrawal}
    return Reconciliation.objects.create(
        region=region,
        department=department,
        month=month,
        told=len(told),
        held=len(held),
        missing=sorted(told.keys() - held.keys()),
        unknown=sorted(held.keys() - told.keys() - gone),
        withdrawn=sorted(held.keys() & gone),
        different=sorted(number for number in told.keys() & held.keys() if told[number] != held[number]),
        name=name[:200],
        by=actor,
    )


def send_missing(*, actor: User, reconciliation: Reconciliation) -> list[Delivery]:
    """Sends what the department lacks: its list again with its own id, or, where that was acknowledged, a supplement.

    What lies in the portal is fetched again by the department. Raises BooksError where nothing can be sent.
    """
    region, department = reconciliation.region, reconciliation.department
    _allowed(actor, Act.WARNING_PUSH, region)
    lacking = DeliveredWarning.objects.filter(
        delivery__region=region,
        delivery__department=department,
        warning__number__in=reconciliation.missing,
        withdrawal=False,
    )
    with transaction.atomic():
        again = []
        for delivery in Delivery.objects.filter(warnings__in=lacking).distinct():
            try:
                again.append(deliveries.resend(actor=actor, delivery=delivery))
            except deliveries.DeliveryError:
                continue  # acknowledged, or ready to be fetched
        left = lacking.exclude(warning__deliveries__delivery__in=again).values_list("warning_id", flat=True)
        partner = deliveries.partner_of(department=department, region=region)
        if left and partner.channel != Partner.Channel.PORTAL:
            again += tell_again(
                actor=actor, partner=partner, month=reconciliation.month, warning_ids=list(left.distinct())
            )
    if not again:
        raise BooksError(_("没有可以重新发送的清单：已签收的清单请对方从网页重新下载。"))
    return again


def remind(*, actor: User | None, region: Region, department: str, month: date) -> Delivery:
    """A list of the answers that are overdue goes to the department; once a day. Raises BooksError."""
    _allowed(actor, Act.WARNING_PUSH, region)
    month, today = month.replace(day=1), timezone.localdate()
    due = reply_due_of(region, month)
    with transaction.atomic():
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        known = Delivery.objects.filter(
            kind=REMINDER, region=region, department=department, month=month, created_at__date=today
        ).first()
        if known:
            raise BooksError(_("今天已经催办过（文号 %(number)s）。") % {"number": known.number})
        rows = list(overdue(region, department, month))
        patients = unanswered(region, department, month).select_related("person", "delivery").order_by("number")
        listed = list(patients.defer("delivery__body"))
        if due is None or due >= today or not (rows or listed):
            raise BooksError(_("没有逾期未反馈的预警，无须催办。"))
        late = Workdays.load().between(due, today)
        return deliveries.create_delivery(
            actor=actor,
            partner=deliveries.partner_of(department=department, region=region),
            kind=REMINDER,
            month=month,
            columns=COLUMNS,
            rows=[
                *(_row(one.warning, one.warning.kind, one.warning.region_id, one, due, late) for one in rows),
                *(_row(one, one.delivery.kind, one.person.region_id, one, due, late) for one in listed),
            ],
        )


def _row(
    about: BurdenWarning | ListedPerson,
    kind: str,
    place: str,
    told: DeliveredWarning | ListedPerson,
    due: date,
    late: int,
) -> tuple[object, ...]:
    raised = getattr(about, "raised_on", None)
    return (
        about.number,
        about.person.id_number,
        about.person.name,
        place,
        kind,
        raised.isoformat() if raised else "",
        timezone.localdate(told.delivery.created_at).isoformat(),
        due.isoformat(),
        late,
    )


def remind_all(*, today: date | None = None) -> int:
    """By itself, on working days: the first after the day of reply, then every fifth. How many reminders went."""
    today = today or timezone.localdate()
    days = Workdays.load()
    if not days.is_working(today):
        return 0
    pushed = Delivery.objects.filter(kind="warnings").values_list("region", "department", "month").distinct()
    count = 0
    for code, department, month in pushed.order_by("region", "department", "month"):
        region = Region.objects.get(pk=code)
        due = reply_due_of(region, month)
        if due is None or due >= today or days.between(due, today) % EVERY != 1:
            continue
        try:
            remind(actor=None, region=region, department=department, month=month)
        except BooksError:
            continue
        count += 1
    return count
