"""A printed paper: title, facts, tables, paragraphs, signatures, set on A4 with the office's header on each page."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from accounts.printing import fonts
from accounts.printing.canvas import POINT, Canvas, Rule, Shade, Stroke, Text
from accounts.printing.lines import break_lines
from accounts.printing.tables import PAD, Row, broken, column_widths

MARGIN = 18.0
TOP, BOTTOM = 26.0, 18.0
BODY, TABLE, SMALL, TITLE, HEADING = 10.5, 9.0, 8.5, 17.0, 12.0
LEADING = 1.5  # of the size of the letters


class Paper:
    """One document. `office`: who issues it; `printed_on` stands in the header and in the file's own data.

    `number` (文号) stands under the title. Text may hold line ends; amounts come formatted (`yuan`). Cells may be any
    object whose `str` is meant (gettext_lazy), None is an empty cell.
    """

    def __init__(
        self,
        title: str,
        *,
        office: str,
        printed_on: date,
        landscape: bool = False,
        number: str = "",
        subject: str = "",
    ) -> None:
        self.name = fonts.drawable(str(title))
        self.office = fonts.drawable(str(office))
        self.printed_on = printed_on
        self.subject = str(subject)
        self._canvas = Canvas(landscape)
        self._width, self._height = self._canvas.size
        self._room = self._width - 2 * MARGIN
        self._y = 0.0
        self._turn()
        self.paragraph(self.name, size=TITLE, align="c", strong=True, after=1)
        if number:
            self.paragraph(number, align="c", after=1)
        self._y += 2

    # --- what a paper says ----------------------------------------------------------------------------------------
    def heading(self, text: str) -> None:
        """A heading; it stays with what follows."""
        self._need(_height(HEADING) + 3 * _height(BODY) + 3)
        self._y += 3
        self.paragraph(text, size=HEADING, strong=True, after=1)

    def paragraph(
        self,
        text: str,
        *,
        size: float = BODY,
        align: str = "l",
        indent: bool = False,
        strong: bool = False,
        grey: bool = False,
        after: float = 1.5,
    ) -> None:
        """Running text; `indent` sets its first line in by two characters, as letters do; `align` l, c or r."""
        text = ("\u3000\u3000" if indent else "") + fonts.drawable(str(text))
        for line in break_lines(text, self._room, lambda part: fonts.width(part, size)):
            self._line(line, size, align, strong, grey)
        self._y += after

    def note(self, text: str) -> None:
        """A small grey remark."""
        self.paragraph(text, size=SMALL, grey=True)

    def facts(self, pairs: Iterable[tuple[object, object]], *, columns: int = 2) -> None:
        """Labels with their values, `columns` pairs beside each other; a long value takes a line of its own."""
        shown = [(fonts.drawable(str(label)), _text(value)) for label, value in pairs]
        label_width = max((fonts.width(label, BODY) for label, _value in shown), default=0) + 4
        column = self._room / columns
        waiting: list[tuple[str, str]] = []
        for label, value in shown:
            wide = fonts.width(value, BODY) > column - label_width - 3 or "\n" in value
            if wide:
                self._facts_row(waiting, column, label_width)
                self._facts_row([(label, value)], self._room, label_width)
                waiting = []
                continue
            waiting.append((label, value))
            if len(waiting) == columns:
                self._facts_row(waiting, column, label_width)
                waiting = []
        self._facts_row(waiting, column, label_width)
        self._y += 2

    def table(
        self,
        head: Sequence[object],
        rows: Iterable[Sequence[object]],
        align: str = "",
        *,
        widths: Sequence[float] | None = None,
        total: Sequence[object] | None = None,
        strong: Iterable[int] = (),
        size: float = TABLE,
    ) -> None:
        """A ruled table whose head is repeated on each page; a row stays in one piece unless it fills a page.

        `align`: one of l, c, r per column (amounts: r). `widths`: shares of the width; left out, they follow the
        content. `strong`: numbers of the rows set bold. `total`: a last row, bold.
        """
        align = align or "l" * len(head)
        names, body = _texts(head), [_texts(row) for row in rows]
        sums = [_texts(total)] if total is not None else []
        if widths is None:
            shares = column_widths([names, *body, *sums], align, self._room, size)
        else:
            shares = [one * self._room / sum(widths) for one in widths]
        top = broken(names, shares, size, strong=True)
        bold = set(strong)
        parts = [broken(row, shares, size, index in bold) for index, row in enumerate(body)]
        parts += [broken(row, shares, size, strong=True) for row in sums]
        self._need(_row_height(top, size) + (_row_height(parts[0], size) if parts else 0))
        self._row(top, shares, align, size, shaded=True, first=True)
        for part in parts:
            self._place(part, top, shares, align, size)
        self._y += 3

    def signatures(self, roles: Sequence[object], *, seal: bool = False) -> None:
        """Room to sign, one place per role; `seal` adds the office's name with its date at the right."""
        self._need(12 + (24 if seal else 0))
        self._y += 8
        place = self._room / max(len(roles), 1)
        for index, role in enumerate(roles):
            label = fonts.drawable(str(role)) + _("：")
            left = MARGIN + index * place
            end = left + fonts.width(label, BODY)
            self._draw(Text(left, self._y, label, BODY), Rule(end, self._y + 1, left + place - 6, self._y + 1, 0.2))
        self._y += 8
        if seal:
            self._y += 6
            self._line(self.office, BODY, "r", False, False)
            self._line(_("（印章）") + "\u3000" + self.printed_on.isoformat(), BODY, "r", False, False)

    def page_break(self) -> None:
        """The next thing begins on a new page."""
        self._turn()

    # --- what it becomes ------------------------------------------------------------------------------------------
    def bytes(self) -> bytes:
        """The PDF."""
        canvas = Canvas(self._canvas.landscape, [self._headed(i) for i in range(len(self._canvas.sheets))])
        return canvas.write(title=self.name, author=self.office, subject=self.subject, day=self.printed_on)

    def response(self, filename: str) -> HttpResponse:
        """The PDF for the browser to show, to be saved as `filename`; never kept by an office's shared computer."""
        found = HttpResponse(self.bytes(), content_type="application/pdf")
        found.headers["Content-Disposition"] = content_disposition_header(False, filename)
        found.headers["Cache-Control"] = "private, no-store"
        return found

    # --- setting --------------------------------------------------------------------------------------------------
    def _headed(self, index: int) -> list[Stroke]:
        """A sheet with its header: office, title from the second page on, date and page x of y."""
        base = MARGIN - 3
        where = _("第 %(page)s 页，共 %(pages)s 页") % {"page": index + 1, "pages": len(self._canvas.sheets)}
        right = f"{self.printed_on.isoformat()}\u3000{where}"
        x = self._width - MARGIN - fonts.width(right, SMALL)
        left = self.office if index == 0 else f"{self.office}\u3000{self.name}"
        left = break_lines(left, x - MARGIN - 4, lambda part: fonts.width(part, SMALL))[0]
        return [
            Text(MARGIN, base, left, SMALL, grey=True),
            Text(x, base, right, SMALL, grey=True),
            Rule(MARGIN, base + 2, self._width - MARGIN, base + 2, 0.2),
            *self._canvas.sheets[index],
        ]

    def _turn(self) -> None:
        self._canvas.sheets.append([])
        self._y = TOP

    def _draw(self, *strokes: Stroke) -> None:
        self._canvas.sheets[-1].extend(strokes)

    @property
    def _left(self) -> float:
        """Millimetres left on the page."""
        return self._height - BOTTOM - self._y

    def _need(self, height: float) -> None:
        """Turns the page unless `height` is left on it; an empty page is never turned."""
        if height > self._left and self._canvas.sheets[-1]:
            self._turn()

    def _line(self, line: str, size: float, align: str, strong: bool, grey: bool) -> None:
        self._need(_height(size))
        self._draw(Text(self._start(line, MARGIN, self._room, align, size), self._base(size), line, size, strong, grey))
        self._y += _height(size)

    def _base(self, size: float) -> float:
        """The baseline of a line of letters that begins here."""
        return self._y + _height(size) / 2 + size * POINT * 0.36

    @staticmethod
    def _start(line: str, left: float, room: float, align: str, size: float) -> float:
        spare = room - fonts.width(line, size)
        return left + (spare if align == "r" else spare / 2 if align == "c" else 0)

    def _facts_row(self, pairs: list[tuple[str, str]], column: float, label_width: float) -> None:
        cells = [
            break_lines(value, column - label_width - 1, lambda part: fonts.width(part, BODY))
            for _label, value in pairs
        ]
        for number in range(max((len(cell) for cell in cells), default=0)):
            self._need(_height(BODY))
            base = self._base(BODY)
            for index, ((label, _value), cell) in enumerate(zip(pairs, cells, strict=True)):
                left = MARGIN + index * column
                if number == 0:
                    self._draw(Text(left, base, label, BODY, grey=True))
                if number < len(cell):
                    self._draw(Text(left + label_width, base, cell[number], BODY))
            self._y += _height(BODY)

    def _place(self, row: Row, top: Row, widths: list[float], align: str, size: float) -> None:
        """A row of a table, on the next page with the head again where it does not fit here."""
        page = self._height - TOP - BOTTOM - _row_height(top, size)
        while _row_height(row, size) > self._left:
            fits = int((self._left - 2 * PAD) / _height(size, 1.35))
            if _row_height(row, size) > page and fits > 0:
                part, row = row.split(fits)
                self._row(part, widths, align, size)
            self._turn()
            self._row(top, widths, align, size, shaded=True, first=True)
        self._row(row, widths, align, size)

    def _row(
        self, row: Row, widths: list[float], align: str, size: float, *, shaded: bool = False, first: bool = False
    ) -> None:
        height, left = _row_height(row, size), MARGIN
        if shaded:
            self._draw(Shade(MARGIN, self._y, self._room, height))
        if first:
            self._draw(Rule(MARGIN, self._y, MARGIN + self._room, self._y, 0.3))
        step = _height(size, 1.35)
        for cell, width, how in zip(row.cells, widths, align, strict=True):
            y = self._y + PAD + step / 2 + size * POINT * 0.36
            for line in cell:
                x = self._start(line, left + PAD, width - 2 * PAD, how, size)
                self._draw(Text(x, y, line, size, row.strong))
                y += step
            left += width
        self._y += height
        self._draw(Rule(MARGIN, self._y, MARGIN + self._room, self._y))


def _height(size: float, leading: float = LEADING) -> float:
    """Of one line, millimetres."""
    return size * POINT * leading


def _row_height(row: Row, size: float) -> float:
    return row.height * _height(size, 1.35) + 2 * PAD


def _text(value: object) -> str:
    return "" if value is None else fonts.drawable(str(value))


def _texts(cells: Sequence[object]) -> list[str]:
    return [_text(cell) for cell in cells]
