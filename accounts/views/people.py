"""Accounts of people, for the administrator."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import selectors, services
from accounts.access import Act
from accounts.doors import get_visible, requires
from accounts.forms import UserFilter, UserForm
from accounts.lists import Column, ListPage
from accounts.models import User
from accounts.views.places import sections

SHOWN_ONCE = "initial_password"


class Users(ListPage):
    act = Act.ACCOUNT_ADMIN
    title = gettext_lazy("账户")
    template_name = "accounts/admin_list.html"
    filters = UserFilter
    columns = (
        Column("name", gettext_lazy("姓名"), sort="name", primary=True),
        Column("username", gettext_lazy("用户名"), kind="mono", sort="username"),
        Column("organisation", gettext_lazy("机构"), sort="organisation__name"),
        Column("get_section_display", gettext_lazy("股室")),
        Column("roles", gettext_lazy("角色"), value=lambda user: "、".join(user.role_labels)),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda user: _("启用") if user.is_active else _("停用"),
            tone=lambda user: "done" if user.is_active else "plain",
        ),
        Column("last_login", gettext_lazy("最近登录"), kind="datetime", sort="last_login"),
    )
    default_sort = "username"
    empty_help = gettext_lazy("点击右上角“新建账户”，为一位工作人员建立账户。")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.users(self.user, **filters)

    def row_url(self, row: User) -> str:
        return reverse("accounts:user", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        return {
            "tabs": sections("users"),
            "actions": [
                {"label": _("新建账户"), "url": reverse("accounts:user_new"), "primary": True, "icon": "user-plus"}
            ],
        }


@requires(Act.ACCOUNT_ADMIN)
@require_GET
def user(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_visible(request, User.objects.select_related("organisation__region"), pk=pk)
    rows = [
        {"label": _("用户名"), "value": one.username, "kind": "mono"},
        {"label": _("机构"), "value": str(one.organisation or "")},
        {"label": _("地区"), "value": str(one.organisation.region) if one.organisation else ""},
        {"label": _("股室"), "value": one.get_section_display()},
        {"label": _("角色"), "value": "、".join(one.role_labels)},
        {
            "label": _("状态"),
            "value": _("启用") if one.is_active else _("停用"),
            "kind": "badge",
            "tone": "done" if one.is_active else "plain",
        },
        {"label": _("建立时间"), "value": one.created_at, "kind": "date"},
        {"label": _("最近登录"), "value": one.last_login, "kind": "date"},
    ]
    shown = request.session.pop(SHOWN_ONCE, None)
    password = shown["password"] if shown and shown["user"] == one.pk else ""
    return render(
        request, "accounts/user.html", {"title": one.name, "one": one, "rows": rows, "initial_password": password}
    )


@requires(Act.ACCOUNT_ADMIN)
@require_http_methods(["GET", "POST"])
def user_new(request: HttpRequest) -> HttpResponse:
    form = UserForm(request.POST or None, actor=request.user)
    if form.is_valid():
        try:
            one, password = services.create_user(actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("账户已建立"))
            return _show_password(request, one, password)
    return render(request, "accounts/user_form.html", {"title": _("新建账户"), "form": form, "draft": "user"})


@requires(Act.ACCOUNT_ADMIN)
@require_http_methods(["GET", "POST"])
def user_edit(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_visible(request, User, pk=pk)
    before = {"name": one.name, "organisation": one.organisation, "section": one.section, "roles": one.roles}
    form = UserForm(request.POST or None, actor=request.user, existing=one, initial=before)
    if form.is_valid():
        values = dict(form.cleaned_data)
        try:
            services.change_roles(actor=request.user, user=one, roles=values.pop("roles"))
            services.change_user(actor=request.user, user=one, **values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("账户已修改"))
            return redirect("accounts:user", pk)
    context = {"title": _("修改账户"), "form": form, "one": one, "draft": "user"}
    return render(request, "accounts/user_form.html", context)


@requires(Act.ACCOUNT_ADMIN)
@require_POST
def user_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_visible(request, User, pk=pk)
    try:
        services.deactivate_user(actor=request.user, user=one)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        undo = reverse("accounts:user_activate", args=[pk])
        messages.success(request, _("账户已停用"), extra_tags=f"undo:{undo}")
    return redirect("accounts:user", pk)


@requires(Act.ACCOUNT_ADMIN)
@require_POST
def user_activate(request: HttpRequest, pk: int) -> HttpResponse:
    services.activate_user(actor=request.user, user=get_visible(request, User, pk=pk))
    messages.success(request, _("账户已启用"))
    return redirect("accounts:user", pk)


@requires(Act.ACCOUNT_ADMIN)
@require_POST
def user_reset(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_visible(request, User, pk=pk)
    password = services.reset_password(actor=request.user, user=one)
    messages.success(request, _("密码已重置"))
    return _show_password(request, one, password)


def _show_password(request: HttpRequest, one: User, password: str) -> HttpResponse:
    """To the account's page, which shows the initial password once."""
    request.session[SHOWN_ONCE] = {"user": one.pk, "password": password}
    return redirect("accounts:user", one.pk)
