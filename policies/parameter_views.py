"""Pages of the yearly figures: every policy's, one policy's by year, one figure, a year that is added."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.doors import requires
from accounts.models import User
from policies import parameters
from policies.engine.figures import Need
from policies.models import PolicyParameter
from policies.parameter_forms import ParameterForm, YearForm
from policies.parameters import ParameterRefused, Sheet


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - behind `requires`
    return request.user


def _sheet(request: HttpRequest, policy: str, to_edit: bool = False) -> Sheet:
    found = parameters.sheets(_user(request), policy)
    if not found or (to_edit and not parameters.may_edit(_user(request), found[0])):
        raise Http404
    return found[0]


@requires(Act.POLICY_READ)
def overview(request: HttpRequest) -> HttpResponse:
    """How many figures of every policy are published, illustrations, or missing."""
    return render(
        request,
        "policies/parameters_all.html",
        {"title": _("参数"), "sheets": parameters.sheets(_user(request))},
    )


@requires(Act.POLICY_READ)
def sheet(request: HttpRequest, policy: str) -> HttpResponse:
    """All figures of a policy by year."""
    found = _sheet(request, policy)
    return render(
        request,
        "policies/parameters.html",
        {
            "title": _("%(region)s参数") % {"region": found.region},
            "sheet": found,
            "may_edit": parameters.may_edit(_user(request), found),
            "next_year": max((*found.years, timezone.localdate().year)) + 1,
        },
    )


@requires(Act.POLICY_DRAFT)
def edit(request: HttpRequest, policy: str, key: str, year: int) -> HttpResponse:
    """One figure of one year: value, status, source, and why it changes."""
    found = _sheet(request, policy, to_edit=True)
    need = next((row.need for row in found.rows if row.need.key == key), None)
    if need is None:
        raise Http404
    held = PolicyParameter.objects.filter(policy=policy, key=key, year=year).first()
    first = {"value": _typed(held.value, need), "status": held.status, "source": held.source} if held else {}
    form = ParameterForm(request.POST or None, initial=first, need=need, existing=held is not None)
    if request.method == "POST" and form.is_valid():
        try:
            parameters.set_parameter(
                actor=_user(request),
                policy=policy,
                key=key,
                year=year,
                value=form.typed,
                reason=form.cleaned_data["reason"],
            )
        except ParameterRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("已保存 %(label)s %(year)s 年度") % {"label": need.label, "year": year})
            return redirect("policies:parameters", policy=policy)
    return render(
        request,
        "policies/parameter.html",
        {
            "title": f"{need.label} {year}",
            "sheet": found,
            "form": form,
            "held": held,
            "used": parameters.settled_with(held) if held else [],
            "history": parameters.history(held) if held else [],
            "status_labels": dict(PolicyParameter.Status.choices),
        },
        status=422 if form.is_bound and form.errors else 200,
    )


def _typed(value: str, need: Need) -> str:
    return f"{float(value) * 100:.4f}".rstrip("0").rstrip(".") + "%" if value and need.unit == "%" else value


@requires(Act.POLICY_DRAFT)
def add_year(request: HttpRequest, policy: str) -> HttpResponse:
    """The figures that a year still lacks, all in one form."""
    found = _sheet(request, policy, to_edit=True)
    asked = request.POST.get("year") or request.GET.get("year") or ""
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else timezone.localdate().year
    held = {(row.need.key, one.year) for row in found.rows for one in row.cells if one.row is not None}
    lacking = [row.need for row in found.rows if (row.need.key, year) not in held]
    form = YearForm(request.POST or None, initial={"year": year}, needs=lacking)
    if request.method == "POST" and form.is_valid() and _save_year(request, policy, year, form):
        return redirect("policies:parameters", policy=policy)
    context: dict[str, Any] = {
        "title": _("%(year)s 年度参数") % {"year": year},
        "sheet": found,
        "form": form,
        "year": year,
        "earlier": {row.need.key: _latest(row.cells, year) for row in found.rows},
        "cancel": reverse("policies:parameters", args=[policy]),
    }
    return render(request, "policies/parameter_year.html", context, status=422 if form.errors else 200)


def _save_year(request: HttpRequest, policy: str, year: int, form: YearForm) -> bool:
    values = parameters.year_values(form.typed())
    if not values:
        form.add_error(None, _("还没有填写任何数值"))
        return False
    try:
        count = parameters.add_year(actor=_user(request), policy=policy, year=year, values=values)
    except ParameterRefused as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    messages.success(request, _("已登记 %(year)s 年度的 %(n)s 项数值") % {"year": year, "n": count})
    return True


def _latest(cells: tuple[parameters.Cell, ...], year: int) -> parameters.Cell | None:
    return next((one for one in reversed(cells) if one.row is not None and one.year < year), None)
