"""Papers: what a reader sees of the PDF, and amounts in capital characters."""

import re
from datetime import date

import pytest

from accounts.capitals import capital_amount
from accounts.printing import Paper, fonts
from accounts.printing.lines import break_lines
from tests.accounts.pdf_text import texts

DAY = date(2023, 5, 31)
OFFICE = "科尔沁左翼中旗医疗保障局"


def paper(rows: int = 3, **options: object) -> Paper:
    made = Paper("救助决定书", office=OFFICE, printed_on=DAY, **options)
    made.facts([("申请人", "乌云其其格"), ("金额", "12,345.60"), ("大写", capital_amount(1_234_560))])
    made.heading("依据")
    body = [[f"第{i}条", "住院费用 × 70 %，" * 5, f"{i}.00"] for i in range(rows)]
    made.table(["条款", "算式", "金额（元）"], body, "llr", total=["合计", None, "9,999.99"])
    made.paragraph("经核查，您符合救助条件。", indent=True)
    made.signatures(["经办人", "复核人"], seal=True)
    return made


def test_a_paper_says_what_was_written() -> None:
    (page,) = texts(paper(number="左中医保〔2023〕17号").bytes())
    for said in (
        "救助决定书",
        "左中医保〔2023〕17号",
        "乌云其其格",
        "壹万贰仟叁佰肆拾伍元陆角整",
        "9,999.99",
        "复核人：",
    ):
        assert said in page
    assert page[:2] == [OFFICE, "2023-05-31\u3000第 1 页，共 1 页"]


@pytest.mark.parametrize("landscape", [False, True])
def test_a_long_table_repeats_its_head_and_counts_its_pages(landscape: bool) -> None:
    pages = texts(paper(rows=200, landscape=landscape).bytes())
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert any(f"第 {number} 页，共 {len(pages)} 页" in text for text in page)
    with_rows = [page for page in pages if any(text.startswith("第") and text.endswith("条") for text in page)]
    assert all("金额（元）" in page for page in with_rows)
    drawn = [text for page in pages for text in page if re.fullmatch(r"第\d+条", text)]
    assert drawn == [f"第{i}条" for i in range(200)]  # none lost at a page's end, none twice


def test_a_row_longer_than_a_page_goes_on_overleaf() -> None:
    made = Paper("长文", office=OFFICE, printed_on=DAY)
    text = "".join(f"甲{i}乙" for i in range(3000))
    made.table(["内容", "金额"], [[text, "1.00"]], "lr")
    pages = texts(made.bytes())
    assert len(pages) > 1
    assert text in "".join(part for page in pages for part in page if "甲" in part or "乙" in part or part.isdigit())


def test_amounts_end_at_the_right() -> None:
    made = Paper("表", office=OFFICE, printed_on=DAY)
    made.table(["项目", "金额"], [["甲", "1.00"], ["乙", "1,234,567.89"]], "lr")
    drawn = [stroke for stroke in made._canvas.sheets[0] if getattr(stroke, "text", "") in ("1.00", "1,234,567.89")]
    short, long = (stroke.x + fonts.width(stroke.text, stroke.size) for stroke in drawn)
    assert short == pytest.approx(long)


def test_same_content_same_bytes_and_a_small_file() -> None:
    first = paper().bytes()
    assert paper(rows=9).bytes() != first  # another paper between must not colour the next
    assert paper().bytes() == first
    assert len(first) < 60_000  # the font is cut down to the characters used


def test_the_file_names_its_title_office_and_language() -> None:
    pdf = paper().bytes()
    assert f"/Title <feff{'救助决定书'.encode('utf-16-be').hex()}>".encode() in pdf
    assert b"/CreationDate (D:20230531000000+08'00')" in pdf
    assert b"zh-CN" in pdf
    assert b"/FontFile3" in pdf


def test_a_character_without_a_glyph_is_marked_not_lost() -> None:
    made = Paper("姓名", office=OFFICE, printed_on=DAY)
    made.paragraph("王\U0001f600明\x00")
    assert "王〓明" in texts(made.bytes())[0]


def test_response_opens_in_the_browser_and_is_not_kept() -> None:
    answer = paper().response("决定书.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"].startswith("inline; filename*=utf-8''%E5%86%B3")


def test_lines_break_where_chinese_may() -> None:
    lines = break_lines("救助金额，共计1,234.50元（大写）。", 5, len)
    assert "".join(lines) == "救助金额，共计1,234.50元（大写）。"
    assert not [line for line in lines if line[0] in "，。）"]
    assert not [line for line in lines if line[-1] == "（"]
    assert break_lines("", 5, len) == [""]
    assert break_lines("1,234.50", 3, len) == ["1,2", "34.", "50"]


@pytest.mark.parametrize(
    ("fen", "capital"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (15, "壹角伍分"),
        (100, "壹元整"),
        (105, "壹元零伍分"),
        (1000, "壹拾元整"),
        (1500, "壹拾伍元整"),
        (10_010, "壹佰元壹角整"),
        (10_101, "壹佰零壹元零壹分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (1_234_560, "壹万贰仟叁佰肆拾伍元陆角整"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (10_000_100, "壹拾万零壹元整"),
        (10_050_000, "壹拾万零伍佰元整"),
        (100_100_000, "壹佰万壹仟元整"),
        (2_000_050_000, "贰仟万零伍佰元整"),
        (10_000_000_000, "壹亿元整"),
        (10_000_000_005, "壹亿元零伍分"),
        (10_000_000_500, "壹亿零伍元整"),
        (10_001_000_000, "壹亿零壹万元整"),
        (100_005_000_000, "壹拾亿零伍万元整"),
        (-12_345, "负壹佰贰拾叁元肆角伍分"),
    ],
)
def test_capital_amounts(fen: int, capital: str) -> None:
    assert capital_amount(fen) == capital


def test_capital_amounts_have_an_end() -> None:
    with pytest.raises(ValueError, match="1000000000000000000"):
        capital_amount(10**18)
