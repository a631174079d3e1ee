"""The statement of a person's year: each claim with its tiers, the payment at year end, adjustments, sums."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from claims.later.models import Adjustment, YearEnd
from claims.later.year_end import working_of
from claims.models import Claim, PersonYear
from claims.selectors import with_settlement
from policies.engine.lines import Line

SUMS = ("cii_paid", "assistance", "out_of_catalogue_assistance", "top_up", "personal_burden")


@dataclass(frozen=True)
class YearStatement:
    """Amounts in fen; `totals` over claims and the year end, by column."""

    claims: list[Claim]
    year_end: YearEnd | None
    year_end_lines: list[Line]
    adjustments: list[Adjustment]
    totals: dict[str, int]

    @property
    def paid(self) -> int:
        """What critical-illness insurance and the assistance fund pay of the year."""
        return sum(self.totals[name] for name in SUMS[:-1])

    @property
    def booked(self) -> int:
        return sum(one.signed for one in self.adjustments)


def of_year(year: PersonYear) -> YearStatement:
    """Three queries and the law in memory."""
    rows = list(
        with_settlement()
        .filter(person_id=year.person_id, settled_on__year=year.year, reversed_at=None)
        .order_by("settled_on", "claim_no")
    )
    end = (
        YearEnd.objects.filter(person_id=year.person_id, year=year.year, superseded_at=None)
        .select_related("version")
        .first()
    )
    adjustments = list(
        Adjustment.objects.filter(Q(person_id=year.person_id, year=year.year))
        .select_related("case", "claim")
        .order_by("id")
    )
    settled: list[Any] = [row.now for row in rows if row.now]
    totals = {name: sum(getattr(one, name) for one in settled) for name in SUMS}
    totals |= {name: sum(getattr(row, name) for row in rows) for name in ("total", "basic_paid", "other_paid")}
    if end:
        totals["assistance"] += end.paid
        totals["personal_burden"] -= end.paid
    return YearStatement(rows, end, working_of(end).lines if end else [], adjustments, totals)
