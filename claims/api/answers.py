"""What a hospital is told of a person today (S1-22, S3-17), from the register and the policy in force."""

from datetime import date
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from beneficiaries.designations.selectors import said
from beneficiaries.models import HeldCategory, Person
from claims.entitlements import enrolment_of
from claims.institutions.models import Institution
from claims.models import PersonYear
from claims.settling import Categories
from policies import selectors as law
from policies.engine.codes import CATEGORY_INDEX
from policies.engine.document import Document
from policies.engine.money import format_yuan

PAY_LATER = "S1-22"


def status_of(person: Person, institution: Institution | None, day: date) -> dict[str, Any]:
    """The person's categories of the day with what each gives here, whether a deposit is asked, the year so far."""
    version = law.version_on(person.region_id, day)
    document = law.document_of(version) if version else None
    held = HeldCategory.objects.on(day).filter(person=person).select_related("designation__region")
    spells = list(held.order_by("valid_from", "id", F("designation_id").asc(nulls_first=True)))
    granted = Categories.of([person.pk]).on(person.pk, day)[1]
    return {
        "on": day.isoformat(),
        "region": person.region_id,
        "policy": version.name if version else "",
        "categories": [_held(one, document, bool(granted >> CATEGORY_INDEX[one.category] & 1)) for one in spells],
        "pay_later": _pay_later(document, institution, {spell.category for spell in spells}, day),
        "enrolment": _enrolled(person, day.year),
        "year": _year(person, day.year),
    }


def _held(spell: HeldCategory, document: Document | None, approved: bool) -> dict[str, Any]:
    word, note = _entitlement(spell.category, document, approved)
    if spell.designation is not None:
        note = f"{note}；{said(spell.designation)}"
    return {
        "category": spell.category,
        "label": str(spell.get_category_display()),
        "department": spell.department,
        "valid_from": spell.valid_from.isoformat(),
        "entitlement": word,
        "note": note,
    }


def _entitlement(category: str, document: Document | None, approved: bool) -> tuple[str, str]:
    if document is None:
        return "none", _("这一天没有适用的政策版本")
    other = document.governed_elsewhere(category)
    if other is not None:
        return "elsewhere", _("由%(document)s规定") % {"document": other.document}
    if category in document.categories.as_named_by_county:
        return "none", _("按旗县指定的类别享受；没有指定的，不按这一身份救助")
    if category not in document.categories.order:
        return "none", _("本政策没有规定这一类别的救助")
    if category in document.categories.on_application:
        return ("approved", _("申请已批准")) if approved else ("on_application", _("须先由医保局批准申请"))
    return "direct", _("直接结算")


def _pay_later(document: Document | None, institution: Institution | None, held: set[str], day: date) -> dict[str, Any]:
    """S1-22: after referral, in a designated institution with an agreement, no deposit."""
    duty = next((one for one in document.duties if PAY_LATER in one.clauses), None) if document else None
    no = {"applies": False, "needs_referral": False, "clauses": []}
    if duty is None:
        return no | {"note": _("本地政策没有“先诊疗，后付费”的规定")}
    told = no | {"clauses": list(duty.clauses)}
    if not held & set(duty.who):
        return told | {"note": _("此人不属于规定的人员")}
    if institution is None or not institution.pays_later_on(day):
        return told | {"note": _("本机构没有签订协议，或不是定点机构")}
    return told | {"applies": True, "needs_referral": True, "note": _("经转诊住院，不收押金")}


def _enrolled(person: Person, year: int) -> dict[str, Any] | None:
    """S0-07: by what outpatient benefits are read."""
    found = enrolment_of(person, year)
    if found is None:
        return None
    return {"insurance": found.insurance, "tier": found.tier, "covered": found.is_covered}


def _year(person: Person, year: int) -> dict[str, Any]:
    found = PersonYear.objects.filter(person=person, year=year).first() or PersonYear(year=year)
    return {
        "year": year,
        "claims": found.claims,
        "in_scope": format_yuan(found.in_scope),
        "assistance": format_yuan(found.assistance + found.out_of_catalogue_assistance + found.top_up),
        "personal_burden": format_yuan(found.personal_burden),
    }
