"""Resident identity numbers (GB 11643): one normal form, checks, birth date, sex, mask.

Residence permits of Hong Kong, Macao and Taiwan residents (81, 82, 83) and the permanent residence card of foreigners
(9 …) are built the same way and are accepted. District codes change every year and numbers keep the old ones, so only
the province is looked at, and an unknown one is a note, not an error.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import Literal

import numpy as np

from . import clock
from .errors import FieldError
from .text import SCIENTIFIC, compact

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
_ZEROS = ord("0") * sum(WEIGHTS)
PROVINCES = frozenset(
    (
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
        71,
        81,
        82,
        83,
        *range(90, 100),
    )
)
Kind = Literal["resident", "residence_permit", "foreign_permanent"]

_DIGITS = re.compile(r"[0-9]+")
_BODY = re.compile(r"[0-9]{17}[0-9X]")
# A number that went through a floating-point cell: more than 15 digits with a decimal part.
_FLOAT = re.compile(r"[0-9]{16,}\.0*")
_FLOAT_SHORT = re.compile(r"([0-9]{15})\.0+")
_OLDEST = 1900
_NO_NUMBER = "0" * 18


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A checked number in its normal form: 18 characters, capital X."""

    number: str
    converted: bool
    """True when it was a 15-digit number of an old card."""
    province_known: bool

    @property
    def birth_date(self) -> dt.date:
        return birth_date(self.number)

    @property
    def sex(self) -> Literal["male", "female"]:
        return sex(self.number)

    @property
    def kind(self) -> Kind:
        return kind(self.number)


def check_digit(first17: str) -> str:
    """The last character for the first 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return CHECKS[(sum(map(mul, first17.encode("ascii"), WEIGHTS)) - _ZEROS) % 11]


def parse(raw: str, *, today: dt.date | None = None) -> IdentityNumber:
    """Normalise and check one number, however it is written.

    Raises FieldError `missing`, `id_spreadsheet`, `id_length`, `id_birth_date` or `id_checksum`, the first that holds
    in this order. A number that ends in 000 with a right check digit is a good number.
    """
    text = compact(raw).upper()
    if not text:
        raise FieldError("missing", label="身份证号")
    if SCIENTIFIC.fullmatch(text) or _FLOAT.fullmatch(text):
        raise FieldError("id_spreadsheet")
    if short := _FLOAT_SHORT.fullmatch(text):
        text = short[1]
    converted = len(text) == 15 and _DIGITS.fullmatch(text) is not None
    if converted:
        text = f"{text[:6]}19{text[6:]}"
        text += check_digit(text)
    if len(text) != 18:
        raise FieldError("id_length", length=len(text))
    right = _BODY.fullmatch(text) is not None and check_digit(text[:17]) == text[17]
    if not right and text.endswith("000"):
        raise FieldError("id_spreadsheet")
    _check_birth_date(text, today or clock.today())
    if not right:
        raise FieldError("id_checksum")
    return IdentityNumber(text, converted, int(text[:2]) in PROVINCES)


def normalise(raw: str, *, today: dt.date | None = None) -> str:
    """The 18 characters of `parse`; same errors."""
    return parse(raw, today=today).number


def _check_birth_date(text: str, today: dt.date) -> None:
    digits = text[6:14]
    if not _DIGITS.fullmatch(digits):
        return  # a letter among the digits: the checksum says so
    try:
        born = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        born = None
    if born is None or born.year < _OLDEST or born > today:
        raise FieldError("id_birth_date", date=f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")


def birth_date(number: str) -> dt.date:
    """Birth date of a number in normal form."""
    return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> Literal["male", "female"]:
    """Sex of a number in normal form: the 17th digit is odd for men."""
    return "male" if int(number[16]) % 2 else "female"


def kind(number: str) -> Kind:
    """Which document the number belongs to."""
    if number[0] == "9":
        return "foreign_permanent"
    return "residence_permit" if number[:2] in {"81", "82", "83"} else "resident"


def mask(number: str) -> str:
    """`150502********0018`: first six and last four characters; anything shorter than 15 is hidden but for its ends."""
    if len(number) < 15:
        return number[:1] + "*" * max(0, len(number) - 2) + number[-1:] if len(number) > 2 else "*" * len(number)
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


_NP_WEIGHTS = np.array(WEIGHTS, dtype=np.int32)
_NP_CHECKS = np.frombuffer(CHECKS.encode(), dtype=np.uint8)
_NP_PROVINCES = np.array([n in PROVINCES for n in range(256)], dtype=bool)
_NP_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 243, dtype=np.int32)


def unclear(raws: Sequence[str], *, today: dt.date) -> list[int]:
    """Positions that `parse` must look at; all others are good numbers in normal form already.

    The whole column at once: a million clean numbers take a fraction of a second.
    """
    cells = list(raws)
    # Cells of another length or beyond ASCII give way to one that is surely no good number.
    if set(map(len, cells)) != {18}:
        for i in [i for i, length in enumerate(map(len, cells)) if length != 18]:
            cells[i] = _NO_NUMBER
    joined = "".join(cells)
    if not joined.isascii():
        joined = "".join([cell if cell.isascii() else _NO_NUMBER for cell in cells])
    return np.flatnonzero(~_good(joined, today)).tolist()


def _good(joined: str, today: dt.date) -> np.ndarray:
    """Boolean per number of 18 ASCII characters: checksum, birth date and province are right."""
    chars = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, 18)
    digits = chars[:, :17] - np.uint8(48)
    good = (digits <= 9).all(axis=1)
    wide = digits.astype(np.int32)
    good &= _NP_CHECKS[(wide @ _NP_WEIGHTS) % 11] == chars[:, 17]
    year = wide[:, 6] * 1000 + wide[:, 7] * 100 + wide[:, 8] * 10 + wide[:, 9]
    month = wide[:, 10] * 10 + wide[:, 11]
    day = wide[:, 12] * 10 + wide[:, 13]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _NP_DAYS[np.minimum(month, 255)] + (leap & (month == 2))
    good &= (day >= 1) & (day <= last) & (year >= _OLDEST)
    good &= year * 10000 + month * 100 + day <= today.year * 10000 + today.month * 100 + today.day
    return good & _NP_PROVINCES[np.minimum(wide[:, 0] * 10 + wide[:, 1], 255)]
