"""Rows that say what was said last month: known without being read, and never taken for what they are not."""

import threading
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.models import Region
from beneficiaries.models import CategorySpell, Person, SpellEcho, id_key
from beneficiaries.roster.echoes import Hashes
from config.operations import retention
from exchange import preview, services
from exchange.errors import RegisterMoved
from exchange.models import UnchangedRows
from tests.beneficiaries.rosters import JULY, JUNE, MAY, line, number, outcomes, prepare, register, roster, send
from tests.factories import make_user

pytestmark = pytest.mark.django_db
MANY = [line(n) for n in range(1, 31)]
SAME = [("unchanged", "")]


def staged(file) -> list[int]:
    """Lines that were staged one by one."""
    return sorted(file.rows.filter(row__isnull=False).values_list("row", flat=True))


def known(file) -> list[int]:
    """Lines that were known without."""
    return sorted(one for lines in file.unchanged.values_list("lines", flat=True) for one in lines)


def test_what_was_said_last_month_is_known_and_not_staged(tongliao):
    send(roster(*MANY))
    june = prepare(roster(*MANY, line(40)), month=JUNE)
    assert known(june) == list(range(2, 32)) and staged(june) == [32]
    assert (june.counts["unchanged"], june.counts["new"], june.counts["rows"]) == (30, 1, 31)
    assert [row[:2] for row in services.report_rows(june)] == [*((n, "unchanged") for n in range(2, 32)), (32, "new")]
    before = register()
    services.confirm_file(file_id=june.pk, actor=None)
    assert len(register()["spells"]) == len(before["spells"]) + 1


@pytest.mark.parametrize(
    "spelled",
    [
        {"valid_from": "2022年3月1日"},
        {"name": " 测试 甲 "},
        {"id_number": f"'{number(10)}"},
        {"phone": "139-0000-0010"},
        {"category": "低保"},
    ],
    ids=lambda spelled: next(iter(spelled)),
)
def test_another_spelling_is_no_change_and_not_staged(tongliao, spelled):
    rows = [line(n) for n in range(1, 21)]
    send(roster(*rows))
    june = prepare(roster(*rows[:9], rows[9] | spelled, *rows[10:]), month=JUNE)
    assert outcomes(june) == SAME * 20 and staged(june) == []


def test_a_file_that_is_spelled_otherwise_is_quick_the_month_after(tongliao):
    send(roster(*MANY))
    before = dict(SpellEcho.objects.values_list("pk", "said"))
    prepare(roster(*MANY[:28], *(line(n, phone=f"139-0000-00{n}") for n in (29, 30))), month=JUNE)
    assert dict(SpellEcho.objects.values_list("pk", "said")) == before, "a few are chance"
    prepare(roster(*(line(n, name=f"{line(n)['name'][0]} {line(n)['name'][1:]}") for n in range(1, 31))), month=JUNE)
    after = dict(SpellEcho.objects.values_list("pk", "said"))
    assert after.keys() == before.keys() and not set(after.values()) & set(before.values())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([line(1), line(1)], [("unchanged", ""), ("unchanged", "repeated")]),
        ([line(1), line(1, phone="139 0000 0001")], [("unchanged", ""), ("unchanged", "repeated")]),
        ([line(1, name="测试 乙"), line(1)], [("unchanged", ""), ("unchanged", "repeated")]),
        ([line(1), line(1, relation="子女")], [("doubtful", "duplicate_differs")] * 2),
        ([line(1, category="特困人员"), line(1)], [("doubtful", "duplicate_differs")] * 2),
        ([line(1), line(1, phone=""), line(1)], [("doubtful", "duplicate_differs")] * 3),
        ([line(1, category="困难群众"), line(1)], [("error", "category_unknown"), ("unchanged", "")]),
    ],
    ids=["known twice", "spelled otherwise", "first otherwise", "differs", "first differs", "three", "one faulty"],
)
def test_several_rows_of_one_person_of_whom_one_is_known(tongliao, rows, expected):
    send(roster(*MANY))
    june = prepare(roster(*rows, *MANY[1:]), month=JUNE)
    assert outcomes(june) == expected + SAME * 29
    assert all(str(rows.index(rows[0]) + 2) in row.reason for row in june.rows.filter(code="repeated"))


