"""The partner's file comes back as it was sent, with the reasons."""

import io

import openpyxl
import pytest

from exchange.reader import ROSTER, Context, read, write_error_file
from tests.exchange.reader.samples import (
    ENCODINGS,
    ROSTER_HEADER,
    TODAY,
    csv_bytes,
    numbers,
    roster_row,
    xlsx_bytes,
)

CONTEXT = Context(department="civil_affairs", region="150500", today=TODAY)
GOOD, BAD, WORSE = numbers(3)
ROWS = [
    ["通辽市名单", *[""] * 9],
    [""] * 10,
    ROSTER_HEADER,
    roster_row(身份证号=GOOD),
    roster_row(身份证号=BAD, 认定日期="不详"),
    roster_row(身份证号=WORSE, 人员类别="困难群众", 认定日期="2023-13-01", 退出原因="两\n行"),
    ["合计", "3", *[""] * 8],
]


def error_file(data, whole=False, extra=None):
    reading = read(data, ROSTER, CONTEXT)
    reasons = {row.line: row.problems for row in reading if row.problems} | (extra or {})
    out = io.BytesIO()
    assert write_error_file(reading, reasons, out, whole=whole) == len(reasons)
    return out.getvalue()


def expected(whole):
    kept = [
        ROWS[0],
        ROWS[1],
        [*ROWS[2], "错误原因"],
        [*ROWS[3], ""],
        [*ROWS[4], "“不详”不是日期；请写成 2023-05-01 的样式。"],
        [
            *ROWS[5],
            "没有“困难群众”这一人员类别；请改为名单说明中的类别名称或代码。"
            "“2023-13-01”不是日期；请写成 2023-05-01 的样式。",
        ],
        [*ROWS[6], ""],
    ]
    return kept if whole else [*kept[:3], *kept[4:6]]


@pytest.mark.parametrize("whole", [False, True], ids=["faulty rows", "whole"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("separator", [",", "\t", ";"], ids=["comma", "tab", "semicolon"])
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
def test_csv_comes_back_byte_for_byte_with_one_more_column(encoding, separator, newline, whole):
    style = {"encoding": encoding, "separator": separator, "newline": newline}
    assert error_file(csv_bytes(ROWS, **style), whole) == csv_bytes(expected(whole), **style)


@pytest.mark.parametrize("whole", [False, True], ids=["faulty rows", "whole"])
def test_xlsx_comes_back_as_xlsx(whole):
    book = openpyxl.load_workbook(io.BytesIO(error_file(xlsx_bytes(ROWS, title="五月"), whole)))
    assert book.sheetnames == ["五月"]
    cells = [["" if cell is None else cell for cell in row] for row in book["五月"].iter_rows(values_only=True)]
    width = len(ROSTER_HEADER) + 1
    assert cells == [[*row, *[""] * (width - len(row))] for row in expected(whole)]
    number = next(row for row in book["五月"].iter_rows() if row[0].value == "曾军英")[1]
    assert (number.data_type, number.number_format) == ("s", "@")


@pytest.mark.parametrize("make", [csv_bytes, xlsx_bytes], ids=["csv", "xlsx"])
def test_mended_and_sent_again_it_is_read_without_fault(make):
    mended = [list(row) for row in ROWS]
    mended[4] = roster_row(身份证号=BAD)
    mended[5] = roster_row(身份证号=WORSE)
    returned = error_file(make(ROWS), whole=True)
    assert [row.code for row in read(returned, ROSTER, CONTEXT)] == ["", "date", "category_unknown"]
    assert "错误原因" in read(returned, ROSTER, CONTEXT).ignored
    assert not any(row.problems for row in read(make(mended), ROSTER, CONTEXT))


def test_rows_that_only_the_register_faults_are_given_with_their_sentence():
    text = error_file(csv_bytes(ROWS), extra={4: "与登记的姓名不同；请核实。"}).decode()
    assert f"{GOOD},特困人员" in text
    assert "与登记的姓名不同；请核实。" in text


@pytest.mark.parametrize("make", [csv_bytes, xlsx_bytes], ids=["csv", "xlsx"])
def test_formulas_are_neutralised_on_the_way_back(make):
    row = roster_row(身份证号=BAD, 认定日期="不详", 退出原因="@SUM(A1)", 与户主关系="-cmd", 联系电话="+8613947050272")
    data = error_file(make([ROSTER_HEADER, row]))
    reading = read(data, ROSTER, CONTEXT)
    returned = next(iter(reading)).raw
    assert (returned["reason"], returned["relation"], returned["phone"]) == ("'@SUM(A1)", "'-cmd", "+8613947050272")
    assert next(iter(reading)).values["reason"] == "@SUM(A1)"


def test_ragged_rows_get_their_reason_under_its_heading():
    rows = [ROSTER_HEADER, roster_row()[:2], [*roster_row(), "多", "余"]]
    lines = error_file(csv_bytes(rows)).decode().splitlines()
    assert lines[0].split(",")[10] == "错误原因"
    assert lines[1].split(",")[10].startswith("人员类别没有填写")
    assert "多,余" in lines[2]
