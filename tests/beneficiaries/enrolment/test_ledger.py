"""The ledger by place and population against the targets of the texts, and the trace of who is not insured."""

from datetime import date, datetime

import pytest
from django.utils import timezone

from accounts.models import Level, Region
from accounts.vocabulary import Role
from accounts.workdays import Workdays
from beneficiaries.enrolment import relay, selectors, services
from beneficiaries.enrolment.computing import compute_county
from beneficiaries.enrolment.models import Enrolment, Insurance
from beneficiaries.enrolment.trace import culprit, next_due, trace
from beneficiaries.models import CategorySpell, Person
from policies.engine.document import Due
from tests.beneficiaries.enrolment.people import COUNTY, TOWNSHIP, compute, pay, person
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("law")


OTHER_TOWNSHIP = "150521101000"


@pytest.fixture
def other_township(law):
    Region.objects.create(code=OTHER_TOWNSHIP, name="舍伯吐镇", level=Level.TOWNSHIP, parent_id=COUNTY)


@pytest.fixture
def banner(law):
    return Region.objects.get(code=COUNTY)


def paid(one: Person, amount: float = 192.5, **more: str) -> Person:
    pay(one, amount, **more)
    return one


def test_s1_03_the_ledger_counts_each_status_and_every_number_has_its_persons(banner, users):
    user = users[Role.CASE_WORKER]
    settled, unpaid = paid(person("subsistence")), person("subsistence")
    full = person("extreme_poverty")
    employed, abroad = person("subsistence"), person("marginal_risk", region=COUNTY)
    late = person("orphan")
    compute()
    services.transfer(actor=None, person=employed, insurance="employee", first_day=date(2023, 1, 1))
    services.transfer(actor=None, person=abroad, insurance="elsewhere", place="沈阳市", first_day=date(2023, 1, 1))
    Enrolment.objects.filter(person=late).update(insurance=Insurance.NONE)
    rows, total = selectors.ledger(user, region=banner, year=2023, population="hardship")
    assert [(one.code, one.people) for one in rows] == [("150521000000", 1), (TOWNSHIP, 5)]
    assert (total.people, total.resident, total.employee, total.elsewhere) == (6, 2, 1, 1)
    assert (total.unpaid, total.unregistered, total.uninsured, total.rate) == (1, 1, 2, 6666)
    for status, expected in {
        "resident": {settled, full},
        "employee": {employed},
        "elsewhere": {abroad},
        "unpaid": {unpaid},
        "unregistered": {late},
        "uninsured": {unpaid, late},
    }.items():
        found = selectors.people(user, region=banner, year=2023, population="hardship", status=status)
        assert set(found) == expected, status
    by = selectors.by_department(user, region=banner, year=2023, population="hardship")
    assert [(one.department, one.people, one.uninsured) for one in by] == [
        ("civil_affairs", 5, 2),
        ("rural_revitalization", 1, 0),
    ]


def test_the_clerk_counts_the_own_township_only(banner, users, other_township):
    person("subsistence")
    person("subsistence", region=OTHER_TOWNSHIP)
    _rows, total = selectors.ledger(users[Role.CLERK], region=banner, year=2023, population="hardship")
    assert total.people == 1


def test_s1_03_targets_stand_beside_what_is_reached(banner, users):
    paid(person("subsistence"))
    person("subsistence")
    compute()
    found = {one.target.name: one for one in selectors.target_rows(users[Role.SUPERVISOR], region=banner, year=2023)}
    everyone, poor = found["基本医疗保险参保率"], found["困难群众参保率"]
    assert (everyone.target.value, everyone.reached, everyone.met) == (9500, None, None)
    assert (poor.target.value, poor.reached, poor.met) == (10000, 5000, False)
    services.set_region_year(actor=None, region=banner, year=2023, residents=1000, insured=951, source="统计公报")
    found = {one.target.name: one for one in selectors.target_rows(users[Role.SUPERVISOR], region=banner, year=2023)}
    assert (found["基本医疗保险参保率"].reached, found["基本医疗保险参保率"].met) == (9510, True)


@pytest.mark.parametrize(
    "region, year, name, value, population",
    [
        ("370811000000", 2023, "困难群众参保率", 9900, "hardship"),  # S2-03
        ("450921000000", 2023, "监测对象和脱贫人口当年及下一年度参保率", 10000, "former"),  # S3-01
        ("140522000000", 2022, "重点人群参保率", 10000, "key"),  # S4-12
    ],
)
def test_s2_03_s3_01_s4_12_each_text_has_its_target_and_population(users, region, year, name, value, population):
    supervisor = make_user(Role.SUPERVISOR, region=region)
    place = Region.objects.get(code=region)
    [one] = selectors.target_rows(supervisor, region=place, year=year)
    assert (one.target.name, one.target.value, one.population) == (name, value, population)


