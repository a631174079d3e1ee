"""The demo's fund: its year's money, the one budget of all counties that a second person agreed to, its claims."""

from datetime import date

from django.utils.translation import gettext as _

from accounts.models import Region, User
from accounts.vocabulary import Role
from claims.fund import ledger, spending
from claims.fund.accounts import Account
from claims.fund.models import Budget
from claims.fund.selectors import counties_of

# Of one county's year, in fen; the budget is the region's, of as much a county.
MONEY = (
    (Account.SOURCE_FISCAL, date(2023, 1, 16), 2_000_000),
    (Account.SOURCE_CITY, date(2023, 2, 8), 400_000),
    (Account.SOURCE_BANNER, date(2023, 3, 3), 1_000_000),
)
BUDGET = 3_000_000


def load_fund(code: str, year: int) -> None:
    """The counties' money, the region's budget, its claims booked; nothing when there is a budget already."""
    if Budget.objects.exists():
        return
    region = Region.objects.get(code=code)
    officer, reviewer = (User.objects.get(username=role.value) for role in (Role.FUND_OFFICER, Role.REVIEWER))
    counties = counties_of(region)
    for county in counties:
        for source, day, amount in MONEY:
            entry = ledger.propose_entry(
                actor=officer,
                region=county,
                year=year,
                day=day,
                debit=Account.BANK,
                credit=source,
                amount=amount,
                document=f"{day:%Y}-{county.code[:6]}-{source}",
                reason=_("演示数据"),
            )
            ledger.decide(actor=reviewer, what=entry, approve=True)
    amount = BUDGET * len(counties)
    budget = ledger.propose_budget(actor=officer, region=region, year=year, amount=amount, reason=_("演示数据"))
    ledger.decide(actor=reviewer, what=budget, approve=True)
    spending.book_claims(actor=None, region=region, year=year)
