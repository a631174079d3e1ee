"""Reading one file: what it is, where its table begins, and its rows in normal form."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal, NamedTuple

from python_calamine import CalamineSheet

from . import detect, sources
from .batch import Batch, Row
from .columns import ColumnReader, Context
from .detect import Encoding, Input
from .duplicates import SeenBefore
from .errors import FileRefused
from .header import LOOK_AT, Header, accept, best, missing_columns
from .schema import Column, Schema
from .text import compact, is_blank

SEPARATORS = (",", "\t", ";")
_KEY = "id_number"
# Shorter than any identity number: only such rows are looked at for being no data at all.
_SHORT = 15
# Sifted batches that are handed on as one, at most: whoever shows progress hears of them.
_TOGETHER = 64
_TOTAL = re.compile(r"(?:本页|本表|全县|全市|全旗)?(?:合计|总计|小计|共计|累计)(?:[:(\d人户数]|$)")
_FOOTER = re.compile(
    r"(?:制表|填表|填报|审核|复核|负责|经办|联系|报送|单位负责|分管领导)(?:人|单位|部门|日期|时间)?[:(]|(?:备注|说明|注)\d*:"
)


class Skipped(NamedTuple):
    """A line below the header that is no data row: a total, a signature, a header repeated on a new page."""

    line: int
    text: str


class Reading:
    """One file, recognised; its rows are read when asked for, anew each time.

    Raises FileRefused from `read` for what can be seen at once, and from the iteration for what only shows on the way.
    """

    def __init__(self, source: Input, schema: Schema, context: Context) -> None:
        self.source = source
        self.schema = schema
        self.context = context
        self.kind: Literal["csv", "xlsx"] = "csv"
        self.encoding = Encoding("utf-8")
        self.separator = ","
        self.newline = "\r\n"
        self.sheet = ""
        """Name of the sheet of an XLSX that holds the table."""
        self.rows_read = 0
        """Data rows that the last (or running) iteration came by."""
        self.skipped: list[Skipped] = []
        """Lines that the last (or running) iteration took for no data."""
        self._rows_in_all: Callable[[], int] = lambda: 0
        self._loaded: CalamineSheet | None = None  # kept for the first iteration only: a sheet is large
        with detect.opened(source) as stream:
            if detect.is_xlsx(stream):
                self.kind = "xlsx"
                header = self._look_at_xlsx(stream)
            else:
                header = self._look_at_csv(stream)
        self.header: Header = accept(header, schema)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headings that the schema does not know; their columns are not used."""
        return self.header.ignored

    @property
    def rows_about(self) -> int:
        """Data rows that the running iteration will have come by at its end, as far as it can tell; never too few."""
        return max(self.rows_read, self._rows_in_all())

    def _look_at_csv(self, stream: BinaryIO) -> Header | None:
        self.encoding = detect.encoding_of(stream)
        stream.seek(len(self.encoding.bom))
        text = ""
        for block in sources.text_blocks(stream, self.encoding.codec):
            text += block
            if len(text) > sources.BYTES or text.count("\n") > LOOK_AT:
                break
        if is_blank(text):
            raise FileRefused("empty")
        if "\0" in text:
            raise FileRefused("binary")
        self.newline = "\r\n" if "\r\n" in text else "\n" if "\n" in text else "\r"
        found: Header | None = None
        for separator in SEPARATORS:
            header = best(sources.sample_rows(text, separator, LOOK_AT), self.schema)
            if header and (found is None or len(header.places) > len(found.places)):
                found, self.separator = header, separator
        return found

    def _look_at_xlsx(self, stream: BinaryIO) -> Header | None:
        """The first sheet whose header has all needed columns; else the one that comes nearest."""
        nearest: Header | None = None
        for sheet in sources.sheets(sources.workbook(stream)):
            block = next(sources.xlsx_blocks(sheet), None)
            header = best(list(zip(*(block.columns or ()), strict=True)) if block else [], self.schema)
            complete = header is not None and not missing_columns(header, self.schema)
            if header and (complete or nearest is None or len(header.places) > len(nearest.places)):
                nearest, self.sheet, self._loaded = header, sheet.name, sheet
            if complete:
                break
        return nearest

    @contextmanager
    def _blocks(self) -> Iterator[Iterator[sources.Block]]:
        with detect.opened(self.source) as stream:
            if self.kind == "csv":
                size = stream.seek(0, io.SEEK_END)
                stream.seek(len(self.encoding.bom))
                self._rows_in_all = lambda: self.rows_read * size // max(stream.tell(), 1)
                yield sources.csv_blocks(stream, self.encoding.codec, self.separator, len(self.header.cells))
            else:
                sheet = self._loaded or sources.workbook(stream).get_sheet_by_name(self.sheet)
                self._loaded = None
                self._rows_in_all = lambda: sheet.height - self.header.line
                yield sources.xlsx_blocks(sheet)
        self._rows_in_all = lambda: 0  # all have been read, and the stream is closed

    def batches(self, sift: Callable[[Batch], Sequence[int]] | None = None) -> Iterator[Batch]:
        """The data rows, some hundreds at a time, as columns. Memory does not grow with the file (XLSX: the sheet).

        `sift` is given each batch before its columns are read, and gives the positions of the rows that must be; the
        others are counted, no more.
        """
        self.rows_read, self._rows_in_all = 0, lambda: 0
        self.skipped = []
        readers = [(column, column.make(self.context)) for column in self.schema.columns]
        seen = SeenBefore() if self.schema.unique else None
        for batch in self._cells() if sift is None else self._sifted(sift):
            if len(batch):
                self._read(batch, readers, seen)
            yield batch

    def _cells(self) -> Iterator[Batch]:
        """The data rows as they stand in the file, no column read."""
        with self._blocks() as blocks:
            for block in blocks:
                lines, cells, extra = self._data(block)
                if not len(lines):
                    continue
                batch = Batch(self.schema, self.header, lines, cells)
                for i, count in extra.items():
                    batch.add_problem(i, "cells", cells=len(self.header.cells) + count, extra=count)
                self.rows_read += len(batch)
                yield batch

    def _sifted(self, sift: Callable[[Batch], Sequence[int]]) -> Iterator[Batch]:
        """What is left of some batches as one: a column of few cells takes nearly as long as one of many."""
        waiting: list[Batch] = []
        for batch in self._cells():
            places = sift(batch)
            waiting.append(batch.only(places) if len(places) < len(batch) else batch)
            if len(waiting) >= _TOGETHER or sum(map(len, waiting)) >= sources.ROWS:
                yield waiting[0].together(waiting[1:])
                waiting = []
        if waiting:
            yield waiting[0].together(waiting[1:])

    def _read(self, batch: Batch, readers: Sequence[tuple[Column, ColumnReader]], seen: SeenBefore | None) -> None:
        for column, reader in readers:
            _fill(batch, column, reader)
        for check in self.schema.checks:
            check(batch, self.context)
        if seen and self.schema.unique:
            for i, first in seen.repeats(batch.columns[self.schema.unique], batch.lines):
                batch.add_problem(i, "repeated", self.schema.unique, first=first)

    def __iter__(self) -> Iterator[Row]:
        """The data rows one by one."""
        for batch in self.batches():
            yield from batch.rows()

    def _data(self, block: sources.Block) -> tuple[Sequence[int], Sequence[Sequence[str]], dict[int, int]]:
        """Lines and columns of the block's data rows, and by position how many cells too many a row has."""
        width = len(self.header.cells)
        columns = block.columns
        if columns is not None and len(columns) == width and block.line > self.header.line:
            lines: Sequence[int] = range(block.line, block.line + len(columns[0]))
            extra: dict[int, int] = {}
        else:
            rows = block.rows if block.rows is not None else list(zip(*(columns or ()), strict=True))
            lines, columns, extra = _even(rows, block.line, self.header.line, width)
            if not columns:
                return [], [], {}
        key = columns[self.header.places[_KEY]]
        if min(map(len, key)) >= _SHORT:
            return lines, columns, extra
        drop = set()
        for i, cell in enumerate(key):
            if len(cell) < _SHORT and self._is_no_data([column[i] for column in columns], lines[i]):
                drop.add(i)
        if drop:
            keep = [i for i in range(len(lines)) if i not in drop]
            lines = [lines[i] for i in keep]
            columns = [[column[i] for i in keep] for column in columns]
            extra = {new: extra[old] for new, old in enumerate(keep) if old in extra}
        return lines, columns, extra

    def _is_no_data(self, cells: Sequence[str], line: int) -> bool:
        """A blank line, a total, a signature line or the header again; the latter three are remembered."""
        places = self.header.places
        if all(is_blank(cells[place]) for place in places.values()) and not _TOTAL.match(_first(cells)):
            if _FOOTER.match(_first(cells)):
                self.skipped.append(Skipped(line, _shown(cells)))
            return True
        first = _first(cells)
        needed = [compact(cells[places[c.name]]) for c in self.schema.columns if c.required and c.name in places]
        written = [text for text in needed if text and text != first]
        total = _TOTAL.match(first) is not None and len(first) <= 20 and len(written) < max(2, len(needed) - 1)
        footer = _FOOTER.match(first) is not None and all(map(_FOOTER.match, written))
        again = all(compact(a) == compact(b) for a, b in zip(cells, self.header.cells, strict=False))
        if total or footer or again:
            self.skipped.append(Skipped(line, _shown(cells)))
            return True
        return False


