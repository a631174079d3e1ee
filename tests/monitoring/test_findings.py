"""Findings: opened by a supervisor, mended by whom it concerns, cleared by another, counted by county (S2-13)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from accounts.waiting import counted
from monitoring.findings import selectors, services
from monitoring.models import Finding
from monitoring.selectors import waiting
from tests.factories import make_user
from tests.monitoring.examples import FINDING
from tests.monitoring.makers import COUNTY

TODAY = timezone.localdate()


@pytest.fixture
def finding(users):
    return services.open_finding(actor=users[Role.SUPERVISOR], region=Region.objects.get(code=COUNTY), **FINDING)


def test_s2_13_a_deadline_and_cleared_to_zero_by_county(finding, users):
    boss, worker = users[Role.SUPERVISOR], users[Role.CASE_WORKER]
    assert finding.number.startswith("WT2023-150521-")
    (county,) = selectors.by_county(boss)
    assert (county["found"], county["left"], county["late"], county["last_due"]) == (1, 1, 1, finding.due_on)
    services.step(actor=worker, finding=finding, what="answer", text="已追回并退库")
    services.step(actor=boss, finding=finding, what="return", text="缺少退库凭证")
    services.step(actor=worker, finding=finding, what="answer", text="补交凭证")
    services.step(actor=boss, finding=finding, what="clear", text="核对无误")
    (county,) = selectors.by_county(boss)
    assert (county["found"], county["cleared"], county["left"], county["late"]) == (1, 1, 0, 0)
    assert [step.what for step in finding.steps.all()] == ["clear", "answer", "return", "answer", "open"]
    assert not selectors.findings_for(boss).exists() and selectors.findings_for(boss, state="cleared").exists()


@pytest.mark.parametrize(
    ("role", "what", "why"),
    [
        (Role.SUPERVISOR, "answer", "您的角色不能"),
        (Role.CASE_WORKER, "clear", "不能销号"),
        (Role.CASE_WORKER, "extend", "您的角色不能"),
        (Role.SUPERVISOR, "return", "不能退回"),
    ],
)
def test_moves_are_those_of_the_table(finding, users, role, what, why):
    with pytest.raises(services.FindingError, match=why):
        services.step(actor=users[role], finding=finding, what=what, text="说明", due_on=None)
    finding.refresh_from_db()
    assert finding.state == "open" and finding.steps.count() == 1


def test_who_answered_does_not_clear(finding):
    both = make_user(Role.SUPERVISOR, Role.CASE_WORKER, username="both")
    services.step(actor=both, finding=finding, what="answer", text="已整改")
    with pytest.raises(services.FindingError, match="另一人"):
        services.step(actor=both, finding=finding, what="clear", text="无误")


def test_a_deadline_is_only_moved_back_and_says_why(finding, users):
    boss = users[Role.SUPERVISOR]
    with pytest.raises(services.FindingError, match="晚于原期限"):
        services.step(actor=boss, finding=finding, what="extend", text="延期", due_on=finding.due_on)
    later = finding.due_on + timedelta(days=10)
    moved = services.step(actor=boss, finding=finding, what="extend", text="等待财政批复", due_on=later)
    assert moved.due_on == later and "等待财政批复" in moved.steps.first().text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"found_on": TODAY + timedelta(days=1), "due_on": TODAY + timedelta(days=2)}, "found_on"),
        ({"due_on": FINDING["found_on"] - timedelta(days=1)}, "due_on"),
    ],
)
def test_dates_that_cannot_be(users, change, field):
    with pytest.raises(services.FindingError) as caught:
        services.open_finding(actor=users[Role.SUPERVISOR], region=Region.objects.get(code=COUNTY), **FINDING | change)
    assert caught.value.field == field and not Finding.objects.exists()


def test_by_clicks_and_on_the_workbench(finding, users, client):
    worker, boss = users[Role.CASE_WORKER], users[Role.SUPERVISOR]
    assert {str(one.label) for one in counted(worker, waiting(worker))} == {"待整改的问题"}
    client.force_login(worker)
    page = reverse("monitoring:finding", args=[finding.pk])
    assert 'data-opens="answer"' in client.get(page).content.decode()
    response = client.post(reverse("monitoring:finding_step", args=[finding.pk, "answer"]), {"text": ""})
    assert response.status_code == 422 and "data-wrong" in response.content.decode()
    assert client.post(reverse("monitoring:finding_step", args=[finding.pk, "answer"]), {"text": "已办"}).url == page
    assert {str(one.label) for one in counted(boss, waiting(boss))} == {"待销号的问题"}
    client.force_login(boss)
    new = client.post(reverse("monitoring:finding_new"), FINDING | {"region": COUNTY, "title": "未公示"})
    assert new.status_code == 302 and Finding.objects.get(title="未公示").opened_by == boss
    listed = client.get(reverse("monitoring:findings")).content.decode()
    assert "未公示" in listed and "科尔沁左翼中旗" in listed
