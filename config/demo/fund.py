"""The demo's fund: its year's money, the budget that a second person agreed to, what the claims come to."""

from datetime import date

from django.utils.translation import gettext as _

from accounts.models import Region, User
from accounts.vocabulary import Role
from claims.fund import ledger, spending
from claims.fund.accounts import Account
from claims.fund.models import Budget
from claims.fund.selectors import counties_of

# Of one county's year, in fen.
MONEY = (
    (Account.SOURCE_FISCAL, date(2023, 1, 16), 42_000_000),
    (Account.SOURCE_CITY, date(2023, 2, 8), 18_000_000),
    (Account.SOURCE_BANNER, date(2023, 3, 3), 10_000_000),
)
BUDGET = 60_000_000


def load_fund(code: str, year: int) -> None:
    """Money and budget of the region's counties, its claims booked; nothing when there is a budget already."""
    if Budget.objects.exists():
        return
    region = Region.objects.get(code=code)
    officer, reviewer = (User.objects.get(username=role.value) for role in (Role.FUND_OFFICER, Role.REVIEWER))
    for county in counties_of(region):
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
        budget = ledger.propose_budget(actor=officer, region=county, year=year, amount=BUDGET, reason=_("演示数据"))
        ledger.decide(actor=reviewer, what=budget, approve=True)
    spending.book_claims(actor=None, region=region, year=year)
