"""Files made in memory for the reader's tests."""

import csv
import datetime as dt
import io
import itertools

import openpyxl

from tests.partner_files import check_digit

TODAY = dt.date(2023, 6, 30)
ROSTER_HEADER = [
    "姓名",
    "身份证号",
    "人员类别",
    "行政区划代码",
    "户编号",
    "与户主关系",
    "认定日期",
    "退出日期",
    "退出原因",
    "联系电话",
]
GOOD_NUMBERS = ["150502193501010001", "15052620080402253X", "150521201512201643"]
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8 with BOM": "utf-8-sig",
    "gb18030": "gb18030",
    "utf-16": "utf-16",
}


def number(first17: str) -> str:
    """A whole identity number."""
    return first17 + check_digit(first17)


def numbers(count: int) -> list[str]:
    """Good numbers, all different."""
    return [number(f"15050219350101{n:03d}") for n in itertools.islice(range(1, 1000), count)]


def roster_row(**cells: str) -> list[str]:
    """One good roster row, with the given cells (by heading) instead."""
    row = dict.fromkeys(ROSTER_HEADER, "")
    row |= {"姓名": "曾军英", "身份证号": GOOD_NUMBERS[0], "人员类别": "特困人员", "认定日期": "2022-06-24"}
    return [(row | cells)[heading] for heading in ROSTER_HEADER]


def csv_bytes(rows, *, encoding: str = "utf-8", separator: str = ",", newline: str = "\r\n", **options) -> bytes:
    """Rows as a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=newline, **options).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_bytes(rows, *, title: str = "名单", before=()) -> bytes:
    """Rows as an XLSX file; `before` are titles of empty sheets in front."""
    book = openpyxl.Workbook()
    book.active.title = next(iter(before), title)
    for name in [*before[1:], title] if before else []:
        book.create_sheet(name)
    for row in rows:
        book[title].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
