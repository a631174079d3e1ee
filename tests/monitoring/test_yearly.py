"""The year's indicators banner by banner, as they are handed to the performance review."""

import csv
import io

import pytest
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Role
from beneficiaries.enrolment.models import Enrolment, RegionYear
from claims.fund import services as fund
from claims.models import Claim, Settlement
from monitoring.figures import yearly
from policies.services import load_documents
from tests.claims.makers import COUNTY, make_person, make_spell, record

CITY, OTHER = "150500000000", "150522000000"


@pytest.fixture
def year(tongliao):
    """Two people in hardship in one banner, one in another; costs, a subsidy, residents, booked spending."""
    load_documents(actor=None)
    one, two = make_person(), make_person()
    make_spell(one, "subsistence")
    make_spell(two, "extreme_poverty")
    make_spell(make_person(region=OTHER), "subsistence")
    record(one, "2023-03-01", 60_000, 20_000, 3_000)
    record(make_person(), "2023-03-01", 9_000, 1_000)  # nobody in hardship
    Enrolment.objects.create(person=two, region_id=COUNTY, year=2023, base=35_000, fund=35_000)
    RegionYear.objects.create(region_id=COUNTY, year=2022, residents=1_000)
    fund.book_claims(actor=None, region=Region.objects.get(pk=COUNTY), year=2023)


def by_label(table: yearly.Table) -> dict[str, tuple[list, int | None]]:
    return {one.part if one.kind != "rate" else f"{one.part}/{one.whole}": row for one, *row in table.rows()}


def test_s1_26_indicators_of_a_year_by_banner(year, users, django_assert_max_num_queries):
    region = Region.objects.get(pk=CITY)
    with django_assert_max_num_queries(22):
        table = yearly.indicators(users[Role.SUPERVISOR], region, 2023)
    at = [place.code for place in table.places].index(COUNTY)
    other = [place.code for place in table.places].index(OTHER)
    found = by_label(table)
    claim = Claim.objects.get(total=6_300_000)
    now = Settlement.objects.get(claim=claim, superseded_at=None)
    assert [found["people"][0][place] for place in (at, other)] == [2, 1] and found["people"][1] == 3
    assert found["insured/people"][0][at] == 5_000
    assert (found["subsidised"][0][at], found["subsidy"][0][at]) == (1, 35_000)
    assert (found["claims"][0][at], found["patients"][0][at], found["total"][0][at]) == (1, 1, 6_300_000)
    assert found["assistance"][0][at] == now.assistance + now.out_of_catalogue_assistance + now.top_up
    paid = claim.basic_paid + now.cii_paid + now.assistance + now.top_up
    assert found["in_paid/in_scope"][0][at] == paid * 10_000 // claim.in_scope
    assert found["in_outside/in_total"][0][at] == 300_000 * 10_000 // 6_300_000
    assert found["in_paid/in_scope"][0][other] is None  # nothing to divide
    assert found["due"][0][at] == 1_000 * 60_00 and found["share_paid/share"][0][at] == 0
    assert found["spent"][0][at] == fund_spent()


def fund_spent() -> int:
    from claims.fund import selectors

    return selectors.spent_of(selectors.balances(Region.objects.get(pk=COUNTY), 2023))


@pytest.mark.parametrize("form", ["", "csv", "xlsx", "pdf"])
def test_s1_26_on_screen_and_as_files(year, users, client, form):
    client.force_login(users[Role.SUPERVISOR])
    answer = client.get(reverse("monitoring:yearly"), {"region": CITY, "year": "2023", "as": form})
    content = b"".join(answer) if answer.streaming else answer.content
    if form == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert rows[0][:2] == ["指标", "单位"] and "科尔沁左翼中旗" in rows[0] and rows[0][-1] == "合计"
        people = next(row for row in rows if row[0] == "困难群众人数")
        assert people[-1] == "3"
    else:
        assert content.startswith({"": b"<!doctype", "xlsx": b"PK", "pdf": b"%PDF"}[form])


def test_a_county_sees_itself_alone(year, client):
    from tests.factories import make_user

    user = make_user(Role.SUPERVISOR, username="county", region=COUNTY)
    table = yearly.indicators(user, Region.objects.get(pk=COUNTY), 2023)
    assert [place.code for place in table.places] == [COUNTY] and table.total["people"] == 2
