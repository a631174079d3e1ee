"""Pages of the books: reconcile a month with a department, remind it."""

from datetime import date
from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.forms import RegionField
from accounts.models import Region, User
from accounts.vocabulary import Department
from monitoring.books import services
from monitoring.forms import MonthField
from monitoring.models import Reconciliation

LIMIT = 20 * 1024 * 1024
SHOWN = 200


class BooksForm(forms.Form):
    """The department's list for a month."""

    region = RegionField(label=gettext_lazy("行政区划"))
    department = forms.ChoiceField(label=gettext_lazy("部门"), choices=Department.choices)
    month = MonthField(label=gettext_lazy("月份"))
    file = forms.FileField(
        label=gettext_lazy("对方的清单"),
        help_text=gettext_lazy("CSV 或 XLSX，有“预警编号”和“身份证号”两列：对方到月末持有的全部预警"),
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.region_prefix.ljust(12, "0")
        if user.department != Department.MEDICAL_SECURITY:
            label = Department(user.department).label
            self.fields["department"].choices = [(user.department, label)]  # type: ignore[attr-defined]

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LIMIT:
            raise forms.ValidationError(_("文件超过20MB；对账清单只需要预警编号和身份证号两列。"))
        return file


@requires(Act.DELIVERY_READ)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The department's list is held against ours."""
    user = cast(User, request.user)
    first = {key: request.GET[key] for key in ("region", "department", "month") if key in request.GET}
    form = BooksForm(request.POST or None, request.FILES or None, user=user, initial=first)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        file = data.pop("file")
        try:
            found = services.reconcile(actor=user, name=file.name, content=file.read(), **data)
        except services.BooksError as error:
            form.add_error("file", str(error))
        else:
            return go(request, "monitoring:reconciliation", found.pk)
    context = {"title": _("对账"), "form": form, "cancel": reverse("monitoring:month")}
    return render(request, "books/new.html", context, status=422 if form.errors else 200)


@requires(Act.DELIVERY_READ)
@require_GET
def reconciliation(request: HttpRequest, pk: int) -> HttpResponse:
    """How the two books compare."""
    user = cast(User, request.user)
    found = get_visible(request, Reconciliation.objects.select_related("region", "by"), pk=pk)
    context = {
        "title": _("%(department)s %(month)s 对账")
        % {"department": found.get_department_display(), "month": f"{found.month:%Y-%m}"},
        "found": found,
        "missing": found.missing[:SHOWN],
        "unknown": found.unknown[:SHOWN],
        "different": found.different[:SHOWN],
        "withdrawn": found.withdrawn[:SHOWN],
        "may_send": user.may(Act.WARNING_PUSH) and bool(found.missing),
        "month_url": f"{reverse('monitoring:month')}?region={found.region_id}&month={found.month:%Y-%m}",
        "summary": [
            (_("地区"), found.region.name),
            (_("部门"), found.get_department_display()),
            (_("月份"), f"{found.month:%Y-%m}"),
            (_("我方推送"), found.told),
            (_("对方持有"), found.held),
            {
                "label": _("结果"),
                "value": _("两边一致") if found.agrees else _("不一致"),
                "kind": "badge",
                "tone": "done" if found.agrees else "late",
            },
            (_("文件名"), found.name),
            (_("经办人"), found.by.name if found.by else _("对方系统")),
        ],
    }
    return render(request, "books/reconciliation.html", context)


@requires(Act.WARNING_PUSH)
@require_POST
def send_missing(request: HttpRequest, pk: int) -> HttpResponse:
    """What the department lacks goes again, with the same ids."""
    found = get_visible(request, Reconciliation.objects.select_related("region"), pk=pk)
    try:
        again = services.send_missing(actor=cast(User, request.user), reconciliation=found)
    except services.BooksError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已重新排队发送 %(count)d 份清单") % {"count": len(again)})
    return go(request, "monitoring:reconciliation", pk)


@requires(Act.WARNING_PUSH)
@require_POST
def remind(request: HttpRequest) -> HttpResponse:
    """The department is reminded of what it has not answered."""
    user = cast(User, request.user)
    region = get_visible(request, Region, pk=request.POST.get("region", ""))
    try:
        month = date.fromisoformat(f"{request.POST.get('month', '')}-01")
    except ValueError:
        messages.error(request, _("请选择地区和月份"))
        return go(request, "monitoring:month")
    department = request.POST.get("department", "")
    try:
        sent = services.remind(actor=user, region=region, department=department, month=month)
    except services.BooksError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已催办，文号 %(number)s") % {"number": sent.number})
    return go(request, f"{reverse('monitoring:month')}?region={region.pk}&month={month:%Y-%m}")
