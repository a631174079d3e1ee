"""Pages of the way out: deliveries with their calls and files, partners with their secrets."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from exchange import deliveries, partners, sftp, showing
from exchange import outbound_selectors as selectors
from exchange.models import Delivery, Partner
from exchange.outbound_forms import DeliveryFilter, PartnerForm
from exchange.places import places

State = Delivery.State
SHOWN_ROWS = 50


class Deliveries(ListPage):
    """What went to the departments, and what waits for a person."""

    act = Act.DELIVERY_READ
    title = gettext_lazy("送达")
    template_name = "exchange/place_list.html"
    filters = DeliveryFilter
    columns = (
        Column("number", gettext_lazy("文号"), kind="mono", sort="number", primary=True),
        Column("kind", gettext_lazy("种类"), value=lambda row: row.get_kind_display(), sort="kind"),
        Column("department", gettext_lazy("部门"), value=lambda row: row.get_department_display(), sort="department"),
        Column("region.name", gettext_lazy("地区")),
        Column("month", gettext_lazy("月份"), kind="month", sort="month"),
        Column("rows", gettext_lazy("条数"), kind="number", sort="rows"),
        Column("channel", gettext_lazy("通道"), value=lambda row: row.partner.get_channel_display()),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: row.get_state_display(),
            tone=lambda row: row.tone,
        ),
        Column("attempts", gettext_lazy("次数"), kind="number"),
        Column("last_error", gettext_lazy("失败原因")),
        Column("created_at", gettext_lazy("生成时间"), kind="datetime", sort="created_at"),
        Column("acknowledged_at", gettext_lazy("签收时间"), kind="datetime", sort="acknowledged_at"),
        Column("next_attempt_at", gettext_lazy("下次发送"), kind="datetime", shown=False),
    )
    default_sort = "-created_at"
    empty = gettext_lazy("还没有送达清单")
    empty_help = gettext_lazy("每月推送预警后，每个部门的清单列在这里")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.deliveries_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Delivery) -> str:
        return reverse("exchange:delivery", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found = selectors.counts_by_state(self.user)
        chosen, here = self.request.GET.get("state", ""), reverse("exchange:deliveries")
        tones = {State.PARKED: "late", State.ACKNOWLEDGED: "done"}
        counts = [
            {
                "label": state.label,
                "count": found.get(state, 0),
                "url": f"{here}?state={state}",
                "active": chosen == state,
                "tone": tones.get(state, ""),
            }
            for state in State
        ]
        return {"counts": counts, "places": places(self.user, "deliveries")}


@requires(Act.DELIVERY_READ)
@require_GET
def delivery(request: HttpRequest, pk: str) -> HttpResponse:
    """One delivery: what, to whom, every call and what it answered."""
    user = cast(User, request.user)
    found = get_visible(request, Delivery.objects.select_related("region", "partner"), pk=pk)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"delivery:{found.number}", request=request)
    rows = deliveries.read_rows(found)
    heads, cells = showing.table(rows[:SHOWN_ROWS])
    context = {
        "title": found.number,
        "delivery": found,
        "summary": _summary(found),
        "attempts": selectors.attempts_of(found),
        "heads": heads,
        "rows": cells,
        "more": max(0, len(rows) - SHOWN_ROWS),
        "may_resend": user.may(Act.WARNING_PUSH)
        and (found.state, "resend") in deliveries.MOVES
        # What lies in the portal is fetched again; only what was put into a folder is put there once more.
        and (found.state != Delivery.State.SENT or found.partner.channel == Partner.Channel.SFTP),
    }
    return render(request, "exchange/delivery.html", context)


def _summary(found: Delivery) -> list[Any]:
    return [
        {"label": _("状态"), "value": found.get_state_display(), "kind": "badge", "tone": found.tone},
        (_("种类"), found.get_kind_display()),
        (_("部门"), found.get_department_display()),
        (_("地区"), found.region.name),
        (_("月份"), f"{found.month:%Y-%m}"),
        (_("条数"), found.rows),
        (_("通道"), found.partner.get_channel_display()),
        (_("批次"), f"{found.parts_done} / {found.parts}" if found.partner.url else ""),
        (_("次数"), found.attempts),
        (_("失败原因"), found.last_error),
        (_("回执"), found.receipt),
        {"label": "SHA-256", "value": found.sha256, "kind": "mono"},
    ]


@requires(Act.DELIVERY_READ)
@require_GET
@never_cache
def delivery_file(request: HttpRequest, pk: str) -> HttpResponse:
    """The list as CSV: a recorded export; for the department's own liaison it is the receipt."""
    user = cast(User, request.user)
    found = get_visible(request, Delivery, pk=pk)
    record_read(actor=user, what=ReadRecord.What.EXPORT, subject=f"delivery:{found.number}", request=request)
    deliveries.acknowledge_fetch(actor=user, delivery=found)
    return _download(deliveries.file_bytes(found), f"{found.number}.csv", "text/csv; charset=utf-8")


@requires(Act.DELIVERY_READ)
@require_GET
@never_cache
def delivery_sha256(request: HttpRequest, pk: str) -> HttpResponse:
    """The check file beside the list, as `sha256sum -c` reads it."""
    found = get_visible(request, Delivery.objects.defer("body"), pk=pk)
    text = f"{found.sha256}  {found.number}.csv\n"
    return _download(text.encode(), f"{found.number}.csv.sha256", "text/plain; charset=utf-8")


