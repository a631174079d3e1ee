"""CSV and XLSX as blocks of cells with their line numbers. Bounded memory for CSV, whatever its size."""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from .errors import FileRefused

BYTES = 1 << 16
"""Bytes of CSV taken at a time: larger blocks leave the processor's cache and are slower."""
ROWS = 512
LONGEST_LINE = 1 << 20
_END = "\x00end of file\x00"  # a zero byte cannot stand in a file that was accepted


class Block(NamedTuple):
    """Some consecutive rows, either as columns (all rows equally wide) or as rows."""

    line: int
    """Line of the first row, as a spreadsheet counts: one per record, however many line breaks its cells hold."""
    columns: Sequence[Sequence[str]] | None
    rows: Sequence[Sequence[str]] | None


def text_blocks(stream: BinaryIO, codec: str) -> Iterator[str]:
    """The text from the stream's position on, in pieces that end at the end of a line."""
    decoder = codecs.getincrementaldecoder(codec)()
    tail, line = "", 1
    while True:
        chunk = stream.read(BYTES)
        try:
            text = tail + decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            broken = error.object[: error.start].decode(codec, "replace")
            at = line + (tail + broken).count("\n")
            raise FileRefused("encoding", line=at, encoding=codec.upper()) from error
        if not chunk:
            if text:
                yield text
            return
        # Old Mac files end lines with CR alone; the last CR may be half of a CR LF.
        cut = (text.rfind("\n") + 1) or (text.rfind("\r", 0, len(text) - 1) + 1)
        if not cut and len(text) > LONGEST_LINE:
            raise FileRefused("line_too_long", line=line)
        if cut:
            yield text[:cut]
            line += text.count("\n", 0, cut)
        tail = text[cut:]


def csv_blocks(stream: BinaryIO, codec: str, separator: str, width: int) -> Iterator[Block]:
    """The records of a CSV file. Raises FileRefused for broken bytes, an unpaired quote, an endless line.

    Text without any quote is cut by plain splitting, several times faster than a parser; from the first quote on the
    parser of the standard library takes over, with the same result for the same text (a test compares them).
    """
    texts = text_blocks(stream, codec)
    line = 1
    for text in texts:
        plain = text.replace("\r\n", "\n")
        if '"' in plain or "\r" in plain:
            yield from _parsed(chain([text], texts), separator, width, line)
            return
        if not plain.endswith("\n"):
            plain += "\n"
        count = plain.count("\n")
        # Each line end becomes a cell of its own; when all stand where they should, every row has `width` cells.
        cells = plain.replace("\n", f"{separator}\n{separator}").split(separator)
        if len(cells) == count * (width + 1) + 1 and cells[width :: width + 1].count("\n") == count:
            yield Block(line, [cells[i : -1 : width + 1] for i in range(width)], None)
        else:
            yield Block(line, None, [row.split(separator) for row in plain[:-1].split("\n")])
        line += count


def _parsed(texts: Iterable[str], separator: str, width: int, line: int) -> Iterator[Block]:
    lines = chain.from_iterable(io.StringIO(text, newline="") for text in texts)
    reader = csv.reader(chain(lines, [_END]), delimiter=separator)
    physical, done = 0, False
    while not done:
        rows: list[list[str]] = []
        try:
            rows.extend(islice(reader, ROWS))
        except csv.Error as error:
            code = "quote" if "limit" in str(error) else "csv"
            raise FileRefused(code, line=line + len(rows)) from error
        if not rows:
            return
        if rows[-1] == [_END]:
            rows.pop()
            done = True
        elif len(rows) < ROWS:
            raise FileRefused("quote", line=line + len(rows) - 1)
        if reader.line_num - physical != len(rows) + done:
            _check_breaks(rows, separator, width, line)
        physical = reader.line_num
        if rows:
            yield Block(line, *_as_columns(rows, width))
        line += len(rows)


def _check_breaks(rows: Sequence[Sequence[str]], separator: str, width: int, line: int) -> None:
    """Two stray quotes swallow the rows between: a cell then holds a line break and a row's worth of separators."""
    for i, row in enumerate(rows):
        for cell in row:
            if ("\n" in cell or "\r" in cell) and cell.count(separator) >= max(1, width - 1):
                raise FileRefused("quote", line=line + i)


def _as_columns(rows: list[list[str]], width: int) -> tuple[Any, Any]:
    if set(map(len, rows)) == {width}:
        return list(zip(*rows, strict=True)), None
    return None, rows


def sample_rows(text: str, separator: str, count: int) -> list[list[str]]:
    """The first records of a text, as far as it can be parsed with that separator."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), count))
    return rows


def workbook(stream: BinaryIO) -> CalamineWorkbook:
    """An XLSX file opened. Raises FileRefused `damaged_xlsx`."""
    stream.seek(0)
    try:
        return CalamineWorkbook.from_filelike(stream)
    except Exception as error:  # what the package raises depends on where the file is broken
        raise FileRefused("damaged_xlsx") from error


def sheets(book: CalamineWorkbook) -> Iterator[CalamineSheet]:
    """The sheets that hold something, in their order."""
    for name in book.sheet_names:
        try:
            sheet = book.get_sheet_by_name(name)
        except (CalamineError, ValueError, OSError):
            continue  # a chart, or a sheet that is broken: another may hold the table
        if sheet.height:
            yield sheet


def xlsx_blocks(sheet: CalamineSheet) -> Iterator[Block]:
    """The rows of a sheet, as text."""
    rows = iter(sheet.iter_rows())
    line = 1
    while chunk := list(islice(rows, ROWS)):
        yield Block(line, [_texts(column) for column in zip(*chunk, strict=True)], None)
        line += len(chunk)


def _texts(column: Sequence[Any]) -> Sequence[str]:
    return column if set(map(type, column)) == {str} else [cell_text(cell) for cell in column]


def cell_text(cell: Any) -> str:
    """A spreadsheet cell as text: whole numbers without a point, others with the 15 digits that a spreadsheet keeps,
    numbers too long for that in scientific notation, as the spreadsheet shows them; dates in ISO form.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, (int, float)):
        if abs(cell) >= 1e15:
            return f"{cell:.5E}"
        return str(int(cell)) if cell == int(cell) else format(cell, ".15g")
    if isinstance(cell, dt.datetime):
        at_midnight = cell.time() == dt.time()
        return cell.date().isoformat() if at_midnight else cell.isoformat(" ", "seconds")
    return "" if cell is None else str(cell)
