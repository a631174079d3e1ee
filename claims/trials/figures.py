"""What a trial comes to: sums by tier, category, county and month, before and after; who gains, who loses.

Everything is whole fen. Slices of claims are added one after the other, so that ten million need little memory.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from claims.trials.reading import ClaimColumns, kernel
from claims.trials.texts import Text
from policies.engine.batch import Batch, ClaimArrays, SpellArrays
from policies.engine.chain import CATEGORY_COUNT
from policies.engine.codes import NONE_INDEX, SERVICES
from policies.engine.settlement import code_of

Array = Any
# Columns of a sum: the engine's amounts, what of assistance the county's budget bears, and the payment at year end.
TIERS: Final = (
    "cii",
    "assistance",
    "outside",
    "top_up",
    "borne",
    "in_scope_burden",
    "burden",
    "county_finance",
    "year_end",
)
CII, ASSISTANCE, OUTSIDE, TOP_UP, BORNE, IN_SCOPE_BURDEN, BURDEN, COUNTY_FINANCE, YEAR_END = range(len(TIERS))
# What the public purse pays: the two funds, and where a rule says so the county's budget.
PAID: Final = (CII, ASSISTANCE, OUTSIDE, TOP_UP, YEAR_END)
# Money of a claim that no text changes.
GIVEN: Final = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
# Edges of the distribution of what a person gains or loses, in yuan; the last class is open.
EDGES: Final = (0, 100, 500, 1_000, 2_000, 5_000, 10_000)
DIMENSIONS: Final = ("category", "county", "month", "service")


@dataclass
class People:
    """Persons for whom something changes: one entry each; sums as (persons, TIERS)."""

    person: Array
    region: Array
    claims: Array
    category: Array
    trial_category: Array
    before: Array
    after: Array

    @property
    def gain(self) -> Array:
        """What less remains with the person."""
        return self.before[:, BURDEN] - self.after[:, BURDEN]


@dataclass
class Totals:
    """The running result; `cubes` are sums per side over (dimension value, TIERS), `counts` claims and persons."""

    months: int = 12
    counties: list[int] = field(default_factory=list)
    first_day: int = 0  # ordinal of 1 January
    claims: int = 0
    persons: int = 0
    unsettled: int = 0
    changed_claims: int = 0
    given: Array = field(default_factory=lambda: np.zeros(len(GIVEN), np.int64))
    sums: dict[str, Array] = field(default_factory=dict)
    counts: dict[str, Array] = field(default_factory=dict)
    winners: dict[str, Array] = field(default_factory=dict)
    histogram: Array = field(default_factory=lambda: np.zeros((2, len(EDGES)), np.int64))
    same: int = 0
    people: list[People] = field(default_factory=list)
    _places: Array = None  # the number of a county by its six digits
    _months: Array = None  # the month by days since 1 January

    def sizes(self) -> dict[str, int]:
        return {
            "category": CATEGORY_COUNT,
            "county": len(self.counties),
            "month": self.months,
            "service": len(SERVICES),
        }

    def county_of(self, region: Array) -> Array:
        """The number of each claim's county; claims of other regions get any, for they do not count."""
        return self._places[region // 10**6]

    def month_of(self, day: Array) -> Array:
        """Months of the year, zero-based."""
        return self._months[day - self.first_day]

    def start(self) -> None:
        self._places = np.zeros(10**6, np.int16)
        self._places[self.counties] = np.arange(len(self.counties))
        self._months = np.array([date.fromordinal(self.first_day + n).month - 1 for n in range(366)], np.int8)
        for name, size in self.sizes().items():
            self.sums[name] = np.zeros((2, size, len(TIERS)), np.int64)
            self.counts[name] = np.zeros((2, size), np.int64)
            self.winners[name] = np.zeros((2, size), np.int64)


@dataclass
class Slice:
    """Some persons' claims, settled under both texts; `numbers` is the table of each claim on either side."""

    claims: ClaimColumns
    texts: tuple[Text, Text]
    numbers: tuple[Array, Array]
    sides: tuple[Batch, Batch]
    unsettled: int = 0  # claims inside the region that one of the texts has no table for


def settled_slice(claims: ClaimColumns, spells: SpellArrays, texts: tuple[Text, Text]) -> Slice:
    """The claims that both texts settle, settled."""
    before, after = (text.numbers(claims) for text in texts)
    settled = (before >= 0) & (after >= 0)
    unsettled = 0
    if not settled.all():
        unsettled = int((claims.inside & ~settled).sum())
        claims, before, after = claims.at(settled), before[settled], after[settled]
    arrays = ClaimArrays(
        person=claims.who,
        day=claims.day,
        codes=claims.codes.reshape(-1),
        money=claims.money.reshape(-1),
        order=np.empty(0, np.int64),
    )
    sides = (texts[0].settle(arrays, before, spells), texts[1].settle(arrays, after, spells))
    return Slice(claims, texts, (before, after), sides, unsettled)


def add_slice(totals: Totals, part: Slice, person_ids: Array) -> None:
    """Add a slice to the totals; persons (by number in `person_ids`) for whom something differs are kept."""
    claims = part.claims
    totals.unsettled += part.unsettled
    if not len(claims):
        return
    county, month = totals.county_of(claims.region), totals.month_of(claims.day)
    count = int(claims.who[-1] - claims.who[0]) + 1
    sums = np.zeros((2, count, len(TIERS)), np.int64)
    counted, last = np.zeros(count, np.int64), np.full(count, -1)
    totals.changed_claims += kernel("add", len(claims))(
        claims.who,
        claims.inside,
        claims.codes,
        claims.money,
        county,
        month,
        part.numbers,
        tuple(np.asarray(side.category) for side in part.sides),
        tuple(np.asarray(side.amounts) for side in part.sides),
        tuple(text.by_county for text in part.texts),
        *(totals.sums[name] for name in DIMENSIONS),
        tuple(totals.counts[name] for name in DIMENSIONS),
        sums,
        counted,
        last,
        totals.given,
    )
    totals.claims += int(counted.sum())
    _add_people(totals, part, person_ids, county, sums, counted, last)


def _add_people(
    totals: Totals, part: Slice, person_ids: Array, county: Array, sums: Array, counted: Array, last: Array
) -> None:
    """Persons' sums with the payment at year end; winners, losers and their distribution.

    `last` is the last claim inside the region: it says where the person belongs and under what category.
    """
    claims = part.claims
    for side in (0, 1):
        _add_year_end(totals, side, part, county, sums[side])
    here = counted > 0
    gain = sums[0][:, BURDEN] - sums[1][:, BURDEN]
    totals.persons += int(here.sum())
    changed = here & (sums[0] != sums[1]).any(axis=1)
    category = [np.asarray(side.category)[last] for side in part.sides]
    for name, index in (("category", category[0]), ("county", county[last])):
        for side, won in enumerate((gain > 0, gain < 0)):
            totals.winners[name][side] += np.bincount(index[here & won], minlength=totals.winners[name].shape[1])
    _add_distribution(totals, gain[here])
    totals.people.append(
        People(
            person=person_ids[int(claims.who[0]) + np.flatnonzero(changed)],
            region=claims.region[last[changed]],
            claims=counted[changed],
            category=category[0][changed],
            trial_category=category[1][changed],
            before=sums[0][changed],
            after=sums[1][changed],
        )
    )


def _add_year_end(totals: Totals, side: int, part: Slice, county: Array, sums: Array) -> None:
    """Payments of 31 December (S4-06): a row of their own, in December, for persons whose year ended in the region."""
    rows = np.array(part.sides[side].year_end, np.int64).reshape(-1, 5)
    rows = rows[rows[:, 3] > 0]
    if not len(rows):
        return
    ends = np.searchsorted(part.claims.who, rows[:, 0], side="right") - 1
    rows, ends = rows[part.claims.inside[ends]], ends[part.claims.inside[ends]]
    at = rows[:, 0] - part.claims.who[0]
    paid = rows[:, 3]
    sums[at, YEAR_END] += paid
    for column in (IN_SCOPE_BURDEN, BURDEN):
        sums[at, column] -= paid
    places = {
        "category": rows[:, 2],
        "county": county[ends],
        "month": np.full(len(rows), totals.months - 1),
        "service": np.full(len(rows), tuple(SERVICES).index("chronic")),
    }
    for name, index in places.items():
        np.add.at(totals.sums[name][side, :, YEAR_END], index, paid)
        for column in (IN_SCOPE_BURDEN, BURDEN):
            np.subtract.at(totals.sums[name][side, :, column], index, paid)


def _add_distribution(totals: Totals, gain: Array) -> None:
    edges = np.array(EDGES) * 100
    totals.same += int((gain == 0).sum())
    for side, sizes in enumerate((gain[gain > 0], -gain[gain < 0])):
        # Classes hold their upper edge: 100.00 yuan counts as up to 100.
        place = np.searchsorted(edges, sizes, side="left") - 1
        totals.histogram[side] += np.bincount(place, minlength=len(EDGES))


# --- what is kept -------------------------------------------------------------------------------------------------
def summary_of(totals: Totals, problems: list[str]) -> dict[str, Any]:
    """As JSON.

    `given`: sums by name. `tiers`: name → [before, after]. `category`, `county`, `month`, `service`: list of rows
    {"key", "claims": [before, after], "before": {tier: fen}, "after": {…}, "gained", "lost"}; keys are category codes,
    six-digit county codes, months 1–12, service codes. `gains`, `losses`: persons by class of EDGES; `same`: persons
    who neither gain nor lose. `unsettled`: claims that no law settles; `problems`: why.
    """
    months = totals.sums["month"]
    return {
        "given": dict(zip(GIVEN, totals.given.tolist(), strict=True)),
        "tiers": {name: months[:, :, at].sum(axis=1).tolist() for at, name in enumerate(TIERS)},
        "gains": totals.histogram[0].tolist(),
        "losses": totals.histogram[1].tolist(),
        "same": totals.same,
        "unsettled": totals.unsettled,
        "problems": problems,
        **{name: _rows(totals, name) for name in DIMENSIONS},
    }


def _rows(totals: Totals, name: str) -> list[dict[str, Any]]:
    keys: dict[str, Any] = {
        "category": [code_of(index) for index in range(NONE_INDEX + 1)],
        "county": [f"{code:06d}" for code in totals.counties],
        "month": list(range(1, totals.months + 1)),
        "service": list(SERVICES),
    }
    found = []
    for at, key in enumerate(keys[name]):
        counts, sums, winners = totals.counts[name][:, at], totals.sums[name][:, at], totals.winners[name][:, at]
        if counts.any() or sums.any():
            found.append(
                {
                    "key": key,
                    "claims": counts.tolist(),
                    "before": dict(zip(TIERS, sums[0].tolist(), strict=True)),
                    "after": dict(zip(TIERS, sums[1].tolist(), strict=True)),
                    "gained": int(winners[0]),
                    "lost": int(winners[1]),
                }
            )
    return found
