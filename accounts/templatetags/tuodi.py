"""What every template of the house uses: amounts, masks, icons, form controls, pictures.

`{% load tuodi %}` is built in (settings: TEMPLATES builtins), so that no page can forget it.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts import masking
from accounts.pictures import Bar, burden

register = template.Library()
DASHES = BLANK_CHOICE_DASH[0][1]


@register.filter
def yuan(fen: int | None) -> str:
    """Fen as yuan with thousands and two decimals: 1234560 → `12,345.60`; None → empty."""
    if fen is None or fen == "":
        return ""
    fen = int(fen)
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02d}"


@register.filter
def percent(basis_points: int | None) -> str:
    """Basis points as a percentage: 6500 → `65%`, 6525 → `65.25%`."""
    if basis_points is None:
        return ""
    return f"{int(basis_points) / 100:.2f}".rstrip("0").rstrip(".") + "%"


@register.filter
def masked_id(value: str | None) -> str:
    """`150302********0018`."""
    return masking.mask_id_number(value or "")


@register.filter
def masked_phone(value: str | None) -> str:
    """`139****0272`."""
    return masking.mask_phone(value or "")


@register.filter
def grouped(value: int | None) -> str:
    """12345 → `12,345`."""
    return "" if value is None else f"{int(value):,}"


@register.filter
def pair(row: Any) -> Any:
    """A summary row given as (label, value) in the shape of one given as a mapping."""
    return {"label": row[0], "value": row[1]} if isinstance(row, tuple | list) else row


@register.filter
def ymd(value: date | datetime | None) -> str:
    """`2023-05-31`, whatever the language."""
    return f"{value:%Y-%m-%d}" if value else ""


@register.filter
def ym(value: date | None) -> str:
    """`2023-05`."""
    return f"{value:%Y-%m}" if value else ""


@lru_cache(maxsize=512)
def _icon(name: str, size: int) -> str:
    return lucide._render_icon(name, size, aria_hidden="true", focusable="false", **{"class": "icon"})


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A Lucide icon, hidden from screen readers: the word stands beside it."""
    return mark_safe(_icon(str(name), int(size)))  # noqa: S308 - the icon is the package's own drawing


@register.filter
def control(field: BoundField) -> SafeString:
    """The widget of a form field in the house's look (classes, error state)."""
    widget = field.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return field.as_widget()
    kind = (
        "form-check-input"
        if isinstance(widget, CheckboxInput)
        else "form-select"
        if isinstance(widget, Select)
        else "form-control"
    )
    own = widget.attrs.get("class", "")
    wrong = " is-invalid" if field.errors else ""
    drawn = field.as_widget(attrs={"class": f"{kind} {own}{wrong}".strip()})
    # Where nothing is chosen Django writes dashes, whatever the language.
    return mark_safe(drawn.replace(f">{DASHES}<", f">{_('请选择')}<")) if isinstance(widget, Select) else drawn  # noqa: S308


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_group(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxSelectMultiple | RadioSelect)


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key) if mapping else None


@register.simple_tag
def cell(row: Any, column: Any) -> SafeString:
    """One cell of a list (see accounts.lists.Column)."""
    return column.html(row)


@register.inclusion_tag("components/burden_bar.html")
def burden_bar(amount: int, lines: Any, small: bool = False, widest: int = 0) -> dict[str, Any]:
    """This year's burden against the lines that count for the person.

    `amount` in fen; `lines` is a list of (label, fen) or of objects with `.label` and `.amount`; `small` for lists;
    `widest` (fen) gives bars of a list one scale.
    """
    bar: Bar = burden(int(amount), [_pair(line) for line in lines], widest)
    return {"bar": bar, "small": small}


def _pair(line: Any) -> tuple[str, int]:
    return (str(line[0]), int(line[1])) if isinstance(line, tuple | list) else (str(line.label), int(line.amount))


@register.simple_tag
def badge(label: Any, tone: str = "plain") -> SafeString:
    """A word with a sign: tone `plain`, `info`, `done`, `due` (soon, doubtful), `late` (overdue, error)."""
    sign = icon(SIGNS[tone], 13) if tone in SIGNS else ""
    return format_html('<span class="mark mark-{}">{}{}</span>', tone, sign, label)


SIGNS = {"info": "circle-dot", "done": "check", "due": "clock-alert", "late": "circle-alert"}