def test_the_same_notes_stand_every_month(tongliao):
    rows = [line(1, phone="不详电话"), *MANY[1:]]
    send(roster(*rows))
    for month in (JUNE, JULY):
        file = send(roster(*rows), month=month)
        assert outcomes(file) == SAME * 30
        assert [(note["code"], note["count"]) for note in file.notes if note["code"] == "phone"] == [("phone", 1)]


def test_a_row_with_too_many_cells_is_wrong_though_the_others_are_known(tongliao):
    send(roster(*MANY))
    content = roster(*MANY).decode().splitlines()
    content[1] += ",还有,一格"
    june = prepare("\n".join(content).encode(), month=JUNE)
    assert outcomes(june) == [("error", "cells"), *SAME * 29]


def test_what_a_place_means_is_part_of_what_a_row_says(tongliao):
    village = Region.objects.create(code="150521100009", name="测试村", level=5, parent_id="150521100000")
    rows = [line(n, region="测试村") for n in (1, 2)]
    send(roster(*rows))
    assert known(prepare(roster(*rows), month=JUNE)) == [2, 3]
    Region.objects.filter(pk=village.pk).update(name="从前的村")
    assert {outcome for outcome, _code in outcomes(prepare(roster(*rows), month=JUNE, afresh=True))} == {"error"}
    Region.objects.create(code="150521100008", name="测试村", level=5, parent_id="150521100000")
    assert outcomes(prepare(roster(*rows), month=JUNE, afresh=True)) == [("changed", "")] * 2


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ({"name": "改了名"}, ("doubtful", "name_differs")),
        ({"deceased_on": date(2023, 5, 20)}, ("doubtful", "deceased")),
    ],
    ids=["renamed", "died"],
)
def test_what_happened_to_a_person_is_seen_though_the_row_is_the_same(tongliao, happened, expected):
    send(roster(*MANY))
    Person.objects.filter(id_key=id_key(number(1))).update(**happened)
    june = prepare(roster(*MANY), month=JUNE)
    assert outcomes(june) == [expected, *SAME * 29] and staged(june) == [2]


def test_an_altered_spell_has_no_echo(tongliao):
    send(roster(*MANY))
    CategorySpell.objects.filter(person__id_key=id_key(number(1))).update(household="150521009999")
    CategorySpell.objects.filter(person__id_key=id_key(number(2))).delete()
    assert SpellEcho.objects.count() == 28


def test_echoes_return_with_the_spells_that_an_undo_brings_back(tongliao):
    send(roster(*MANY))
    june = send(roster(line(1, category="特困人员"), *MANY[1:-1]), month=JUNE)
    assert outcomes(june)[0] == ("changed", "") and outcomes(june)[-1] == ("exited", "")
    services.undo_file(file_id=june.pk, actor=None)
    again = prepare(roster(*MANY), month=JUNE)
    assert known(again) == list(range(2, 32))


def test_who_is_known_does_not_leave_and_who_is_not_there_does(tongliao):
    send(roster(*MANY))
    june = prepare(roster(*MANY[:-1]), month=JUNE)
    assert outcomes(june) == [*SAME * 29, ("exited", "")]


def test_a_register_that_moved_under_a_known_row_is_compared_again(tongliao):
    send(roster(*MANY))
    june = prepare(roster(*MANY), month=JUNE)
    CategorySpell.objects.filter(person__id_key=id_key(number(3))).update(known_to=timezone.now())
    with pytest.raises(RegisterMoved):
        services.confirm_file(file_id=june.pk, actor=None)
    june.refresh_from_db()
    assert (june.counts["new"], june.counts["unchanged"]) == (1, 29)


def test_the_preview_shows_known_rows_with_what_the_register_says(client, tongliao):
    client.force_login(make_user("case_worker"))
    send(roster(*MANY))
    june = prepare(roster(*MANY, line(40)), month=JUNE)
    for address in ("?outcome=unchanged", ""):
        page = client.get(reverse("exchange:file", args=[june.pk]) + address).content.decode()
        assert page.count("测试") >= 30 and "低保对象" in page and number(3) not in page
    assert client.get(reverse("exchange:file", args=[june.pk]) + "?outcome=new").content.decode().count("测试") < 5


