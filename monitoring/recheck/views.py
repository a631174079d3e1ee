"""Pages of the nightly check: what differs and what came of it."""

from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import User
from accounts.templatetags.tuodi import yuan
from beneficiaries.naming import person_url
from claims.models import PersonYear
from monitoring.models import Recheck, RecheckFinding
from monitoring.recheck import services


def _sums(row: RecheckFinding) -> str:
    """`个人负担 1,200.00 → 1,300.00`; counts stand without decimals."""
    if row.error:
        return row.error
    said = []
    for name, (kept, computed) in row.sums.items():
        label = PersonYear._meta.get_field(name).verbose_name
        said.append(f"{label} {kept} → {computed}" if name == "claims" else f"{label} {yuan(kept)} → {yuan(computed)}")
    return "；".join(said)


class Findings(ListPage):
    """Years whose kept sums are not what their claims give."""

    act = Act.CLAIM_READ
    title = gettext_lazy("每夜复算")
    template_name = "recheck/findings.html"
    columns = (
        Column("person.name", gettext_lazy("姓名"), primary=True),
        Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("region.name", gettext_lazy("地区"), sort="region_id"),
        Column("year", gettext_lazy("年度"), kind="mono"),
        Column("sums", gettext_lazy("累计数 → 复算数"), value=_sums),
        Column("recheck.started_at", gettext_lazy("复算时间"), kind="datetime"),
        Column(
            "answer",
            gettext_lazy("处理"),
            kind="badge",
            value=lambda row: row.answer or _("待处理"),
            tone=lambda row: "done" if row.answered_at else "late",
        ),
    )
    empty = gettext_lazy("没有不一致的人年")
    empty_help = gettext_lazy("每夜抽取一部分人年，从费用重新结算，与累计数比较；不一致的列在这里")

    def rows(self, filters: dict[str, Any]) -> QuerySet[RecheckFinding]:
        found = self.user.visible(RecheckFinding).select_related("person", "region", "recheck")
        return found if self.request.GET.get("state") == "all" else found.filter(answered_at=None)

    def row_url(self, row: RecheckFinding) -> str:
        return person_url(self.user, row.person_id)

    def extra(self) -> dict[str, Any]:
        here = reverse("monitoring:recheck")
        every = self.request.GET.get("state") == "all"
        return {
            "breadcrumb": [(_("预警"), reverse("monitoring:list"))] if self.user.may(Act.WARNING_READ) else [],
            "last": Recheck.objects.filter(finished_at__isnull=False).first(),
            "tabs": [(_("待处理"), here, not every), (_("全部"), f"{here}?state=all", every)],
            "open": list(self.rows({}).filter(answered_at=None)[:20]) if self.user.may(Act.CLAIM_WRITE) else [],
        }


@requires(Act.CLAIM_WRITE)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What came of a difference."""
    found = get_visible(request, RecheckFinding, pk=pk)
    try:
        services.answer(actor=cast(User, request.user), finding=found, text=request.POST.get("text", ""))
    except services.RecheckError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已登记处理结果"))
    return go(request, "monitoring:recheck")
