"""Pages as lists of strokes, written to PDF when all of them are known: only then is it known how many there are."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.utils import timezone

from accounts.printing import fonts

POINT = 25.4 / 72  # millimetres
A4 = (210.0, 297.0)


@dataclass(frozen=True)
class Text:
    """One line of text; `x` is its left edge and `y` its baseline, millimetres from the top left."""

    x: float
    y: float
    text: str
    size: float
    strong: bool = False
    grey: bool = False


@dataclass(frozen=True)
class Rule:
    """A straight line of `weight` millimetres; thin ones are grey."""

    x: float
    y: float
    to_x: float
    to_y: float
    weight: float = 0.15


@dataclass(frozen=True)
class Shade:
    """A pale box behind text."""

    x: float
    y: float
    width: float
    height: float


Stroke = Text | Rule | Shade


@dataclass
class Canvas:
    """Sheets of one size, each a list of strokes."""

    landscape: bool = False
    sheets: list[list[Stroke]] = field(default_factory=list)

    @property
    def size(self) -> tuple[float, float]:
        return (A4[1], A4[0]) if self.landscape else A4

    def write(self, *, title: str, author: str, subject: str, day: date) -> bytes:
        """The PDF; its dates are the start of `day`, so that the same content gives the same bytes."""
        from fpdf import FPDF

        pdf = FPDF(orientation="landscape" if self.landscape else "portrait", format="A4")
        pdf.set_auto_page_break(False)
        pdf.set_title(title)
        pdf.set_author(author)
        pdf.set_subject(subject)
        pdf.set_creator("Tuodi 托底")
        pdf.set_lang("zh-CN")
        pdf.set_creation_date(datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()))
        fonts.embed(pdf)
        for sheet in self.sheets:
            pdf.add_page()
            for stroke in sheet:
                _draw(pdf, stroke)
        return bytes(pdf.output())


def _draw(pdf: "FPDF", stroke: Stroke) -> None:  # type: ignore[name-defined] # noqa: F821
    if isinstance(stroke, Shade):
        pdf.set_fill_color(238)
        pdf.rect(stroke.x, stroke.y, stroke.width, stroke.height, style="F")
    elif isinstance(stroke, Rule):
        pdf.set_draw_color(150 if stroke.weight < 0.2 else 40)
        pdf.set_line_width(stroke.weight)
        pdf.line(stroke.x, stroke.y, stroke.to_x, stroke.to_y)
    else:
        pdf.set_font(fonts.FAMILY, size=stroke.size)
        pdf.set_text_color(90 if stroke.grey else 0)
        if stroke.strong:
            # The font has one weight: a thin outline of the letters makes the second.
            with pdf.local_context(text_mode="FILL_STROKE", line_width=stroke.size * 0.008, draw_color=0):
                pdf.text(stroke.x, stroke.y, stroke.text)
        else:
            pdf.text(stroke.x, stroke.y, stroke.text)
