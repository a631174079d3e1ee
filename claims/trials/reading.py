"""The claims of a region and year as columns, read by binary COPY: no object is made per claim.

The facts are those that settlement reads (`claims.facts`, `claims.settling.Categories`): categories as held true now,
approvals on their days, claims in the order (person, day, claim number).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from accounts.jobs import Progress, no_progress
from claims import eligibility
from claims.facts import EMPLOYEE
from policies.engine.batch import SpellArrays
from policies.engine.chain import CODE_COUNT, MONEY_COUNT
from policies.engine.codes import CATEGORY_CODES, CATEGORY_INDEX, LOCATIONS, REFERRALS, SERVICES

OPEN_END: Final = date.max.toordinal()
BLOCK: Final = 1 << 25  # bytes of rows parsed at once
Array = Any


@dataclass
class ClaimColumns:
    """Claims sorted by person, day and number, one entry per claim.

    `who` numbers the persons 0…n-1 (`person_ids` says who they are, `starts` where each begins); `inside` is False for
    claims of other regions, which count for the person's year but not in the trial's figures.
    """

    claim_id: Array
    who: Array
    day: Array
    region: Array
    codes: Array
    money: Array
    inside: Array
    person_ids: Array
    starts: Array

    def __len__(self) -> int:
        return len(self.who)


# Packed codes: shift and width by field, in the order of the engine's codes.
_BITS: Final = ((0, 3), (3, 2), (5, 2), (7, 2), (9, 2), (11, 1), (12, 1), (13, 1))
_BATCH_ROWS: Final = 500_000


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
_FIELDS: Final = (
    ("claim_id", "c.id", "i8"),
    ("person", "c.person_id", "i8"),
    ("day", "c.settled_on - DATE '0001-01-01' + 1", "i4"),
    ("region", "c.region_id::bigint", "i8"),
    ("codes", f"({_CODES_SQL})::int", "i4"),
    ("total", "c.total", "i8"),
    ("in_scope", "c.in_scope", "i8"),
    ("out_of_catalogue", "c.out_of_catalogue", "i8"),
    ("basic_paid", "c.basic_paid", "i8"),
    ("other_paid", "c.other_paid", "i8"),
    ("given_cii", f"CASE c.insurance WHEN '{EMPLOYEE}' THEN coalesce(c.platform_cii, 0) ELSE -1 END", "i8"),
)
_SELECT: Final = f"SELECT {', '.join(f'{sql}' for _name, sql, _kind in _FIELDS)} FROM claims_claim c"  # noqa: S608
_INSIDE: Final = "c.region_id >= %(low)s AND c.region_id <= %(high)s AND c.settled_on BETWEEN %(first)s AND %(last)s"
# What the same persons had elsewhere that year: it fills the same deductibles and limits.
_ELSEWHERE: Final = """
    c.settled_on BETWEEN %(first)s AND %(last)s AND (c.region_id < %(low)s OR c.region_id > %(high)s)
    AND c.person_id IN (
        SELECT i.person_id FROM claims_claim i
        WHERE i.region_id >= %(low)s AND i.region_id <= %(high)s AND i.settled_on BETWEEN %(first)s AND %(last)s
    )
"""
_SPELL_FIELDS: Final = (("person", "i8"), ("category", "i4"), ("first", "i4"), ("last", "i4"))
_SPELLS: Final = f"""
    SELECT s.person_id, array_position(%(codes)s::text[], s.category::text) - 1,
           s.valid_from - DATE '0001-01-01' + 1,
           CASE WHEN s.valid_to IS NULL THEN {OPEN_END} ELSE s.valid_to - DATE '0001-01-01' + 1 END
    FROM beneficiaries_categoryspell s
    WHERE s.known_to IS NULL AND s.valid_from <= %(last)s AND (s.valid_to IS NULL OR s.valid_to >= %(first)s)
      AND s.person_id IN (
        SELECT i.person_id FROM claims_claim i
        WHERE i.region_id >= %(low)s AND i.region_id <= %(high)s AND i.settled_on BETWEEN %(first)s AND %(last)s
      )
