"""What administrators set for the exchange in the stock admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_site import ByAct
from accounts.models import Region
from exchange.models import ImportRule


@admin.register(ImportRule)
class ImportRuleAdmin(ByAct, admin.ModelAdmin):
    """The share of exits above which a full roster needs a second person, per region."""

    list_display = ("region", "exit_share")
    list_select_related = ("region",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "region":
            kwargs["queryset"] = request.user.visible(Region).filter(level__lte=3)  # type: ignore[union-attr]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
