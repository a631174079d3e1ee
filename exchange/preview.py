"""The preview of a file: its counts, the table of its rows, and doubtful rows beside what the register says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.lists import Bulk, Column, Listing
from accounts.masking import mask_id_number
from accounts.paging import CAP, Page, page_of, read_token
from accounts.selectors import place_names
from accounts.vocabulary import Category
from exchange import deciding, kinds, reader, selectors
from exchange.models import FileRow, InboundFile, Outcome, StagedRow

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


@dataclass
class _EveryRow(Listing):
    """The list of a file's rows of which most are known: for a page, only those near it are unfolded."""

    file: InboundFile = field(kw_only=True)

    @property
    def page(self) -> Page:
        if self._page is None:
            outcome = self.params.get("outcome", "")
            counts = {name: self.file.counts.get(name, 0) for name in Outcome.values}
            count = counts[outcome] if outcome else sum(counts.values())
            page = page_of(self.rows.filter(self._near()), self.keys, self.params, self.page_size, self.address)
            self._page = replace(page, count=min(count, CAP), more=count > CAP)
        return self._page

    def _near(self) -> Q:
        key = self.keys[0]
        token = read_token(self.params.get("before") or self.params.get("after") or "", self.keys)
        back = "before" in self.params and token is not None
        line = token[0] if token else None
        if token and line is None and not back:
            return Q(row=None)
        # From the rows without a line, at the end, there is no line to begin from.
        near = selectors.window(self.file, line, self.page_size + 1, down=key.down != back)
        return near | Q(row=None) if token and line is None and near else near


def listing(request: HttpRequest, file: InboundFile, *, decides: bool = False) -> Listing:
    """The rows of the outcome in the address; with `decides` the doubtful ones can be settled there."""
    outcome, code = request.GET.get("outcome", ""), request.GET.get("code", "")
    decided = request.GET.get("decided", "")
    rows = selectors.rows(file, outcome, code, decided)
    # With a code or a decision asked for, known rows are not all among them.
    table = (partial(_EveryRow, file=file) if rows.model is FileRow and not (code or decided) else Listing)(
        request=request,
        rows=rows,
        columns=(),
        title=file.name,
        key="rows",
        default_sort="row",
        page_size=SAMPLE,
        empty=_("没有这一结果的行") if file.counts.get("rows") else _("文件只有表头，没有数据行"),
    )
    if not outcome and (exited := file.counts.get(Outcome.EXITED.value)):
        table.note = ngettext(
            "含文件中没有、因此退出的 %(count)s 条", "含文件中没有、因此退出的 %(count)s 条", exited
        ) % {"count": f"{exited:,}"}
    table.columns = _columns(file, outcome, table, decides)
    if decides and outcome == Outcome.DOUBTFUL:
        url = reverse("exchange:decide", args=[file.pk])
        known = deciding.ANSWERS.get(code, (StagedRow.Decision.REJECT,))
        labels = [(one.value, one.label) for one in known if one != StagedRow.Decision.CHOOSE]
        table.bulk = [Bulk(label, f"{url}?decision={value}") for value, label in labels]
        table.bulk.append(Bulk(_("撤回处理"), url))
    return table


def _columns(file: InboundFile, outcome: str, table: Listing, decides: bool) -> list[Column]:
    kind = kinds.get(file.kind)
    if outcome == Outcome.DOUBTFUL:
        shown = [_ROW, _ID, Column("reason", _("存疑原因")), _beside(kind, table)]
        if kind.goes_back:
            shown.append(_DECIDING if decides else _DECIDED)
        return shown
    chosen = [_column(kind, name) for name in kind.columns if name not in ("row", "reason")]
    if not table.params.get("export"):  # an export gives the codes as the file has them
        chosen = [_place(table) if column.name == "region_code" else column for column in chosen]
    if outcome == Outcome.ERROR:
        shown_names = ("id_number", "name", "category", "claim_no", "values.warning_no")
        chosen = [column for column in chosen if column.name in shown_names]
        chosen.append(Column("value", _("所填内容"), value=lambda row: row.values.get("value", "")))
    return [_ROW, _OUTCOME, *chosen, Column("reason", _("说明"))]