def _download(content: bytes, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires(Act.WARNING_PUSH)
@require_POST
def resend(request: HttpRequest, pk: str) -> HttpResponseBase:
    """重新发送: a person has seen the reason."""
    found = get_visible(request, Delivery.objects.defer("body"), pk=pk)
    try:
        deliveries.resend(actor=cast(User, request.user), delivery=found)
    except deliveries.DeliveryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已重新排队发送：%(number)s") % {"number": found.number})
    return go(request, "exchange:delivery", found.pk)


# --- partners -----------------------------------------------------------------------------------------------------
class Partners(ListPage):
    """How each department gets its lists."""

    act = Act.PARTNER_ADMIN
    title = gettext_lazy("交换伙伴")
    template_name = "exchange/place_list.html"
    columns = (
        Column("organisation.name", gettext_lazy("机构"), sort="organisation__name", primary=True),
        Column("organisation.region.name", gettext_lazy("地区")),
        Column("channel", gettext_lazy("通道"), value=lambda row: row.get_channel_display(), sort="channel"),
        Column("url", gettext_lazy("接收地址"), kind="mono"),
        Column("batch_size", gettext_lazy("每批条数"), kind="number"),
        Column(
            "active",
            gettext_lazy("启用"),
            kind="badge",
            value=lambda row: _("启用") if row.active else _("停用"),
            tone=lambda row: "done" if row.active else "due",
        ),
    )
    default_sort = "organisation__name"
    empty = gettext_lazy("还没有交换伙伴")
    empty_help = gettext_lazy("第一次推送时自动建立，默认网页下载；也可以先在这里设置")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.partners_for(self.user)

    @staticmethod
    def row_url(row: Partner) -> str:
        return reverse("exchange:partner", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        new = {"label": _("新增伙伴"), "url": reverse("exchange:partner_new"), "primary": True, "icon": "plus"}
        return {"actions": [new], "places": places(self.user, "partners")}


@requires(Act.PARTNER_ADMIN)
def partner_new(request: HttpRequest) -> HttpResponseBase:
    return _edit(request, None)


@requires(Act.PARTNER_ADMIN)
def partner(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Settings of a partner, its secrets (never shown again) and a test message."""
    return _edit(request, get_visible(request, selectors.partners_for(cast(User, request.user)), pk=pk))


def _edit(request: HttpRequest, found: Partner | None) -> HttpResponseBase:
    user = cast(User, request.user)
    form = PartnerForm(request.POST or None, user=user, partner=found)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        organisation = found.organisation if found else data["organisation"]
        data.pop("organisation", None)
        try:
            saved = partners.save_partner(actor=user, organisation=organisation, **data)
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            messages.success(request, _("已保存"))
            return go(request, "exchange:partner", saved.pk)
    return render(request, "exchange/partner.html", _partner_context(found, form))


def _partner_context(found: Partner | None, form: PartnerForm, **more: Any) -> dict[str, Any]:
    title = found.organisation.name if found else _("新增伙伴")
    context = {"title": title, "partner": found, "form": form, "held": 0, **more}
    if found and found.channel == Partner.Channel.SFTP:
        login = deliveries.login_of(found)
        context |= {"held": len(login.keys), "public_lines": [sftp.public_line(key) for key in login.keys]}
        context |= {
            "fingerprint": sftp.fingerprint(found.host_key) if found.host_key else "",
            "by_password": login.password,
        }
    elif found:
        context["held"] = len([one for one in (found.secrets or "").split() if not sftp.is_key(one)])
    return context


@requires(Act.PARTNER_ADMIN)
@require_POST
@never_cache
def partner_host_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Reads the key that the partner's server shows, for a person to compare with what the partner says by phone."""
    user = cast(User, request.user)
    found = get_visible(request, selectors.partners_for(user), pk=pk)
    form = PartnerForm(user=user, partner=found)
    try:
        shown = partners.shown_host_key(partner=found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return render(request, "exchange/partner.html", _partner_context(found, form), status=422)
    form.fields["host_key"].initial = shown
    more = {"shown_fingerprint": sftp.fingerprint(shown)}
    return render(request, "exchange/partner.html", _partner_context(found, form, **more))


@requires(Act.PARTNER_ADMIN)
@require_POST
@never_cache
def partner_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret, shown on this page alone."""
    user = cast(User, request.user)
    found = get_visible(request, selectors.partners_for(user), pk=pk)
    fresh = partners.rotate_secret(actor=user, partner=found)
    form = PartnerForm(user=user, partner=fresh.partner)
    return render(request, "exchange/partner.html", _partner_context(fresh.partner, form, secret=fresh.secret))


@requires(Act.PARTNER_ADMIN)
@require_POST
def partner_retire(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The partner has changed over to the new secret."""
    user = cast(User, request.user)
    partners.retire_secret(actor=user, partner=get_visible(request, selectors.partners_for(user), pk=pk))
    messages.success(request, _("旧密钥已停用"))
    return go(request, "exchange:partner", pk)


@requires(Act.PARTNER_ADMIN)
@require_POST
def partner_test(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One call without any data."""
    user = cast(User, request.user)
    answer = partners.send_test(actor=user, partner=get_visible(request, selectors.partners_for(user), pk=pk))
    if answer.error:
        messages.error(request, _("测试没有成功：%(reason)s") % {"reason": answer.error})
    else:
        text = _("测试成功：对方应答 %(status)s，用时 %(ms)s 毫秒")
        messages.success(request, text % {"status": answer.status, "ms": answer.milliseconds})
    return go(request, "exchange:partner", pk)
