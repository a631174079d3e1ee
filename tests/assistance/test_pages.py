"""Pages of applications: who sees them, what they show, how few queries they need."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from accounts.waiting import counted
from assistance.models import Application, Notice
from assistance.services import checking
from assistance.vocabulary import Did, State
from tests.assistance import examples
from tests.assistance import makers as make


def url(name: str, *args: object) -> str:
    return reverse(f"assistance:{name}", args=args)


def text(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def do(client, user, application, did: str, **values: object):
    client.force_login(user)
    application = make.fresh(application)
    data = {"seen": application.revision} | {k: v for k, v in values.items() if v is not None}
    return client.post(url("move", application.pk, did), data)


def test_a_case_by_its_pages_from_draft_to_closed(cast, client):
    person = make.make_applicant(cast.township, "subsistence_margin")
    client.force_login(cast.clerk)
    found = client.post(url("new"), {"id_number": person.id_number})
    assert found.headers["Location"] == url("register", person.pk)
    assert "依申请救助资格" in text(client.get(url("register", person.pk)))
    values = {"applied_on": "2023-05-10", "rule": make.RULES["eligibility"], "reason": "住院", "consent": "on"}
    client.post(url("register", person.pk) + "?from=claim:9", values)
    application = Application.objects.get()
    assert (application.origin, application.category) == ("claim:9", "subsistence_margin")
    client.post(url("household", application.pk), {"what": "income", "income-kind": "wage", "income-amount": "12000"})
    assert application.incomes.get().amount == 1_200_000
    for at, paper in enumerate(application.papers.all()):
        client.post(
            url("papers", application.pk),
            {"what": "seen", "label": paper.label}
            if at
            else {"what": "promise", "label": paper.label, "promised_on": timezone.localdate().isoformat()},
        )
    assert "容缺至" in text(client.get(url("case", application.pk)))
    do(client, cast.clerk, application, Did.SUBMIT)
    do(client, cast.worker, application, Did.ACCEPT)
    page = text(client.get(url("move", application.pk, Did.FINISH_CHECK)))
    assert 'name="locally_registered"' in page
    preview = client.post(url("preview", application.pk), {"locally_registered": "on", "opinion": ""})
    assert "家庭人均年收入低于" in text(preview)
    do(
        client,
        cast.worker,
        application,
        Did.FINISH_CHECK,
        locally_registered="on",
        opinion="属实",
        category="subsistence_margin",
    )
    do(client, cast.reviewer, application, Did.APPROVE, valid_from=timezone.localdate().isoformat(), reason="符合")
    do(client, cast.worker, application, Did.CLOSE, feedback="满意")
    assert make.fresh(application).state == State.CLOSED
    letter = client.get(url("letter", application.decisions.get().pk))
    assert letter.content.startswith(b"%PDF")


def test_the_second_keeps_what_was_typed_and_sees_what_changed(cast, client):
    application = make.reviewing(cast, make.register(cast))
    seen = application.revision
    make.reject(cast, application)
    client.force_login(cast.other_reviewer)
    data = {"seen": seen, "reason": "我写了很久的理由", "valid_from": "2026-01-01"}
    page = text(client.post(url("move", application.pk, Did.APPROVE), data))
    assert "我写了很久的理由" in page and "别人已经办理" in page and "收入超过标准" in page
    assert not application.decisions.filter(outcome="approved").exists()


def test_what_is_not_allowed_says_why(cast, client):
    cast.worker.roles = [Role.CASE_WORKER, Role.REVIEWER]
    cast.worker.save()
    application = make.reviewing(cast, make.register(cast))
    client.force_login(cast.worker)
    assert "您核查了这件申请，不能审批" in text(client.get(url("case", application.pk)))
    assert client.get(url("move", application.pk, Did.APPROVE)).status_code == 302


def test_errors_stand_beside_their_field(shannan, client):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    make.all_agree(shannan, make.convene(shannan, application), 1_000_000)
    page = text(do(client, shannan.reviewer, application, Did.APPROVE, amount="20000", reason="困难"))
    assert "超过会商议定的" in page and 'value="20000"' in page


def test_the_panel_room(shannan, client):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    case = make.convene(shannan, application)
    client.force_login(shannan.panel["finance"])
    assert "本部门意见" in text(client.get(url("meeting", case.meeting_id)))
    client.post(url("opinion", case.pk), {"says": "dissent", "text": "财力不足"})
    client.force_login(shannan.reviewer)
    page = text(client.get(url("meeting", case.meeting_id)))
    assert "财力不足" in page
    others = [one for one in shannan.panel if one not in ("finance", "health", "civil_affairs")]
    client.post(url("meeting", case.meeting_id), {"case": case.pk, "departments": others})
    case.refresh_from_db()
    assert case.absent == sorted(others)
    assert client.get(url("minutes", case.meeting_id)).content.startswith(b"%PDF")


def test_a_liaison_answers_without_seeing_the_case(cast, client):
    person = make.make_applicant(cast.township)
    application = make.accept(cast, make.register(cast, person, category="illness_poverty"))
    question = checking.ask(
        actor=cast.worker, application_id=application.pk, department="civil_affairs", text="是否认定"
    )
    client.force_login(cast.liaison)
    assert "是否认定" in text(client.get(url("question", question.pk)))
    assert client.get(url("case", application.pk)).status_code == 403
    client.post(
        url("question", question.pk), {"text": "已认定", "category": "illness_poverty", "certified_from": "2023-05-20"}
    )
    question.refresh_from_db()
    assert question.answer == "已认定"


def test_s1_20_notices_are_taken_note_of(cast, client):
    make.reviewing(cast, make.register(cast))
    client.force_login(cast.clerk)
    assert "未签收" in text(client.get(url("notices")))
    client.post(url("read_notices"), {"ids": list(Notice.objects.values_list("pk", flat=True))})
    assert not Notice.objects.filter(read_at=None).exists()


def test_a_number_of_another_county_is_not_shown(cast, client):
    person = make.make_person(region="150522000000")
    client.force_login(cast.clerk)
    assert "其他地区" in text(client.post(url("new"), {"id_number": person.id_number}))


# --- lists --------------------------------------------------------------------------------------------------------
def test_lists_need_few_queries(cast, client, django_assert_max_num_queries):
    """As htmx asks for them: without the frame, whose counts are every room's."""
    for _ in range(3):
        make.submit(cast, make.register(cast))
    client.force_login(cast.worker)
    asked = {"HX-Request": "true", "HX-Target": "list"}
    for name in ("list", "queue", "meetings", "questions", "notices"):
        with django_assert_max_num_queries(10):
            text(client.get(url(name), headers=asked))


