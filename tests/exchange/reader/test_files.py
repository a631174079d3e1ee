"""Whole files: encodings, separators, headers, titles, totals, ragged rows, and what is refused with which sentence."""

import codecs
import datetime as dt
import io
import itertools
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.reader import ROSTER, Context, FileRefused, detect, read
from exchange.reader.messages import REFUSALS
from exchange.reader.reading import Skipped
from tests.exchange.reader.samples import (
    ENCODINGS,
    GOOD_NUMBERS,
    ROSTER_HEADER,
    TODAY,
    csv_bytes,
    numbers,
    roster_row,
    xlsx_bytes,
)

CONTEXT = Context(department="civil_affairs", region="150500", today=TODAY)


def roster(data, context=CONTEXT):
    reading = read(data, ROSTER, context)
    return reading, list(reading)


def codes(rows):
    return [(row.line, row.code) for row in rows]


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
@pytest.mark.parametrize("separator", [",", "\t", ";"], ids=["comma", "tab", "semicolon"])
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
def test_encodings_and_separators(encoding, separator, newline):
    rows = [
        ["通辽市名单"],
        [],
        ROSTER_HEADER,
        roster_row(姓名="扎西•次仁"),
        roster_row(身份证号=GOOD_NUMBERS[1].lower(), 姓名="𠮷 野"),
    ]
    reading, found = roster(csv_bytes(rows, encoding=encoding, separator=separator, newline=newline))
    assert (reading.kind, reading.separator, reading.newline, reading.header.line) == ("csv", separator, newline, 3)
    assert codes(found) == [(4, ""), (5, "")]
    assert [row.values["name"] for row in found] == ["扎西·次仁", "𠮷野"]
    assert [row.raw["name"] for row in found] == ["扎西•次仁", "𠮷 野"]
    assert found[1].values["id_number"] == GOOD_NUMBERS[1]


cell_text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x85\u2028\u2029"), max_size=8)


@settings(max_examples=60)
@given(
    encoding=st.sampled_from([*ENCODINGS.values()]),
    separator=st.sampled_from(",\t;"),
    quoting=st.booleans(),
    reasons=st.lists(
        st.one_of(cell_text, st.sampled_from(["a,b;c\td", 'say "so"', "two\r\nlines", "两\n行"])),
        min_size=1,
        max_size=12,
    ),
)
def test_what_was_written_is_read(encoding, separator, quoting, reasons):
    rows = [
        roster_row(身份证号=number, 退出原因=reason)
        for number, reason in zip(numbers(len(reasons)), reasons, strict=True)
    ]
    data = csv_bytes([ROSTER_HEADER, *rows], encoding=encoding, separator=separator, quoting=int(quoting))
    _, found = roster(data)
    assert [row.raw["reason"] for row in found] == reasons
    assert codes(found) == [(line, "") for line in range(2, len(rows) + 2)]


def test_plain_splitting_and_the_parser_read_the_same():
    rows = [roster_row(身份证号=number, 姓名=f"张{chr(0x4E00 + i)}") for i, number in enumerate(numbers(900))]
    rows[400] = [""] * len(ROSTER_HEADER)
    rows[401] = roster_row(认定日期="不详")[:-2]
    split = list(read(csv_bytes([ROSTER_HEADER, *rows]), ROSTER, CONTEXT))
    parsed = list(read(csv_bytes([ROSTER_HEADER, *rows], quoting=1), ROSTER, CONTEXT))
    mixed = list(read(csv_bytes([ROSTER_HEADER, *rows, roster_row(退出原因="a,b")]), ROSTER, CONTEXT))
    assert split == parsed == mixed[:-1]
    assert len(split) == 899
    assert codes(split)[400] == (403, "date")


def test_a_file_longer_than_a_block_keeps_its_lines():
    rows = [roster_row(身份证号=number) for number in itertools.islice(itertools.cycle(numbers(999)), 5000)]
    rows[4321] = roster_row(人员类别="困难群众")
    data = csv_bytes([ROSTER_HEADER, *rows], encoding="gb18030")
    reading, found = roster(data)
    assert [row.line for row in found] == list(range(2, 5002))
    assert [row.line for row in found if row.problems] == [4323]
    assert reading.rows_read == 5000
    assert list(reading) == found, "a second pass reads the same"