def read(source: Input, schema: Schema, context: Context | None = None) -> Reading:
    """Recognise a partner's file.

    `source` is a path, bytes, or a seekable binary stream. Raises FileRefused (a Chinese sentence, see `messages`)
    when the file is empty, no table, or lacks a needed column. Rows come from iterating over the result, or from its
    `batches()`; that may still raise FileRefused, so write nothing for good before the end.
    """
    return Reading(source, schema, context or Context())


def _even(
    rows: Sequence[Sequence[str]], line: int, header_line: int, width: int
) -> tuple[list[int], list[tuple[str, ...]], dict[int, int]]:
    """Rows below the header, blank ones left out, filled up or cut to the header's width."""
    lines: list[int] = []
    even: list[Sequence[str]] = []
    extra: dict[int, int] = {}
    for number, row in enumerate(rows, start=line):
        if number <= header_line or not any(row) or all(map(is_blank, row)):
            continue
        if len(row) > width:
            beyond = [i for i in range(width, len(row)) if not is_blank(row[i])]
            if beyond:
                extra[len(lines)] = beyond[-1] + 1 - width
            row = row[:width]
        elif len(row) < width:
            row = [*row, *[""] * (width - len(row))]
        lines.append(number)
        even.append(row)
    return lines, list(zip(*even, strict=True)), extra


def _fill(batch: Batch, column: Column, reader: ColumnReader) -> None:
    """Read one column into the batch, with its faults, notes and blanks."""
    name = column.name
    if name not in batch.raw:
        if not column.apart:
            batch.columns[name] = [column.default] * len(batch)
        return
    values, faults, notes = reader(batch.raw[name])
    batch.columns[name] = values
    for i, error in faults:
        batch.add_problem(i, error.code, name, **error.params)
    for i, noted in notes:
        batch.add_note(i, name, noted)
    if (column.required or column.default is not None) and None in values:
        faulty = {i for i, _ in faults}
        for i in [i for i, value in enumerate(values) if value is None and i not in faulty]:
            if column.required:
                batch.add_problem(i, "missing", name)
            else:
                values[i] = column.default


def _first(cells: Sequence[Any]) -> str:
    return next((text for text in map(compact, cells) if text), "")


def _shown(cells: Sequence[str]) -> str:
    return " ".join(cell.strip() for cell in cells if not is_blank(cell))[:80]
