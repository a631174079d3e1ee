"""Rows that went back to their department: raised, answered, settled by the next good row, undone."""

import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.vocabulary import Role
from accounts.waiting import counted
from exchange import deciding
from exchange import services as exchange
from exchange.inquiries import selectors, services
from exchange.inquiries.models import Inquiry
from tests.beneficiaries.rosters import JULY, JUNE, line, number, prepare, roster, send
from tests.factories import make_user

pytestmark = pytest.mark.django_db
State = Inquiry.State
EVERYONE = [line(n) for n in range(1, 11)]
WRONG = number(5)[:17] + ("0" if number(5)[17] != "0" else "1")


@pytest.fixture
def june(tongliao):
    """June's roster, confirmed: line 2 another name, 3 unknown category, 4 a wrong number, 5 kept by decision."""
    send(roster(*EVERYONE))
    rows = [
        line(1, name="别人"),
        line(2, category="困难群众"),
        line(20, id_number=WRONG, name="新来的"),
        line(3, name="又一人"),
        *EVERYONE[3:],
    ]
    file = prepare(roster(*rows), month=JUNE)
    deciding.decide(
        actor=None, file_id=file.pk, decision="keep_register", rows=file.rows.filter(row=5).values_list("pk", flat=True)
    )
    return exchange.confirm_file(file_id=file.pk, actor=None)


def states() -> list[tuple[int, str, str]]:
    return list(Inquiry.objects.order_by("row").values_list("row", "code", "state"))


def test_s3_07_what_was_not_taken_goes_back(june):
    assert states() == [(2, "name_differs", "open"), (3, "category_unknown", "open"), (4, "id_checksum", "open")]
    assert june.counts["inquiries"] == 3
    one = Inquiry.objects.get(row=2)
    assert (one.name, one.id_number, one.department, one.month) == ("别人", number(1), "civil_affairs", JUNE)


def test_s3_07_the_next_good_row_settles_it_and_undo_opens_it_again(june):
    july = send(roster(*EVERYONE, line(20, name="新来的")), month=JULY)
    assert {state for _row, _code, state in states()} == {"closed"}
    assert set(Inquiry.objects.values_list("closed_by", flat=True)) == {july.pk}
    exchange.undo_file(file_id=july.pk, actor=None)
    assert {state for _row, _code, state in states()} == {"open"}


def test_the_same_trouble_again_takes_the_place_of_the_older(june):
    send(roster(line(1, name="别人"), *EVERYONE[1:]), month=JULY)
    found = Inquiry.objects.filter(code="name_differs").order_by("month").values_list("month", "state")
    assert list(found) == [(JUNE, "closed"), (JULY, "open")]


def test_the_department_answers_and_its_number_finds_the_row(users, june):
    liaison = users[Role.LIAISON]
    one = Inquiry.objects.get(row=4)
    services.answer_inquiry(actor=liaison, inquiry_id=one.pk, answer="corrected", id_number=number(30).lower())
    one.refresh_from_db()
    assert (one.state, one.answered_by, one.corrected_number) == (State.ANSWERED, liaison, number(30))
    send(roster(*EVERYONE, line(30, name="改过名的")), month=JULY)
    assert Inquiry.objects.get(row=4).state == State.CLOSED


def test_a_withdrawn_row_is_settled_at_once_and_confirmed_needs_a_ground(users, june):
    one, two = Inquiry.objects.filter(row__in=(2, 3)).order_by("row")
    services.answer_inquiry(actor=users[Role.LIAISON], inquiry_id=one.pk, answer="withdrawn")
    with pytest.raises(ValidationError, match="依据"):
        services.answer_inquiry(actor=users[Role.LIAISON], inquiry_id=two.pk, answer="confirmed")
    services.answer_inquiry(actor=users[Role.CASE_WORKER], inquiry_id=two.pk, answer="confirmed", note="来电答复")
    assert [state for _row, _code, state in states()] == [State.CLOSED, State.ANSWERED, State.OPEN]
    # What was answered is not lost when the file is taken back.
    exchange.undo_file(file_id=june.pk, actor=None)
    assert [row for row, _code, _state in states()] == [2, 3]


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (Role.LIAISON, {"department": "disabled_federation"}),
        (Role.LIAISON, {"region": "370800000000"}),
        (Role.REVIEWER, {}),
        (Role.SUPERVISOR, {}),
    ],
)
def test_nobody_else_answers(june, role, more):
    stranger = make_user(role, username="stranger", **more)
    with pytest.raises(PermissionDenied):
        services.answer_inquiry(actor=stranger, inquiry_id=Inquiry.objects.get(row=2).pk, answer="withdrawn")


def test_the_file_to_mend_is_the_partners_own(june):
    out = io.BytesIO()
    assert services.write_file(june, out) == 3
    head, *rows = out.getvalue().decode().splitlines()
    assert head.endswith("错误原因") and [row.split(",")[0] for row in rows] == ["别人", line(2)["name"], "新来的"]


def test_who_has_what_to_do(users, june):
    counts = {
        role: [one.count for one in counted(users[role], selectors.waiting(users[role]))]
        for role in (Role.LIAISON, Role.CASE_WORKER)
    }
    assert counts == {Role.LIAISON: [3], Role.CASE_WORKER: []}


def test_the_pages(client, users, june, django_assert_max_num_queries):
    client.force_login(users[Role.LIAISON])
    with django_assert_max_num_queries(14):
        page = client.get(reverse("exchange:inquiries") + f"?file={june.pk}").content.decode()
    assert page.count("data-row") == 3 and "下载（原格式）" in page
    here = reverse("exchange:inquiry", args=[Inquiry.objects.get(row=2).pk])
    assert client.post(here, {"answer": "confirmed"}).status_code == 422
    assert client.post(here, {"answer": "corrected", "name": line(1)["name"]}).status_code in (302, 204)
    assert "部门答复" in client.get(here).content.decode()
    assert client.get(reverse("exchange:inquiry_file", args=[june.pk])).status_code == 200


def test_a_category_is_corrected_by_the_mended_rows_not_by_an_answer(client, users, june):
    """The page says so and leads there: the rows as sent with 错误原因, sent back mended as changes, settle it."""
    liaison = users[Role.LIAISON]
    client.force_login(liaison)
    one = Inquiry.objects.get(code="category_unknown")
    page = client.get(reverse("exchange:inquiry", args=[one.pk])).content.decode()
    assert "以部门报送的名单为准" in page and reverse("exchange:inquiry_file", args=[june.pk]) in page
    assert "department=civil_affairs&amp;mode=changes&amp;region=150500000000&amp;month=2023-06" in page
    answer = client.get(reverse("exchange:inquiry_file", args=[june.pk]))
    mended = b"".join(answer.streaming_content).decode().replace("困难群众", "低保边缘家庭成员")
    head, *rows = mended.splitlines()
    back = "\n".join([head, *(row for row in rows if number(2) in row)]).encode()
    again = send(back, month=JUNE, mode="changes", actor=None)
    assert (again.counts["changed"], again.counts["error"]) == (1, 0)
    one.refresh_from_db()
    assert (one.state, one.closed_by) == (State.CLOSED, again)
