"""Which rows of a roster say word for word what the department said last month: known by their hash alone.

Nine rows in ten of a month's full roster are of this kind. They need neither encryption nor a look at their columns;
only line, spell and person are staged, as fixed records of COPY's binary format.
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
# Packed by the server into a few long values: the driver would otherwise handle every row by itself.
LOAD = """
SELECT string_agg(uuid_send(digest) || int8send(spell_id) || int8send(person_id), '') FROM beneficiaries_spellecho
WHERE department = %s AND region_code BETWEEN %s AND %s GROUP BY spell_id / 500000
"""
_LOADED = np.dtype([("first", ">u8"), ("second", ">u8"), ("spell", ">i8"), ("person", ">i8")])
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

    48 bytes per known spell and 24 per unchanged row are held.
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
        prefix = file.region.prefix
        with psycopg.Cursor(connection.connection) as cursor:  # Django's own gives bytes as hexadecimal text
            cursor.execute(LOAD, [file.department, prefix.ljust(12, "0"), prefix.ljust(12, "9")], binary=True)
            rows = np.frombuffer(b"".join(packed for (packed,) in cursor), dtype=_LOADED)
        first = rows["first"].astype(np.uint64)
        order = np.argsort(first, kind="stable")
        self._first, self._second = first[order], rows["second"].astype(np.uint64)[order]
        self._spells, self._persons = rows["spell"].astype(np.int64)[order], rows["person"].astype(np.int64)[order]

    def __call__(self, batch: reader.Batch) -> reader.Batch:
        digests = batch.digests(key=self.key)
        self.twice.add(batch, digests)
        self.digests = digests
        if not len(self._first):
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
