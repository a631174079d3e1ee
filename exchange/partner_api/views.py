"""Pages of keys for the administrator: the list, a new one, one with its calls, rotation, revocation."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import User
from exchange.partner_api import services
from exchange.partner_api.forms import KeyForm
from exchange.partner_api.models import ApiKey
from exchange.places import places

CALLS = 50


def _holder(row: ApiKey) -> str:
    return str(row.partner.organisation) if row.partner else row.institution


class Keys(ListPage):
    act = Act.PARTNER_ADMIN
    title = gettext_lazy("接口密钥")
    template_name = "exchange/place_list.html"
    columns = (
        Column("label", gettext_lazy("用途"), sort="label", primary=True),
        Column("holder", gettext_lazy("使用单位"), value=_holder),
        Column("region.name", gettext_lazy("地区")),
        Column("prefix", gettext_lazy("密钥开头"), kind="mono"),
        Column(
            "scopes",
            gettext_lazy("可用功能"),
            value=lambda row: "、".join(str(ApiKey.Scope(one).label) for one in row.scopes),
        ),
        Column("per_minute", gettext_lazy("每分钟上限"), kind="number"),
        Column("last_used_at", gettext_lazy("最近使用"), kind="datetime"),
        Column(
            "state", gettext_lazy("状态"), kind="badge", value=lambda row: row.state[0], tone=lambda row: row.state[1]
        ),
    )
    default_sort = "label"
    empty = gettext_lazy("还没有接口密钥")
    empty_help = gettext_lazy("医院查询身份、报送费用，部门领取预警，都用各自的密钥")

    def rows(self, filters: dict[str, Any]) -> Any:
        return self.user.visible(ApiKey).select_related("partner__organisation", "region")

    @staticmethod
    def row_url(row: ApiKey) -> str:
        return reverse("exchange:key", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {
            "actions": [
                {"label": _("接口说明"), "url": reverse("api:index"), "icon": "book-open"},
                {"label": _("生成密钥"), "url": reverse("exchange:key_new"), "primary": True, "icon": "plus"},
            ],
            "places": places(self.user, "keys"),
        }


@requires(Act.PARTNER_ADMIN)
@never_cache
def key_new(request: HttpRequest) -> HttpResponseBase:
    user = cast(User, request.user)
    form = KeyForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            fresh = services.make_key(actor=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("密钥已生成"))
            return _page(request, fresh.key, fresh.text)
    return render(request, "exchange/keys/new.html", {"title": _("生成接口密钥"), "form": form})


@requires(Act.PARTNER_ADMIN)
def key(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(request, pk))


def _found(request: HttpRequest, pk: int) -> ApiKey:
    return get_visible(request, ApiKey.objects.select_related("partner__organisation", "region", "replaces"), pk=pk)


def _page(request: HttpRequest, found: ApiKey, text: str = "") -> HttpResponse:
    """A key; `text` is shown on this answer alone."""
    word, tone = found.state
    summary: list[Any] = [
        {"label": _("状态"), "value": word, "kind": "badge", "tone": tone},
        (_("使用单位"), _holder(found)),
        (_("地区"), found.region.name),
        {"label": _("密钥开头"), "value": found.prefix, "kind": "mono"},
        (_("可用功能"), "、".join(str(ApiKey.Scope(one).label) for one in found.scopes)),
        (_("每分钟次数上限"), found.per_minute),
    ]
    if found.expires_at:
        summary.append((_("失效时间"), f"{timezone.localtime(found.expires_at):%Y-%m-%d %H:%M}"))
    calls = found.calls.all()[:CALLS]
    context = {"title": found.label, "key": found, "text": text, "summary": summary, "calls": calls}
    return render(request, "exchange/keys/key.html", context)


@requires(Act.PARTNER_ADMIN)
@require_POST
@never_cache
def key_rotate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A new key, shown on this page alone; the old one works on for a fortnight."""
    found = _found(request, pk)
    try:
        fresh = services.rotate_key(actor=cast(User, request.user), key=found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return go(request, "exchange:key", pk)
    return _page(request, fresh.key, fresh.text)


@requires(Act.PARTNER_ADMIN)
@require_POST
def key_revoke(request: HttpRequest, pk: int) -> HttpResponseBase:
    services.revoke_key(actor=cast(User, request.user), key=_found(request, pk))
    messages.success(request, _("密钥已停用"))
    return go(request, "exchange:key", pk)
