"""The nightly check: a year that is as its claims say passes, one that is not raises an alarm; nothing changes."""

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from accounts.waiting import counted
from claims.models import PersonYear, Settlement
from monitoring.models import Recheck, RecheckFinding
from monitoring.recheck import services
from monitoring.selectors import waiting
from tests.claims.makers import make_person, make_spell, record


@pytest.fixture
def years(law):
    """Three persons with settled years."""
    persons = [make_person() for _ in range(3)]
    for at, person in enumerate(persons):
        make_spell(person, "subsistence")
        for month in range(1, 4):
            record(person, f"2023-0{month}-10", 20_000 + 5_000 * at, 8_000)
    return [PersonYear.objects.get(person=person, year=2023) for person in persons]


def everything():
    return (
        list(PersonYear.objects.order_by("pk").values()),
        list(Settlement.objects.order_by("pk").values()),
    )


def test_years_that_are_right_pass_and_nothing_changes(years):
    before = everything()
    run = services.recheck(seed="a")
    assert (run.years, run.different, run.failed) == (3, 0, 0) and run.finished_at
    assert everything() == before


def test_a_wrong_sum_raises_an_alarm_with_both_amounts(years, users, client):
    wrong = years[1]
    PersonYear.objects.filter(pk=wrong.pk).update(personal_burden=wrong.personal_burden + 100)
    run = services.recheck(seed="b")
    finding = run.findings.get()
    assert run.different == 1 and finding.person_id == wrong.person_id
    assert finding.sums == {"personal_burden": [wrong.personal_burden + 100, wrong.personal_burden]}
    worker = users[Role.CASE_WORKER]
    assert "复算不一致" in {str(item.label) for item in counted(worker, waiting(worker))}
    client.force_login(worker)
    page = client.get(reverse("monitoring:recheck")).content.decode()
    assert "个人负担" in page and "→" in page
    url = reverse("monitoring:recheck_answer", args=[finding.pk])
    client.post(url, {"text": " "})
    finding.refresh_from_db()
    assert finding.answered_at is None
    client.post(url, {"text": "数据迁移遗留，已更正"})
    finding.refresh_from_db()
    assert finding.answered_by == worker
    with pytest.raises(services.RecheckError, match="已经办理"):
        services.answer(actor=worker, finding=finding, text="再次")


def test_a_year_that_cannot_be_settled_is_said_and_holds_no_other_up(years, monkeypatch):
    real, bad = services.settle_years, years[0].person_id

    def settle_years(keys, **more):
        if any(person == bad for person, _year in keys):
            raise services.CannotSettle("没有适用的政策版本")
        return real(keys, **more)

    monkeypatch.setattr(services, "settle_years", settle_years)
    run = services.recheck(seed="c")
    assert (run.years, run.different, run.failed) == (3, 0, 1)
    assert run.findings.get().error == "没有适用的政策版本"


def test_the_sample_is_drawn_by_its_seed(years):
    drawn = []
    for seed in ("x", "x", "y"):
        run = services.recheck(seed=seed, count=2)
        drawn.append(run.years)
    assert drawn == [2, 2, 2] and Recheck.objects.count() == 3 and not RecheckFinding.objects.exists()
