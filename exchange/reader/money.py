"""Amounts of yuan to integers of fen, without ever passing through a binary float."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .errors import FieldError
from .text import compact, is_placeholder

_AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d{1,13}|)(?:\.(\d+))?", re.ASCII)
_MARKS = re.compile(r"^([+-]?)(?:¥|￥|人民币|RMB|CNY)|(?:元整|元)$", re.IGNORECASE)
_MINUS = str.maketrans("−－–", "---")


def parse(raw: str, *, negative: bool = False) -> int | None:
    """Fen of one amount in yuan; None for a blank cell or placeholder.

    Thousands separators, 元, ¥ and full-width digits are understood. Raises FieldError `money`, `money_decimals`
    (more than two decimals) or, unless `negative`, `money_negative`.
    """
    if is_placeholder(raw):
        return None
    text = _MARKS.sub(r"\1", compact(raw).translate(_MINUS))
    match = _AMOUNT.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise FieldError("money", value=raw)
    sign, whole, decimals = match.groups()
    if decimals and len(decimals) > 2:
        raise FieldError("money_decimals", value=raw)
    fen = int(whole.replace(",", "") or 0) * 100 + int((decimals or "").ljust(2, "0"))
    if sign == "-" and fen:
        if not negative:
            raise FieldError("money_negative", value=raw)
        return -fen
    return fen


def column(raws: Sequence[str]) -> list[int] | None:
    """Fen of a whole column when every cell is plainly `digits.dd`; else None, and each cell needs `parse`."""
    joined = "\n".join(raws) + "\n"
    if not joined.isascii():
        return None
    chars = np.frombuffer(joined.encode("ascii"), dtype=np.uint8)
    ends = np.flatnonzero(chars == 10)
    if len(ends) != len(raws) or ends[0] < 4 or len(chars) - int(((chars - np.uint8(48)) <= 9).sum()) != 2 * len(raws):
        return None
    widths = np.diff(ends, prepend=-1)
    if widths.min() < 5 or widths.max() > 17 or not (chars[ends - 3] == 46).all():
        return None
    return list(map(int, joined.replace(".", "").split()))


def yuan(fen: int) -> str:
    """`1234.50`: the amount as files carry it."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
