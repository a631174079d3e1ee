"""Which rows of a roster say word for word what the department said last month: known by their hash alone.

Nine rows in ten of a month's full roster are of this kind. They need neither encryption nor a look at their columns;
only line, spell and person are staged, as fixed records of COPY's binary format. And which standing spells no such row
speaks of: only among them are people who left.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import psycopg
from django.db import connection

from accounts.crypto import digest_key
from exchange import reader, staging
from exchange.models import InboundFile

KEY: Final = "roster_row"
# Packed by the server into a few long values: the driver would otherwise handle every row by itself. A category that
# only began after the roster's month does not stand in it; a spell without echo has a digest of zeros.
LOAD = """
SELECT string_agg(coalesce(uuid_send(e.digest), %(none)s) || int8send(s.id) || int8send(s.person_id)
    || int4send((s.valid_from <= %(month_end)s)::integer), '')
FROM beneficiaries_categoryspell s LEFT JOIN beneficiaries_spellecho e ON e.spell_id = s.id
WHERE s.department = %(department)s AND s.known_to IS NULL AND (s.valid_to IS NULL OR s.valid_to >= %(month)s)
    AND s.region_id BETWEEN %(low)s AND %(high)s
GROUP BY s.id / 500000
"""
_LOADED = np.dtype(
    [("first", ">u8"), ("second", ">u8"), ("spell", ">i8"), ("person", ">i8"), ("standing", ">i4")]
)  # fmt: skip
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_UNCHANGED: Final = b"unchanged"
_STAGED = np.dtype(
    [("n", ">i2"), ("a", ">i4"), ("file", ">i8"), ("b", ">i4"), ("row", ">i4"), ("c", ">i4"), ("outcome", "S9"),
     ("d", ">i4"), ("spell", ">i8"), ("e", ">i4"), ("person", ">i8")]
)  # fmt: skip
STAGE = f'COPY {staging.TABLE} (file_id, "row", outcome, spell_id, person_id) FROM STDIN (FORMAT BINARY)'
PIECE: Final = 100_000


class Sieve:
    """Takes each batch of the reading and gives back what must be looked at; keeps line, spell, person of the rest.

    60 bytes per standing spell and 24 per unchanged row are held.
    """

    def __init__(self, file: InboundFile) -> None:
        self.key = digest_key(KEY)
        self.twice = reader.DuplicateFinder()
        self.digests: Sequence[bytes] = ()
        """Digests of the rows that the last call gave back."""
        self._lines: list[np.ndarray] = []
        self._places: list[np.ndarray] = []
        self._load(file)

    def _load(self, file: InboundFile) -> None:
        # What comes and goes is a short file: its rows are compared one by one.
        rows = self._read(file) if file.mode == InboundFile.Mode.FULL else np.empty(0, dtype=_LOADED)
        first = rows["first"].astype(np.uint64)
        order = np.argsort(first, kind="stable")
        self._first, self._second = first[order], rows["second"].astype(np.uint64)[order]
        self._spells, self._persons = rows["spell"].astype(np.int64)[order], rows["person"].astype(np.int64)[order]
        self._standing = rows["standing"].astype(np.bool_)[order]
        self._echoes = bool((self._first | self._second).any())

    def _read(self, file: InboundFile) -> np.ndarray:
        prefix = file.region.prefix
        values = {
            "none": bytes(16),
            "department": file.department,
            "month": file.month,
            "month_end": file.month_end,
            "low": prefix.ljust(12, "0"),
            "high": prefix.ljust(12, "9"),
        }
        with psycopg.Cursor(connection.connection) as cursor:  # Django's own gives bytes as hexadecimal text
            cursor.execute(LOAD, values, binary=True)
            return np.frombuffer(b"".join(packed for (packed,) in cursor), dtype=_LOADED)

    @property
    def standing(self) -> int:
        """Spells of the department and region that stand in the roster's month."""
        return int(self._standing.sum())

    def __call__(self, batch: reader.Batch) -> reader.Batch:
        digests = batch.digests(key=self.key)
        self.twice.add(batch, digests)
        self.digests = digests
        if not self._echoes:
            return batch
        places = self._find(digests)
        places[list(batch.problems)] = -1
        known = places >= 0
        if not known.any():
            return batch
        self._lines.append(np.asarray(batch.lines, dtype=np.int64)[known])
        self._places.append(places[known])
        rest = np.flatnonzero(~known).tolist()
        self.digests = [digests[i] for i in rest]
        return batch.only(rest)

    def _find(self, digests: Sequence[bytes]) -> np.ndarray:
        """Position of the echo of each digest, -1 where there is none."""
        halves = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64).reshape(-1, 2)
        places = np.searchsorted(self._first, halves[:, 0])
        places[places == len(self._first)] = 0
        right = (self._first[places] == halves[:, 0]) & (self._second[places] == halves[:, 1])
        return np.where(right, places, -1)

    def write(self, file: InboundFile, apart: Sequence[int]) -> list[tuple[int, int, int]]:
        """Stages the known rows as unchanged, but for those of the lines `apart`: these are given back as (line,
        spell, person)."""
        lines = np.concatenate(self._lines) if self._lines else np.empty(0, dtype=np.int64)
        places = np.concatenate(self._places) if self._places else np.empty(0, dtype=np.int64)
        set_apart = np.isin(lines, np.fromiter(apart, dtype=np.int64))
        kept: Any = zip(
            lines[set_apart], self._spells[places[set_apart]], self._persons[places[set_apart]], strict=True
        )
        found = [(int(line), int(spell), int(person)) for line, spell, person in kept]
        lines, places = lines[~set_apart], places[~set_apart]
        if len(lines):
            self._copy(file, lines, places)
        return found

    def unseen(self) -> tuple[np.ndarray, np.ndarray]:
        """Standing spells, with their persons, of which no known row speaks, nor of another spell of the person."""
        places = np.concatenate(self._places) if self._places else np.empty(0, dtype=np.int64)
        seen = np.zeros(len(self._spells), dtype=np.bool_)
        seen[places] = True
        left = self._standing & ~seen
        spells, persons = self._spells[left], self._persons[left]
        gone = ~np.isin(persons, self._persons[seen])
        return spells[gone], persons[gone]

    def _copy(self, file: InboundFile, lines: np.ndarray, places: np.ndarray) -> None:
        with connection.cursor() as cursor, cursor.cursor.copy(STAGE) as copy:
            copy.write(_HEADER)
            for at in range(0, len(lines), PIECE):
                piece = slice(at, at + PIECE)
                rows = np.zeros(len(lines[piece]), dtype=_STAGED)
                rows["n"], rows["a"], rows["b"], rows["c"], rows["d"], rows["e"] = 5, 8, 4, len(_UNCHANGED), 8, 8
                rows["file"], rows["row"], rows["outcome"] = file.pk, lines[piece], _UNCHANGED
                rows["spell"], rows["person"] = self._spells[places[piece]], self._persons[places[piece]]
                copy.write(rows.tobytes())
            copy.write(_END)
