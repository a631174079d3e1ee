"""What a confirmed re-settlement leaves to pay and to get back: ordered once, received in parts, in the ledger."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from beneficiaries.services import certify, end_category
from claims.errors import ClaimRefused, NotAllowed
from claims.fund import listeners, selectors
from claims.fund import services as fund
from claims.fund.accounts import Account
from claims.fund.differences import selectors as differences
from claims.fund.differences import services
from claims.fund.differences.models import Difference
from claims.fund.models import FundEntry, PaymentOrder
from claims.later import services as later
from claims.later.models import Cause
from tests.claims.fund.test_fund import ledger_balanced
from tests.claims.makers import COUNTY, make_person, make_spell, now, record
from tests.factories import make_user

CITY = "150500000000"


@pytest.fixture
def hands(law, monkeypatch):
    monkeypatch.setattr(listeners, "_listeners", {})
    return {
        "worker": make_user(Role.CASE_WORKER, username="prepares"),
        "reviewer": make_user(Role.REVIEWER, username="confirms"),
        "officer": make_user(Role.FUND_OFFICER, username="pays"),
        "second": make_user(Role.FUND_OFFICER, username="second"),
    }


def confirmed(hands, cause):
    case = later.prepare(actor=hands["worker"], region=Region.objects.get(pk=CITY), cause=cause)
    return later.confirm(actor=hands["reviewer"], case=case)


def budget(hands, year: int = 2023) -> None:
    region = Region.objects.get(pk=COUNTY)
    made = fund.propose_budget(actor=hands["officer"], region=region, year=year, amount=10**12, reason="年初预算")
    fund.decide(actor=hands["second"], what=made, approve=True)


def balance(account: str) -> int:
    return selectors.balances(Region.objects.get(pk=COUNTY), 2023).get(account, 0)


@pytest.fixture
def supplement(hands):
    """A category with a past date: what assistance pays more goes to the person."""
    person = make_person()
    claim = record(person, "2023-05-10", 60000, 20000)
    certify(
        actor=hands["worker"],
        person=person,
        category="subsistence",
        department="civil_affairs",
        region=person.region,
        valid_from=date(2023, 5, 1),
        source=None,
    )
    confirmed(hands, Cause.CATEGORY)
    return Difference.objects.get(), claim


@pytest.fixture
def recovery(hands):
    """An end with a past date: what was paid is to come back."""
    person = make_person()
    spell = make_spell(person, "extreme_poverty")
    claim = record(person, "2023-06-10", 60000, 20000)
    given = now(claim).assistance
    fund.book_claims(actor=None, region=Region.objects.get(pk=COUNTY), year=2023)
    end_category(actor=hands["worker"], spell=spell, last_day=date(2023, 5, 31), reason="登记有误")
    confirmed(hands, Cause.CATEGORY_END)
    return Difference.objects.get(), given


def test_a_supplement_is_ordered_once_and_goes_through_the_bank(hands, supplement):
    one, claim = supplement
    settled = now(claim)
    assert (one.supplement, one.recovery, one.region_id) == (settled.assistance + settled.top_up, 0, COUNTY)
    nobody = services.issue(actor=hands["officer"], differences=[one])
    assert (nobody.ordered, nobody.without_account) == (0, [one.person.name])
    type(one.person).objects.update(bank_account="6217000010001234567", bank_name="农业银行")
    stopped = services.issue(actor=hands["officer"], differences=[one])
    assert "预算" in stopped.problem and not PaymentOrder.objects.exists()
    budget(hands)
    assert set(differences.unordered(hands["officer"])) == {one}
    assert services.issue(actor=hands["officer"], differences=[one]).ordered == 1
    assert services.issue(actor=hands["officer"], differences=[one]).ordered == 0
    order = PaymentOrder.objects.get()
    assert (order.amount, order.kind, order.reference) == (one.supplement, "supplement", one.reference)
    assert "S1-12" in order.clauses and not differences.unordered(hands["officer"]).exists()
    # The expense is in the ledger since the case was booked: the order makes no second one.
    spent = balance(Account.CARE) + balance(Account.TOP_UP)
    batch = fund.make_batch(actor=hands["officer"], region=order.region, orders=[order])
    fund.send_batch(actor=hands["officer"], batch=batch)
    fund.record_result(actor=hands["officer"], order=order, paid=True)
    assert balance(Account.CARE) + balance(Account.TOP_UP) == spent == one.supplement
    assert (balance(Account.BANK), balance(Account.PAYABLE)) == (-one.supplement, 0)
    assert ledger_balanced()


def test_a_recovery_is_owed_until_it_came_back_in_parts(hands, recovery):
    one, given = recovery
    officer, today = hands["officer"], timezone.localdate()
    assert (one.supplement, one.to_recover, one.to_pay) == (0, given, 0)
    assert balance(Account.RECOVERABLE) == given
    assert services.issue(actor=officer, differences=[one]).ordered == 0
    services.receive(actor=officer, difference=one, day=today, amount=given - 100, document="回单1")
    for amount, day, document, field in (
        (101, today, "回单2", "amount"),
        (0, today, "回单2", "amount"),
        (100, today + timedelta(days=1), "回单2", "day"),
        (100, today, " ", "document"),
    ):
        with pytest.raises(ClaimRefused) as refused:
            services.receive(actor=officer, difference=one, day=day, amount=amount, document=document)
        assert refused.value.field == field
    assert set(differences.differences_for(officer, state="owed")) == {one}
    services.receive(actor=officer, difference=one, day=today, amount=100, document="回单2")
    one.refresh_from_db()
    assert (one.received, one.left) == (given, 0)
    assert (balance(Account.RECOVERABLE), balance(Account.BANK)) == (0, given)
    assert set(differences.differences_for(officer, state="received")) == {one}
    assert FundEntry.objects.filter(kind="recovered").count() == 2 and ledger_balanced()


def test_what_one_person_gets_and_gives_back_is_set_off(hands, supplement):
    """Booked both ways in one case: only the rest is paid."""
    one, _claim = supplement
    case = one.case
    Difference.objects.all()._raw_delete("default")
    from claims.later.models import Adjustment

    back = one.supplement // 3
    Adjustment.objects.create(
        case=case, person=one.person, year=2023, region_id=COUNTY, kind="recovery", tier="assistance",
        payer="assistance_fund", amount=back, clauses=["S1-12"],
    )  # fmt: skip
    payable = balance(Account.PAYABLE)
    assert services.gather(case) == 1 and services.gather(case) == 0
    again = Difference.objects.get()
    assert (again.supplement, again.recovery, again.to_pay) == (one.supplement, back, one.supplement - back)
    assert balance(Account.PAYABLE) == payable + back and ledger_balanced()


def test_only_the_fund_officer_of_the_region_orders_and_receives(hands, recovery):
    one, given = recovery
    for role, region in ((Role.REVIEWER, CITY), (Role.FUND_OFFICER, "150522000000")):
        other = make_user(role, username=f"x-{role}", region=region)
        with pytest.raises(NotAllowed):
            services.receive(actor=other, difference=one, day=timezone.localdate(), amount=1, document="x")
        assert services.issue(actor=other, differences=[one]).problem
    with pytest.raises(IntegrityError, match="received_within"), transaction.atomic():
        Difference.objects.update(received=given + 1)


def test_its_pages(hands, client, supplement, django_assert_max_num_queries):
    one, _claim = supplement
    type(one.person).objects.update(bank_account="6217000010001234567")
    budget(hands)
    client.force_login(hands["officer"])
    page = client.get(reverse("fund:differences"), {"state": "to_pay"}).content.decode()
    assert one.case.number in page and "待下达" in page
    with django_assert_max_num_queries(8):
        client.get(reverse("fund:differences"), headers={"HX-Request": "true", "HX-Target": "list"})
    client.post(reverse("fund:issue"), {"ids": [one.pk]})
    one.refresh_from_db()
    assert one.order is not None
    page = client.get(reverse("fund:difference", args=[one.pk])).content.decode()
    assert one.order.number in page and "S1-12" in page


def test_money_is_received_on_the_page(hands, client, recovery):
    one, given = recovery
    client.force_login(hands["officer"])
    address = reverse("fund:difference", args=[one.pk])
    assert client.post(address, {"day": "2026-01-01", "amount": "9999999", "document": "x"}).status_code == 422
    client.post(address, {"day": f"{timezone.localdate()}", "amount": f"{given / 100:.2f}", "document": "回单7"})
    assert "回单7" in client.get(address).content.decode()
    one.refresh_from_db()
    assert one.left == 0
