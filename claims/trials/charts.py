"""Charts drawn on the server: geometry only, so that a template needs attributes and classes (strict CSP).

The first series is an outline, the second is filled: they are told apart in print and without colour, and every bar
has its figure beside it. One unit is a pixel at the natural width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 760
LABEL: Final = 150
FIGURE: Final = 130  # room for the figure after a bar
BAR: Final = 13
GAP: Final = 12
TOP: Final = 6


@dataclass(frozen=True)
class Bar:
    """One bar with its figure: `kind` is first (outline) or second (filled)."""

    x: str
    y: str
    width: str
    kind: str
    text: str
    text_x: str
    text_y: str
    anchor: str


@dataclass(frozen=True)
class Row:
    label: str
    label_x: str
    label_y: str
    anchor: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Chart:
    """`title` says what is drawn; `series` are the names of the two series; `axis` is where zero lies."""

    title: str
    series: tuple[str, str]
    rows: tuple[Row, ...]
    width: int
    height: int
    axis: str
    axis_end: str


def pairs(title: str, series: tuple[str, str], values: Sequence[tuple[str, int, int]], show: Any) -> Chart:
    """Two bars per row, one under the other: (label, first, second); `show` writes a figure."""
    widest = max([abs(value) for _label, *both in values for value in both] or [0]) or 1
    scale = (WIDTH - LABEL - FIGURE) / widest
    rows, y = [], TOP
    for label, *both in values:
        bars = []
        for at, value in enumerate(both):
            top, width = y + at * (BAR + 2), abs(value) * scale
            bars.append(
                Bar(
                    _n(LABEL),
                    _n(top),
                    _n(width),
                    ("first", "second")[at],
                    show(value),
                    _n(LABEL + width + 6),
                    _n(top + BAR - 2),
                    "start",
                )
            )
        rows.append(Row(label, _n(LABEL - 10), _n(y + BAR + 5), "end", tuple(bars)))
        y += 2 * BAR + 2 + GAP
    return Chart(title, series, tuple(rows), WIDTH, y, _n(LABEL), _n(y - GAP / 2))


def both_ways(title: str, series: tuple[str, str], values: Sequence[tuple[str, int, int]], show: Any) -> Chart:
    """One row per class, the first series to the left of the middle and the second to the right."""
    widest = max([value for _label, *both in values for value in both] or [0]) or 1
    middle, room = WIDTH / 2 + LABEL / 2, (WIDTH - LABEL) / 2 - 70
    rows, y = [], TOP
    for label, left, right in values:
        widths = left / widest * room, right / widest * room
        bars = (
            Bar(
                _n(middle - widths[0]),
                _n(y),
                _n(widths[0]),
                "first",
                show(left),
                _n(middle - widths[0] - 6),
                _n(y + 15),
                "end",
            ),
            Bar(
                _n(middle), _n(y), _n(widths[1]), "second", show(right), _n(middle + widths[1] + 6), _n(y + 15), "start"
            ),
        )
        rows.append(Row(label, _n(LABEL - 10), _n(y + 15), "end", bars))
        y += 20 + 8
    return Chart(title, series, tuple(rows), WIDTH, y, _n(middle), _n(y - 4))


def _n(value: float) -> str:
    """A coordinate, whatever the language of the page."""
    return f"{value:.1f}"
