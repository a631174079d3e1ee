"""Columns of exports from the admin; identity numbers and phones masked, formulas neutralised."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from import_export import fields, resources

from accounts.export import neutral
from beneficiaries.models import CategorySpell, Person


class Neutral(fields.Field):
    """A column whose text no spreadsheet takes for a formula."""

    def export(self, instance: Any, **kwargs: Any) -> Any:
        return neutral(super().export(instance, **kwargs))


def column(attribute: str, label: Any) -> Neutral:
    return Neutral(attribute=attribute, column_name=label, readonly=True)


class PersonResource(resources.ModelResource):
    name = column("name", _("姓名"))
    id_number = column("masked_id_number", _("证件号码"))
    sex = column("get_sex_display", _("性别"))
    birth_date = column("birth_date", _("出生日期"))
    region = column("region__name", _("所在地区"))
    household = column("household__number", _("户编号"))
    relation = column("relation", _("与户主关系"))
    phone = column("masked_phone", _("联系电话"))

    class Meta:
        model = Person
        fields = ("name", "id_number", "sex", "birth_date", "region", "household", "relation", "phone")
        export_order = fields


class SpellResource(resources.ModelResource):
    person = column("person__name", _("姓名"))
    id_number = column("person__masked_id_number", _("证件号码"))
    category = column("get_category_display", _("人员类别"))
    department = column("get_department_display", _("认定部门"))
    region = column("region__name", _("认定地区"))
    valid_from = column("valid_from", _("认定日期"))
    valid_to = column("valid_to", _("退出日期"))
    exit_reason = column("exit_reason", _("退出原因"))
    source = column("source__name", _("来源"))

    class Meta:
        model = CategorySpell
        fields = (
            "person",
            "id_number",
            "category",
            "department",
            "region",
            "valid_from",
            "valid_to",
            "exit_reason",
            "source",
        )
        export_order = fields
