"""Example objects of enrolment for the walk over all addresses (`tests/url_examples.py`)."""

from datetime import date
from typing import Any

from accounts.models import Region
from beneficiaries.enrolment import cases, services
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch, SubsidyApplication
from beneficiaries.enrolment.models import TemporaryGroup
from beneficiaries.models import Person
from tests.beneficiaries import examples as register

PLACES = {False: "150521100000", True: "370811000000"}


def _person(foreign: bool) -> Person:
    return Person.objects.get(pk=register.person(foreign)["pk"])


def act(foreign: bool) -> dict[str, Any]:
    return {"pk": _person(foreign).pk, "act": "transfer"}


def case(foreign: bool) -> dict[str, Any]:
    found = cases.report_interruption(
        actor=None, person=_person(foreign), year=2023, cause="left_job", since=date(2023, 3, 1), note="人社名单"
    )
    assert CoverageCase.objects.filter(pk=found.pk).exists()
    return {"pk": found.pk, "move": "note"}


def mismatch(foreign: bool) -> dict[str, Any]:
    person = _person(foreign)
    one, _new = PaymentMismatch.objects.get_or_create(
        person=person, region_id=person.region_id, year=2023, kind="too_much", defaults={"expected": 1, "actual": 2}
    )
    return {"pk": one.pk}


def group(foreign: bool) -> dict[str, Any]:
    region = Region.objects.get(code=PLACES[foreign])
    known = TemporaryGroup.objects.filter(region=region).first()
    known = known or services.open_group(
        actor=None,
        region=region,
        name="临时困难人员",
        reason="会议纪要",
        year=2023,
        amount=10000,
        payer="fund",
        valid_from=date(2023, 1, 1),
        valid_to=date(2023, 2, 1),
    )
    return {"pk": known.pk}


def application(foreign: bool) -> dict[str, Any]:
    one, _new = SubsidyApplication.objects.get_or_create(
        number=f"CBZZ-{PLACES[foreign][:6]}-2023-1", region_id=PLACES[foreign], year=2023
    )
    return {"pk": one.pk}


EXAMPLES = {
    "enrolment:act": act,
    "enrolment:case": case,
    "enrolment:mismatch": mismatch,
    "enrolment:group": group,
    "enrolment:application": application,
}
