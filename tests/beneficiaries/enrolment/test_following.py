"""What a roster changes in enrolment: years computed anew, monasteries by file, and both taken back with it."""

from datetime import date

import pytest

from accounts.models import Region
from beneficiaries.changes import Cause, facts_changed
from beneficiaries.enrolment import following, selectors
from beneficiaries.enrolment.models import Enrolment, PersonMark
from beneficiaries.models import Person, id_key
from exchange import services as exchange
from exchange.errors import ImportBlocked
from tests.beneficiaries.enrolment.people import COUNTY, compute, pay, person, row, shares, spell
from tests.beneficiaries.rosters import JUNE, MAY, line, number, outcomes, prepare, roster, send

pytestmark = pytest.mark.usefixtures("law")
NEWS = {"mode": "changes"}  # others of the department stay


def csv_of(head: str, *rows: str) -> bytes:
    return "\n".join((head, *rows)).encode("gb18030")


def person_of(n: int) -> Person:
    return Person.objects.get(id_key=id_key(number(n)))


@pytest.fixture
def queued(django_capture_on_commit_callbacks, monkeypatch):
    """Runs `call` and then the tasks that it sent; gives their names."""
    from beneficiaries.enrolment import tasks

    known = {following.FOLLOW_FILE: tasks.follow_file, following.FOLLOW_PERSONS: tasks.follow_persons}
    names: list[str] = []

    def run(name, args=()):
        names.append(name)
        known[name](*args)

    monkeypatch.setattr(following.current_app, "send_task", run)

    def during(call):
        names.clear()
        with django_capture_on_commit_callbacks(execute=True):
            found = call()
        return found, list(names)

    return during


def test_s0_04_a_confirmed_roster_computes_whom_it_touched_and_nobody_else(queued):
    other = person("subsistence", name="别的人")
    compute()
    spell(other, "orphan", "2023-01-01")  # not told: only the next computation sees it
    _file, names = queued(lambda: send(roster(line(1), line(2)), **NEWS))
    assert names == [following.FOLLOW_FILE]
    assert [shares(person_of(n)) for n in (1, 2)] == [("subsistence", 157, 0, 192)] * 2
    assert shares(other)[0] == "subsistence"
    # In June one of them is raised to 特困: the highest counts, from the same roster.
    queued(lambda: send(roster(line(1, category="特困人员"), line(2)), month=JUNE, **NEWS))
    assert shares(person_of(1)) == ("extreme_poverty", 350, 0, 0)
    assert following.follow_file(file=_file)[2023] == 0


def test_a_county_that_has_not_begun_the_year_is_left_alone(queued):
    _file, names = queued(lambda: send(roster(line(1)), **NEWS))
    assert (names, Enrolment.objects.count()) == ([], 0)


def test_an_undone_roster_takes_its_years_along_and_sets_the_others_back(queued):
    other = person("subsistence", name="别的人")
    compute()
    file, _names = queued(lambda: send(roster(line(1)), **NEWS))
    raised, _names = queued(lambda: send(roster(line(1, category="特困人员")), month=JUNE, **NEWS))
    assert shares(person_of(1))[0] == "extreme_poverty"
    queued(lambda: exchange.undo_file(file_id=raised.pk, actor=None))
    assert shares(person_of(1))[0] == "subsistence"
    queued(lambda: exchange.undo_file(file_id=file.pk, actor=None))
    assert list(Enrolment.objects.values_list("person", "year")) == [(other.pk, 2023)]


def test_a_roster_whose_people_have_paid_is_not_undone(queued):
    person("subsistence", name="别的人")
    compute()
    file, _names = queued(lambda: send(roster(line(1)), **NEWS))
    pay(person_of(1), 192.5)
    compute()
    with pytest.raises(ImportBlocked):
        exchange.undo_file(file_id=file.pk, actor=None)


def test_a_corrected_category_is_computed_at_once(queued):
    one = person("subsistence")
    compute()
    spell(one, "orphan", "2023-05-01")
    _none, names = queued(
        lambda: facts_changed(one.pk, since=date(2023, 5, 1), cause=Cause.CATEGORY, reference="spell:1")
    )
    assert names == [following.FOLLOW_PERSONS]
    assert shares(one) == ("orphan", 350, 0, 0)


