"""Accounts in the stock admin: a second door to the same services."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.admin_site import ByAct
from accounts.models import Organisation, Region, User, WorkdayOverride
from accounts.vocabulary import Role


class UserChange(forms.ModelForm):
    roles = forms.MultipleChoiceField(label=_("角色"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = User
        fields = ("name", "organisation", "section", "roles")


@admin.register(User)
class UserAdmin(ByAct, admin.ModelAdmin):
    """Changes through the services; accounts are made and ended on the pages, where the password is shown once."""

    form = UserChange
    list_display = ("username", "name", "organisation", "role_names", "is_active", "last_login")
    list_filter = ("is_active", "section")
    list_select_related = ("organisation",)
    search_fields = ("username", "name")
    ordering = ("username",)

    @admin.display(description=_("角色"))
    def role_names(self, user: User) -> str:
        return "、".join(user.role_labels)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "organisation":
            kwargs["queryset"] = request.user.visible(Organisation)  # type: ignore[union-attr]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the services refuse is said on the page; nothing has been written."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        values = form.cleaned_data
        services.change_roles(actor=request.user, user=obj, roles=values["roles"])
        services.change_user(
            actor=request.user,
            user=obj,
            name=values["name"],
            organisation=values["organisation"],
            section=values["section"],
        )


@admin.register(Organisation)
class OrganisationAdmin(ByAct, admin.ModelAdmin):
    list_display = ("name", "department", "region")
    list_filter = ("department",)
    list_select_related = ("region",)
    search_fields = ("name",)


@admin.register(Region)
class RegionAdmin(ByAct, admin.ModelAdmin):
    list_display = ("code", "name", "level", "parent")
    list_filter = ("level",)
    list_select_related = ("parent",)
    search_fields = ("code", "name")


@admin.register(WorkdayOverride)
class WorkdayOverrideAdmin(ByAct, admin.ModelAdmin):
    """Days that the holiday arrangement of the package does not know or that the region sets itself."""

    list_display = ("day", "working", "note")
    list_filter = ("working",)
    date_hierarchy = "day"
    search_fields = ("note",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return WorkdayOverride.objects.all()  # the calendar belongs to no region

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)
