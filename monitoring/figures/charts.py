"""A year of a rate as a small line: geometry only (strict CSP); the words beside it say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

WIDTH: Final = 240
HEIGHT: Final = 56
SIDE: Final = 6
TOP: Final = 6


@dataclass(frozen=True)
class Dot:
    """A month's point, with what a pointer shows."""

    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Trend:
    """`lines` are polylines (a month without a figure breaks the line); `target` is the height of the target's line."""

    lines: tuple[str, ...]
    dots: tuple[Dot, ...]
    target: str
    said: str
    width: int = WIDTH
    height: int = HEIGHT


def trend(rates: Sequence[tuple[date, int | None]], target: int | None) -> Trend:
    """Months with rates in basis points, oldest first."""
    known = [rate for _month, rate in rates if rate is not None]
    top = max([*known, target or 0, 1])
    low = min([*known, target if target is not None else top])
    low = max(0, low - (top - low) // 5 - 1)
    step = (WIDTH - 2 * SIDE) / max(1, len(rates) - 1)

    def place(at: int, rate: int) -> tuple[str, str]:
        return _n(SIDE + at * step), _n(TOP + (HEIGHT - 2 * TOP) * (top - rate) / max(1, top - low))

    lines: list[list[str]] = [[]]
    dots = []
    for at, (month, rate) in enumerate(rates):
        if rate is None:
            lines.append([])
            continue
        x, y = place(at, rate)
        lines[-1].append(f"{x},{y}")
        dots.append(Dot(x, y, f"{month:%Y-%m} {percent(rate)}"))
    said = "；".join(dot.text for dot in dots)
    height = place(0, target)[1] if target is not None and known else ""
    return Trend(tuple(" ".join(line) for line in lines if len(line) > 1), tuple(dots), height, said)


def percent(rate: int | None) -> str:
    """Basis points as `98.5%`."""
    return "—" if rate is None else f"{rate / 100:.2f}".rstrip("0").rstrip(".") + "%"


def _n(value: float) -> str:
    """A coordinate, whatever the language of the page."""
    return f"{value:.1f}"
