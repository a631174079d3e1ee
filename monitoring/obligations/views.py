"""Pages of obligations: the month of a region, records of what no event shows."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.export import export_rows
from accounts.lists import Column
from accounts.models import Region, User
from accounts.templatetags.tuodi import ym
from monitoring.forms import MonthForm
from monitoring.models import ObligationRecord
from monitoring.obligations import selectors, services
from monitoring.obligations.forms import RecordForm

STATES = {
    "done": (gettext_lazy("已完成"), "done"),
    "done_late": (gettext_lazy("逾期完成"), "due"),
    "late": (gettext_lazy("已逾期"), "late"),
    "open": (gettext_lazy("未到期"), "plain"),
}
SHOWN_PLACES = 4
COLUMNS = (
    Column("due", gettext_lazy("期限"), kind="date"),
    Column("duty.name", gettext_lazy("事项")),
    Column("owner", gettext_lazy("责任部门")),
    Column("to", gettext_lazy("送"), value=lambda item: "、".join(item.duty.to)),
    Column("clauses", gettext_lazy("条款"), value=lambda item: " ".join(item.duty.clauses)),
    Column("done", gettext_lazy("完成"), kind="number"),
    Column("places", gettext_lazy("应完成"), kind="number"),
    Column("done_on", gettext_lazy("完成日期"), kind="date"),
    Column("state", gettext_lazy("状态"), value=lambda item: STATES[item.state(timezone.localdate())][0]),
    Column("missing", gettext_lazy("未完成的地区"), value=lambda item: "、".join(item.missing)),
    Column("note", gettext_lazy("说明")),
)


def asked(request: HttpRequest, user: User) -> tuple[MonthForm, Region, date]:
    """Region and month of the address; without them the user's own and today's."""
    own = get_visible(request, Region, pk=user.region_prefix.ljust(12, "0"))
    now = timezone.localdate().replace(day=1)
    form = MonthForm(request.GET or {"region": own.pk, "month": f"{now:%Y-%m}"}, user=user)
    form.is_valid()
    return form, form.cleaned_data.get("region") or own, form.cleaned_data.get("month") or now


@requires(Act.OBLIGATION_READ)
@require_GET
def obligations(request: HttpRequest) -> HttpResponseBase:
    """A region's month: who owes what by when, and what has come."""
    user = cast(User, request.user)
    form, region, month = asked(request, user)
    found = selectors.month_of_duties(region, month, user=user)
    if request.GET.get("export") in ("csv", "xlsx"):
        title = _("%(region)s %(month)s 期限") % {"region": region.name, "month": ym(month)}
        return export_rows(request.GET["export"], title, list(COLUMNS), found.items)
    return _page(request, form, found)


def _page(
    request: HttpRequest, form: MonthForm, found: selectors.MonthOfDuties, wrong: RecordForm | None = None
) -> HttpResponse:
    user, today = cast(User, request.user), timezone.localdate()
    here = f"region={found.region.pk}&month={found.month:%Y-%m}"
    rows = [_row(at, item, today, user, wrong) for at, item in enumerate(found.items)]
    states = [row["state"] for row in rows]
    context = {
        "title": _("期限"),
        "form": form,
        "found": found,
        "rows": rows,
        "summed": [
            {"label": label, "count": states.count(state), "tone": tone if states.count(state) else ""}
            for state, (label, tone) in STATES.items()
        ],
        "record_url": f"{reverse('monitoring:obligation_record')}?{here}",
        "export": f"{reverse('monitoring:obligations')}?{here}&export=",
    }
    return render(request, "obligations/month.html", context, status=422 if wrong else 200)


def _row(at: int, item: selectors.Item, today: date, user: User, wrong: RecordForm | None) -> dict[str, Any]:
    state = item.state(today)
    label, tone = STATES[state]
    may = item.recordable and user.may(Act.OBLIGATION_RECORD)
    form = None
    if may and not item.record:
        mine = wrong if wrong and wrong.data.get("name") == item.duty.name else None
        form = mine or RecordForm(initial={"name": item.duty.name}, auto_id=f"id_record{at}_%s")
    more = len(item.missing) - SHOWN_PLACES
    return {
        "item": item,
        "state": state,
        "label": label,
        "tone": tone,
        "left": (item.due - today).days,
        "missing": "、".join(item.missing[:SHOWN_PLACES]),
        "more": more if more > 0 else 0,
        "form": form,
        "dialog": f"record-{at}",
        "undo": reverse("monitoring:obligation_undo", args=[item.record.pk])
        if may and item.record and item.record.by_id == user.pk
        else "",
    }


@requires(Act.OBLIGATION_RECORD)
@require_POST
def record(request: HttpRequest) -> HttpResponse:
    """Says that an item was done, on evidence."""
    user = cast(User, request.user)
    page, region, month = asked(request, user)
    found = selectors.month_of_duties(region, month, user=user)
    form = RecordForm(request.POST)
    duty = next((item.duty for item in found.items if item.duty.name == request.POST.get("name")), None)
    if duty is None or found.document is None:
        messages.error(request, _("这个月没有这一项期限；请刷新页面查看。"))
        return go(request, "monitoring:obligations")
    if form.is_valid():
        data = {key: form.cleaned_data[key] for key in ("done_on", "note")}
        try:
            services.record_done(
                actor=user, region=region, policy=found.document.policy, duty=duty, month=month, **data
            )
        except services.RecordError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已登记办结：%(name)s") % {"name": duty.name})
            return go(request, f"{reverse('monitoring:obligations')}?region={region.pk}&month={month:%Y-%m}")
    return _page(request, page, found, form)


@requires(Act.OBLIGATION_RECORD)
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes one's own record back."""
    found = get_visible(request, ObligationRecord, pk=pk)
    url = f"{reverse('monitoring:obligations')}?region={found.region_id}&month={found.month:%Y-%m}"
    try:
        services.take_back(actor=cast(User, request.user), record=found)
    except services.RecordError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已撤回办结登记"))
    return go(request, url)
