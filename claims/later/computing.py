"""What years come to on the facts as they are now, beside what was paid of them so far; sets of rows throughout.

Paid so far is what the first settlement of a claim paid (the platform's bill stood on it) and every adjustment booked
since. Preparing a case and confirming it run the very same statements; preparing takes them back again.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils.dateparse import parse_date

from accounts.jobs import Progress
from accounts.models import User
from claims import staging
from claims.bulk import array_of, hold_years
from claims.later.models import AMOUNTS, TIERS, Cause, EarlierFacts, LaterFact
from claims.later.year_end import ends_of, settle_year_ends
from claims.models import Claim
from claims.settling import settle_years
from claims.writing import OTHERWISE

Key = tuple[int, int]
_COLUMN: Final = {
    "cii": "cii_paid",
    "assistance": "assistance",
    "outside": "out_of_catalogue_assistance",
    "top_up": "top_up",
    "borne": "institution_borne",
    "burden": "personal_burden",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of `ResettlementLine` without its case; equal lines say the same."""

    person_id: int
    claim_id: int | None
    year: int
    region_id: str
    reversed: bool
    old_category: str
    new_category: str
    old_version_id: int | None
    new_version_id: int | None
    old_cii: int
    old_assistance: int
    old_outside: int
    old_top_up: int
    old_borne: int
    old_burden: int
    new_cii: int
    new_assistance: int
    new_outside: int
    new_top_up: int
    new_borne: int
    new_burden: int

    @property
    def difference(self) -> int:
        return sum(getattr(self, f"new_{tier}") - getattr(self, f"old_{tier}") for tier in TIERS)


LINE_COLUMNS: Final = tuple(field.name for field in fields(Line))


def settle_again(
    keys: Sequence[Key],
    proposals: Sequence[LaterFact],
    *,
    actor: User | None,
    now: datetime,
    progress: Progress,
    dry: bool = False,
) -> list[Line]:
    """Applies the proposals, settles the years from zero, and says what differs from what was paid. Writes.

    `dry`: settlements and accumulators stay as they are where that is cheaper; the caller takes back the rest.
    """
    with connection.cursor() as cursor:
        cursor.execute(OTHERWISE)
    hold_years(sorted(keys))
    reversals = [one.claim_id for one in proposals if one.cause == Cause.REVERSAL]
    Claim.objects.filter(pk__in=reversals, reversed_at=None).update(reversed_at=now)
    for one in proposals:
        if one.cause == Cause.CORRECTION:
            held = Claim.objects.select_for_update(of=("self",)).get(pk=one.claim_id)
            replace_facts(held, one.facts or {}, cause=one.cause, note=one.note, actor=actor, now=now)
    ends = frozenset(ends_of(keys)) if dry else None
    settle_years(keys, actor=actor, from_zero=True, cause="", now=now, progress=progress, dry=ends)
    settle_year_ends(keys, actor=actor, now=now, again=True)
    return differences(keys, [one.claim_id for one in proposals if one.claim_id], now)


def replace_facts(
    claim: Claim, facts: dict[str, Any], *, cause: str, note: str, actor: User | None, now: datetime
) -> None:
    """The claim says `facts` (columns by name) from now on; what it said is kept beside."""
    EarlierFacts.objects.create(
        claim=claim, facts=facts_now(claim), cause=cause, note=note, replaced_at=now, replaced_by=actor
    )
    Claim.objects.filter(pk=claim.pk).update(**{name: _typed(name, value) for name, value in facts.items()})


def facts_now(claim: Claim) -> dict[str, Any]:
    """What a claim says, as JSON."""
    values = {name: getattr(claim, name) for name in staging.FACTS}
    return values | {"settled_on": claim.settled_on.isoformat()}


def _typed(name: str, value: Any) -> Any:
    return parse_date(value) if name == "settled_on" and isinstance(value, str) else value


_RESULT: Final = ("category", "version_id", *_COLUMN.values())


def _tiers(prefix: str) -> str:
    return ", ".join(f"{prefix}.{_COLUMN[tier]}" for tier in TIERS)


