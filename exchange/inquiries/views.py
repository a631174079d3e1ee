"""Pages of inquiries: the list, one with its answer, the rows of a file as a file in the partner's own format."""

import io
from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.masking import mask_id_number
from accounts.models import ReadRecord, User
from accounts.services import record_read
from exchange.inquiries import selectors, services
from exchange.inquiries.forms import AnswerForm, InquiryFilter
from exchange.inquiries.models import Inquiry
from exchange.models import InboundFile
from exchange.places import places, upload_address


class Inquiries(ListPage):
    """What was sent back to departments, newest first."""

    act = Act.ROSTER_READ
    title = gettext_lazy("待部门核实")
    template_name = "exchange/place_list.html"
    filters = InquiryFilter
    columns = (
        Column("name", gettext_lazy("姓名"), primary=True, value=lambda one: one.name or _("（无姓名）")),
        Column(
            "id_number", gettext_lazy("证件号码"), kind="mono", value=lambda one: mask_id_number(one.id_number or "")
        ),
        Column("reason", gettext_lazy("原因")),
        Column("department", gettext_lazy("部门"), value=lambda one: one.get_department_display()),
        Column("region.name", gettext_lazy("地区")),
        Column("month", gettext_lazy("月份"), kind="month", sort="month"),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda one: one.get_state_display(),
            tone=lambda one: one.tone,
        ),
        Column("answer", gettext_lazy("答复"), value=lambda one: one.get_answer_display()),
        Column("created_at", gettext_lazy("退回时间"), kind="datetime", sort="created_at"),
        Column("file.name", gettext_lazy("来文"), shown=False),
        Column("row", gettext_lazy("行号"), kind="number", shown=False),
        Column("answered_by", gettext_lazy("答复人"), shown=False),
        Column("answered_at", gettext_lazy("答复时间"), kind="datetime", shown=False),
    )
    default_sort = "-created_at"
    empty = gettext_lazy("没有待部门核实的名单行")
    empty_help = gettext_lazy(
        "名单确认后，没有采用的存疑行和错误行列在这里，由报送部门答复；下一份名单报对了，自动办结。"
    )

    def rows(self, filters: dict[str, Any]) -> QuerySet[Inquiry]:
        return selectors.inquiries(self.user, **{name: value for name, value in filters.items() if value})

    def row_url(self, row: Inquiry) -> str:
        return reverse("exchange:inquiry", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"places": places(self.user, "inquiries")}
        number = self.request.GET.get("file", "")
        if number.isdigit() and self.user.visible(InboundFile).filter(pk=number).exists():
            url = reverse("exchange:inquiry_file", args=[number])
            found["actions"] = [{"label": _("下载（原格式）"), "url": url, "icon": "download", "download": True}]
        return found

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="inquiries", request=self.request)


@requires(Act.ROSTER_READ)
@require_http_methods(["GET", "POST"])
def inquiry(request: HttpRequest, pk: int) -> HttpResponse:
    """One row that came back: why, and the department's answer."""
    user = _user(request)
    found = Inquiry.objects.select_related("region", "file", "answered_by", "closed_by")
    one = get_visible(request, found, pk=pk)
    open_ = one.state != Inquiry.State.CLOSED
    form = AnswerForm(request.POST or None) if services.may_answer(user, one) and open_ else None
    if request.method == "POST":
        if form is None:
            messages.error(request, _("只有报送部门或医疗保障经办可以答复未办结的事项"))
            return go(request, reverse("exchange:inquiry", args=[pk]))
        if form.is_valid():
            try:
                services.answer_inquiry(actor=user, inquiry_id=one.pk, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, _("已记录答复"))
                return go(request, reverse("exchange:inquiry", args=[pk]))
    context = {
        "title": _("第 %(row)s 行：%(name)s") % {"row": one.row, "name": one.name or _("（无姓名）")},
        "inquiry": one,
        "summary": _summary(one),
        "answered": _answered(one),
        "form": form,
        "label": _("提交答复"),
        "upload_url": upload_address(one.file, mode=InboundFile.Mode.CHANGES),
        "places": places(user, "inquiries"),
    }
    return render(request, "exchange/inquiry.html", context, status=422 if form and form.errors else 200)


def _summary(one: Inquiry) -> list[Any]:
    return [
        (_("部门"), one.get_department_display()),
        (_("地区"), one.region.name),
        {"label": _("月份"), "value": f"{one.month:%Y-%m}"},
        {"label": _("状态"), "value": one.get_state_display(), "kind": "badge", "tone": one.tone},
        (_("姓名"), one.name or "—"),
        (_("证件号码"), mask_id_number(one.id_number) if one.id_number else "—"),
        (_("人员类别"), one.get_category_display() or "—"),
        (_("所填内容"), one.value or "—"),
    ]


def _answered(one: Inquiry) -> list[Any]:
    if one.answered_at is None:
        return []
    found: list[Any] = [
        (_("答复"), one.get_answer_display()),
        (_("正确姓名"), one.corrected_name),
        (_("正确证件号码"), mask_id_number(one.corrected_number or "")),
        (_("说明"), one.note),
        (_("答复人"), f"{one.answered_by or _('系统')} {timezone.localtime(one.answered_at):%Y-%m-%d %H:%M}"),
    ]
    return [(label, value) for label, value in found if value]


@requires(Act.ROSTER_READ)
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows of a file that wait for the department, in the partner's own format."""
    one = get_visible(request, InboundFile.objects.select_related("region"), pk=pk)
    out = io.BytesIO()
    services.write_file(one, out)
    record_read(actor=_user(request), what=ReadRecord.What.EXPORT, subject=f"inbound:{one.pk}", request=request)
    out.seek(0)
    name = PurePath(one.name)
    return FileResponse(out, as_attachment=True, filename=f"{name.stem}-{_('待核实')}{name.suffix}")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `requires` has seen to it
    return request.user
