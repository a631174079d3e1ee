"""Which rows of a roster say what the department said last month: known by a hash of their cells.

Nine rows in ten of a month's full roster are of this kind. Their numbers, names, telephones need not be read, let alone
encrypted; only line, spell and person are kept, some hundreds to a row of the database. And which standing spells no
such row speaks of: only among them are people who left.
"""

import struct
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import psycopg
from django.db import connection

from accounts.crypto import digest_key
from beneficiaries.roster.models import SpellEcho
from exchange import reader
from exchange.models import InboundFile, UnchangedRows
from exchange.reader.duplicates import Duplicate, compare

KEY: Final = "roster_row"
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
SELECT string_agg(int8send(spell_id) || uuid_send(said), '')
FROM beneficiaries_spellecho WHERE department = %(department)s
"""
OF_THESE: Final = " AND spell_id = ANY(%(spells)s)"
IN_PARTS: Final = " GROUP BY spell_id / 500000"
# Of more than these all echoes of the department are read in one go.
FEW: Final = 20_000
_SPELL = np.dtype([("spell", ">i8"), ("person", ">i8"), ("standing", ">i4")])
_ECHO = np.dtype([("spell", ">i8"), ("first", ">u8"), ("second", ">u8")])
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_INT4, _INT8 = 23, 20  # types of PostgreSQL
STAGE: Final = f"COPY {UnchangedRows._meta.db_table} (file_id, lines, spells, persons) FROM STDIN (FORMAT BINARY)"


class Sieve:
    """Says of each batch which rows must be looked at; keeps line and spell of the others.

    60 bytes per standing spell and 16 per unchanged row are held.
    """

    def __init__(self, file: InboundFile, context: reader.Context) -> None:
        self.key = digest_key(KEY)
        self.twice = reader.DuplicateFinder()
        # Cells that are spelled in many ways, or mean other things when places come and go, are read for every row
        # where that costs little.
        self._few = {column.name: column.make(context) for column in reader.ROSTER.columns if column.few}
        self._said: Sequence[bytes] = ()
        self._lines: list[np.ndarray] = []
        self._places: list[np.ndarray] = []
        self._load(file)

    def _load(self, file: InboundFile) -> None:
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
        spells = _packed(SPELLS, values, _SPELL) if full else np.empty(0, dtype=_SPELL)
        self._spells, self._persons = spells["spell"].astype(np.int64), spells["person"].astype(np.int64)
        self._standing = spells["standing"].astype(np.bool_)
        if len(spells) > FEW:
            echoes = _packed(ECHOES + IN_PARTS, values, _ECHO)
        else:
            echoes = _packed(ECHOES + OF_THESE + IN_PARTS, values | {"spells": self._spells.tolist()}, _ECHO)
        if len(spells):
            order = np.argsort(self._spells, kind="stable")
            ordered = self._spells[order]
            at = np.searchsorted(ordered, echoes["spell"])
            at[at == len(ordered)] = 0
            open_ones = ordered[at] == echoes["spell"]  # the others are of superseded spells
            echoes, of_spell = echoes[open_ones], order[at[open_ones]]
        else:
            echoes, of_spell = echoes[:0], np.empty(0, dtype=np.int64)
        first = echoes["first"].astype(np.uint64)
        order = np.argsort(first, kind="stable")
        self._first, self._second = first[order], echoes["second"].astype(np.uint64)[order]
        self._of_spell = of_spell[order]

    @property
    def standing(self) -> int:
        """Spells of the department and region that stand in the roster's month."""
        return int(self._standing.sum())

    def __call__(self, batch: reader.Batch) -> Sequence[int]:
        """The positions of the rows that no echo knows (`Reading.batches`)."""
        meaning, doubtful = {}, set(batch.problems)
        for name, read in self._few.items():
            if batch.has(name):
                found = read(batch.raw[name])
                meaning[name] = found.values
                doubtful.update(i for i, _ in chain(found.faults, found.notes))
        said = batch.said(key=self.key, meaning=meaning)
        self._said = said
        if not len(self._first):
            return range(len(batch))
        places = self._find(said)
        places[list(doubtful)] = -1
        known = places >= 0
        if not known.any():
            return range(len(batch))
        self._lines.append(np.asarray(batch.lines, dtype=np.int64)[known])
        self._places.append(self._of_spell[places[known]])
        rest = np.flatnonzero(~known).tolist()
        self._said = [said[i] for i in rest]
        return rest

    def _find(self, said: Sequence[bytes]) -> np.ndarray:
        """Position of the echo of each row, -1 where there is none."""
        halves = np.frombuffer(b"".join(said), dtype=">u8").astype(np.uint64).reshape(-1, 2)
        places = np.searchsorted(self._first, halves[:, 0])
        places[places == len(self._first)] = 0
        right = (self._first[places] == halves[:, 0]) & (self._second[places] == halves[:, 1])
        return np.where(right, places, -1)

    def remember(self, batch: reader.Batch) -> dict[str, list[str | None]]:
        """Columns `said` and `digest` of the rows that the last call let through, now that they are read.

        What deserves a note deserves it every month: such a row gets no `said`. But a place is new only once.
        """
        noted = {i for i, notes in batch.notes.items() if any(note.field not in self._few for note in notes)}
        digests = batch.digests(key=self.key)
        self.twice.add(batch, digests)
        said = [None if i in noted or i in batch.problems else one.hex() for i, one in enumerate(self._said)]
        return {"said": said, "digest": [one.hex() for one in digests]}

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Lines of the known rows, and of each the position of its spell."""
        nothing = np.empty(0, dtype=np.int64)
        if not self._lines:
            return nothing, nothing
        return np.concatenate(self._lines), np.concatenate(self._places)

    def twice_known(self, rows: Sequence[tuple[int, int, bytes]]) -> dict[int, Duplicate]:
        """Several rows of one person, of which at least one is known. By line, as `DuplicateFinder.find`.

        `rows`: line, person, digest of the good rows among the others whose person is in the register.
        """
        lines, places = self.known()
        persons = self._persons[places]
        ordered = np.sort(persons)
        others = np.fromiter((person for _, person, _ in rows), dtype=np.int64, count=len(rows))
        both = others[np.isin(others, ordered)]
        doubled = np.union1d(ordered[1:][ordered[1:] == ordered[:-1]], both)
        if not len(doubled):
            return {}
        chosen = np.isin(persons, doubled)
        spells = self._spells[places[chosen]].tolist()
        content = SpellEcho.objects.in_bulk(spells)
        groups: dict[int, list[tuple[int, bytes]]] = {person: [] for person in doubled.tolist()}
        for line, person, spell in zip(lines[chosen].tolist(), persons[chosen].tolist(), spells, strict=True):
            groups[person].append((line, content[spell].content.bytes))
        for line, person, digest in rows:
            if person in groups:
                groups[person].append((line, digest))
        found: dict[int, Duplicate] = {}
        for group in map(sorted, groups.values()):
            found.update(compare([line for line, _ in group], [said for _, said in group]))
        return found

    def write(self, file: InboundFile, apart: Iterable[int]) -> list[tuple[int, int, int]]:
        """Stages the known rows as unchanged, but for those of the lines `apart`: these are given back as (line,
        spell, person)."""
        lines, places = self.known()
        set_apart = np.isin(lines, np.fromiter(apart, dtype=np.int64))
        kept: Any = zip(
            lines[set_apart], self._spells[places[set_apart]], self._persons[places[set_apart]], strict=True
        )
        found = [(int(line), int(spell), int(person)) for line, spell, person in kept]
        lines, places = lines[~set_apart], places[~set_apart]
        if len(lines):
            _copy(file, lines, self._spells[places], self._persons[places])
        return found

    def unseen(self) -> list[tuple[int, int]]:
        """Standing spells, with their persons, of which no known row speaks, nor of another spell of the person."""
        seen = np.zeros(len(self._spells), dtype=np.bool_)
        seen[self.known()[1]] = True
        left = self._standing & ~seen
        spells, persons = self._spells[left], self._persons[left]
        gone = ~np.isin(persons, self._persons[seen])
        return list(zip(spells[gone].tolist(), persons[gone].tolist(), strict=True))


def _packed(query: str, values: dict[str, Any], kind: np.dtype) -> np.ndarray:
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own gives bytes as hexadecimal text
        cursor.execute(query, values, binary=True)
        return np.frombuffer(b"".join(packed for (packed,) in cursor), dtype=kind)


def _copy(file: InboundFile, lines: np.ndarray, spells: np.ndarray, persons: np.ndarray) -> None:
    size = UnchangedRows.MANY
    with connection.cursor() as cursor, cursor.cursor.copy(STAGE) as copy:
        pieces = [_HEADER]
        for at in range(0, len(lines), size):
            piece = slice(at, at + size)
            pieces.append(struct.pack(">hiq", 4, 8, file.pk))
            pieces += [
                _array(lines[piece], 4, _INT4),
                _array(spells[piece], 8, _INT8),
                _array(persons[piece], 8, _INT8),
            ]
        copy.write(b"".join([*pieces, _END]))


def _array(values: np.ndarray, width: int, kind: int) -> bytes:
    """As COPY's binary format has an array of one dimension: its length, its head, each element with its width."""
    elements = np.empty(len(values), dtype=[("width", ">i4"), ("value", f">i{width}")])
    elements["width"], elements["value"] = width, values
    body = struct.pack(">iiiii", 1, 0, kind, len(values), 1) + elements.tobytes()
    return struct.pack(">i", len(body)) + body


def packed_rows(query: str) -> list[tuple[int, int, bytes]]:
    """Line, person and digest of the rows that the query packs, one value of 28 bytes each."""
    kind = np.dtype([("row", ">i4"), ("person", ">i8"), ("digest", "V16")])
    found = _packed(query, {}, kind)
    return [(int(row), int(person), bytes(digest)) for row, person, digest in found.tolist()]
