"""Settling and writing the rows that `reading` made."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from ..engine import Rules, SpellArrays
from ..engine.batch import Batch, Calendar, settle_compiled, table_numbers
from ..engine.compiled import translated
from ..file_rows import ClaimRows
from . import kernels as k
from .reading import Numbers, joined

Array = Any
# After the number and the category: which of the engine's amounts, -1 for the flag.
COLUMNS: Final = (0, 1, 2, 3, 4, -1, 5, 6)
SLICE: Final = 100_000
# Bytes of an amount, with its comma: int64 has 19 digits.
WIDEST: Final = 22


def settle_bulk(rules: Rules, cal: Calendar, rows: ClaimRows, spells: SpellArrays) -> tuple[Batch, Array]:
    """As `files.settle_rows`: results, and the rows that have one."""
    kept = np.flatnonzero(table_numbers(cal, rows.arrays.day) >= 0)
    if not len(kept):
        return Batch([], [], [], []), kept
    rows.arrays.order = in_order(rows, kept)
    return settle_compiled(rules, cal, rows.arrays, spells), kept


def in_order(rows: ClaimRows, kept: Array) -> Array:
    """Row numbers by person, day and claim number."""
    keys = (rows.arrays.person.astype(np.int64) << 24) | rows.arrays.day
    order = kept[np.argsort(keys[kept], kind="stable")]
    ordered = keys[order]
    equal = np.flatnonzero(ordered[1:] == ordered[:-1])
    tied = np.union1d(equal, equal + 1)
    # Few claims share person and day: only those are compared by number.
    order[tied] = sorted(order[tied].tolist(), key=lambda i: (keys[i], rows.claim_nos[i]))
    return order


def settled_text(rows: ClaimRows, batch: Batch, kept: Array, winners: Sequence[str]) -> Iterator[bytes]:
    """The lines of `files.settle_lines` without the payments at year end, as the file has them."""
    numbers = rows.claim_nos
    assert isinstance(numbers, Numbers)  # noqa: S101 - of `read_bulk`
    words, ends = joined([*winners, "no", "yes"])
    widest = int(np.diff(ends).max()) + (len(COLUMNS) + 2) * WIDEST
    category, flags = np.asarray(batch.category), np.asarray(batch.over_control)
    amounts, columns = np.asarray(batch.amounts), np.array(COLUMNS, np.int64)
    for start in range(0, len(kept), SLICE):
        part = kept[start : start + SLICE]
        out = np.empty(int(numbers.size[part].sum()) + len(part) * widest, np.uint8)
        size = translated(k)["write_rows"](
            out, numbers.data, part, numbers.at, numbers.size, category, flags, amounts, words, ends, columns
        )
        yield out[:size].tobytes()
