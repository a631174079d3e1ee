"""Identity numbers: one normal form, the right code for each flaw, and the whole column as each cell."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.reader import FieldError, identity
from exchange.reader.columns import Context, id_number
from tests.exchange.reader.samples import TODAY, number
from tests.partner_files import check_digit

GOOD = "15052620080402253X"
FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


@st.composite
def good_numbers(draw):
    district = draw(st.sampled_from(["150502", "110101", "659001", "810000", "820000", "830000", "911156"]))
    born = draw(st.dates(dt.date(1900, 1, 1), TODAY))
    return number(f"{district}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}")


DECORATIONS = {
    "as it is": lambda text: text,
    "lower case": str.lower,
    "full width": lambda text: text.translate(FULL_WIDTH),
    "full width, lower case": lambda text: text.lower().translate(FULL_WIDTH),
    "spaces around": lambda text: f"  {text}\t",
    "spaces inside": lambda text: f"{text[:6]} {text[6:14]} {text[14:]}",
    "full-width spaces": lambda text: f"\u3000{text[:6]}\u3000{text[6:]}",
    "no-break and zero-width spaces": lambda text: f"\ufeff{text[:6]}\u00a0{text[6:]}\u200b",
    "apostrophe": lambda text: "'" + text,
    "curly apostrophe": lambda text: "’" + text,
    "apostrophe and spaces": lambda text: f" ' {text}",
    "formula for text": lambda text: f'="{text}"',
    "line break": lambda text: text + "\n",
}


@pytest.mark.parametrize("decorate", DECORATIONS.values(), ids=DECORATIONS)
@given(good=good_numbers())
def test_every_way_of_writing_is_the_same_number(decorate, good):
    assert identity.normalise(decorate(good), today=TODAY) == good


@given(good_numbers())
def test_a_normal_number_stays_and_tells_birth_and_sex(good):
    found = identity.parse(good, today=TODAY)
    assert (found.number, found.converted, found.province_known) == (good, False, True)
    assert f"{found.birth_date:%Y%m%d}" == good[6:14]
    assert found.sex == ("male" if int(good[16]) % 2 else "female")
    assert identity.check_digit(good[:17]) == good[17] == check_digit(good[:17])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "missing"),
        (" \u3000'", "missing"),
        ("1.50304E+17", "id_spreadsheet"),
        ("1.50304e17", "id_spreadsheet"),
        ("１．５０３０４Ｅ＋１７", "id_spreadsheet"),
        ("1E+17", "id_spreadsheet"),
        ("'1.505021935E+17", "id_spreadsheet"),
        ("150502193501010000", "id_spreadsheet"),  # the check digit of …00 is not 0
        ("150502193501010001.0", "id_spreadsheet"),
        ("150502193513320000", "id_spreadsheet"),  # a wrong date too: the spreadsheet comes first
        ("150502193501010002", "id_checksum"),
        ("15050219350101000X", "id_checksum"),
        ("15052620080402253x1", "id_length"),
        ("1505021935010100", "id_length"),
        ("不详", "id_length"),
        ("15050219350101O001", "id_checksum"),  # a letter O
        ("15050219350101000Y", "id_checksum"),
        ("1505021935ABCD0001", "id_checksum"),
        (number("15050219351332000"), "id_birth_date"),
        ("150502193513320009", "id_birth_date"),  # the checksum is wrong too: the date comes first
        (number("15050219350230001"), "id_birth_date"),
        (number("15050219000229001"), "id_birth_date"),  # 1900 was no leap year
        (number("15050218991231001"), "id_birth_date"),
        (number("15050220230701001"), "id_birth_date"),  # tomorrow
        ("150502351332001", "id_birth_date"),
        ("15050235010100A", "id_length"),
    ],
)
def test_flaws(raw, code):
    with pytest.raises(FieldError) as caught:
        identity.parse(raw, today=TODAY)
    assert caught.value.code == code
    assert str(caught.value).endswith("。")


def test_a_good_number_may_end_in_three_zeros():
    good = next(
        text for n in range(366) if (text := number(f"1505021980{n // 28 % 12 + 1:02d}{n % 28 + 1:02d}000"))[-1] == "0"
    )
    assert good.endswith("000")
    assert identity.normalise(good, today=TODAY) == good


def test_old_cards_are_converted_and_marked():
    found = identity.parse("150502350101001", today=TODAY)
    assert found.converted
    assert found.number == number("15050219350101001")
    assert identity.parse("150502350101001.0", today=TODAY).number == found.number


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [
        ("150502", "resident"),
        ("810000", "residence_permit"),
        ("820000", "residence_permit"),
        ("830000", "residence_permit"),
        ("911156", "foreign_permanent"),
    ],
)
def test_kinds_of_documents(prefix, kind):
    assert identity.parse(number(prefix + "19900101001"), today=TODAY).kind == kind


def test_an_unknown_district_is_known_by_its_province_only():
    assert identity.parse(number("15999919900101001"), today=TODAY).province_known
    assert not identity.parse(number("99999919900101001".replace("99", "66", 1)), today=TODAY).province_known


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("150502193501010018", "150502********0018"),
        ("150502350101001", "150502*****1001"),
        ("12345", "1***5"),
        ("ab", "**"),
        ("", ""),
    ],
)
def test_mask(text, masked):
    assert identity.mask(text) == masked


cells = st.one_of(
    good_numbers(),
    good_numbers().map(str.lower),
    good_numbers().map(lambda text: text.translate(FULL_WIDTH)),
    good_numbers().map(lambda text: text[:17] + "0"),
    good_numbers().map(lambda text: text[:15]),
    st.text("0123456789Xx １X'", max_size=20),
    st.sampled_from(["", "1.5E+17", "150502350101001", number("66000019900101001"), "150502199001010é18"]),
)


@given(st.lists(cells, min_size=1, max_size=12))
def test_the_column_gives_what_each_cell_gives(raws):
    read = id_number(Context(today=TODAY))
    values, faults, notes = read(raws)
    codes = {i: error.code for i, error in faults}
    noted = {i: note.code for i, note in notes}
    for i, raw in enumerate(raws):
        try:
            found = identity.parse(raw, today=TODAY)
        except FieldError as error:
            assert values[i] is None
            assert codes.get(i, "missing") == error.code
        else:
            assert values[i] == found.number
            assert i not in codes
            expected = "id_converted" if found.converted else None if found.province_known else "id_district"
            assert noted.get(i) == expected