def decision_cell(row: StagedRow, *, oob: bool = False) -> SafeString:
    """What was decided about a row, and a button per answer with the key that presses it (`1`, `2`, …; `0` takes back).

    `oob`: as a part of an answer to another row's button, put in its place by htmx.
    """
    return render_to_string(
        "exchange/decision.html",
        {
            "row": row,
            "oob": oob,
            "answers": list(enumerate(deciding.answers(row), start=1)),
            "url": reverse("exchange:decide", args=[row.file_id]),
        },
    )


def doubts(file: InboundFile, listing: Listing) -> list[dict[str, Any]]:
    """Kinds of doubt with their numbers and addresses, for the line above the doubtful rows."""
    if listing.params.get("outcome") != Outcome.DOUBTFUL or not kinds.get(file.kind).goes_back:
        return []
    reset: dict[str, str | None] = {"after": None, "before": None, "page": None}
    chosen, found = listing.params.get("code", ""), deciding.doubts(file)
    total = {"code": "", "rows": sum(one["rows"] for one in found), "open": sum(one["open"] for one in found)}
    return [
        {
            **one,
            "label": _DOUBTS.get(one["code"], one["code"]) if one["code"] else _("全部存疑"),
            "url": listing.address(code=one["code"] or None, **reset),
            "active": one["code"] == chosen,
            "answers": [answer for answer in deciding.ANSWERS.get(one["code"], ()) if answer != "choose"],
        }
        for one in [total, *found]
    ]


_DOUBTS = {
    "name_differs": gettext_lazy("姓名不符"),
    "deceased": gettext_lazy("登记已故"),
    "duplicate_differs": gettext_lazy("同一人几行不一"),
    "not_found": gettext_lazy("无从退出"),
}
_DECIDED = Column("decision", gettext_lazy("处理"), value=lambda row: row.get_decision_display())
_DECIDING = Column("decision", gettext_lazy("处理"), kind="html", value=decision_cell, exported=False)
_ROW = Column("row", gettext_lazy("行号"), kind="number", sort="row", primary=True)
_ID = Column(
    "id_number", gettext_lazy("证件号码"), kind="mono", value=lambda row: mask_id_number(_said(row, "id_number"))
)
_OUTCOME = Column(
    "outcome",
    gettext_lazy("结果"),
    kind="badge",
    value=lambda row: row.get_outcome_display(),
    tone=lambda row: TONES[Outcome(row.outcome)],
)


def _said(row: StagedRow, name: str) -> Any:
    """A column of the row, or what the register says where an unchanged row was not staged in full (`kind.shown`)."""
    return getattr(row, name) or getattr(row, f"known_{name}", None) or ""


_OWN = {
    "id_number": _ID,
    "name": Column("name", gettext_lazy("姓名"), value=lambda row: _said(row, "name")),
    "category": Column(
        "category", gettext_lazy("人员类别"), value=lambda row: dict(Category.choices).get(_said(row, "category"), "")
    ),
    "valid_from": Column(
        "valid_from", gettext_lazy("认定日期"), kind="date", value=lambda row: _said(row, "valid_from")
    ),
    "valid_to": Column("valid_to", gettext_lazy("退出日期"), kind="date"),
    "region_code": Column("region_code", gettext_lazy("行政区划"), value=lambda row: _said(row, "region_code")),
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


def _place(table: Listing) -> Column:
    """A row's place by its name."""
    known: dict[str, str] = {}

    def value(row: StagedRow) -> str:
        if not known:
            known.update(place_names(_said(one, "region_code") for one in table.page.rows))
        return known[_said(row, "region_code")]

    return Column("region_code", _("行政区划"), value=value)


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
