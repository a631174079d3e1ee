"""Doubtful rows settled by a person: stored, taken back, written at the confirmation, undone with the file."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell, Person, id_key
from beneficiaries.services import end_category
from exchange import deciding
from exchange import services as exchange
from exchange.errors import ExchangeError, ImportBlocked, NotAllowed, RegisterMoved
from exchange.models import InboundFile, Outcome
from exchange.reader.names import UNNAMED
from tests.beneficiaries.rosters import JULY, JUNE, line, number, outcomes, prepare, register, roster, send

pytestmark = pytest.mark.django_db
EVERYONE = [line(n) for n in range(1, 11)]


def person(n: int) -> Person:
    return Person.objects.get(id_key=id_key(number(n)))


def open_spells(n: int) -> list[tuple[str, str]]:
    found = CategorySpell.objects.current().filter(person=person(n), valid_to=None)
    return [(one.category, str(one.valid_from)) for one in found]


def decided(file: InboundFile, decision: str, *lines: int, actor=None) -> None:
    rows = file.rows.filter(row__in=lines).values_list("pk", flat=True)
    deciding.decide(actor=actor, file_id=file.pk, decision=decision, rows=rows)


def confirm(file: InboundFile) -> InboundFile:
    return exchange.confirm_file(file_id=file.pk, actor=None)


@pytest.fixture
def june(tongliao) -> InboundFile:
    """A June roster with a doubt of each kind: lines 2 and 3 another name, 4 died, 5 and 6 two words on one person."""
    send(roster(*EVERYONE))
    Person.objects.filter(pk=person(3).pk).update(deceased_on=date(2023, 5, 9))
    rows = [
        line(1, name="娜仁花", category="特困人员", valid_from="2023-06-01"),
        line(2, name="别人"),
        line(3, phone="13911111111"),
        line(4, category="特困人员", valid_from="2023-06-01"),
        line(4, phone="13922222222"),
        *EVERYONE[4:],
    ]
    return prepare(roster(*rows), month=JUNE)


def test_outcomes_stay_until_somebody_decides(june):
    assert outcomes(june)[:5] == [
        ("doubtful", "name_differs"),
        ("doubtful", "name_differs"),
        ("doubtful", "deceased"),
        ("doubtful", "duplicate_differs"),
        ("doubtful", "duplicate_differs"),
    ]
    before = register()
    confirm(june)
    assert register() == before


def test_s1_04_each_decision_does_what_it_says_and_undo_takes_all_of_it_back(june):
    before = register()
    decided(june, "take_file", 2)
    decided(june, "keep_register", 3)
    decided(june, "alive", 4)
    decided(june, "choose", 5)
    confirm(june)
    assert (person(1).name, person(1).initials, open_spells(1)) == (
        "娜仁花", "nrh", [("extreme_poverty", "2023-06-01")],
    )  # fmt: skip
    assert (person(2).name, open_spells(2)) == (line(2)["name"], [("subsistence", "2022-03-01")])
    assert (person(3).deceased_on, person(3).phone) == (None, "13911111111")
    assert (open_spells(4), person(4).phone) == ([("extreme_poverty", "2023-06-01")], line(4)["phone"])
    # The wrong name that was decided about once is doubtful again; what was taken is not.
    july = prepare(
        roster(line(1, name="娜仁花", category="特困人员", valid_from="2023-06-01"), line(2, name="别人")), month=JULY
    )
    assert outcomes(july)[:2] == [("unchanged", ""), ("doubtful", "name_differs")]
    exchange.undo_file(file_id=june.pk, actor=None)
    assert register() == before
    assert person(1).pinyin == "ce shi yi"


def test_a_choice_drops_the_other_rows_and_is_taken_back_with_them(june):
    decided(june, "choose", 5)
    assert list(june.rows.filter(row__in=(5, 6)).order_by("row").values_list("decision", flat=True)) == [
        "choose",
        "drop",
    ]
    decided(june, "choose", 6)
    assert list(june.rows.filter(row__in=(5, 6)).order_by("row").values_list("decision", flat=True)) == [
        "drop",
        "choose",
    ]
    decided(june, "", 6)
    assert set(june.rows.filter(row__in=(5, 6)).values_list("decision", flat=True)) == {""}
    with pytest.raises(ExchangeError, match="同一人"):
        decided(june, "choose", 5, 6)


def test_all_undecided_rows_of_a_kind_at_once(june):
    decided(june, "reject", 2)
    changed = deciding.decide(actor=None, file_id=june.pk, decision="keep_register", code="name_differs")
    assert [row.row for row in changed] == [3]
    assert deciding.doubts(june) == [
        {"code": "deceased", "rows": 1, "open": 1},
        {"code": "duplicate_differs", "rows": 2, "open": 2},
        {"code": "name_differs", "rows": 2, "open": 0},
    ]


@pytest.mark.parametrize(("row", "decision"), [(2, "alive"), (4, "take_file"), (7, "reject"), (2, "nonsense")])
def test_an_answer_that_does_not_fit_is_refused(june, row, decision):
    with pytest.raises(ExchangeError):
        decided(june, decision, row)
    assert not june.rows.exclude(decision="").exists()


def test_two_doubts_in_one_row_go_back_to_the_department(tongliao):
    send(roster(*EVERYONE))
    file = prepare(roster(line(1, name="别人"), line(1), *EVERYONE[1:]), month=JUNE)
    with pytest.raises(ExchangeError, match="退回部门核实"):
        decided(file, "choose", 2)
    decided(file, "choose", 3)
    confirm(file)
    assert person(1).name == line(1)["name"]


def test_decisions_outlive_a_new_comparison_and_end_with_the_confirmation(june):
    decided(june, "take_file", 2)
    end_category(
        actor=None, spell=CategorySpell.objects.current().get(person=person(9)), last_day=JUNE, reason="本人申请"
    )
    with pytest.raises(RegisterMoved):
        confirm(june)
    assert june.rows.get(row=2).decision == "take_file"
    confirm(june)
    assert person(1).name == "娜仁花"
    with pytest.raises(ImportBlocked):
        decided(june, "reject", 3)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CASE_WORKER])
def test_only_who_confirms_decides(users, june, role):
    with pytest.raises(NotAllowed):
        decided(june, "reject", 2, actor=users[role])


def test_a_person_without_a_name_gets_the_rosters(tongliao):
    send(roster(*EVERYONE))
    Person.objects.filter(pk=person(1).pk).update(name=UNNAMED, initials="", pinyin="")
    before = register()
    file = send(roster(*EVERYONE), month=JUNE)
    assert file.counts[Outcome.CHANGED] == 1 and file.counts[Outcome.DOUBTFUL] == 0
    assert (person(1).name, person(1).initials) == (line(1)["name"], "csy")
    assert CategorySpell.objects.filter(person=person(1)).count() == 1
    exchange.undo_file(file_id=file.pk, actor=None)
    assert {row[2] for row in register()["persons"]} == {row[2] for row in before["persons"]}


# --- the page -------------------------------------------------------------------------------------------------------
def test_decisions_on_the_page(client, users, june):
    client.force_login(users[Role.CASE_WORKER])
    here, url = reverse("exchange:file", args=[june.pk]), reverse("exchange:decide", args=[june.pk])
    page = client.get(here + "?outcome=doubtful&code=name_differs").content.decode()
    assert page.count('data-digit="1"') == 2 and "未处理" in page
    row = june.rows.get(row=5)
    answer = client.post(url, {"ids": row.pk, "decision": "choose"}, headers={"HX-Request": "true"}).content.decode()
    assert answer.count('id="decide-') == 2 and answer.count("hx-swap-oob") == 1
    assert client.post(url, {"ids": row.pk, "decision": "alive"}, headers={"HX-Request": "true"}).status_code == 409
    client.post(url, {"code": "name_differs", "decision": "reject"})
    assert june.rows.filter(decision="reject").count() == 2
    unchanged = client.get(here + "?outcome=unchanged").content.decode()
    assert line(6)["name"] in unchanged and "低保对象" in unchanged
