"""Applications in the stock admin: the bulk view of administrators and reviewers; nothing is written here.

Administrators read no identity numbers or medical data, so that names, reasons and papers are not here; whoever may
read a case opens it from its row, and every move is made there, through the workflow's services.
"""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, in_region
from accounts.admin_site import ByAct
from assistance.models import Application, Meeting, Step


class AgeFilter(admin.SimpleListFilter):
    """How long an application has stood in its state, and what is late."""

    title = _("在办时间")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("late", _("逾期")), ("7", _("本状态超过7天")), ("30", _("本状态超过30天"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Application]) -> QuerySet[Application]:
        value = self.value()
        if value == "late":
            return queryset.filter(due_on__lt=timezone.localdate())
        if value and value.isdecimal():
            return queryset.filter(since__lt=timezone.now() - timedelta(days=int(value)))
        return queryset


class OwnRegion(ByAct):
    """Rows of the user's region, which the scopes of casework do not give an administrator."""

    act = Act.APPLICATION_SURVEY
    lookup = "region_id"

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super(ByAct, self).get_queryset(request)  # type: ignore[misc]
        return in_region(request.user, found, self.lookup)  # type: ignore[arg-type]


class StepInline(admin.TabularInline):
    """The record of moves, without what people wrote."""

    model = Step
    fields = readonly_fields = ("at", "did", "actor", "from_state", "to_state")
    extra = 0
    can_delete = False
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_authenticated and request.user.may(Act.APPLICATION_SURVEY)  # type: ignore[union-attr]


@admin.register(Application)
class ApplicationAdmin(OwnRegion, admin.ModelAdmin):
    """Lists with filters, state and age; nothing can be changed here."""

    list_display = ("number", "rule", "kind", "state", "region", "since", "due_on", "office", "checker", "reviewer")
    list_filter = ("state", "kind", AgeFilter, ("region", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("region", "office", "checker", "reviewer")
    search_fields = ("number",)
    date_hierarchy = "applied_on"
    show_full_result_count = False
    fields = (
        "number",
        "rule",
        "kind",
        "state",
        "region",
        "applied_on",
        "since",
        "due_on",
        "round",
        "office",
        "registrar",
        "checker",
        "reviewer",
    )
    inlines = (StepInline,)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Who may read cases opens them from here."""
        if request.user.may(Act.APPLICATION_READ):  # type: ignore[union-attr]
            return (*self.list_display, "opens")
        return self.list_display

    @admin.display(description=_("办理"))
    def opens(self, application: Application) -> str:
        return format_html('<a href="{}">{}</a>', reverse("assistance:case", args=[application.pk]), _("打开申请"))


@admin.register(Meeting)
class MeetingAdmin(OwnRegion, admin.ModelAdmin):
    list_display = ("title", "held_on", "region", "convened_by")
    list_select_related = ("region", "convened_by")
    date_hierarchy = "held_on"
    search_fields = ("title",)
