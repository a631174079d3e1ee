"""Lists of other departments against the register: results to work with, nothing written to it."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.comparisons.selectors import changed_identities, listed
from beneficiaries.models import Person, id_key
from exchange import services as exchange
from tests.beneficiaries.rosters import CITY, MAY, line, number, outcomes, prepare, register, roster, send
from tests.factories import make_user

pytestmark = pytest.mark.django_db
Result = ComparisonRow.Result


def people(*rows: tuple[str, str, str]) -> bytes:
    """(identity number, name, status) as human resources sends it."""
    lines = [f"{name},{number},{status},2023-05-09" for number, name, status in rows]
    return "\n".join(["姓名,证件号码,变动类型,变动日期", *lines, ""]).encode("gb18030")


LISTED = people(
    (number(1), line(1)["name"], "离职"),
    (number(2), "别人", "离职"),
    (number(3), line(3)["name"], "刑满释放"),
    (number(9), "外人", "解聘"),
    ("150521198001010011X", "短了", "解聘"),
    (number(1), line(1)["name"], "离职"),
    (number(4), line(4)["name"], "离职"),
    (number(4), line(4)["name"], "退伍"),
)


def sent(tongliao) -> ComparisonRow:
    send(roster(*(line(n) for n in range(1, 5))))
    Person.objects.filter(id_key=id_key(number(3))).update(deceased_on=date(2023, 4, 1))
    return prepare(LISTED, kind="list", department="human_resources")


def test_s1_27_a_list_is_compared_and_its_results_kept_without_touching_the_register(tongliao):
    file = sent(tongliao)
    before = register()
    assert outcomes(file) == [
        ("new", "matched"),
        ("doubtful", "name_differs"),
        ("doubtful", "deceased"),
        ("new", "not_registered"),
        ("error", "id_length"),
        ("unchanged", "repeated"),
        ("doubtful", "duplicate_differs"),
        ("doubtful", "duplicate_differs"),
    ]
    exchange.confirm_file(file_id=file.pk, actor=None)
    assert register() == before
    kept = ComparisonRow.objects.order_by("row").values_list("result", "name", "known_name", "status", "occurred_on")
    day = date(2023, 5, 9)
    assert list(kept) == [
        (Result.MATCHED, line(1)["name"], line(1)["name"], "离职", day),
        (Result.NAME_DIFFERS, "别人", line(2)["name"], "离职", day),
        (Result.DECEASED, line(3)["name"], line(3)["name"], "刑满释放", day),
        (Result.NOT_REGISTERED, "外人", "", "解聘", day),
    ]
    assert listed(tongliao, "human_resources", MAY).exclude(person=None).count() == 3
    assert {row.name for row in changed_identities(tongliao, MAY)} == {"别人", line(3)["name"]}
    assert file.inquiries.count() == 0
    exchange.undo_file(file_id=file.pk, actor=None)
    assert (ComparisonRow.objects.count(), register()) == (0, before)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 4),
        ("?result=name_differs", 1),
        ("?q=刑满", 1),
        ("?month=2023-06", 0),
        ("?region=150500000000", 4),
        ("?region=150521000000", 0),
    ],
)
def test_the_page_of_results(users, client, django_assert_max_num_queries, query, expected):
    file = sent(None)
    exchange.confirm_file(file_id=file.pk, actor=None)
    client.force_login(users[Role.CASE_WORKER])
    with django_assert_max_num_queries(20):
        page = client.get(reverse("beneficiaries:comparisons") + query).content.decode()
    assert page.count("data-row") == expected
    assert "********" in page or not expected


def test_a_department_sees_its_own_lists_only(users, client):
    file = sent(None)
    exchange.confirm_file(file_id=file.pk, actor=None)
    own = make_user(Role.LIAISON, username="hr", department="human_resources", region=CITY)
    counts = []
    for user in (own, users[Role.LIAISON]):
        client.force_login(user)
        counts.append(client.get(reverse("beneficiaries:comparisons")).content.decode().count("data-row"))
    assert counts == [4, 0]
