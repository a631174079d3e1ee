"""Reads of the fund: balances, budget and what is used of it, what each level owes (S1-08), reconciliation, lists."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from accounts.access import inside
from accounts.models import Level, Region, User
from beneficiaries.enrolment.models import RegionYear
from claims.fund.accounts import SOURCES, SPENDING, Account
from claims.fund.models import (
    BankBalance,
    Budget,
    Decidable,
    FundEntry,
    ManualEntry,
    Override,
    PaymentBatch,
    PaymentOrder,
    Posting,
)
from policies import selectors as law
from policies.engine.book import Book
from policies.engine.chain import share
from policies.engine.errors import EngineError
from policies.engine.needs import FundDue, fund_due
from policies.engine.parameters import Parameters
from policies.engine.table import Rules


def county_of(region_code: str) -> str:
    """The county (or the higher region itself) in whose ledger a place's money stands."""
    return region_code[:6] + "000000"


def within(region: Region, lookup: str = "region_id") -> Q:
    """Rows of the region and below."""
    return Q(**{f"{lookup}__gte": region.prefix.ljust(12, "0"), f"{lookup}__lte": region.prefix.ljust(12, "9")})


# --- balances ------------------------------------------------------------------------------------------------------
def balances(region: Region, year: int) -> dict[str, int]:
    """Debit balance (fen) by account, of the region and below."""
    rows = Posting.objects.filter(within(region), year=year).values_list("account").annotate(Sum("amount"))
    return dict(rows.order_by())


def spent_of(found: Mapping[str, int]) -> int:
    """What the fund itself bears, of `balances`."""
    return sum(found.get(account, 0) for account in SPENDING)


def sources_of(found: Mapping[str, int]) -> int:
    """What has come in, of `balances` (a source's balance is a credit)."""
    return -sum(found.get(account, 0) for account in SOURCES)


def budget_of(region: Region, year: int) -> Budget | None:
    """The approved budget that binds the region: its own, or of the nearest region above that has one."""
    found = Budget.objects.filter(year=year, state=Decidable.State.APPROVED, region_id__in=law.upward(region.code))
    newest: dict[str, Budget] = {}
    for budget in found.select_related("region").order_by("decided_at", "pk"):
        newest[budget.region_id] = budget
    return next((newest[code] for code in law.upward(region.code) if code in newest), None)


@dataclass(frozen=True)
class Used:
    """What is used of a budget, fen; `budget` is None where none is approved."""

    budget: Budget | None
    spent: int

    @property
    def amount(self) -> int:
        return self.budget.amount if self.budget else 0

    @property
    def left(self) -> int:
        return self.amount - self.spent

    @property
    def share(self) -> float | None:
        """Per cent of the budget, None without one."""
        return self.spent * 100 / self.amount if self.amount else None


def used(region: Region, year: int) -> Used:
    """The budget that binds the region and what all who share it have spent."""
    budget = budget_of(region, year)
    return Used(budget, spent_of(balances(budget.region if budget else region, year)))


def fund_used(user: User, year: int | None = None) -> tuple[int, int] | None:
    """(spent, budget) in fen of the user's region for the workbench; None without an approved budget."""
    if user.organisation is None:
        return None
    found = used(user.organisation.region, year or timezone.localdate().year)
    return (found.spent, found.amount) if found.budget else None


def months(region: Region, year: int) -> list[int]:
    """What was spent per month of the year, fen, twelve figures: claims by month of care, the rest by day."""
    found = [0] * 12
    rows = Posting.objects.filter(within(region), year=year, account__in=SPENDING)
    for month, amount in rows.values_list("month").annotate(Sum("amount")).order_by():
        found[max(month, 1) - 1] += amount
    return found


# --- S1-08 ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Source:
    """What a payer owes in a year by the policy, what has come, what is missing (fen)."""

    payer: str
    due: int
    paid: int

    @property
    def short(self) -> int:
        return max(0, self.due - self.paid)


@dataclass(frozen=True)
class Financing:
    """The S1-08 computation of a region: lines with formula and clause, payers, or why there is none."""

    due: FundDue | None
    sources: tuple[Source, ...]
    problem: str = ""


def _figures(policy: str) -> Parameters:
    """The statistical figures as they stand: a requirement of funding is not frozen as a settlement is."""
    return law.parameters_from(policy, law.figure_rows(policy))


def financing(region: Region, year: int) -> Financing:
    """The least funding of the year by the policy in force, against what the ledger has received (S1-08)."""
    version = law.version_on(region.code, date(year, 12, 31))
    if version is None:
        return Financing(None, (), problem="no_version")
    try:
        rules = Rules(Book([law.document_of(version)]), version.policy, _figures(version.policy))
        due = fund_due(rules, year)
    except EngineError as error:
        return Financing(None, (), problem=str(error))
    paid = balances(region, year)
    accounts = (Account.SOURCE_CITY, Account.SOURCE_BANNER)
    found = [
        Source(payer, amount, -paid.get(accounts[min(index, 1)], 0)) for index, (payer, amount) in enumerate(due.shares)
    ]
    return Financing(due, tuple(found))


