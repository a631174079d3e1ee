"""Quota-managed chronic care, paid once a year (S4-06): however often it is run, and whatever comes after it."""

from datetime import date

import pytest

from accounts.models import Region
from accounts.vocabulary import Role
from claims import columns
from claims.later.models import Adjustment, LaterFact, YearEnd
from claims.later.year_end import YearEnds, run_year_end
from claims.services import settle_person_year
from tests.claims.later_makers import YANGCHENG, settle_all
from tests.claims.makers import make_person, make_spell, record
from tests.factories import make_user

pytestmark = pytest.mark.django_db
BILLS = (("2023-03-01", 5000), ("2023-12-30", 2000), ("2023-12-31", 1000))


def quota(person, day: str, in_scope: float):
    return record(
        person, day, in_scope, in_scope / 5, service="chronic", chronic_management="annual", location="county"
    )


def run() -> YearEnds:
    return run_year_end(actor=None, region=Region.objects.get(pk=YANGCHENG), year=2023)


@pytest.fixture
def patient(law):
    one = make_person(region=YANGCHENG)
    make_spell(one, "extreme_poverty")
    quota(one, *BILLS[0])
    return one


def test_s4_06_run_again_it_changes_nothing(patient):
    first = run()
    (held,) = YearEnd.objects.all()
    assert (first.written, first.paid, held.base) == (1, held.paid, 400_000)
    assert held.paid == 240_000  # 60 % of what insurance left
    assert run() == YearEnds(unchanged=1)
    assert settle_person_year(person_id=patient.pk, year=2023, actor=None).claims == 0
    assert not LaterFact.objects.exists(), "nothing came after it"


@pytest.mark.parametrize("least", [columns.FROM, 1])
def test_s4_06_a_claim_that_comes_after_it_waits_at_once_for_a_case(patient, monkeypatch, least):
    run()
    monkeypatch.setattr(columns, "FROM", least)
    quota(patient, *BILLS[1])
    fact = LaterFact.objects.get(done_at=None)
    assert (fact.person, fact.year, fact.since, fact.cause) == (patient, 2023, date(2023, 12, 31), "late_claim")
    quota(patient, *BILLS[2])
    assert LaterFact.objects.filter(done_at=None).count() == 1, "it waits already"
    hands = [make_user(role, region=YANGCHENG) for role in (Role.CASE_WORKER, Role.REVIEWER)]
    (case,) = settle_all(hands, YANGCHENG)
    # As much in all as somebody has who sent the same bills before the run.
    twin = make_person(region=YANGCHENG)
    make_spell(twin, "extreme_poverty")
    for day, in_scope in BILLS:
        quota(twin, day, in_scope)
    assert run().unchanged == 1
    ends = {one.person_id: one.paid for one in YearEnd.objects.filter(superseded_at=None)}
    assert ends[patient.pk] == ends[twin.pk] > 240_000
    (booked,) = Adjustment.objects.all()
    assert (booked.claim, booked.amount, booked.tier) == (None, ends[patient.pk] - 240_000, "assistance")
    assert (case.supplement, case.recovery) == (booked.amount, 0)
    assert not LaterFact.objects.filter(done_at=None).exists()
