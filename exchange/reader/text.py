"""Cells as people type them: full-width forms, stray spaces, invisible characters, apostrophes of the spreadsheet."""

from __future__ import annotations

import re

# Full-width ASCII (U+FF01…U+FF5E) to ASCII. Ideographs stay as they are: NFKC would change rare characters in names.
HALF = {0xFEE0 + c: c for c in range(0x21, 0x7F)}
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_SPACES = "\\s\u00a0\u2000-\u200a\u202f\u205f\u3000"
BLANKS = re.compile(f"[{_SPACES}{_INVISIBLE}]+")
INVISIBLE = re.compile(f"[{_INVISIBLE}]+")
_APOSTROPHES = "'’‘`´＇"
_SHIELD = re.compile(r"'(?=[=+\-@\t\r])")
_FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
# What offices write where there is nothing to write. Only read so where a value may be absent.
PLACEHOLDERS = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "空", "null", "none", "nan", "n/a", "#n/a"})
SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE]\+?\d{1,3}")


def compact(raw: str) -> str:
    """ASCII forms, no space or invisible character at all, no leading apostrophe, no `="…"` around: for numbers."""
    # Splitting drops the same white space as the pattern and is quicker; nothing else applies to plain ASCII.
    text = "".join(raw.split()) if raw.isascii() else BLANKS.sub("", raw).translate(HALF)
    if text.startswith("=") and (wrapped := _FORMULA_TEXT.fullmatch(text)):
        text = wrapped[1]
    return text.lstrip(_APOSTROPHES)


def clean(raw: str) -> str:
    """Free text: trimmed, runs of white space (line breaks too) as one space, invisible characters gone."""
    text = INVISIBLE.sub("", raw)
    text = BLANKS.sub(" ", _SHIELD.sub("", text, count=1) if text.startswith("'") else text)
    return text.strip()


def is_blank(raw: str) -> bool:
    """True for a cell in which nothing can be seen."""
    return not raw or not BLANKS.sub("", raw)


def is_placeholder(raw: str) -> bool:
    """True for a blank cell and for what stands for one (`/`, `—`, `无`, `NULL` …)."""
    return not raw or compact(raw).lower() in PLACEHOLDERS
