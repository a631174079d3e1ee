"""Rows of one file that speak of the same thing, found without keeping the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .batch import Batch


class SeenBefore:
    """Which values of a column came before in the file; 12 bytes per row.

    Values are compared by a 64-bit hash: among ten million, one false repeat in some 400,000 files.
    """

    def __init__(self) -> None:
        # Sorted runs, each at least twice as long as the next: few to search, cheap to merge.
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def repeats(self, values: Sequence[Any], lines: Sequence[int]) -> Iterator[tuple[int, int]]:
        """(position, line of the first) of every value that stood in an earlier row; None is no value."""
        keys = np.fromiter(map(hash, values), dtype=np.int64, count=len(values))
        if None in values:
            places = np.array([i for i, value in enumerate(values) if value is not None], dtype=np.int64)
        else:
            places = np.arange(len(values))
        keys = keys[places]
        first = np.zeros(len(keys), dtype=np.int64)
        for run_keys, run_lines in self._runs:
            at = np.minimum(np.searchsorted(run_keys, keys), len(run_keys) - 1)
            first = np.where(run_keys[at] == keys, run_lines[at], first)
        own_lines = np.asarray(lines, dtype=np.int64)[places]
        unique, index = np.unique(keys, return_index=True)
        if len(unique) < len(keys):
            within = own_lines[index[np.searchsorted(unique, keys)]]
            first = np.where((first == 0) & (within != own_lines), within, first)
        new = first[index] == 0
        if new.any():
            self._add(unique[new], own_lines[index[new]].astype(np.uint32))
        for i in np.flatnonzero(first).tolist():
            yield int(places[i]), int(first[i])

    def _add(self, keys: np.ndarray, lines: np.ndarray) -> None:
        while self._runs and len(self._runs[-1][0]) < 2 * len(keys):
            other_keys, other_lines = self._runs.pop()
            keys = np.concatenate([other_keys, keys])
            order = np.argsort(keys, kind="stable")
            keys, lines = keys[order], np.concatenate([other_lines, lines])[order]
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

    def add(self, batch: Batch) -> None:
        """Take note of the batch's good rows."""
        good = [i for i in range(len(batch)) if i not in batch.problems]
        values = batch.columns[self.key]
        digests = batch.digests()
        keys = np.fromiter((int(values[i][:17]) for i in good), dtype=np.int64, count=len(good))
        content = np.frombuffer(b"".join([digests[i] for i in good]), dtype=np.uint64).reshape(-1, 2)
        lines = np.fromiter((batch.lines[i] for i in good), dtype=np.uint32, count=len(good))
        self._parts.append((keys, content, lines))

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
            found.update(_compare(lines[order[start:end]].tolist(), content[order[start:end]].tolist()))
        return found


def _compare(lines: list[int], contents: list[list[int]]) -> dict[int, Duplicate]:
    if all(content == contents[0] for content in contents):
        return {line: Duplicate("repeated", lines[0]) for line in lines[1:]}
    return {line: Duplicate("duplicate_differs", lines[1] if line == lines[0] else lines[0]) for line in lines}
