"""Claims that show a listed disease which nobody registered."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.vocabulary import Role
from beneficiaries.diseases.models import ListedDisease
from beneficiaries.diseases.services import end_registration, register_disease
from claims.models import Claim
from tests.claims.makers import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def listed(db):
    """The list as the bureau keeps it."""
    ListedDisease.objects.all().delete()
    ListedDisease.objects.create(register="two", code="I10", name="高血压")
    ListedDisease.objects.create(register="special", code="N18", name="慢性肾衰竭", region_id=None)


def claim(person, number: str, code: str, day: str = "2023-05-01") -> Claim:
    return Claim.objects.create(
        person=person,
        region_id=person.region_id,
        claim_no=number,
        service="chronic",
        settled_on=date.fromisoformat(day),
        hospital_level=2,
        location="county",
        referred="not_needed",
        disease_code=code,
        disease_name="病种",
    )


def test_s0_22_people_whose_claims_show_a_disease_without_registration_are_listed(client, tongliao, users):
    registered, ended, nobody = make_person(name="甲"), make_person(name="乙"), make_person(name="丙")
    given = {"actor": None, "register": "two", "code": "I10", "name": "高血压", "source": "证明"}
    register_disease(person=registered, valid_from=date(2023, 1, 1), **given)
    row = register_disease(person=ended, valid_from=date(2022, 1, 1), **given)
    end_registration(actor=None, registration=row, last_day=date(2023, 3, 31), reason="期满")
    for n, person in enumerate((registered, ended, nobody)):
        claim(person, f"A{n}", "I10.x00")
    claim(nobody, "B1", "J18.900")
    claim(nobody, "B2", "N18.001")
    claim(nobody, "B3", "")
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("unregistered:list")
    page = client.get(url, {"year": 2023}).content.decode()
    shown = {number for number in ("A0", "A1", "A2", "B1", "B2", "B3") if f">{number}<" in page}
    assert shown == {"A1", "A2", "B2"}
    assert ">A1<" not in client.get(url, {"year": 2022}).content.decode()
    with CaptureQueriesContext(connection) as few:
        client.get(url, {"year": 2023})
    for n in range(5):
        claim(make_person(), f"C{n}", "I10")
    with CaptureQueriesContext(connection) as many:
        client.get(url, {"year": 2023, "register": "two"})
    assert len(many) == len(few)