def test_killed_halfway_or_run_twice_the_following_comes_to_the_same(queued):
    person("subsistence", name="别的人")
    compute()
    file, _names = queued(lambda: send(roster(line(1), line(2)), **NEWS))
    Enrolment.objects.filter(person=person_of(2)).delete()
    assert following.follow_file(file=file)[2023] == 1
    assert following.follow_file(file=file)[2023] == 0
    assert row(person_of(2)).fund == 15750


# --- monks and nuns (S0-20) -----------------------------------------------------------------------------------------
MONKS = "姓名,身份证号,人员类别,行政区划代码,认定日期,寺庙,先进僧尼"
ETHNIC = {"department": "ethnic_affairs", "name": "僧尼.csv"}


def monk(n: int, monastery: str, commended: str = "否", since: str = "2022-03-01") -> str:
    return f"测试{'甲乙丙丁戊己庚辛壬癸'[n % 10]},{number(n)},寺庙僧尼,150521100000,{since},{monastery},{commended}"


def marks() -> list[tuple]:
    found = PersonMark.objects.order_by("person__tail_key", "since", "id")
    return sorted(
        (one.person.name, one.detail, one.commended, one.since, one.until) for one in found.select_related("person")
    )


def test_s0_20_the_roster_of_ethnic_affairs_names_monasteries_and_the_commended(users):
    may = send(csv_of(MONKS, monk(1, "兴源寺", "是"), monk(2, "兴源寺"), monk(3, "")), month=MAY, **ETHNIC)
    first = [
        ("测试乙", "兴源寺", True, date(2022, 3, 1), None),
        ("测试丙", "兴源寺", False, date(2022, 3, 1), None),
    ]
    assert marks() == sorted(first)
    pay(person_of(1), 350)
    compute()
    found, rest = selectors.monasteries(users["case_worker"], 2023)
    assert (found["people"], found["insured"], found["commended_count"]) == (2, 1, 1)
    assert (rest["people"], rest["insured"]) == (1, 0), "the third's row named none"
    # June: one moved, one is not on the list any more, the third got a monastery.
    june = send(
        csv_of(MONKS, monk(1, "福缘寺", "是"), monk(3, "福缘寺")), month=JUNE, second=users["reviewer"], **ETHNIC
    )
    assert marks() == sorted(
        [
            ("测试乙", "兴源寺", True, date(2022, 3, 1), date(2023, 5, 31)),
            ("测试乙", "福缘寺", True, date(2023, 6, 1), None),
            ("测试丙", "兴源寺", False, date(2022, 3, 1), date(2023, 5, 31)),
            ("测试丁", "福缘寺", False, date(2022, 3, 1), None),
        ],
        key=lambda one: one[:4],
    )
    exchange.undo_file(file_id=june.pk, actor=None)
    assert marks() == sorted(first)
    assert may.state == "confirmed"


def test_s0_20_the_same_roster_again_and_one_without_the_columns_change_no_mark():
    content = csv_of(MONKS, monk(1, "兴源寺", "是"))
    send(content, month=MAY, **ETHNIC)
    before = marks()
    again = send(content, month=JUNE, **ETHNIC)
    assert outcomes(again) == [("unchanged", "")]
    plain = ",".join(monk(1, "").split(",")[:5])
    send(csv_of(",".join(MONKS.split(",")[:5]), plain), month=date(2023, 7, 1), **ETHNIC)
    assert marks() == before


def test_a_word_that_is_neither_yes_nor_no_is_an_error_of_its_row():
    file = prepare(csv_of(MONKS, monk(1, "兴源寺", "也许")), month=MAY, **ETHNIC)
    [found] = file.rows.all()
    assert (found.outcome, found.field, found.values["value"]) == ("error", "commended", "也许")


def test_counties_have_their_own_years():
    assert following.opened_years(Region.objects.get(code=COUNTY), 2023) == []
