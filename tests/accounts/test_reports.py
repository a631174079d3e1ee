"""The page 报表: what rooms register, by role."""

import pytest
from django.urls import reverse

from accounts import reports
from accounts.access import Act
from accounts.reports import Report, register
from accounts.vocabulary import Role


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(reports, "_REPORTS", {})
    register(Report("a", "甲表", Act.ENROLMENT_READ, ("S1-03",), "accounts:jobs", "参保"))
    register(Report("b", "乙表", Act.FUND_READ, (), "accounts:profile", "基金"))
    register(Report("c", "丙表", Act.REPORT_READ, (), "accounts:profile"))


@pytest.mark.parametrize(
    "role, seen", [(Role.CLERK, "甲丙"), (Role.FUND_OFFICER, "甲乙丙"), (Role.LIAISON, "丙"), (Role.PANEL_MEMBER, None)]
)
def test_each_role_sees_the_reports_of_its_acts(client, users, role, seen):
    client.force_login(users[role])
    answer = client.get(reverse("reports:list"))
    assert answer.status_code == (403 if seen is None else 200)
    text = answer.content.decode()
    assert [name for name in "甲乙丙" if f"{name}表" in text] == list(seen or "")


def test_reports_stand_under_their_headings_those_without_last(users):
    found = reports.grouped_for(users[Role.FUND_OFFICER])
    assert [(heading, [report.key for report in of]) for heading, of in found] == [
        ("参保", ["a"]),
        ("基金", ["b"]),
        ("", ["c"]),
    ]


def test_a_second_report_of_a_key_takes_the_place_of_the_first(users):
    register(Report("a", "新甲表", Act.FUND_READ, (), "accounts:profile"))
    assert [str(report.title) for report in reports.reports_for(users[Role.CLERK])] == ["丙表"]