_SIGNED: Final = "CASE a.kind WHEN 'supplement' THEN a.amount ELSE -a.amount END"
_DIFFERENCES: Final = f"""
WITH every AS MATERIALIZED (
    SELECT c.id, c.person_id, k.year, c.region_id, c.reversed_at IS NOT NULL AS reversed
    FROM unnest(%(persons)s::bigint[], %(years)s::int[]) AS k (person_id, year)
    JOIN claims_claim c ON c.person_id = k.person_id
        AND c.settled_on BETWEEN make_date(k.year, 1, 1) AND make_date(k.year, 12, 31)
), moved AS (
    -- A claim with one settlement that stands, of which nothing was booked since, has no difference.
    SELECT id FROM every WHERE reversed OR id = ANY(%(proposed)s::bigint[])
    UNION SELECT claim_id FROM claims_otherwise
    UNION SELECT s.claim_id FROM every JOIN claims_settlement s ON s.claim_id = every.id AND s.superseded_at IS NOT NULL
    UNION SELECT a.claim_id FROM every JOIN claims_adjustment a ON a.claim_id = every.id
), claim AS MATERIALIZED (
    SELECT every.* FROM every JOIN moved USING (id)
), first AS MATERIALIZED (
    SELECT DISTINCT ON (s.claim_id) s.claim_id, {_tiers("s")}
    FROM claim JOIN claims_settlement s ON s.claim_id = claim.id ORDER BY s.claim_id, s.id
), booked AS MATERIALIZED (
    SELECT a.claim_id, {", ".join(f"sum({_SIGNED}) FILTER (WHERE a.tier = '{tier}') AS {tier}" for tier in TIERS)}
    FROM claims_adjustment a WHERE a.claim_id IN (SELECT id FROM claim) GROUP BY a.claim_id
), paid AS (
    SELECT f.claim_id, {", ".join(f"f.{_COLUMN[tier]} + coalesce(b.{tier}, 0)::bigint AS {tier}" for tier in TIERS)}
    FROM first f LEFT JOIN booked b USING (claim_id)
)
SELECT claim.person_id, claim.id, claim.year, claim.region_id, claim.reversed,
    old.category, coalesce(new.category, 'none'), old.version_id, new.version_id,
    {", ".join(f"paid.{tier}" for tier in TIERS)}, old.institution_borne, old.personal_burden,
    {", ".join(f"coalesce(new.{_COLUMN[name]}, 0)" for name in AMOUNTS)}
FROM claim
JOIN paid ON paid.claim_id = claim.id
LEFT JOIN claims_settlement held
    ON held.claim_id = claim.id AND held.superseded_at IS NULL AND NOT claim.reversed
LEFT JOIN claims_otherwise otherwise ON otherwise.claim_id = claim.id
CROSS JOIN LATERAL (
    SELECT {", ".join(f"coalesce(otherwise.{name}, held.{name}) AS {name}" for name in _RESULT)}
) AS new
CROSS JOIN LATERAL (
    SELECT o.* FROM claims_settlement o
    WHERE o.claim_id = claim.id AND o.settled_at < %(now)s
    ORDER BY (({_tiers("o")}) = ({", ".join(f"paid.{tier}" for tier in TIERS)})) DESC, o.id DESC LIMIT 1
) AS old
WHERE ({", ".join(f"paid.{tier}" for tier in TIERS)}) IS DISTINCT FROM
        ({", ".join(f"coalesce(new.{_COLUMN[tier]}, 0)" for tier in TIERS)})
    OR claim.id = ANY(%(proposed)s::bigint[])
    OR (NOT claim.reversed AND (new.category, new.institution_borne, new.personal_burden) IS DISTINCT FROM
        (old.category, old.institution_borne, old.personal_burden))
ORDER BY claim.person_id, claim.year, claim.id
"""  # noqa: S608 - made of constants

_YEAR_END_DIFFERENCES: Final = """
SELECT e.person_id, NULL::bigint, e.year, e.region_id, false, first.category, e.category, first.version_id,
    e.version_id, 0, first.paid + coalesce(booked.amount, 0)::bigint, 0, 0, 0,
    -(first.paid + coalesce(booked.amount, 0)::bigint), 0, e.paid, 0, 0, 0, -e.paid
FROM unnest(%(persons)s::bigint[], %(years)s::int[]) AS k (person_id, year)
JOIN claims_yearend e ON e.person_id = k.person_id AND e.year = k.year AND e.superseded_at IS NULL
CROSS JOIN LATERAL (
    SELECT f.paid, f.category, f.version_id FROM claims_yearend f
    WHERE f.person_id = k.person_id AND f.year = k.year ORDER BY f.id LIMIT 1
) AS first
LEFT JOIN LATERAL (
    SELECT sum(CASE a.kind WHEN 'supplement' THEN a.amount ELSE -a.amount END) AS amount
    FROM claims_adjustment a WHERE a.claim_id IS NULL AND a.person_id = k.person_id AND a.year = k.year
) AS booked ON true
WHERE e.paid <> first.paid + coalesce(booked.amount, 0)
ORDER BY e.person_id, e.year
"""


def differences(keys: Sequence[Key], proposed: Sequence[int], now: datetime) -> list[Line]:
    """Claims of these years whose settlement in force is not what was paid; those of `proposed` always."""
    given = {
        "persons": array_of(person for person, _year in keys),
        "years": array_of(year for _person, year in keys),
        "proposed": array_of(proposed),
        "now": now,
    }
    found: list[Line] = []
    with connection.cursor() as cursor:
        for statement in (_DIFFERENCES, _YEAR_END_DIFFERENCES):
            cursor.execute(statement, given)
            found += [Line(*row) for row in cursor.fetchall()]
    return found


def copy_lines(case_id: int, lines: Sequence[Line]) -> None:
    """The lines of a case by COPY; codes and integers only."""
    columns = ", ".join(("case_id", *LINE_COLUMNS))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY claims_resettlementline ({columns}) FROM STDIN") as copy,
    ):
        for start in range(0, len(lines), 1000):
            copy.write("".join([_text(case_id, line) for line in lines[start : start + 1000]]))


def _text(case_id: int, line: Line) -> str:
    cells = (
        r"\N" if cell is None else "t" if cell is True else "f" if cell is False else cell for cell in astuple(line)
    )
    return "\t".join(map(str, (case_id, *cells))) + "\n"
