"""Four figures a month, by county and added up; the workbench's cards, places side by side, the monthly report."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Role
from beneficiaries.enrolment.models import Enrolment
from claims.fund.models import Budget
from monitoring.figures import reports, selectors
from monitoring.figures.charts import trend
from monitoring.figures.services import count_figures
from monitoring.followup import services as followups
from monitoring.models import BurdenWarning, Figure, FollowUp
from tests.claims.makers import make_person, make_spell, record
from tests.monitoring import examples
from tests.monitoring.makers import DAY

CITY, COUNTY = "150500000000", "150521000000"


@pytest.fixture
def month(users, law):
    """Two persons in hardship, one insured; one warning, told; a budget."""
    examples.warning(False)
    insured = make_person(name="已参保")
    make_spell(insured, "subsistence")
    Enrolment.objects.create(person=insured, region_id=insured.region_id, year=2023, insurance="employee", place="")
    Budget.objects.create(region_id=CITY, year=2023, amount=1_000_000, reason="年初预算", state="approved")
    return date(2023, 5, 31)


def figure(region: str, key: str) -> Figure:
    return Figure.objects.get(region_id=region, key=key)


def test_counted_by_county_and_added_up(month):
    count_figures(today=month)
    for region in (COUNTY, CITY, "150000000000"):
        assert (figure(region, "enrolment").part, figure(region, "enrolment").whole) == (1, 2)
    assert figure(CITY, "enrolment").target == 10_000 and figure(CITY, "enrolment").tone == "late"
    assert (figure(COUNTY, "warnings").part, figure(COUNTY, "warnings").whole) == (0, 1)
    assert (figure(CITY, "fund").part, figure(CITY, "fund").whole) == (0, 1_000_000)
    assert not Figure.objects.filter(region_id=COUNTY, key="fund", whole__gt=0).exists(), "the budget is the city's"


def test_counted_again_replaces_the_month_and_keeps_the_one_before(month):
    count_figures(today=date(2023, 4, 30))
    followup = FollowUp.objects.get()
    facts = {"kind": "temporary", "department": "civil_affairs", "owner_name": "某", "begins_on": DAY, "due_on": DAY}
    followups.add_measure(actor=None, followup=followup, **facts)
    count_figures(today=month)
    count_figures(today=month)
    rows = Figure.objects.filter(region_id=COUNTY, key="warnings").order_by("month")
    assert [(row.month, row.part) for row in rows] == [(date(2023, 4, 1), 0), (date(2023, 5, 1), 1)]


def test_cards_in_one_query_by_role(month, users, django_assert_num_queries):
    count_figures(today=month)
    boss = users[Role.SUPERVISOR]
    assert boss.region_prefix == "1505"  # known with the session
    with django_assert_num_queries(1):
        cards = selectors.cards(boss, month)
    assert [card.figure.key for card in cards][:2] == ["enrolment", "warnings"]
    assert selectors.cards(users[Role.LIAISON], month) == []
    assert selectors.cards(boss, date(2023, 4, 30)) == []
    assert [card.figure.month for card in selectors.cards(boss, date(2025, 1, 1))][:1] == [month.replace(day=1)]


def test_a_line_breaks_where_a_month_has_no_figure():
    months = [date(2023, at, 1) for at in range(1, 7)]
    found = trend(list(zip(months, [9_000, 9_100, None, 9_500, 10_000, None], strict=True)), 10_000)
    assert len(found.lines) == 2 and len(found.dots) == 4 and found.target == found.dots[-1].y
    assert found.said.startswith("2023-01 90%") and found.said.endswith("2023-05 100%")
    flat = trend([(month, None) for month in months], None)
    assert flat.lines == () and flat.dots == () and flat.target == ""


def test_s0_21_by_county_and_township(month, users, django_assert_max_num_queries):
    person = make_person(name="就诊人")
    make_spell(person, "subsistence")
    claim = record(person, "2023-05-10", 10_000, 6_000)
    region = Region.objects.get(code=CITY)
    with django_assert_max_num_queries(6):
        rows, total = reports.monthly(users[Role.SUPERVISOR], region, date(2023, 5, 1))
    (row,) = rows
    now = claim.settlements.get(superseded_at=None)
    assert (row.code, row.people, row.insured) == (COUNTY, 3, 1)
    assert (row.patients, row.claims, row.total, row.basic) == (1, 1, 1_000_000, 600_000)
    assert (row.cii, row.assistance, row.burden) == (now.cii_paid, now.assistance, now.personal_burden)
    warned = BurdenWarning.objects.get()
    assert (row.warned, row.standing, row.helped) == (int(warned.raised_on.month == 5), 1, 0)
    assert (total.people, total.burden) == (3, now.personal_burden)
    townships, same = reports.monthly(users[Role.SUPERVISOR], Region.objects.get(code=COUNTY), date(2023, 5, 1))
    assert sum(one.people for one in townships) == same.people == 3


@pytest.mark.parametrize("form", ["", "csv", "xlsx", "pdf"])
def test_the_monthly_report_on_screen_and_as_files(month, users, client, form):
    client.force_login(users[Role.SUPERVISOR])
    response = client.get(reverse("monitoring:monthly"), {"region": CITY, "month": "2023-05", "as": form})
    content = b"".join(response) if response.streaming else response.content
    begins = {"": b"<!doctype", "csv": "\ufeff地区".encode(), "xlsx": b"PK", "pdf": b"%PDF"}[form]
    assert response.status_code == 200 and content.startswith(begins)


def test_places_side_by_side_and_the_workbench(month, users, client, django_assert_max_num_queries):
    count_figures(today=month)
    client.force_login(users[Role.SUPERVISOR])
    page = client.get(reverse("monitoring:compare"), {"region": CITY, "month": "2023-05"}).content.decode()
    assert "科尔沁左翼中旗" in page and "heat-1" in page and "50%" in page and "1 / 2" in page
    count_figures()
    with django_assert_max_num_queries(15):
        home = client.get("/").content.decode()
    assert "四项指标" in home and "困难群众参保率" in home
