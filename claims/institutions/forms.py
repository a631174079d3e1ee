"""Forms of institutions: the filter of the register, one institution, the file, the period of a report."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import tablib
from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import periods
from accounts.forms import DateInput, MonthInput, RegionField
from accounts.lists import ListFilter
from accounts.models import Region, User
from accounts.regions import decode
from claims.institutions.models import Institution

ALL = ("", gettext_lazy("全部"))
MAX_BYTES = 8 * 1024 * 1024


class InstitutionFilter(ListFilter):
    q = forms.CharField(label=gettext_lazy("编码或名称"))
    level = forms.TypedChoiceField(
        label=gettext_lazy("机构等级"), choices=[ALL, *Institution.Level.choices], coerce=int, empty_value=None
    )
    state = forms.ChoiceField(
        label=gettext_lazy("定点"),
        choices=[ALL, ("designated", gettext_lazy("在册")), ("exited", gettext_lazy("已退出"))],
    )
    supervised = forms.BooleanField(label=gettext_lazy("监管名单"))


class InstitutionForm(forms.ModelForm):
    region = RegionField(label=gettext_lazy("所在地区"))

    class Meta:
        model = Institution
        fields = (
            "code",
            "name",
            "region",
            "level",
            "charge_class",
            "designated",
            "pay_later",
            "supervised",
            "supervised_reason",
            "exit_on",
            "exit_reason",
        )
        widgets = {"exit_on": DateInput}  # noqa: RUF012 - Django's own attribute

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["region"]
        field.of(user)  # type: ignore[attr-defined]
        # The city and province above have hospitals too, where one's people are treated.
        above = [user.region_prefix[:digits].ljust(12, "0") for digits in (2, 4) if len(user.region_prefix) > digits]
        field.queryset = field.queryset | Region.objects.filter(pk__in=above)  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("supervised") and not found.get("supervised_reason"):
            self.add_error("supervised_reason", _("列入监管名单须写明原因。"))
        if found.get("exit_on") and not found.get("exit_reason"):
            self.add_error("exit_reason", _("填写了退出日期的，须写明退出原因。"))
        return found

    def _post_clean(self) -> None:
        """The service checks and saves the object; this form reads what was typed."""


class InstitutionsFileForm(forms.Form):
    """The file as a table; read again from `content` (CSV) when it is confirmed."""

    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy(
            "CSV 或 XLSX，第一行为表头：机构编码、机构名称、行政区划代码、机构等级；可加收费类别、定点、先诊疗后付费、"
            "监管名单、监管原因、退出日期、退出原因"
        ),
    )

    def clean_file(self) -> tablib.Dataset:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("文件超过8MB；请按地区分开导入。"))
        content = file.read()
        try:
            return from_xlsx(content) if content.startswith(b"PK") else from_csv(decode(content))
        except Exception as error:
            raise forms.ValidationError(_("文件读不出来；请另存为 CSV 或 XLSX 后再上传。")) from error


def from_csv(text: str) -> tablib.Dataset:
    """A table of texts; rows shorter than the header are filled up, blank lines dropped."""
    rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if any(cell.strip() for cell in row)]
    return _table([[str(cell) for cell in row] for row in rows])


def from_xlsx(content: bytes) -> tablib.Dataset:
    """The first sheet."""
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return _table([[_cell(cell) for cell in row] for row in rows if any(cell not in ("", None) for cell in row)])


def _cell(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat()[:10] if isinstance(cell, date) else str(cell if cell is not None else "")


def _table(rows: list[list[str]]) -> tablib.Dataset:
    head, *body = rows or [[]]
    width = len(head)
    return tablib.Dataset(*([*row, *[""] * width][:width] for row in body), headers=[one.strip() for one in head])


def _year_of(day: date) -> dict[str, str]:
    last = min(day.replace(month=12, day=31), timezone.localdate())
    return {"first": f"{day:%Y}-01", "last": f"{last:%Y-%m}"}


# A year up to now, as the two months that a report is asked by.
SO_FAR = periods.Unit(_year_of, periods.YEAR.label)


class PeriodFilter(ListFilter):
    """Months of a report; this year up to now unless said otherwise."""

    first = forms.CharField(label=gettext_lazy("月份自"), widget=MonthInput)
    last = forms.CharField(label=gettext_lazy("至"), widget=MonthInput)
    region = RegionField(label=gettext_lazy("参保地区"), empty_label=gettext_lazy("全部"))
    level = forms.TypedChoiceField(
        label=gettext_lazy("机构等级"), choices=[ALL, *Institution.Level.choices], coerce=int, empty_value=None
    )
    supervised = forms.BooleanField(label=gettext_lazy("监管名单"))

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        today = timezone.localdate()
        given = {"first": f"{today.year}-01", "last": f"{today:%Y-%m}"} | {k: v for k, v in (data or {}).items() if v}
        super().__init__(given, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]

    def clean_first(self) -> date:
        return month_of(self.cleaned_data["first"]) or timezone.localdate().replace(month=1, day=1)

    def clean_last(self) -> date:
        found = month_of(self.cleaned_data["last"]) or timezone.localdate().replace(day=1)
        return (found + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def month_of(text: str) -> date | None:
    """First day of `2023-05`; None without."""
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise forms.ValidationError(_("月份请写成2023-05的样子。")) from error
