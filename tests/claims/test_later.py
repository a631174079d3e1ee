"""Later truth: whatever arrives in whatever order, the money ends where settling the final facts from zero puts it."""

from datetime import date

import pytest
from django.db import connection

from accounts.models import Region
from beneficiaries.services import certify, end_category
from claims.errors import CannotSettle, ClaimRefused, NotAllowed
from claims.later import services
from claims.later.models import Adjustment, Cause, EarlierFacts, LaterFact
from claims.later.recording import record_exception, record_other_payment
from claims.models import PersonYear
from tests.claims.later_makers import (
    CITY,
    check_everything,
    paid,
    settle_all,
)
from tests.claims.makers import fen, make_person, make_spell, new_claim, now, record

pytestmark = pytest.mark.django_db


# --- one by one ------------------------------------------------------------------------------------------------------
def test_a_back_dated_category_is_listed_confirmed_by_another_and_booked_as_a_supplement(hands):
    worker, reviewer = hands
    person = make_person()
    claim = record(person, "2023-05-10", 60000, 20000)
    held = now(claim)
    certify(
        actor=worker,
        person=person,
        category="subsistence",
        department="civil_affairs",
        region=person.region,
        valid_from=date(2023, 5, 1),
        source=None,
    )
    assert now(claim) == held  # nothing changes before a second person confirms
    case = services.prepare(actor=worker, region=Region.objects.get(pk=CITY), cause=Cause.CATEGORY)
    (line,) = case.lines.all()
    assert (case.state, line.old_category, line.new_category) == ("prepared", "none", "subsistence")
    assert line.new_assistance > line.old_assistance == 0
    assert now(claim) == held
    with pytest.raises(NotAllowed):
        services.confirm(actor=worker, case=case)
    case = services.confirm(actor=reviewer, case=case)
    assert case.state == "confirmed"
    assert now(claim).assistance == line.new_assistance
    held.refresh_from_db()
    assert held.superseded_at is not None
    booked = {one.tier: one for one in Adjustment.objects.all()}
    assert booked["assistance"].signed == line.new_assistance
    assert (booked["assistance"].payer, booked["assistance"].kind) == ("assistance_fund", "supplement")
    assert booked["assistance"].clauses == ["S1-12", "S1-11", "S1-10"]
    assert case.supplement == sum(one.amount for one in booked.values())
    check_everything()


def test_an_end_with_a_past_date_takes_money_back(hands):
    worker, _reviewer = hands
    person = make_person()
    spell = make_spell(person, "extreme_poverty")
    claim = record(person, "2023-06-10", 60000, 20000)
    given = now(claim).assistance
    end_category(actor=worker, spell=spell, last_day=date(2023, 5, 31), reason="死亡登记有误，实为退出")
    (case,) = settle_all(hands)
    assert case.recovery > 0
    assert now(claim).assistance == 0 < given
    assert {one.kind for one in Adjustment.objects.filter(tier="assistance")} == {"recovery"}
    check_everything()


def test_an_end_after_the_last_claim_touches_nothing(hands):
    worker, _reviewer = hands
    person = make_person()
    spell = make_spell(person, "subsistence")
    record(person, "2023-06-10", 60000, 20000)
    end_category(actor=worker, spell=spell, last_day=date(2023, 6, 30), reason="收入提高")
    assert not LaterFact.objects.exists()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_reversal_in_any_order_settles_the_rest_of_the_year_again(hands, which):
    worker, _reviewer = hands
    person = make_person()
    make_spell(person, "subsistence")
    claims = [record(person, f"2023-0{month}-10", 30000, 9000) for month in (3, 5, 7)]
    services.propose_reversal(actor=worker, claims=[claims[which]], reason="平台退费")
    with pytest.raises(ClaimRefused):
        services.propose_reversal(actor=worker, claims=[claims[which]], reason="再次")
    (case,) = settle_all(hands)
    assert {line.claim_id for line in case.lines.all()} <= {claim.pk for claim in claims[which:]}
    claims[which].refresh_from_db()
    assert claims[which].reversed_at is not None
    assert not claims[which].settlements.filter(superseded_at=None).exists()
    assert sum(paid(claims[which]).values()) == 0
    assert PersonYear.objects.get(person=person).claims == 2
    check_everything()


