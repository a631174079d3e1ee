"""What the year will have cost: this year's pace on last year's seasons, the method said."""

from datetime import date

import pytest

from accounts.models import Region
from accounts.vocabulary import Role
from claims.errors import ClaimRefused, NotAllowed
from claims.fund import selectors, services
from claims.fund.accounts import Account
from claims.fund.forecast import forecast
from claims.fund.models import Budget, FundEntry
from tests.claims.makers import COUNTY
from tests.factories import make_user

YEAR = 2023


@pytest.fixture
def county(law):
    return Region.objects.get(pk=COUNTY)


def spend(year: int, *months: int) -> None:
    """Fen of care by month, from January on."""
    for month, amount in enumerate(months, 1):
        if amount:
            services.post(
                region_id=COUNTY,
                year=year,
                day=date(year, month, 1),
                kind=FundEntry.Kind.CLAIMS,
                reference=f"test:{year}:{month}",
                postings={(Account.CARE, month): amount, (Account.PAYABLE, 0): -amount},
                actor=None,
            )


LAST = (100, 100, 100, 200, 200, 200, 100, 100, 100, 300, 300, 300)


def test_this_year_s_pace_on_last_year_s_seasons(county):
    """Half as much again as last year up to April: the months to come are last year's, half as much again."""
    spend(YEAR - 1, *LAST)
    spend(YEAR, 150, 150, 150, 300, 40)
    found = forecast(county, YEAR, date(YEAR, 5, 20))
    assert found.known == 4
    assert found.expected == [150, 150, 150, 300, 300, 300, 150, 150, 150, 450, 450, 450]
    assert found.total == 3_150 and "150.0%" in found.method and "1至4月" in found.method


def test_what_the_present_month_has_spent_is_the_least(county):
    spend(YEAR - 1, *LAST)
    spend(YEAR, 100, 100, 100, 200, 999)
    assert forecast(county, YEAR, date(YEAR, 5, 20)).expected[4] == 999


def test_without_a_comparable_year_the_pace_alone(county):
    spend(YEAR, 100, 200)
    found = forecast(county, YEAR, date(YEAR, 3, 5))
    assert found.expected == [100, 200, *[150] * 10] and "月均" in found.method


@pytest.mark.parametrize(
    ("today", "expected", "said"),
    [(date(2024, 1, 5), (100, 200, *[0] * 10), "全年已结束"), (date(2023, 1, 20), LAST, "还没有完整的月份")],
)
def test_a_year_that_is_over_and_one_that_has_just_begun(county, today, expected, said):
    spend(YEAR - 1, *LAST)
    if today.year > YEAR:
        spend(YEAR, 100, 200)
    found = forecast(county, YEAR, today)
    assert tuple(found.expected) == expected and said in found.method


def test_the_overview_warns_when_the_year_will_pass_the_budget(county, client):
    spend(YEAR - 1, *LAST)
    Budget.objects.create(region=county, year=YEAR, amount=2_000, reason="年初预算", state="approved")
    client.force_login(make_user(Role.FUND_OFFICER, region=COUNTY))
    spend(YEAR, *(2 * one for one in LAST))
    page = client.get("/fund/", {"year": YEAR}).content.decode()
    assert "预计到年末超出预算 22.00 元" in page


def test_who_proposed_has_nothing_to_decide(county):
    officer, second = (make_user(Role.FUND_OFFICER, username=name) for name in ("proposes", "decides"))
    budget = services.propose_budget(actor=officer, region=county, year=YEAR, amount=100, reason="年初预算")
    assert set(selectors.to_decide(second, Budget)) == {budget}
    assert not selectors.to_decide(officer, Budget).exists()
    services.decide(actor=second, what=budget, approve=True)
    assert not selectors.to_decide(second, Budget).exists()


# --- reconciliation ---------------------------------------------------------------------------------------------------
def test_the_bank_s_balance_stands_beside_the_ledger_s_and_a_difference_is_explained(county, client):
    """The ledger's figure is that of the day, of all years; who reconciles says why it differs."""
    officer, second = (make_user(Role.FUND_OFFICER, username=name, region=COUNTY) for name in ("proposes", "decides"))
    for year, month, amount in ((2022, 12, 500), (2023, 2, 300), (2023, 7, 200)):
        entry = services.propose_entry(
            actor=officer, region=county, year=year, day=date(year, month, 1), debit=Account.BANK,
            credit=Account.SOURCE_BANNER, amount=amount, document="国库1", reason="到账",
        )  # fmt: skip
        services.decide(actor=second, what=entry, approve=True)
    even = services.record_bank_balance(actor=officer, region=county, day=date(2023, 6, 30), balance=800)
    assert (even.ledger, even.difference, even.note) == (800, 0, "")
    with pytest.raises(ClaimRefused, match="不符") as refused:
        services.record_bank_balance(actor=officer, region=county, day=date(2023, 7, 31), balance=950)
    assert refused.value.field == "note"
    client.force_login(officer)
    client.post("/fund/bank/", {"day": "2023-07-31", "balance": "9.50", "note": "在途50分"})
    page = client.get("/fund/", {"year": 2023}).content.decode()
    assert "在途50分" in page and "-0.50" in page
    with pytest.raises(NotAllowed):
        reviewer = make_user(Role.REVIEWER, username="reads", region=COUNTY)
        services.record_bank_balance(actor=reviewer, region=county, day=date(2023, 6, 30), balance=800)
