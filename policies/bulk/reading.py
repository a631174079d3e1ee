"""Claim files of some megabytes, read without an object per row; the same rows, refusals and sentences as row by row.

Rows that the scan finds odd are judged by `file_rows.parse_claim`. A file that only the csv module understands (doubled
quotes, line breaks inside cells, an encoding that is not UTF-8) is left to it: then `read_bulk` gives None.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, overload

import numpy as np

from ..csv_rows import header_places, is_blank, picked, unopened
from ..engine import ClaimRefused
from ..engine.batch import ClaimArrays
from ..engine.compiled import translated
from ..file_rows import (
    CLAIM_COLUMNS,
    CODE_COLUMNS,
    MANAGEMENT_CODES,
    REPEATED,
    WHAT,
    ClaimRows,
    People,
    Refused,
    parse_claim,
)
from . import kernels as k

Array = Any
BOM: Final = b"\xef\xbb\xbf"


class Numbers(Sequence[str]):
    """Claim numbers, each made when it is asked for: pieces of `data` (uint8) by start and length."""

    def __init__(self, data: Array, at: Array, size: Array) -> None:
        self.data, self.at, self.size = data, at, size

    def __len__(self) -> int:
        return len(self.at)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[str]: ...
    def __getitem__(self, i: int | slice) -> str | Sequence[str]:
        if isinstance(i, slice):
            return Numbers(self.data, self.at[i], self.size[i])
        return str(self.data[self.at[i] : self.at[i] + self.size[i]].tobytes(), "utf-8")


@dataclass
class Scanned:
    """The rows of a file as `kernels.scan` leaves them, one entry per line."""

    state: Array
    line_at: Array
    number_at: Array
    number_size: Array
    id_at: Array
    id_size: Array
    day: Array
    codes: Array
    money: Array

    @classmethod
    def of(cls, count: int) -> Scanned:
        wide, narrow = (lambda: np.zeros(count, np.int64)), (lambda: np.zeros(count, np.int32))
        return cls(
            np.zeros(count, np.int8), wide(), wide(), narrow(), wide(), narrow(), narrow(),
            np.zeros(count * k.CODES, np.int8), np.zeros(count * k.MONEY, np.int64),
        )  # fmt: skip

    def cut(self, count: int) -> None:
        for name in self.__dataclass_fields__:
            size = {"codes": k.CODES, "money": k.MONEY}.get(name, 1)
            setattr(self, name, getattr(self, name)[: count * size])


def read_bulk(path: Path, people: People) -> ClaimRows | None:
    """The rows of a claims file, `people` with whoever it did not know; None where the csv module must read it.

    Raises FileError.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unopened(path, WHAT, error) from error
    head = _head(raw, path)
    if head is None or not _is_text(raw):
        return None
    at, line, places, width = head
    data = np.frombuffer(raw, np.uint8)
    rows = Scanned.of(raw.count(b"\n") + 1)
    field_of = np.full(width, -1, np.int64)
    field_of[places] = np.arange(len(places))
    count = translated(k)["scan"](
        data, at, len(raw), field_of, *_words(), np.zeros(len(places), np.int64), np.zeros(len(places), np.int64),
        *vars(rows).values(),
    )  # fmt: skip
    if count == k.BROKEN:
        return None
    rows.cut(count)
    refused = _judge_odd(raw, rows, places, width, line)
    if refused is None:
        return None
    person = _number(data, rows, people)
    return _taken(data, rows, person, refused, line)


def _head(raw: bytes, path: Path) -> tuple[int, int, list[int], int] | None:
    """(start of the first row, lines before it, places of the columns, width); None for the csv module."""
    at, line = len(BOM) if raw.startswith(BOM) else 0, 0
    while at < len(raw):
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end
        text = raw[at:end].removesuffix(b"\r")
        if b'"' in text or b"\r" in text or not _is_text(text):
            return None
        at, line = end + 1, line + 1
        header = [cell.strip() for cell in text.decode().split(",")]
        if any(header):
            return min(at, len(raw)), line, header_places(header, CLAIM_COLUMNS, path, WHAT), len(header)
    return None


