"""The accumulators of many person-years as columns: locked and read, written as sets (`claims.columns` settles them).

Days are ordinals, 0 for none; regions are their codes as numbers; amounts are fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.db import connection

from claims.bulk import array_of
from claims.facts import SUMS
from claims.wire import Array, copy_numbers, fetched
from policies.engine.chain import STATE_COUNT, STEP_COUNT, State

_DAY: Final = "- DATE '0001-01-01' + 1"
_STATE: Final = tuple(f"state_{name}" for name in State._fields)
_FIELDS: Final = (
    ("person", "k.person_id", "i8"),
    ("year", "k.year", "i4"),
    ("pk", "y.id", "i8"),
    ("region", "y.region_id::int8", "i8"),
    ("version", "coalesce(y.version_id, 0)", "i8"),
    ("last", f"coalesce(y.last_settled_on {_DAY}, 0)", "i4"),
    *((name, f"y.{name}::int8", "i8") for name in SUMS),
    *((f"state_{name}", f"coalesce((y.state ->> '{name}')::int8, 0)", "i8") for name in State._fields),
)
_LOCKED: Final = f"""
    SELECT {", ".join(sql for _name, sql, _kind in _FIELDS)}
    FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
    JOIN claims_personyear y ON y.person_id = k.person_id AND y.year = k.year
    ORDER BY k.person_id, k.year FOR UPDATE OF y
"""  # noqa: S608 - made of constants


class Raced(Exception):
    """Somebody else made a year in the meantime: it must be locked and settled again."""


@dataclass
class Years:
    """Person-years in order of person and year; `pk` 0 where the accumulator is not there yet."""

    person: Array
    year: Array
    pk: Array
    region: Array
    version: Array
    last: Array
    sums: Array
    state: Array
    claim: Array  # the last claim where it is another now, else 0

    def __len__(self) -> int:
        return len(self.person)

    def only(self, keep: Array) -> "Years":
        """The rows of a mask."""
        return Years(**{name: value[keep] for name, value in vars(self).items()})

    def keys(self, which: Array | slice = slice(None)) -> list[str]:
        """Persons and years as parameters for `%s::bigint[], %s::int[]`."""
        return [array_of(self.person[which].tolist()), array_of(self.year[which].tolist())]

    def emptied(self) -> None:
        """As on 1 January."""
        self.sums[:], self.state[:], self.last[:], self.version[:] = 0, 0, 0, 0


def locked(keys: Sequence[tuple[int, int]]) -> Years:
    """The accumulators of (person id, year), in that order; those that are there are locked until the transaction ends.

    Whoever comes second waits, and nobody waits in a circle. `write` tells of years that somebody else made meanwhile.
    """
    person, year = (np.array(column, np.int64) for column in zip(*keys, strict=True))
    count = len(keys)
    found = fetched(
        _LOCKED, [array_of(person.tolist()), array_of(year.tolist())], [(n, kind) for n, _sql, kind in _FIELDS]
    )
    at = np.searchsorted(person * 10_000 + year, found["person"] * 10_000 + found["year"])
    plain = {name: np.zeros(count, np.int64) for name in ("pk", "region", "version", "last")}
    for name, column in plain.items():
        column[at] = found[name]
    sums, state = np.zeros((count, len(SUMS)), np.int64), np.zeros((count, STATE_COUNT), np.int64)
    for place, name in enumerate(SUMS):
        sums[at, place] = found[name]
    for place, name in enumerate(_STATE):
        state[at, place] = found[name]
    return Years(person, year, **plain, sums=sums, state=state, claim=np.zeros(count, np.int64))


_COLUMNS: Final = ("pk", "person", "year", "region", "version", "last", "claim", *SUMS, *_STATE)
_NOW: Final = f"""
DROP TABLE IF EXISTS claims_years_now;
CREATE TEMP TABLE claims_years_now ({", ".join(f"{name} bigint" for name in _COLUMNS)}) ON COMMIT DROP;
"""
_SET: Final = {
    "region_id": "lpad(k.region::text, 12, '0')",
    "version_id": "nullif(k.version, 0)",
    "last_settled_on": "CASE WHEN k.last > 0 THEN DATE '0001-01-01' + (k.last::int - 1) END",
    "state": f"jsonb_build_object({', '.join(f'{name!r}, k.state_{name}' for name in State._fields)})",
    **{name: f"k.{name}" for name in SUMS},
}
_UPDATE: Final = f"""
UPDATE claims_personyear y SET {", ".join(f"{name} = {sql}" for name, sql in _SET.items())},
    last_claim_no = CASE WHEN k.last = 0 THEN '' ELSE coalesce(c.claim_no, y.last_claim_no) END
