"""Cells that a spreadsheet would run as formulas, made harmless in everything that is exported."""

from __future__ import annotations

import re
from typing import Any

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


def neutralise(value: Any) -> Any:
    """A text that starts with `=`, `+`, `-`, `@`, tab or carriage return gets an apostrophe before it.

    Numbers stay numbers, also when they are written as text; every other type is returned as it is.
    """
    if isinstance(value, str) and value.startswith(_DANGEROUS) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value
