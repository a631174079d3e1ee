"""Many claims at once: the same chain over flat arrays, interpreted for a few and compiled for millions."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from . import chain as ch
from .compiled import compiled_run
from .errors import EngineError, NoVersion
from .table import Rules, YearTable

# Below this many claims the interpreter is done before Numba is loaded.
COMPILE_FROM: Final = 30_000


@dataclass
class ClaimArrays:
    """Claims in any order; `order` lists those to settle, sorted by person, day and claim number.

    Flat: `person` and `day` (date ordinal) one per claim, `codes` chain.CODE_COUNT and `money` chain.MONEY_COUNT per
    claim, in the order of the C_ offsets (codes zero-based as in `codes.py`; money in fen, given_cii -1). An empty
    `order` says that all claims already lie sorted. `array` or NumPy; dtypes int32, int32, int8, int64, int64.
    """

    person: Any
    day: Any
    codes: Any
    money: Any
    order: Any

    @classmethod
    def empty(cls) -> ClaimArrays:
        return cls(array("i"), array("i"), array("b"), array("q"), array("q"))


@dataclass
class SpellArrays:
    """Category spells of persons 0…n-1: those of person p are `start[p]` to `start[p + 1]` (int64).

    `flat` has four numbers per spell (int32): category index, first day, last day, approved.
    """

    start: Any
    flat: Any

    @classmethod
    def of(cls, persons: Iterable[Iterable[tuple[int, int, int, int]]]) -> SpellArrays:
        """From (category index, first day, last day, approved) tuples per person."""
        made = cls(array("q", [0]), array("i"))
        for spells in persons:
            for spell in spells:
                made.flat.extend(spell)
            made.start.append(len(made.flat) // 4)
        return made


@dataclass
class Batch:
    """Results by claim in the order of the input; claims not in `order` stay zero.

    `category` the winner's index, `over_control` the flag, `amounts` seven per claim: cii, assistance, out-of-catalogue
    assistance, top-up, borne by the institution, in-scope burden, personal burden.
    `year_end`: (person, year, category index, paid, base) per year-end row.
    """

    category: Any
    over_control: Any
    amounts: Any
    year_end: list[tuple[int, int, int, int, int]]


@dataclass
class Calendar:
    """The tables that the days between two dates need, or why a day cannot be settled."""

    tables: list[YearTable]
    segments: list[tuple[int, int, int]]
    refusals: list[tuple[int, int, EngineError]]

    def index_of(self, day: int) -> int:
        """Number of the table of a day (ordinal); -1 without one."""
        for first, last, index in self.segments:
            if first <= day <= last:
                return index
        return -1

    def refusal_of(self, day: int) -> EngineError:
        """Why no table settles the day."""
        error = next(error for first, last, error in self.refusals if first <= day <= last)
        return NoVersion(error.policy, date.fromordinal(day).isoformat()) if isinstance(error, NoVersion) else error


def calendar(rules: Rules, first: date, last: date) -> Calendar:
    """Tables for every day between `first` and `last`, by year and version."""
    found = Calendar([], [], [])
    for year in range(first.year, last.year + 1):
        for start, end in _spans(rules, year):
            try:
                table = rules.table_on(start)
            except EngineError as error:
                found.refusals.append((start.toordinal(), end.toordinal(), error))
                continue
            found.segments.append((start.toordinal(), end.toordinal(), len(found.tables)))
            found.tables.append(table)
    return found


def _spans(rules: Rules, year: int) -> list[tuple[date, date]]:
    """The year cut where versions begin or end."""
    starts = {date(year, 1, 1)}
    for document in rules.book.versions.get(rules.policy, ()):
        if document.valid_from.year == year:
            starts.add(document.valid_from)
        if document.valid_to is not None and document.valid_to.year == year and document.valid_to < date(year, 12, 31):
            starts.add(date.fromordinal(document.valid_to.toordinal() + 1))
    edges = sorted(starts)
    ends = [date.fromordinal(day.toordinal() - 1) for day in edges[1:]] + [date(year, 12, 31)]
    return list(zip(edges, ends, strict=True))


def settle_many(rules: Rules, cal: Calendar, claims: ClaimArrays, spells: SpellArrays) -> Batch:
    """Settle all claims of `claims.order`; every one must have a table in `cal`."""
    if not len(claims.person):
        return Batch(array("b"), array("b"), array("q"), [])
    if len(claims.person) < COMPILE_FROM:
        return _interpreted(rules, cal, claims, spells)
    return settle_compiled(rules, cal, claims, spells)


def _closing(rules: Rules, cal: Calendar) -> tuple[list[YearTable], list[int]]:
    """All tables, and for each three numbers: the table that closes its year or -1, the last day, the year."""
    tables = list(cal.tables)
    closing = []
    for table in cal.tables:
        last = rules.closing_table(table.year)
        if last is not None and last not in tables:
            tables.append(last)
        day = date(table.year, 12, 31).toordinal()
        closing += [-1 if last is None else tables.index(last), day, table.year]
    return tables, closing


def _interpreted(rules: Rules, cal: Calendar, claims: ClaimArrays, spells: SpellArrays) -> Batch:
    tables, closing = _closing(rules, cal)
    return run_interpreted(tables, closing, [cal.index_of(day) for day in claims.day], claims, spells)


def run_interpreted(
    tables: Sequence[YearTable],
    closing: Sequence[int],
    numbers: Sequence[int],
    claims: ClaimArrays,
    spells: SpellArrays,
) -> Batch:
    """Settle under any tables: `numbers` is the table of each claim, `closing` as `chain.run` reads it."""
    count = len(claims.person)
    made = Batch([0] * count, [0] * count, [0] * (count * ch.AMOUNT_COUNT), [])
    rows = [0] * (ch.YEAR_END_COUNT * count)
    number = ch.run(
        [value for table in tables for value in table.values],
        closing,
        list(claims.order),
        list(claims.person),
        list(claims.day),
        numbers,
        list(claims.codes),
        list(claims.money),
        list(spells.start),
        list(spells.flat),
        ch.State(),
        made.category,
        made.over_control,
        made.amounts,
        rows,
    )
    made.year_end = _rows(rows, number)
    return made


def settle_compiled(rules: Rules, cal: Calendar, claims: ClaimArrays, spells: SpellArrays) -> Batch:
    """As `settle_many`, always compiled; results are NumPy arrays."""
    import numpy as np

    tables, closing = _closing(rules, cal)
    return run_compiled(tables, closing, table_numbers(cal, np.asarray(claims.day, np.int32)), claims, spells)


def run_compiled(
    tables: Sequence[YearTable], closing: Sequence[int], numbers: Any, claims: ClaimArrays, spells: SpellArrays
) -> Batch:
    """As `run_interpreted`, compiled; `numbers` is an int8 array, results are NumPy arrays."""
    import numpy as np

    count = len(claims.person)
    made = Batch(np.zeros(count, np.int8), np.zeros(count, np.int8), np.zeros(count * ch.AMOUNT_COUNT, np.int64), [])
    pays_at_year_end = any(table.needs_year_end for table in tables)
    rows = np.zeros(ch.YEAR_END_COUNT * (count if pays_at_year_end else 1), np.int64)
    number = compiled_run()(
        np.array([value for table in tables for value in table.values], np.int64),
        np.array(closing, np.int64),
        np.asarray(claims.order, np.int64),
        np.asarray(claims.person, np.int32),
        np.asarray(claims.day, np.int32),
        numbers,
        np.asarray(claims.codes, np.int8),
        np.asarray(claims.money, np.int64),
        np.asarray(spells.start, np.int64),
        np.asarray(spells.flat, np.int32),
        ch.State(),
        made.category,
        made.over_control,
        made.amounts,
        rows,
    )
    made.year_end = _rows(rows[: ch.YEAR_END_COUNT * number].tolist(), number)
    return made


def table_numbers(cal: Calendar, day: Any) -> Any:
    """The table of every claim, -1 where none settles its day (int8)."""
    import numpy as np

    numbers = np.full(len(day), -1, np.int8)
    for first, last, index in cal.segments:
        numbers[(day >= first) & (day <= last)] = index
    return numbers


def _rows(flat: Sequence[int], number: int) -> list[tuple[int, int, int, int, int]]:
    return [(flat[k], flat[k + 1], flat[k + 2], flat[k + 3], flat[k + 4]) for k in range(0, 5 * number, 5)]