FROM claims_years_now k LEFT JOIN claims_claim c ON c.id = k.claim
WHERE y.id = k.pk
"""  # noqa: S608
_INSERT: Final = f"""
INSERT INTO claims_personyear (person_id, year, last_claim_no, {", ".join(_SET)})
SELECT k.person, k.year, c.claim_no, {", ".join(_SET.values())}
FROM claims_years_now k JOIN claims_claim c ON c.id = k.claim
WHERE k.pk = 0 ORDER BY k.person, k.year
ON CONFLICT (person_id, year) DO NOTHING
"""  # noqa: S608


def write(years: Years) -> None:
    """The accumulators with their new state and sums, also those that were not there yet. Raises Raced."""
    fresh = int(((years.pk == 0) & (years.claim > 0)).sum())
    columns = {name: getattr(years, name) for name in ("pk", "person", "year", "region", "version", "last", "claim")}
    columns |= {name: years.sums[:, at] for at, name in enumerate(SUMS)}
    columns |= {name: years.state[:, at] for at, name in enumerate(_STATE)}
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        copy_numbers("claims_years_now", columns)
        cursor.execute("ANALYZE claims_years_now (pk, claim)")
        if fresh < len(years):
            cursor.execute(_UPDATE)
        if fresh:
            cursor.execute(_INSERT)
            if cursor.rowcount != fresh:
                raise Raced


def first_pending(years: Years) -> Array:
    """Day of the first claim without a settlement (ordinal, 0: none), by year."""
    rows = fetched(_PENDING, [*years.keys(), array_of(range(len(years)))], [("at", "i4"), ("day", "i4")])
    days = np.zeros(len(years), np.int64)
    days[rows["at"]] = rows["day"]
    return days


_PENDING: Final = f"""
    SELECT k.at, min(c.settled_on) {_DAY}
    FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS k (person_id, year, at)
    JOIN claims_claim c ON c.person_id = k.person_id
        AND c.settled_on BETWEEN make_date(k.year, 1, 1) AND make_date(k.year, 12, 31) AND c.reversed_at IS NULL
    LEFT JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
    WHERE s.id IS NULL GROUP BY 1
"""  # noqa: S608


def states_before(years: Years, which: Array, starts: Array) -> Array:
    """The state after the last claim settled before the day `starts`, for the years `which` (indices), or zeros."""
    found = np.zeros((len(which), STATE_COUNT), np.int64)
    params = [*years.keys(which), array_of(starts[which].tolist()), array_of(range(len(which)))]
    rows = fetched(_BEFORE, params, [("at", "i4")], state=STATE_COUNT)
    found[rows["at"]] = rows["state"]
    return found


_BEFORE: Final = f"""
    SELECT k.at, found.state
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[]) AS k (person_id, year, start, at)
    CROSS JOIN LATERAL (
        SELECT s.steps[{STEP_COUNT - STATE_COUNT + 1}:] AS state
        FROM claims_claim c JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
        WHERE c.person_id = k.person_id AND c.settled_on >= make_date(k.year, 1, 1)
            AND c.settled_on < DATE '0001-01-01' + (k.start - 1)
        ORDER BY c.settled_on DESC, c.claim_no COLLATE "C" DESC
        LIMIT 1
    ) AS found
"""  # noqa: S608
