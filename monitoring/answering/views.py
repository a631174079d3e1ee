"""Pages of answers: on a warning, on a listed patient, and the patients of a list."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, Listing
from accounts.models import ReadRecord, User
from accounts.services import record_read
from accounts.templatetags.tuodi import ymd
from exchange.errors import ExchangeError
from exchange.models import Delivery
from monitoring.answering import selectors, services
from monitoring.answering.forms import AnswerForm
from monitoring.feedback import Told
from monitoring.models import BurdenWarning, ListedPerson


@requires(Act.FEEDBACK_UPLOAD)
@require_http_methods(["GET", "POST"])
def warning(request: HttpRequest, pk: int) -> HttpResponse:
    """What a department has found out about a warned person."""
    found = get_visible(request, BurdenWarning.objects.select_related("person", "region"), pk=pk)
    return _answer(request, found, reverse("monitoring:warning", args=[pk]))


@requires(Act.FEEDBACK_UPLOAD)
@require_http_methods(["GET", "POST"])
def patient(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of a patient of a list."""
    rows = ListedPerson.objects.select_related("person__region", "delivery").exclude(number="")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    get_visible(request, Delivery.objects.defer("body"), pk=found.delivery_id)
    return _answer(request, found, reverse("monitoring:patients", args=[found.delivery_id]))


def _answer(request: HttpRequest, told: Told, back: str) -> HttpResponse:
    user = cast(User, request.user)
    places = selectors.may_answer(user, told)
    if not places:
        raise Http404
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{told.person_id}", request=request)
    form = AnswerForm(request.POST or None, places=places)
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        place = form.places[said.pop("department")]
        try:
            file = services.answer(actor=user, told=told, department=place.department, region=place.region, said=said)
        except ExchangeError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("反馈已提交，医疗保障部门确认后生效"))
            return go(request, "exchange:file", file.pk)
    context = {
        "title": _("核实反馈 %(number)s") % {"number": told.number},
        "form": form,
        "breadcrumb": [(told.number, back)],
        "cancel": back,
        "summary": [
            (_("姓名"), told.person.name),
            {"label": _("证件号码"), "value": told.person.masked_id_number, "kind": "mono"},
            (_("地区"), told.person.region.name),
        ],
    }
    return render(request, "answering/answer.html", context, status=422 if form.errors else 200)


def _said(row: Any) -> str:
    """Answers in force, with the category that was certified."""
    parts = [f"{one.get_result_display()} {one.get_category_display()}".strip() for one in row.answers]
    return "、".join(f"{part} {ymd(one.verified_on)}" for part, one in zip(parts, row.answers, strict=True))


COLUMNS = (
    Column("number", gettext_lazy("编号"), kind="mono", sort="number", primary=True),
    Column("person.name", gettext_lazy("姓名")),
    Column("person.masked_id_number", gettext_lazy("证件号码"), kind="mono"),
    Column("person.region.name", gettext_lazy("地区")),
    Column("answers", gettext_lazy("核实反馈"), value=_said),
    Column(
        "answered",
        gettext_lazy("状态"),
        kind="badge",
        value=lambda row: _("已反馈") if row.answered else _("未反馈"),
        tone=lambda row: "done" if row.answered else "due",
        exported=False,
    ),
)


@requires(Act.DELIVERY_READ)
@require_GET
def patients(request: HttpRequest, pk: Any) -> HttpResponseBase:
    """The numbered rows of a list with what was answered; a row leads to its answer."""
    user = cast(User, request.user)
    found = get_visible(request, Delivery.objects.defer("body").select_related("region"), pk=pk)
    may = user.may(Act.FEEDBACK_UPLOAD)
    listing = Listing(
        request=request,
        columns=COLUMNS,
        rows=selectors.listed_of(found),
        row_url=(lambda row: reverse("monitoring:answer_patient", args=[row.pk])) if may else None,
        default_sort="number",
        title=found.number,
        empty=gettext_lazy("这份名单没有须反馈的人员"),
        on_export=lambda kind: record_read(
            actor=user, what=ReadRecord.What.EXPORT, subject=f"delivery:{found.pk}", request=request
        ),
    )
    month = f"{reverse('monitoring:month')}?region={found.region_id}&month={found.month:%Y-%m}"
    return listing.respond("components/list_page.html", {"breadcrumb": [(_("本月推送"), month)]})
