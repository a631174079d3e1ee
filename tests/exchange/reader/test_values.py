"""Names, dates, money, telephones, text and exported cells."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.reader import FieldError, dates, money, names, neutralise, phones
from exchange.reader.columns import NAME_LENGTH, Context, amount, date, person_name, phone
from exchange.reader.text import clean, compact, is_placeholder

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
RARE = st.sampled_from("㐂䶮𠮷𡋾𬀩")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("曾军英", "曾军英"),
        (" 曾军英\t", "曾军英"),
        ("张 三", "张三"),
        ("张\u3000三", "张三"),
        ("张\u3000\u3000 三", "张三"),
        ("张\n三", "张三"),
        ("欧阳 娜娜", "欧阳娜娜"),
        ("'张三", "张三"),
        ("\ufeff张\u200b三", "张三"),
        ("扎西·次仁", "扎西·次仁"),
        ("扎西•次仁", "扎西·次仁"),
        ("扎西・次仁", "扎西·次仁"),
        ("扎西.次仁", "扎西·次仁"),
        ("扎西．次仁", "扎西·次仁"),
        ("扎西‧次仁", "扎西·次仁"),
        ("扎西 · 次仁", "扎西·次仁"),
        ("扎西··次仁", "扎西·次仁"),
        ("阿卜杜拉·买买提.艾力", "阿卜杜拉·买买提·艾力"),
        ("张三.", "张三"),
        ("𠮷野", "𠮷野"),
        ("䶮", "䶮"),
        ("\ue863\ue81e", "\ue863龴"),  # one moved by GB 18030-2022, one that stays private
        ("\uf9dc", "隆"),  # a compatibility ideograph has one canonical form
        ("㈱", "㈱"),  # … but nothing is folded further
        ("e\u0301", "é"),
        ("Ａｌｉｃｅ\u3000Ｓｍｉｔｈ", "Alice Smith"),
        ("", ""),
        ("\u3000", ""),
    ],
)
def test_names(raw, name):
    assert names.normalise(raw) == name
    assert names.normalise(name) == name
    assert person_name(Context())([raw]).values == [name or None]


@given(st.lists(st.text(st.one_of(HAN, RARE, st.sampled_from("·•. \u3000a\n")), max_size=6), min_size=1, max_size=8))
def test_the_column_of_names_gives_what_each_cell_gives(raws):
    assert person_name(Context())(raws).values == [names.normalise(raw) or None for raw in raws]


def test_names_with_private_characters_and_endless_names_are_noted():
    values, faults, notes = person_name(Context())(["张\ue863", "李" * 100, "王五"])
    assert values == ["张\ue863", "李" * NAME_LENGTH, "王五"]
    assert not faults
    assert [(i, note.code) for i, note in notes] == [(0, "name_private"), (1, "cut")]


MAY = dt.date(2023, 5, 1)


@pytest.mark.parametrize(
    "raw",
    [
        "2023-05-01", "2023-5-1", "2023/5/1", "2023/05/01", "2023.5.1", "2023年5月1日", "2023年05月01日",
        "2023 年 5 月 1 日",
        "20230501", "45047", "45047.0", "45047.339525", "２０２３－０５－０１", "'2023-05-01", " 2023-05-01 ",
        "2023-05-01 08:09:55", "2023-05-01T08:09:55", "2023-05-01 08:09", "2023-05-01 08:09:55.123", "2023/5/1 8:09",
        "2023-05-01T08:09:55+08:00", "20230501080955", "2023年5月1日 8:09:55", "20230501.0", "2023年5月1号",
    ],
)  # fmt: skip
def test_dates(raw):
    assert dates.parse(raw) == MAY


@pytest.mark.parametrize("raw", ["", " ", "/", "-", "—", "无", "长期", "NULL", "null"])
def test_no_date(raw):
    assert dates.parse(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "2023-13-01", "2023-02-30", "2023年2月30日", "不详", "2023", "2023-05", "5/1/2023", "20230230", "2023-05/01",
        "1523-05-01", "2023-05-01 25:00:00", "2023-05-01 08:60:00", "99999999", "2023-05-01 abc", "0000-00-00",
        "202305",
        "2023-05-01T08:09:55Z", "1",
    ],
)  # fmt: skip
def test_what_is_no_date(raw):
    with pytest.raises(FieldError) as caught:
        dates.parse(raw)
    assert caught.value.code == "date"
    assert raw in str(caught.value)


@given(st.dates(dt.date(1927, 5, 18), dt.date(2099, 12, 31)))
def test_every_form_of_a_date_is_the_same_day(day):
    serial = (day - dt.date(1899, 12, 30)).days
    forms = [
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        str(serial),
    ]
    assert {dates.parse(form) for form in forms} == {day}


@given(
    st.lists(
        st.sampled_from(
            ["2023-05-01 08:09:55", "2023-05-02 23:59:59", "2023-05-01 24:00:00", "2023-02-30 08:00:00", "2023-05-01"]
        ),
        min_size=1,
    )
)
def test_the_column_of_times_gives_what_each_cell_gives(raws):
    values, faults, _ = date(Context())(raws)
    for i, raw in enumerate(raws):
        try:
            assert values[i] == dates.parse(raw)
        except FieldError:
            assert (values[i], i in dict(faults)) == (None, True)


@pytest.mark.parametrize(
    ("raw", "fen"),
    [
        ("1234.50", 123450), ("1234.5", 123450), ("1234", 123400), ("0", 0), ("0.00", 0), ("-0.00", 0), (".5", 50),
        ("1,234.50", 123450), ("1，234，567.89", 123456789), ("１２３４．５０", 123450), ("1234.50元", 123450),
        ("1234.50 元", 123450), ("￥1,234.50", 123450), ("¥1234.5", 123450), ("'1234.50", 123450), ("+12", 1200),
        ("人民币100元整", 10000), ("", None), ("-", None), ("—", None), ("0.07", 7),
        ("9999999999999.99", 999999999999999),
    ],
)  # fmt: skip
def test_money(raw, fen):
    assert money.parse(raw) == fen


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("12.345", "money_decimals"), ("12.340", "money_decimals"), ("-1.00", "money_negative"),
        ("−1.00", "money_negative"),
        ("1,23", "money"), ("1,2345.00", "money"), ("12.", "money"), (".", "money"), ("1E+05", "money"),
        ("1.5万元", "money"),
        ("12..5", "money"), ("--5", "money"), ("abc", "money"), ("99999999999999", "money"), ("1 2 元 3", "money"),
        ("٣", "money"),
    ],
)  # fmt: skip
def test_what_is_no_money(raw, code):
    with pytest.raises(FieldError) as caught:
        money.parse(raw)
    assert caught.value.code == code
    assert raw in str(caught.value)


def test_negative_amounts_where_they_may_be():
    assert money.parse("-1,234.50", negative=True) == -123450


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_amounts_round_trip(fen):
    written = money.yuan(fen)
    assert money.parse(written, negative=True) == fen
    assert (
        money.parse(f"{written.translate(str.maketrans('0123456789.', '０１２３４５６７８９．'))} 元", negative=True)
        == fen
    )
    whole, decimals = written.split(".")
    assert money.parse(f"{int(whole):,}.{decimals}", negative=True) == fen or whole == "-0"


plain = st.integers(0, 10**12).map(money.yuan)


@given(
    st.lists(
        st.one_of(plain, st.sampled_from(["", "1", "1.5", "1,234.50", "-1.00", "1.234", ".50", "1.\n50", "0.00"])),
        min_size=1,
    )
)
def test_the_column_of_amounts_gives_what_each_cell_gives(raws):
    values, faults, _ = amount(Context())(raws)
    for i, raw in enumerate(raws):
        try:
            assert values[i] == money.parse(raw)
            assert i not in dict(faults)
        except FieldError as error:
            assert dict(faults)[i].code == error.code


@pytest.mark.parametrize(
    ("raw", "digits"),
    [
        ("13947050272", "13947050272"), ("139 4705 0272", "13947050272"), ("139-4705-0272", "13947050272"),
        ("+86 13947050272", "13947050272"), ("8613947050272", "13947050272"),
        ("１３９４７０５０２７２", "13947050272"),
        ("0475-8234567", "04758234567"), ("(0475)8234567", "04758234567"), ("8234567", "8234567"),
        ("13947050272、13947050273", "13947050272"), ("13947050272.0", "13947050272"), ("", None), ("无", None),
        ("1394705027", None), ("1.39471E+10", None), ("23947050272", None),
    ],
)  # fmt: skip
def test_phones(raw, digits):
    assert phones.normalise(raw) == digits


def test_a_strange_phone_is_noted_and_not_taken():
    values, faults, notes = phone(Context())(["13947050272", "12345", ""])
    assert (values, list(faults)) == (["13947050272", None, None], [])
    assert [(i, note.code) for i, note in notes] == [(1, "phone")]


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("=1+1", "'=1+1"), ("+A1", "'+A1"), ("-A1", "'-A1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-12.50", "-12.50"), ("+12", "+12"), ("12", "12"), ("张三", "张三"), ("", ""), (-5, -5), (None, None),
        (1.5, 1.5),
        (MAY, MAY), ("-", "'-"), ("-1-1", "'-1-1"),
    ],
)  # fmt: skip
def test_neutralise(value, safe):
    assert neutralise(value) == safe


@given(st.text(max_size=10))
def test_neutralised_text_is_no_formula_and_reads_as_before(text):
    safe = neutralise(text)
    assert not safe.startswith(("=", "@", "\t", "\r"))
    assert clean(safe) == clean(text) or text.startswith("'")


@given(st.text(max_size=12))
def test_compacting_is_idempotent_but_for_wrapped_text(text):
    once = compact(text)
    assert compact(once) == once or once.startswith('="')
    assert not any(char.isspace() for char in once)


@pytest.mark.parametrize(
    ("raw", "blank"), [("", True), (" ／ ", True), ("无", True), ("NULL", True), ("0", False), ("无人", False)]
)
def test_placeholders(raw, blank):
    assert is_placeholder(raw) is blank