def _is_text(raw: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _words() -> tuple[Array, Array, Array, Array]:
    """The codes of a claim file as `kernels.scan` wants them: bytes, ends, values, reach."""
    texts: list[str] = []
    values: list[int] = []
    reach: list[int] = []
    for name, known in (*CODE_COLUMNS, ("chronic_management", MANAGEMENT_CODES)):
        reach += [CLAIM_COLUMNS.index(name), len(texts), len(texts) + len(known)]
        texts += known
        values += known.values()
    return *joined(texts), np.array(values, np.int64), np.array(reach, np.int64)


def joined(texts: Sequence[str]) -> tuple[Array, Array]:
    pieces = [text.encode() for text in texts]
    ends = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=ends[1:])
    return np.frombuffer(b"".join(pieces), np.uint8), ends


def _judge_odd(raw: bytes, rows: Scanned, places: list[int], width: int, line: int) -> list[Refused] | None:
    """Judge what the scan would not; None where a number or a person cannot be told by bytes."""
    refused: list[Refused] = []
    days: dict[str, int] = {}
    for n in np.flatnonzero(rows.state >= k.ODD).tolist():
        end = int(rows.line_at[n + 1]) if n + 1 < len(rows.line_at) else len(raw)
        text = raw[rows.line_at[n] : end].decode()
        cells = next(csv.reader([text], strict=True))
        rows.state[n] = k.SKIPPED
        if is_blank(cells):
            continue
        row = picked(cells, places, width)
        try:
            codes, day, money = parse_claim(row, days)
        except ClaimRefused as error:
            refused.append(Refused(line + n + 1, error.field, error.value, error.reason))
        else:
            # A number that would have to be written in quotes; letters whose capitals are no single bytes.
            if "," in row[0] or not row[1].isascii():
                return None
            rows.state[n], rows.day[n] = k.TAKEN, day
            rows.codes[n * k.CODES : (n + 1) * k.CODES] = codes
            rows.money[n * k.MONEY : (n + 1) * k.MONEY] = money
        if row and row[0]:
            rows.state[n] = rows.state[n] or k.REFUSED
            _strip(cells[places[0]], rows.number_at, rows.number_size, n)
            _strip(cells[places[1]], rows.id_at, rows.id_size, n)
    return refused


def _strip(cell: str, at: Array, size: Array, n: int) -> None:
    """Let the piece of row `n` stand without the blanks around it."""
    at[n] += len(cell[: len(cell) - len(cell.lstrip())].encode())
    size[n] = len(cell.strip().encode())


def _number(data: Array, rows: Scanned, people: People) -> Array:
    """The person of every row; the new ones are entered into `people` in the order of the file."""
    keys, ends = joined(list(people.numbers))
    known, seen, fresh = (np.full(_slots(n), -1, np.int32) for n in (len(ends), len(rows.state), len(rows.state)))
    run = translated(k)
    run["remember"](keys, ends, known)
    person, first_row = np.zeros(len(rows.state), np.int32), np.zeros(len(rows.state), np.int32)
    new = run["number_rows"](
        data, rows.state, rows.number_at, rows.number_size, rows.id_at, rows.id_size, keys, ends, known, seen, fresh,
        person, first_row,
    )  # fmt: skip
    first = first_row[:new]
    for id_number in Numbers(data, rows.id_at[first], rows.id_size[first]):
        people.number(id_number)
    return person


def _slots(count: int) -> int:
    return 1 << (2 * count + 2).bit_length()


def _taken(data: Array, rows: Scanned, person: Array, refused: list[Refused], line: int) -> ClaimRows:
    numbers = Numbers(data, rows.number_at, rows.number_size)
    for n in np.flatnonzero(rows.state == k.REPEATED).tolist():
        refused.append(Refused(line + n + 1, "claim_no", numbers[n], REPEATED))
    refused.sort(key=lambda one: one.row)
    at = np.flatnonzero(rows.state == k.TAKEN)
    whole = len(at) == len(rows.state)

    def kept(values: Array, size: int = 1) -> Array:
        return values if whole else values.reshape(-1, size)[at].reshape(-1)

    arrays = ClaimArrays(kept(person), kept(rows.day), kept(rows.codes, k.CODES), kept(rows.money, k.MONEY), array("q"))
    return ClaimRows(Numbers(data, kept(rows.number_at), kept(rows.number_size)), at + line + 1, arrays, refused)