def test_known_rows_go_with_the_file_and_in_their_time(tongliao, settings):
    may = send(roster(*MANY))
    june = prepare(roster(*MANY), month=JUNE)
    services.cancel_file(file_id=june.pk, actor=None)
    assert not UnchangedRows.objects.exists()
    june = send(roster(line(1, category="特困人员"), *MANY[1:]), month=JUNE)
    old = timezone.now() - timedelta(days=settings.RETENTION_STAGED_DAYS + 1)
    type(may).objects.update(uploaded_at=old)
    CategorySpell.objects.exclude(known_to=None).update(known_to=old)
    counts = retention.tidy()
    assert (counts["unchanged_rows"], counts["echoes"]) == (1, 1) and not june.unchanged.exists()
    assert SpellEcho.objects.count() == 30


def test_hashes_are_found_wherever_they_lie():
    chance = np.random.default_rng(1)
    many = chance.integers(0, 2**64, (5000, 2), dtype=np.uint64)
    many[:600, 0] >>= np.uint64(16)  # crowded at the beginning
    many[600:1200, 0] |= np.uint64(2**64 - 2**48)  # and at the end
    numbers = chance.permutation(5000)
    index = Hashes(many.astype(">u8"), numbers)
    as_bytes = [row.astype(">u8").tobytes() for row in many]
    assert index.find(as_bytes).tolist() == numbers.tolist()
    others = [one[:8] + bytes(8) for one in as_bytes] + [bytes(16), b"\xff" * 16]
    assert set(index.find(others).tolist()) == {-1}
    assert Hashes(many[:0], numbers[:0]).find(as_bytes[:2]).tolist() == [-1, -1] and len(index.find([])) == 0


@pytest.mark.django_db(transaction=True)
def test_two_writers_about_one_person_see_each_other(tongliao):
    send(roster(line(1)))
    someone = Person.objects.get()
    entered, answers = threading.Barrier(2), []

    def certify(start: date) -> None:
        try:
            with transaction.atomic():
                entered.wait(10)
                CategorySpell.objects.create(
                    person=someone,
                    category="orphan",
                    department="civil_affairs",
                    region_id=someone.region_id,
                    valid_from=start,
                )
            answers.append("written")
        except IntegrityError as error:
            answers.append("spell_no_overlap" if "spell_no_overlap" in str(error) else str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=certify, args=[day]) for day in (MAY, JUNE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["spell_no_overlap", "written"]


def test_a_spell_needs_its_person_and_keeps_them(tongliao):
    send(roster(line(1)))
    spell = CategorySpell.objects.get()
    with pytest.raises(IntegrityError, match="refers to nothing"), transaction.atomic():
        CategorySpell.objects.filter(pk=spell.pk).update(person_id=spell.person_id + 1000)
    with pytest.raises(IntegrityError, match="is referred to by"), transaction.atomic():
        Person.objects.filter(pk=spell.person_id)._raw_delete("default")


@pytest.mark.parametrize("sort", ["row", "-row"])
@pytest.mark.parametrize("outcome", ["", "unchanged"])
def test_paging_through_every_row_is_as_if_all_were_staged(tongliao, monkeypatch, rf, sort, outcome):
    """Pages forward to the end and back again; known rows lie in pieces of seven, some spelled otherwise, doubtful ones
    and exits between."""
    monkeypatch.setattr(UnchangedRows, "MANY", 7)
    monkeypatch.setattr(preview, "SAMPLE", 5)
    send(roster(*MANY))
    rows = [
        line(n, **({"name": "别人"} if n % 4 == 0 else {"phone": f"139-0000-{n:04d}"} if n % 5 == 0 else {}))
        for n in range(1, 28)
    ]
    june = prepare(roster(*rows), month=JUNE)
    wanted = list(june.every_row.order_by(*([F(sort[-3:]).desc(nulls_last=True)] if "-" in sort else ["row"])))
    wanted = [one.row for one in wanted if not outcome or one.outcome == outcome]
    assert wanted.count(None) == (0 if outcome else 3) and len(wanted) == (21 if outcome else 30)

    def page(address: str):
        return preview.listing(rf.get(address), june).page

    forward, one = [], page(f"?sort={sort}&outcome={outcome}")
    assert one.count == len(wanted)
    while True:
        forward.append([row.row for row in one.rows])
        if not one.next:
            break
        one = page(one.next)
    assert [row for rows in forward for row in rows] == wanted
    for rows in reversed(forward[:-1]):
        one = page(one.previous)
        assert [row.row for row in one.rows] == rows
    assert not one.previous or one.number == 1
