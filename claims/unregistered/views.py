"""People whose claims show a listed disease that is not on their register (S0-22)."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import periods
from accounts.access import Act
from accounts.forms import RegionField
from accounts.lists import Column, ListFilter, ListPage
from accounts.models import ReadRecord
from accounts.services import record_read
from beneficiaries.diseases.models import Register
from beneficiaries.diseases.selectors import unregistered
from claims.models import Claim, PersonYear


class UnregisteredFilter(ListFilter):
    year = forms.IntegerField(label=_("年度"), min_value=2000, max_value=2100)
    register = forms.ChoiceField(label=_("登记种类"), choices=[("", _("全部")), *Register.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class Unregistered(ListPage):
    """Each such claim of a year, newest first; the row leads to the person's register."""

    act = Act.CLAIM_READ
    title = _("费用显示而未登记的病种")
    filters = UnregisteredFilter
    columns = (
        Column("person.name", _("姓名"), primary=True),
        Column("person.masked_id_number", _("证件号码"), kind="mono"),
        Column("region.name", _("地区")),
        Column("settled_on", _("结算日期"), kind="date", sort="settled_on"),
        Column("claim_no", _("结算号"), kind="mono"),
        Column("get_service_display", _("医疗类别")),
        Column("disease_code", _("病种编码"), kind="mono"),
        Column("disease_name", _("病种名称")),
        Column("listed_in", _("登记种类"), value=lambda claim: Register(claim.listed_in).label),
        Column("listed", _("目录名称"), shown=False),
    )
    default_sort = "-settled_on"
    empty = _("没有未登记的病种")
    empty_help = _("费用的病种编码在登记病种目录中、而此人当日没有登记的，列在这里；目录由系统管理员维护。")

    def asked(self) -> QueryDict:
        return periods.asked(self.request, self.user.visible(PersonYear), "year")

    def rows(self, filters: dict[str, Any]) -> QuerySet[Claim]:
        year = filters.get("year") or timezone.localdate().year
        rows = self.user.visible(Claim).filter(settled_on__range=(date(year, 1, 1), date(year, 12, 31)))
        if region := filters.get("region"):
            rows = rows.filter(region_id__startswith=region.prefix)
        found = unregistered(rows.select_related("person", "region"), code="disease_code")
        return found.filter(listed_in=filters["register"]) if filters.get("register") else found

    def row_url(self, row: Claim) -> str:
        return reverse("beneficiaries:person_tab", args=[row.person_id, "diseases"])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="unregistered", request=self.request)
