"""Widths and rows of a printed table."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.printing import fonts
from accounts.printing.lines import break_lines, pieces

PAD = 1.4  # millimetres left and right of a cell's text
SAMPLE = 400  # rows that a table's widths are taken from


@dataclass(frozen=True)
class Row:
    """A row with its cells broken into lines."""

    cells: list[list[str]]
    strong: bool = False

    @property
    def height(self) -> int:
        """In lines."""
        return max((len(cell) for cell in self.cells), default=1)

    def split(self, lines: int) -> tuple["Row", "Row"]:
        """What fits into `lines`, and the rest."""
        return (
            Row([cell[:lines] for cell in self.cells], self.strong),
            Row([cell[lines:] for cell in self.cells], self.strong),
        )


def broken(cells: Sequence[str], widths: Sequence[float], size: float, strong: bool = False) -> Row:
    """`cells` broken to the columns' `widths`."""
    return Row(
        [
            break_lines(cell, width - 2 * PAD, lambda text: fonts.width(text, size))
            for cell, width in zip(cells, widths, strict=True)
        ],
        strong,
    )


def column_widths(rows: Sequence[Sequence[str]], align: str, room: float, size: float) -> list[float]:
    """How `room` (mm) is shared: what needs little gets what it needs, the rest is shared by those that need more.

    No column becomes narrower than its longest piece of figures, as far as the paper allows.
    """
    sample = rows[:SAMPLE]
    needed = [max(fonts.width(line, size) for row in sample for line in row[i].split("\n")) for i in range(len(align))]
    needed = [width + 2 * PAD + 0.2 for width in needed]
    if sum(needed) <= room:
        texts = [i for i, how in enumerate(align) if how == "l"] or list(range(len(align)))
        extra = (room - sum(needed)) / len(texts)
        return [width + (extra if i in texts else 0) for i, width in enumerate(needed)]
    least = [_longest_piece(sample, i, size) + 2 * PAD + 0.2 for i in range(len(align))]
    if sum(least) > room:
        return [width * room / sum(least) for width in least]
    return _shared(needed, least, room)


def _longest_piece(rows: Sequence[Sequence[str]], column: int, size: float) -> float:
    return max(max((fonts.width(one, size) for one in pieces(row[column])), default=0.0) for row in rows)


def _shared(needed: list[float], least: list[float], room: float) -> list[float]:
    """`least` for every column, and what is left shared so that the smallest wants are met first."""
    widths, open_ones = list(least), sorted(range(len(needed)), key=lambda i: needed[i] - least[i])
    spare = room - sum(least)
    for place, i in enumerate(open_ones):
        more = min(needed[i] - least[i], spare / (len(open_ones) - place))
        widths[i] += more
        spare -= more
    return widths