def test_line_numbers_count_records_as_a_spreadsheet_does():
    rows = [
        ["标题\n第二行"],
        [],
        [""] * 10,
        ROSTER_HEADER,
        roster_row(退出原因="两\n行"),
        [],
        roster_row(人员类别="困难群众"),
    ]
    assert codes(roster(csv_bytes(rows))[1]) == [(5, ""), (7, "category_unknown")]


def test_headers_in_any_order_with_synonyms_and_extras():
    header = ["序号", " *公民身份号码 ", "备注", "valid_from", "姓 名", "对象类别（必填）", "家庭\n住址"]
    reading, found = roster(csv_bytes([header, ["1", GOOD_NUMBERS[0], "x", "2023/5/1", "张三", "低保", "某村"]]))
    assert reading.ignored == ("序号", "备注", "家庭 住址")
    assert found[0].values == {
        "id_number": GOOD_NUMBERS[0],
        "name": "张三",
        "category": "subsistence",
        "valid_from": dt.date(2023, 5, 1),
        **dict.fromkeys(["region", "household", "relation", "valid_to", "reason", "phone"]),
    }
    assert set(found[0].raw) == {"id_number", "name", "category", "valid_from"}


@pytest.mark.parametrize(
    "word",
    [
        "身份证号",
        "身份证号码",
        "公民身份号码",
        "证件号码",
        "身份证",
        "id_number",
        "ID_Number",
        "身份证号：",
        "身份证号(18位)",
    ],
)
def test_words_for_the_identity_number(word):
    assert codes(roster(csv_bytes([[word, "姓名", "人员类别"], [GOOD_NUMBERS[0], "张三", "孤儿"]]))[1]) == [(2, "")]


def test_a_region_column_with_the_code_wins_over_one_with_the_name():
    header = ["身份证号", "姓名", "人员类别", "所属地区", "行政区划代码"]
    reading, found = roster(csv_bytes([header, [GOOD_NUMBERS[0], "张三", "孤儿", "某地", "150502"]]))
    assert found[0].values["region"] == "150502000000"
    assert reading.ignored == ("所属地区",)


@pytest.mark.parametrize(
    "line",
    [
        ["合计", "3"], ["", "总计", "3"], ["小计：3人"], ["全旗合计", "3"], ["", "", "", "合计"],
        ["填表人：某某", "", "审核人：某某"], ["备注：以上为5月数据"], ROSTER_HEADER,
    ],
)  # fmt: skip
@pytest.mark.parametrize("full", [True, False], ids=["as wide as the header", "short"])
def test_lines_that_are_no_data(line, full):
    line = [*line, *[""] * (len(ROSTER_HEADER) - len(line))] if full else line
    reading, found = roster(csv_bytes([ROSTER_HEADER, roster_row(), line, [""] * 10, []]))
    assert codes(found) == [(2, "")]
    assert [skipped.line for skipped in reading.skipped] == [3]
    assert isinstance(reading.skipped[0], Skipped)


def test_a_row_without_number_is_a_fault_not_a_total():
    rows = [roster_row(身份证号=""), roster_row(身份证号="", 人员类别=""), roster_row(身份证号="", 姓名="合计仁")]
    assert [row.code for row in roster(csv_bytes([ROSTER_HEADER, *rows]))[1]] == ["missing"] * 3


def test_short_and_long_rows():
    good = roster_row()
    reading, found = roster(csv_bytes([ROSTER_HEADER, good[:3], good[:2], [*good, "", ""], [*good, "", "多"], good]))
    assert codes(found) == [(2, ""), (3, "missing"), (4, ""), (5, "cells"), (6, "")]
    assert found[1].problems[0].field == "category"
    assert "12 格" in found[3].problems[0].reason
    assert "多 2 格" in found[3].problems[0].reason
    assert reading.rows_read == 5


