"""The differences of a case as supplements and recoveries: per claim and tier, with payer and clause."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from accounts.models import User
from claims.later.computing import Line
from claims.later.models import TIERS, Adjustment
from claims.models import Claim
from policies import selectors as law
from policies.engine import chain
from policies.engine.codes import CATEGORY_INDEX, LOCATION_INDEX, NONE, NONE_INDEX, SERVICE_INDEX
from policies.engine.table import YearTable
from policies.models import PolicyVersion

BATCH: Final = 5_000
_COLUMNS: Final = (
    "case_id, person_id, claim_id, year, region_id, kind, tier, payer, amount, clauses, booked_at, booked_by_id"
)


def book(case_id: int, lines: Sequence[Line], *, actor: User | None, now: datetime) -> None:
    """Appends one adjustment per claim and tier that differs."""
    sources = _Sources()
    for start in range(0, len(lines), BATCH):
        part = lines[start : start + BATCH]
        sources.read(part)
        text = "".join(_rows(case_id, part, sources, actor, now))
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY claims_adjustment ({_COLUMNS}) FROM STDIN") as copy,
        ):
            copy.write(text)


def _rows(case_id: int, lines: Sequence[Line], sources: "_Sources", actor: User | None, now: datetime) -> Iterable[str]:
    who = r"\N" if actor is None else str(actor.pk)
    when = now.isoformat()
    for line in lines:
        claim = r"\N" if line.claim_id is None else str(line.claim_id)
        for tier in TIERS:
            amount = getattr(line, f"new_{tier}") - getattr(line, f"old_{tier}")
            if amount:
                payer, clauses = sources.of(line, tier)
                kind = Adjustment.Kind.SUPPLEMENT if amount > 0 else Adjustment.Kind.RECOVERY
                yield (
                    f"{case_id}\t{line.person_id}\t{claim}\t{line.year}\t{line.region_id}\t{kind.value}\t{tier}\t{payer}"
                    f"\t{abs(amount)}\t{{{','.join(clauses)}}}\t{when}\t{who}\n"
                )


class _Sources:
    """Payer and clauses of a tier: of the rule that pays now, or of the one that paid what is taken back."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[int, int]] = {}
        self._tables: dict[tuple[int, int], YearTable] = {}
        self._figures: dict[tuple[int, int], int] = {}
        self._versions: dict[int, PolicyVersion] = {}

    def read(self, lines: Sequence[Line]) -> None:
        ids = [line.claim_id for line in lines if line.claim_id is not None]
        rows = Claim.objects.filter(pk__in=ids).values_list("pk", "service", "location")
        self._places = {pk: (SERVICE_INDEX[service], LOCATION_INDEX[location]) for pk, service, location in rows}

    def of(self, line: Line, tier: str) -> tuple[str, tuple[str, ...]]:
        pays = getattr(line, f"new_{tier}") > 0 and line.new_version_id is not None
        version_id = line.new_version_id if pays else line.old_version_id
        category = line.new_category if pays else line.old_category
        table = self._table(version_id or 0, line.year)
        if line.claim_id is None:
            service, location = table.values[chain.T_YEAR_END_SERVICE], 0
        else:
            service, location = self._places[line.claim_id]
        return source_of(table, tier, category, service, location)

    def _table(self, version_id: int, year: int) -> YearTable:
        key = (version_id, year)
        if key not in self._tables:
            version = self._versions.setdefault(version_id, PolicyVersion.objects.defer("body").get(pk=version_id))
            figures = version.figures.order_by("-id").values_list("pk", flat=True)[0]
            self._tables[key] = law.table_of(version, figures, year)
        return self._tables[key]


def source_of(table: YearTable, tier: str, category: str, service: int, location: int) -> tuple[str, tuple[str, ...]]:
    """(payer, clause IDs) of a tier under the rule for this category, service and location."""
    document = table.document
    index = NONE_INDEX if category == NONE else CATEGORY_INDEX[category]
    place = (index, service, location)
    if tier == "cii":
        tilt = table.tilts.get(index)
        return Adjustment.Payer.CII_FUND, _merged(document.critical_illness.clauses, tilt.clauses if tilt else ())
    payer = Adjustment.Payer.ASSISTANCE_FUND
    if tier == "assistance" and place in table.rules:
        rule = table.rules[place]
        if rule.payer == "county_finance":
            payer = Adjustment.Payer.COUNTY_FINANCE
        return payer, rule.clauses
    if tier == "outside" and place in table.out_rules:
        return payer, table.out_rules[place].clauses
    if tier == "top_up" and document.top_up is not None:
        return payer, document.top_up.clauses
    return payer, document.categories.clauses


def _merged(*clauses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for part in clauses for one in part))
