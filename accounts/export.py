"""Tables as files: CSV (UTF-8 with BOM, so that office programs show Chinese) and XLSX, formulas neutralised."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

# A spreadsheet would run what begins with these (OWASP: CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
XLSX_ROWS = 1_048_575
CHUNK = 2000


class Exported(Protocol):
    """A column: its label and the plain value of a row."""

    label: Any

    def plain(self, row: Any) -> Any: ...


def neutral(value: Any) -> Any:
    """Text that a spreadsheet cannot take for a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def export_rows(
    kind: str, title: str, columns: Sequence[Exported], rows: QuerySet[Any] | Sequence[Any]
) -> HttpResponseBase:
    """The rows as a download named by title and day; `kind` is csv or xlsx."""
    header = [str(column.label) for column in columns]
    each = rows.iterator(chunk_size=CHUNK) if isinstance(rows, QuerySet) else iter(rows)
    body = ([neutral(column.plain(row)) for column in columns] for row in each)
    response = csv_response(header, body) if kind == "csv" else xlsx_response(title, header, body)
    name = f"{title}-{timezone.localdate():%Y%m%d}.{kind}"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def csv_response(header: Sequence[str], body: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """Streams: a million rows need no memory."""

    class Echo:
        def write(self, text: str) -> str:
            return text

    writer = csv.writer(Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(header)
        for values in body:
            yield writer.writerow(values)

    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")


def xlsx_response(title: str, header: Sequence[str], body: Iterable[Sequence[Any]]) -> HttpResponse:
    """One sheet; what exceeds a sheet's rows is cut (the CSV holds all)."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("".join(c for c in title if c not in r"[]:*?/\ ")[:31] or "Sheet1")
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for values in islice(body, XLSX_ROWS):
        cells = []
        for value in values:
            cell = WriteOnlyCell(sheet, value)
            if isinstance(value, Decimal):
                cell.number_format = "#,##0.00"
            elif isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return HttpResponse(
        out.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
