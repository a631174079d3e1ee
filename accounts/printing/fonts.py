"""The font that papers embed, parsed once per process.

Reading 30,000 glyphs takes a fifth of a second; a paper takes a copy of what was read and opens the outlines anew,
because embedding cuts them down to the characters used.
"""

from copy import copy, deepcopy
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

FAMILY = "sans"
LAYOUT = {"BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"}
GETA = "〓"  # printers' mark for a character that the font lacks: a gap would pass unseen


@cache
def _file() -> bytes:
    from pylopdf_fonts_zh_cn import sans_path

    return sans_path().read_bytes()


@cache
def _parsed() -> "TTFFont":
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

    return TTFFont(FPDF(), BytesIO(_file()), FAMILY, "")  # type: ignore[arg-type]


def embed(pdf: "FPDF") -> None:
    """Gives `pdf` the house font under `FAMILY`."""
    from fontTools.ttLib import TTFont
    from fpdf.fonts import SubsetMap

    font = copy(_parsed())
    font.i = len(pdf.fonts) + 1
    font.desc = deepcopy(font.desc)  # takes the number of its object in the file
    font.missing_glyphs = []
    font.biggest_size_pt = 0
    # Bounds of the whole font bound every part of it; to measure each character again takes most of the time.
    font.ttfont = TTFont(BytesIO(_file()), recalcTimestamp=False, recalcBBoxes=False, lazy=True)
    for table in LAYOUT & set(font.ttfont.keys()):  # nobody shapes the text of a paper
        del font.ttfont[table]
    font.subset = SubsetMap(font)
    pdf.fonts[FAMILY] = font


def drawable(text: str) -> str:
    """`text` with characters that the font lacks marked, other spaces as spaces, control characters dropped."""
    return "".join(_drawn(one) for one in text)


@cache
def _drawn(one: str) -> str:
    if one == "\n" or (ord(one) in _parsed().cmap and not one.isspace()):
        return one
    return " " if one.isspace() else GETA if one.isprintable() else ""


def width(text: str, size: float) -> float:
    """Width of drawable `text` in millimetres at `size` points."""
    widths = _parsed().cw
    return sum(widths[ord(one)] for one in text) * size * 0.001 * 25.4 / 72
