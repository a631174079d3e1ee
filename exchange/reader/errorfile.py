"""The partner's own file given back with one more column, 错误原因."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from . import detect, sources
from .errors import Problem
from .neutralise import neutralise
from .reading import Reading

COLUMN = "错误原因"
Reasons = Mapping[int, str | Iterable[Problem]]


def write_error_file(reading: Reading, reasons: Reasons, out: BinaryIO, *, whole: bool = False) -> int:
    """Write title lines, header and the rows named in `reasons` to `out`, in the file's own format.

    Format, encoding, byte order mark, separator, line ends and sheet name are the partner's; the cells are as they
    stood, formulas neutralised. `reasons` maps a line (as `Row.line`) to a sentence or to the row's problems. With
    `whole` every row comes back, the good ones with an empty reason, so that a full roster can be mended and sent
    again as it is. Returns how many rows with a reason were written.
    """
    said = {line: _sentence(reason) for line, reason in reasons.items()}
    return (_write_csv if reading.kind == "csv" else _write_xlsx)(reading, said, out, whole)


def _sentence(reason: str | Iterable[Problem]) -> str:
    if isinstance(reason, str):
        return reason
    return "".join(dict.fromkeys(problem.reason for problem in reason))


def _added(reading: Reading, line: int, cells: Sequence[Any], said: Mapping[int, str], blank: Any) -> list[Any]:
    """A row with its further cell, under the heading of that name."""
    width = max(len(reading.header.cells), len(cells))
    text = COLUMN if line == reading.header.line else said.get(line, "")
    if line < reading.header.line and not text:
        return list(cells)
    return [*cells, *[blank] * (width - len(cells)), text]


def _wanted(reading: Reading, line: int, said: Mapping[int, str], whole: bool) -> bool:
    return whole or line <= reading.header.line or line in said


def _write_csv(reading: Reading, said: Mapping[int, str], out: BinaryIO, whole: bool) -> int:
    out.write(reading.encoding.bom)
    text = io.TextIOWrapper(out, encoding=reading.encoding.codec, newline="", write_through=True)
    writer = csv.writer(text, delimiter=reading.separator, lineterminator=reading.newline)
    written = 0
    with detect.opened(reading.source) as stream:
        stream.seek(len(reading.encoding.bom))
        width = len(reading.header.cells)
        for block in sources.csv_blocks(stream, reading.encoding.codec, reading.separator, width):
            rows = block.rows if block.rows is not None else zip(*(block.columns or ()), strict=True)
            for line, cells in enumerate(rows, start=block.line):
                if _wanted(reading, line, said, whole):
                    writer.writerow(map(neutralise, _added(reading, line, cells, said, "")))
                    written += line in said
    text.flush()
    text.detach()
    return written


def _write_xlsx(reading: Reading, said: Mapping[int, str], out: BinaryIO, whole: bool) -> int:
    # Slow to load, and few files go back as XLSX.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(reading.sheet)
    cell_of = _cell_maker(sheet)
    written = 0
    with detect.opened(reading.source) as stream:
        rows = sources.workbook(stream).get_sheet_by_name(reading.sheet).iter_rows()
        for line, cells in enumerate(rows, start=1):
            if _wanted(reading, line, said, whole):
                sheet.append([cell_of(value) for value in _added(reading, line, cells, said, "")])
                written += line in said
        book.save(out)
    return written


def _cell_maker(sheet: Any) -> Callable[[Any], Any]:
    """Text stays text: neither a formula nor, for an identity number, a number."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    def make(value: Any) -> Any:
        if value == "":
            return None
        if not isinstance(value, str):
            return value
        cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", neutralise(value)))
        cell.data_type = "s"
        if value.rstrip("Xx").isdigit():
            cell.number_format = "@"
        return cell

    return make