def test_every_problem_of_a_row_is_named_with_column_value_and_reason():
    row = roster_row(身份证号="1.5E+17", 人员类别="脱贫人口", 认定日期="不详", 行政区划代码="140522")
    found = roster(csv_bytes([ROSTER_HEADER, row]))[1][0]
    assert [(p.line, p.code, p.field, p.header, p.value) for p in found.problems] == [
        (2, "id_spreadsheet", "id_number", "身份证号", "1.5E+17"),
        (2, "category_not_yours", "category", "人员类别", "脱贫人口"),
        (2, "region_not_yours", "region", "行政区划代码", "140522"),
        (2, "date", "valid_from", "认定日期", "不详"),
    ]
    assert all(problem.reason.endswith("。") and "%" not in problem.reason for problem in found.problems)
    assert found.values["id_number"] is None


def test_notes_leave_the_row_good():
    row = roster_row(身份证号="150502350101001", 联系电话="123", 户编号="1.50502E+12", 与户主关系="长" * 30)
    found = roster(csv_bytes([ROSTER_HEADER, row]))[1][0]
    assert not found.problems
    assert [note.code for note in found.notes] == ["id_converted", "value_spreadsheet", "cut", "phone"]
    assert all(note.reason.endswith("。") and "%" not in note.reason for note in found.notes)
    assert found.values["household"] is None


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [("2023-05-01", "2023-04-30", "date_order"), ("2023-05-01", "2023-05-01", ""), ("", "2023-04-30", ""),
     ("2023-05-01", "长期", ""), ("2023-05-01", "不详", "date")],
)  # fmt: skip
def test_dates_in_order(start, end, code):
    assert roster(csv_bytes([ROSTER_HEADER, roster_row(认定日期=start, 退出日期=end)]))[1][0].code == code


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return out.getvalue()


HEAD = ",".join(ROSTER_HEADER).encode()


def lying(content: bytes) -> bytes:
    """The archive with sizes in its directory that are far too small."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.file_size for entry in archive.infolist() if entry.filename.startswith("xl/worksheets")}
    for size in sizes:
        content = content.replace(size.to_bytes(4, "little"), (64).to_bytes(4, "little"))
    return content


def bomb(megabytes: int) -> bytes:
    """An XLSX whose sheet unpacks to so many megabytes of blanks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(megabytes):
                sheet.write(b" " * (1 << 20))
    return out.getvalue()


