"""Which rows of a roster say what the department said last month: known by a hash of their cells.

Nine rows in ten of a month's full roster are of this kind. Their numbers, names, telephones need not be read, let alone
encrypted; only line, spell and person are kept, some hundreds to a row of the database. And which standing spells no
such row speaks of: only among them are people who left.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Final

import numpy as np
from django.db import connection

from accounts.crypto import digest_key
from beneficiaries.roster.echoes import Standing, packed
from beneficiaries.roster.models import SpellEcho
from exchange import reader, staging
from exchange.models import InboundFile, UnchangedRows
from exchange.reader.duplicates import Duplicate, compare

KEY: Final = "roster_row"
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_INT4, _INT8 = 23, 20  # types of PostgreSQL
STAGE: Final = (
    f"COPY {UnchangedRows._meta.db_table} (file_id, first, last, lines, spells, persons) FROM STDIN (FORMAT BINARY)"
)
RESPELLED: Final = "CREATE TEMP TABLE roster_respelled (spell_id bigint, said uuid) ON COMMIT DROP"
RESPELL: Final = """
UPDATE beneficiaries_spellecho e SET said = r.said FROM roster_respelled r WHERE e.spell_id = r.spell_id
"""


class Sieve:
    """Says of each batch which rows must be looked at; keeps line and spell of the others.

    100 bytes per standing spell and 16 per unchanged row are held.
    """

    def __init__(self, file: InboundFile, context: reader.Context) -> None:
        self.key = digest_key(KEY)
        self.twice = reader.DuplicateFinder()
        self.hashes: dict[str, list[str | None]] = {}
        """Columns `said` and `digest` of the rows that `narrow` gave back last."""
        # Cells that are spelled in many ways, or mean other things when places come and go, are read for every row
        # where that costs little.
        self._few = {column.name: column.make(context) for column in reader.ROSTER.columns if column.few}
        self._standing = Standing(file)
        self._said: list[bytes] = []  # of the rows let through that were not read yet
        self._lines: list[np.ndarray] = []
        self._places: list[np.ndarray] = []
        self._respelled: list[tuple[int, str]] = []

    @property
    def standing(self) -> int:
        """Spells of the department and region that stand in the roster's month."""
        return int(self._standing.in_month.sum())

    def __call__(self, batch: reader.Batch) -> Sequence[int]:
        """The positions of the rows whose cells no echo knows (`Reading.batches`)."""
        meaning, doubtful = {}, set(batch.problems)
        for name, read in self._few.items():
            if batch.has(name):
                found = read(batch.raw[name])
                meaning[name] = found.values
                doubtful.update(i for i, _ in chain(found.faults, found.notes))
        said = batch.said(key=self.key, meaning=meaning)
        rest = self._keep(batch, self._standing.by_said.find(said), doubtful)
        self._said += [said[i] for i in rest]
        return rest

    def narrow(self, batch: reader.Batch) -> reader.Batch:
        """Of rows that were read, those that say something else, not the same in another spelling.

        What deserves a note deserves it every month: such a row gets no `said`. But a place is new only once.
        """
        noted = {i for i, notes in batch.notes.items() if any(note.field not in self._few for note in notes)}
        said, self._said = self._said[: len(batch)], self._said[len(batch) :]
        digests = batch.digests(key=self.key)
        places = self._standing.by_content.find(digests)
        rest = self._keep(batch, places, batch.problems)
        if len(rest) < len(batch):
            again = set(range(len(batch))).difference(rest, noted)
            self._respelled += [(int(self._standing.spells[places[i]]), said[i].hex()) for i in again]
            batch, digests = batch.only(rest), [digests[i] for i in rest]
        self.twice.add(batch, digests)
        self.hashes = {
            "said": [
                None if place in noted or i in batch.problems else said[place].hex() for i, place in enumerate(rest)
            ],
            "digest": [one.hex() for one in digests],
        }
        return batch

    def _keep(self, batch: reader.Batch, places: np.ndarray, doubtful: Iterable[int]) -> Sequence[int]:
        """Keeps the rows whose spell is known, and gives the positions of the others."""
        places[list(doubtful)] = -1
        known = places >= 0
        if not known.any():
            return range(len(batch))
        self._lines.append(np.asarray(batch.lines, dtype=np.int64)[known])
        self._places.append(places[known])
        return np.flatnonzero(~known).tolist()

    def respell(self, rows: int) -> None:
        """Where a tenth of the file is spelled in another way, it will be next month: the echoes follow."""
        if len(self._respelled) * 10 <= rows:
            return
        with connection.cursor() as cursor:
            cursor.execute(RESPELLED)
            staging.put_rows("roster_respelled", ("spell_id", "said"), self._respelled)
            cursor.execute(RESPELL)

    @cached_property
    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        """Lines of the known rows in ascending order, and of each the position of its spell; once all are read."""
        nothing = np.empty(0, dtype=np.int64)
        if not self._lines:
            return nothing, nothing
        lines, places = np.concatenate(self._lines), np.concatenate(self._places)
        order = np.argsort(lines, kind="stable")  # those that were read first come later
        return lines[order], places[order]

    def twice_known(self, rows: Sequence[tuple[int, int, bytes]]) -> dict[int, Duplicate]:
        """Several rows of one person, of which at least one is known. By line, as `DuplicateFinder.find`.

        `rows`: line, person, digest of the good rows among the others whose person is in the register.
        """
        lines, places = self._known
        persons = self._standing.persons[places]
        ordered = np.sort(persons)
        others = np.fromiter((person for _, person, _ in rows), dtype=np.int64, count=len(rows))
        both = others[np.isin(others, ordered)]
        doubled = np.union1d(ordered[1:][ordered[1:] == ordered[:-1]], both)
        if not len(doubled):
            return {}
        chosen = np.isin(persons, doubled)
        spells = self._standing.spells[places[chosen]].tolist()
        echoes = SpellEcho.objects.in_bulk(spells)
        # One that was forgotten since the start: then the rows differ, and a person looks.
        content = {spell: echoes[spell].content.bytes if spell in echoes else b"" for spell in spells}
        groups: dict[int, list[tuple[int, bytes]]] = {person: [] for person in doubled.tolist()}
        for line, person, spell in zip(lines[chosen].tolist(), persons[chosen].tolist(), spells, strict=True):
            groups[person].append((line, content[spell]))
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
        lines, places = self._known
        set_apart = np.isin(lines, np.fromiter(apart, dtype=np.int64))
        kept: Any = zip(
            lines[set_apart],
            self._standing.spells[places[set_apart]],
            self._standing.persons[places[set_apart]],
            strict=True,
        )
        found = [(int(line), int(spell), int(person)) for line, spell, person in kept]
        lines, places = lines[~set_apart], places[~set_apart]
        if len(lines):
            _copy(file, lines, self._standing.spells[places], self._standing.persons[places])
        return found

    def unseen(self) -> list[tuple[int, int]]:
        """Standing spells, with their persons, of which no known row speaks, nor of another spell of the person."""
        seen = np.zeros(len(self._standing.spells), dtype=np.bool_)
        seen[self._known[1]] = True
        left = self._standing.in_month & ~seen
        spells, persons = self._standing.spells[left], self._standing.persons[left]
        gone = ~np.isin(persons, self._standing.persons[seen])
        return list(zip(spells[gone].tolist(), persons[gone].tolist(), strict=True))


def _copy(file: InboundFile, lines: np.ndarray, spells: np.ndarray, persons: np.ndarray) -> None:
    size = UnchangedRows.MANY
    with connection.cursor() as cursor, cursor.cursor.copy(STAGE) as copy:
        pieces = [_HEADER]
        for at in range(0, len(lines), size):
            piece = slice(at, at + size)
            first, last = int(lines[at]), int(lines[piece][-1])
            pieces.append(struct.pack(">hiqiiii", 6, 8, file.pk, 4, first, 4, last))
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
    found = packed(query, {}, kind)
    return [(int(row), int(person), bytes(digest)) for row, person, digest in found.tolist()]
