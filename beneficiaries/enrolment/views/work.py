"""Worklists: suspected uninsured and interruption risks, payments that do not fit."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Bulk, Column, ListPage
from accounts.models import User
from beneficiaries.enrolment import cases, worklists
from beneficiaries.enrolment import forms as f
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch
from beneficiaries.enrolment.mismatches import decide_mismatch, refresh_mismatches
from beneficiaries.enrolment.views.common import act_on, may_write, places, try_service, user_of


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value}


def _case_tone(row: CoverageCase) -> str:
    return "done" if row.closed_on else "due"


class Cases(ListPage):
    """Persons to be worked off, with place, cause, who sees to it, outcome."""

    act = Act.ENROLMENT_READ
    title = gettext_lazy("疑似未参保")
    filters = f.CaseFilter
    template_name = "enrolment/list.html"
    columns = (
        Column("person.name", gettext_lazy("姓名"), primary=True),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("region.name", gettext_lazy("经办地区")),
        Column("year", gettext_lazy("年度"), kind="mono"),
        Column("get_kind_display", gettext_lazy("种类")),
        Column("get_cause_display", gettext_lazy("情形")),
        Column("opened_on", gettext_lazy("列入日期"), kind="date", sort="opened_on"),
        Column("assigned", gettext_lazy("承办人"), value=lambda row: row.assigned_to.name if row.assigned_to else ""),
        Column(
            "state",
            gettext_lazy("结果"),
            kind="badge",
            value=lambda row: row.get_outcome_display() or _("待核"),
            tone=_case_tone,
        ),
        Column("closed_on", gettext_lazy("办结日期"), kind="date"),
    )
    default_sort = "-opened_on"
    empty = gettext_lazy("没有待核的人员")
    empty_help = gettext_lazy("点击“查找未参保”，从台账中列出未登记、未缴费和断保的困难群众。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[CoverageCase]:
        return worklists.cases(self.user, **_given(filters))

    @property
    def bulk(self) -> list[Bulk]:  # type: ignore[override]
        assign = [Bulk(_("分派"), reverse("enrolment:cases_assign"))] if self.user.may(Act.ENROLMENT_WRITE) else []
        close = [Bulk(_("办结"), reverse("enrolment:cases_close"))] if self.user.may(Act.ENROLMENT_VISIT) else []
        return assign + close

    def row_url(self, row: CoverageCase) -> str:
        return reverse("enrolment:case", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "cases")}
        if self.user.may(Act.ENROLMENT_WRITE):
            found["start"] = f.YearRegionForm(user=self.user, auto_id="start_%s")
            found["start_url"], found["start_label"] = reverse("enrolment:cases_find"), _("查找未参保")
        return found


@requires(Act.ENROLMENT_WRITE)
@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """Lists who is suspected to be uninsured in a region's year, closes who no longer is."""
    user = user_of(request)
    form = f.YearRegionForm(request.POST, user=user)
    if not form.is_valid():
        messages.error(request, _("请选择地区和年度。"))
        return go(request, "enrolment:cases")
    region, year = form.cleaned_data["region"], form.cleaned_data["year"]
    counts: dict[str, int] = {}

    def call() -> None:
        counts.update(cases.find_uninsured(actor=user, region=region, year=year))
        counts["listed"] = cases.interruptions_from_lists(actor=user, region=region, year=year)
        done = _("新列入 %(opened)s 人，中断风险 %(listed)s 人，已参保自动办结 %(closed)s 人") % counts
        messages.success(request, done)

    query = urlencode({"region": region.code, "year": year, "state": "open"})
    return act_on(request, call, _("已查找 %(year)s 年") % {"year": year}, f"{reverse('enrolment:cases')}?{query}")


def _case(request: HttpRequest, pk: int) -> CoverageCase:
    return get_visible(request, CoverageCase.objects.select_related("person", "region", "assigned_to"), pk=pk)


