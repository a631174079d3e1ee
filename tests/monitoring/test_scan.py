"""The scan: who is warned, refreshed, withdrawn; by the document's lines, equal to the file command's answer."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell
from claims.models import PersonYear
from monitoring import services
from monitoring.models import BurdenWarning, Scan, ScanPart
from policies.models import PolicyParameter, PolicyVersion
from tests.factories import CITY, make_user
from tests.monitoring.conftest import PLACES
from tests.monitoring.makers import (
    COUNTY,
    DAY,
    fen,
    load_case,
    make_places,
    make_spell,
    make_warned,
    make_year,
    read,
)

State = BurdenWarning.State
# The days of the golden cases' warnings.csv.
CASE_DAYS = {
    "tongliao": date(2024, 10, 31),
    "jining": date(2024, 10, 31),
    "guangxi": date(2024, 10, 31),
    "shannan": date(2023, 10, 31),
}


def scan(on=DAY, region=CITY, actor=None):
    return services.scan_region(region=Region.objects.get(code=region), on=on, actor=actor)


def warning(person=None):
    found = BurdenWarning.objects.all()
    return found.get(person=person) if person else found.get()


@pytest.mark.parametrize("policy", CASE_DAYS)
def test_s1_16_s2_08_s0_15_s0_16_s3_15_the_scan_says_what_the_golden_cases_say(law, policy):
    day = CASE_DAYS[policy]
    version = PolicyVersion.objects.filter(policy=policy, validity__contains=day).get()
    county = PLACES[policy][:4] + "21000000" if policy != "guangxi" else "450121000000"
    make_places(county)
    load_case(policy, version, county)
    scan(on=day, region=PLACES[policy])
    expected = {
        (row["id_number"], row["kind"], fen(row["measure"]), fen(row["line"]), row["approaching"] == "yes")
        for row in read(policy, "warnings")
    }
    found = {
        (w.person.id_number, w.kind, w.amount, w.line, w.state == State.APPROACHING)
        for w in BurdenWarning.objects.select_related("person")
    }
    assert len(expected) > 10
    assert found == expected


# --- the life of a warning ----------------------------------------------------------------------------------------
def test_s1_16_over_the_whole_line_is_illness_poverty_over_half_of_it_relapse(law):
    persons = {
        yuan: make_warned(f"15052119800101{at:04}", yuan)
        for at, yuan in enumerate([20300.01, 20300, 10150.01, 10150, 8120, 8119.99])
    }
    done = scan()
    kinds = {
        yuan: BurdenWarning.objects.filter(person=p).values_list("kind", "state", "line") for yuan, p in persons.items()
    }
    assert {yuan: list(found) for yuan, found in kinds.items()} == {
        20300.01: [("illness_poverty", "open", 2030000)],
        20300: [("relapse", "open", 1015000)],  # exceeds is >
        10150.01: [("relapse", "open", 1015000)],
        10150: [("relapse", "approaching", 1015000)],
        8120: [("relapse", "approaching", 1015000)],  # 80 % of the lower line
        8119.99: [],
    }
    assert (done.counts["raised"], done.counts["approaching"]) == (3, 2)
    assert BurdenWarning.objects.get(state=State.APPROACHING, amount=812000).raised_on is None


@pytest.mark.parametrize(
    ("category", "warned"),
    [
        ("extreme_poverty", True),
        ("subsistence", True),
        ("subsistence_margin", True),
        ("unstable_exit", True),
        ("marginal_risk", True),
        ("sudden_hardship", True),
        ("relapsed_poverty", False),
        ("exited_poverty", False),
        ("severe_disability", False),
        ("illness_poverty", False),
    ],
)
def test_s1_16_only_low_income_families_and_monitored_are_warned(law, category, warned):
    make_warned("150521198001010000", 99999, category)
    scan()
    assert BurdenWarning.objects.exists() == warned


def test_s1_16_margin_and_monitored_come_first_then_the_larger_burden(law):
    for at, (category, yuan) in enumerate(
        [("subsistence", 90000), ("subsistence_margin", 30000), ("extreme_poverty", 95000), ("marginal_risk", 40000)]
    ):
        make_warned(f"15052119800101{at:04}", yuan, category)
    scan()
    assert list(BurdenWarning.objects.values_list("category", "priority")) == [
        ("marginal_risk", 1),
        ("subsistence_margin", 1),
        ("extreme_poverty", 2),
        ("subsistence", 2),
    ]


def test_a_category_counts_on_the_days_it_is_valid_and_as_we_know_it_now(law):
    ended, begins, both_ends, superseded = (
        make_warned(f"15052119800101{at:04}", 30000, "special_care") for at in range(4)
    )
    make_spell(ended, "subsistence", date(2023, 1, 1), DAY - timedelta(days=1))
    make_spell(begins, "subsistence", DAY + timedelta(days=1))
    make_spell(both_ends, "subsistence", DAY, DAY)
    wrong = make_spell(superseded, "subsistence")
    CategorySpell.objects.filter(pk=wrong.pk).update(known_to=timezone.now())
    scan()
    assert list(BurdenWarning.objects.values_list("person", "category")) == [(both_ends.pk, "subsistence")]


def test_a_second_scan_changes_nothing(law, django_assert_num_queries):
    make_warned("150521198001010000", 30000)
    make_warned("150521198001010001", 9000)
    scan()
    before = list(BurdenWarning.objects.order_by("id").values())
    again = scan()
    assert list(BurdenWarning.objects.order_by("id").values()) == before
    assert again.counts == {
        "raised": 0,
        "reopened": 0,
        "refreshed": 0,
        "unchanged": 1,
        "withdrawn": 0,
        "open": 1,
        "approaching": 1,
    }


def test_a_later_scan_refreshes_the_amount_and_keeps_number_and_day(law):
    person = make_warned("150521198001010000", 12000)
    scan()
    number = warning().number
    assert number.startswith("YJ2023-150521-")
    make_year(person, 15000, last=date(2023, 6, 20))
    done = scan(on=date(2023, 6, 30))
    found = warning()
    assert (found.number, found.raised_on, found.refreshed_on) == (number, DAY, date(2023, 6, 30))
    assert (found.amount, done.counts["refreshed"], done.counts["raised"]) == (1500000, 1, 0)


def test_s1_16_past_the_higher_line_the_lower_warning_gives_way(law):
    person = make_warned("150521198001010000", 12000)
    scan()
    make_year(person, 25000)
    done = scan()
    low, high = BurdenWarning.objects.order_by("id")
    assert (low.kind, low.state, low.withdrawn_reason) == ("relapse", State.WITHDRAWN, "已转为另一种预警")
    assert (high.kind, high.state) == ("illness_poverty", State.OPEN)
    assert (done.counts["raised"], done.counts["withdrawn"]) == (1, 1)


def test_a_correction_withdraws_with_the_reason_and_never_deletes(law):
    person = make_warned("150521198001010000", 12000)
    scan()
    make_year(person, 5000.5)
    done = scan()
    gone = warning()
    assert (gone.state, gone.withdrawn_reason) == (State.WITHDRAWN, "更正后累计 5000.50 元，未达到预警线")
    assert gone.amount == 1200000, "what was said stays said"
    assert done.counts["withdrawn"] == 1
    make_year(person, 13000)
    back = scan()
    assert (warning().pk, warning().state, warning().withdrawn_reason) == (gone.pk, State.OPEN, "")
    assert (back.counts["reopened"], back.counts["raised"]) == (1, 0)


def test_a_correction_to_just_under_the_line_withdraws_too(law):
    person = make_warned("150521198001010000", 12000)
    scan()
    make_year(person, 10000)
    scan()
    assert warning().state == State.WITHDRAWN
    again = scan()
    assert (warning().state, again.counts["withdrawn"]) == (State.WITHDRAWN, 0)


def test_losing_the_category_withdraws_with_that_reason(law):
    person = make_warned("150521198001010000", 12000)
    scan()
    CategorySpell.objects.filter(person=person).update(valid_to=date(2023, 5, 1))
    scan()
    assert (warning().state, warning().withdrawn_reason) == (State.WITHDRAWN, "当日不在预警人员范围内")


def test_approaching_becomes_a_warning_and_lapses_without_a_trace_in_the_counts(law):
    person = make_warned("150521198001010000", 9000)
    scan()
    assert (warning().state, warning().raised_on) == (State.APPROACHING, None)
    make_year(person, 100)
    assert scan().counts["withdrawn"] == 0
    make_year(person, 9500)
    scan()
    assert warning().state == State.APPROACHING
    make_year(person, 11000)
    done = scan()
    assert (warning().state, warning().raised_on, done.counts["raised"]) == (State.OPEN, DAY, 1)


def test_a_day_before_the_last_claim_counts_the_claims_up_to_it(law):
    make_places(COUNTY)
    persons = load_case("tongliao", law, COUNTY)
    day = date(2024, 6, 30)
    scan(on=day)
    found = {w.person_id: w.amount for w in BurdenWarning.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.person_id, sum(c.in_scope - c.basic_paid - s.cii_paid) FROM claims_claim c"
            " JOIN claims_settlement s ON s.claim_id = c.id"
            " WHERE c.settled_on BETWEEN '2024-01-01' AND %s GROUP BY 1",
            [day],
        )
        to_date = dict(cursor.fetchall())
    later = set(PersonYear.objects.filter(year=2024, last_settled_on__gt=day).values_list("person", flat=True))
    assert len(later & set(found)) > 3, "persons with claims after the day are among them"
    assert found == {person: to_date[person] for person in found}
    assert len(persons) > 50


def test_an_earlier_day_than_the_last_scan_is_refused(law):
    scan(on=date(2023, 6, 30))
    with pytest.raises(services.MonitoringError, match="2023-06-30"):
        scan(on=DAY, region=COUNTY)
    assert scan(on=date(2022, 12, 31)).finished_at, "another year is another account"


def test_a_day_to_come_is_refused(law):
    with pytest.raises(services.MonitoringError, match="还没有到"):
        scan(on=timezone.localdate() + timedelta(days=1))


def test_a_missing_figure_stops_the_scan_and_says_which(law):
    from policies.engine import MissingParameter

    make_warned("150521198001010000", 30000)
    PolicyParameter.objects.filter(policy="tongliao", key="income_rural_city", year=2022).delete()
    with pytest.raises(MissingParameter, match="2022"):
        scan()
    assert not BurdenWarning.objects.exists()
    assert not Scan.objects.get().finished_at


def test_a_place_whose_law_has_no_warnings_is_scanned_and_says_so(law):
    done = scan(on=date(2023, 5, 31), region=PLACES["yangcheng"])
    assert done.finished_at and done.counts["open"] == 0
    assert "没有适用的预警线" in ScanPart.objects.get().note


# --- how it runs --------------------------------------------------------------------------------------------------
def test_it_goes_on_where_it_stopped(law, monkeypatch):
    make_places("540521000000")
    make_warned("540521198001010010", 30000, "unstable_exit", region="540521000000")
    make_warned("150581198001010001", 30000, region="150581000000")
    real, asked = services.scan_parts, []
    monkeypatch.setattr(services, "county_codes", lambda region: ["150502", "150581", "540521"])

    def breaks(**more):
        asked.append(more["codes"])
        if "540521" in more["codes"]:
            raise OSError("power cut")
        return real(**more)

    monkeypatch.setattr(services, "scan_parts", breaks)
    with pytest.raises(OSError, match="power"):
        scan()
    assert BurdenWarning.objects.count() == 1, "a prefecture that is done stays done"
    monkeypatch.setattr(services, "scan_parts", lambda **more: asked.append(more["codes"]) or real(**more))
    asked.clear()
    done = scan()
    assert asked == [["540521"]]
    assert (Scan.objects.count(), done.counts["raised"]) == (1, 2)


def test_each_county_has_its_counts(law):
    make_warned("150502198001010000", 30000, region="150502000000")
    make_warned("150581198001010001", 9000, region="150581000000")
    gone = make_warned("150521198001010002", 30000)
    scan()
    make_year(gone, 100)
    done = scan()
    counts = {part.code: part.counts for part in done.parts.all()}
    assert len(counts) == 9
    assert (counts["150502"]["unchanged"], counts["150581"]["approaching"], counts["150521"]["withdrawn"]) == (1, 1, 1)
    assert sum(sum(one.values()) for one in counts.values()) == 4, "unchanged is open too; nothing else anywhere"


def test_a_county_scan_touches_its_county_alone(law):
    make_warned("150502198001010000", 30000, region="150502000000")
    make_warned("150521198001010001", 30000, region="150521100000")
    done = scan(region="150521000000")
    assert [w.region_id for w in BurdenWarning.objects.all()] == ["150521100000"]
    assert done.counts["raised"] == 1
    assert scan().counts["raised"] == 1


def test_a_person_who_moved_keeps_the_warning(law):
    person = make_warned("150521198001010000", 30000)
    scan()
    make_year(person, 30000, region="150502000000")
    done = scan()
    assert (warning().region_id, warning().state) == ("150502000000", State.OPEN)
    assert done.counts["withdrawn"] == 0


def test_progress_names_the_county_and_ends_full(law):
    seen = []
    services.scan_region(
        region=Region.objects.get(code=CITY), on=DAY, actor=None, progress=lambda *step: seen.append(step)
    )
    assert seen[0][1:] == (0, 9) and seen[-1][1:] == (9, 9)
    assert any("通辽市" in step for step, _, _ in seen)


def test_queries_do_not_grow_with_people(law, django_assert_max_num_queries):
    for at in range(30):
        make_warned(f"15052119800101{at:04}", 20000 + at)
    with django_assert_max_num_queries(34):
        scan(region=COUNTY)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CASE_WORKER])
def test_only_the_case_worker_scans(law, role):
    with pytest.raises(services.MonitoringError, match="不能"):
        scan(actor=make_user(role))


def test_a_case_worker_scans_the_own_region_only(law):
    county = make_user(Role.CASE_WORKER, region=COUNTY)
    assert scan(region=COUNTY, actor=county).actor == county
    with pytest.raises(services.MonitoringError, match="不能"):
        scan(region="150502000000", actor=county)


@pytest.mark.django_db(transaction=True)
def test_two_scans_at_once_raise_each_warning_once():
    import threading

    from tests.factories import make_regions
    from tests.monitoring.conftest import load_law

    make_regions()
    load_law()
    for at in range(5):
        make_warned(f"15052119800101{at:04}", 30000)
    errors = []

    def run():
        try:
            with transaction.atomic():
                scan(region=COUNTY)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert BurdenWarning.objects.count() == 5
