"""The echoes of a department's standing spells, read in bulk, and found by their hashes."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg
from django.db import connection

from exchange.models import InboundFile

# Packed by the server into a few long values: the driver would otherwise handle every row by itself. A category that
# only began after the roster's month does not stand in it.
SPELLS: Final = """
SELECT string_agg(int8send(id) || int8send(person_id) || int4send((valid_from <= %(month_end)s)::integer), '')
FROM beneficiaries_categoryspell
WHERE department = %(department)s AND known_to IS NULL AND (valid_to IS NULL OR valid_to >= %(month)s)
    AND region_id BETWEEN %(low)s AND %(high)s
GROUP BY id / 500000
"""
ECHOES: Final = """
SELECT string_agg(int8send(spell_id) || uuid_send(said) || uuid_send(content), '')
FROM beneficiaries_spellecho WHERE department = %(department)s
"""
OF_THESE: Final = " AND spell_id = ANY(%(spells)s)"
IN_PARTS: Final = " GROUP BY spell_id / 500000"
# Of more than these all echoes of the department are read in one go.
FEW: Final = 20_000
_SPELL = np.dtype([("spell", ">i8"), ("person", ">i8"), ("standing", ">i4")])
_ECHO = np.dtype([("spell", ">i8"), ("said", ">u8", 2), ("content", ">u8", 2)])


def packed(query: str, values: dict[str, Any], kind: np.dtype) -> np.ndarray:
    """The rows that the query packs into long values, as records of that kind."""
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own gives bytes as hexadecimal text
        cursor.execute(query, values, binary=True)
        return np.frombuffer(b"".join(value for (value,) in cursor), dtype=kind)


class Hashes:
    """Hashes of 16 bytes, each with a number; found many at a time."""

    def __init__(self, halves: np.ndarray, numbers: np.ndarray) -> None:
        """`halves`: two columns of unsigned 64-bit integers."""
        first = halves[:, 0].astype(np.uint64)
        order = np.argsort(first, kind="stable")
        self._first, self._second = first[order], halves[:, 1].astype(np.uint64)[order]
        self._numbers = numbers[order]
        # Where the hashes with the same beginning start: they are spread evenly, so nearly every one is where it is
        # looked for first. To search in halves goes through memory far and wide.
        self._shift = np.uint64(64 - max(1, len(first).bit_length()))
        shelves = np.arange(1 << (64 - int(self._shift)), dtype=np.uint64) << self._shift
        self._starts = np.searchsorted(self._first, shelves)

    def find(self, hashes: Sequence[bytes]) -> np.ndarray:
        """The number of each, -1 for one that is not among them."""
        if not len(self._first) or not hashes:
            return np.full(len(hashes), -1)
        wanted = np.frombuffer(b"".join(hashes), dtype=">u8").astype(np.uint64).reshape(-1, 2)
        first = wanted[:, 0]
        at = self._starts[first >> self._shift]
        last = len(self._first) - 1
        behind = np.flatnonzero(self._first[np.minimum(at, last)] < first)
        while len(behind):
            at[behind] += 1
            behind = behind[at[behind] <= last]
            behind = behind[self._first[at[behind]] < first[behind]]
        at[at > last] = last
        right = (self._first[at] == first) & (self._second[at] == wanted[:, 1])
        return np.where(right, self._numbers[at], -1)


class Standing:
    """The open spells of a roster's department and region; the position of a spell stands for it elsewhere."""

    def __init__(self, file: InboundFile) -> None:
        prefix = file.region.prefix
        values: dict[str, Any] = {
            "department": file.department,
            "month": file.month,
            "month_end": file.month_end,
            "low": prefix.ljust(12, "0"),
            "high": prefix.ljust(12, "9"),
        }
        # What comes and goes is a short file: its rows are compared one by one.
        full = file.mode == InboundFile.Mode.FULL
        spells = packed(SPELLS, values, _SPELL) if full else np.empty(0, dtype=_SPELL)
        self.spells, self.persons = spells["spell"].astype(np.int64), spells["person"].astype(np.int64)
        self.in_month = spells["standing"].astype(np.bool_)
        """Whether the spell stands in the roster's month."""
        if len(spells) > FEW:
            echoes = packed(ECHOES + IN_PARTS, values, _ECHO)
        else:
            echoes = packed(ECHOES + OF_THESE + IN_PARTS, values | {"spells": self.spells.tolist()}, _ECHO)
        order = np.argsort(self.spells, kind="stable")
        ordered = self.spells[order]
        at = np.searchsorted(ordered, echoes["spell"])
        at[at == len(ordered)] = 0
        # The others are of superseded spells.
        of_open = ordered[at] == echoes["spell"]
        echoes, of_spell = echoes[of_open], order[at[of_open]]
        self.by_said = Hashes(echoes["said"], of_spell)
        self.by_content = Hashes(echoes["content"], of_spell)
