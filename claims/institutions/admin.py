"""Institutions in the stock admin: looked up, exported and imported by the resource that the page uses."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX

from accounts.access import Act
from accounts.admin_site import ByAct
from claims.institutions.forms import decode, from_csv
from claims.institutions.models import Institution
from claims.institutions.resources import FIELDS, InstitutionResource


class OfficeCSV(CSV):
    """CSV as a county's office has it: UTF-8 or GB18030 in, UTF-8 that a spreadsheet recognises out."""

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Any:
        found = from_csv(decode(in_stream))
        if not len(found) or FIELDS["code"] not in found.headers:
            raise ValueError(found.headers)
        return found

    def export_data(self, dataset: Any, **kwargs: Any) -> bytes:
        return str(super().export_data(dataset, **kwargs)).encode("utf-8-sig")


@admin.register(Institution)
class InstitutionAdmin(ImportExportMixin, ByAct, admin.ModelAdmin):
    act = Act.ACCOUNT_ADMIN
    resource_classes = (InstitutionResource,)
    formats = (OfficeCSV, XLSX)
    list_display = ("code", "name", "region", "level", "charge_class", "designated", "supervised", "exit_on")
    list_select_related = ("region",)
    list_filter = ("level", "designated", "supervised")
    search_fields = ("code", "name")
    ordering = ("code",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """The whole register: it names no patients."""
        return Institution.objects.all()

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        said = _("文件读不出来，或者没有“机构编码”一列和数据行；请核对后另存为 CSV 或 XLSX 再上传。")
        form.add_error("import_file", said)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)
