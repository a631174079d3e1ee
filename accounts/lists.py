"""Lists: one selector and a declaration of columns become a page with filters, sort, keyset paging and export.

    class PersonList(ListPage):
        act = Act.PERSON_READ
        title = _("人员")
        filters = PersonFilter                      # a ListFilter; its cleaned values go to `rows`
        columns = (
            Column("name", _("姓名"), sort="name", primary=True),
            Column("masked_id_number", _("证件号码"), kind="mono"),
            Column("amount", _("负担金额"), kind="amount", sort="amount"),
        )
        default_sort = "-amount"

        def rows(self, filters): return selectors.persons(self.user, **filters)
        def row_url(self, row): return reverse("beneficiaries:person", args=[row.pk])

A page that holds a list beside other things (a detail with its rows) builds a `Listing` itself and answers with
`listing.respond(template, context)`. Two queries always: the rows of the page, and a count that stops at 10,000.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from accounts.doors import ActView
from accounts.export import export_rows
from accounts.paging import Key, Page, keys_of, page_of

PAGE = 50
LONG = 24  # characters: longer text may take a second line
NOTHING = gettext_lazy("没有符合条件的记录")
RESERVED = ("sort", "after", "before", "page", "cols", "export")


@dataclass(frozen=True)
class Column:
    """One column.

    `name` is an attribute path (`person.name`) or a method without arguments; `value(row)` overrides it. `kind`:
    text, mono (numbers of people and documents), amount (fen → yuan, right), number (right), date, datetime, month,
    badge (a word with `tone(row)`), html (`value` returns safe HTML: for small pictures). `sort` is the ordering field
    of the query ("" = not sortable). `primary` is the cell that carries the row's link. `shown=False` columns are
    there to choose.
    """

    name: str
    label: Any
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    sort: str = ""
    primary: bool = False
    shown: bool = True
    exported: bool = True
    tone: Callable[[Any], str] | None = None

    def raw(self, row: Any) -> Any:
        """The value as Python has it."""
        if self.value:
            return self.value(row)
        found: Any = row
        for part in self.name.split("."):
            if found is None:
                return None
            found = found.get(part) if isinstance(found, dict) else getattr(found, part)
        return found() if callable(found) else found

    def html(self, row: Any) -> SafeString:
        """The cell's content."""
        from accounts.templatetags import tuodi

        raw = self.raw(row)
        if raw is None or raw == "":
            return mark_safe('<span class="none">—</span>')
        if self.kind == "html":
            return mark_safe(raw)  # noqa: S308 - the page's own, made with format_html
        if self.kind == "badge":
            return tuodi.badge(raw, self.tone(row) if self.tone else "plain")
        text = _shown(self.kind, raw)
        return format_html('<span class="long">{}</span>' if len(text) > LONG else "{}", text)

    def plain(self, row: Any) -> Any:
        """The value for an export: text, int, Decimal yuan, date."""
        raw = self.raw(row)
        if raw is None or self.kind == "html":
            return ""
        if self.kind == "amount":
            return Decimal(int(raw)) / 100
        if self.kind in ("date", "datetime", "month"):
            return _shown(self.kind, raw)
        return raw if isinstance(raw, int) and not isinstance(raw, bool) and self.kind == "number" else str(raw)

    @property
    def classes(self) -> str:
        return {"amount": "num", "number": "num", "mono": "mono", "date": "date", "datetime": "date"}.get(self.kind, "")


def _shown(kind: str, raw: Any) -> str:
    from accounts.templatetags import tuodi

    if kind == "amount":
        return tuodi.yuan(raw)
    if kind == "datetime" and isinstance(raw, datetime):
        return f"{timezone.localtime(raw):%Y-%m-%d %H:%M}"
    if kind in ("date", "datetime") and isinstance(raw, date):
        return f"{raw:%Y-%m-%d}"
    if kind == "month":
        return tuodi.ym(raw)
    return f"{raw:,}" if kind == "number" else str(raw)