def far_corner() -> bytes:
    """A roster with one more mark in the last cell that a sheet can have."""
    out, book = io.BytesIO(), openpyxl.load_workbook(io.BytesIO(xlsx_bytes([ROSTER_HEADER, roster_row()])))
    book.active["XFD1048576"] = "."
    book.save(out)
    return out.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(detect, "XLSX_LIMIT", 1 << 22)
    for data, code in ((bomb(5), "too_big_xlsx"), (lying(bomb(5)), "damaged_xlsx")):
        with pytest.raises(FileRefused) as caught:
            read(data, ROSTER)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (far_corner(), "too_wide_xlsx"),
        (b"\r\n \r\n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (codecs.BOM_UTF16_LE, "empty"),
        (b",,,\r\n,,,\r\n", "header_missing"),
        ("你好，世界".encode(), "header_missing"),
        (b"1,2,3\r\n4,5,6\r\n", "header_missing"),
        (b"%PDF-1.7\n...", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n....", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_excel"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "not_a_table"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "not_a_table"),
        (b"PK\x03\x04 but no archive", "damaged_xlsx"),
        (zipped(readme_txt="x"), "zip_not_xlsx"),
        (zipped(word__document_xml="<x/>"), "not_a_table"),
        (zipped(xl__workbook_xml="<broken"), "damaged_xlsx"),
        (xlsx_bytes([["标题"], ["a", "b"]]), "header_missing"),
        (xlsx_bytes([]), "header_missing"),
        (xlsx_bytes([ROSTER_HEADER, roster_row()])[:-900], "damaged_xlsx"),
        (HEAD + b"\r\n\0\0\0\0", "binary"),
        (bytes(range(256)), "binary"),
        (codecs.BOM_UTF32_LE + "身份证号".encode("utf-32-le"), "binary"),
        ("姓名,人员类别\r\n张三,孤儿".encode(), "column_missing"),
        ("姓名,身份证号,证件号码,人员类别\r\n".encode(), "column_repeated"),
        ("姓名,姓名,身份证号,人员类别\r\n".encode(), "column_repeated"),
        (codecs.BOM_UTF8 + HEAD + b"\r\n\xff\xfe", "encoding"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_refused_files(data, code):
    with pytest.raises(FileRefused) as caught:
        read(data, ROSTER)
    assert caught.value.code == code
    assert str(caught.value) == REFUSALS[code] % caught.value.params
    assert str(caught.value).endswith("。")


def test_a_space_parts_the_words_that_are_not_chinese():
    with pytest.raises(FileRefused, match=r"^这是 PDF 文件，不是表格"):
        read(b"%PDF-1.7", ROSTER)
    with pytest.raises(FileRefused, match=r"^这是图片，不是表格"):
        read(b"GIF89a", ROSTER)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_while_it_is_read_a_file_tells_about_how_many_rows_it_has(tmp_path, kind):
    rows = [ROSTER_HEADER, *(roster_row(备注=f"第{n}行") for n in range(4_000))]
    path = tmp_path / f"名单.{kind}"
    path.write_bytes(xlsx_bytes(rows) if kind == "xlsx" else csv_bytes(rows))
    reading = read(path, ROSTER)
    said = [(reading.rows_read, reading.rows_about) for _batch in reading.batches()]
    assert len(said) > 3
    assert all(done <= about and about == pytest.approx(4_000, rel=0.05) for done, about in said)
    assert said[-1][0] == reading.rows_about == 4_000
    assert list(reading.batches(lambda _batch: []))[-1] is not None
    assert reading.rows_about == 4_000


def test_the_refusal_names_the_missing_columns():
    with pytest.raises(FileRefused, match="身份证号、人员类别"):
        read("姓名,户编号\n张三,1".encode(), ROSTER)


def test_the_refusal_names_the_repeated_columns():
    with pytest.raises(FileRefused, match="身份证号、证件号码"):
        read("姓名,身份证号,证件号码,人员类别\n".encode(), ROSTER)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (csv_bytes([ROSTER_HEADER, *[roster_row()] * 3]) + b'"' + csv_bytes([roster_row()] * 3), "quote", 5),
        (csv_bytes([ROSTER_HEADER, roster_row(), ["x"], roster_row()]).replace(b"x", b'"x') + b'"', "quote", 3),
        (HEAD + b"\r\n" + '张三,"李四,1\r\n王五,1,1,1,1,1,1,1,1,1\r\n赵六","1\r\n'.encode(), "quote", 2),
        (HEAD + b"\r\n" + b'"' + b"x" * 200_000 + b'"', "quote", 2),
        (HEAD + b"\r\n" + b"x" * 3_000_000, "line_too_long", 2),
        (csv_bytes([ROSTER_HEADER, *[roster_row()] * 9], encoding="gb18030") + b"\xff\xff\r\n", "encoding", 11),
        (csv_bytes([ROSTER_HEADER, *[roster_row()] * 999], encoding="gb18030") + b"\x81", "encoding", 1001),
        (csv_bytes([ROSTER_HEADER, *[roster_row()] * 9]) + b"\xff\r\n", "encoding", 11),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_faults_on_the_way_refuse_the_file_and_name_the_line(data, code, line):
    with pytest.raises(FileRefused) as caught:
        list(read(data, ROSTER, CONTEXT))
    assert (caught.value.code, caught.value.params["line"]) == (code, line)


def test_a_broken_byte_does_not_turn_utf8_into_mojibake():
    data = csv_bytes([ROSTER_HEADER, *[roster_row(身份证号=number) for number in numbers(50)]]).replace(
        "曾军英".encode(), b"\xe6\x9b", 1
    )
    with pytest.raises(FileRefused) as caught:
        read(data, ROSTER)
    assert (caught.value.code, caught.value.params) == ("encoding", {"line": 2, "encoding": "UTF-8"})


def test_xlsx_with_numbers_dates_and_an_empty_sheet_in_front():
    good = dict(zip(ROSTER_HEADER, roster_row(), strict=True))
    rows = [
        ["通辽市2023年5月名单"],
        [],
        ROSTER_HEADER,
        [
            *(
                good
                | {
                    "认定日期": dt.date(2023, 5, 1),
                    "行政区划代码": 150502100000,
                    "联系电话": 13947050272,
                    "户编号": 1505020000000,
                }
            ).values()
        ],
        [*(good | {"身份证号": 150502193501010001}).values()],
        [*(good | {"身份证号": 150502350101001, "认定日期": 45047}).values()],
        [None] * 10,
        [*(good | {"认定日期": dt.datetime(2023, 5, 1, 8, 9, 55), "退出原因": "两\n行"}).values()],  # noqa: DTZ001
        ["合计", 4],
    ]
    reading, found = roster(xlsx_bytes(rows, before=["说明", "空"]))
    assert (reading.kind, reading.sheet, reading.header.line) == ("xlsx", "名单", 3)
    assert codes(found) == [(4, ""), (5, "id_spreadsheet"), (6, ""), (8, "")]
    assert [row.values["valid_from"] for row in found] == [
        dt.date(2023, 5, 1),
        dt.date(2022, 6, 24),
        *[dt.date(2023, 5, 1)] * 2,
    ]
    assert (found[0].values["region"], found[0].values["phone"]) == ("150502100000", "13947050272")
    assert found[0].values["household"] == "1505020000000"
    assert found[3].values["reason"] == "两 行"
    assert [skipped.line for skipped in reading.skipped] == [9]


def test_the_first_sheet_with_all_needed_columns_is_read():
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes([ROSTER_HEADER[2:]], title="汇总")))
    for title in ("名单", "名单副本"):
        book.create_sheet(title).append(["姓名", "身份证号", "人员类别"])
        book[title].append([title, GOOD_NUMBERS[0], "孤儿"])
    out = io.BytesIO()
    book.save(out)
    reading, found = roster(out.getvalue())
    assert (reading.sheet, [row.raw["name"] for row in found]) == ("名单", ["名单"])
    assert list(reading) == found, "a second pass loads the sheet again"


