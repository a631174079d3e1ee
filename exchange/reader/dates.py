"""Dates as offices write them."""

from __future__ import annotations

import datetime as dt
import re

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
