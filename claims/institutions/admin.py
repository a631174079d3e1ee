"""Institutions in the stock admin: looked up, exported and imported by the resource that the page uses."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX

from accounts.access import Act
from accounts.admin_site import ByAct
from claims.institutions.models import Institution
from claims.institutions.resources import InstitutionResource


@admin.register(Institution)
class InstitutionAdmin(ImportExportMixin, ByAct, admin.ModelAdmin):
    act = Act.ACCOUNT_ADMIN
    resource_classes = (InstitutionResource,)
    formats = (CSV, XLSX)
    list_display = ("code", "name", "region", "level", "charge_class", "designated", "supervised", "exit_on")
    list_select_related = ("region",)
    list_filter = ("level", "designated", "supervised")
    search_fields = ("code", "name")
    ordering = ("code",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """The whole register: it names no patients."""
        return Institution.objects.all()

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)
