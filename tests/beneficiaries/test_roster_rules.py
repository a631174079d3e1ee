"""What counts as what: outcomes of single rows, and what a confirmed roster leaves in the register."""

from datetime import date

import pytest

from beneficiaries.models import CategorySpell, Household, Person, id_key
from beneficiaries.roster.kind import exit_share
from exchange.errors import ImportBlocked
from exchange.models import ImportRule, InboundFile
from tests.beneficiaries.rosters import CITY, JULY, JUNE, MAY, line, number, outcomes, prepare, roster, send

pytestmark = pytest.mark.django_db


def spells(n: int) -> list[tuple]:
    """(category, valid_from, valid_to, reason) of person n as known now, oldest first."""
    found = CategorySpell.objects.current().filter(person__id_key=id_key(number(n))).order_by("valid_from")
    return [(one.category, str(one.valid_from), str(one.valid_to or ""), one.exit_reason) for one in found]


def person(n: int) -> Person:
    return Person.objects.get(id_key=id_key(number(n)))


def test_a_new_person_is_registered_with_what_follows_from_the_number(tongliao):
    file = send(roster(line(1, name="曾玉兰", phone="139-0000-0001")))
    one = person(1)
    assert outcomes(file) == [("new", "")]
    assert (one.name, one.initials, one.id_number) == ("曾玉兰", "zyl", number(1))
    assert (one.sex, one.birth_date, one.phone, one.relation) == ("male", date(1980, 1, 1), "13900000001", "户主")
    assert (one.region_id, one.household.number, one.household.region_id) == (
        "150521100000",
        "150521000000",
        "150521000000",
    )
    assert spells(1) == [("subsistence", "2022-03-01", "", "")]
    spell = one.spells.get()
    assert (spell.source, spell.source_row, spell.department) == (file, 2, "civil_affairs")


def test_places_below_a_known_county_are_made_and_named_by_their_code(tongliao):
    send(roster(line(1, region="150522103007")))
    one = person(1)
    assert one.region.name == "150522103007" and one.region.parent_id == "150522103000"
    assert one.region.parent.parent_id == "150522000000"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("unchanged", "")),
        ({"id_number": "１５０５２１１９８００１０１" + number(1)[14:]}, ("unchanged", "")),
        ({"valid_from": "2022年3月1日", "phone": "139 0000 0001"}, ("unchanged", "")),
        ({"phone": "", "household": "", "relation": "", "region": "", "valid_from": ""}, ("unchanged", "")),
        ({"category": "特困人员"}, ("changed", "")),
        ({"valid_from": "2022-04-01"}, ("changed", "")),
        ({"valid_to": "2023-12-31"}, ("changed", "")),
        ({"phone": "13911111111"}, ("changed", "")),
        ({"household": "X-9"}, ("changed", "")),
        ({"relation": "配偶"}, ("changed", "")),
        ({"region": "150522000000"}, ("changed", "")),
        ({"name": "别人"}, ("doubtful", "name_differs")),
        ({"category": "重度残疾人"}, ("error", "category_not_yours")),
        ({"category": "困难群众"}, ("error", "category_unknown")),
        ({"valid_from": "2023-13-01"}, ("error", "date")),
        ({"valid_to": "2021-01-01"}, ("error", "date_order")),
        ({"valid_from": "", "valid_to": "2021-01-01"}, ("error", "date_order")),
        ({"region": "370829000000"}, ("error", "region_unknown")),
        ({"region": "150000000000"}, ("error", "region_not_yours")),
        ({"name": ""}, ("error", "missing")),
    ],
)
def test_one_row_of_a_known_person(tongliao, changed, expected):
    send(roster(line(1)))
    assert outcomes(prepare(roster(line(1, **changed)), month=JUNE)) == [expected]


def test_the_second_of_two_identical_rows_is_repeated_and_differing_ones_are_both_doubtful(tongliao):
    file = prepare(roster(line(1), line(2), line(1), line(2, phone="13911111111"), line(3)))
    assert outcomes(file) == [
        ("new", ""),
        ("doubtful", "duplicate_differs"),
        ("unchanged", "repeated"),
        ("doubtful", "duplicate_differs"),
        ("new", ""),
    ]
    assert "第 2 行" in file.rows.get(row=4).reason


def test_a_row_about_the_dead_is_doubtful_but_their_exit_is_not(tongliao):
    send(roster(line(1), line(2)))
    Person.objects.update(deceased_on=date(2023, 5, 20))
    file = prepare(roster(line(1), line(2, valid_to="2023-05-20")), month=JUNE)
    assert outcomes(file) == [("doubtful", "deceased"), ("changed", "")]


def test_a_changed_category_ends_the_old_one_the_day_before(tongliao):
    send(roster(line(1)))
    send(roster(line(1, category="特困人员", valid_from="2023-06-01")), month=JUNE)
    assert spells(1) == [
        ("subsistence", "2022-03-01", "2023-05-31", "类别变更"),
        ("extreme_poverty", "2023-06-01", "", ""),
    ]
    superseded = CategorySpell.objects.exclude(known_to=None).get()
    assert (superseded.valid_to, superseded.closed_by.month) == (None, JUNE)


