"""The statements that settle many claims at once: lock, read, write; sets of rows, never one by one."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import connection

from claims.facts import SUMS, Fact, Outcome, PersonYearRow, flat, unflat
from policies.engine.chain import State

_SUM_COLUMNS = ", ".join(SUMS)
MANY = 2_000  # rows after which a table's statistics are worth renewing


def array_of(values: Iterable[int | date]) -> str:
    """A parameter for `%s::bigint[]` and the like: many times faster to send than a list, value by value."""
    return f"{{{','.join(map(str, values))}}}"


def lock_years(keys: Sequence[tuple[int, int]]) -> list[PersonYearRow]:
    """The accumulators of (person id, year), made where missing, locked until the transaction ends.

    Rows are made and locked in order of person and year: whoever comes second waits, and nobody waits in a circle.
    """
    # One alone cannot wait in a circle: mostly it is there, and one statement is enough.
    found = _locked(keys) if len(keys) == 1 else []
    # Twice: an import that is undone meanwhile takes years away that were there when the missing ones were made.
    for _attempt in range(2):
        if len(found) < len(keys):
            _make_missing(keys)
            found = _locked(keys)
    return found


def hold_years(keys: Sequence[tuple[int, int]]) -> None:
    """Locks them as `lock_years` does, without reading what they hold."""
    held = 0
    for _attempt in range(2):
        if held < len(keys):
            _make_missing(keys)
            with connection.cursor() as cursor:
                cursor.execute(
                    """
                    SELECT FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
                    JOIN claims_personyear y ON y.person_id = k.person_id AND y.year = k.year
                    ORDER BY y.person_id, y.year
                    FOR UPDATE OF y
                    """,
                    [array_of(person for person, _year in keys), array_of(year for _person, year in keys)],
                )
                held = cursor.rowcount


def _make_missing(keys: Sequence[tuple[int, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO claims_personyear (person_id, year, region_id, state, last_claim_no, {_SUM_COLUMNS})
            SELECT k.person_id, k.year, p.region_id, '{{}}', '', {", ".join("0" for _ in SUMS)}
            FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
            JOIN beneficiaries_person p ON p.id = k.person_id
            WHERE NOT EXISTS (
                SELECT 1 FROM claims_personyear y WHERE y.person_id = k.person_id AND y.year = k.year
            )
            ORDER BY k.person_id, k.year
            ON CONFLICT (person_id, year) DO NOTHING
            """,  # noqa: S608 - column names of this module
            [array_of(person for person, _year in keys), array_of(year for _person, year in keys)],
        )
        if cursor.rowcount > MANY:
            # Settling joins on what was just written: without fresh figures the planner takes the table for empty.
            cursor.execute("ANALYZE claims_personyear")


