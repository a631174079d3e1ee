"""Rows of one file that speak of the same thing, found without keeping the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .batch import Batch


class SeenBefore:
    """Which values of a column came before in the file; some 12 bytes per row.

    Values are compared by a 64-bit hash: among ten million, one false repeat in some 400,000 files.
    """

    _FILTER = 1 << 25
    _RECENT = 1 << 16

    def __init__(self) -> None:
        # One byte per slot of the hash: what finds its slot empty is new, and nothing else need be looked at.
        self._slots = np.zeros(self._FILTER, dtype=np.bool_)
        self._recent: dict[int, int] = {}
        # Older ones in sorted runs, each at least twice as long as the next: few to search, cheap to merge.
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def repeats(self, values: Sequence[Any], lines: Sequence[int]) -> list[tuple[int, int]]:
        """(position, line of the first) of every value that stood in an earlier row; None is no value."""
        keys = list(map(hash, values))
        slots = np.array(keys, dtype=np.int64) & (self._FILTER - 1)
        doubtful = self._slots[slots]
        found: list[tuple[int, int]] = []
        if None in values or len(set(keys)) < len(keys):
            places: Sequence[int] = range(len(values))
        else:
            places = np.flatnonzero(doubtful).tolist()
        own: dict[int, int] = {}
        for i in places:
            if values[i] is None:
                continue
            first = own.get(keys[i]) or (self._first(keys[i]) if doubtful[i] else None)
            if first:
                found.append((i, first))
            own.setdefault(keys[i], first or lines[i])
        self._slots[slots] = True
        self._recent.update(zip(keys, lines, strict=True))
        self._recent.update(own)
        if len(self._recent) >= self._RECENT:
            self._settle()
        return found

    def _first(self, key: int) -> int | None:
        if line := self._recent.get(key):
            return line
        for keys, lines in self._runs:
            at = int(np.searchsorted(keys, key))
            if at < len(keys) and keys[at] == key:
                return int(lines[at])
        return None

    def _settle(self) -> None:
        keys = np.fromiter(self._recent.keys(), dtype=np.int64, count=len(self._recent))
        lines = np.fromiter(self._recent.values(), dtype=np.uint32, count=len(self._recent))
        self._recent = {}
        while True:
            order = np.argsort(keys, kind="stable")
            keys, lines = keys[order], lines[order]
            if not self._runs or len(self._runs[-1][0]) >= 2 * len(keys):
                break
            older_keys, older_lines = self._runs.pop()
            keys, lines = np.concatenate([older_keys, keys]), np.concatenate([older_lines, lines])
        self._runs.append((keys, lines))


class Duplicate(NamedTuple):
    """What a row is to the others of the same person."""

    code: Literal["repeated", "duplicate_differs"]
    first: int
    """Line of the row that it repeats, or of another row from which it differs."""


class DuplicateFinder:
    """Several rows of one person in a file, found in a pass over its batches; 28 bytes per row are kept.

    Only rows without problems count. Give each batch to `add`, then ask `find`.
    """

    def __init__(self, key: str = "id_number") -> None:
        self.key = key
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, batch: Batch, digests: Sequence[bytes] | None = None) -> None:
        """Take note of the batch's good rows; `digests` where the caller has them already."""
        values, lines = batch.columns[self.key], np.array(batch.lines, dtype=np.uint32)
        content = np.frombuffer(b"".join(digests or batch.digests()), dtype=np.uint64).reshape(-1, 2)
        if batch.problems:
            good = [i for i in range(len(batch)) if i not in batch.problems]
            values, lines, content = [values[i] for i in good], lines[good], content[good]
        self._parts.append((_first17(values), content, lines))

    def find(self) -> dict[int, Duplicate]:
        """By line: the second and later of identical rows are `repeated`; where rows of one person differ, all of
        them are `duplicate_differs`.
        """
        if not self._parts:
            return {}
        keys = np.concatenate([part[0] for part in self._parts])
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        same = ordered[1:] == ordered[:-1]
        if not same.any():
            return {}
        content = np.concatenate([part[1] for part in self._parts])
        lines = np.concatenate([part[2] for part in self._parts])
        found: dict[int, Duplicate] = {}
        starts = np.flatnonzero(same & ~np.concatenate([[False], same[:-1]]))
        for start in starts.tolist():
            end = start + 1
            while end < len(ordered) and ordered[end] == ordered[start]:
                end += 1
            found.update(compare(lines[order[start:end]].tolist(), content[order[start:end]].tolist()))
        return found


def _first17(numbers: Sequence[str]) -> np.ndarray:
    """The first 17 digits of numbers in normal form as integers (their last character follows from them)."""
    digits = np.frombuffer("".join(numbers).encode("ascii"), dtype=np.uint8).reshape(-1, 18)[:, :17] - np.uint8(48)
    return digits.astype(np.int64) @ _TENS


_TENS = 10 ** np.arange(16, -1, -1, dtype=np.int64)


def compare(lines: Sequence[int], contents: Sequence[Any]) -> dict[int, Duplicate]:
    """Two or more rows of one person, by their lines in ascending order, and what they say: see `DuplicateFinder`."""
    if all(content == contents[0] for content in contents):
        return {line: Duplicate("repeated", lines[0]) for line in lines[1:]}
    return {line: Duplicate("duplicate_differs", lines[1] if line == lines[0] else lines[0]) for line in lines}