@requires(Act.ENROLMENT_READ)
@require_GET
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: facts, what was done, and what may be done now."""
    return _case_page(request, _case(request, pk), {})


def _case_forms(user: User, one: CoverageCase) -> dict[str, Any]:
    """What the user may do now: move → (label, form)."""
    if one.closed_on or not cases.may_work(user, one):
        return {}
    found: dict[str, Any] = {"note": (_("记录走访"), f.NoteForm())}
    if one.kind == CoverageCase.Kind.INTERRUPTION and user.may(Act.ENROLMENT_WRITE):
        if not one.consent_on:
            found["consent"] = (_("记录知情同意"), f.ConsentForm())
        found["check"] = (_("核查重复参保"), None)
        if one.consent_on and one.checked_on:
            found["take_over"] = (_("转入居民医保"), f.TakeOverForm())
    if user.may(Act.ENROLMENT_WRITE):
        found["assign"] = (_("分派"), f.AssignForm(users=cases.workers(one.region_id[:6])))
    found["close"] = (_("办结"), f.CloseForm())
    return found


def _apart(moves: dict[str, Any]) -> dict[str, Any]:
    """The same with the fields of each form under names of their own on the page."""
    for move, (_label, form) in moves.items():
        if form is not None:
            form.auto_id = f"{move}_%s"
    return moves


def _case_page(request: HttpRequest, one: CoverageCase, wrong: dict[str, Any]) -> HttpResponse:
    user = user_of(request)
    moves = _apart(_case_forms(user, one) | wrong)
    rows: list[Any] = [
        {"label": _("姓名"), "value": one.person.name, "url": _person_url(user, one)},
        {"label": _("证件号码"), "value": one.person.masked_id_number, "kind": "mono"},
        (_("联系电话"), one.person.masked_phone),
        (_("经办地区"), one.region.name),
        (_("年度"), one.year),
        (_("种类"), one.get_kind_display()),
        (_("情形"), one.get_cause_display()),
        {"label": _("列入日期"), "value": one.opened_on, "kind": "date"},
        (_("承办人"), one.assigned_to.name if one.assigned_to else ""),
    ]
    if one.kind == CoverageCase.Kind.INTERRUPTION:
        rows += [
            {"label": _("发生日期"), "value": one.since, "kind": "date"},
            {"label": _("知情同意"), "value": one.consent_on, "kind": "date"},
            {"label": _("重复参保核查"), "value": one.checked_on, "kind": "date"},
        ]
    if one.closed_on:
        rows += [
            (_("结果"), one.get_outcome_display()),
            {"label": _("办结日期"), "value": one.closed_on, "kind": "date"},
        ]
    context = {
        "title": f"{one.person.name} · {one.get_kind_display()}",
        "one": one,
        "rows": rows,
        "moves": moves,
        "steps": one.steps.select_related("actor"),
    }
    return render(request, "enrolment/case.html", context, status=422 if wrong else 200)


def _person_url(user: User, one: CoverageCase) -> str:
    return reverse("beneficiaries:person_tab", args=[one.person_id, "enrolment"]) if user.may(Act.PERSON_READ) else ""


@requires(Act.ENROLMENT_VISIT)
@require_POST
def case_move(request: HttpRequest, pk: int, move: str) -> HttpResponse:
    """One step of a case: note, assign, consent, check, take over, close."""
    one, actor = _case(request, pk), user_of(request)
    known: dict[str, tuple[Any, Any]] = {
        "note": (f.NoteForm, cases.note_case),
        "assign": (lambda data: f.AssignForm(data, users=cases.workers(one.region_id[:6])), cases.assign_case),
        "consent": (f.ConsentForm, cases.record_consent),
        "take_over": (f.TakeOverForm, cases.take_over),
        "close": (f.CloseForm, cases.close_case),
    }
    if move == "check":
        return _check_double(request, one, actor)
    if move not in known:
        raise Http404
    make, service = known[move]
    form = make(request.POST)
    if move not in ("note", "close") and not may_write(request):
        form.add_error(None, _("您的角色或管辖范围不能办理这里的参保事项"))
    if form.is_valid() and try_service(request, form, lambda: service(actor=actor, case=one, **form.cleaned_data)):
        messages.success(request, _("已记录"))
        return go(request, "enrolment:case", one.pk)
    label = {"note": _("记录走访"), "assign": _("分派"), "close": _("办结")}.get(move, _("办理"))
    return _case_page(request, one, {move: (label, form)})


def _check_double(request: HttpRequest, one: CoverageCase, actor: User) -> HttpResponse:
    def call() -> None:
        if not may_write(request):
            raise cases.PermissionDenied(_("您的角色或管辖范围不能办理这里的参保事项"))
        found = cases.check_double(actor=actor, case=one)
        if found:
            messages.warning(request, _("此人仍在%(what)s") % {"what": found[0].get_insurance_display()})

    return act_on(request, call, _("已核查重复参保"), "enrolment:case", one.pk)


# --- payments that do not fit ----------------------------------------------------------------------------------------
def _mismatch_state(row: PaymentMismatch) -> str:
    if row.closed_on:
        return str(row.get_outcome_display())
    return _("等待退费") if row.outcome else _("待处理")


class Mismatches(ListPage):
    """What tax says was paid against what is owed."""

    act = Act.ENROLMENT_READ
    title = gettext_lazy("缴费疑点")
    filters = f.MismatchFilter
    template_name = "enrolment/list.html"
    columns = (
        Column("who", gettext_lazy("姓名"), primary=True, value=lambda row: _name(row)),
        Column("number", gettext_lazy("证件号码"), kind="mono", value=lambda row: _number(row)),
        Column("region.name", gettext_lazy("地区")),
        Column("year", gettext_lazy("年度"), kind="mono"),
        Column("get_kind_display", gettext_lazy("疑点")),
        Column("expected", gettext_lazy("应缴"), kind="amount"),
        Column("actual", gettext_lazy("实缴"), kind="amount"),
        Column("found_on", gettext_lazy("发现日期"), kind="date", sort="found_on"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=_mismatch_state,
            tone=lambda row: "done" if row.closed_on else "info" if row.outcome else "due",
        ),
    )
    default_sort = "-found_on"
    empty = gettext_lazy("没有缴费疑点")
    empty_help = gettext_lazy("确认税务部门的缴费文件后自动核对；也可以点击“重新核对”。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[PaymentMismatch]:
        return worklists.mismatches(self.user, **_given(filters))

    def row_url(self, row: PaymentMismatch) -> str:
        return reverse("enrolment:mismatch", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "mismatches")}
        if self.user.may(Act.ENROLMENT_WRITE):
            found["start"] = f.YearRegionForm(user=self.user, auto_id="start_%s")
            found["start_url"], found["start_label"] = reverse("enrolment:mismatches_find"), _("重新核对")
        return found


def _name(row: PaymentMismatch) -> str:
    return (
        row.contribution.name if row.contribution and row.contribution.name else row.person.name if row.person else ""
    )


def _number(row: PaymentMismatch) -> str:
    found = row.contribution or row.person
    return found.masked_id_number if found else ""


@requires(Act.ENROLMENT_WRITE)
@require_POST
def mismatches_find(request: HttpRequest) -> HttpResponse:
    """Looks through a region's year again."""
    form = f.YearRegionForm(request.POST, user=user_of(request))
    if not form.is_valid():
        messages.error(request, _("请选择地区和年度。"))
        return go(request, "enrolment:mismatches")
    region, year = form.cleaned_data["region"], form.cleaned_data["year"]
    query = urlencode({"region": region.code, "year": year, "state": "open"})
    return act_on(
        request,
        lambda: refresh_mismatches(region=region, year=year),
        _("已核对 %(year)s 年的缴费") % {"year": year},
        f"{reverse('enrolment:mismatches')}?{query}",
    )


