"""The claims of a region and year as columns, read by binary COPY: no object is made per claim.

The facts are those that settlement reads (`claims.facts`, `claims.settling.Categories`): categories as held true now,
approvals on their days, claims in the order (person, day, claim number).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from accounts.jobs import Progress, no_progress
from claims import eligibility
from claims.facts import EMPLOYEE
from claims.trials import kernels
from claims.trials.copying import copied
from policies.engine.batch import COMPILE_FROM, SpellArrays
from policies.engine.chain import CODE_COUNT, MONEY_COUNT
from policies.engine.codes import CATEGORY_CODES, CATEGORY_INDEX, LOCATIONS, REFERRALS, SERVICES
from policies.engine.compiled import translated

OPEN_END: Final = date.max.toordinal()
Array = Any


@dataclass
class ClaimColumns:
    """Claims of some persons sorted by person, day and number, one entry per claim.

    `who` numbers the persons among all that were read; `inside` is False for claims of other regions, which count for
    the person's year but not in the trial's figures.
    """

    claim_id: Array
    who: Array
    day: Array
    region: Array
    codes: Array
    money: Array
    inside: Array

    def __len__(self) -> int:
        return len(self.who)

    def at(self, keep: Any) -> "ClaimColumns":
        """Some of the claims."""
        return ClaimColumns(**{name: value[keep] for name, value in vars(self).items()})


@dataclass
class StoredClaims:
    """Claims as they were read (columns of `kernels`; those from row `own` on are of other regions) and their order.

    `person_ids`, sorted, says who they are; the claims of person n stand at `starts[n]` to `starts[n + 1]` of `order`.
    """

    rows: Array
    order: Array
    own: int
    person_ids: Array
    starts: Array

    def parts(self, size: int) -> list[tuple[int, int]]:
        """Persons from, to: parts alike of at most about `size` claims, every person's in one."""
        found, first, last = [], 0, len(self.person_ids)
        size = -(-len(self.rows) // max(1, -(-len(self.rows) // size)))
        while first < last:
            after = int(np.searchsorted(self.starts, self.starts[first] + size))
            found.append((first, min(max(after, first + 1), last)))
            first = found[-1][1]
        return found

    def columns(self, first: int, after: int) -> ClaimColumns:
        """The claims of the persons `first` to `after` - 1."""
        start = int(self.starts[first])
        count = int(self.starts[after]) - start
        made = ClaimColumns(
            claim_id=np.empty(count, np.int64),
            who=np.empty(count, np.int32),
            day=np.empty(count, np.int32),
            region=np.empty(count, np.int64),
            codes=np.empty((count, CODE_COUNT), np.int8),
            money=np.empty((count, MONEY_COUNT), np.int64),
            inside=np.empty(count, bool),
        )
        order = self.order[start : start + count]
        bits = np.array([(shift, (1 << width) - 1) for shift, width in _BITS], np.int64).reshape(-1)
        self._kernel("arrange")(self.rows, order, self.own, first, bits, *vars(made).values())
        return made

    def regions(self, own: bool) -> list[int]:
        """The codes that occur among the claims inside the region, or among those of other regions."""
        rows = self.rows[: self.own] if own else self.rows[self.own :]
        seen = np.zeros(_REGIONS_AT_MOST, np.int64)
        if self._kernel("distinct")(rows, kernels.REGION, seen):
            return np.unique(seen[seen > 0]).tolist()
        return np.unique(rows[:, kernels.REGION]).tolist()

    def _kernel(self, name: str) -> Any:
        return kernel(name, len(self.rows))


# Packed codes: shift and width by field, in the order of the engine's codes.
_BITS: Final = ((0, 3), (3, 2), (5, 2), (7, 2), (9, 2), (11, 1), (12, 1), (13, 1))
_BATCH_ROWS: Final = 500_000
_ASKED_AT_ONCE: Final = 20_000
_REGIONS_AT_MOST: Final = 1 << 16  # places of a table that should stay half empty


def _index_sql(column: str, codes: Sequence[str]) -> str:
    whens = " ".join(f"WHEN '{code}' THEN {at}" for at, code in enumerate(codes))
    return f"CASE {column} {whens} END"


_CODES_SQL: Final = " + ".join(
    f"({expression}) * {1 << shift}"
    for expression, (shift, _width) in zip(
        (
            _index_sql("c.service", tuple(SERVICES)),
            _index_sql("c.location", tuple(LOCATIONS)),
            "c.hospital_level - 1",
            "c.charge_class - 1",
            _index_sql("c.referred", tuple(REFERRALS)),
            "c.major_disease::int",
            "c.control_waived::int",
            "(c.chronic_management = 'annual')::int",
        ),
        _BITS,
        strict=True,
    )
)
# In the order of `kernels`.
_FIELDS: Final = (
    ("claim_id", "c.id"),
    ("person", "c.person_id"),
    ("day", "c.settled_on - DATE '0001-01-01' + 1"),
    ("region", "c.region_id"),
    ("codes", _CODES_SQL),
    ("total", "c.total"),
    ("in_scope", "c.in_scope"),
    ("out_of_catalogue", "c.out_of_catalogue"),
    ("basic_paid", "c.basic_paid"),
    ("other_paid", "c.other_paid"),
    ("given_cii", f"CASE c.insurance WHEN '{EMPLOYEE}' THEN coalesce(c.platform_cii, 0) ELSE -1 END"),
)
_SELECT: Final = f"SELECT {', '.join(f'({sql})::bigint' for _name, sql in _FIELDS)} FROM claims_claim c"  # noqa: S608
_INSIDE: Final = """
    c.region_id >= %(low)s AND c.region_id <= %(high)s AND c.settled_on BETWEEN %(first)s AND %(last)s
    AND c.reversed_at IS NULL
"""
# What the same persons had elsewhere that year: it fills the same deductibles and limits.
_ELSEWHERE: Final = """
    c.settled_on BETWEEN %(first)s AND %(last)s AND (c.region_id < %(low)s OR c.region_id > %(high)s)
    AND c.reversed_at IS NULL AND c.person_id IN (
        SELECT i.person_id FROM claims_claim i
        WHERE i.region_id >= %(low)s AND i.region_id <= %(high)s AND i.settled_on BETWEEN %(first)s AND %(last)s
    )
"""
_SPELL_COLUMNS: Final = 4  # person, category, first, last day
# Everyone's: to look for the persons of the claims would read those a second time.
_SPELLS: Final = f"""
    SELECT s.person_id::bigint, (array_position(%(codes)s::text[], s.category::text) - 1)::bigint,
           (s.valid_from - DATE '0001-01-01' + 1)::bigint,
           CASE WHEN s.valid_to IS NULL THEN {OPEN_END} ELSE s.valid_to - DATE '0001-01-01' + 1 END::bigint
    FROM beneficiaries_heldcategory s
    WHERE s.known_to IS NULL AND s.valid_from <= %(last)s AND (s.valid_to IS NULL OR s.valid_to >= %(first)s)
"""  # noqa: S608 - figures of this module


def read_claims(low: str, high: str, year: int, progress: Progress = no_progress) -> StoredClaims:
    """The claims of the regions `low` to `high` in the year, with what their persons had elsewhere."""
    params = _params(low, high, year)

    def report(count: int) -> None:
        progress(_("读取费用"), count, 0)

    rows = copied(f"{_SELECT} WHERE {_INSIDE}", params, len(_FIELDS), report)
    own = len(rows)
    if _any_elsewhere(params):
        rows = np.concatenate([rows, copied(f"{_SELECT} WHERE {_ELSEWHERE}", params, len(_FIELDS))])
    order, key = _order(rows)
    found = StoredClaims(rows, order, own, np.empty(len(rows), np.int64), np.empty(len(rows) + 1, np.int64))
    people = kernel("persons", len(rows))(key, found.person_ids, found.starts)
    found.person_ids, found.starts = found.person_ids[:people], found.starts[: people + 1]
    return found


def _any_elsewhere(params: dict[str, Any]) -> bool:
    """Whether there are claims of other regions at all: both ends of an index, where their persons would be a join."""
    ends = (
        f"EXISTS (SELECT FROM claims_claim c WHERE c.region_id {side} AND c.settled_on BETWEEN %(first)s AND %(last)s)"
        for side in ("< %(low)s", "> %(high)s")
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {' OR '.join(ends)}", params)
        (found,) = cursor.fetchone()
    return bool(found)


def kernel(name: str, count: int) -> Any:
    """A function of `kernels`: compiled where there are many claims, plain where it is done before the compiler is."""
    return translated(kernels)[name] if count >= COMPILE_FROM else getattr(kernels, name)


def _params(low: str, high: str, year: int) -> dict[str, Any]:
    return {"low": low, "high": high, "first": date(year, 1, 1), "last": date(year, 12, 31)}


def _order(rows: Array) -> tuple[Array, Array]:
    """Positions by person, day and claim number (byte by byte, as settlement compares it), and the sorted keys."""
    key = rows[:, kernels.PERSON] << kernels.DAY_BITS
    key |= rows[:, kernels.DAY]
    order = np.argsort(key)
    key = key[order]
    same = np.flatnonzero(key[1:] == key[:-1])
    if len(same):
        _by_number(rows[:, kernels.CLAIM_ID], order, key, same)
    return order, key


def _by_number(claim_id: Array, order: Array, sorted_key: Array, same: Array) -> None:
    """Put claims of one person and day into the order of their numbers; only those numbers are read."""
    tied = np.union1d(same, same + 1)
    ids = claim_id[order[tied]]
    numbers: dict[int, str] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(ids), _BATCH_ROWS):
            chunk = ids[start : start + _BATCH_ROWS].tolist()
            cursor.execute("SELECT id, claim_no FROM claims_claim WHERE id = ANY(%s)", [chunk])
            numbers.update(cursor.fetchall())
    # Python compares text by code point, which is the order of its UTF-8 bytes.
    ranked = sorted(range(len(tied)), key=lambda i: (sorted_key[tied[i]], numbers[int(ids[i])]))
    order[tied] = order[tied][ranked]


# --- categories ---------------------------------------------------------------------------------------------------
def read_spells(
    low: str, high: str, year: int, person_ids: Array, on_application: Collection[str] = CATEGORY_CODES
) -> SpellArrays:
    """Categories and approvals of the persons, in the order of `person_ids` (sorted).

    Approvals are asked for where somebody holds a category of `on_application`; elsewhere they mean nothing.
    """
    params = {**_params(low, high, year), "codes": list(CATEGORY_CODES)}
    rows = copied(_SPELLS, params, _SPELL_COLUMNS)
    place = np.minimum(np.searchsorted(person_ids, rows[:, 0]), len(person_ids) - 1)
    rows = rows[person_ids[place] == rows[:, 0]]
    who = np.searchsorted(person_ids, rows[:, 0])
    flat = np.zeros((len(rows), 4), np.int32)
    flat[:, :3] = rows[:, 1:]
    wanted = [CATEGORY_INDEX[code] for code in on_application]
    approved = _approved(rows[np.isin(rows[:, 1], wanted)])
    if len(approved):
        who = np.concatenate([who, np.searchsorted(person_ids, approved[:, 0])])
        flat = np.concatenate([flat, approved[:, 1:].astype(np.int32)])
    order = np.argsort(who, kind="stable")
    start = np.zeros(len(person_ids) + 1, np.int64)
    np.cumsum(np.bincount(who, minlength=len(person_ids)), out=start[1:])
    return SpellArrays(start, np.ascontiguousarray(flat[order]).reshape(-1))


def _approved(rows: Array) -> Array:
    """Days on which a category is both held and approved: person id, category, first, last, 1 per row."""
    ids = np.unique(rows[:, 0])
    found: dict[int, list[eligibility.Approval]] = {}
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        found |= eligibility.approvals_of(ids[start : start + _ASKED_AT_ONCE].tolist())
    if not found:
        return np.empty((0, 5), np.int64)
    made = []
    mine = rows[np.isin(rows[:, 0], np.fromiter(found, np.int64, len(found)))]
    for person, category, first, last in mine.tolist():
        for approval in found[person]:
            begins, ends = approval.valid_from.toordinal(), OPEN_END
            if approval.valid_to is not None:
                ends = approval.valid_to.toordinal()
            if CATEGORY_INDEX[approval.category] == category and max(first, begins) <= min(last, ends):
                made.append((person, category, max(first, begins), min(last, ends), 1))
    return np.array(made, np.int64).reshape(-1, 5)