@dataclass(frozen=True)
class BannerRow:
    """S1-08 for one banner: residents × per head, the banner's share, what it has paid, what it still owes (fen)."""

    region: Region
    residents: int | None
    due: int
    share: int
    paid: int

    @property
    def short(self) -> int:
        return max(0, self.share - self.paid)


def banners(region: Region, year: int) -> list[BannerRow]:
    """What each banner owes: residents of the year before, the shares of the policy; the last payer is the banner."""
    version = law.version_on(region.code, date(year, 12, 31))
    funding = law.document_of(version).funding if version else None
    if version is None or funding is None:
        return []
    per_head = funding.per_resident.resolve(_figures(version.policy), version.policy, year) or 0
    places = counties_of(region)
    people = dict(RegionYear.objects.filter(year=year - 1, region__in=places).values_list("region_id", "residents"))
    paid = dict(
        Posting.objects.filter(region__in=places, year=year, account=Account.SOURCE_BANNER)
        .values_list("region_id")
        .annotate(Sum("amount"))
        .order_by()
    )
    rows = []
    for place in places:
        due = (people.get(place.code) or 0) * per_head
        above = sum(share(due, ratio) for _payer, ratio in funding.shares[:-1])
        rows.append(BannerRow(place, people.get(place.code), due, due - above, -paid.get(place.code, 0)))
    return rows


# --- the ledger equals the claims ------------------------------------------------------------------------------------
def out_of_step(year: int, region: Region | None = None) -> dict[tuple[str, int, str], int]:
    """Per (county, month, account): settled and not in the ledger, fen; empty when the ledger equals the claims."""
    from claims.fund.spending import missing

    return missing(year, region)


# --- lists ----------------------------------------------------------------------------------------------------------
def entries_for(user: User, *, year: int = 0, kind: str = "", account: str = "", county: str = "") -> QuerySet[Any]:
    """Entries with their turnover (sum of debits), newest first."""
    found = user.visible(FundEntry).select_related("region", "made_by")
    found = found.annotate(turnover=Sum("postings__amount", filter=Q(postings__amount__gt=0)))
    if year:
        found = found.filter(year=year)
    if kind:
        found = found.filter(kind=kind)
    if account:
        found = found.filter(pk__in=Posting.objects.filter(account=account).values("entry_id"))
    return found.filter(region_id=county) if county else found


def orders_for(user: User, *, state: str = "", kind: str = "", county: str = "", year: int = 0) -> QuerySet[Any]:
    found = user.visible(PaymentOrder).select_related("region", "person")
    wanted = {"state": state, "kind": kind, "region_id": county, "year": year}
    return found.filter(**{name: value for name, value in wanted.items() if value})


def batches_for(user: User) -> QuerySet[Any]:
    return user.visible(PaymentBatch).select_related("region", "made_by")


DECIDABLE: tuple[type[Any], ...] = (Budget, ManualEntry, Override)


def waiting_for(user: User) -> list[Any]:
    """What waits for a second person in the user's region, oldest first: three queries."""
    found: list[Any] = []
    for model in DECIDABLE:
        rows = user.visible(model).filter(state=Decidable.State.WAITING)
        found += rows.select_related("region", "proposed_by")
    return sorted(found, key=lambda one: one.proposed_at)


def to_decide(user: User, model: type[Any]) -> QuerySet[Any]:
    """Those of one model (of `DECIDABLE`) that the user may decide: proposed by somebody else."""
    others = Q(proposed_by=None) | ~Q(proposed_by=user)
    return user.visible(model).filter(others, state=Decidable.State.WAITING)


def counties_of(region: Region) -> list[Region]:
    """The counties of a region, itself when it is one."""
    if region.level >= Level.COUNTY:
        return [region]
    return list(Region.objects.filter(within(region, "code"), level=Level.COUNTY))


def years(shown: int) -> list[int]:
    """Years that the ledger knows, the one shown and the present one, newest first."""
    known = set(FundEntry.objects.order_by().values_list("year", flat=True).distinct())
    return sorted(known | {shown, timezone.localdate().year}, reverse=True)


def bank_balances(region: Region, year: int) -> Iterable[BankBalance]:
    return BankBalance.objects.filter(within(region), year=year).select_related("region", "recorded_by")[:12]


def visible_region(user: User, code: str) -> Region:
    """The region asked for if the user may see it, else the own."""
    own = user.organisation.region if user.organisation else None
    found = Region.objects.filter(inside(user, "code"), code=code).first() if code else None
    if found or own:
        return found or own  # type: ignore[return-value]
    raise Region.DoesNotExist