def test_a_correction_keeps_the_old_facts_and_books_the_difference(hands):
    worker, _reviewer = hands
    person = make_person()
    make_spell(person, "subsistence")
    claim = record(person, "2023-05-10", 60000, 20000)
    corrected = new_claim("2023-05-10", 50000, 20000)
    with pytest.raises(ClaimRefused):
        services.propose_correction(
            actor=worker, claim=claim, corrected=new_claim("2023-05-10", 60000, 20000), reason="x"
        )
    services.propose_correction(actor=worker, claim=claim, corrected=corrected, reason="医院重开票据")
    (case,) = settle_all(hands)
    claim.refresh_from_db()
    assert (claim.in_scope, claim.total) == (fen(50000), fen(50000))
    kept = EarlierFacts.objects.get(claim=claim)
    assert (kept.facts["in_scope"], kept.cause) == (fen(60000), "correction")
    assert case.recovery > 0
    check_everything()


def test_s3_16_and_s1_23_exceptions_are_a_reviewers_and_settle_again(hands):
    worker, reviewer = hands
    person = make_person()
    make_spell(person, "subsistence")
    claim = record(person, "2023-05-10", 40000, 10000, referred="no")
    given = {"claim": claim, "kind": "referral", "reason": "急诊后补办", "decided_on": date(2023, 6, 1)}
    with pytest.raises(NotAllowed):
        record_exception(actor=worker, **given)
    with pytest.raises(ClaimRefused, match="共同批准"):
        record_exception(actor=reviewer, **given | {"kind": "control", "departments": ["health"]})
    made = record_exception(actor=reviewer, **given)
    assert (made.approved_by, made.kind) == (reviewer, "referral")
    assert now(claim).assistance == 0
    (case,) = settle_all(hands)
    assert now(claim).assistance > 0
    assert case.supplement > 0
    check_everything()


def test_s0_19_a_payer_named_later_lowers_the_burden_at_once_and_moves_no_fund(hands):
    worker, _reviewer = hands
    person = make_person()
    claim = record(person, "2023-05-10", 40000, 10000, 5000)
    before = now(claim)
    payer = {"payer": "charity", "payer_name": "红十字会", "paid_on": date(2023, 6, 1), "evidence": "收据 12"}
    record_other_payment(actor=worker, claim=claim, amount=fen(1000), **payer)
    after = now(claim)
    assert before.personal_burden - after.personal_burden == fen(1000)
    assert (after.cii_paid, after.assistance, after.steps[-11:]) == (
        before.cii_paid,
        before.assistance,
        before.steps[-11:],
    )
    assert PersonYear.objects.get(person=person).personal_burden == after.personal_burden
    assert not LaterFact.objects.exists()
    check_everything()


def test_a_case_that_moved_since_shows_the_new_amounts_and_is_not_booked(hands):
    worker, reviewer = hands
    person = make_person()
    spell = make_spell(person, "extreme_poverty")
    for month in (3, 5):
        record(person, f"2023-0{month}-10", 40000, 10000)
    ended = end_category(actor=worker, spell=spell, last_day=date(2023, 1, 31), reason="退出")
    case = services.prepare(actor=worker, region=Region.objects.get(pk=CITY), cause=Cause.CATEGORY_END)
    assert case.claims == 2
    longer = end_category(actor=worker, spell=ended, last_day=date(2023, 4, 30), reason="更正")
    with pytest.raises(services.CaseMoved):
        services.confirm(actor=reviewer, case=case)
    case.refresh_from_db()
    assert (case.state, case.claims, case.decided_by) == ("prepared", 1, None)
    assert not Adjustment.objects.exists()
    end_category(actor=worker, spell=longer, last_day=date(2023, 12, 31), reason="再次更正")
    assert services.confirm(actor=reviewer, case=case).state == "nothing"
    assert not Adjustment.objects.exists()
    check_everything()


def test_a_case_that_was_withdrawn_waits_again(hands):
    worker, reviewer = hands
    person = make_person()
    claim = record(person, "2023-05-10", 40000, 10000)
    services.propose_reversal(actor=worker, claims=[claim], reason="退费")
    city = Region.objects.get(pk=CITY)
    case = services.prepare(actor=worker, region=city, cause=Cause.REVERSAL)
    with pytest.raises(CannotSettle, match="另一件"):
        services.prepare(actor=worker, region=city, cause=Cause.REVERSAL)
    (fact,) = case.facts.all()
    with pytest.raises(CannotSettle, match="先撤回"):
        services.take_back(actor=worker, fact=fact)
    services.withdraw(actor=reviewer, case=case, reason="单号不符")
    services.take_back(actor=worker, fact=fact)
    claim.refresh_from_db()
    assert claim.reversed_at is None
    assert not LaterFact.objects.exists()


def test_booked_rows_are_only_appended(hands):
    test_an_end_with_a_past_date_takes_money_back(hands)
    with pytest.raises(Exception, match="只能追加"), connection.cursor() as cursor:
        cursor.execute("UPDATE claims_adjustment SET amount = 1")
