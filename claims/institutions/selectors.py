"""Reads of institutions: the register, the level of one, and what each cost, bore and was flagged for by month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Region, User
from claims.institutions.models import Institution
from policies import selectors as law

# Where the stored trace (claims.facts.flat) keeps the control of step 1; PostgreSQL counts from 1.
SHARE, LINE = "s.steps[3]", "s.steps[4]"


def institutions_for(
    user: User, *, q: str = "", level: int | None = None, supervised: bool = False, state: str = ""
) -> QuerySet[Institution]:
    """The register; `state`: designated, exited, or all."""
    found = user.visible(Institution).select_related("region")
    if q.strip():
        found = found.filter(Q(code__istartswith=q.strip()) | Q(name__icontains=q.strip()))
    if level:
        found = found.filter(level=level)
    if supervised:
        found = found.filter(supervised=True)
    gone = Q(exit_on__lt=timezone.localdate())
    return found.filter(gone) if state == "exited" else found.exclude(gone) if state == "designated" else found


def by_code(code: str) -> Institution | None:
    """The institution of a claim, if the register has it: one query."""
    return Institution.objects.select_related("region").filter(code=code.strip()).first() if code.strip() else None


def bands(codes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Level and charge class by code, of those that the register has."""
    rows = Institution.objects.filter(code__in=set(filter(None, codes))).values_list("code", "level", "charge_class")
    return {code: (level, charge) for code, level, charge in rows}


def all_bands() -> dict[str, tuple[int, int]]:
    """As `bands`, of the whole register: some hundred institutions."""
    return {
        code: (level, charge)
        for code, level, charge in Institution.objects.values_list("code", "level", "charge_class")
    }


@dataclass(frozen=True)
class Figures:
    """What one institution (in one month, or `month` None in all) came to; amounts in fen, shares in percent.

    `share` is that of the cost outside the catalogue in all cost; `allowed` and `controlled_share` look at claims
    alone on which the policy of the day sets a limit. `county_*`: inpatient care within the county (S4-13).
    """

    code: str
    name: str
    pk: int | None
    level: int | None
    supervised: bool
    month: date | None
    claims: int
    persons: int
    total: int
    outside: int
    controlled_total: int
    controlled_outside: int
    line: int
    flagged: int
    borne: int
    county_in_scope: int
    county_basic: int
    county_paid: int

    @property
    def share(self) -> Decimal | None:
        return percent(self.outside, self.total)

    @property
    def controlled_share(self) -> Decimal | None:
        return percent(self.controlled_outside, self.controlled_total)

    @property
    def allowed(self) -> Decimal | None:
        return percent(self.line, self.controlled_total)

    @property
    def beyond(self) -> bool:
        """More outside the catalogue than the policy allows, over all claims on which it sets a limit."""
        return self.controlled_outside > self.line

    @property
    def county_share(self) -> Decimal | None:
        return percent(self.county_basic, self.county_in_scope)

    @property
    def county_share_all(self) -> Decimal | None:
        return percent(self.county_paid, self.county_in_scope)


def percent(part: int, whole: int) -> Decimal | None:
    """With two decimals; None of nothing."""
    return (Decimal(part * 100) / whole).quantize(Decimal("0.01")) if whole else None


FIGURES: Final = f"""
SELECT f.*, i.name, i.id, i.level, coalesce(i.supervised, false)
FROM (
    SELECT c.institution AS code, {{month}} AS month, count(*), count(DISTINCT c.person_id),
        sum(c.total), sum(c.out_of_catalogue),
        coalesce(sum(c.total) FILTER (WHERE {SHARE} >= 0), 0),
        coalesce(sum(c.out_of_catalogue) FILTER (WHERE {SHARE} >= 0), 0),
        coalesce(sum({LINE}) FILTER (WHERE {SHARE} >= 0), 0),
        count(*) FILTER (WHERE s.over_control), coalesce(sum(s.institution_borne), 0),
        coalesce(sum(c.in_scope) FILTER (WHERE {{stay}}), 0), coalesce(sum(c.basic_paid) FILTER (WHERE {{stay}}), 0),
        coalesce(sum(c.basic_paid + s.cii_paid + s.assistance + s.top_up) FILTER (WHERE {{stay}}), 0)
    FROM claims_claim c
    LEFT JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
    WHERE c.region_id BETWEEN %(low)s AND %(high)s AND c.settled_on BETWEEN %(first)s AND %(last)s
        AND c.reversed_at IS NULL AND (%(code)s = '' OR c.institution = %(code)s)
    GROUP BY 1, 2
) f
LEFT JOIN claims_institution i ON i.code = f.code
WHERE (%(level)s = 0 OR i.level = %(level)s) AND (NOT %(supervised)s OR i.supervised)
ORDER BY {{order}}
"""  # noqa: S608 - made of constants
STAY: Final = "c.service = 'inpatient' AND c.location = 'county'"


def figures(
    user: User,
    *,
    first: date,
    last: date,
    region: Region | None = None,
    code: str = "",
    level: int | None = None,
    supervised: bool = False,
    by_month: bool = False,
) -> list[Figures]:
    """Per institution (and month) the claims of the user's region in the days given: one query.

    Claims without an institution's code are one line with an empty code. The most borne comes first, by month the
    newest month.
    """
    prefix = user.region_prefix
    if region is not None and region.prefix.startswith(prefix):
        prefix = region.prefix
    month = "date_trunc('month', c.settled_on)::date" if by_month else "NULL::date"
    order = "f.month DESC, f.code" if by_month else "11 DESC, 10 DESC, 5 DESC, 1"
    with connection.cursor() as cursor:
        cursor.execute(
            FIGURES.format(month=month, stay=STAY, order=order),
            {
                "low": prefix.ljust(12, "0"),
                "high": prefix.ljust(12, "9"),
                "first": first,
                "last": last,
                "code": code,
                "level": level or 0,
                "supervised": supervised,
            },
        )
        return [_figures(row) for row in cursor.fetchall()]


def _figures(row: tuple[Any, ...]) -> Figures:
    code, month, *sums = row[:14]
    name, pk, level, supervised = row[14:]
    return Figures(code, name or "", pk, level, supervised, month, *(int(one) for one in sums))


def borne(user: User, institution: Institution, first: date, last: date) -> QuerySet[Any]:
    """Claims of the user's region whose excess the institution bears (S3-16, S4-08), by day."""
    from claims.selectors import with_settlement

    return (
        user.visible(with_settlement())
        .filter(institution=institution.code, settled_on__range=(first, last), reversed_at=None)
        .filter(now__institution_borne__gt=0)
        .order_by("settled_on", "claim_no")
    )


def allowed_shares(region_id: str, day: date) -> list[tuple[str, str]]:
    """What the policy in force says of cost outside the catalogue, as (who or what, percent); empty without."""
    from claims.institutions.texts import shares

    version = law.version_on(region_id, day)
    control = law.document_of(version).control if version else None
    return shares(control) if control else []
