"""Pages of later truth: what waits, the cases, one case per person and tier, what was booked, the year's end."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, Listing, ListPage
from accounts.models import Region, User
from claims.errors import ClaimError
from claims.later import selectors, services
from claims.later.forms import AdjustmentFilter, CaseFilter, ReasonForm, YearEndFilter, YearEndForm
from claims.later.models import Adjustment, Resettlement, ResettlementLine
from claims.later.services import start_year_end
from policies.models import PolicyVersion

State = Resettlement.State
TONES = {
    State.COMPUTING: "info",
    State.CONFIRMING: "info",
    State.PREPARED: "due",
    State.CONFIRMED: "done",
    State.FAILED: "late",
}


def tone(case: Resettlement) -> str:
    return TONES.get(State(case.state), "plain")


class Cases(ListPage):
    """Cases newest first; over them what waits for one."""

    act = Act.CLAIM_READ
    title = gettext_lazy("重新结算")
    template_name = "claims/later/cases.html"
    filters = CaseFilter
    columns = (
        Column("number", gettext_lazy("编号"), kind="mono", sort="id", primary=True),
        Column("cause", gettext_lazy("原因"), value=lambda row: row.get_cause_display()),
        Column("region.name", gettext_lazy("地区")),
        Column("persons", gettext_lazy("涉及人数"), kind="number", sort="persons"),
        Column("claims", gettext_lazy("涉及笔数"), kind="number", sort="claims"),
        Column("supplement", gettext_lazy("补支付"), kind="amount", sort="supplement"),
        Column("recovery", gettext_lazy("追回"), kind="amount", sort="recovery"),
        Column("prepared_by.name", gettext_lazy("经办人")),
        Column("decided_by.name", gettext_lazy("确认人")),
        Column("prepared_at", gettext_lazy("测算时间"), kind="datetime", sort="prepared_at"),
        Column("state", gettext_lazy("状态"), kind="badge", value=lambda row: row.get_state_display(), tone=tone),
    )
    default_sort = "-id"
    empty = gettext_lazy("还没有重新结算")
    empty_help = gettext_lazy("认定、费用或政策有了更早的事实，这里列出受影响的年度")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.cases_for(self.user, state=filters.get("state") or "", cause=filters.get("cause") or "")

    @staticmethod
    def row_url(row: Resettlement) -> str:
        return reverse("later:case", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        may = self.user.may(Act.CLAIM_WRITE)
        return {
            "groups": selectors.groups(self.user),
            "versions": selectors.versions_with_a_past(self.user) if may else [],
            "may_prepare": may,
            "breadcrumb": [(_("费用"), reverse("claims:list"))],
            "actions": [
                {"label": _("补支付与追回"), "url": reverse("later:adjustments")},
                {"label": _("年末一次性救助"), "url": reverse("later:year_end")},
            ],
        }


@requires(Act.CLAIM_WRITE)
@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """A case for everything that waits for one cause and source."""
    actor = cast(User, request.user)
    region = Region.objects.get(pk=actor.region_prefix.ljust(12, "0"))
    try:
        made = services.prepare(
            actor=actor,
            region=region,
            cause=request.POST.get("cause", ""),
            reference=request.POST.get("reference", ""),
        )
    except ClaimError as error:
        messages.error(request, str(error))
        return go(request, "later:list")
    return go(request, "later:case", made.pk)


@requires(Act.CLAIM_WRITE)
@require_POST
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """A version with a past date: the years that another text settled wait from now on."""
    found = get_visible(request, PolicyVersion.objects.defer("body"), pk=pk)
    try:
        count = services.record_version(actor=cast(User, request.user), version=found)
    except ClaimError as error:
        messages.error(request, str(error))
    else:
        if count:
            messages.success(request, _("%(n)s 个年度须按该版本重新结算，已列入待办。") % {"n": count})
        else:
            messages.info(request, _("没有须按该版本重新结算的费用。"))
    return go(request, "later:list")


@requires(Act.CLAIM_READ)
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: old and new of every claim and tier, the difference per person, who may confirm."""
    found = get_visible(
        request, Resettlement.objects.select_related("region", "prepared_by", "decided_by", "job"), pk=pk
    )
    return _case_page(request, found, ReasonForm())


