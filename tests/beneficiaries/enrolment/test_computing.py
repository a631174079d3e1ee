"""A county's year: shares by policy, the highest once, payments set against them, the same again writes nothing."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Job, Region
from accounts.vocabulary import Role
from beneficiaries.enrolment import services
from beneficiaries.enrolment.computing import compute_county
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.models import Contribution, Coverage, Enrolment, Insurance, PersonMark
from beneficiaries.enrolment.tasks import compute_region
from tests.beneficiaries.enrolment.people import COUNTY, TOWNSHIP, compute, pay, person, row, shares, spell

pytestmark = pytest.mark.usefixtures("law")

# Region, year, categories, exempt → who decides, fund, county finance, person (yuan), from the standards as published.
BY_POLICY = [
    ("150521000000", 2023, ["extreme_poverty"], ("extreme_poverty", 350, 0, 0)),
    ("150521000000", 2023, ["subsistence"], ("subsistence", 157, 0, 192)),
    ("150521000000", 2023, ["unsupported_child", "subsistence"], ("unsupported_child", 350, 0, 0)),
    ("150521000000", 2023, ["severe_disability"], ("none", 0, 0, 350)),
    ("370811000000", 2023, ["subsistence"], ("subsistence", 300, 50, 0)),
    ("370811000000", 2023, ["marginal_risk"], ("marginal_risk", 280, 0, 70)),
    ("540521000000", 2022, ["severe_disability"], ("severe_disability", 350, 0, 0)),
    ("540521000000", 2022, ["subsistence_margin"], ("subsistence_margin", 315, 0, 35)),
    ("540521000000", 2022, ["exited_poverty"], ("none", 0, 0, 350)),
    ("140522000000", 2023, ["subsistence", "unstable_exit"], ("subsistence", 280, 0, 70)),
    ("140522000000", 2022, ["relapsed_poverty"], ("relapsed_poverty", 288, 0, 32)),
]


@pytest.mark.parametrize("region, year, held, expected", BY_POLICY)
def test_shares_follow_the_law_of_the_place_and_year(region, year, held, expected):
    if not Region.objects.filter(code=region).exists():
        pytest.fail(f"no region {region}")
    one = person(*held, region=region)
    compute_county(region, year)
    assert shares(one, year) == expected


@pytest.mark.parametrize(
    "year, expected", [(2022, (0, 192, 128)), (2023, (0, 175, 175)), (2024, (0, 152, 228)), (2025, (0, 120, 280))]
)
def test_s3_03_the_share_of_the_former_poor_falls_from_year_to_year(year, expected):
    one = person("exited_poverty", region="450921000000", since="2020-01-01")
    compute_county("450921000000", year)
    assert shares(one, year)[1:] == expected


# Fund's share of the standard for the monitored of the region (S3-02: 60 %), by category.
@pytest.mark.parametrize("category", ["unstable_exit", "marginal_risk", "sudden_hardship"])
def test_s3_02_the_fund_bears_sixty_in_a_hundred_of_the_monitored(category):
    one = person(category, region="450921000000", since="2020-01-01")
    compute_county("450921000000", 2023)
    found = row(one)
    assert (found.category, found.fund, found.county_finance) == (category, found.base * 60 // 100, 0)
    assert found.due == found.base - found.fund > 0


@pytest.mark.parametrize(
    "held, decides",
    [
        (["exited_poverty", "marginal_risk"], "marginal_risk"),
        (["exited_2014_2015", "unstable_exit", "exited_poverty"], "unstable_exit"),
        (["subsistence", "exited_poverty"], "exited_poverty"),  # this text subsidises no 低保 of its own
    ],
)
def test_s3_04_of_several_categories_the_highest_subsidy_counts_once(held, decides):
    region = "450921000000"
    one = person(*held, region=region, since="2020-01-01")
    alone = {category: person(category, region=region, since="2020-01-01") for category in held}
    compute_county(region, 2023)
    each = {category: row(single).fund + row(single).county_finance for category, single in alone.items()}
    found = row(one)
    assert found.fund + found.county_finance == max(each.values())
    assert found.category == decides


def test_s2_01_the_county_finance_bears_the_rest_of_the_exempt(users):
    one = person("relapsed_poverty", region="370811000000")
    compute_county("370811000000", 2023)
    assert shares(one) == ("relapsed_poverty", 280, 0, 70)
    services.set_exempt(actor=None, person=one, year=2023, exempt=True)
    assert shares(one) == ("relapsed_poverty", 280, 70, 0)


def test_s0_04_who_enters_during_the_year_is_covered_and_s1_07_the_highest_counts_once():
    one = person("subsistence", since="2023-02-01")
    compute()
    assert shares(one)[0] == "subsistence"
    spell(one, "orphan", "2023-11-30")
    spell(one, "extreme_poverty", "2021-01-01", "2022-12-31")  # ended before the year
    compute()
    assert shares(one) == ("orphan", 350, 0, 0)


def test_the_same_facts_write_nothing_and_new_facts_only_what_changed():
    first, _second = person("subsistence"), person("extreme_poverty")
    assert compute() == {"persons": 2, "written": 2, "paid": 0}
    assert compute() == {"persons": 2, "written": 0, "paid": 0}
    pay(first, 192.5)
    assert compute() == {"persons": 2, "written": 0, "paid": 1}
    assert row(first).is_covered
    spell(first, "orphan", "2023-05-01")
    assert compute()["written"] == 1


def test_the_dead_of_earlier_years_are_not_enrolled():
    one, other = person("subsistence"), person("subsistence")
    type(one).objects.filter(pk=one.pk).update(deceased_on=date(2022, 12, 31))
    type(one).objects.filter(pk=other.pk).update(deceased_on=date(2023, 1, 1))
    assert compute()["persons"] == 1
    assert Enrolment.objects.get().person_id == other.pk


def test_a_missing_figure_stops_the_computation_and_is_named_payments_are_kept_all_the_same():
    one = person("subsistence")
    with pytest.raises(EnrolmentError, match="2025"):
        compute(2025)
    services.record_contribution(
        actor=None,
        person=one,
        year=2025,
        amount=40000,
        paid_on=date(2024, 11, 1),
        payer="charity",
        payer_name="慈善总会",
    )
    assert (row(one, 2025).other_paid, row(one, 2025).version_id) == (40000, None)


def test_s2_04_another_payer_covers_what_the_person_owes():
    one = person("subsistence")
    compute()
    assert not row(one).is_covered
    for _twice in range(2):  # entered twice: one record
        services.record_contribution(
            actor=None,
            person=one,
            year=2023,
            amount=19250,
            paid_on=date(2022, 12, 1),
            payer=Contribution.Payer.COLLECTIVE,
            payer_name="保康村",
        )
    found = row(one)
    assert (found.other_paid, found.paid, found.is_covered) == (19250, 0, True)
    services.record_contribution(
        actor=None,
        person=one,
        year=2023,
        amount=19250,
        paid_on=date(2023, 1, 5),
        kind=Contribution.Kind.REFUND,
        payer_name="保康村",
    )
    assert not row(one).is_covered


def test_s3_07_no_more_is_given_back_by_hand_than_has_arrived():
    one = person("subsistence")
    pay(one, 300)
    refund = {"actor": None, "person": one, "year": 2023, "kind": Contribution.Kind.REFUND, "paid_on": date(2023, 1, 5)}
    for _twice in range(2):  # entered twice: one record
        services.record_contribution(amount=20000, **refund)
    for amount, year in ((10001, 2023), (1, 2022)):
        with pytest.raises(ValidationError, match="退费不能超过") as caught:
            services.record_contribution(amount=amount, **refund | {"year": year})
        assert list(caught.value.message_dict) == ["amount"]
    services.record_contribution(amount=10000, **refund)
    assert Contribution.objects.filter(kind="refund").count() == 2


def test_s2_02_a_temporary_group_adds_its_amount_where_that_is_more(users):
    region = Region.objects.get(code=COUNTY)
    today = timezone.localdate()
    group = services.open_group(
        actor=None,
        region=region,
        name="疫情困难人员",
        reason="旗政府会议纪要",
        year=2023,
        amount=20000,
        payer="county_finance",
        valid_from=today,
        valid_to=today,
    )
    poor, plain = person("subsistence"), person("severe_disability")
    full = person("extreme_poverty")
    assert services.add_members(actor=None, group=group, persons=[poor, plain, full]) == 3
    assert services.add_members(actor=None, group=group, persons=[poor]) == 0
    assert shares(poor) == ("subsistence", 0, 200, 150)
    assert shares(plain) == ("none", 0, 200, 150)
    assert shares(full) == ("extreme_poverty", 350, 0, 0)
    assert (row(poor).group_id, row(full).group_id) == (group.pk, None)


def test_s2_02_a_closed_group_takes_nobody_and_a_group_only_its_own_people():
    region = Region.objects.get(code=COUNTY)
    given = {"region": region, "reason": "r", "year": 2023, "amount": 1, "payer": "fund"}
    closed = services.open_group(actor=None, name="甲", valid_from=date(2022, 1, 1), valid_to=date(2022, 2, 1), **given)
    with pytest.raises(EnrolmentError, match="2022-02-01"):
        services.add_members(actor=None, group=closed, persons=[person("subsistence")])
    opened = services.open_group(actor=None, name="乙", valid_from=date(2022, 1, 1), valid_to=date(2099, 2, 1), **given)
    with pytest.raises(EnrolmentError, match="乌云其其格"):
        services.add_members(actor=None, group=opened, persons=[person("subsistence", region="150522000000")])


def test_s0_05_a_transfer_leaves_no_gap_and_s0_06_an_employee_owes_nothing():
    one = person("exited_poverty")
    compute()
    services.transfer(
        actor=None, person=one, insurance=Insurance.EMPLOYEE, first_day=date(2023, 5, 10), place="通辽市", reason="入职"
    )
    spells = list(
        Coverage.objects.filter(person=one).order_by("valid_from").values_list("insurance", "valid_from", "valid_to")
    )
    assert spells == [
        ("resident", date(2023, 1, 1), date(2023, 5, 9)),
        ("employee", date(2023, 5, 10), None),
    ]
    found = row(one)
    assert (found.insurance, found.due, found.is_covered) == ("employee", 0, True)
    compute()
    assert row(one).insurance == "employee"


def test_s0_05_a_gap_needs_its_reason_and_two_coverages_at_a_time_are_refused():
    one = person("exited_poverty")
    first = services.transfer(actor=None, person=one, insurance="employee", first_day=date(2022, 1, 1))
    Coverage.objects.filter(pk=first.pk).update(valid_to=date(2022, 12, 31))
    with pytest.raises(ValidationError, match="2023-01-01"):
        services.transfer(actor=None, person=one, insurance="resident", first_day=date(2023, 2, 1))
    services.transfer(
        actor=None, person=one, insurance="resident", first_day=date(2023, 2, 1), gap_reason="单位停缴后才办理"
    )
    with pytest.raises(ValidationError, match="2023-02-01"):
        services.transfer(actor=None, person=one, insurance="employee", first_day=date(2023, 1, 15))
    with pytest.raises(IntegrityError), transaction.atomic():
        Coverage.objects.create(person=one, insurance="employee", valid_from=date(2024, 1, 1))


def test_s0_05_marks_are_dated_and_brought_up_to_date():
    one = person("subsistence")
    first = services.mark(actor=None, person=one, kind="border", detail="玉麦乡", since=date(2022, 3, 1))
    again = services.mark(actor=None, person=one, kind="border", detail="玉麦乡", since=date(2022, 3, 1))
    assert first.pk == again.pk
    services.mark(actor=None, person=one, kind="border", since=date(2022, 3, 1), until=date(2023, 1, 1))
    services.mark(actor=None, person=one, kind="border", detail="玉麦乡", since=date(2023, 2, 1))
    assert PersonMark.objects.filter(person=one).count() == 2
    with pytest.raises(ValidationError, match="寺庙"):
        services.mark(actor=None, person=one, kind="monastery", since=date(2022, 3, 1))


def test_who_may_not_write_is_refused(users):
    one = person("subsistence")
    for role in (Role.CLERK, Role.SUPERVISOR, Role.REVIEWER):
        with pytest.raises(PermissionDenied):
            services.transfer(actor=users[role], person=one, insurance="employee", first_day=date(2023, 5, 10))


def test_the_task_does_the_county_says_so_and_a_second_run_does_nothing(users):
    person("subsistence", region=TOWNSHIP)
    region = Region.objects.get(code="150500000000")
    job = services.start_computing(actor=users[Role.CASE_WORKER], region=region, year=2023, url="/")
    compute_region(region.pk, 2023, job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (Job.State.DONE, 1, 1)
    before = row(Enrolment.objects.get().person).computed_at
    compute_region(region.pk, 2023, job.pk)
    assert Enrolment.objects.get().computed_at == before


def test_the_task_says_why_it_could_not(users):
    person("subsistence")
    region = Region.objects.get(code=COUNTY)
    job = services.start_computing(actor=None, region=region, year=2026, url="/")
    compute_region(region.pk, 2026, job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "2026" in job.message
