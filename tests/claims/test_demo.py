"""The demo's register of institutions, its keys and the claims entered by hand."""

import json

from accounts.models import Level, Organisation, Region
from accounts.vocabulary import Department, Role
from beneficiaries.models import HeldCategory
from claims.entry.models import ClaimEntry
from claims.institutions.models import Institution
from claims.later.models import LaterFact
from claims.models import Claim
from config.demo.bills import load_bills
from config.demo.generator import HOSPITALS
from config.demo.hospitals import load_hospitals, load_keys
from config.demo.load import LAST_MONTH
from config.demo.named import load_named
from config.demo.run import API_KEY, key_line
from exchange.models import Partner
from exchange.partner_api.services import key_of
from tests.claims.makers import make_person, make_spell, record
from tests.factories import make_user

CITY = "150500000000"


def test_the_demo_has_institutions_keys_and_bills_by_hand(law, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    counties = list(Region.objects.filter(parent_id=CITY, level=Level.COUNTY).values_list("code", flat=True))
    load_hospitals(counties)
    load_hospitals(counties)
    register = Institution.objects.filter(region_id__startswith="1505")
    assert register.count() == 3 * len(counties) + 1 + 1  # three a county, the city's, and the one that has left
    assert register.filter(supervised=True).count() == register.exclude(exit_on=None).count() == 1
    assert {one.code("150521") for one in HOSPITALS} <= set(Institution.objects.values_list("code", flat=True))

    office = Organisation.objects.create(department=Department.CIVIL_AFFAIRS, region_id=CITY, name="通辽市民政局")
    Partner.objects.create(organisation=office)
    load_keys(CITY)
    known = json.loads((tmp_path / API_KEY).read_text(encoding="utf-8"))
    key = key_of(known["key"])
    assert key is not None and known["holder"] in key.label
    assert known["key"] in key_line(tmp_path, "http://127.0.0.1:8000/")
    assert Partner.objects.get().keys.get().scopes == ["delivery"]

    for role in (Role.CASE_WORKER, Role.REVIEWER):
        make_user(role, username=role.value, region=CITY)
    for _ in range(5):
        make_spell(make_person(), "subsistence")
    for _ in range(2):  # a second time adds nothing
        load_bills(LAST_MONTH)
    states = list(ClaimEntry.objects.order_by("pk").values_list("state", "sent_by"))
    assert states == [("draft", ""), ("submitted", ""), ("returned", ""), ("confirmed", ""), ("submitted", key.label)]
    assert Claim.objects.get().other_paid == 200_000


def test_the_demo_has_people_treated_as_a_category_that_their_banner_named(law):
    make_user(Role.CASE_WORKER, username=Role.CASE_WORKER.value, region=CITY)
    for _ in range(4):
        one = make_person()
        make_spell(one, "severe_disability", department="disabled_federation")
        record(one, "2023-02-01", 20_000)
    for _ in range(2):  # a second time adds nothing
        load_named(LAST_MONTH.replace(month=1))
    assert HeldCategory.objects.filter(category="subsistence").values("person").distinct().count() == 3
    assert set(LaterFact.objects.values_list("cause", "person__spells__category")) >= {("category", "other_hardship")}
    assert LaterFact.objects.count() == 3
