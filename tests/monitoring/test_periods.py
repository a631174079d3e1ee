"""Pages open at the newest year or month that holds anything, say so, and lead to the present one."""

from datetime import date

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import periods
from accounts.vocabulary import Role
from beneficiaries.enrolment.models import Enrolment
from claims.fund.models import FundEntry
from claims.models import Claim
from monitoring.models import Figure, Scan
from tests.claims.fund import examples
from tests.claims.makers import make_person, make_spell, record

COUNTY = "150521000000"
LAST_MONTH = timezone.localdate().replace(day=1) - date.resolution
PRESENT = {
    "fund:overview": f"{timezone.localdate():%Y}",
    "enrolment:ledger": f"{timezone.localdate():%Y}",
    "enrolment:people": f"{timezone.localdate():%Y}",
    "enrolment:trace": f"{timezone.localdate():%Y}",
    "claims:institution_report": f"{timezone.localdate():%Y-%m}",
    "monitoring:month": f"{timezone.localdate():%Y-%m}",
    "monitoring:compare": f"{timezone.localdate():%Y-%m}",
    "monitoring:monthly": f"{LAST_MONTH:%Y-%m}",
    "monitoring:yearly": str(timezone.localdate().year - 1),
    "unregistered:list": f"{timezone.localdate():%Y}",
}


@pytest.fixture
def spring(users, law):
    """A county that has worked until May 2023 only, and another city that is further."""
    person = make_person()
    make_spell(person, "subsistence")
    record(person, "2023-05-09", 3_000, 1_000)
    examples.entry(False)
    Enrolment.objects.create(person=person, region_id=COUNTY, year=2023, insurance="resident")
    Scan.objects.create(region_id="150500000000", on=date(2023, 5, 31), finished_at=timezone.now())
    for code, month in ((COUNTY, date(2023, 5, 1)), ("150500000000", date(2023, 5, 1)), ("370800000000", LAST_MONTH)):
        Figure.objects.create(
            region_id=code, month=month.replace(day=1), key="enrolment", part=1, whole=1, counted_at=timezone.now()
        )
    return users[Role.SUPERVISOR]


@pytest.mark.parametrize("name", PRESENT)
def test_a_page_opens_where_there_is_something_and_leads_to_the_present(name, spring, client):
    client.force_login(spring)
    page = client.get(reverse(name)).content.decode()
    said = page[page.index('class="opened"') :].split("</p>")[0]
    assert "显示最近有数据的 2023" in said
    assert PRESENT[name] in said.split("href=")[1], "the present one is a click away"
    address = said.split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert 'class="opened"' not in client.get(reverse(name) + address).content.decode()


def test_what_the_address_says_is_left_alone_and_asks_nothing(spring, django_assert_num_queries):
    request = RequestFactory().get("/", {"year": "2019", "region": COUNTY})
    with django_assert_num_queries(0):
        assert periods.asked(request, FundEntry.objects.all(), "year").urlencode() == f"year=2019&region={COUNTY}"
    assert not hasattr(request, "opened")


@pytest.mark.parametrize(
    ("until", "found"),
    [(date(2023, 5, 9), date(2023, 5, 9)), (date(2023, 5, 8), date(2023, 5, 8)), (date(2030, 1, 1), date(2023, 5, 9))],
)
def test_the_newest_day_is_never_later_than_asked(until, found, spring, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert periods.newest(Claim.objects.all(), "settled_on", until=until) == found


def test_a_year_to_come_does_not_open_the_page(spring):
    person = make_person(name="明年")
    Enrolment.objects.create(person=person, region_id=COUNTY, year=timezone.localdate().year + 1, insurance="resident")
    assert periods.newest(Enrolment.objects.all(), "year").year == 2023
