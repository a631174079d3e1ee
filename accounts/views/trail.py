"""The audit trail, for the supervisor: changes with who made them, and reads."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts import selectors, subjects
from accounts.access import Act
from accounts.audit import events_of
from accounts.doors import requires
from accounts.fields import EncryptedTextField
from accounts.forms import ChangeFilter, ReadFilter
from accounts.lists import Column, Listing, ListPage
from accounts.models import ReadRecord
from accounts.vocabulary import Role

KIND = {"insert": gettext_lazy("新增"), "update": gettext_lazy("修改"), "delete": gettext_lazy("删除")}
TONE = {"insert": "done", "update": "info", "delete": "late"}


def _meta(name: str) -> Any:
    return lambda event: ((event.pgh_context.metadata if event.pgh_context else None) or {}).get(name)


def _who(event: Any) -> str:
    return _meta("username")(event) or _("系统")


def _roles(roles: list[str] | None) -> str:
    return "、".join(str(Role(role).label) for role in roles or [] if role in Role.values)


def _door(event: Any) -> str:
    """The page or command through which it came."""
    get = _meta("path")(event)
    return f"{_meta('method')(event)} {get}" if get else _meta("via")(event) or ""


# What people know a thing by, the first that an event has.
NAMES = ("name", "number", "claim_no", "title", "username", "get_category_display", "get_kind_display")


def _object(event: Any) -> str:
    """Its name as it was then, with the key by which the trail knows it."""
    for name in NAMES:
        if found := getattr(event, name, ""):
            # A number of a document is encrypted and says nothing here.
            encrypted = not callable(found) and isinstance(_field(event, name), EncryptedTextField)
            if not encrypted:
                return f"{found() if callable(found) else found} · {event.pgh_obj_id}"
    return str(event.pgh_obj_id)


def _field(event: Any, name: str) -> Any:
    return event._meta.get_field(name)


def _tabs(active: str) -> list[dict[str, Any]]:
    return [
        {"key": key, "label": label, "url": reverse(f"accounts:{key}"), "active": key == active}
        for key, label in (("audit", _("变更")), ("reads", _("查阅")))
    ]


class Changes(ListPage):
    act = Act.AUDIT_READ
    title = gettext_lazy("审计")
    template_name = "accounts/admin_list.html"
    filters = ChangeFilter
    columns = (
        Column("pgh_created_at", gettext_lazy("时间"), kind="datetime"),
        Column("pgh_label", gettext_lazy("动作"), kind="badge", value=lambda e: KIND.get(e.pgh_label, e.pgh_label),
               tone=lambda e: TONE.get(e.pgh_label, "plain")),
        Column("pgh_obj_id", gettext_lazy("对象"), primary=True, value=_object),
        Column("who", gettext_lazy("用户"), value=_who),
        Column("roles", gettext_lazy("角色"), value=lambda e: _roles(_meta("roles")(e))),
        Column("door", gettext_lazy("页面或命令"), kind="mono", value=_door),
    )  # fmt: skip
    default_sort = "-pgh_id"
    empty = gettext_lazy("没有符合条件的变更")
    empty_help = gettext_lazy("人员、名单、费用、账户等的每一次变更都由数据库记录在这里。")

    def rows(self, filters: dict[str, Any]) -> Any:
        label = filters.pop("model", "")
        return selectors.changes(self.user, self.model(label), **filters)

    def model(self, label: str) -> type[Model]:
        known = {model._meta.label_lower: model for model in selectors.auditable()}
        return known.get(label) or next(iter(known.values()))

    def row_url(self, row: Any) -> str:
        label = row.pgh_tracked_model._meta.label_lower
        return reverse("accounts:audit_event", args=[label, row.pgh_id])

    def extra(self) -> dict[str, Any]:
        return {"tabs": _tabs("audit")}


class Reads(ListPage):
    act = Act.AUDIT_READ
    title = gettext_lazy("审计")
    template_name = "accounts/admin_list.html"
    filters = ReadFilter
    columns = (
        Column("at", gettext_lazy("时间"), kind="datetime", sort="at"),
        Column("user", gettext_lazy("用户")),
        Column("roles", gettext_lazy("角色"), value=lambda read: _roles(read.roles)),
        Column("get_what_display", gettext_lazy("行为"), kind="badge",
               tone=lambda read: "due" if read.what != ReadRecord.What.FILE else "plain"),
        Column("subject", gettext_lazy("对象编号"), kind="mono", shown=False),
        Column("reason", gettext_lazy("理由")),
        Column("path", gettext_lazy("页面"), kind="mono", shown=False),
        Column("address", gettext_lazy("来源地址"), kind="mono"),
    )  # fmt: skip
    default_sort = "-at"
    empty = gettext_lazy("没有符合条件的查阅")
    empty_help = gettext_lazy("查阅人员档案、查看完整证件号码、导出名单都记录在这里。")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.reads(self.user, **filters)

    def listing(self) -> Listing:
        """With whose file it was, asked for once for the rows of the page."""
        table = super().listing()
        known: dict[str, subjects.Named] = {}

        def whose(read: ReadRecord) -> SafeString:
            if not known:
                known.update(subjects.named(self.user, [row.subject for row in table.page.rows]))
            one = known[read.subject]
            return format_html('<a href="{}">{}</a>', one.url, one.text) if one.url else format_html("{}", one.text)

        columns = list(self.columns)
        columns.insert(4, Column("whose", _("对象"), kind="html", value=whose, exported=False))
        table.columns = columns
        return table

    def extra(self) -> dict[str, Any]:
        return {"tabs": _tabs("reads")}


@requires(Act.AUDIT_READ)
@require_GET
def event(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """One change: each field before and after. Encrypted fields say only that they changed."""
    known = {model._meta.label_lower: model for model in selectors.auditable()}
    if label not in known:
        raise Http404
    model = known[label]
    one = get_object_or_404(selectors.changes(request.user, model), pk=pk)
    earlier = events_of(model).objects.filter(pgh_obj_id=one.pgh_obj_id, pgh_id__lt=pk).order_by("-pgh_id").first()
    kind = {"value": KIND.get(one.pgh_label, one.pgh_label), "kind": "badge", "tone": TONE.get(one.pgh_label, "plain")}
    rows = [
        {"label": _("时间"), "value": f"{timezone.localtime(one.pgh_created_at):%Y-%m-%d %H:%M:%S}", "kind": "mono"},
        {"label": _("动作"), **kind},
        {"label": _("对象"), "value": f"{model._meta.verbose_name} {one.pgh_obj_id}"},
        {"label": _("用户"), "value": _who(one)},
        {"label": _("角色"), "value": _roles(_meta("roles")(one))},
        {"label": _("页面或命令"), "value": _door(one), "kind": "mono"},
    ]
    context = {"title": _("变更 %(number)s") % {"number": one.pgh_id}, "rows": rows}
    return render(request, "accounts/event.html", context | {"changes": _differences(model, earlier, one)})


def _differences(model: type[Model], earlier: Any, one: Any) -> list[dict[str, Any]]:
    """Fields that changed: label, before, after. A deletion shows what was there."""
    gone = one.pgh_label == "delete"
    found = []
    for field in model._meta.concrete_fields:
        if not hasattr(one, field.attname):
            continue  # not kept in the trail: passwords, bodies of deliveries
        before = getattr(earlier, field.attname, None) if not gone else getattr(one, field.attname)
        after = getattr(one, field.attname) if not gone else None
        if before == after:
            continue
        if isinstance(field, EncryptedTextField) or field.name.endswith("_key"):
            before, after = (_("（已加密）") if value else "" for value in (before, after))
        found.append({"label": field.verbose_name, "before": _text(before), "after": _text(after)})
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
