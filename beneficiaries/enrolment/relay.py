"""To the tax office (S3-06): identities, dues and payment status that changed, as a delivery with a row per person."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Region, User
from accounts.vocabulary import Department
from accounts.workdays import Workdays
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.comparisons.selectors import changed_identities
from beneficiaries.enrolment import law
from beneficiaries.enrolment.case_models import PaymentMismatch
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.mismatches import AWAITING
from beneficiaries.enrolment.models import Enrolment, state_text, untold
from beneficiaries.enrolment.services import allowed
from beneficiaries.models import Document
from exchange.deliveries import create_delivery, partner_of
from exchange.models import Delivery
from policies.engine.codes import category_label
from policies.engine.money import format_yuan

KIND = "enrolment"
COLUMNS = (
    "id_number", "name", "region", "year", "insurance", "category", "standard", "fund", "county_finance", "due",
    "paid", "refunded", "status", "refund_request", "changed_on", "changed", "said_by", "said_name", "other_numbers",
)  # fmt: skip


def to_relay(region: Region, year: int) -> QuerySet[Enrolment]:
    """Rows whose state is not the one that tax heard last, with `state_now`."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    rows = Enrolment.objects.filter(year=year, region_id__gte=low, region_id__lte=high)
    return rows.filter(untold()).annotate(state_now=state_text())


def identities_to_relay(region: Region, year: int) -> QuerySet[ComparisonRow]:
    """What lists of the year say of identities otherwise than the register and tax has not heard yet (S1-27)."""
    return changed_identities(region, year=year).filter(relayed_in=None).select_related("person", "file")


@dataclass(frozen=True)
class Pending:
    """How many rows wait for the tax office, since when, until when (None: no days of grace in the text)."""

    rows: int
    since: date | None
    due: date | None

    @property
    def late(self) -> bool:
        return self.due is not None and self.due < timezone.localdate()


def pending(region: Region, year: int) -> Pending:
    """What waits to be told, with the deadline of the earliest change (S3-06: five working days)."""
    rows, said = to_relay(region, year), identities_to_relay(region, year)
    first = rows.aggregate(first=Min("changed_on"))["first"]
    heard = said.aggregate(first=Min("file__confirmed_at"))["first"]
    since = min((day for day in (first, heard and timezone.localdate(heard)) if day), default=None)
    duty = law.obligation(law.document_of_year(region.code, year), "S3-06", by="医疗保障")
    return Pending(rows.count() + said.count(), since, law.due_after(duty, since, Workdays.load()))


def relay_enrolment(*, actor: User | None, region: Region, year: int) -> Delivery:
    """Writes the delivery of what changed and remembers what was said, in one transaction. Raises EnrolmentError."""
    allowed(actor, region.code)
    with transaction.atomic():
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        rows = list(to_relay(region, year).select_related("person").order_by("region_id", "person_id"))
        said = list(identities_to_relay(region, year).order_by("region_id", "person_id", "id"))
        if not rows and not said:
            raise EnrolmentError(_("没有需要告知税务部门的变动。"))
        asked = {
            person: kind
            for person, kind in PaymentMismatch.objects.filter(
                year=year, closed_on=None, outcome__in=AWAITING, person__in=[row.person_id for row in rows]
            ).values_list("person_id", "outcome")
        }
        numbers: dict[int, list[str]] = {}
        for one in Document.objects.filter(person__in=[row.person_id for row in rows]).order_by("id"):
            numbers.setdefault(one.person_id, []).append(one.number)
        delivery = create_delivery(
            actor=actor,
            partner=partner_of(department=Department.TAX, region=region),
            kind=KIND,
            month=timezone.localdate().replace(day=1),
            columns=COLUMNS,
            rows=[_row(row, asked.get(row.person_id, ""), numbers.get(row.person_id, [])) for row in rows]
            + [_identity(row, year) for row in said],
        )
        for row in rows:
            row.relayed_in, row.relayed_as = delivery, row.state_now  # type: ignore[attr-defined]
        Enrolment.objects.bulk_update(rows, ["relayed_in", "relayed_as"], batch_size=2_000)
        ComparisonRow.objects.filter(pk__in=[row.pk for row in said]).update(relayed_in=delivery)
        return delivery


def _row(row: Enrolment, refund: str, numbers: list[str]) -> list[str]:
    """`identity`: tax heard of the person under another name or number, perhaps one of the other documents'."""
    label = category_label(row.category) if row.category not in ("", "none") else ""
    return [
        row.person.id_number,
        row.person.name,
        row.region_id,
        str(row.year),
        row.insurance,
        label,
        *(format_yuan(amount) for amount in (row.base, row.fund, row.county_finance, row.due)),
        format_yuan(row.paid + row.other_paid),
        format_yuan(row.refunded),
        "covered" if row.is_covered else "unpaid",
        refund,
        row.changed_on.isoformat(),
        "identity" if row.relayed_in_id and not row.relayed_as else "enrolment",
        "",
        "",
        ";".join(numbers),
    ]


def _identity(row: ComparisonRow, year: int) -> list[str]:
    """Under the register's name what a department says: another name (`name`), or a person whom we hold for dead
    (`deceased`)."""
    told = dict.fromkeys(COLUMNS, "") | {
        "id_number": row.person.id_number if row.person else row.id_number,
        "name": row.known_name,
        "region": row.person.region_id if row.person else row.region_id,
        "year": str(year),
        "changed_on": (row.occurred_on or row.month).isoformat(),
        "changed": "name" if row.result == ComparisonRow.Result.NAME_DIFFERS else "deceased",
        "said_by": row.department,
        "said_name": row.name,
    }
    return list(told.values())


def deliveries_for(user: User, year: int | None = None) -> QuerySet[Delivery]:
    """What was sent to tax from the user's region, newest first."""
    found = access.in_region(user, Delivery.objects.filter(kind=KIND), "region_id").defer("body")
    return found.select_related("region").order_by("-created_at")
