"""Claims entered by hand, their preview, and settlement of a person's year."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from beneficiaries.models import Person
from claims import bulk
from claims.errors import ClaimRefused, NotAllowed
from claims.facts import EMPLOYEE, Fact, Outcome, state_of
from claims.institutions.selectors import by_code
from claims.models import Claim, PersonYear
from claims.settling import Categories, Run, Totals, settle_fact, settle_years
from policies.engine.chain import State

MONEY = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")


@dataclass(frozen=True)
class NewClaim:
    """A claim as someone enters it: a bill from outside the region or on paper. Amounts in fen."""

    service: str
    settled_on: date
    hospital_level: int
    location: str
    total: int
    in_scope: int
    out_of_catalogue: int
    basic_paid: int
    other_paid: int = 0
    claim_no: str = ""
    institution: str = ""
    insurance: str = "390"
    charge_class: int = 1
    referred: str = "not_needed"
    major_disease: bool = False
    control_waived: bool = False
    chronic_management: str = ""
    platform_cii: int | None = None
    platform_assistance: int | None = None
    note: str = ""


def check(claim: NewClaim, person: Person) -> None:
    """What must hold of every claim (settlement: One claim). Raises ClaimRefused with the field."""
    for name in MONEY:
        if getattr(claim, name) < 0:
            raise ClaimRefused(name, _("金额不能为负数；请核对。"))
    if claim.basic_paid > claim.in_scope:
        raise ClaimRefused("basic_paid", _("基本医保支付超过政策范围内费用；请核对这两项金额。"))
    if claim.in_scope + claim.out_of_catalogue > claim.total:
        raise ClaimRefused("total", _("政策范围内费用与目录外费用之和超过总费用；请核对这三项金额。"))
    if claim.insurance == EMPLOYEE and (claim.platform_cii or 0) > claim.in_scope - claim.basic_paid:
        raise ClaimRefused("platform_cii", _("职工大额医疗费用补助超过基本医保后的政策范围内自付；请核对这几项金额。"))
    if claim.settled_on > timezone.localdate():
        raise ClaimRefused("settled_on", _("结算日期晚于今天；请核对。"))
    if person.deceased_on and claim.settled_on > person.deceased_on:
        raise ClaimRefused("settled_on", _("结算日期晚于登记的死亡日期；请核对人员和日期。"))
    institution = by_code(claim.institution)
    if institution is not None and institution.exited_before(claim.settled_on):
        raise ClaimRefused(
            "institution",
            _("%(name)s已于%(day)s退出定点，之后结算的费用不予受理（S1-24）；请核对机构和结算日期。")
            % {"name": institution.name, "day": institution.exit_on},
        )


def record_claim(*, actor: User | None, person: Person, claim: NewClaim) -> Claim:
    """Enter a claim and settle it, in one transaction; without a number it gets one of the bureau's own (`SG…`).

    Raises NotAllowed, ClaimRefused (the claim itself, or a number that is there already), CannotSettle.
    """
    if actor is not None:
        if not actor.may(Act.CLAIM_WRITE):
            raise NotAllowed(_("您的角色不能登记费用；请由县级经办办理。"))
        if not person.region_id.startswith(actor.region_prefix):
            raise NotAllowed(_("此人不在您的管辖范围内；请由参保地经办。"))
    check(claim, person)
    values = claim.__dict__ | {"claim_no": claim.claim_no.strip() or _next_number()}
    try:
        with transaction.atomic():
            made = Claim.objects.create(person=person, region_id=person.region_id, entered_by=actor, **values)
            settle_years([(person.pk, claim.settled_on.year)], actor=actor)
    except IntegrityError as error:
        if "claim_once" not in str(error):
            raise
        raise ClaimRefused("claim_no", _("结算号已经登记；请核对是否重复录入。")) from error
    return made


def _next_number() -> str:
    """`SG` and twelve digits: unique, rising, so that claims of one day run in the order of entry."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('claims_claim', 'id'))")
        return f"SG{cursor.fetchone()[0]:012d}"


def preview_claim(*, person: Person, claim: NewClaim) -> Outcome:
    """What the claim would come to if it were entered now; nothing is written.

    Claims of the year that come after it keep what they have here; entering it settles them again. Raises
    ClaimRefused, CannotSettle.
    """
    check(claim, person)
    fact = _fact_of(person, claim)
    run = Run(actor=None, from_zero=False)
    state = _state_before(person.pk, fact)
    categories = Categories.of([person.pk])
    return settle_fact(run.ruling(fact), fact, state, *categories.on(person.pk, claim.settled_on))


def _fact_of(person: Person, claim: NewClaim) -> Fact:
    values: dict[str, Any] = {name: value for name, value in claim.__dict__.items() if name in Fact.__slots__}
    values["claim_no"] = claim.claim_no or "SG"
    return Fact(pk=0, year_id=0, person_id=person.pk, region_id=person.region_id, **values)


def _state_before(person_id: int, fact: Fact) -> State:
    """The state of the year before a claim of this day and number."""
    year = PersonYear.objects.filter(person_id=person_id, year=fact.settled_on.year).first()
    if year is None or year.last_settled_on is None:
        return State()
    if (year.last_settled_on, year.last_claim_no) <= (fact.settled_on, fact.claim_no):
        return state_of(year.state)
    row = bulk.PersonYearRow(year.pk, person_id, year.year, {}, [], None, "", None)
    facts = bulk.read_facts([row], {row.pk: date(year.year, 1, 1)})
    earlier = [one for one in facts if one.steps and (one.settled_on, one.claim_no) < (fact.settled_on, fact.claim_no)]
    return earlier[-1].steps.state if earlier and earlier[-1].steps else State()


@transaction.atomic
def settle_person_year(*, person_id: int, year: int, actor: User | None) -> Totals:
    """Settle a person's whole year from zero, with the register as it is now; results that differ take the old ones'
    place, and the year waits for a case that books the difference. Raises CannotSettle."""
    if actor is not None and not actor.may(Act.CLAIM_WRITE):
        raise NotAllowed(_("您的角色不能重新结算；请由县级经办办理。"))
    return settle_years([(person_id, year)], actor=actor, from_zero=True)
