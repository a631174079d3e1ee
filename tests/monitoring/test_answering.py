"""Answers typed on a page or sent over the API: the bureau confirms them like those of a file."""

from datetime import date

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Department, Role
from accounts.waiting import counted
from beneficiaries.models import CategorySpell
from exchange import deliveries
from exchange import services as inbound
from exchange.models import InboundFile
from exchange.partner_api import services as keys
from monitoring import services
from monitoring.models import BurdenWarning, Feedback
from monitoring.selectors import waiting
from tests.factories import CITY, make_user
from tests.monitoring.makers import DAY, make_person, make_warned, number
from tests.monitoring.test_lists import CIVIL, GUANGXI, RURAL, bill, guangxi, push  # noqa: F401 - a fixture

CERTIFIED = {"result": "certified", "category": "subsistence", "valid_from": "2023-06-05", "verified_on": "2023-06-10"}
REFUSED = {"result": "not_eligible", "verified_on": "2023-06-10", "note": "有存款"}


@pytest.fixture
def told(law) -> list[BurdenWarning]:
    """Two warnings told to civil affairs and rural revitalization."""
    cache.clear()
    for at in (1, 2):
        make_warned(number(at), 30000 - at)
    region = Region.objects.get(code=CITY)
    services.scan_region(region=region, on=DAY, actor=None)
    services.push_warnings(region=region, month=DAY, actor=None)
    return list(BurdenWarning.objects.order_by("-amount"))


def page(warning) -> str:
    return reverse("monitoring:answer", args=[warning.pk])


# --- on a page ----------------------------------------------------------------------------------------------------
def test_s1_17_a_liaison_answers_on_the_page_and_the_bureau_confirms(told, client):
    liaison, worker = make_user(Role.LIAISON), make_user(Role.CASE_WORKER)
    client.force_login(liaison)

    def waits() -> int:
        (line,) = (one for one in counted(liaison, waiting(liaison)) if "unanswered" in one.url)
        assert len(client.get(line.url).context["listing"].entries) == line.count
        return line.count

    assert waits() == 2
    assert page(told[0]) in client.get(reverse("monitoring:warning", args=[told[0].pk])).content.decode()
    answer = client.post(page(told[0]), CERTIFIED | {"department": CIVIL})
    file = InboundFile.objects.get()
    assert answer.url == reverse("exchange:file", args=[file.pk])
    assert (file.state, file.department, file.uploaded_by, file.counts["new"]) == ("ready", CIVIL, liaison, 1)
    assert not Feedback.objects.exists(), "nothing counts before the bureau has confirmed"
    assert "医疗保障部门确认后生效" in client.get(answer.url).content.decode()
    inbound.confirm_file(file_id=file.pk, actor=worker)
    spell = CategorySpell.objects.get(person=told[0].person, category="subsistence")
    assert (spell.source, spell.department, spell.valid_from) == (file, CIVIL, date(2023, 6, 5))
    assert waits() == 1
    client.post(page(told[1]), REFUSED | {"department": CIVIL})
    inbound.confirm_file(file_id=InboundFile.objects.latest("pk").pk, actor=worker)
    assert [one.note for one in Feedback.objects.filter(warning=told[1])] == ["有存款"]
    assert not [one for one in counted(liaison, waiting(liaison)) if "unanswered" in one.url]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"category": ""}, "须写明人员类别和认定日期"),
        ({"valid_from": ""}, "须写明人员类别和认定日期"),
        ({"category": "exited_poverty"}, "exited_poverty"),
        ({"verified_on": "2999-01-01"}, "晚于今天"),
        ({"department": RURAL}, RURAL),
    ],
)
def test_what_is_missing_is_said_beside_the_field_and_nothing_is_left(told, client, change, said):
    client.force_login(make_user(Role.LIAISON))
    refused = client.post(page(told[0]), CERTIFIED | {"department": CIVIL} | change)
    assert (refused.status_code, InboundFile.objects.count()) == (422, 0)
    assert said in refused.content.decode()


def test_what_the_comparison_refuses_stands_in_the_form(told, client):
    worker = make_user(Role.CASE_WORKER)
    client.force_login(worker)
    for department in (CIVIL, RURAL):
        client.post(page(told[0]), REFUSED | {"department": department})
    assert set(InboundFile.objects.values_list("department", flat=True)) == {CIVIL, RURAL}
    for file in InboundFile.objects.all():
        inbound.confirm_file(file_id=file.pk, actor=worker)
    client.post(page(told[1]), CERTIFIED | {"department": CIVIL})
    inbound.confirm_file(file_id=InboundFile.objects.latest("pk").pk, actor=worker)
    refused = client.post(page(told[1]), REFUSED | {"department": CIVIL})
    assert (refused.status_code, InboundFile.objects.count()) == (422, 3)
    assert "此前已反馈为“已纳入”" in refused.content.decode()


