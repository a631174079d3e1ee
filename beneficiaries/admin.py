"""The register in the stock admin: to look up and export, for those who may read persons; nothing is written here."""

from django.contrib import admin
from django.http import HttpRequest
from import_export.admin import ExportMixin

from accounts.access import Act
from accounts.admin_site import ByAct
from accounts.models import ReadRecord
from accounts.services import record_read
from beneficiaries.models import CategorySpell, ListedDisease, Person
from beneficiaries.resources import PersonResource, SpellResource


class Readable(ExportMixin, ByAct, admin.ModelAdmin):
    act = Act.PERSON_READ
    show_full_result_count = False
    list_per_page = 50

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def get_export_data(self, file_format: object, request: HttpRequest, queryset: object, **kwargs: object) -> object:
        """An export of people is on record."""
        subject = str(self.model._meta.label_lower)
        record_read(actor=request.user, what=ReadRecord.What.EXPORT, subject=subject, request=request)  # type: ignore[arg-type]
        return super().get_export_data(file_format, request, queryset, **kwargs)


@admin.register(Person)
class PersonAdmin(Readable):
    resource_classes = (PersonResource,)
    list_display = ("name", "masked_id_number", "sex", "birth_date", "region", "household")
    list_select_related = ("region", "household")
    fields = (
        "name",
        "masked_id_number",
        "sex",
        "birth_date",
        "region",
        "household",
        "relation",
        "masked_phone",
        "deceased_on",
    )
    ordering = ("id",)


@admin.register(CategorySpell)
class SpellAdmin(Readable):
    resource_classes = (SpellResource,)
    list_display = ("person", "category", "department", "region", "valid_from", "valid_to", "known_to")
    list_filter = ("category", "department")
    list_select_related = ("person", "region")
    fields = (
        "person",
        "category",
        "department",
        "region",
        "valid_from",
        "valid_to",
        "exit_reason",
        "known_from",
        "known_to",
    )
    ordering = ("-id",)


@admin.register(ListedDisease)
class ListedDiseaseAdmin(ByAct, admin.ModelAdmin):
    """Which codes belong to which disease register: the bureau's own lists."""

    list_display = ("register", "code", "name", "region")
    list_filter = ("register",)
    list_select_related = ("region",)
    fields = ("register", "code", "name", "region")
    raw_id_fields = ("region",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_module_permission(request)
