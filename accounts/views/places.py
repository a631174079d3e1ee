"""Organisations and regions, for the administrator."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import regions, selectors, services
from accounts.access import Act
from accounts.doors import get_visible, requires
from accounts.forms import OrganisationFilter, OrganisationForm, RegionFilter, RegionsForm
from accounts.lists import Column, ListPage
from accounts.models import Organisation

SAMPLE = 20


def sections(active: str) -> list[dict[str, Any]]:
    """Tabs over the administrator's lists."""
    return [
        {"key": key, "label": label, "url": reverse(f"accounts:{key}"), "active": key == active}
        for key, label in (("users", _("账户")), ("organisations", _("机构")), ("regions", _("行政区划")))
    ]


class Organisations(ListPage):
    act = Act.ACCOUNT_ADMIN
    title = gettext_lazy("机构")
    template_name = "accounts/admin_list.html"
    filters = OrganisationFilter
    columns = (
        Column("name", gettext_lazy("名称"), sort="name", primary=True),
        Column("get_department_display", gettext_lazy("部门"), sort="department"),
        Column("region", gettext_lazy("行政区划"), sort="region_id"),
        Column("region_id", gettext_lazy("行政区划代码"), kind="mono", shown=False),
    )
    default_sort = "region_id"
    empty_help = gettext_lazy("点击右上角“新建机构”，登记一个部门。")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.organisations(self.user, **filters)

    def row_url(self, row: Organisation) -> str:
        return reverse("accounts:organisation", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {
            "tabs": sections("organisations"),
            "actions": [
                {"label": _("新建机构"), "url": reverse("accounts:organisation_new"), "primary": True, "icon": "plus"}
            ],
        }


@requires(Act.ACCOUNT_ADMIN)
@require_http_methods(["GET", "POST"])
def organisation_new(request: HttpRequest) -> HttpResponse:
    return _organisation(request, None, _("新建机构"))


@requires(Act.ACCOUNT_ADMIN)
@require_http_methods(["GET", "POST"])
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_visible(request, Organisation, pk=pk)
    return _organisation(request, one, one.name)


def _organisation(request: HttpRequest, one: Organisation | None, title: str) -> HttpResponse:
    initial = {"department": one.department, "region": one.region_id, "name": one.name} if one else None
    form = OrganisationForm(request.POST or None, actor=request.user, initial=initial)
    if form.is_valid():
        try:
            services.save_organisation(actor=request.user, organisation=one, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("机构已保存"))
            return redirect("accounts:organisations")
    return render(request, "accounts/organisation.html", {"title": title, "form": form, "draft": "organisation"})


class Regions(ListPage):
    act = Act.ACCOUNT_ADMIN
    title = gettext_lazy("行政区划")
    template_name = "accounts/admin_list.html"
    filters = RegionFilter
    columns = (
        Column("code", gettext_lazy("行政区划代码"), kind="mono", sort="code"),
        Column("name", gettext_lazy("名称"), sort="name"),
        Column("get_level_display", gettext_lazy("级别"), sort="level"),
        Column("parent", gettext_lazy("上级")),
    )
    default_sort = "code"
    empty_help = gettext_lazy("点击右上角“导入行政区划”，补充乡镇和村。")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.regions(self.user, **filters)

    def extra(self) -> dict[str, Any]:
        url = reverse("accounts:regions_import")
        return {
            "tabs": sections("regions"),
            "actions": [{"label": _("导入行政区划"), "url": url, "primary": True, "icon": "upload"}],
        }


@requires(Act.ACCOUNT_ADMIN)
@require_http_methods(["GET", "POST"])
def regions_import(request: HttpRequest) -> HttpResponse:
    """Reads the file and shows what it would do; `regions_confirm` does it."""
    form = RegionsForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"title": _("导入行政区划"), "form": form}
    if form.is_valid():
        text = form.cleaned_data["file"]
        context |= _preview(request, text)
    return render(request, "accounts/regions_import.html", context)


@requires(Act.ACCOUNT_ADMIN)
@require_POST
def regions_confirm(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("content", "")
    try:
        plan = services.import_regions(actor=request.user, listed=regions.read(text))
    except ValidationError:
        # Somebody else changed the table between preview and confirmation: show again what is wrong now.
        context = {"title": _("导入行政区划"), "form": RegionsForm(), **_preview(request, text)}
        return render(request, "accounts/regions_import.html", context)
    text = _("行政区划已导入：新增 %(new)s，更名 %(renamed)s") % {"new": len(plan.new), "renamed": len(plan.renamed)}
    messages.success(request, text)
    return redirect("accounts:regions")


def _preview(request: HttpRequest, text: str) -> dict[str, Any]:
    plan = services.plan_regions(actor=request.user, listed=regions.read(text))
    counts = [
        (_("新增"), len(plan.new), "done"),
        (_("更名"), len(plan.renamed), "due"),
        (_("不变"), plan.unchanged, ""),
        (_("错误"), len(plan.errors), "late"),
    ]
    return {
        "plan": plan,
        "content": text,
        "figures": [{"label": label, "count": count, "tone": tone} for label, count, tone in counts],
        "sample": [{"code": r.code, "name": r.name, "parent": r.parent_id} for r in plan.new[:SAMPLE]],
        "renamed": plan.renamed[:SAMPLE],
        "errors": plan.errors[: SAMPLE * 5],
        "can_confirm": not plan.errors and (plan.new or plan.renamed),
    }