def _locked(keys: Sequence[tuple[int, int]]) -> list[PersonYearRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT y.id, y.person_id, y.year, y.state, y.last_settled_on, y.last_claim_no, y.region_id, y.version_id,
                   {", ".join(f"y.{name}" for name in SUMS)}
            FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
            JOIN claims_personyear y ON y.person_id = k.person_id AND y.year = k.year
            ORDER BY y.person_id, y.year
            FOR UPDATE OF y
            """,  # noqa: S608
            [array_of(person for person, _year in keys), array_of(year for _person, year in keys)],
        )
        return [
            PersonYearRow(
                pk=row[0],
                person_id=row[1],
                year=row[2],
                state=json.loads(row[3]) if isinstance(row[3], str) else row[3],
                last=(row[4], row[5]) if row[4] else None,
                region_id=row[6],
                version_id=row[7],
                sums=list(row[8:]),
            )
            for row in cursor.fetchall()
        ]


def first_pending(years: Sequence[PersonYearRow]) -> dict[int, date]:
    """Day of the first claim without a settlement, by accumulator; years without one are not in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.id, min(c.settled_on)
            FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS k (id, person_id, year)
            JOIN claims_claim c ON c.person_id = k.person_id
                AND c.settled_on BETWEEN make_date(k.year, 1, 1) AND make_date(k.year, 12, 31)
                AND c.reversed_at IS NULL
            LEFT JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
            WHERE s.id IS NULL
            GROUP BY k.id
            """,
            _columns(years),
        )
        return dict(cursor.fetchall())


def _columns(years: Sequence[PersonYearRow]) -> list[str]:
    return [
        array_of(row.pk for row in years),
        array_of(row.person_id for row in years),
        array_of(row.year for row in years),
    ]


def read_facts(years: Sequence[PersonYearRow], starts: Mapping[int, date]) -> list[Fact]:
    """The claims of each year from its start on, in the order of settlement, with what they came to so far.

    Claim numbers are compared byte by byte, whatever the database's collation: the order is part of the arithmetic.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, k.id, c.person_id, c.region_id, c.claim_no, c.settled_on, c.service, c.location,
                   c.hospital_level, c.charge_class, c.referred, c.major_disease, c.control_waived,
                   c.chronic_management, c.insurance, c.total, c.in_scope, c.out_of_catalogue, c.basic_paid,
                   c.other_paid, c.platform_cii, s.id, s.version_id, s.steps
            FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::date[]) AS k (id, person_id, year, start)
            JOIN claims_claim c ON c.person_id = k.person_id
                AND c.settled_on BETWEEN k.start AND make_date(k.year, 12, 31) AND c.reversed_at IS NULL
            LEFT JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
            ORDER BY c.person_id, k.year, c.settled_on, c.claim_no COLLATE "C"
            """,
            [*_columns(years), array_of(starts[row.pk] for row in years)],
        )
        return [Fact(*row[:-1], unflat(row[-1]) if row[-1] else None) for row in cursor.fetchall()]


def state_before(years: Sequence[PersonYearRow], starts: Mapping[int, date]) -> dict[int, State]:
    """The state after the last claim settled before the start, for years into which a claim came late."""
    if not years:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.id, found.steps
            FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::date[]) AS k (id, person_id, year, start)
            CROSS JOIN LATERAL (
                SELECT s.steps
                FROM claims_claim c JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
                WHERE c.person_id = k.person_id AND c.settled_on >= make_date(k.year, 1, 1) AND c.settled_on < k.start
                ORDER BY c.settled_on DESC, c.claim_no COLLATE "C" DESC
                LIMIT 1
            ) AS found
            """,
            [*_columns(years), array_of(starts[row.pk] for row in years)],
        )
        return {pk: unflat(steps).state for pk, steps in cursor.fetchall()}


def supersede_reversed(keys: Sequence[tuple[int, int]], now: datetime) -> int:
    """What was settled of the years' claims that were reversed; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE claims_settlement s SET superseded_at = %s
            FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
            JOIN claims_claim c ON c.person_id = k.person_id
                AND c.settled_on BETWEEN make_date(k.year, 1, 1) AND make_date(k.year, 12, 31)
            WHERE s.claim_id = c.id AND s.superseded_at IS NULL AND c.reversed_at IS NOT NULL
            """,
            [now, array_of(person for person, _year in keys), array_of(year for _person, year in keys)],
        )
        return cursor.rowcount


def supersede(settlements: Collection[int], now: datetime) -> None:
    """Earlier results that others take the place of."""
    if settlements:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE claims_settlement SET superseded_at = %s WHERE id = ANY(%s::bigint[])",
                [now, array_of(settlements)],
            )


def note_settled_again(gone: Collection[int], cause: str, actor_id: int | None, now: datetime) -> None:
    """The years of superseded settlements wait for a case that books what they were paid too much or too little."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO claims_laterfact (person_id, year, region_id, since, cause, reference, note, recorded_by_id,
                recorded_at)
            SELECT c.person_id, extract(year FROM c.settled_on)::int, min(c.region_id), min(c.settled_on), %s, '', '',
                   %s, %s
            FROM claims_settlement s JOIN claims_claim c ON c.id = s.claim_id
            WHERE s.id = ANY(%s::bigint[]) GROUP BY 1, 2
            """,
            [cause, actor_id, now, array_of(gone)],
        )


_SETTLEMENT_COLUMNS = (
    "claim_id, version_id, figures_id, settled_at, settled_by_id, category, over_control, cii_paid, assistance,"
    " out_of_catalogue_assistance, top_up, institution_borne, in_scope_burden, personal_burden,"
    " spell_ids, approved, before, steps"
)