@requires(Act.ENROLMENT_READ)
@require_http_methods(["GET", "POST"])
def mismatch(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: the payments behind it and the decision."""
    found = PaymentMismatch.objects.select_related("person", "region", "contribution__source", "closed_by")
    one = get_visible(request, found, pk=pk)
    user = user_of(request)
    open_ = one.closed_on is None and user.may(Act.ENROLMENT_WRITE)
    form = f.DecideForm(request.POST or None) if open_ else None
    if request.method == "POST" and form is None:
        messages.error(request, _("这个疑点已办结，或者您的角色不能处理。"))
        return go(request, "enrolment:mismatch", one.pk)
    if form is not None and form.is_valid():
        data = form.cleaned_data
        if try_service(request, form, lambda: decide_mismatch(actor=user, mismatch=one, **data)):
            messages.success(request, _("已记录处理结果"))
            return go(request, "enrolment:mismatch", one.pk)
    rows: list[Any] = [
        {"label": _("姓名"), "value": _name(one), "url": _mismatch_person(user, one)},
        {"label": _("证件号码"), "value": _number(one), "kind": "mono"},
        (_("地区"), one.region.name),
        (_("年度"), one.year),
        (_("疑点"), one.get_kind_display()),
        {"label": _("应缴"), "value": one.expected, "kind": "amount"},
        {"label": _("实缴"), "value": one.actual, "kind": "amount"},
        {"label": _("发现日期"), "value": one.found_on, "kind": "date"},
        (_("处理结果"), _mismatch_state(one)),
        (_("说明"), one.note),
    ]
    if one.closed_on:
        rows.append({"label": _("处理日期"), "value": one.closed_on, "kind": "date"})
    payments = (
        [one.contribution]
        if one.contribution
        else list(one.person.contributions.filter(year=one.year).select_related("source"))
        if one.person
        else []
    )
    context = {"title": _("缴费疑点"), "one": one, "rows": rows, "form": form, "payments": payments}
    return render(request, "enrolment/mismatch.html", context, status=422 if form is not None and form.errors else 200)


def _mismatch_person(user: User, one: PaymentMismatch) -> str:
    if one.person_id is None or not user.may(Act.PERSON_READ):
        return ""
    return reverse("beneficiaries:person_tab", args=[one.person_id, "enrolment"])
