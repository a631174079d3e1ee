"""The first page: what waits, and the month's calendar with what the region's policy asks for."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.once import page
from accounts.vocabulary import Role
from accounts.workdays import Workdays
from config.calendar import month_of
from policies.dues import due_day
from policies.engine.document import Due
from policies.services import load_documents
from tests.factories import make_user


@pytest.mark.parametrize(
    "due, day",
    [
        (Due("day_of_month", 20), date(2023, 5, 20)),
        (Due("day_of_month", 31), date(2023, 5, 31)),
        (Due("end_of_month"), date(2023, 5, 31)),
        (Due("working_day_of_month", 5), date(2023, 5, 9)),  # 4, 5, 6 (worked Saturday), 8, 9
        (Due("day_of_year", 1, month=5), date(2023, 5, 1)),
        (Due("day_of_year", 1, month=12), None),
        (Due("on_date", day=date(2023, 5, 18)), date(2023, 5, 18)),
        (Due("on_date", day=date(2024, 5, 18)), None),
        (Due("months", 1), None),
    ],
)
def test_due_day_in_a_month(due, day):
    assert due_day(due, date(2023, 5, 1), Workdays()) == day


def test_calendar_of_tongliao_names_the_day_20(users, django_assert_max_num_queries):
    load_documents(actor=None)
    with page(), django_assert_max_num_queries(9):
        month = month_of(users[Role.CASE_WORKER], date(2023, 5, 18))
    assert [(item.day.day, item.clauses, item.left) for item in month.items] == [
        (20, ("S1-04",), 2),
        (31, ("S1-17",), 13),
        (31, ("S1-17",), 13),
    ]
    assert [day.day.day for day in month.days if day.today] == [18]
    assert len(month.days) == 31 and len(month.days[19].due) == 1


def test_what_the_month_before_still_lacks_stays_in_sight(users, client, django_assert_max_num_queries):
    load_documents(actor=None)
    worker = users[Role.CASE_WORKER]
    found = month_of(worker, date(2023, 5, 18))
    assert found.before == date(2023, 4, 1) and found.overdue
    assert {(item.day.month, item.state) for item in found.overdue} == {(4, "late")}
    client.force_login(worker)
    client.get("/")
    with django_assert_max_num_queries(15):
        page = client.get("/")
    before = page.context["month"].before
    assert page.context["month"].overdue and f"{before:%Y-%m} 到期，仍未完成" in page.content.decode()
    duties = client.get(reverse("monitoring:obligations"), {"region": "150500000000", "month": f"{before:%Y-%m}"})
    late = {row["item"].duty.name for row in duties.context["rows"] if row["state"] == "late"}
    assert {item.name for item in page.context["month"].overdue} == late


def test_month_without_a_policy_says_so(client, users):
    client.force_login(users[Role.CASE_WORKER])
    assert "本地区今天没有有效的已发布政策" in client.get("/").content.decode()


def test_workbench_is_honest_when_nothing_waits(client, users):
    client.force_login(users[Role.PANEL_MEMBER])
    assert "没有等待您办理的事项" in client.get("/").content.decode()


def test_clerk_of_a_township_sees_the_city_s_calendar(tongliao):
    load_documents(actor=None)
    clerk = make_user(Role.CLERK, region="150521100000")
    assert month_of(clerk, date(2023, 5, 18)).items
