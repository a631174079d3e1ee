"""Pages of contradictions: three worklists (疑点, 复核差异, 过度保障与保障不足), one item, the answer to many."""

from typing import Any, ClassVar, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.audit import events_of, with_actor
from accounts.doors import get_visible, go, requires
from accounts.lists import Bulk, Column, ListPage
from accounts.models import ReadRecord, Region, User
from accounts.services import record_read
from beneficiaries.naming import person_url
from claims.audit.causes import CAUSES
from claims.contradictions import selectors, services
from claims.contradictions.checks import check_of, title_of
from claims.contradictions.forms import AnswerForm, AuditFilter, FactsFilter, ProtectionFilter, WorklistFilter
from claims.contradictions.models import Contradiction
from claims.contradictions.shipped import sentence
from claims.errors import ClaimError, NotAllowed

MANY = 500
_PERSON = Column("person.name", gettext_lazy("姓名"))
_NUMBER = Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono", shown=False)
_KIND = Column("kind", gettext_lazy("疑点种类"), value=lambda row: title_of(row.kind), primary=True)
_DAY = Column("day", gettext_lazy("发生日期"), kind="date", sort="day")
_PLACE = Column("region.name", gettext_lazy("地区"))
_WHAT = Column("what", gettext_lazy("依据"), value=sentence)
_STATE = Column(
    "state",
    gettext_lazy("状态"),
    kind="badge",
    value=lambda row: _("整改逾期") if row.overdue else row.get_state_display(),
    tone=lambda row: "late" if row.overdue else row.tone,
)
_ANSWER = Column("answer", gettext_lazy("答复"), value=lambda row: row.get_answer_display() if row.answer else "")
_BACK = Column("times_back", gettext_lazy("再次出现"), kind="number", shown=False)
_SEEN = Column("first_seen", gettext_lazy("发现时间"), kind="datetime", shown=False)


class Worklist(ListPage):
    """One group; counts by kind above, answers to many below."""

    act = Act.CLAIM_READ
    group: ClassVar[str] = "facts"
    filters: ClassVar[type[WorklistFilter]] = FactsFilter
    title = gettext_lazy("疑点")
    columns = (_DAY, _KIND, _PERSON, _NUMBER, _PLACE, _WHAT, _ANSWER, _STATE, _BACK, _SEEN)
    default_sort = "-day"
    empty = gettext_lazy("没有待处理的疑点")
    empty_help = gettext_lazy("每天夜里自动查找，也可以点“立即查找”；查到的会列在这里，消除后自动关闭")
    name = "claims:contradictions"

    @property
    def bulk(self) -> tuple[Bulk, ...]:  # type: ignore[override]
        if not self.user.may(Act.CONTRADICTION_ANSWER):
            return ()
        return (Bulk(_("一并答复"), reverse("claims:contradictions_answer")),)

    def rows(self, filters: dict[str, Any]) -> Any:
        asked = {name: value for name, value in filters.items() if value}
        return selectors.contradictions_for(self.user, group=self.group, **asked)

    @staticmethod
    def row_url(row: Contradiction) -> str:
        return reverse("claims:contradiction", args=[row.pk])

    def on_export(self, kind: str) -> None:
        record_read(
            actor=self.user, what=ReadRecord.What.EXPORT, subject=f"contradictions:{self.group}", request=self.request
        )

    def extra(self) -> dict[str, Any]:
        counted = selectors.open_by_kind(self.user, self.group)
        counts = [
            {
                "label": title_of(kind),
                "count": count,
                "url": f"{reverse(self.name)}?kind={kind}",
                "tone": "due" if count else "",
                "active": self.request.GET.get("kind") == kind,
            }
            for kind, count in counted.items()
        ]
        return {
            "breadcrumb": [(_("费用"), reverse("claims:list"))],
            "counts": counts,
            "may_find": self.user.may(Act.CONTRADICTION_ANSWER),
            "places": [
                {"label": label, "url": reverse(name), "active": name == self.name}
                for label, name in (
                    (_("疑点"), "claims:contradictions"),
                    (_("复核差异"), "claims:differences"),
                    (_("过度保障与保障不足"), "claims:protection"),
                )
            ],
        }

    template_name = "claims/contradictions/worklist.html"


class Differences(Worklist):
    group = "audit"
    filters = AuditFilter
    title = gettext_lazy("复核差异")
    name = "claims:differences"
    columns = (
        _DAY,
        Column(
            "claim_no",
            gettext_lazy("结算号"),
            kind="mono",
            value=lambda row: row.evidence.get("claim_no", ""),
            primary=True,
        ),
        _PERSON,
        _NUMBER,
        _PLACE,
        Column("kind", gettext_lazy("种类"), value=lambda row: title_of(row.kind), shown=False),
        Column(
            "tier",
            gettext_lazy("层次"),
            value=lambda row: {"cii": _("大病保险"), "assistance": _("医疗救助")}.get(row.tier, title_of(row.kind)),
        ),
        Column("platform", gettext_lazy("平台支付"), kind="amount"),
        Column("ours", gettext_lazy("本系统"), kind="amount"),
        Column("difference", gettext_lazy("差额"), kind="amount"),
        Column("cause", gettext_lazy("可能原因"), value=lambda row: CAUSES.get(row.cause, "")),
        Column("cause_note", gettext_lazy("原因说明")),
        _ANSWER,
        _STATE,
    )
    empty = gettext_lazy("没有待处理的复核差异")


class Protection(Worklist):
    group = "protection"
    filters = ProtectionFilter
    title = gettext_lazy("过度保障与保障不足")
    name = "claims:protection"
    empty = gettext_lazy("没有发现过度保障或保障不足")