class ListFilter(forms.Form):
    """Filter bar: every field is optional; `self.user` is who asks. The values stand in the address."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, user: Any = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(data, **kwargs)
        for one in self.fields.values():
            one.required = False


@dataclass(frozen=True)
class Bulk:
    """What can be done with the selected rows: POSTs their keys as `ids` to `url` after a confirmation."""

    label: Any
    url: str
    confirm: Any = ""


@dataclass
class Listing:
    """A list on a page: `rows` already filtered and visible, ordered here.

    `key` names it when a page holds several (then its parameters are prefixed in no way: only one list of a page is
    in the address; the others show their first page without links).
    """

    request: HttpRequest
    rows: QuerySet[Any]
    columns: Sequence[Column]
    title: Any = ""
    key: str = "list"
    filters: ListFilter | None = None
    default_sort: str = ""
    row_url: Callable[[Any], str] | None = None
    row_class: Callable[[Any], str] | None = None
    empty: Any = NOTHING
    empty_help: Any = ""
    note: Any = ""  # beside the count: what it does not say
    bulk: Sequence[Bulk] = ()
    page_size: int = PAGE
    exportable: bool = True
    on_export: Callable[[str], None] | None = None
    _page: Page | None = field(default=None, init=False)

    # --- what stands in the address -------------------------------------------------------------------------------
    @property
    def params(self) -> QueryDict:
        return self.request.GET

    def address(self, **changes: str | None) -> str:
        """This list's address with some parameters changed (None removes)."""
        query = self.params.copy()
        for name, value in {"export": None, **changes}.items():
            query.pop(name, None)
            if value:
                query[name] = value
        for name in [name for name in query if not any(query.getlist(name))]:
            del query[name]
        text = query.urlencode()
        return f"{self.request.path}?{text}" if text else self.request.path

    @property
    def sort(self) -> str:
        """The column's sort field in force, with `-` for descending; an unknown one falls back to the default."""
        wanted = self.params.get("sort", "")
        known = {column.sort for column in self.columns if column.sort}
        return wanted if wanted.removeprefix("-") in known else self.default_sort

    @property
    def shown(self) -> list[Column]:
        """The columns chosen, in declared order."""
        wanted = self.params.getlist("cols")
        chosen = [column for column in self.columns if column.name in wanted]
        return chosen or [column for column in self.columns if column.shown]

    @property
    def columns_chosen(self) -> bool:
        return bool(self.params.getlist("cols"))

    @property
    def link_column(self) -> str:
        """Name of the shown column that carries the row's link."""
        return next((column.name for column in self.shown if column.primary), self.shown[0].name)

    @property
    def export_csv(self) -> str:
        return self.address(export="csv")

    @property
    def export_xlsx(self) -> str:
        return self.address(export="xlsx")

    @property
    def choosable(self) -> list[tuple[Column, bool]]:
        shown = {column.name for column in self.shown}
        return [(column, column.name in shown) for column in self.columns]

    @property
    def headers(self) -> list[dict[str, Any]]:
        """Per shown column: label, classes, the address that sorts by it, and aria-sort."""
        by, found = self.sort, []
        for column in self.shown:
            mine = bool(column.sort) and by.removeprefix("-") == column.sort
            down = by.startswith("-")
            turn = column.sort if mine and down else f"-{column.sort}" if mine else column.sort
            found.append(
                {
                    "label": column.label,
                    "classes": column.classes,
                    "url": self.address(sort=turn, after=None, before=None, page=None) if column.sort else "",
                    "aria": ("descending" if down else "ascending") if mine else "none" if column.sort else "",
                }
            )
        return found

    # --- rows -----------------------------------------------------------------------------------------------------
    @property
    def keys(self) -> list[Key]:
        """The sort keys in force."""
        return keys_of(self.rows, self.sort)

    @property
    def page(self) -> Page:
        if self._page is None:
            self._page = page_of(self.rows, self.keys, self.params, self.page_size, self.address)
        return self._page

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The rows of the page with their address and class."""
        return [
            {
                "row": row,
                "key": getattr(row, "pk", ""),
                "url": self.row_url(row) if self.row_url else "",
                "class": self.row_class(row) if self.row_class else "",
            }
            for row in self.page.rows
        ]

    @property
    def filtered(self) -> bool:
        return any(value and name not in RESERVED for name, value in self.params.items())

    # --- answers --------------------------------------------------------------------------------------------------
    def respond(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponseBase:
        """The page, the fragment that htmx asked for, or the export of what is shown."""
        wanted = self.params.get("export")
        if self.exportable and wanted in ("csv", "xlsx"):
            if self.on_export:
                self.on_export(wanted)
            return export_rows(wanted, str(self.title) or self.key, self._exported(), self.ordered())
        fragment = getattr(self.request, "htmx", None) and self.request.htmx.target == self.key  # type: ignore[attr-defined]
        name = "components/list.html" if fragment else template
        response = render(self.request, name, {"listing": self, "title": self.title} | (context or {}), status=status)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        if fragment:
            response.headers["HX-Push-Url"] = self.address()
        return response

    def _exported(self) -> list[Column]:
        return [column for column in self.shown if column.exported]

    def ordered(self) -> QuerySet[Any]:
        """All rows in the order in force."""
        return self.rows.order_by(*(key.order() for key in self.keys))


# --- the page ---------------------------------------------------------------------------------------------------
class ListPage(ActView):
    """A page that is a list. Declare what it shows; override `rows`, `row_url`, `extra`."""

    title: ClassVar[Any] = ""
    columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[type[ListFilter] | None] = None
    default_sort: ClassVar[str] = ""
    empty: ClassVar[Any] = NOTHING
    empty_help: ClassVar[Any] = ""
    bulk: ClassVar[Sequence[Bulk]] = ()
    page_size: ClassVar[int] = PAGE
    template_name: ClassVar[str] = "components/list_page.html"
    row_url: Callable[[Any], str] | None = None
    row_class: Callable[[Any], str] | None = None

    def rows(self, filters: dict[str, Any]) -> QuerySet[Any]:
        """The visible rows for the cleaned filter values: call the selector."""
        raise NotImplementedError

    def asked(self) -> QueryDict:
        """The address as the filters read it; a list of one period fills it in (accounts/periods.py)."""
        return self.request.GET

    def extra(self) -> dict[str, Any]:
        """More context: `breadcrumb`, `actions` (list of Action), `counts`."""
        return {}

    def on_export(self, kind: str) -> None:
        """Called before an export leaves; record it where it carries people."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.listing().respond(self.template_name, self.extra())

    def listing(self) -> Listing:
        form = self.filters(self.asked(), user=self.user) if self.filters else None
        if form is None or form.is_valid():
            rows = self.rows(form.cleaned_data if form else {})
        else:
            rows = self.rows({name: form.cleaned_data.get(name) for name in form.fields})
        return Listing(
            request=self.request,
            rows=rows,
            columns=self.columns,
            title=self.title,
            filters=form,
            default_sort=self.default_sort,
            row_url=self.row_url,
            row_class=self.row_class,
            empty=self.empty,
            empty_help=self.empty_help,
            bulk=self.bulk,
            page_size=self.page_size,
            on_export=self.on_export,
        )
