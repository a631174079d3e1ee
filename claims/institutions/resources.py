"""Columns of the institutions' file, for the page and for the stock admin: one declaration, in and out."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from accounts.export import neutral
from accounts.models import Region, User
from claims.errors import ClaimError
from claims.institutions.models import Institution
from exchange import reader

# The headings of the file, whatever the language of the page.
FIELDS = {
    "code": "机构编码",
    "name": "机构名称",
    "region": "行政区划代码",
    "level": "机构等级",
    "charge_class": "收费类别",
    "designated": "定点",
    "pay_later": "先诊疗后付费",
    "supervised": "监管名单",
    "supervised_reason": "监管原因",
    "exit_on": "退出日期",
    "exit_reason": "退出原因",
}
# 县级二类及三类 is one band of charges, the third (S4-08); the other words say their number.
_DIGITS = {"及三类": 3, "一": 1, "二": 2, "三": 3, "1": 1, "2": 2, "3": 3}
_YES, _NO = {"是", "1", "yes", "true", "y", "√"}, {"", "否", "0", "no", "false", "n", "×"}


class RegionWidget(widgets.Widget):
    """A 12-digit code, or its significant digits."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Region:
        code = str(value or "").strip().split(".")[0]
        found = Region.objects.filter(pk=code.ljust(12, "0")).first() if code.isdigit() else None
        if found is None:
            raise ValueError(_("没有行政区划代码“%(code)s”；请写12位代码。") % {"code": value or ""})
        return found

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.pk if value else ""


class BandWidget(widgets.Widget):
    """一级 … 三级, 一类 …, or 1 to 3."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        text = str(value if value is not None else "").strip()
        found = next((number for sign, number in _DIGITS.items() if sign in text), None)
        if found is None:
            raise ValueError(_("“%(value)s”不是一至三；请写1、2或3。") % {"value": text})
        return found


class YesWidget(widgets.Widget):
    def __init__(self, blank: bool) -> None:
        super().__init__()
        self.blank = blank

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        text = str(value if value is not None else "").strip().lower()
        if text == "":
            return self.blank
        if text in _YES or text in _NO:
            return text in _YES
        raise ValueError(_("“%(value)s”看不懂；请写是或否。") % {"value": text})

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return _("是") if value else _("否")


class DayWidget(widgets.Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, datetime):
            return value.date()
        try:
            return reader.dates.parse(str(value)) if value not in (None, "") else None
        except reader.FieldError as error:
            raise ValueError(str(error)) from error

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.isoformat() if value else ""


class TextWidget(widgets.CharWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return str(value if value is not None else "").strip().lstrip("'")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return neutral(str(value or ""))


def _field(name: str, widget: widgets.Widget, default: Any = fields.NOT_PROVIDED) -> fields.Field:
    return fields.Field(attribute=name, column_name=FIELDS[name], widget=widget, default=default)


class InstitutionResource(resources.ModelResource):
    """Found by code; a row equal to the register changes nothing. `actor` None (the admin) may write everywhere."""

    code = _field("code", TextWidget())
    name = _field("name", TextWidget())
    region = _field("region", RegionWidget())
    level = _field("level", BandWidget())
    charge_class = _field("charge_class", BandWidget())
    designated = _field("designated", YesWidget(blank=True))
    pay_later = _field("pay_later", YesWidget(blank=False))
    supervised = _field("supervised", YesWidget(blank=False))
    supervised_reason = _field("supervised_reason", TextWidget())
    exit_on = _field("exit_on", DayWidget())
    exit_reason = _field("exit_reason", TextWidget())

    class Meta:
        model = Institution
        fields = export_order = tuple(FIELDS)
        import_id_fields = ("code",)
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True

    def __init__(self, actor: User | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.actor = actor

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        for name in [name for name in row if name != str(name).strip()]:
            row[str(name).strip()] = row[name]

    def after_init_instance(self, instance: Institution, new: bool, row: dict[str, Any], **kwargs: Any) -> None:
        if not str(row.get(FIELDS["code"]) or "").strip():
            raise ValidationError({"code": _("请填写机构编码。")})

    def before_save_instance(self, instance: Institution, row: dict[str, Any], **kwargs: Any) -> None:
        from claims.institutions.services import may_write

        try:
            may_write(self.actor, instance.region_id)
        except ClaimError as error:
            raise ValidationError(str(error)) from error
