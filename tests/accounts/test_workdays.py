"""Working days: the holiday arrangement, make-up days, and what an administrator sets."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.audit import events_of
from accounts.models import WorkdayOverride
from accounts.vocabulary import Role
from accounts.workdays import Workdays, add_working_days, is_working_day, working_days_between


@pytest.mark.parametrize(
    "day, working",
    [
        (date(2023, 5, 1), False),  # Labour Day
        (date(2023, 5, 6), True),  # a Saturday worked in its place
        (date(2023, 5, 14), False),
        (date(2023, 5, 15), True),
        (date(2040, 1, 1), False),  # beyond the known years: a Sunday
        (date(2040, 1, 2), True),
    ],
)
def test_working_days_follow_the_holiday_arrangement(day, working):
    assert Workdays().is_working(day) is working


def test_what_the_administrator_sets_goes_first(db):
    WorkdayOverride.objects.create(day=date(2023, 5, 15), working=False, note="那达慕")
    WorkdayOverride.objects.create(day=date(2040, 1, 1), working=True, note="调休")
    assert not is_working_day(date(2023, 5, 15)) and is_working_day(date(2040, 1, 1))
    assert add_working_days(date(2023, 5, 12), 1) == date(2023, 5, 16)
    assert working_days_between(date(2023, 5, 12), date(2023, 5, 16)) == 1


def test_five_days_over_labour_day_2023():
    """28 April (Friday), holidays 29 April–3 May, Saturday 6 May worked: 4, 5, 6, 8, 9 May."""
    assert Workdays().add(date(2023, 4, 28), 5) == date(2023, 5, 9)
    assert Workdays().add(date(2023, 5, 9), -5) == date(2023, 4, 28)


@given(st.dates(date(2005, 1, 1), date(2045, 1, 1)), st.integers(0, 40))
def test_counting_and_adding_agree(day, count):
    days = Workdays({day + timedelta(days=3): True, day + timedelta(days=4): False})
    assert days.between(day, days.add(day, count)) == count


def test_the_administrator_alone_edits_them_and_it_is_kept(client, users):
    from django.urls import reverse

    admin = users[Role.ADMINISTRATOR]
    type(admin).objects.filter(pk=admin.pk).update(is_staff=True)
    url = reverse("admin:accounts_workdayoverride_add")
    client.force_login(users[Role.CASE_WORKER])
    assert client.get(url, follow=True).status_code == 403
    client.force_login(admin)
    sent = client.post(url, {"day": "2027-02-05", "working": "", "note": "春节调休", "_save": "1"})
    assert sent.status_code == 302
    kept = WorkdayOverride.objects.get()
    assert (kept.day, kept.working) == (date(2027, 2, 5), False)
    assert events_of(WorkdayOverride).objects.filter(day="2027-02-05").exists()
