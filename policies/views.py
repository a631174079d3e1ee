"""Pages of the law: the versions of all regions, and one version as a lawyer reads it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.doors import get_visible, requires
from accounts.lists import Column, ListPage
from accounts.models import User
from policies import law_page, reading, selectors
from policies.models import PolicyVersion

STATE_TONE = {"published": "done", "submitted": "due", "superseded": "plain", "draft": "info", "withdrawn": "plain"}


class Versions(ListPage):
    """All versions of all regions, side by side."""

    act = Act.POLICY_READ
    title = gettext_lazy("政策")
    columns = (
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("title", gettext_lazy("政策"), sort="title", primary=True),
        Column("issuer", gettext_lazy("发文机关"), value=lambda row: _head(row, "issuer")),
        Column("number", gettext_lazy("文号"), value=lambda row: _head(row, "number")),
        Column("validity", gettext_lazy("有效期"), value=lambda row: validity(row), sort="validity"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: row.get_state_display(),
            tone=lambda row: STATE_TONE[row.state],
        ),
        Column("policy", gettext_lazy("代码"), kind="mono", sort="policy", shown=False),
        Column("name", gettext_lazy("版本"), kind="mono", sort="name", shown=False),
    )
    default_sort = "region_id"
    empty = gettext_lazy("还没有政策版本")
    empty_help = gettext_lazy("运行 load_policies 载入系统自带的五个地区的政策文件")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.versions_for(self.user)

    def extra(self) -> dict[str, Any]:
        return {
            "actions": [
                {"label": _("参数"), "url": reverse("policies:parameters_all")},
                {"label": _("版本比较"), "url": reverse("policies:compare")},
            ]
        }

    @staticmethod
    def row_url(row: PolicyVersion) -> str:
        return reverse("policies:version" if row.state in selectors.IN_FORCE else "policies:draft", args=[row.name])


def _head(row: PolicyVersion, what: str) -> str:
    """Issuer or number of the document; nothing for a draft that is not finished."""
    document = selectors.readable(row)
    return str(getattr(document, what)) if document else ""


@requires(Act.POLICY_READ)
def version(request: HttpRequest, name: str) -> HttpResponse:
    """One version read as a law: who, what they get, every clause beside the figures that cite it, parameters.

    A draft that is not finished has only its own page.
    """
    found = get_visible(request, selectors.versions(), name=name)
    document = selectors.readable(found)
    if document is None:
        return redirect("policies:draft", name=name)
    parameters = selectors.parameters_from(found.policy, selectors.figure_rows(found.policy))
    years, parameter_rows = law_page.parameter_rows(document, parameters)
    shown = law_page.governed_years(document, years)
    year = law_page.chosen_year(request.GET.get("year"), shown, timezone.localdate().year)
    rules = reading.Reader(document, parameters, year).rules()
    return render(
        request,
        "policies/version.html",
        {
            "title": document.title,
            "version": found,
            "may_draft": _inside(request, found) and _may(request, Act.POLICY_DRAFT),
            "mine": _inside(request, found),
            "document": document,
            "summary": _summary(found, document),
            "year": year,
            "years": [(one, f"{request.path}?year={one}", one == year) for one in shown],
            "categories": law_page.category_rows(document),
            "parts": law_page.by_part(rules),
            "clauses": law_page.clause_rows(document, rules),
            "elsewhere": [rule for rule in rules if rule.elsewhere],
            "parameter_years": years,
            "parameters": parameter_rows,
        },
    )


def _inside(request: HttpRequest, found: PolicyVersion) -> bool:
    user = request.user
    return isinstance(user, User) and found.region_id.startswith(user.region_prefix)


def _may(request: HttpRequest, act: Act) -> bool:
    return isinstance(request.user, User) and request.user.may(act)


def _summary(found: PolicyVersion, document: Any) -> list[Any]:
    rows: list[Any] = [
        (_("地区"), found.region.name),
        (_("发文机关"), document.issuer),
        (_("文号"), document.number),
        {"label": _("发文日期"), "value": document.issued_on, "kind": "date"},
        (_("有效期"), validity(found)),
        {"label": _("状态"), "value": found.get_state_display(), "kind": "badge", "tone": STATE_TONE[found.state]},
        {"label": _("版本"), "value": found.name, "kind": "mono"},
        {"label": _("正文校验值"), "value": found.sha256[:16], "kind": "mono"},
    ]
    if document.effective_from:
        rows.insert(5, {"label": _("原文自称施行日期"), "value": document.effective_from, "kind": "date"})
    return rows


def validity(found: PolicyVersion) -> str:
    """`2023-01-01 起` or `2021-01-01 — 2021-12-31`."""
    last = selectors.last_day(found)
    return f"{found.validity.lower} — {last}" if last else _("%(day)s 起") % {"day": found.validity.lower}
