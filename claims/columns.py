"""Years settled by the thousand: what `settling` does claim by claim, done by columns with the compiled engine.

Rows come and go by binary COPY as fixed-width numbers; no object is made per claim. Results are the same to the last
number of the trace, which a test holds against the interpreted way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.db import connection

from claims import eligibility
from claims.bulk import array_of
from claims.facts import EMPLOYEE, SUMS, Ruling
from claims.wire import Array, fetched
from claims.years import Years
from policies.engine import chain
from policies.engine.codes import CATEGORY_CODES, CATEGORY_INDEX, LOCATIONS, REFERRALS, SERVICES
from policies.engine.compiled import translated

if TYPE_CHECKING:
    from claims.settling import Run

FROM: Final = 400  # person-years; below it the interpreter is done before the columns are laid out
OPEN_END: Final = date.max.toordinal()
STEPS, STATES = chain.STEP_COUNT, chain.STATE_COUNT
# Where the trace has what a year adds up (`claims.facts.flat`).
CII_PAID, CII_REST, ASSISTANCE, OUTSIDE, TOP_UP, IN_SCOPE_BURDEN, BURDEN = 12, 13, 24, 25, 30, 31, 32
OVER, BORNE = 4, 5


def _case(column: str, codes: Sequence[str]) -> str:
    return f"CASE {column} " + " ".join(f"WHEN '{code}' THEN {at}" for at, code in enumerate(codes)) + " END"


_CODES: Final = (
    _case("c.service", tuple(SERVICES)),
    _case("c.location", tuple(LOCATIONS)),
    "c.hospital_level - 1",
    "c.charge_class - 1",
    _case("c.referred", tuple(REFERRALS)),
    "c.major_disease::int",
    "c.control_waived::int",
    "(c.chronic_management = 'annual')::int",
)
_MONEY: Final = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
_FIELDS: Final = (
    ("id", "c.id", "i8"),
    ("year", "k.at::int", "i4"),
    ("day", "c.settled_on - DATE '0001-01-01' + 1", "i4"),
    *((f"code{at}", f"({sql})::int2", "i2") for at, sql in enumerate(_CODES)),
    *((name, f"c.{name}", "i8") for name in _MONEY),
    ("given", f"CASE c.insurance WHEN '{EMPLOYEE}' THEN coalesce(c.platform_cii, 0) ELSE -1 END::int8", "i8"),
    ("region", "c.region_id::int8", "i8"),
    ("held", "coalesce(s.id, 0)", "i8"),
    ("version", "coalesce(s.version_id, 0)", "i8"),
)
_CLAIMS: Final = f"""
    SELECT {", ".join(sql for _name, sql, _kind in _FIELDS)}
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[]) AS k (person_id, year, start, at)
    JOIN claims_claim c ON c.person_id = k.person_id
        AND c.settled_on BETWEEN DATE '0001-01-01' + (k.start - 1) AND make_date(k.year, 12, 31)
        AND c.reversed_at IS NULL
    LEFT JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
    ORDER BY k.at, c.settled_on, c.claim_no COLLATE "C"
"""  # noqa: S608 - made of constants
_SPELLS: Final = f"""
    SELECT k.at::int, CASE WHEN s.designation_id IS NULL THEN s.id ELSE 0 END,
        (array_position(%s::text[], s.category::text) - 1)::int,
        s.valid_from - DATE '0001-01-01' + 1,
        CASE WHEN s.valid_to IS NULL THEN {OPEN_END} ELSE s.valid_to - DATE '0001-01-01' + 1 END
    FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, at)
    JOIN beneficiaries_heldcategory s ON s.person_id = k.person_id AND s.known_to IS NULL
    ORDER BY k.at, s.id, s.designation_id NULLS FIRST