def _case_page(request: HttpRequest, found: Resettlement, form: ReasonForm, status: int = 200) -> HttpResponse:
    user = cast(User, request.user)
    people = selectors.persons_of(found)
    mine = found.prepared_by_id == user.pk
    context = {
        "title": _("重新结算 %(number)s") % {"number": found.number},
        "case": found,
        "tone": tone(found),
        "summary": _summary(found),
        "job": found.job if found.state in (State.COMPUTING, State.CONFIRMING) else None,
        "people": people,
        "more": found.persons - len(people),
        "may_open": user.may(Act.PERSON_READ),
        "proposals": list(found.facts.filter(claim__isnull=False).select_related("claim", "recorded_by")),
        "may_confirm": found.state == State.PREPARED and user.may(Act.RESETTLE_CONFIRM) and not mine,
        "must_be_another": found.state == State.PREPARED and mine,
        "may_withdraw": found.state in (State.PREPARED, State.FAILED)
        and (user.may(Act.RESETTLE_CONFIRM) or user.may(Act.CLAIM_WRITE)),
        "form": form,
    }
    return render(request, "claims/later/case.html", context, status=status)


def _summary(found: Resettlement) -> list[Any]:
    rows: list[Any] = [
        {"label": _("状态"), "value": found.get_state_display(), "kind": "badge", "tone": tone(found)},
        (_("原因"), found.get_cause_display()),
        (_("来源"), selectors.name_of(found)),
        (_("地区"), found.region.name),
        (_("经办人"), found.prepared_by.name if found.prepared_by else _("系统")),
        {"label": _("测算时间"), "value": found.prepared_at, "kind": "date"},
        (_("涉及人数"), found.persons),
        (_("涉及笔数"), found.claims),
        {"label": _("补支付"), "value": found.supplement, "kind": "amount"},
        {"label": _("追回"), "value": found.recovery, "kind": "amount"},
    ]
    if found.decided_by:
        rows.append((_("确认人"), found.decided_by.name))
    if found.reason:
        rows.append((_("撤回原因"), found.reason))
    return rows


_AMOUNTS = (
    ("cii", gettext_lazy("大病保险")),
    ("assistance", gettext_lazy("医疗救助")),
    ("outside", gettext_lazy("目录外救助")),
    ("top_up", gettext_lazy("倾斜救助")),
    ("burden", gettext_lazy("个人负担")),
)
_LINE_COLUMNS = (
    Column("person.name", gettext_lazy("姓名"), primary=True),
    Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
    Column(
        "claim", gettext_lazy("结算号"), kind="mono", value=lambda row: row.claim.claim_no if row.claim else _("年末")
    ),
    Column("year", gettext_lazy("年度")),
    *(
        Column(f"{side}_{name}", f"{label}（{words}）", kind="amount", shown=name in ("cii", "assistance"))
        for name, label in _AMOUNTS
        for side, words in (("old", gettext_lazy("原")), ("new", gettext_lazy("新")))
    ),
    Column("difference", gettext_lazy("差额"), kind="amount"),
)


