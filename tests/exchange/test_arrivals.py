"""Which rosters are due, by the law in force, and what came (S1-04, S3-05)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Region
from accounts.services import load_regions
from accounts.vocabulary import Role
from accounts.waiting import counted
from exchange import arriving
from exchange.arriving import Asked
from exchange.models import InboundFile
from policies.services import load_documents
from tests.beneficiaries.rosters import CITY, JUNE, MAY, receive, roster
from tests.beneficiaries.rosters import line as row
from tests.factories import make_user

pytestmark = pytest.mark.django_db
COUNTY = "450921000000"  # 广西容县
DEPARTMENTS = ("civil_affairs", "rural_revitalization", "disabled_federation")


def ask(counties, months):
    return {
        (county, department, month): Asked(month.replace(day=20), ("S1-04",))
        for county in counties
        for department in DEPARTMENTS
        for month in months
    }


@pytest.fixture
def law(monkeypatch):
    """Every department of every county owes a roster by the 20th."""
    monkeypatch.setattr(arriving, "_ASKS", [ask])


def came(day: str, **given) -> InboundFile:
    file = receive(roster(row(1)), **given)
    InboundFile.objects.filter(pk=file.pk).update(
        uploaded_at=datetime.fromisoformat(f"{day}T02:00").replace(tzinfo=UTC)
    )
    return file


def cells(lines, county: str, department: str) -> list[tuple[str, int]]:
    (line,) = (one for one in lines if (one.region.code, one.department) == (county, department))
    return [(cell.tone, cell.late_days) for cell in line.cells]


def test_s1_04_due_received_and_late_by_department_and_banner(users, law, monkeypatch):
    monkeypatch.setattr(arriving.timezone, "localdate", lambda value=None: value.date() if value else date(2023, 6, 25))
    came("2023-05-18", month=MAY)
    came("2023-06-23", month=JUNE, region="150521000000")
    lines = arriving.matrix(users[Role.CASE_WORKER], [MAY, JUNE, date(2023, 7, 1)])
    assert cells(lines, "150521000000", "civil_affairs") == [("done", 0), ("due", 3), ("plain", 0)]
    assert cells(lines, "150522000000", "civil_affairs") == [("done", 0), ("late", 5), ("plain", 0)]
    assert cells(lines, "150522000000", "disabled_federation") == [("late", 36), ("late", 5), ("plain", 0)]
    late = arriving.matrix(users[Role.CASE_WORKER], [MAY], department="civil_affairs", late=True)
    assert late == []


@pytest.mark.parametrize("state", ["cancelled", "undone", "refused"])
def test_what_was_given_up_did_not_come(users, law, state):
    file = came("2023-05-18", month=MAY)
    InboundFile.objects.filter(pk=file.pk).update(state=state)
    lines = arriving.matrix(users[Role.CASE_WORKER], [MAY], department="civil_affairs")
    assert all(line.cells[0].file is None for line in lines) and lines


def test_a_liaison_sees_the_own_department_and_what_is_to_be_sent(users, law):
    liaison = make_user(Role.LIAISON, username="banner", region="150521000000")
    lines = arriving.matrix(liaison, [MAY])
    assert [(line.region.code, line.department) for line in lines] == [("150521000000", "civil_affairs")]
    (item,) = counted(liaison, arriving.waiting(liaison))
    assert item.count in (1, 2) and item.due is not None
    (late,) = counted(users[Role.SUPERVISOR], arriving.waiting(users[Role.SUPERVISOR]))
    assert late.count == late.late >= 3 * Region.objects.filter(level=3, code__startswith=CITY[:4]).count()


def test_the_page_and_its_queries(client, users, law, django_assert_max_num_queries):
    came("2023-05-18", month=MAY)
    client.force_login(users[Role.SUPERVISOR])
    with django_assert_max_num_queries(11):
        page = client.get(reverse("exchange:arrivals") + "?year=2023").content.decode()
    assert "05-18 到" in page and "逾期" in page and "应于 2023-05-20 前报送（S1-04）" in page
    page = client.get(reverse("exchange:arrivals") + "?year=2023&department=civil_affairs&late=on").content.decode()
    assert "残联" not in page.split("<tbody>")[1]
    opened = client.get(reverse("exchange:arrivals")).content.decode()
    assert "05-18 到" in opened and "显示最近有数据的 2023 年" in opened, "the newest year with rosters"
    (late,) = counted(users[Role.SUPERVISOR], arriving.waiting(users[Role.SUPERVISOR]))
    assert f"year={timezone.localdate():%Y}" in late.url, "what is late now is counted there"


@pytest.mark.parametrize(
    ("month", "due"),
    [
        (date(2023, 5, 1), date(2023, 5, 9)),
        (date(2023, 6, 1), date(2023, 6, 7)),
        (date(2023, 10, 1), date(2023, 10, 11)),
    ],
)
def test_s3_05_rosters_are_due_in_the_first_five_working_days_by_the_text_in_force(tongliao, monkeypatch, month, due):
    """May and October begin with holidays that are made up for on a Saturday, in October also on a Sunday."""
    load_regions()
    load_documents(actor=None)
    worker = make_user(Role.CASE_WORKER, username="yulin", region=COUNTY)
    monkeypatch.setattr(arriving.timezone, "localdate", lambda value=None: due + timedelta(days=1))
    lines = {line.department: line.cells[0] for line in arriving.matrix(worker, [month])}
    assert set(lines) >= {"civil_affairs", "rural_revitalization"}
    for department in ("civil_affairs", "rural_revitalization"):
        cell = lines[department]
        assert cell.asked == Asked(due, ("S3-05",))
        assert (cell.tone, cell.late_days, cell.missing) == ("late", 1, True)
    monkeypatch.setattr(arriving.timezone, "localdate", lambda value=None: due)
    assert arriving.matrix(worker, [month], late=True) == []