"""  # noqa: S608 - made of constants; a spell that stands there already, as what it is treated as, has no number
_SPELL_FIELDS: Final = (("year", "i4"), ("id", "i8"), ("category", "i4"), ("first", "i4"), ("last", "i4"))


@dataclass
class Settled:
    """Claims in the order of settlement, with what they came to; `changed` marks those to write."""

    rows: Array
    steps: Array
    before: Array
    masks: Array
    rulings: list[Ruling]
    number: Array  # of the ruling
    changed: Array
    spells: Array  # ids of those valid on the day, claim after claim
    spell_count: Array

    @property
    def gone(self) -> Array:
        """Settlements whose place is taken."""
        found: Array = self.rows["held"][self.changed & (self.rows["held"] > 0)].astype(np.int64)
        return found


def settle(run: "Run", years: Years, starts: Array, begin: Array) -> Settled | None:
    """Settles the years from the days `starts` (ordinals) and the states `begin` (STATES numbers each).

    `years` end with new sums, state and last claim.
    """
    rows = fetched(
        _CLAIMS,
        [*years.keys(), array_of(starts.tolist()), array_of(range(len(years)))],
        [(name, kind) for name, _sql, kind in _FIELDS],
    )
    held = _held(rows["held"].astype(np.int64))
    if not run.from_zero:
        rows, held = _pending(rows, held, begin)
    if not len(rows):
        _close(run, years, rows, np.empty((0, STEPS), np.int64), [], np.empty(0, np.int64))
        return None
    rulings, number = _rulings(run, rows)
    spells = _Spells(years)
    steps, before, masks = _traced(rows, begin, rulings, number, spells)
    changed = (rows["held"] == 0) | (steps != held).any(axis=1) | (rows["version"] != versions_of(rulings)[number])
    settled = Settled(rows, steps, before, masks, rulings, number, changed, *spells.valid_on(rows))
    _close(run, years, rows, steps, _sums(run, settled, held), versions_of(rulings)[number])
    run.totals.claims += int(changed.sum())
    _count(run, steps[changed], 1)
    _count(run, held[changed], -1)
    return settled


def _held(ids: Array) -> Array:
    """The stored traces of the claims' settlements in force; zeros where there is none."""
    found = np.zeros((len(ids), STEPS), np.int64)
    where = np.flatnonzero(ids)
    if len(where):
        rows = fetched(
            "SELECT id, steps FROM claims_settlement WHERE id = ANY(%s::bigint[]) ORDER BY id",
            [array_of(ids[where].tolist())],
            [("id", "i8")],
            steps=STEPS,
        )
        found[where] = rows["steps"][np.searchsorted(rows["id"], ids[where])]
    return found


def _pending(rows: Array, held: Array, begin: Array) -> tuple[Array, Array]:
    """Without what is settled before each year's first claim that is not: its state is where the year goes on."""
    settled = rows["held"] > 0
    year = rows["year"].astype(np.int64)
    first = np.full(len(begin), len(rows))
    np.minimum.at(first, year[~settled], np.flatnonzero(~settled))
    early = np.arange(len(rows)) < first[year]
    where = np.flatnonzero(early)
    begin[year[where]] = held[where, STEPS - STATES :]  # the last of a year's wins: they lie in order
    return rows[~early], held[~early]


class _Place:
    """A region and day, as `Run.ruling` asks for them; the claim's number only where something is wrong."""

    def __init__(self, row: Array) -> None:
        self.region_id = f"{int(row['region']):012d}"
        self.settled_on = date.fromordinal(int(row["day"]))
        self.pk = int(row["id"])

    @property
    def claim_no(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT claim_no FROM claims_claim WHERE id = %s", [self.pk])
            return str(cursor.fetchone()[0])


def _rulings(run: "Run", rows: Array) -> tuple[list[Ruling], Array]:
    """What governs the claims: a list, and for each claim its number in it. Raises CannotSettle."""
    key = rows["region"].astype(np.int64) * 10**7 + rows["day"]
    _keys, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    found: list[Ruling] = []
    known: dict[int, int] = {}
    numbers = []
    for at in first.tolist():
        ruling = run.ruling(_Place(rows[at]))  # type: ignore[arg-type]
        if id(ruling) not in known:
            known[id(ruling)] = len(found)
            found.append(ruling)
        numbers.append(known[id(ruling)])
    return found, np.array(numbers, np.int64)[inverse.reshape(-1)]


def versions_of(rulings: Sequence[Ruling]) -> Array:
    """Keys of their versions."""
    return np.array([ruling.version.pk for ruling in rulings], np.int64)


class _Spells:
    """Category spells by year, as the engine wants them; approvals stand beside as spells of their own."""

    def __init__(self, years: Years) -> None:
        people = years.person.tolist()
        params = [list(CATEGORY_CODES), array_of(people), array_of(range(len(years)))]
        rows = fetched(_SPELLS, params, _SPELL_FIELDS)
        self.year, self.id = rows["year"].astype(np.int64), rows["id"].astype(np.int64)
        self.category, self.first, self.last = (rows[name].astype(np.int64) for name in ("category", "first", "last"))
        self.start = self._starts(self.year, len(years))
        flat = np.stack([self.category, self.first, self.last, np.zeros(len(rows), np.int64)], axis=1)
        year = self.year
        approved = self._approved(people)
        if approved:
            year = np.concatenate([year, [one[0] for one in approved]])
            flat = np.concatenate([flat, np.array([one[1:] for one in approved], np.int64)])
            order = np.argsort(year, kind="stable")
            year, flat = year[order], flat[order]
        self.engine_start = self._starts(year, len(years))
        self.flat = np.ascontiguousarray(flat, np.int32).reshape(-1)

    @staticmethod
    def _starts(year: Array, count: int) -> Array:
        start = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(year, minlength=count), out=start[1:])
        return start

    def _approved(self, people: list[int]) -> list[tuple[int, int, int, int, int]]:
        """Days on which a category is both held and approved."""
        approvals = eligibility.approvals_of(sorted(set(people)))
        made = []
        if approvals:
            for at in range(len(self.year)):
                year = int(self.year[at])
                for one in approvals.get(people[year], ()):
                    if CATEGORY_INDEX[one.category] == self.category[at]:
                        first = max(int(self.first[at]), one.valid_from.toordinal())
                        last = min(int(self.last[at]), one.valid_to.toordinal() if one.valid_to else OPEN_END)
                        if first <= last:
                            made.append((year, int(self.category[at]), first, last, 1))
        return made

    def valid_on(self, rows: Array) -> tuple[Array, Array]:
        """The spells valid on the day of each claim, one claim after the other, and how many each has."""
        begins, ends = self.start[rows["year"]], self.start[rows["year"] + 1]
        counts = ends - begins
        claim = np.repeat(np.arange(len(rows)), counts)
        spell = np.arange(len(claim)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begins, counts)
        day = rows["day"][claim]
        valid = (self.first[spell] <= day) & (day <= self.last[spell]) & (self.id[spell] > 0)
        return self.id[spell[valid]], np.bincount(claim[valid], minlength=len(rows))