def test_who_was_not_told_has_nothing_to_answer(told, client):
    stranger = make_user(Role.LIAISON, department=Department.DISABLED_FEDERATION, username="other")
    client.force_login(stranger)
    assert client.get(page(told[0])).status_code == 404
    client.force_login(make_user(Role.REVIEWER))
    assert client.get(page(told[0])).status_code == 403


def test_s3_15_a_listed_patient_is_answered_from_the_month_s_page(guangxi, client, django_assert_max_num_queries):  # noqa: F811
    patient = make_person(number(1), region=GUANGXI, name="重病患者")
    bill(patient, service="major_chronic")
    delivery = push(GUANGXI)["serious", RURAL]
    worker = make_user(Role.CASE_WORKER, region=GUANGXI)
    client.force_login(worker)
    month = f"{reverse('monitoring:month')}?region={GUANGXI}&month=2023-05"
    here = reverse("monitoring:patients", args=[delivery.pk])
    assert here in client.get(month).content.decode()
    with django_assert_max_num_queries(25):
        (entry,) = client.get(here).context["listing"].entries
    assert client.get(entry["url"]).status_code == 200
    client.post(entry["url"], {"department": RURAL, **CERTIFIED, "category": "sudden_hardship"})
    file = InboundFile.objects.get()
    inbound.confirm_file(file_id=file.pk, actor=worker)
    assert CategorySpell.objects.get(person=patient).category == "sudden_hardship"
    assert "1 / 1" in client.get(month).content.decode()
    assert "已反馈" in client.get(here).content.decode()


# --- over the API -------------------------------------------------------------------------------------------------
def key(department=CIVIL) -> str:
    region = Region.objects.get(pk=CITY)
    partner = deliveries.partner_of(department=department, region=region)
    return keys.make_key(actor=None, label="平台", region=region, scopes=["delivery"], partner=partner).text


def send(client, text, *answers, once="1", month="2023-06"):
    headers = {"Authorization": f"Bearer {text}", "Idempotency-Key": once}
    body = {"month": month, "answers": list(answers)}
    return client.post("/api/v1/feedback", body, content_type="application/json", headers=headers)


def said(warning, **more) -> dict[str, str]:
    return {"warning_no": warning.number, "id_number": warning.person.id_number, **more}


def test_s1_17_a_partner_s_program_answers_and_learns_what_became_of_it(told, client):
    text = key()
    first = send(client, text, said(told[0], **CERTIFIED), said(told[1], **REFUSED))
    assert first.status_code == 202, first.content
    taken = first.json()
    assert (taken["state"], taken["counts"]["new"], taken["rows"]) == ("ready", 2, [])
    assert send(client, text, said(told[0], **CERTIFIED), said(told[1], **REFUSED)).json() == taken
    assert send(client, text, said(told[0], **REFUSED)).status_code == 422, "the same key for other content"
    assert InboundFile.objects.count() == 1 and not Feedback.objects.exists()
    inbound.confirm_file(file_id=taken["id"], actor=make_user(Role.CASE_WORKER))
    url = f"/api/v1/feedback/{taken['id']}"
    assert client.get(url, headers={"Authorization": f"Bearer {text}"}).json()["state"] == "confirmed"
    assert client.get(url, headers={"Authorization": f"Bearer {key(RURAL)}"}).status_code == 404
    assert CategorySpell.objects.filter(category="subsistence", source=taken["id"]).count() == 1


def test_answers_that_cannot_be_taken_are_named_by_their_place(told, client):
    wrong = said(told[1], **REFUSED) | {"id_number": told[0].person.id_number}
    unknown = said(told[0], **REFUSED) | {"warning_no": "YJ2023-150521-9999999"}
    bare = {"result": "certified", "category": "subsistence"}
    taken = send(client, key(), said(told[0], **bare), wrong, unknown).json()
    assert [(row["index"], row["outcome"], row["code"]) for row in taken["rows"]] == [
        (0, "error", "missing"),
        (1, "doubtful", "id_differs"),
        (2, "doubtful", "not_told"),
    ]
    assert all(row["reason"] for row in taken["rows"])
    refused = send(client, key(), said(told[0], result="perhaps"), once="2")
    assert refused.status_code == 400 and refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"][0]["field"].endswith("result")
