"""The list of registered diseases of a region."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.forms import RegionField
from accounts.lists import Column, ListFilter, ListPage
from accounts.models import ReadRecord
from accounts.services import record_read
from beneficiaries.diseases import selectors
from beneficiaries.diseases.models import Register, Registration


class DiseaseFilter(ListFilter):
    register = forms.ChoiceField(
        label=gettext_lazy("登记种类"), choices=[("", gettext_lazy("全部")), *Register.choices]
    )
    region = RegionField(label=gettext_lazy("地区"), empty_label=gettext_lazy("全部"))
    current = forms.BooleanField(label=gettext_lazy("只看有效的"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class Diseases(ListPage):
    """Who is registered with which disease, since when, by whom (S0-22)."""

    act = Act.PERSON_READ
    title = gettext_lazy("病种登记")
    filters = DiseaseFilter
    columns = (
        Column("person.name", gettext_lazy("姓名"), primary=True),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("person.region.name", gettext_lazy("所在地区")),
        Column("get_register_display", gettext_lazy("登记种类")),
        Column("code", gettext_lazy("病种编码"), kind="mono"),
        Column("name", gettext_lazy("病种名称")),
        Column("institution", gettext_lazy("认定机构")),
        Column("valid_from", gettext_lazy("登记日期"), kind="date", sort="valid_from"),
        Column("valid_to", gettext_lazy("终止日期"), kind="date"),
        Column("source", gettext_lazy("依据"), shown=False),
    )
    default_sort = "-valid_from"
    empty = gettext_lazy("没有病种登记")
    empty_help = gettext_lazy("在人员档案的“病种”里登记门诊特殊病、“两病”和罕见病。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[Registration]:
        rows = selectors.registrations(self.user)
        if filters.get("register"):
            rows = rows.filter(register=filters["register"])
        if region := filters.get("region"):
            rows = rows.filter(person__region_id__startswith=region.prefix)
        if filters.get("current"):
            today = timezone.localdate()
            rows = rows.filter(Q(valid_to=None) | Q(valid_to__gte=today), valid_from__lte=today)
        return rows

    def row_url(self, row: Registration) -> str:
        return reverse("beneficiaries:person_tab", args=[row.person_id, "diseases"])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="diseases", request=self.request)

    def extra(self) -> dict[str, Any]:
        return {"breadcrumb": [(_("人员"), reverse("beneficiaries:list"))]}