def test_s4_12_key_groups_count_the_disabled_and_those_with_special_care():
    region = "140522000000"
    worker = make_user(Role.CASE_WORKER, region=region)
    for category in ("severe_disability", "special_care", "subsistence", "exited_poverty"):
        person(category, region=region)
    _rows, total = selectors.ledger(worker, region=Region.objects.get(code=region), year=2022, population="key")
    assert total.people == 3


def test_s3_01_this_and_the_next_year_are_both_counted(users):
    region = "450921000000"
    worker = make_user(Role.CASE_WORKER, region=region)
    both, once = person("exited_poverty", region=region), person("marginal_risk", region=region)
    for year in (2023, 2024):
        compute_county(region, year)
    for one, years in ((both, (2023, 2024)), (once, (2023,))):
        for year in years:
            pay(one, 999, year=year)
            compute_county(region, year)
    [one] = selectors.target_rows(worker, region=Region.objects.get(code=region), year=2023)
    assert (one.reached, one.next_reached, one.both_years, one.met) == (10000, 5000, True, False)


def test_s0_06_employed_former_poor_stand_apart_and_are_not_uninsured(banner, users):
    one, other = person("exited_poverty"), person("exited_poverty")
    compute()
    services.transfer(actor=None, person=one, insurance="employee", first_day=date(2023, 3, 1))
    _rows, total = selectors.ledger(users[Role.CASE_WORKER], region=banner, year=2023, population="exited")
    assert (total.people, total.employee, total.uninsured) == (2, 1, 1)
    assert other != one


def test_s0_20_monasteries_count_people_insured_and_commended(banner, users):
    for at in range(3):
        one = person("monastic")
        services.mark(
            actor=None, person=one, kind="monastery", detail="桑耶寺", commended=at == 0, since=date(2022, 1, 1)
        )
        if at < 2:
            pay(one, 350)
    pay(person("monastic"), 350)
    compute()
    assert selectors.monasteries(users[Role.CASE_WORKER], 2023) == [
        {"detail": "桑耶寺", "people": 3, "insured": 2, "commended_count": 1},
        {"detail": "（名单未写明寺庙）", "people": 1, "insured": 1, "commended_count": 0},
    ]
    Person.objects.update(deceased_on=date(2023, 1, 1))
    assert selectors.monasteries(users[Role.CASE_WORKER], 2023) == []


# --- the trace ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "due, event, expected",
    [
        (Due("day_of_month", 20), date(2023, 5, 20), date(2023, 5, 20)),
        (Due("day_of_month", 20), date(2023, 5, 21), date(2023, 6, 20)),
        (Due("end_of_month"), date(2023, 2, 3), date(2023, 2, 28)),
        (Due("working_day_of_month", 5), date(2023, 5, 1), date(2023, 5, 9)),
        (Due("working_day_of_month", 5), date(2023, 5, 30), date(2023, 6, 7)),
        (Due("on_date"), date(2023, 5, 30), None),
    ],
)
def test_a_monthly_duty_is_due_on_the_first_such_day_from_the_event_on(due, event, expected):
    assert next_due(due, event, Workdays()) == expected


def test_s3_08_the_trace_names_each_step_its_department_its_day_and_how_late(users):
    region = "450921000000"
    one = person("marginal_risk", region=region, since="2023-05-04")
    known = timezone.make_aware(datetime(2023, 6, 9, 9, 0))  # noqa: DTZ001
    CategorySpell.objects.filter(person=one).update(known_from=known)
    compute_county(region, 2023)
    Enrolment.objects.filter(person=one).update(registered_on=date(2023, 6, 20))
    services.set_region_year(
        actor=None, region=Region.objects.get(code=region), year=2023, window_to=date(2023, 6, 30), source="通知"
    )
    steps = {step.key: step for step in trace(one, 2023)}
    assert list(steps) == ["certified", "delivered", "registered", "pushed", "paid", "reported"]
    delivered, registered, pushed = steps["delivered"], steps["registered"], steps["pushed"]
    # Certified on 4 May: due with the roster of the first five working days (9 May); came on 9 June.
    assert (delivered.due, delivered.done, delivered.clause) == (date(2023, 5, 9), date(2023, 6, 9), "S3-05")
    assert delivered.late == Workdays().between(date(2023, 5, 9), date(2023, 6, 9)) == 23
    assert (registered.due, registered.late, registered.clause) == (date(2023, 6, 16), 2, "S3-06")
    assert (pushed.done, pushed.tone, steps["paid"].due) == (None, "late", date(2023, 6, 30))
    assert culprit(list(steps.values())).key == "pushed"


def test_s3_08_who_owes_nothing_has_nothing_to_pay(banner):
    one = person("extreme_poverty")
    compute()
    relay.relay_enrolment(actor=None, region=banner, year=2023)
    steps = {step.key: step for step in trace(one, 2023)}
    assert (steps["paid"].skipped, steps["reported"].skipped) == (True, True)
    assert steps["pushed"].done == timezone.localdate()
