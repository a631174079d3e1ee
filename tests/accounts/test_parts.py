"""Filters, marks and pictures that templates use; navigation; jobs."""

from datetime import timedelta

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db.models.fields import BLANK_CHOICE_DASH
from django.template import Context, Template
from django.utils import timezone

from accounts.crypto import KeyMissing
from accounts.jobs import create_job, fail_abandoned, running
from accounts.masking import mask_id_number, mask_phone
from accounts.models import Job
from accounts.pictures import burden
from accounts.selectors import place_names
from accounts.templatetags import tuodi
from accounts.vocabulary import Role
from config.navigation import ENTRIES
from exchange.errors import ExchangeError


@pytest.mark.parametrize(
    "fen, text",
    [(0, "0.00"), (5, "0.05"), (1234560, "12,345.60"), (-105, "-1.05"), (10**11, "1,000,000,000.00"), (None, "")],
)
def test_yuan(fen, text):
    assert tuodi.yuan(fen) == text


@pytest.mark.parametrize("points, text", [(6500, "65%"), (6525, "65.25%"), (0, "0%"), (10000, "100%"), (None, "")])
def test_percent(points, text):
    assert tuodi.percent(points) == text


def test_nothing_chosen_is_said_in_words():
    class Chosen(forms.Form):
        kind = forms.ChoiceField(choices=[*BLANK_CHOICE_DASH, ("a", "甲")])

    drawn = tuodi.control(Chosen()["kind"])
    assert '<option value="" selected>请选择</option>' in drawn and "---" not in drawn


def test_masks():
    assert mask_id_number("150302196303150018") == "150302********0018"
    assert mask_phone("13912340272") == "139****0272"
    assert (
        Template("{{ x|masked_id }} {{ y|masked_phone }}").render(
            Context({"x": "150302196303150018", "y": "13912340272"})
        )
        == "150302********0018 139****0272"
    )


@pytest.mark.parametrize(
    "amount, tone, reached, distance",
    [
        (0, "plain", [False, False], [1015000, 2030000]),
        (812000, "due", [False, False], [203000, 1218000]),
        (1015000, "late", [True, False], [0, 1015000]),
        (3566534, "late", [True, True], [0, 0]),
    ],
)
def test_burden_bar(amount, tone, reached, distance):
    bar = burden(amount, [("因病致贫", 2030000), ("因病返贫", 1015000)])
    assert (bar.tone, [line.reached for line in bar.lines]) == (tone, reached)
    assert [line.distance for line in bar.lines] == distance
    assert 0 <= bar.filled <= 90 and all(0 < line.at <= 90 for line in bar.lines)
    assert bar.lines[0].at < bar.lines[1].at


def test_burden_bar_is_drawn_without_inline_style():
    text = Template("{% burden_bar 812000 lines %}").render(Context({"lines": [("因病返贫", 1015000)]}))
    assert "<svg" in text and "style=" not in text and "8,120.00" in text and "距 2,030.00 元" in text


def test_badge_says_its_tone_with_a_sign():
    text = tuodi.badge("逾期<b>", "late")
    assert "mark-late" in text and "<svg" in text and "逾期&lt;b&gt;" in text


@pytest.mark.parametrize("role", Role)
def test_navigation_shows_what_the_role_may(client, users, role):
    client.force_login(users[role])
    page = client.get("/")
    shown = [item.entry.url_name for item in page.context["frame"].entries]
    assert shown == [e.url_name for e in ENTRIES if users[role].may(e.act)]


def test_letters_of_the_keyboard_are_unique():
    assert len({entry.letter for entry in ENTRIES}) == len(ENTRIES)


def test_frame_asks_each_room_once(client, users, django_assert_max_num_queries):
    client.force_login(users[Role.CASE_WORKER])
    client.get("/")
    with django_assert_max_num_queries(11):
        client.get("/")


def test_fragment_costs_nothing_for_the_frame(client, users, django_assert_num_queries):
    client.force_login(users[Role.ADMINISTRATOR])
    headers = {"HX-Request": "true", "HX-Target": "list"}
    client.get("/organisations/", headers=headers)
    with django_assert_num_queries(
        4
    ):  # session, user with office and region, the filter's regions, rows with their count
        client.get("/organisations/", headers=headers)


