"""What enrolment leaves to do: uninsured, interruptions, money to ask for, the tax office, the workbench."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import Level, Region
from accounts.vocabulary import Role
from accounts.waiting import counted
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.enrolment import applications, cases, funding, relay, services
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch, SubsidyApplication
from beneficiaries.enrolment.computing import compute_county
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.mismatches import decide_mismatch, refresh_mismatches
from beneficiaries.enrolment.models import Coverage, Enrolment
from beneficiaries.enrolment.worklists import told_key, waiting
from beneficiaries.merging.services import confirm_merge, propose_merge, undo_merge
from beneficiaries.models import Person
from beneficiaries.persons.services import add_document, edit_person
from exchange.deliveries import read_rows
from exchange.models import InboundFile
from tests.beneficiaries.enrolment.people import COUNTY, compute, pay, person, row, spell
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


# --- suspected uninsured --------------------------------------------------------------------------------------------
def test_s2_03_suspected_uninsured_are_listed_once_and_worked_off(banner, users):
    clerk = users[Role.CLERK]
    fresh, unpaid, lapsed = person("subsistence"), person("subsistence"), person("subsistence")
    pay(lapsed, 999, year=2022, on="2022-01-05")
    Enrolment.objects.create(person=lapsed, region_id=lapsed.region_id, year=2022, insurance="employee")
    compute()
    Enrolment.objects.filter(person=fresh).delete()
    assert cases.find_uninsured(actor=None, region=banner, year=2023) == {"opened": 3, "closed": 0}
    assert cases.find_uninsured(actor=None, region=banner, year=2023) == {"opened": 0, "closed": 0}
    causes = dict(CoverageCase.objects.values_list("person", "cause"))
    assert causes == {fresh.pk: "unregistered", unpaid.pk: "unpaid", lapsed.pk: "lapsed"}
    one = CoverageCase.objects.get(person=unpaid)
    cases.assign_case(actor=users[Role.CASE_WORKER], case=one, to=clerk)
    cases.note_case(actor=clerk, case=one, note="外出务工，电话无人接听")
    with pytest.raises(ValidationError, match="还没有参保"):
        cases.close_case(actor=clerk, case=one, outcome="enrolled", note="说已缴")
    cases.close_case(actor=clerk, case=one, outcome="migrant", note="村委会核实")
    assert [step.what for step in one.steps.all()] == ["办结", "走访联系", "分派"]
    with pytest.raises(ValidationError, match="已于"):
        cases.note_case(actor=clerk, case=one, note="再访")
    # Who has paid in the meantime is closed by the register itself.
    paid(lapsed)
    compute()
    assert cases.find_uninsured(actor=None, region=banner, year=2023) == {"opened": 0, "closed": 1}
    assert CoverageCase.objects.get(person=lapsed).outcome == "enrolled"


def test_a_clerk_works_the_own_township_only(banner, users, other_township):
    other = person("subsistence", region=OTHER_TOWNSHIP)
    compute()
    cases.find_uninsured(actor=None, region=banner, year=2023)
    case = CoverageCase.objects.get(person=other)
    with pytest.raises(PermissionDenied):
        cases.note_case(actor=users[Role.CLERK], case=case, note="走访")
    with pytest.raises(PermissionDenied):
        cases.find_uninsured(actor=users[Role.CLERK], region=banner, year=2023)
    assert not users[Role.CLERK].visible(CoverageCase).exists()


def test_s3_19_interruption_needs_consent_and_a_check_against_double_insurance(banner):
    one = person("exited_poverty")
    services.transfer(actor=None, person=one, insurance="employee", first_day=date(2022, 1, 1))
    case = cases.report_interruption(
        actor=None, person=one, year=2023, cause="left_job", since=date(2023, 3, 31), note="人社部门名单"
    )
    assert (
        cases.report_interruption(actor=None, person=one, year=2023, cause="left_job", since=date(2023, 4, 1)) == case
    )
    with pytest.raises(ValidationError, match="知情同意"):
        cases.take_over(actor=None, case=case, first_day=date(2023, 4, 1))
    cases.record_consent(actor=None, case=case, on=date(2023, 4, 2))
    with pytest.raises(ValidationError, match="重复参保"):
        cases.take_over(actor=None, case=case, first_day=date(2023, 4, 1))
    assert [spell.insurance for spell in cases.check_double(actor=None, case=case)] == ["employee"]
    with pytest.raises(ValidationError, match="职工医保"):
        cases.take_over(actor=None, case=case, first_day=date(2023, 4, 1))
    cases.take_over(actor=None, case=case, first_day=date(2023, 4, 1), ended=date(2023, 3, 31))
    spells = Coverage.objects.filter(person=one).order_by("valid_from").values_list("insurance", "valid_to")
    assert list(spells) == [("employee", date(2023, 3, 31)), ("resident", None)]
    case.refresh_from_db()
    assert (case.outcome, row(one).insurance, row(one).due) == ("enrolled", "resident", 35000)


# --- money ----------------------------------------------------------------------------------------------------------
def window(banner, last: date) -> None:
    services.set_region_year(
        actor=None, region=banner, year=2023, window_from=date(2022, 9, 1), window_to=last, source="通知"
    )


def test_s1_06_the_application_freezes_the_verified_list_and_records_the_transfer(banner, users):
    worker = users[Role.CASE_WORKER]
    poor, full, unpaid = paid(person("subsistence")), person("extreme_poverty"), person("subsistence")
    compute()
    with pytest.raises(EnrolmentError, match="集中缴费期"):
        applications.freeze_application(actor=worker, region=banner, year=2023)
    window(banner, timezone.localdate())
    with pytest.raises(EnrolmentError, match="结束后"):
        applications.freeze_application(actor=worker, region=banner, year=2023)
    window(banner, date(2023, 1, 31))
    one = applications.freeze_application(actor=worker, region=banner, year=2023)
    assert (one.number, one.persons, one.fund, one.county_finance) == ("CBZZ-150521-2023-1", 2, 50750, 0)
    assert one.due_on == date(2023, 2, 28)  # one month after 31 January
    assert applications.left_out(banner, 2023) == 1
    # What changes later changes no frozen list; who comes later goes into a further one; nobody is asked for twice.
    spell(poor, "orphan", "2023-05-01")
    paid(unpaid)
    compute()
    again = applications.freeze_application(actor=worker, region=banner, year=2023)
    assert (again.number, again.persons, again.fund) == ("CBZZ-150521-2023-2", 1, 15750)
    with pytest.raises(EnrolmentError, match="没有可以申请"):
        applications.freeze_application(actor=worker, region=banner, year=2023)
    one.refresh_from_db()
    assert one.fund == 50750
    given = {"actor": worker, "application": one, "source": "fund", "transferred_on": date(2023, 3, 1)}
    applications.record_transfer(amount=30000, reference="PZ-1", **given)
    with pytest.raises(ValidationError, match=r"207\.50"):
        applications.record_transfer(amount=20751, reference="PZ-2", **given)
    with pytest.raises(ValidationError, match="凭证号"):
        applications.record_transfer(amount=1, reference="PZ-1", **given)
    assert applications.applications_for(worker).get(pk=one.pk).arrived == 30000
    assert full.pk != poor.pk


def test_s2_05_the_shortfall_is_what_transfers_and_other_money_leave_open(banner, users):
    paid(person("subsistence"))
    person("extreme_poverty")
    compute()
    last = timezone.localdate() + timedelta(days=3)
    services.set_region_year(actor=None, region=banner, year=2023, window_to=last, funds_arrived=20000, source="财政局")
    [found] = funding.funding_rows(users[Role.SUPERVISOR], region=banner, year=2023)
    assert (found.needed, found.arrived, found.short, found.days_left) == (50750, 20000, 30750, 3)
    assert not SubsidyApplication.objects.exists()


# --- the tax office -------------------------------------------------------------------------------------------------
def test_s3_06_tax_hears_of_every_change_once_and_sees_the_refund_that_is_asked_for(banner):
    one, other = person("subsistence"), person("extreme_poverty")
    compute()
    first = relay.relay_enrolment(actor=None, region=banner, year=2023)
    rows = {row["id_number"]: row for row in read_rows(first)}
    assert (first.department, first.kind, first.rows) == ("tax", "enrolment", 2)
    assert rows[one.id_number]["due"] == "192.50"
    assert (rows[one.id_number]["status"], rows[other.id_number]["status"]) == ("unpaid", "covered")
    with pytest.raises(EnrolmentError, match="没有需要"):
        relay.relay_enrolment(actor=None, region=banner, year=2023)
    paid(one, 385)
    compute()
    assert relay.pending(banner, 2023).rows == 1
    refresh_mismatches(region=banner, year=2023)
    decide_mismatch(actor=None, mismatch=PaymentMismatch.objects.get(), outcome="refund")
    second = relay.relay_enrolment(actor=None, region=banner, year=2023)
    [told] = read_rows(second)
    assert (told["id_number"], told["paid"], told["refund_request"]) == (one.id_number, "385.00", "refund")
    assert row(one).relayed_in_id == second.pk


def test_s3_06_tax_hears_of_another_name_or_number_of_somebody_it_knows(banner):
    """The new name and number, with the former number beside them, and a new term from the day of the change."""
    one = person("subsistence")
    compute()
    relay.relay_enrolment(actor=None, region=banner, year=2023)
    Enrolment.objects.update(changed_on=date(2023, 1, 1))
    former = one.id_number
    edit_person(actor=None, person=one, reason="更正", name="白玉岚", region=one.region)
    assert (relay.pending(banner, 2023).rows, relay.pending(banner, 2023).since) == (1, timezone.localdate())
    add_document(
        actor=None, person=one, kind="residence_permit", number="810000199408230021", reason="换领居住证", main=True
    )
    [told] = read_rows(relay.relay_enrolment(actor=None, region=banner, year=2023))
    assert (told["name"], told["id_number"], told["other_numbers"]) == ("白玉岚", "810000199408230021", former)
    assert told["changed"] == "identity"
    edit_person(actor=None, person=one, reason="迁居", name="白玉岚", region=one.region, address="保康镇")
    assert relay.pending(banner, 2023).rows == 0


def test_s3_06_the_relay_is_due_five_working_days_after_the_change():
    region = Region.objects.get(code="450921000000")
    one = person("marginal_risk", region=region.code)
    compute_county(region.code, 2023)
    Enrolment.objects.filter(person=one).update(changed_on=date(2023, 4, 27))
    found = relay.pending(region, 2023)
    assert (found.rows, found.due, found.late) == (1, date(2023, 5, 8), True)  # over the May holiday, one made-up day


def test_s3_19_lists_of_human_resources_open_interruptions_once(banner):
    one, other = person("exited_poverty"), person("exited_poverty")
    file = InboundFile.objects.create(
        kind="roster", department="human_resources", region=banner, month=date(2023, 5, 1), name="比对.csv", sha256="0"
    )
    for at, (who, status) in enumerate([(one, "离职"), (one, "离职"), (other, "在岗")]):
        ComparisonRow.objects.create(
            file=file,
            row=at,
            department="human_resources",
            region=banner,
            month=date(2023, 5, 1),
            result="matched",
            person=who,
            id_number=who.id_number,
            id_key=who.id_key,
            status=status,
            occurred_on=date(2023, 4, 30),
        )
    assert cases.interruptions_from_lists(actor=None, region=banner, year=2023) == 1
    assert cases.interruptions_from_lists(actor=None, region=banner, year=2023) == 0
    found = CoverageCase.objects.get()
    assert (found.person_id, found.cause, found.since) == (one.pk, "left_job", date(2023, 4, 30))


@pytest.mark.parametrize(
    "words, cause",
    [
        ("合同到期离职", "left_job"),
        ("退役士兵", "discharged"),
        ("刑满释放", "released"),
        ("状态不明", "unknown"),
        ("在岗", ""),
    ],
)
def test_s3_19_words_of_a_list_name_the_cause(words, cause):
    assert cases.cause_in(words) == cause


def test_merged_files_keep_one_year_and_count_both_payments(banner, users):
    kept, gone = person("subsistence"), person("subsistence", name="乌云其其格")
    pay(gone, 100)
    pay(kept, 92.5)
    Enrolment.objects.create(person=gone, region_id=gone.region_id, year=2022)
    compute()
    asked = propose_merge(actor=None, kept=kept, gone=gone, reason="同一人两个证件号码")
    merge = confirm_merge(actor=None, merge=asked)
    assert (row(kept).paid, row(kept).is_covered) == (19250, True)
    assert (row(kept, 2022).person_id, row(gone).fund, row(gone).insurance) == (kept.pk, 0, "none")
    assert compute()["persons"] == 1
    undo_merge(actor=None, merge=merge, reason="弄错了")
    assert (row(gone).fund, row(gone).insurance) == (15750, "resident")


# --- the workbench --------------------------------------------------------------------------------------------------
def lines_of(user) -> dict[str, tuple[int, int]]:
    """(count, late) by the address that each line leads to."""
    cache.delete(told_key(user.region_prefix, timezone.localdate()))
    return {one.url: (one.count, one.late) for one in counted(user, waiting(user))}


CASES, MISMATCHES, RELAY = (f"/enrolment/{name}/" for name in ("cases", "mismatches", "relay"))
MINE, NOBODYS = (f"{CASES}?state=open&seen_to={who}" for who in ("me", "nobody"))


def test_the_workbench_counts_what_each_may_deal_with_in_one_query(
    banner, users, other_township, django_assert_num_queries
):
    clerk, worker = users[Role.CLERK], users[Role.CASE_WORKER]
    here, there = person("subsistence"), person("subsistence", region=OTHER_TOWNSHIP)
    paid(person("subsistence"), 385)
    compute()
    cases.find_uninsured(actor=None, region=banner, year=2023)
    refresh_mismatches(region=banner, year=2023)
    cases.assign_case(actor=worker, case=CoverageCase.objects.get(person=here), to=clerk)
    # 2023 is over, and no window was entered: both are late; the year's rows wait for the tax office.
    assert lines_of(clerk) == {MINE: (1, 1)}
    found = lines_of(worker)
    assert found == {NOBODYS: (1, 1), f"{MISMATCHES}?state=open": (1, 0), f"{RELAY}?year=2023": (3, 0)}
    assert lines_of(users[Role.SUPERVISOR]) == {}
    lines_of(worker)  # what the text says of days is kept
    with django_assert_num_queries(1):
        counted(worker, waiting(worker))
    relay.relay_enrolment(actor=None, region=banner, year=2023)
    services.set_region_year(
        actor=None, region=banner, year=2023, window_to=timezone.localdate() + timedelta(days=1), source="通知"
    )
    assert lines_of(worker) == {NOBODYS: (1, 0), f"{MISMATCHES}?state=open": (1, 0)}
    assert there.pk != here.pk


def test_s3_06_rows_that_tax_should_have_heard_of_are_late_on_the_workbench(users):
    region = Region.objects.get(code="450921000000")
    worker = make_user(Role.CASE_WORKER, region=region.code)
    old, fresh = person("marginal_risk", region=region.code), person("marginal_risk", region=region.code)
    compute_county(region.code, 2023)
    Enrolment.objects.filter(person=old).update(changed_on=timezone.localdate() - timedelta(days=30))
    assert lines_of(worker)[f"{RELAY}?year=2023"] == (2, 1)
    assert fresh.pk != old.pk


def test_several_cases_are_given_and_closed_together_or_not_at_all(banner, users, other_township):
    clerk, worker = users[Role.CLERK], users[Role.CASE_WORKER]
    near = [person("subsistence"), person("subsistence")]
    far = person("subsistence", region=OTHER_TOWNSHIP)
    compute()
    cases.find_uninsured(actor=None, region=banner, year=2023)
    mine = list(CoverageCase.objects.filter(person__in=near))
    everything = list(CoverageCase.objects.all())
    with pytest.raises(ValidationError, match="不能办理这里"):
        cases.assign_cases(actor=worker, cases=everything, to=clerk)
    assert not CoverageCase.objects.exclude(assigned_to=None).exists()
    assert cases.assign_cases(actor=worker, cases=mine, to=clerk) == 2
    with pytest.raises(ValidationError, match=f"{mine[0].person.name}：.*还没有参保"):
        cases.close_cases(actor=clerk, cases=mine, outcome="enrolled", note="说已缴")
    with pytest.raises(ValidationError, match="核实的情况"):
        cases.close_cases(actor=clerk, cases=mine, outcome="migrant", note="")
    assert not CoverageCase.objects.exclude(closed_on=None).exists()
    assert cases.close_cases(actor=clerk, cases=mine, outcome="migrant", note="村委会核实") == 2
    assert CoverageCase.objects.get(closed_on=None).person_id == far.pk
