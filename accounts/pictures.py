"""Small pictures drawn on the server: positions in per cent, so that a template needs attributes only (strict CSP)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line that counts for the person: fen, its place on the bar, and the distance still to go."""

    label: str
    amount: int
    at: float
    distance: int
    reached: bool


@dataclass(frozen=True)
class Bar:
    """A burden bar: `filled` per cent of the width."""

    amount: int
    filled: float
    lines: tuple[Line, ...]
    tone: str  # plain, due (80 % of the nearest line or more), late (a line is reached)


def burden(amount: int, lines: list[tuple[str, int]], widest: int = 0) -> Bar:
    """Places `amount` (fen) and `lines` (label, fen) on one scale that leaves a tenth free on the right.

    `widest` (fen) sets the scale instead, so that bars below each other compare; what is longer fills the bar.
    """
    lines = sorted((line for line in lines if line[1] > 0), key=lambda line: line[1])
    widest = widest or max([amount, *(value for _, value in lines), 1])
    scale = 90 / widest
    placed = tuple(
        Line(label, value, round(value * scale, 2), max(0, value - amount), amount >= value) for label, value in lines
    )
    nearest = next((line for line in placed if not line.reached), None)
    if any(line.reached for line in placed):
        tone = "late"
    elif nearest and amount * 10 >= nearest.amount * 8:
        tone = "due"
    else:
        tone = "plain"
    return Bar(amount, min(100.0, round(max(0, amount) * scale, 2)), placed, tone)
