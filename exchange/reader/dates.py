"""Dates as offices write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np

from .errors import FieldError
from .text import BLANKS, HALF, compact, is_placeholder

_TIME = r"(?:[ T]*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?(?:\+08:?00)?)?"
_SPLIT = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME)
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]?" + _TIME)
_PLAIN = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?(?:\.0+)?")
# Five digits only: four would take a bare year for a day of 1905.
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_EPOCH = dt.date(1899, 12, 30)  # day 0 of the spreadsheet, its false 29 February 1900 included
_FIRST = dt.date(1900, 1, 1)
OPEN_ENDED = frozenset({"长期", "永久", "至今"})


def parse(raw: str) -> dt.date | None:
    """`2023-05-01`, `2023/5/1`, `2023.5.1`, `2023年5月1日`, `20230501` or a spreadsheet serial number, with or without
    the time of day. None for a blank cell, a placeholder and 长期. Raises FieldError `date`.
    """
    if is_placeholder(raw):
        return None
    text = compact(raw)
    if text in OPEN_ENDED:
        return None
    # The time of day needs the space that `compact` took away: "2023-5-1 18:30" is not the 118th.
    spaced = BLANKS.sub(" ", raw).translate(HALF).strip(" '’‘`")
    if match := _SPLIT.fullmatch(spaced) or _SPLIT.fullmatch(text):
        year, _, month, day, *clock = match.groups()
    elif match := _CHINESE.fullmatch(spaced) or _CHINESE.fullmatch(text) or _PLAIN.fullmatch(text):
        year, month, day, *clock = match.groups()
    elif match := _SERIAL.fullmatch(text):
        return _EPOCH + dt.timedelta(days=int(match[1]))
    else:
        raise FieldError("date", value=raw)
    try:
        hour, minute, second = (int(part or 0) for part in clock)
        dt.time(hour, minute, second)
        found = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise FieldError("date", value=raw) from None
    if found < _FIRST:
        raise FieldError("date", value=raw)
    return found


def without_time(raws: Sequence[str]) -> list[str] | None:
    """The first ten characters of a whole column when every cell is plainly `yyyy-mm-dd hh:mm:ss`, else None.

    The time of day makes every cell another text; without it a column has a few hundred dates.
    """
    joined = "".join(raws)
    if len(joined) != 19 * len(raws) or not joined.isascii() or set(map(len, raws)) != {19}:
        return None
    chars = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, 19)[:, 10:]
    digits = chars[:, [1, 2, 4, 5, 7, 8]] - np.uint8(48)
    plain = (chars[:, 0] == 32) & (chars[:, 3] == 58) & (chars[:, 6] == 58) & (digits <= 9).all(axis=1)
    hour, minute, second = (digits[:, i] * np.uint8(10) + digits[:, i + 1] for i in (0, 2, 4))
    if not (plain & (hour <= 23) & (minute <= 59) & (second <= 59)).all():
        return None
    return [raw[:10] for raw in raws]
