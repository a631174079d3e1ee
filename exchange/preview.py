"""The preview of a file: its counts, the table of its rows, and doubtful rows beside what the register says."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import Column, Listing
from accounts.masking import mask_id_number
from exchange import kinds, reader, selectors
from exchange.models import InboundFile, Outcome, StagedRow

TONES = {
    Outcome.NEW: "info",
    Outcome.CHANGED: "info",
    Outcome.UNCHANGED: "plain",
    Outcome.EXITED: "due",
    Outcome.DOUBTFUL: "due",
    Outcome.ERROR: "late",
}
# Figures of the seven counts: done, due, late.
FIGURES = {Outcome.EXITED: "due", Outcome.DOUBTFUL: "due", Outcome.ERROR: "late"}
SAMPLE = 50


def counts(file: InboundFile, listing: Listing) -> list[dict[str, Any]]:
    """The seven counts for components/counts.html; each filters the table below."""
    chosen = listing.params.get("outcome", "")
    reset: dict[str, str | None] = {"after": None, "before": None, "page": None}
    found = [
        {
            "key": "rows",
            "label": _("全部数据行"),
            "count": f"{file.counts.get('rows', 0):,}",
            "url": listing.address(outcome=None, **reset),
            "active": not chosen,
        }
    ]
    for outcome in Outcome:
        number = file.counts.get(outcome.value, 0)
        found.append(
            {
                "key": outcome.value,
                "label": outcome.label,
                "count": f"{number:,}" if number else "0",
                "url": listing.address(outcome=outcome.value, **reset),
                "active": chosen == outcome.value,
                "tone": FIGURES.get(outcome, "") if number else "",
            }
        )
    return found


def listing(request: HttpRequest, file: InboundFile) -> Listing:
    """The rows of the outcome in the address."""
    outcome = request.GET.get("outcome", "")
    table = Listing(
        request=request,
        rows=selectors.rows(file, outcome),
        columns=(),
        title=file.name,
        key="rows",
        default_sort="row",
        page_size=SAMPLE,
        empty=_("没有这一结果的行"),
    )
    table.columns = _columns(file, outcome, table)
    return table


def _columns(file: InboundFile, outcome: str, table: Listing) -> list[Column]:
    kind = kinds.get(file.kind)
    if outcome == Outcome.DOUBTFUL:
        return [_ROW, _ID, Column("reason", _("存疑原因")), _beside(kind, table)]
    chosen = [_column(kind, name) for name in kind.columns if name not in ("row", "reason")]
    if outcome == Outcome.ERROR:
        shown = ("id_number", "name", "category", "claim_no", "values.warning_no")
        chosen = [column for column in chosen if column.name in shown]
        chosen.append(Column("value", _("所填内容"), value=lambda row: row.values.get("value", "")))
    return [_ROW, _OUTCOME, *chosen, Column("reason", _("说明"))]


_ROW = Column("row", gettext_lazy("行号"), kind="number", sort="row", primary=True)
_ID = Column("id_number", gettext_lazy("证件号码"), kind="mono", value=lambda row: mask_id_number(row.id_number or ""))
_OUTCOME = Column(
    "outcome",
    gettext_lazy("结果"),
    kind="badge",
    value=lambda row: row.get_outcome_display(),
    tone=lambda row: TONES[Outcome(row.outcome)],
)
_OWN = {
    "id_number": _ID,
    "category": Column("category", gettext_lazy("人员类别"), value=lambda row: row.get_category_display()),
    "valid_from": Column("valid_from", gettext_lazy("认定日期"), kind="date"),
    "valid_to": Column("valid_to", gettext_lazy("退出日期"), kind="date"),
    "region_code": Column("region_code", gettext_lazy("行政区划"), kind="mono"),
}
_STAGED = {field.name for field in StagedRow._meta.get_fields()}


def _column(kind: kinds.ImportKind, name: str | Column) -> Column:
    """A column of the preview: of the staged row, or of its `values`; its label is the file's own."""
    if isinstance(name, Column):
        return name
    if name in _OWN:
        return _OWN[name]
    plain = name.removeprefix("values.")
    declared = next((column for column in kind.schema.columns if column.name == plain), None)
    label = declared.label if declared else plain
    if plain in _STAGED:
        return Column(plain, label)
    amount = declared is not None and declared.make is reader.columns.amount
    return Column(name, label, kind="amount" if amount else "text", value=lambda row: row.values.get(plain))


def _beside(kind: kinds.ImportKind, table: Listing) -> Column:
    """File and register side by side; worked out once for the rows of the page."""
    known: dict[int, list[kinds.Beside]] = {}

    def value(row: StagedRow) -> SafeString:
        if not known:
            known.update(kind.beside(table.page.rows))
        return side_by_side(known.get(row.pk, []))

    return Column("beside", _("来文与登记簿"), kind="html", value=value, exported=False)


def side_by_side(lines: Sequence[kinds.Beside]) -> SafeString:
    """A small table: what, the file's words, the register's words; a difference is marked with a word too."""
    body = format_html_join(
        "",
        '<tr{}><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        (
            (mark_safe(' class="differs"') if _differs(theirs, ours) else "", label, theirs or "—", ours or "—")
            for label, theirs, ours in lines
            if theirs or ours
        ),
    )
    return format_html(
        '<table class="beside"><thead><tr><th></th><th scope="col">{}</th><th scope="col">{}</th></tr></thead>'
        "<tbody>{}</tbody></table>",
        _("来文"),
        _("登记簿"),
        body,
    )


def _differs(theirs: Any, ours: Any) -> bool:
    return bool(theirs) and bool(ours) and str(theirs) != str(ours)


def notes(file: InboundFile) -> list[str]:
    """What the reader noticed, in sentences."""
    found = []
    for note in file.notes:
        if note["code"] == "ignored":
            found.append(_("没有采用的列：%(columns)s") % {"columns": note["text"]})
        elif note["code"] == "skipped":
            found.append(_("第 %(line)s 行不是数据行，已跳过：%(text)s") % note)
        else:
            found.append(_("%(text)s（共 %(count)s 行）") % note)
    return found
