"""Pages of findings: the list with open ones by county, one with its steps, a new one."""

from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import User
from monitoring.findings import selectors, services
from monitoring.findings.forms import ExtendForm, FindingFilter, FindingForm, StepForm
from monitoring.findings.models import Finding, FindingStep

What = FindingStep.What
ICONS = {"open": "flag", "answer": "send", "return": "undo-2", "extend": "calendar-clock", "clear": "check"}
TONES = {"late": "late", "answered": "due", "cleared": "done"}


class Findings(ListPage):
    """Findings that are not cleared, the earliest deadline first."""

    act = Act.FINDING_READ
    title = gettext_lazy("问题整改")
    template_name = "findings/findings.html"
    filters = FindingFilter
    columns = (
        Column("number", gettext_lazy("编号"), kind="mono", sort="number", primary=True),
        Column("title", gettext_lazy("问题")),
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("department", gettext_lazy("责任部门"), value=lambda row: row.get_department_display()),
        Column("section", gettext_lazy("责任股室"), value=lambda row: row.get_section_display(), shown=False),
        Column("source", gettext_lazy("来源"), value=lambda row: row.get_source_display()),
        Column("found_on", gettext_lazy("发现日期"), kind="date", sort="found_on"),
        Column("due_on", gettext_lazy("整改期限"), kind="date", sort="due_on"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: _("已逾期") if row.late else row.get_state_display(),
            tone=lambda row: row.tone,
        ),
        Column("cleared_on", gettext_lazy("销号日期"), kind="date", sort="cleared_on", shown=False),
    )
    default_sort = "due_on"
    empty = gettext_lazy("没有符合条件的问题")
    empty_help = gettext_lazy("监管人员登记的问题列在这里，整改完成并销号后归零")

    def rows(self, filters: dict[str, Any]) -> QuerySet[Finding]:
        return selectors.findings_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Finding) -> str:
        return reverse("monitoring:finding", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found, chosen = selectors.counts(self.user), self.request.GET.get("state") or "uncleared"
        here = reverse("monitoring:findings")
        labels = dict(FindingFilter.base_fields["state"].choices)
        new = {"label": _("登记问题"), "url": reverse("monitoring:finding_new"), "icon": "plus", "primary": True}
        return {
            "actions": [new] if self.user.may(Act.FINDING_OPEN) else [],
            "counties": selectors.by_county(self.user),
            "counts": [
                {
                    "label": labels[state],
                    "count": found[state],
                    "url": f"{here}?state={state}",
                    "active": chosen == state,
                    "tone": TONES.get(state, "") if found[state] else "",
                }
                for state in found
            ],
        }


@requires(Act.FINDING_READ)
@require_GET
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding with its steps."""
    return _page(request, _found(request, pk))


def _found(request: HttpRequest, pk: int) -> Finding:
    return get_visible(request, Finding.objects.select_related("region", "opened_by"), pk=pk)


def _page(request: HttpRequest, found: Finding, wrong: dict[str, Any] | None = None) -> HttpResponse:
    user, wrong = cast(User, request.user), wrong or {}
    moves = [
        {
            "what": what,
            "label": What(what).label,
            "icon": ICONS[what],
            "url": reverse("monitoring:finding_step", args=[found.pk, what]),
            "form": wrong.get(what) or _form(what)(auto_id=f"id_{what}_%s"),
            "primary": what in (What.ANSWER, What.CLEAR),
        }
        for (state, what), (_to, act) in services.MOVES.items()
        if state == found.state and user.may(act)
    ]
    years: dict[int, list[dict[str, Any]]] = {}
    for one in found.steps.select_related("by"):
        day = timezone.localdate(one.at)
        entry = {
            "icon": ICONS[one.what],
            "day": day,
            "text": f"{one.get_what_display()}：{one.text}",
            "who": one.by.name,
        }
        years.setdefault(day.year, []).append(entry)
    context = {
        "title": found.title,
        "finding": found,
        "summary": [
            {"label": _("编号"), "value": found.number, "kind": "mono"},
            (_("地区"), found.region.name),
            (_("责任部门"), f"{found.get_department_display()} {found.get_section_display()}".strip()),
            (_("来源"), found.get_source_display()),
            {"label": _("发现日期"), "value": found.found_on, "kind": "date"},
            {"label": _("整改期限"), "value": found.due_on, "kind": "date"},
            {
                "label": _("状态"),
                "value": _("已逾期") if found.late else found.get_state_display(),
                "kind": "badge",
                "tone": found.tone,
            },
            {"label": _("销号日期"), "value": found.cleared_on, "kind": "date"},
        ],
        "moves": moves,
        "years": list(years.items()),
    }
    return render(request, "findings/finding.html", context, status=422 if wrong else 200)


def _form(what: str) -> type[StepForm]:
    return ExtendForm if what == What.EXTEND else StepForm


@requires(Act.FINDING_READ)
@require_POST
def step(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """One step; which act it takes says the table of moves."""
    found, user = _found(request, pk), cast(User, request.user)
    if what not in What.values:
        raise Http404
    form = _form(what)(request.POST, auto_id=f"id_{what}_%s")
    if form.is_valid():
        try:
            services.step(actor=user, finding=found, what=what, **form.cleaned_data)
        except services.FindingError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已办理：%(what)s") % {"what": What(what).label})
            return go(request, "monitoring:finding", pk)
    if not any(move == (found.state, what) for move in services.MOVES):
        messages.error(request, " ".join(form.non_field_errors()))
    return _page(request, found, {what: form})


@requires(Act.FINDING_OPEN)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A finding is opened."""
    user = cast(User, request.user)
    form = FindingForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            found = services.open_finding(actor=user, **form.cleaned_data)
        except services.FindingError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已登记 %(number)s") % {"number": found.number})
            return go(request, "monitoring:finding", found.pk)
    context = {
        "title": _("登记问题"),
        "form": form,
        "breadcrumb": [(_("问题整改"), reverse("monitoring:findings"))],
        "cancel": reverse("monitoring:findings"),
    }
    return render(request, "findings/new.html", context, status=422 if form.errors else 200)
