"""The stock admin: for administrators, and for reviewers the bulk view of applications, read-only.

It has no login of its own, so that lock-out and forced changes hold.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.doors import refused, to_login


class TuodiAdminSite(admin.AdminSite):
    site_header = site_title = _("托底 · 系统管理")
    index_title = _("基础数据")

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        if not (user.is_authenticated and user.is_active):
            return False
        administers = user.is_staff and user.may(Act.ACCOUNT_ADMIN)
        return bool(administers or (user.may(Act.APPLICATION_SURVEY) and not user.may(Act.ACCOUNT_ADMIN)))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return refused(request, Act.ACCOUNT_ADMIN) if request.user.is_authenticated else to_login(request)


class ByAct:
    """Mixin for a ModelAdmin: whoever is granted `act` sees the rows of the own region; writing goes by the services,
    so adding, changing and deleting are off unless the class says otherwise."""

    act = Act.ACCOUNT_ADMIN

    def get_queryset(self, request: HttpRequest) -> Any:
        return request.user.visible(super().get_queryset(request))  # type: ignore[misc, union-attr]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may(self.act)  # type: ignore[union-attr]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