def write_settlements(outcomes: Sequence[Outcome], now: datetime, actor_id: int | None) -> None:
    """Append settlements by COPY: integers and codes only, so the text needs no escapes."""
    if not outcomes:
        return
    when, who = now.isoformat(), r"\N" if actor_id is None else str(actor_id)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY claims_settlement ({_SETTLEMENT_COLUMNS}) FROM STDIN") as copy,
    ):
        for start in range(0, len(outcomes), 500):
            copy.write("".join([_line(outcome, when, who) for outcome in outcomes[start : start + 500]]))


def _line(outcome: Outcome, when: str, who: str) -> str:
    steps, ruling = outcome.steps, outcome.ruling
    return (
        f"{outcome.fact.pk}\t{ruling.version.pk}\t{ruling.figures_id}\t{when}\t{who}\t{outcome.category}"
        f"\t{'t' if steps.control.over else 'f'}\t{steps.cii.paid}\t{steps.assistance.paid}\t{steps.outside}"
        f"\t{steps.top_up.paid}\t{steps.control.borne}\t{steps.in_scope_burden}\t{steps.personal_burden}"
        f"\t{{{','.join(map(str, outcome.spell_ids))}}}\t{{{','.join(outcome.approved_codes)}}}"
        f"\t{{{','.join(map(str, outcome.before))}}}\t{{{','.join(map(str, flat(steps)))}}}\n"
    )


# A payment at the year's end rests on the state after its last claim: where that is another now, the year waits.
_STALE_ENDS = f"""
    INSERT INTO claims_laterfact (person_id, year, region_id, since, cause, reference, note, recorded_by_id,
        recorded_at)
    SELECT y.person_id, y.year, y.region_id, make_date(y.year, 12, 31), %s, '', '', %s, %s
    FROM {{years}} y
    JOIN claims_yearend e ON e.person_id = y.person_id AND e.year = y.year AND e.superseded_at IS NULL
    WHERE e.before <> ARRAY[{", ".join(f"coalesce((y.state ->> '{name}')::bigint, 0)" for name in State._fields)}]
        AND NOT EXISTS (SELECT FROM claims_laterfact f
            WHERE f.person_id = y.person_id AND f.year = y.year AND f.done_at IS NULL)
"""  # noqa: S608 - names of the engine's fields


def note_year_ends(keys: Sequence[tuple[int, int]], cause: str, actor_id: int | None, now: datetime) -> None:
    """Years whose payment at their end rests on another state than theirs wait for a case."""
    years = "(SELECT p.* FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year) JOIN claims_personyear p USING"
    with connection.cursor() as cursor:
        cursor.execute(
            _STALE_ENDS.format(years=f"{years} (person_id, year))"),
            [
                cause,
                actor_id,
                now,
                array_of(person for person, _year in keys),
                array_of(year for _person, year in keys),
            ],
        )


def write_years(years: Sequence[PersonYearRow], cause: str, actor_id: int | None, now: datetime) -> None:
    """The locked accumulators with their new state and sums; with a cause, `note_year_ends` in the same statement."""
    columns = [array_of(row.sums[at] for row in years) for at in range(len(SUMS))]
    noting = _STALE_ENDS.format(years="written") if cause else "SELECT 1"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH written AS (UPDATE claims_personyear y
            SET state = k.state, region_id = k.region_id, version_id = k.version_id,
                last_settled_on = k.last_settled_on, last_claim_no = k.last_claim_no,
                {", ".join(f"{name} = k.{name}" for name in SUMS)}
            FROM unnest(%s::bigint[], %s::jsonb[], %s::text[], %s::bigint[], %s::date[], %s::text[],
                        {", ".join("%s::bigint[]" for _ in SUMS)})
                AS k (id, state, region_id, version_id, last_settled_on, last_claim_no, {_SUM_COLUMNS})
            WHERE y.id = k.id RETURNING y.person_id, y.year, y.region_id, y.state) {noting}
            """,  # noqa: S608
            [
                array_of(row.pk for row in years),
                [json.dumps(row.state) for row in years],
                f"{{{','.join(row.region_id for row in years)}}}",
                f"{{{','.join(str(row.version_id or 'NULL') for row in years)}}}",
                f"{{{','.join(str(row.last[0]) if row.last else 'NULL' for row in years)}}}",
                [row.last[1] if row.last else "" for row in years],
                *columns,
                *([cause, actor_id, now] if cause else []),
            ],
        )
