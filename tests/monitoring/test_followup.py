"""Follow-ups: opened with the push, measures by ability, months tracked, closed only with an outcome."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from accounts.waiting import counted
from monitoring import services
from monitoring.followup import selectors
from monitoring.followup import services as work
from monitoring.models import FollowUp, Measure
from monitoring.selectors import waiting
from tests.monitoring import examples
from tests.monitoring.makers import DAY

TODAY = timezone.localdate()
FACTS = {
    "kind": "temporary",
    "department": "civil_affairs",
    "owner_name": "乌兰",
    "begins_on": date(2023, 6, 1),
    "due_on": date(2023, 6, 30),
    "provider": "",
    "note": "",
}


@pytest.fixture
def followup(users):
    return FollowUp.objects.get(pk=examples.followup(False)["pk"])


def test_s0_17_the_push_begins_a_follow_up_once(followup):
    assert followup.closed_on is None and followup.outcome == "" and followup.opened_on == TODAY
    services.push_warnings(region=followup.warning.version.region, month=DAY, actor=None)
    assert work.open_followups([followup.warning_id]) == 0 and FollowUp.objects.count() == 1


@pytest.mark.parametrize("kind", [Measure.Kind.EMPLOYMENT, Measure.Kind.INDUSTRY])
def test_s2_11_work_is_for_who_can_work(followup, kind):
    work.describe(actor=None, followup=followup, ability="unable", owner=None)
    with pytest.raises(work.FollowUpError, match="无劳动能力") as caught:
        work.add_measure(actor=None, followup=followup, **FACTS | {"kind": kind})
    assert caught.value.field == "kind"
    work.describe(actor=None, followup=followup, ability="able", owner=None)
    work.add_measure(actor=None, followup=followup, **FACTS | {"kind": kind})
    with pytest.raises(work.FollowUpError, match="先办结"):
        work.describe(actor=None, followup=followup, ability="unable", owner=None)


def test_s2_11_a_measure_has_owner_dates_and_an_outcome(followup):
    with pytest.raises(work.FollowUpError, match="早于"):
        work.add_measure(actor=None, followup=followup, **FACTS | {"due_on": date(2023, 5, 1)})
    measure = work.add_measure(actor=None, followup=followup, **FACTS)
    with pytest.raises(work.FollowUpError, match="1 项措施没有办结"):
        work.close(actor=None, followup=followup, outcome="lifted", conclusion="")
    for ended_on in (date(2023, 5, 31), TODAY + timedelta(days=1)):
        with pytest.raises(work.FollowUpError, match="之间"):
            work.end_measure(actor=None, measure=measure, ended_on=ended_on, outcome="achieved", result="")
    with pytest.raises(work.FollowUpError, match="写明原因"):
        work.end_measure(actor=None, measure=measure, ended_on=TODAY, outcome="failed", result=" ")
    work.end_measure(actor=None, measure=measure, ended_on=TODAY, outcome="achieved", result="", amount=120000)
    with pytest.raises(work.FollowUpError, match="已于"):
        work.end_measure(actor=None, measure=measure, ended_on=TODAY, outcome="achieved", result="")
    closed = work.close(actor=None, followup=followup, outcome="lifted", conclusion="")
    assert closed.closed_on == TODAY
    with pytest.raises(work.FollowUpError, match="重新开启"):
        work.add_visit(actor=None, followup=followup, on=TODAY, how="home", text="看望")


def test_closed_without_help_only_with_a_reason_and_opened_again_with_one(followup, users):
    with pytest.raises(work.FollowUpError, match="写明理由"):
        work.close(actor=None, followup=followup, outcome="not_needed", conclusion="")
    work.close(
        actor=users[Role.CASE_WORKER], followup=followup, outcome="not_needed", conclusion="费用已由保险公司赔付"
    )
    again = work.reopen(actor=users[Role.CASE_WORKER], followup=followup, reason="又住院")
    assert (again.closed_on, again.outcome, again.conclusion) == (None, "", "")
    assert "核实后无须帮扶" in again.visits.get().text and "又住院" in again.visits.get().text


def test_the_database_refuses_an_end_without_an_outcome(followup):
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUp.objects.filter(pk=followup.pk).update(closed_on=TODAY)


def test_s2_09_benefits_burden_and_use_month_by_month(followup):
    work.add_visit(actor=None, followup=followup, on=date(2023, 5, 9), how="home", text="在家休养")
    measure = work.add_measure(actor=None, followup=followup, **FACTS)
    work.end_measure(
        actor=None, measure=measure, ended_on=date(2023, 6, 5), outcome="achieved", result="", amount=50000
    )
    months = {month.first: month for month in selectors.months_tracked(followup)}
    assert sorted(months, reverse=True) == list(months)
    assert sum(month.burden + month.paid for month in months.values()) == sum(m.total for m in months.values())
    assert months[date(2023, 5, 1)].visits[0].text == "在家休养"
    assert months[date(2023, 6, 1)].helped == 50000


def test_s2_09_who_was_not_seen_this_month_waits_and_is_late_after_a_second(followup, users, client):
    worker = users[Role.CASE_WORKER]
    client.force_login(worker)
    today = timezone.localdate()
    this = today.replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)

    def line(opened: date) -> tuple[int, int]:
        FollowUp.objects.update(opened_on=opened)
        (found,) = [one for one in counted(worker, waiting(worker)) if "unseen" in one.url] or [None]
        page = client.get(reverse("monitoring:followups") + "?state=unseen")
        assert len(page.context["listing"].entries) == bool(found)
        assert selectors.counts(worker)["unseen"] == bool(found)
        return (found.count, found.late) if found else (0, 0)

    assert [line(day) for day in (this, last, last - timedelta(days=1))] == [(0, 0), (1, 0), (1, 1)]
    work.add_visit(actor=worker, followup=followup, on=last, how="phone", text="恢复良好")
    assert line(last - timedelta(days=40)) == (1, 0)
    work.add_visit(actor=worker, followup=followup, on=this, how="home", text="在家休养")
    assert line(last - timedelta(days=40)) == (0, 0)


def test_what_waits_is_counted_and_found(followup, users, client, django_assert_num_queries):
    worker = users[Role.CASE_WORKER]
    assert {str(item.label): item.count for item in counted(worker, waiting(worker))}["尚无帮扶措施的跟踪"] == 1
    work.add_measure(actor=None, followup=followup, **FACTS)
    late = {str(item.label): item for item in counted(worker, waiting(worker))}
    assert "尚无帮扶措施的跟踪" not in late and late["逾期的帮扶措施"].late == 1
    with django_assert_num_queries(1):
        counted(worker, waiting(worker))
    client.force_login(worker)
    assert "预警样例" in client.get(late["逾期的帮扶措施"].url).content.decode()
    assert "预警样例" not in client.get(reverse("monitoring:followups") + "?state=closed").content.decode()


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(followup, users, client):
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("monitoring:followup_measure", args=[followup.pk])
    typed = FACTS | {"begins_on": "2023-06-01", "due_on": "2023-05-01", "note": "每月送药"}
    response = client.post(url, typed)
    page = response.content.decode()
    assert response.status_code == 422 and "data-wrong" in page and "早于开始日期" in page and "每月送药" in page
    response = client.post(url, typed | {"due_on": "2023-07-01"})
    assert response.headers["Location"] == reverse("monitoring:followup", args=[followup.pk])
    measure = followup.measures.get()
    response = client.post(
        reverse("monitoring:measure_end", args=[measure.pk]),
        {"ended_on": "2023-06-20", "outcome": "achieved", "yuan": "1234.56", "result": ""},
    )
    measure.refresh_from_db()
    assert response.status_code == 302 and measure.amount == 123456


def test_the_list_asks_a_fixed_number_of_queries(followup, users, client, django_assert_max_num_queries):
    client.force_login(users[Role.CASE_WORKER])
    with django_assert_max_num_queries(14):
        client.get(reverse("monitoring:followups"))
