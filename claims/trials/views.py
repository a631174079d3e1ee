"""Pages of trials: the list, the start, one result, its persons, and one case under five regions."""

from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.export import csv_response, neutral, xlsx_response
from accounts.lists import Column, Listing, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from beneficiaries.naming import person_url
from claims.trials import compare as comparing
from claims.trials import selectors, services
from claims.trials.forms import CaseForm, PeopleFilter, RunFilter, TrialForm
from claims.trials.models import TrialRun
from claims.trials.results import Results, parts
from claims.trials.texts import TrialRefused
from policies.sayings import category_label


def _baseline(run: TrialRun) -> str:
    return run.baseline.name if run.baseline else _("现行政策")


def _state(run: TrialRun) -> tuple[str, str]:
    if run.finished_at:
        return (_("已完成"), "done") if run.is_current else (_("文字已变，须重算"), "due")
    if run.job and run.job.state == "failed":
        return _("未完成"), "late"
    return (_("进行中"), "info") if run.job and not run.job.ended else (_("未完成"), "late")


def _done(name: str) -> Any:
    return lambda row: getattr(row, name) if row.finished_at else None


class Trials(ListPage):
    """Trials of the user's region, newest first."""

    act = Act.POLICY_READ
    title = gettext_lazy("试算")
    filters = RunFilter
    columns = (
        Column("version.name", gettext_lazy("试算版本"), kind="mono", primary=True),
        Column("baseline", gettext_lazy("对照"), kind="mono", value=_baseline),
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("year", gettext_lazy("年度"), sort="year"),
        Column("claims", gettext_lazy("笔数"), kind="number", value=_done("claims")),
        Column("changed_claims", gettext_lazy("变化笔数"), kind="number", value=_done("changed_claims")),
        Column("gained", gettext_lazy("受益人数"), kind="number", value=_done("gained")),
        Column("lost", gettext_lazy("受损人数"), kind="number", value=_done("lost")),
        Column("fund_change", gettext_lazy("支出变化"), kind="amount", value=_done("fund_change")),
        Column("actor.name", gettext_lazy("操作人"), value=lambda row: row.actor.name if row.actor else _("系统")),
        Column("started_at", gettext_lazy("开始时间"), kind="datetime", sort="started_at"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: _state(row)[0],
            tone=lambda row: _state(row)[1],
        ),
    )
    default_sort = "-started_at"
    empty = gettext_lazy("还没有试算")
    empty_help = gettext_lazy("选择一个政策版本和以往年度的费用，先看谁受益、谁受损、基金增减多少")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.runs_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: TrialRun) -> str:
        return reverse("trials:run", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        actions: list[dict[str, Any]] = [
            {"label": _("五地对照"), "url": reverse("trials:compare"), "icon": "columns-3"}
        ]
        if self.user.may(Act.POLICY_DRAFT):
            actions.append({"label": _("开始试算"), "url": reverse("trials:new"), "icon": "play", "primary": True})
        return {"breadcrumb": [(_("政策"), reverse("policies:list"))], "actions": actions}


@requires(Act.POLICY_DRAFT)
def new(request: HttpRequest) -> HttpResponseBase:
    """Which text, against what, on whose claims; `?version=` chooses one."""
    user = cast(User, request.user)
    asked = {"version": request.GET.get("version", ""), "baseline": request.GET.get("baseline", "")}
    form = TrialForm(request.POST or None, user=user, initial=asked)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.start_trial(actor=user, **form.cleaned_data)
        except TrialRefused as error:
            form.add_error(None, str(error))
        else:
            return go(request, "trials:run", made.pk)
    return render(request, "trials/new.html", {"title": _("开始试算"), "form": form})


@requires(Act.POLICY_READ)
@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One trial: its progress, then its result with charts and tables."""
    user = cast(User, request.user)
    found = get_visible(request, selectors.runs_for(user).defer(None).defer("version__body", "baseline__body"), pk=pk)
    title = _("试算 %(version)s · %(region)s · %(year)s 年") % {
        "version": found.version.name,
        "region": found.region.name,
        "year": found.year,
    }
    results = Results(found) if found.finished_at else None
    wanted = request.GET.get("export")
    if results and wanted in ("csv", "xlsx"):
        return _export(results, title, wanted)
    context = {
        "title": title,
        "run": found,
        "job": found.job,
        "summary": _summary(found),
        "results": results,
        "breakdowns": [(name, label, results.groups(name)) for name, label in parts()] if results else [],
        "silent": selectors.silent_on_assistance(found),
        "may_list": user.may(Act.POLICY_DRAFT) or user.may(Act.CLAIM_READ),
        "may_start": user.may(Act.POLICY_DRAFT),
    }
    return render(request, "trials/run.html", context)


def _summary(found: TrialRun) -> list[Any]:
    label, tone = _state(found)
    rows: list[Any] = [
        {"label": _("试算版本"), "value": found.version.name, "url": _law(found.version.name)},
        {
            "label": _("对照"),
            "value": _baseline(found),
            "url": _law(found.baseline.name) if found.baseline else "",
        },
        (_("地区"), found.region.name),
        (_("年度"), str(found.year)),
        {"label": _("状态"), "value": label, "kind": "badge", "tone": tone},
        (_("操作人"), found.actor.name if found.actor else _("系统")),
    ]
    if found.finished_at:
        rows += [
            (
                _("费用"),
                _("%(n)s 笔，其中 %(changed)s 笔变化")
                % {"n": f"{found.claims:,}", "changed": f"{found.changed_claims:,}"},
            ),
            (_("人员"), _("%(n)s 人") % {"n": f"{found.persons:,}"}),
            (_("负担减少"), _("%(n)s 人") % {"n": f"{found.gained:,}"}),
            (_("负担增加"), _("%(n)s 人") % {"n": f"{found.lost:,}"}),
            {"label": _("支出变化（元）"), "value": found.fund_change, "kind": "amount"},
            (_("完成时间"), f"{timezone.localtime(found.finished_at):%Y-%m-%d %H:%M}"),
        ]
    return rows


def _law(name: str) -> str:
    return reverse("policies:version", args=[name])


def _export(results: Results, title: str, kind: str) -> HttpResponseBase:
    header, rows = results.table()
    body = [
        [neutral(part), neutral(label), *(_yuan(fen) for fen in amounts), gained, lost]
        for part, label, *amounts, gained, lost in rows
    ]
    response = csv_response(header, body) if kind == "csv" else xlsx_response(title, header, body)
    name = f"{title}-{timezone.localdate():%Y%m%d}.{kind}"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def _yuan(fen: Any) -> Any:
    return Decimal(fen) / 100 if isinstance(fen, int) else fen


# --- persons --------------------------------------------------------------------------------------------------------
_PERSON = (
    Column("person.name", gettext_lazy("姓名")),
    Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
)
_AMOUNTS = (
    Column("number", gettext_lazy("序号"), kind="mono", sort="number", primary=True),
    Column("region.name", gettext_lazy("参保地区")),
    Column("category", gettext_lazy("现行适用类别"), value=lambda row: row.category_label),
    Column("trial_category", gettext_lazy("试算适用类别"), value=lambda row: row.trial_category_label),
    Column("claims", gettext_lazy("笔数"), kind="number"),
    Column("cii", gettext_lazy("大病保险"), kind="amount", shown=False),
    Column("trial_cii", gettext_lazy("大病保险（试算）"), kind="amount", shown=False),
    Column("assistance", gettext_lazy("医疗救助"), kind="amount"),
    Column("trial_assistance", gettext_lazy("医疗救助（试算）"), kind="amount"),
    Column("outside", gettext_lazy("目录外救助"), kind="amount", shown=False),
    Column("trial_outside", gettext_lazy("目录外救助（试算）"), kind="amount", shown=False),
    Column("top_up", gettext_lazy("倾斜救助"), kind="amount", shown=False),
    Column("trial_top_up", gettext_lazy("倾斜救助（试算）"), kind="amount", shown=False),
    Column("burden", gettext_lazy("个人负担"), kind="amount"),
    Column("trial_burden", gettext_lazy("个人负担（试算）"), kind="amount"),
    Column("gain", gettext_lazy("负担减少"), kind="amount", sort="gain"),
    Column(
        "side",
        gettext_lazy("变化"),
        kind="badge",
        value=lambda row: _("减少") if row.gain > 0 else _("增加") if row.gain < 0 else _("不变"),
        tone=lambda row: "done" if row.gain > 0 else "late" if row.gain < 0 else "plain",
    ),
)


@requires(Act.POLICY_READ)
@require_GET
def people(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Persons for whom the trial differs, largest change first; by name only for those who may read persons."""
    user = cast(User, request.user)
    found = get_visible(request, selectors.runs_for(user), pk=pk)
    named = selectors.may_name(user)
    form = PeopleFilter(request.GET, user=user)
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    subject = f"trial:{found.pk}"

    def exported(_kind: str) -> None:
        record_read(actor=user, what=ReadRecord.What.EXPORT, subject=subject, request=request)

    listing = Listing(
        request=request,
        rows=selectors.people_for(user, found, **filters),
        columns=(_AMOUNTS[0], *_PERSON, *_AMOUNTS[1:]) if named else _AMOUNTS,
        title=_("试算人员"),
        filters=form,
        default_sort="number",
        row_url=(lambda row: person_url(user, row.person_id)) if named else None,
        empty=_("没有变化的人员"),
        empty_help=_("只列出试算与对照不同的人员"),
        on_export=exported,
    )
    context = {"run": found, "named": named, "breadcrumb": _above(found)}
    return listing.respond("trials/people.html", context)


def _above(found: TrialRun) -> list[tuple[str, str]]:
    name = f"{found.version.name} · {found.region.name} · {found.year}"
    return [
        (_("政策"), reverse("policies:list")),
        (_("试算"), reverse("trials:list")),
        (name, reverse("trials:run", args=[found.pk])),
    ]


# --- five regions ---------------------------------------------------------------------------------------------------
LABELS = {
    "cii": gettext_lazy("大病保险"),
    "assistance": gettext_lazy("医疗救助"),
    "outside": gettext_lazy("目录外救助"),
    "top_up": gettext_lazy("倾斜救助"),
    "borne": gettext_lazy("机构承担"),
    "burden": gettext_lazy("个人负担"),
}


@requires(Act.POLICY_READ)
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """One case under every region's published version; the case stands in the address and nowhere else."""
    form = CaseForm(request.GET) if request.GET else CaseForm()
    context: dict[str, Any] = {"title": _("五地对照"), "form": form}
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data
        sides = comparing.side_by_side(form.case(), chosen["categories"], chosen["approved"])
        context |= {
            "sides": sides,
            "rows": [_row(name, sides) for name in comparing.ROWS],
            "categories": [category_label(side.category) if side.category else "" for side in sides],
            "case": _case(form),
        }
    return render(request, "trials/compare.html", context)


def _row(name: str, sides: list[comparing.Side]) -> dict[str, Any]:
    amounts = [side.amount(name) for side in sides]
    # What another document may still pay cannot be compared.
    known = [amount for side, amount in zip(sides, amounts, strict=True) if amount is not None and not side.elsewhere]
    least = min(known) if name == "burden" and len(set(known)) > 1 else None
    return {
        "label": LABELS[name],
        "strong": name == "burden",
        "cells": [
            {
                "amount": amount,
                "least": amount is not None and amount == least and not side.elsewhere,
                "elsewhere": side.elsewhere,
            }
            for side, amount in zip(sides, amounts, strict=True)
        ],
    }


def _case(form: CaseForm) -> list[Any]:
    """The case as it is printed above the result."""
    chosen = form.cleaned_data
    rows: list[Any] = []
    for name, field in form.fields.items():
        value = chosen.get(name)
        if name in ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid"):
            rows.append({"label": field.label, "value": value, "kind": "amount"})
        elif name == "settled_on":
            rows.append({"label": field.label, "value": value, "kind": "date"})
        elif name == "categories":
            rows.append((field.label, "、".join(category_label(one) for one in value) or _("无救助身份")))
        elif isinstance(value, bool):
            rows.append((field.label, _("是") if value else _("否")))
        elif value != "":
            rows.append((field.label, dict(cast(Any, field).choices)[value]))
    return rows