def test_a_category_corrected_from_its_beginning_leaves_nothing_of_the_wrong_one(tongliao):
    send(roster(line(1)))
    send(roster(line(1, category="特困人员")), month=JUNE)
    assert spells(1) == [("extreme_poverty", "2022-03-01", "", "")]


def test_who_is_missing_from_a_full_roster_exits_on_the_first_of_the_month(tongliao):
    everyone = [line(n) for n in range(1, 11)]
    send(roster(*everyone))
    file = send(roster(*everyone[1:]), month=JUNE)
    assert (file.counts["exited"], file.counts["rows"]) == (1, 9)
    assert spells(1) == [("subsistence", "2022-03-01", "2023-05-31", "名单中不再出现")]
    assert spells(2) == [("subsistence", "2022-03-01", "", "")]


def test_exits_are_of_this_department_and_region_only(tongliao):
    send(roster(line(1, region="150522100000")))
    send(roster(line(2, category="重度残疾人")), department="disabled_federation")
    file = prepare(roster(*(line(n) for n in range(3, 9))), region="150521000000", month=JUNE)
    assert file.counts["exited"] == 0


def test_faulty_and_doubtful_rows_about_known_persons_are_no_exits(tongliao):
    send(roster(line(1), line(2), line(3), line(4)))
    wrong = [line(1, category="?"), line(2, name="别人"), line(3, valid_from="x"), line(4, name="")]
    assert prepare(roster(*wrong), month=JUNE).counts["exited"] == 0


def test_a_person_dropped_and_back_again_holds_the_category_without_a_gap(tongliao):
    everyone = [line(n) for n in range(1, 11)]
    send(roster(*everyone))
    send(roster(*everyone[1:]), month=JUNE)
    back = send(roster(*everyone), month=JULY)
    assert back.counts["new"] == 1
    assert spells(1) == [("subsistence", "2022-03-01", "", "")]


def test_a_file_of_changes_brings_new_ones_and_exits_and_leaves_the_others(tongliao):
    send(roster(line(1), line(2)))
    changes = roster(line(2, valid_to="2023-06-10"), line(3), line(4, valid_to="2023-06-10"))
    file = send(changes, month=JUNE, mode=InboundFile.Mode.CHANGES)
    assert outcomes(file) == [("exited", ""), ("new", ""), ("doubtful", "not_found")]
    assert spells(1) == [("subsistence", "2022-03-01", "", "")]
    assert spells(2) == [("subsistence", "2022-03-01", "2023-06-10", "")]
    again = prepare(changes, month=JUNE, mode=InboundFile.Mode.CHANGES, afresh=True)
    assert outcomes(again) == [("unchanged", ""), ("unchanged", ""), ("doubtful", "not_found")]


def test_another_departments_word_is_no_change_of_this_one(tongliao):
    mine = roster(line(1))
    theirs = roster(line(1, category="重度残疾人", phone="13922222222", region="150521100002"))
    send(mine)
    send(theirs, department="disabled_federation")
    assert person(1).phone == "13922222222"
    assert outcomes(prepare(mine, month=JUNE)) == [("unchanged", "")]
    assert outcomes(prepare(theirs, department="disabled_federation", month=JUNE)) == [("unchanged", "")]
    send(roster(line(1, phone="13933333333")), month=JUNE)
    assert (person(1).phone, person(1).region_id) == ("13933333333", "150521100002")


def test_a_wider_place_is_no_news_about_where_someone_lives(tongliao):
    send(roster(line(1, region="150521100002")))
    send(roster(line(1, category="重度残疾人", region="150521000000")), department="disabled_federation")
    assert person(1).region_id == "150521100002"


def test_households_are_numbered_per_county(tongliao):
    send(roster(line(1, household="7"), line(2, household="7"), line(3, household="7", region="150522100000")))
    assert person(1).household == person(2).household != person(3).household
    assert Household.objects.filter(number="7").count() == 2


@pytest.mark.parametrize(
    ("share", "exits", "unusual"), [(None, 2, False), (None, 3, True), (40, 4, False), (0, 1, True)]
)
def test_more_exits_than_the_bureaus_share_are_unusual(tongliao, share, exits, unusual):
    if share is not None:
        ImportRule.objects.create(region=tongliao, exit_share=share)
    everyone = [line(n) for n in range(1, 11)]
    send(roster(*everyone))
    file = prepare(roster(*everyone[exits:]), month=JUNE)
    assert bool(file.unusual) is unusual


def test_an_older_full_roster_cannot_follow_a_newer_one(tongliao):
    send(roster(line(1)), month=JUNE)
    with pytest.raises(ImportBlocked, match="2023-06"):
        send(roster(line(2)), month=MAY)
    assert not Person.objects.filter(id_key=id_key(number(2))).exists()


def test_rules_of_the_nearest_region_count(tongliao):
    ImportRule.objects.create(region_id=CITY, exit_share=10)
    ImportRule.objects.create(region_id="150521000000", exit_share=30)
    assert [exit_share(code) for code in ("150521100000", "150522000000", "150000000000")] == [30, 10, 20]
