"""拨付: one payment per decision, ever, through the fund's batch; money that comes back is sent again."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from assistance.errors import NotAllowed, Refused
from assistance.models import Payment
from assistance.services import paying
from assistance.vocabulary import Did, State
from claims.fund import services as fund
from claims.fund.models import PaymentOrder
from tests.assistance import makers as make

ACCOUNT = "6217000000000000123"


def give_budget(cast, amount: int = 100_000_000) -> None:
    """This year's budget of the county, agreed to by a second person."""
    region = Region.objects.get(pk=cast.county)
    budget = fund.propose_budget(
        actor=cast.fund_officer, region=region, year=timezone.localdate().year, amount=amount, reason="年度预算"
    )
    fund.decide(actor=cast._user(Role.FUND_OFFICER, name="fund2"), what=budget, approve=True)


def order(cast, application) -> Payment:
    application = make.fresh(application)
    return paying.order(actor=cast.fund_officer, application_id=application.pk, seen=application.revision)


def send(cast, reference: str) -> PaymentOrder:
    """Puts the order into a batch and sends it."""
    found = PaymentOrder.objects.get(reference=reference)
    batch = fund.make_batch(actor=cast.fund_officer, region=found.region, orders=[found])
    fund.send_batch(actor=cast.fund_officer, batch=batch)
    found.refresh_from_db()
    return found


@pytest.fixture
def approved(shannan):
    application = make.approved_case(shannan)
    type(application.person).objects.filter(pk=application.person_id).update(bank_account=ACCOUNT, bank_name="农业银行")
    give_budget(shannan)
    return make.fresh(application)


def test_money_goes_once_and_the_case_is_closed(shannan, approved):
    payment = order(shannan, approved)
    assert payment.reference == f"decision:{approved.decisions.get().pk}"
    with pytest.raises(Refused, match="不能再次拨付"):
        order(shannan, approved)
    sent = send(shannan, payment.reference)
    assert (sent.amount, sent.bank_account, sent.clauses) == (2_000_000, ACCOUNT, ["S0-18"])
    fund.record_result(actor=shannan.fund_officer, order=sent, paid=True)
    payment.refresh_from_db()
    assert make.fresh(approved).state == State.PAID and payment.paid_on == timezone.localdate()
    assert make.close(shannan, approved).state == State.CLOSED
    assert PaymentOrder.objects.count() == 1


def test_money_that_comes_back_is_sent_to_the_right_account_as_the_same_order(shannan, approved):
    payment = order(shannan, approved)
    fund.record_result(
        actor=shannan.fund_officer, order=send(shannan, payment.reference), paid=False, reason="户名不符"
    )
    payment.refresh_from_db()
    assert (make.fresh(approved).state, payment.returned_reason) == (State.APPROVED, "户名不符")
    assert approved.steps.first().did == Did.PAY_RETURNED
    type(approved.person).objects.filter(pk=approved.person_id).update(bank_account="6217000000000000999")
    again = order(shannan, approved)
    assert again.pk == payment.pk
    sent = send(shannan, payment.reference)
    assert sent.bank_account == "6217000000000000999"
    fund.record_result(actor=shannan.fund_officer, order=sent, paid=True)
    assert make.fresh(approved).state == State.PAID
    assert (Payment.objects.count(), PaymentOrder.objects.count()) == (1, 1)


def test_money_that_comes_back_late_opens_the_case_again(shannan, approved):
    payment = order(shannan, approved)
    sent = send(shannan, payment.reference)
    fund.record_result(actor=shannan.fund_officer, order=sent, paid=True)
    fund.record_result(actor=shannan.fund_officer, order=sent, paid=False, reason="账户已销")
    assert make.fresh(approved).state == State.APPROVED


def test_without_account_or_budget_it_says_so(shannan):
    application = make.approved_case(shannan)
    with pytest.raises(Refused, match="银行账号"):
        order(shannan, application)
    type(application.person).objects.filter(pk=application.person_id).update(bank_account=ACCOUNT)
    with pytest.raises(Refused, match="预算"):
        order(shannan, application)
    assert not Payment.objects.exists() and make.fresh(application).state == State.APPROVED


def test_eligibility_pays_nothing_and_only_the_fund_officer_pays(cast, shannan):
    application = make.reviewing(cast, make.register(cast))
    make.approve(cast, application)
    application = make.fresh(application)
    with pytest.raises(NotAllowed, match="不产生拨付"):
        paying.order(actor=cast.fund_officer, application_id=application.pk, seen=application.revision)
    other = make.approved_case(shannan)
    with pytest.raises(NotAllowed, match="基金财务"):
        paying.order(actor=shannan.reviewer, application_id=other.pk, seen=other.revision)


def test_the_database_itself_refuses_a_second_payment(shannan, approved):
    payment = order(shannan, approved)
    for changes in ({"reference": "other"}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.create(
                decision=payment.decision,
                amount=1,
                payee_name="x",
                ordered_by=shannan.fund_officer,
                **({"reference": payment.reference} | changes),
            )
