"""What a person is entitled to today, from the law of the place; what another document governs is said so."""

from datetime import date

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.services import load_regions
from accounts.vocabulary import Role
from beneficiaries.enrolment.models import Enrolment
from claims.entitlements import entitlement_of
from claims.services import record_claim
from policies.services import load_documents
from tests.claims.makers import make_person, make_spell, new_claim

pytestmark = pytest.mark.django_db
DAY = date(2023, 6, 1)


@pytest.fixture
def laws(tongliao):
    load_regions()
    load_documents(actor=None)


def ways(person, day=DAY):
    return {one.category: one.way for one in entitlement_of(person, day).standings}


def test_s1_22_who_need_not_pay_a_deposit_is_told_with_the_clause(laws):
    person = make_person()
    make_spell(person, "subsistence")
    found = entitlement_of(person, DAY)
    assert [(name, clauses) for name, _text, clauses in found.duties] == [("先诊疗，后付费", ("S1-22",))]
    assert "无需交纳住院押金" in found.quotes["S1-22"]
    other = make_person()
    make_spell(other, "subsistence_margin")
    assert entitlement_of(other, DAY).duties == []


def test_s0_07_the_tier_of_the_year_stands_above_the_benefits(laws, client, users):
    person = make_person()
    make_spell(person, "subsistence")
    assert entitlement_of(person, DAY).enrolment is None
    one = {"person": person, "region_id": person.region_id, "base": 35_000, "due": 35_000, "paid": 35_000}
    Enrolment.objects.create(year=2023, tier="二档", **one)
    Enrolment.objects.create(year=2022, tier="一档", **one)
    assert entitlement_of(person, DAY).enrolment.tier == "二档"
    page = render_to_string("claims/entitlements.html", {"found": entitlement_of(person, DAY)})
    assert "2023 年基本医保：居民医保 · 缴费档次 二档" in page and "已参保" in page


def test_s1_22_before_the_years_figures_are_known_the_last_ones_are_shown_and_said_to_be_so(laws):
    person = make_person()
    make_spell(person, "subsistence")
    later, known = entitlement_of(person, date(2026, 3, 1)), entitlement_of(person, date(2024, 3, 1))
    assert later.figures_year == 2024 and later.is_of_earlier_figures and not known.is_of_earlier_figures
    assert later.standings == known.standings and later.duties == known.duties != []
    page = render_to_string("claims/entitlements.html", {"found": later})
    assert "2026 年的年度参数还没有登记" in page and "按 2024 年的数字显示" in page
    assert "缺少年度参数" in entitlement_of(person, date(2031, 1, 1)).problem


def test_s1_19_direct_or_on_application(laws):
    person = make_person()
    make_spell(person, "subsistence")
    make_spell(person, "illness_poverty", "2023-02-01")
    make_spell(person, "special_care", department="veterans_affairs")
    assert ways(person) == {"subsistence": "direct", "illness_poverty": "on_application", "special_care": "unnamed"}


def test_the_room_left_follows_the_years_claims(laws):
    person = make_person()
    make_spell(person, "subsistence")
    before = {tier.label: tier for tier in entitlement_of(person, DAY).standings[0].tiers}
    claim = record_claim(actor=None, person=person, claim=new_claim("2023-05-01", 60_000, 30_000))
    after = {tier.label: tier for tier in entitlement_of(person, DAY).standings[0].tiers}
    paid = claim.settlements.get().assistance
    rule = "低保对象、返贫致贫人口住院救助"
    assert paid > 0 and before[rule].left == 13_000_000 and after[rule].left == 13_000_000 - paid
    assert before["大病保险"].still > 0 == after["大病保险"].still
    assert all(tier.left is None for tier in entitlement_of(person, DAY, amounts=False).standings[0].tiers)


@pytest.mark.parametrize(
    ("region", "category", "document", "day"),
    [
        ("370811000000", "subsistence", "济政办发〔2022〕14号", DAY),
        ("370811000000", "illness_poverty", "济政办发〔2022〕14号", DAY),
        ("450102000000", "extreme_poverty", "桂政办发〔2022〕5号", date(2023, 6, 1)),
    ],
)
def test_s2_15_s3_20_what_another_document_governs_is_no_entitlement_of_nothing(laws, region, category, document, day):
    person = make_person(region=region)
    make_spell(person, category)
    (standing,) = entitlement_of(person, day).standings
    assert standing.way == "elsewhere" and document in standing.word
    assert not any(tier.label != "大病保险" for tier in standing.tiers)


def test_the_tab_shows_it_to_a_clerk_without_amounts(client, laws, users, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_given: DAY)
    person = make_person(region="150521100000")
    make_spell(person, "subsistence")
    url = reverse("beneficiaries:person_tab", args=[person.pk, "entitled"])
    for role, told in ((Role.CLERK, False), (Role.CASE_WORKER, True)):
        client.force_login(users[role])
        page = client.get(url).content.decode()
        assert "可享受的待遇" in page
        assert ("本年剩余" in page) == told