@requires(Act.CLAIM_READ)
def lines(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All lines of a case as a list, to page through and to export."""
    user = cast(User, request.user)
    found = get_visible(request, Resettlement, pk=pk)
    listing: Listing = Listing(
        request=request,
        rows=selectors.lines_for(user, found),
        columns=_LINE_COLUMNS,
        title=_("重新结算 %(number)s 明细") % {"number": found.number},
        row_url=_line_url,
    )
    breadcrumb = [(_("重新结算"), reverse("later:list")), (found.number, reverse("later:case", args=[pk]))]
    return listing.respond("components/list_page.html", {"breadcrumb": breadcrumb})


def _line_url(row: ResettlementLine) -> str:
    return reverse("claims:claim", args=[row.claim_id]) if row.claim_id else ""


@requires(Act.RESETTLE_CONFIRM)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person confirms; what moved since is shown again instead."""
    found = get_visible(request, Resettlement, pk=pk)
    try:
        done = services.confirm(actor=cast(User, request.user), case=found)
    except services.CaseMoved as error:
        messages.warning(request, str(error))
    except ClaimError as error:
        messages.error(request, str(error))
    else:
        if done.state == State.CONFIRMED:
            messages.success(request, _("已确认并入账：%(number)s") % {"number": done.number})
    return go(request, "later:case", pk)


@requires(Act.CLAIM_READ)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The case is not confirmed; its facts wait again."""
    found = get_visible(
        request, Resettlement.objects.select_related("region", "prepared_by", "decided_by", "job"), pk=pk
    )
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _case_page(request, found, form, status=422)
    try:
        services.withdraw(actor=cast(User, request.user), case=found, reason=form.cleaned_data["reason"])
    except ClaimError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已撤回：%(number)s") % {"number": found.number})
    return go(request, "later:case", pk)


class Adjustments(ListPage):
    """What was booked: supplements and recoveries, each with payer and clause."""

    act = Act.CLAIM_READ
    title = gettext_lazy("补支付与追回")
    filters = AdjustmentFilter
    columns = (
        Column("number", gettext_lazy("编号"), kind="mono", sort="id", primary=True),
        Column("booked_at", gettext_lazy("入账时间"), kind="datetime", sort="booked_at"),
        Column("person.name", gettext_lazy("姓名")),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono", shown=False),
        Column(
            "claim",
            gettext_lazy("结算号"),
            kind="mono",
            value=lambda row: row.claim.claim_no if row.claim else _("年末"),
        ),
        Column("region.name", gettext_lazy("参保地区")),
        Column(
            "kind",
            gettext_lazy("方向"),
            kind="badge",
            value=lambda row: row.get_kind_display(),
            tone=lambda row: "done" if row.kind == Adjustment.Kind.SUPPLEMENT else "due",
        ),
        Column("tier", gettext_lazy("支付层级"), value=lambda row: row.get_tier_display()),
        Column("payer", gettext_lazy("支付方"), value=lambda row: row.get_payer_display()),
        Column("amount", gettext_lazy("金额"), kind="amount", sort="amount"),
        Column("clauses", gettext_lazy("条款"), value=lambda row: "、".join(row.clauses)),
        Column("case.number", gettext_lazy("重新结算"), kind="mono"),
        Column("booked_by.name", gettext_lazy("确认人"), shown=False),
    )
    default_sort = "-id"
    empty = gettext_lazy("还没有补支付或追回")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.adjustments_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Adjustment) -> str:
        return reverse("later:case", args=[row.case_id])

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": [(_("费用"), reverse("claims:list")), (_("重新结算"), reverse("later:list"))]}


class YearEnds(ListPage):
    """Payments of quota-managed chronic care at year end (S4-06)."""

    act = Act.CLAIM_READ
    title = gettext_lazy("年末一次性救助")
    filters = YearEndFilter
    template_name = "claims/later/year_end.html"
    columns = (
        Column("person.name", gettext_lazy("姓名"), primary=True),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("region.name", gettext_lazy("参保地区")),
        Column("year", gettext_lazy("年度"), sort="year"),
        Column("category", gettext_lazy("适用类别"), value=lambda row: row.category_label),
        Column("base", gettext_lazy("限额管理费用"), kind="amount", sort="base"),
        Column("computed", gettext_lazy("按比例计算"), kind="amount"),
        Column("paid", gettext_lazy("年末一次性救助"), kind="amount", sort="paid"),
        Column("settled_at", gettext_lazy("结算时间"), kind="datetime", sort="settled_at"),
    )
    default_sort = "-settled_at"
    empty = gettext_lazy("还没有年末一次性救助")
    empty_help = gettext_lazy("限额管理的门诊慢特病费用，年度结束后一次救助")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.year_ends_for(self.user, year=filters.get("year"))

    def extra(self) -> dict[str, Any]:
        may = self.user.may(Act.CLAIM_WRITE)
        return {
            "breadcrumb": [(_("费用"), reverse("claims:list")), (_("重新结算"), reverse("later:list"))],
            "run_form": YearEndForm(user=self.user) if may else None,
        }


@requires(Act.CLAIM_WRITE)
@require_POST
def run_year_end(request: HttpRequest) -> HttpResponse:
    """Starts the run on a worker."""
    user = cast(User, request.user)
    form = YearEndForm(request.POST, user=user)
    if not form.is_valid():
        messages.error(request, _("请选择地区和已结束的年度。"))
        return go(request, "later:year_end")
    try:
        job = start_year_end(actor=user, region=form.cleaned_data["region"], year=form.cleaned_data["year"])
    except ClaimError as error:
        messages.error(request, str(error))
        return go(request, "later:year_end")
    return go(request, "accounts:job", job.pk)
