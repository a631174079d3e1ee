"""The page of compared lists."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.forms import RegionField
from accounts.lists import Column, ListFilter, ListPage
from accounts.models import ReadRecord
from accounts.services import record_read
from accounts.vocabulary import Department
from beneficiaries.comparisons import selectors
from beneficiaries.comparisons.models import ComparisonRow
from exchange.forms import MonthField
from exchange.places import places


class ComparisonFilter(ListFilter):
    result = forms.ChoiceField(label=_("比对结果"), choices=[("", _("全部")), *ComparisonRow.Result.choices])
    department = forms.ChoiceField(label=_("部门"), choices=[("", _("全部")), *Department.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))
    month = MonthField(label=_("月份"))
    q = forms.CharField(label=_("情况包含"), max_length=20)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class Comparisons(ListPage):
    """Lists of other departments against the register, newest month first."""

    act = Act.ROSTER_READ
    title = _("名单比对")
    template_name = "exchange/place_list.html"
    filters = ComparisonFilter
    columns = (
        Column("name", _("名单姓名"), primary=True),
        Column("known_name", _("登记姓名")),
        Column("masked_id_number", _("证件号码"), kind="mono"),
        Column(
            "result",
            _("比对结果"),
            kind="badge",
            value=lambda row: row.get_result_display(),
            tone=lambda row: row.tone,
        ),
        Column("status", _("情况")),
        Column("occurred_on", _("日期"), kind="date"),
        Column("department", _("部门"), value=lambda row: row.get_department_display()),
        Column("region.name", _("地区")),
        Column("month", _("月份"), kind="month", sort="month"),
        Column("note", _("备注"), shown=False),
        Column("file.name", _("来文"), shown=False),
        Column("row", _("行号"), kind="number", shown=False),
    )
    default_sort = "-month"
    empty = _("还没有比对过的名单")
    empty_help = _("教育、公安、司法行政、人社、卫健、市场监管、税务等部门的名单从“上传文件”进入，种类选“比对名单”。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[ComparisonRow]:
        return selectors.results(self.user, **{name: value for name, value in filters.items() if value})

    def row_url(self, row: ComparisonRow) -> str:
        mine = row.person_id and self.user.may(Act.PERSON_READ)
        return reverse("beneficiaries:person", args=[row.person_id]) if mine else ""

    def extra(self) -> dict[str, Any]:
        return {"places": places(self.user, "beneficiaries:comparisons")}

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="comparisons", request=self.request)
