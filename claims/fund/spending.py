"""What settled claims cost the fund, brought into the ledger.

The ledger is not told of claims one by one: each booking asks what the settlements in force come to per county, month
of care and account, and appends the difference to what is booked. So it can run at any time, twice, or after any later
truth, and the ledger equals the sum of the valid settlements. Supplements and recoveries of a confirmed case are booked
at once, by their own entry, and the next booking finds them done.
"""

from collections import defaultdict
from datetime import date

from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import ExtractMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from claims.fund.accounts import OF_CLAIMS, OF_TIER, Account
from claims.fund.ledger import lock_year, may, post
from claims.fund.models import FundEntry, Posting
from claims.fund.selectors import county_of
from claims.later.booking import source_of
from claims.later.models import Adjustment, Resettlement
from policies import selectors as law
from policies.engine import chain
from policies.engine.codes import LOCATION_INDEX, SERVICE_INDEX
from policies.models import PolicyVersion

Key = tuple[str, int, str]  # county, month of care, account
# Years that wait for a case count with what was paid so far, which is the first settlement of each claim and the
# adjustments booked since: the case books its difference itself. One statement, so that no claim is seen on both sides.
_SETTLED = """
    WITH waiting AS MATERIALIZED (
        SELECT DISTINCT person_id FROM claims_laterfact WHERE year = %(year)s AND done_at IS NULL
    ), claim AS (
        SELECT c.* FROM claims_claim c
        WHERE c.settled_on BETWEEN %(first)s AND %(last)s AND c.region_id BETWEEN %(low)s AND %(high)s
    )
    SELECT c.region_id, extract(month FROM c.settled_on)::int, s.version_id, s.figures_id, s.category, c.service,
        c.location, NULL, sum(s.assistance), sum(s.out_of_catalogue_assistance), sum(s.top_up)
    FROM claims_settlement s JOIN claim c ON c.id = s.claim_id
    WHERE s.superseded_at IS NULL AND c.reversed_at IS NULL
        AND s.assistance + s.out_of_catalogue_assistance + s.top_up <> 0
        AND c.person_id NOT IN (SELECT person_id FROM waiting)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT c.region_id, extract(month FROM c.settled_on)::int, s.version_id, s.figures_id, s.category, c.service,
        c.location, NULL, sum(s.assistance), sum(s.out_of_catalogue_assistance), sum(s.top_up)
    FROM waiting JOIN claim c ON c.person_id = waiting.person_id
    CROSS JOIN LATERAL (SELECT f.* FROM claims_settlement f WHERE f.claim_id = c.id ORDER BY f.id LIMIT 1) s
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT c.region_id, extract(month FROM c.settled_on)::int, NULL, NULL, '', '', '', a.payer,
        coalesce(sum(a.signed) FILTER (WHERE a.tier = 'assistance'), 0),
        coalesce(sum(a.signed) FILTER (WHERE a.tier = 'outside'), 0),
        coalesce(sum(a.signed) FILTER (WHERE a.tier = 'top_up'), 0)
    FROM waiting JOIN claim c ON c.person_id = waiting.person_id
    JOIN LATERAL (
        SELECT b.tier, b.payer, CASE b.kind WHEN 'supplement' THEN b.amount ELSE -b.amount END AS signed
        FROM claims_adjustment b WHERE b.claim_id = c.id AND b.payer <> 'cii_fund'
    ) a ON true
    GROUP BY 1, 2, a.payer
"""
_YEAR_ENDS = """
    SELECT y.region_id, 12, y.version_id, y.figures_id, y.category, NULL, NULL, NULL, sum(y.paid), 0, 0
    FROM claims_yearend y
    WHERE y.superseded_at IS NULL AND y.year = %s AND y.region_id BETWEEN %s AND %s AND y.paid <> 0
    GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


def settled(year: int, region: Region | None = None) -> dict[Key, int]:
    """What the settlements in force come to (fen), and who bears it by the rule that paid; of years that wait for a
    case, what they came to until now.
    """
    low, high = _range(region)
    found: dict[Key, int] = defaultdict(int)
    versions: dict[int, PolicyVersion] = {}
    with connection.cursor() as cursor:
        of_year = {"year": year, "first": date(year, 1, 1), "last": date(year, 12, 31), "low": low, "high": high}
        cursor.execute(_SETTLED, of_year)
        rows = cursor.fetchall()
        cursor.execute(_YEAR_ENDS, [year, low, high])
        rows += cursor.fetchall()
    for place, month, version_id, figures_id, category, service, location, by, *amounts in rows:
        if by is not None:
            for account, amount in zip(OF_TIER.values(), amounts, strict=True):
                found[county_of(place), month, _account(by, account)] += int(amount)
            continue
        version = versions.get(version_id) or PolicyVersion.objects.defer("body").get(pk=version_id)
        versions[version_id] = version
        table = law.table_of(version, figures_id, year)
        at = table.values[chain.T_YEAR_END_SERVICE] if service is None else SERVICE_INDEX[service]
        where = 0 if location is None else LOCATION_INDEX[location]
        for (tier, account), amount in zip(OF_TIER.items(), amounts, strict=True):
            if amount:
                payer, _clauses = source_of(table, tier, category, at, where)
                found[county_of(place), month, _account(payer, account)] += int(amount)
    return found


def _range(region: Region | None) -> tuple[str, str]:
    """First and last code of the region; a place below a county stands in the books of the county."""
    prefix = region.prefix[:6] if region else ""
    return prefix.ljust(12, "0"), prefix.ljust(12, "9")


def _account(payer: str, account: Account) -> Account:
    return Account.COUNTY_CARE if payer == Adjustment.Payer.COUNTY_FINANCE else account


def booked(year: int, region: Region | None = None) -> dict[Key, int]:
    """What of claims is in the ledger, fen."""
    low, high = _range(region)
    rows = Posting.objects.filter(year=year, account__in=OF_CLAIMS, region_id__gte=low, region_id__lte=high)
    found: dict[Key, int] = defaultdict(int)
    for place, month, account, amount in rows.values_list("region_id", "month", "account", "amount"):
        found[place, month, account] += amount
    return found


def missing(year: int, region: Region | None = None) -> dict[Key, int]:
    """Settled and not in the ledger, by key; empty when the ledger equals the claims."""
    want, have = settled(year, region), booked(year, region)
    return {key: diff for key in sorted({*want, *have}) if (diff := want.get(key, 0) - have.get(key, 0))}


@transaction.atomic
def book_claims(*, actor: User | None, region: Region, year: int) -> list[FundEntry]:
    """Brings the ledger to what the settlements of the region's claims come to: an entry per county that differs.

    The postings carry the month of care. Raises NotAllowed.
    """
    may(actor, Act.FUND_WRITE, region.code)
    lock_year(region.code, year)
    by_county: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    for (county, month, account), amount in missing(year, region).items():
        by_county[county][account, month] = amount
    return [_book(actor, county, year, postings) for county, postings in sorted(by_county.items())]


def _book(actor: User | None, county: str, year: int, postings: dict[tuple[str, int], int]) -> FundEntry:
    of_county = sum(amount for (account, _month), amount in postings.items() if account == Account.COUNTY_CARE)
    rest = sum(postings.values()) - of_county
    postings = postings | {(Account.PAYABLE, 0): -rest, (Account.COUNTY_PAYABLE, 0): -of_county}
    prior = FundEntry.objects.filter(region_id=county, year=year, kind=FundEntry.Kind.CLAIMS).count()
    return post(
        region_id=county,
        year=year,
        day=min(timezone.localdate(), date(year, 12, 31)),
        kind=FundEntry.Kind.CLAIMS,
        reference=f"claims:{county}:{year}:{prior + 1}",
        postings=postings,
        actor=actor,
        note=_("费用结算汇总"),
    )


@transaction.atomic
def book_case(case: Resettlement, *, actor: User | None = None) -> list[FundEntry]:
    """Books the supplements and recoveries of a confirmed case, an entry per county and year; a second call nothing.

    Critical-illness insurance is another fund and stays out. Meant for `claims.later.services.register_listener`.
    """
    sums: dict[tuple[str, int], dict[tuple[str, int], int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        case.adjustments.exclude(payer=Adjustment.Payer.CII_FUND)
        .order_by()
        .values_list("region_id", "year", "tier", "payer", "kind", ExtractMonth("claim__settled_on"))
    )
    for place, year, tier, payer, kind, month, amount in rows.annotate(Sum("amount")):
        postings = sums[county_of(place), year]
        account = _account(payer, OF_TIER[tier])
        more = kind == Adjustment.Kind.SUPPLEMENT
        signed = amount if more else -amount
        postings[account, month or 12] += signed
        if account == Account.COUNTY_CARE:
            postings[Account.COUNTY_PAYABLE, 0] -= signed
        else:
            postings[Account.PAYABLE if more else Account.RECOVERABLE, 0] -= signed
    found = []
    for (county, year), postings in sorted(sums.items()):
        reference = f"resettlement:{case.pk}:{county}:{year}"
        if any(postings.values()) and not FundEntry.objects.filter(reference=reference).exists():
            lock_year(county, year)
            found.append(
                post(
                    region_id=county,
                    year=year,
                    day=timezone.localdate(),
                    kind=FundEntry.Kind.ADJUSTMENT,
                    reference=reference,
                    postings=postings,
                    actor=actor or case.decided_by,
                    approved_by=case.decided_by,
                    note=_("重新结算 %(number)s") % {"number": case.number},
                )
            )
    return found