def _traced(
    rows: Array, begin: Array, rulings: Sequence[Ruling], number: Array, spells: _Spells
) -> tuple[Array, Array, Array]:
    count = len(rows)
    year = rows["year"].astype(np.int32)
    first = np.ones(count, bool)
    first[1:] = year[1:] != year[:-1]
    codes = np.stack([rows[f"code{at}"] for at in range(len(_CODES))], axis=1).astype(np.int8)
    money = np.stack([rows[name] for name in (*_MONEY, "given")], axis=1).astype(np.int64)
    masks, before = np.zeros((count, 2), np.int64), np.zeros((count, STATES), np.int64)
    steps = np.zeros((count, STEPS), np.int64)
    translated(chain)["trace"](
        np.array([value for ruling in rulings for value in ruling.table.values], np.int64),
        year,
        rows["day"].astype(np.int32),
        number.astype(np.int8),
        np.where(first, year, -1).astype(np.int32),
        codes.reshape(-1),
        money.reshape(-1),
        spells.engine_start,
        spells.flat,
        begin.reshape(-1),
        chain.State(),
        masks.reshape(-1),
        before.reshape(-1),
        steps.reshape(-1),
    )
    return steps, before, masks


def _count(run: "Run", steps: Array, sign: int) -> None:
    for name, at in (("cii", CII_PAID), ("assistance", ASSISTANCE), ("out_of_catalogue", OUTSIDE), ("top_up", TOP_UP)):
        setattr(run.totals, name, getattr(run.totals, name) + sign * int(steps[:, at].sum()))


# --- the year's sums -------------------------------------------------------------------------------------------------
def _contributions(rows: Array, steps: Array, measures: Array) -> Array:
    """What each claim adds to the sums of its year, in the order of SUMS; `measures` 0 none, 1, 2, 3 as below."""
    made = np.zeros((len(rows), len(SUMS)), np.int64)
    made[:, 0] = 1
    for at, name in enumerate(("total", "in_scope", "basic_paid"), start=1):
        made[:, at] = rows[name]
    for at, step in enumerate((CII_PAID, ASSISTANCE, OUTSIDE, TOP_UP, IN_SCOPE_BURDEN, BURDEN), start=4):
        made[:, at] = steps[:, step]
    after_insurance = made[:, 1] - made[:, 3] - made[:, 4]
    made[:, 10] = np.choose(measures, [0, steps[:, BURDEN], after_insurance, steps[:, CII_REST]])
    return made


MEASURES: Final = {"": 0, "personal_burden": 1, "total_after_insurance": 2, "in_scope_after_insurance": 3}


def _sums(run: "Run", settled: Settled, held: Array) -> Array:
    """By claim, what the sums of its year change."""
    kinds = np.array([MEASURES[ruling.measure] for ruling in settled.rulings], np.int64)
    made = _contributions(settled.rows, settled.steps, kinds[settled.number])
    old = settled.rows["held"] > 0
    if not run.from_zero and old.any():
        versions, inverse = np.unique(settled.rows["version"][old].astype(np.int64), return_inverse=True)
        was = np.array([MEASURES[run.measure_of(pk)] for pk in versions.tolist()], np.int64)[inverse.reshape(-1)]
        made[old] -= _contributions(settled.rows[old], held[old], was)
    return made


def _close(run: "Run", years: Years, rows: Array, steps: Array, sums: Any, versions: Array) -> None:
    """The accumulators with what their claims add, their last claim and the state after it."""
    if run.from_zero:
        years.emptied()
    if not len(rows):
        return
    year = rows["year"].astype(np.int64)
    starts = np.flatnonzero(np.r_[True, year[1:] != year[:-1]])
    ends = np.r_[starts[1:], len(rows)] - 1
    which = year[starts]
    years.sums[which] += np.add.reduceat(sums, starts, axis=0)
    years.state[which] = steps[ends, STEPS - STATES :]
    last = rows[ends]
    years.last[which], years.claim[which] = last["day"], last["id"]
    years.region[which], years.version[which] = last["region"], versions[ends]
