"""Personal names: one form for the interpunct, no spaces inside Chinese names, rare characters kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from .text import HALF, clean

INTERPUNCT = "·"
UNNAMED = "（未报姓名）"
"""Stands where a file that brought a person gave no name; the next one that names them is believed."""
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003fffd"
_DOTS = re.compile("\\s*[·•・.．‧∙⋅･●。﹒᛫]+\\s*")
_HAN_GAP = re.compile(f"(?<=[{_HAN}\ue000-\uf8ff]) +(?=[{_HAN}\ue000-\uf8ff])")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_CLEAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+(?:·[\u3400-\u4dbf\u4e00-\u9fff]+)*")
_CLEAN_COLUMN = re.compile("(?:[\u3400-\u4dbf\u4e00-\u9fff]+(?:·[\u3400-\u4dbf\u4e00-\u9fff]+)*\n)+")
# Characters that GB 18030-2005 held in the private area and that now have a place of their own (GB 18030-2022).
_MOVED = str.maketrans(
    {
        0xE816: 0x20087,
        0xE817: 0x20089,
        0xE818: 0x200CC,
        0xE81E: 0x9FB4,
        0xE826: 0x9FB5,
        0xE82B: 0x9FB6,
        0xE82C: 0x9FB7,
        0xE831: 0x215D7,
        0xE832: 0x9FB8,
        0xE83B: 0x2298F,
        0xE843: 0x9FB9,
        0xE854: 0x9FBA,
        0xE855: 0x241FE,
        0xE864: 0x9FBB,
    }
)


def normalise(raw: str) -> str:
    """The name as it is compared and stored; empty for a blank cell.

    NFC, not NFKC: compatibility folding would change ideographs. Spaces between two ideographs go, those between
    Latin words become one. Every dot used as an interpunct becomes `·` (U+00B7); dots at the ends go.
    """
    text = unicodedata.normalize("NFC", clean(raw.translate(HALF)).translate(_MOVED))
    text = _DOTS.sub(INTERPUNCT, _HAN_GAP.sub("", text))
    return text.strip(INTERPUNCT + " '’‘")


def has_private(name: str) -> bool:
    """True when a character lies in the private area: it looks different, or is absent, on another machine."""
    return _PRIVATE.search(name) is not None


def unclear(raws: Sequence[str], *, longest: int) -> list[int]:
    """Positions that `normalise` may change, or longer than `longest`; all others are in normal form already."""
    joined = "\n".join(raws) + "\n"
    if joined.count("\n") == len(raws) and _CLEAN_COLUMN.fullmatch(joined) and max(map(len, raws)) <= longest:
        return []
    match = _CLEAN.fullmatch
    return [i for i, raw in enumerate(raws) if match(raw) is None or len(raw) > longest]