"""  # noqa: S608 - figures of this module


def copied(query: str, params: dict[str, Any], fields: Sequence[tuple[str, str]], progress: Any = None) -> Array:
    """The rows of a query as a structured NumPy array; every column is a fixed-width integer and never null."""
    wire = np.dtype(
        [
            ("#", ">i2"),
            *((part, kind) for name, width in fields for part, kind in ((f"#{name}", ">i4"), (name, f">{width}"))),
        ]
    )
    native = np.dtype([(name, f"<{width}") for name, width in fields])
    parts, held, count = [], bytearray(), 0

    def take(raw: bytearray) -> None:
        rows = np.frombuffer(bytes(raw), wire) if len(raw) % wire.itemsize == 0 else None
        if rows is None or (rows["#"] != len(fields)).any():
            raise ValueError("a row of the copy is not of fixed width")
        made = np.empty(len(rows), native)
        for name, _width in fields:
            made[name] = rows[name]
        parts.append(made)

    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", params) as copy:
        head = True
        for data in copy:
            held += data
            if head:
                # Signature (11), flags (4), length of the extension (4), the extension.
                del held[: 19 + int.from_bytes(held[15:19], "big")]
                head = False
            if len(held) >= BLOCK:
                whole = len(held) - len(held) % wire.itemsize
                take(held[:whole])
                del held[:whole]
                count += whole // wire.itemsize
                if progress:
                    progress(count)
    take(held[:-2])  # the trailer is two bytes
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def read_claims(low: str, high: str, year: int, progress: Progress = no_progress) -> ClaimColumns:
    """The claims of the regions `low` to `high` in the year, with what their persons had elsewhere."""
    params = _params(low, high, year)
    fields = [(name, kind) for name, _sql, kind in _FIELDS]

    def report(count: int) -> None:
        progress(_("读取费用"), count, 0)

    rows = copied(f"{_SELECT} WHERE {_INSIDE}", params, fields, report)
    elsewhere = copied(f"{_SELECT} WHERE {_ELSEWHERE}", params, fields)
    inside = np.ones(len(rows) + len(elsewhere), bool)
    if len(elsewhere):
        inside[len(rows) :] = False
        rows = np.concatenate([rows, elsewhere])
    order = _order(rows)
    rows, inside = rows[order], inside[order]
    first = np.ones(len(rows), bool)
    first[1:] = rows["person"][1:] != rows["person"][:-1]
    starts = np.flatnonzero(first)
    return ClaimColumns(
        claim_id=rows["claim_id"],
        who=(np.cumsum(first) - 1).astype(np.int32),
        day=np.ascontiguousarray(rows["day"]),
        region=rows["region"],
        codes=_unpacked(rows["codes"]),
        money=_money(rows),
        inside=inside,
        person_ids=rows["person"][starts],
        starts=starts,
    )


def _params(low: str, high: str, year: int) -> dict[str, Any]:
    return {"low": low, "high": high, "first": date(year, 1, 1), "last": date(year, 12, 31)}


def _order(rows: Array) -> Array:
    """Positions by person, day and claim number (byte by byte, as settlement compares it)."""
    day = rows["day"].astype(np.int64)
    key = (rows["person"] << 22) | day  # an ordinal has 22 bits at most
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    same = np.flatnonzero(sorted_key[1:] == sorted_key[:-1])
    if len(same):
        _by_number(rows["claim_id"], order, sorted_key, same)
    return order


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


def _unpacked(packed: Array) -> Array:
    codes = np.empty((len(packed), CODE_COUNT), np.int8)
    for at, (shift, width) in enumerate(_BITS):
        codes[:, at] = (packed >> shift) & ((1 << width) - 1)
    return codes


def _money(rows: Array) -> Array:
    money = np.empty((len(rows), MONEY_COUNT), np.int64)
    for at, (name, _sql, _kind) in enumerate(_FIELDS[-MONEY_COUNT:]):
        money[:, at] = rows[name]
    return money


# --- categories ---------------------------------------------------------------------------------------------------
def read_spells(low: str, high: str, year: int, person_ids: Array) -> SpellArrays:
    """Categories and approvals of the persons, in the order of `person_ids` (sorted)."""
    params = {**_params(low, high, year), "codes": list(CATEGORY_CODES)}
    rows = copied(_SPELLS, params, _SPELL_FIELDS)
    who = np.searchsorted(person_ids, rows["person"])
    flat = np.zeros((len(rows), 4), np.int32)
    for at, name in enumerate(("category", "first", "last")):
        flat[:, at] = rows[name]
    approved = _approved(rows, person_ids)
    if len(approved):
        who = np.concatenate([who, np.searchsorted(person_ids, approved[:, 0])])
        flat = np.concatenate([flat, approved[:, 1:].astype(np.int32)])
    order = np.argsort(who, kind="stable")
    start = np.zeros(len(person_ids) + 1, np.int64)
    np.cumsum(np.bincount(who, minlength=len(person_ids)), out=start[1:])
    return SpellArrays(start, np.ascontiguousarray(flat[order]).reshape(-1))


def _approved(rows: Array, person_ids: Array) -> Array:
    """Days on which a category is both held and approved: person id, category, first, last, 1 per row."""
    found = eligibility.approvals_of(person_ids.tolist())
    if not found:
        return np.empty((0, 5), np.int64)
    made = []
    mine = rows[np.isin(rows["person"], np.fromiter(found, np.int64, len(found)))]
    for person, category, first, last in mine.tolist():
        for approval in found[person]:
            begins, ends = approval.valid_from.toordinal(), OPEN_END
            if approval.valid_to is not None:
                ends = approval.valid_to.toordinal()
            if CATEGORY_INDEX[approval.category] == category and max(first, begins) <= min(last, ends):
                made.append((person, category, max(first, begins), min(last, ends), 1))
    return np.array(made, np.int64).reshape(-1, 5)