def test_job_tells_its_progress_and_its_end(users):
    job = create_job(kind="x", title="导入", region="150500000000", actor=users[Role.CASE_WORKER])
    with running(job.pk) as progress:
        progress("读取", 10, 10)
        job.refresh_from_db()
        assert (job.state, job.step, job.percent) == (Job.State.RUNNING, "读取", 99)
    job.refresh_from_db()
    assert (job.state, job.percent, job.ended) == (Job.State.DONE, 100, True)


def test_where_no_total_is_known_progress_is_written_twice_a_second_at_most(users, django_assert_num_queries):
    job = create_job(kind="x", title="导入", region="150500000000", actor=users[Role.CASE_WORKER])
    with running(job.pk) as progress, django_assert_num_queries(1):
        for rows in range(1, 500):
            progress("读取", rows, 0)


def test_places_have_their_names_and_new_ones_their_county(users, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert place_names({"150521100000", "150521000000", "150521199000", "150500000000", "990000000000", ""}) == {
            "150521100000": "科尔沁左翼中旗 保康镇",
            "150521000000": "科尔沁左翼中旗",
            "150521199000": "科尔沁左翼中旗 150521199000",
            "150500000000": "通辽市",
            "990000000000": "990000000000",
            "": "",
        }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ExchangeError("第 3 行没有代码"), "第 3 行没有代码"),
        (ValidationError(["第 3 行没有代码"]), "第 3 行没有代码"),
        (AttributeError("'Composed' object has no attribute 'strip'"), "意外情况"),
        (KeyMissing("cipher text altered"), "意外情况"),
    ],
)
def test_failed_job_keeps_the_reason_in_words_for_people(users, error, told):
    job = create_job(kind="x", title="导入", region="150500000000", actor=users[Role.CASE_WORKER])
    with pytest.raises(type(error)), running(job.pk):
        raise error
    job.refresh_from_db()
    assert (job.state, job.tone) == (Job.State.FAILED, "late") and told in job.message
    if told == "意外情况":
        assert f"任务编号 {job.pk}" in job.message and str(error) not in job.message


def test_a_job_that_nobody_works_on_any_more_is_ended(users):
    """Whose process holds the job's lock is at work; a waiting one waits, and one that has just begun is let be."""
    made = [create_job(kind="x", title="导入", region="150500000000", actor=users[Role.CASE_WORKER]) for _n in range(3)]
    alive, dead, fresh = made
    with running(alive.pk), running(fresh.pk):
        long_ago = timezone.now() - timedelta(minutes=1)
        Job.objects.filter(pk__in=[alive.pk, dead.pk]).update(state=Job.State.RUNNING, started_at=long_ago)
        assert fail_abandoned(Job.objects.all()) == 1
        assert fail_abandoned(Job.objects.all()) == 0
    dead.refresh_from_db()
    assert (dead.state, dead.ended) == (Job.State.FAILED, True) and "请再试一次" in dead.message
    assert {Job.objects.get(pk=one.pk).state for one in (alive, fresh)} == {Job.State.DONE}


def test_a_job_is_its_owners_alone(client, users):
    job = create_job(kind="x", title="导入", region="150500000000", actor=users[Role.CASE_WORKER])
    client.force_login(users[Role.REVIEWER])
    assert client.get(f"/jobs/{job.pk}/").status_code == 404
    client.force_login(users[Role.CASE_WORKER])
    assert client.get(f"/jobs/{job.pk}/").status_code == 200


def test_ended_job_sends_a_watching_page_to_its_result(client, users):
    job = create_job(kind="x", title="导入", region="150500000000", actor=users[Role.CASE_WORKER], url="/exchange/7/")
    client.force_login(users[Role.CASE_WORKER])
    watch = {"HX-Request": "true"}
    assert "hx-trigger" in client.get(f"/jobs/{job.pk}/", headers=watch).content.decode()
    Job.objects.update(state=Job.State.DONE)
    response = client.get(f"/jobs/{job.pk}/", headers=watch)
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/exchange/7/")


def test_the_pages_of_monitoring_lead_to_each_other_as_far_as_the_role_may(client, users):
    client.force_login(users[Role.SUPERVISOR])
    page = client.get("/monitoring/obligations/").content.decode()
    tabs = page[page.index('<nav class="tabs"') :]
    assert '<a href="/monitoring/obligations/" aria-current="page">期限</a>' in tabs
    assert '<a href="/monitoring/findings/">问题整改</a>' in tabs
    client.force_login(users[Role.LIAISON])
    assert "问题整改" not in client.get("/monitoring/").content.decode()
    assert '<nav class="tabs"' not in client.get("/profile/").content.decode()
