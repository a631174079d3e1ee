"""The page of the projected: how it is reckoned, how often it was right, who is marked."""

from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord
from accounts.services import record_read
from accounts.templatetags.tuodi import burden_bar
from accounts.vocabulary import Category
from monitoring.models import BurdenWarning, Projected
from monitoring.projection import selectors
from monitoring.projection.forms import ProjectedFilter

KINDS, CATEGORIES = dict(BurdenWarning.Kind.choices), dict(Category.choices)


def _bar(row: Projected) -> str:
    bar = burden_bar(row.amount, [(str(KINDS[row.kind]), row.line)], small=True, widest=row.line * 3 // 2)
    return render_to_string("components/burden_bar.html", bar)


class Projection(ListPage):
    """Who is under a line and at this year's pace over it within a month."""

    act = Act.CLAIM_READ
    title = gettext_lazy("预计越线")
    template_name = "projection/list.html"
    filters = ProjectedFilter
    columns = (
        Column("person.name", gettext_lazy("姓名"), primary=True),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("category", gettext_lazy("人员类别"), value=lambda row: CATEGORIES.get(row.category, "")),
        Column("kind", gettext_lazy("将超过"), value=lambda row: KINDS[row.kind], sort="kind"),
        Column("bar", gettext_lazy("距预警线"), kind="html", value=_bar, exported=False),
        Column("amount", gettext_lazy("负担金额"), kind="amount", sort="amount"),
        Column("expected", gettext_lazy("预计金额"), kind="amount", sort="expected"),
        Column("line", gettext_lazy("预警线"), kind="amount"),
        Column("on", gettext_lazy("截止日"), kind="date"),
        Column("until", gettext_lazy("预计到"), kind="date"),
    )
    default_sort = "-expected"
    empty = gettext_lazy("没有预计一个月内越线的人员")
    empty_help = gettext_lazy("每次扫描后重新推算")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.projected(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: Projected) -> str:
        return reverse("beneficiaries:person_tab", args=[row.person_id, "warnings"])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="projected", request=self.request)

    def extra(self) -> dict[str, Any]:
        rates, whole = selectors.rates(self.user)
        breadcrumb = [(_("预警"), reverse("monitoring:list"))] if self.user.may(Act.WARNING_READ) else []
        return {"rates": rates, "whole": whole, "breadcrumb": breadcrumb}
