"""Breaking text into lines: Chinese may break after any character, but never before a closing mark."""

import re
from collections.abc import Callable, Iterator

# What may not begin a line (避头) and what may not end one (避尾).
CLOSING = "，。、；：？！）》】〉」』”’…％%‰℃,.;:?!)]}"
OPENING = "（《【〈「『“‘([{￥"
# A run of Latin letters, digits and what holds them together stays in one piece: 1,234.50, 150302********0018.
PIECES = re.compile(r"[0-9A-Za-zÀ-ɏ.,:/*+_%#&@=<>×÷-]+|\s|.", re.DOTALL)

Measure = Callable[[str], float]


def pieces(text: str) -> Iterator[str]:
    """The parts between which a line may break."""
    held = ""
    for piece in PIECES.findall(text):
        if held and (piece[0] in CLOSING or held[-1] in OPENING):
            held += piece
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def break_lines(text: str, width: float, measure: Measure) -> list[str]:
    """`text` as lines no wider than `width` (in the unit of `measure`); at least one line, empty for empty text.

    A piece wider than the line is cut where the line is full.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, room, first = "", width, len(lines)
        for piece in pieces(paragraph):
            wide = measure(piece)
            if wide > room and line:
                lines.append(line.rstrip())
                line, room = "", width
            if not line and piece.isspace() and len(lines) > first:
                continue
            while wide > room:
                cut = _fitting(piece, room, measure)
                lines.append(piece[:cut])
                piece = piece[cut:]
                wide = measure(piece)
            line += piece
            room -= wide
        lines.append(line.rstrip())
    return lines


def _fitting(piece: str, room: float, measure: Measure) -> int:
    """How many characters fit, at least one."""
    taken = 0.0
    for index, character in enumerate(piece):
        taken += measure(character)
        if taken > room:
            return max(index, 1)
    return len(piece)
