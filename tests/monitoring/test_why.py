"""Why a person is not on the list: the distance to every line, for anyone."""

from datetime import date

import pytest
from django.template.loader import render_to_string

from accounts.services import load_regions
from accounts.vocabulary import Role
from claims.services import record_claim
from monitoring.why import nearest, why
from policies.services import load_documents
from tests.claims.makers import fen, make_person, make_spell, new_claim

pytestmark = pytest.mark.django_db
DAY = date(2023, 6, 1)


@pytest.fixture
def laws(tongliao):
    load_regions()
    load_documents(actor=None)


def test_s1_16_the_distance_to_every_line_is_told(laws, users):
    person = make_person()
    make_spell(person, "subsistence")
    record_claim(actor=None, person=person, claim=new_claim("2023-05-01", 9_000, 4_000))
    worker = users[Role.CASE_WORKER]
    found = why(worker, person, DAY)
    assert found.lines[0]["amount"] == fen(5_000)
    assert found.lines[-1]["formula"] == "不在预警名单中"
    assert any("还差" in line["formula"] for line in found.lines)
    bar = nearest(worker, person, DAY)
    assert bar.amount == fen(5_000) and len(bar.lines) == 2


def test_who_holds_no_category_is_told_that_no_line_applies(laws, users):
    found = why(users[Role.CASE_WORKER], make_person(), DAY)
    assert all("此人不属于" in line["formula"] for line in found.lines[1:-1])
    assert nearest(users[Role.CASE_WORKER], make_person(), DAY) is None


def test_a_place_without_law_says_so(tongliao, users):
    assert "没有规定预警线" in why(users[Role.CASE_WORKER], make_person(), DAY).problem


def test_before_the_years_figures_are_known_the_last_year_with_claims_is_told(laws, users):
    person = make_person()
    make_spell(person, "subsistence")
    record_claim(actor=None, person=person, claim=new_claim("2023-05-01", 9_000, 4_000))
    worker, today = users[Role.CASE_WORKER], date(2026, 3, 1)
    found, then = why(worker, person, today), why(worker, person, date(2023, 12, 31))
    assert found.is_earlier and not then.is_earlier
    assert (found.day, found.lines) == (then.day, then.lines)
    assert nearest(worker, person, today) == nearest(worker, person, then.day)
    assert "缺少年度参数" in why(worker, person, date(2031, 1, 1)).problem
    page = render_to_string("monitoring/person_panel.html", {"why": found, "title": person.name})
    assert "2026 年的年度参数还没有登记" in page and "以下是 2023 年的负担与预警线" in page
