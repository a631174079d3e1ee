"""Claims of the demo that were entered by hand: one in every state, by the very services that the pages call."""

from dataclasses import replace
from datetime import date, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.vocabulary import Category, Role
from beneficiaries.models import Person
from claims.entry import services
from claims.entry.models import ClaimEntry
from claims.institutions.models import Institution
from claims.later.models import OtherPayment
from claims.later.recording import record_other_payment
from claims.services import NewClaim
from exchange.partner_api.models import ApiKey

HELPED = (Category.SUBSISTENCE, Category.EXTREME_POVERTY)
PAPER = NewClaim(
    service="inpatient",
    settled_on=date(2023, 5, 1),
    hospital_level=3,
    location="outside",
    total=1_862_040,
    in_scope=1_640_000,
    out_of_catalogue=150_000,
    basic_paid=902_000,
    referred="yes",
)
# What a draft holds is what was typed.
TYPED = {"service": "inpatient", "settled_on": "2023-05-12", "location": "outside", "total": "12860.50"}


def load_bills(month: date) -> None:
    """Bills on paper of the case worker's helped people: draft, waiting, returned, recorded, sent by a hospital."""
    if ClaimEntry.objects.exists():
        return
    writer, reviewer = (User.objects.get(username=role.value) for role in (Role.CASE_WORKER, Role.REVIEWER))
    people = Person.objects.filter(
        region_id__startswith=writer.region_prefix, deceased_on=None, spells__category__in=HELPED, spells__known_to=None
    )
    found = list(people.distinct().order_by("pk")[:5])
    if len(found) < 5:
        return
    drafted, waiting, returned, recorded, sent = found
    services.save_draft(actor=writer, entry=None, person=drafted, typed=TYPED)
    services.submit(actor=writer, entry=None, person=waiting, claim=_bill(month, 1))
    unreferred = replace(_bill(month, 2), referred="no")
    back = services.submit(
        actor=writer, entry=None, person=returned, claim=unreferred, exception_reason=_("外出务工期间急诊入院")
    )
    services.return_entry(actor=reviewer, entry=back, reason=_("请附急诊病历"))
    taken = services.submit(actor=writer, entry=None, person=recorded, claim=_bill(month, 3))
    claim = services.confirm(actor=reviewer, entry=taken)
    record_other_payment(
        actor=writer,
        claim=claim,
        payer=OtherPayment.Payer.CHARITY,
        payer_name=_("市慈善总会"),
        amount=200_000,
        paid_on=claim.settled_on + timedelta(days=14),
        evidence=_("捐赠收据"),
    )
    key = ApiKey.objects.exclude(institution="").first()
    hospital = Institution.objects.get(code=key.institution) if key else None
    if hospital:
        bill = replace(
            _bill(month, 4),
            hospital_level=hospital.level,
            charge_class=hospital.charge_class,
            location="county",
            institution=hospital.code,
            claim_no=f"HIS{month:%Y%m}000001",
        )
        services.submit(actor=None, entry=None, person=sent, claim=bill, sent_by=key.label)


def _bill(month: date, n: int) -> NewClaim:
    return replace(PAPER, settled_on=month + timedelta(days=4 * n), total=PAPER.total + 12_345 * n)