@requires(Act.CONTRADICTION_ANSWER)
@require_POST
def find(request: HttpRequest) -> HttpResponseBase:
    """Look now; the job's page shows how far it is."""
    user = cast(User, request.user)
    region = Region.objects.get(pk=user.region_prefix.ljust(12, "0"))
    job = services.start_search(actor=user, region=region)
    return go(request, "accounts:job", job.pk)


@requires(Act.CLAIM_READ)
def contradiction(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: the evidence with links, what was answered and when it came back, the answer to give."""
    user = cast(User, request.user)
    found = get_visible(request, Contradiction.objects.select_related("person", "region", "claim"), pk=pk)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{found.person_id}", request=request)
    form = AnswerForm(request.POST or None)
    if request.method == "POST":
        if not user.may(Act.CONTRADICTION_ANSWER):
            return _refused(request, pk)
        if form.is_valid() and _answered(request, [pk], form):
            return go(request, "claims:contradiction", pk)
    check = check_of(found.kind)
    history = with_actor(events_of(Contradiction).objects.filter(pgh_obj_id=pk))  # type: ignore[attr-defined]
    context = {
        "title": title_of(found.kind),
        "found": found,
        "check": check,
        "summary": _summary(user, found),
        "evidence": found.facts,
        "form": form,
        "may_answer": user.may(Act.CONTRADICTION_ANSWER) and found.state != Contradiction.State.CLEARED,
        # What was corrected here has to be settled again: its cases, and the person's year that waits for one.
        "resettle_url": reverse("later:list") if found.answer == Contradiction.Answer.OURS_CORRECTED else "",
        "history": [_event(one) for one in history.order_by("-pgh_id")[:50]],
        "list_url": reverse(
            {"audit": "claims:differences", "protection": "claims:protection"}.get(
                check.group if check else "", "claims:contradictions"
            )
        ),
    }
    return render(request, "claims/contradictions/contradiction.html", context)


def _refused(request: HttpRequest, pk: int) -> HttpResponseBase:
    messages.error(request, _("您的角色不能答复疑点；请由县级经办或复核人员办理。"))
    return go(request, "claims:contradiction", pk)


def _summary(user: User, found: Contradiction) -> list[Any]:
    state = _("整改逾期") if found.overdue else found.get_state_display()
    rows: list[Any] = [
        {"label": _("状态"), "value": state, "kind": "badge", "tone": "late" if found.overdue else found.tone}
    ]
    if found.person:
        rows += [
            {"label": _("姓名"), "value": found.person.name, "url": person_url(user, found.person.pk)},
            {"label": _("证件号码"), "value": found.person.masked_id_number, "kind": "mono"},
        ]
    rows += [(_("地区"), found.region.name), {"label": _("发生日期"), "value": found.day, "kind": "date"}]
    if found.claim:
        url = reverse("claims:claim", args=[found.claim.pk])
        rows.append({"label": _("结算单"), "value": found.claim.claim_no, "kind": "mono", "url": url})
    if found.difference is not None:
        rows.append({"label": _("差额"), "value": found.difference, "kind": "amount"})
    if found.cause:
        rows.append((_("可能原因"), f"{CAUSES.get(found.cause, found.cause)} {found.cause_note}"))
    if found.answer:
        rows += [
            (_("答复"), found.get_answer_display()),
            (_("核实情况"), found.text),
            (_("答复人"), found.answered_by),
        ]
    if found.fix_by:
        rows.append({"label": _("整改期限"), "value": found.fix_by, "kind": "date"})
    rows.append((_("发现时间"), f"{timezone.localtime(found.first_seen):%Y-%m-%d %H:%M}"))
    if found.times_back:
        rows.append((_("再次出现"), ngettext("%(n)s 次", "%(n)s 次", found.times_back) % {"n": found.times_back}))
    return rows


def _event(event: Any) -> dict[str, Any]:
    said = f"{event.get_answer_display()}：{event.text}" if event.answer else ""
    return {
        "at": event.pgh_created_at,
        "who": event.acted_by or _("系统"),
        "state": event.get_state_display(),
        "said": said,
    }


@requires(Act.CONTRADICTION_ANSWER)
@require_POST
def answer_many(request: HttpRequest) -> HttpResponseBase:
    """The same answer to the selected ones: first the form, then the answers."""
    ids = [int(one) for one in request.POST.getlist("ids") if one.isdecimal()][:MANY]
    form = AnswerForm(request.POST if "answer" in request.POST else None)
    if form.is_bound and form.is_valid() and _answered(request, ids, form):
        return go(request, _back(request))
    rows = cast(User, request.user).visible(Contradiction).filter(pk__in=ids).select_related("person")
    context = {
        "title": _("一并答复"),
        "form": form,
        "ids": ids,
        "rows": rows[:20],
        "count": len(ids),
        "back": _back(request),
    }
    return render(request, "claims/contradictions/answer.html", context)


def _back(request: HttpRequest) -> str:
    group = {check.group for one in request.POST.getlist("kinds") if (check := check_of(one))}
    return str(reverse_lazy("claims:differences" if group == {"audit"} else "claims:contradictions"))


def _answered(request: HttpRequest, ids: list[int], form: AnswerForm) -> bool:
    try:
        found = services.answer(actor=cast(User, request.user), items=ids, **form.cleaned_data)
    except services.AnswerRefused as error:
        form.add_error(error.field, str(error))
        return False
    except (NotAllowed, ClaimError) as error:
        form.add_error(None, str(error))
        return False
    text = ngettext("已答复 %(n)s 项", "已答复 %(n)s 项", len(found)) % {"n": len(found)}
    messages.success(request, text)
    return True