def test_xlsx_and_csv_of_the_same_rows_read_the_same():
    rows = [
        ["标题"],
        ROSTER_HEADER,
        *[roster_row(身份证号=number) for number in numbers(700)],
        roster_row(认定日期="不详"),
    ]
    assert roster(xlsx_bytes(rows))[1] == roster(csv_bytes(rows))[1]


@pytest.mark.parametrize(
    "data", [csv_bytes([ROSTER_HEADER, roster_row()]), xlsx_bytes([ROSTER_HEADER, roster_row()])], ids=["csv", "xlsx"]
)
def test_paths_bytes_and_streams(data, tmp_path):
    path = tmp_path / "名单.dat"
    path.write_bytes(data)
    expected = roster(data)[1]
    with path.open("rb") as stream:
        assert roster(stream)[1] == roster(str(path))[1] == roster(Path(path))[1] == expected
        assert not stream.closed


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileRefused, match="无法打开"):
        read(tmp_path / "none.csv", ROSTER)


def test_a_header_without_rows_has_no_rows():
    reading, found = roster(HEAD)
    assert (found, reading.rows_read) == ([], 0)


def test_digests_depend_on_content_alone():
    values = dict(zip(ROSTER_HEADER, roster_row(姓名="扎西·次仁", 认定日期="2023-05-01", 退出原因="死亡"), strict=True))
    spelled = values | {"姓名": "扎西•次仁", "认定日期": "2023年5月1日", "身份证号": " " + values["身份证号"]}
    other = values | {"退出原因": "迁出"}
    one, two, three = (
        next(read(data, ROSTER, CONTEXT).batches()).digests()
        for data in (
            csv_bytes([ROSTER_HEADER, [*values.values()], [*other.values()]]),
            csv_bytes([[*reversed(spelled), "备注"], [*reversed(spelled.values()), "x"]], encoding="gb18030"),
            xlsx_bytes([[*spelled], [*spelled.values()]]),
        )
    )
    assert one[0] == two[0] == three[0] != one[1]
    assert one[0].hex() == "317eda67e5825d68c88a85d580373cc6", "stored digests must stay comparable"


def test_batches_give_tuples_for_copy():
    batch = next(read(csv_bytes([["标题"], ROSTER_HEADER, roster_row()]), ROSTER, CONTEXT).batches())
    assert list(batch.tuples("id_number", "valid_from")) == [(3, GOOD_NUMBERS[0], dt.date(2022, 6, 24))]
    assert len(next(batch.tuples())) == 1 + len([column for column in ROSTER.columns if not column.apart])
    assert batch.cells(0) == roster_row()