def test_the_board_asks_three_times(cast, django_assert_num_queries):
    from assistance.selectors import lists

    for _ in range(2):
        make.submit(cast, make.register(cast))
    assert cast.worker.region_prefix
    with django_assert_num_queries(3):
        columns = {one.state: one for one in lists.board(cast.worker)}
    assert (columns[State.SUBMITTED].count, len(columns[State.SUBMITTED].cards)) == (2, 2)


def test_the_case_page_needs_the_same_queries_however_long(shannan, client, django_assert_max_num_queries):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    make.all_agree(shannan, make.convene(shannan, application))
    client.force_login(shannan.reviewer)
    with django_assert_max_num_queries(34):
        text(client.get(url("case", application.pk)))


def test_everyone_s_queue_holds_what_they_may_do(shannan):
    from assistance.selectors import lists

    draft = make.register(shannan, rule="case")
    submitted = make.submit(shannan, make.register(shannan, rule="case"))
    reviewing = make.reviewing(shannan, make.register(shannan, rule="case"))
    panelled = make.reviewing(shannan, make.register(shannan, rule="case"))
    make.convene(shannan, panelled)
    approved = make.approved_case(shannan)
    expected = {
        shannan.clerk: {draft},
        shannan.worker: {submitted},
        shannan.reviewer: {reviewing},
        shannan.panel["health"]: {panelled},
        shannan.fund_officer: {approved},
    }
    for user, rows in expected.items():
        assert set(lists.applications_for(user, mine=True)) == rows, user.username


def test_what_is_late_waits_for_the_late_and_for_the_supervisor(cast):
    from assistance.selectors import waiting

    application = make.submit(cast, make.register(cast))
    Application.objects.filter(pk=application.pk).update(due_on=timezone.localdate() - timedelta(days=3))
    supervisor = cast._user(Role.SUPERVISOR)
    assert [(one.count, one.late) for one in counted(cast.worker, waiting(cast.worker))] == [(1, 1)]
    late = counted(supervisor, waiting(supervisor))
    assert [(one.count, one.late) for one in late] == [(1, 1)] and "group=late" in late[0].url


def test_waiting_asks_once(cast, django_assert_num_queries):
    from assistance.selectors import waiting

    make.reviewing(cast, make.register(cast))
    for user in (cast.clerk, cast.worker, cast.reviewer, cast.liaison, cast.fund_officer):
        assert user.region_prefix
        with django_assert_num_queries(1):
            counted(user, waiting(user))


# --- the walk, for this room alone --------------------------------------------------------------------------------
@pytest.mark.parametrize("role", Role)
def test_addresses_of_the_room(client, users, role):
    from tests.test_url_walk import ADDRESSES, GRANTS, LET_IN

    client.force_login(users[role])
    wrong = {}
    for address in (one for one in ADDRESSES if one.name.startswith("assistance:")):
        args = examples.EXAMPLES[address.name](False) if address.arguments else {}
        path = reverse(address.name, kwargs={key: args[key] for key in address.arguments})
        allowed = LET_IN | {404} if role == Role.CLERK else LET_IN
        for method in ("get", "post"):
            status = getattr(client, method)(path).status_code
            if status not in (allowed if address.act in GRANTS[role] else {403}):
                wrong[f"{method} {address.name}"] = status
    assert not wrong
