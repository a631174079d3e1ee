"""Telephone numbers."""

from __future__ import annotations

import re

from .text import compact

_PUNCTUATION = re.compile(r"[-()（）—–]")
_COUNTRY = re.compile(r"(?:\+|00)?86(?=1[3-9]\d{9}$)")
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_FIXED = re.compile(r"(?:0\d{2,3})?[2-8]\d{6,7}", re.ASCII)
_SEPARATORS = re.compile(r"[,，、/;；]")


def normalise(raw: str) -> str | None:
    """Digits alone (mobile, or fixed line with or without area code); the first where several are given.

    None for what is no telephone number, a blank cell included.
    """
    for part in _SEPARATORS.split(raw):
        text = _COUNTRY.sub("", _PUNCTUATION.sub("", compact(part)).removesuffix(".0"))
        if _MOBILE.fullmatch(text) or _FIXED.fullmatch(text):
            return text
    return None
