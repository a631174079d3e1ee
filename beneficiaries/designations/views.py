"""Pages of designations: the list, one with the people it counts for, and what is done to it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import Act
from accounts.doors import ActView, get_visible, go, requires
from accounts.forms import add_errors
from accounts.lists import Column, Listing, ListPage
from accounts.models import ReadRecord
from accounts.services import record_read
from beneficiaries.designations import selectors, services
from beneficiaries.designations.forms import DesignateForm, DesignationFilter, EndForm, WithdrawForm
from beneficiaries.designations.models import DesignatedSpell, Designation
from beneficiaries.models import Person
from policies import selectors as law


def _state(one: Designation) -> str:
    if one.known_to is not None:
        return _("已更正")
    if one.valid_to is not None and one.valid_to < timezone.localdate():
        return _("已截止")
    return _("有效") if one.holds_today else _("未生效")


def _tone(one: Designation) -> str:
    return "done" if one.holds_today else "plain"


class Designations(ListPage):
    """What counties have their own category treated as (S1-01)."""

    act = Act.PERSON_READ
    title = gettext_lazy("类别指定")
    filters = DesignationFilter
    columns = (
        Column("get_category_display", gettext_lazy("认定类别"), primary=True),
        Column("get_treated_as_display", gettext_lazy("视同类别")),
        Column("region.name", gettext_lazy("指定地区")),
        Column("document", gettext_lazy("文号")),
        Column("valid_from", gettext_lazy("起始日期"), kind="date", sort="valid_from"),
        Column("valid_to", gettext_lazy("截止日期"), kind="date"),
        Column("people", gettext_lazy("人数"), kind="number"),
        Column("state", gettext_lazy("状态"), kind="badge", value=_state, tone=_tone),
        Column("entered_by", gettext_lazy("登记人"), shown=False),
        Column("known_from", gettext_lazy("登记时间"), kind="datetime", shown=False),
    )
    default_sort = "-valid_from"
    empty = gettext_lazy("还没有类别指定")
    empty_help = gettext_lazy(
        "旗县人民政府对自己认定的其他特殊困难人员，指定视同哪一类救助对象；登记政府文件后，结算、资助和预警都按指定的类别。没有登记的，不按这一身份救助。"
    )

    def rows(self, filters: dict[str, Any]) -> QuerySet[Designation]:
        return selectors.designations(self.user, current=not filters.get("all"))

    def row_url(self, row: Designation) -> str:
        # A region's own page is for those whose region it is: what is named above them they read here.
        mine = row.region_id.startswith(self.user.region_prefix)
        return reverse("beneficiaries:designation", args=[row.pk]) if mine else ""

    def extra(self) -> dict[str, Any]:
        found: dict[str, Any] = {"breadcrumb": [(_("人员"), reverse("beneficiaries:list"))]}
        if self.user.may(Act.PERSON_WRITE):
            new = {"label": _("登记指定"), "url": reverse("beneficiaries:designation_new"), "icon": "plus"}
            found["actions"] = [new | {"primary": True}]
        return found


@requires(Act.PERSON_READ)
def designation(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One of them: the document, the clause, and everyone for whom it counts."""
    one = get_visible(request, Designation.objects.select_related("region", "entered_by"), pk=pk)
    counted = DesignatedSpell.objects.filter(designation_id=one.pk).values("person_id")
    listing = Listing(
        request=request,
        rows=request.user.visible(Person).filter(pk__in=counted).select_related("region"),  # type: ignore[union-attr]
        columns=(
            Column("name", _("姓名"), primary=True),
            Column("masked_id_number", _("证件号码"), kind="mono"),
            Column("region.name", _("所在地区")),
        ),
        title=_("类别指定"),
        row_url=lambda row: reverse("beneficiaries:person", args=[row.pk]),
        empty=_("没有按这项指定办理的人员"),
        on_export=lambda kind: record_read(
            actor=request.user,  # type: ignore[arg-type]
            what=ReadRecord.What.EXPORT,
            subject=f"designation:{one.pk}",
            request=request,
        ),
    )
    may_write = request.user.may(Act.PERSON_WRITE) and one.known_to is None  # type: ignore[union-attr]
    return listing.respond(
        "beneficiaries/designation.html",
        {"one": one, "rows": facts(one), "clauses": _clauses(one), "may_write": may_write},
    )


def facts(one: Designation) -> list[Any]:
    """Rows of components/summary.html."""
    return [
        (_("认定类别"), one.get_category_display()),
        (_("视同类别"), one.get_treated_as_display()),
        (_("指定地区"), one.region.name),
        (_("文号"), one.document),
        {"label": _("起始日期"), "value": one.valid_from, "kind": "date"},
        {"label": _("截止日期"), "value": one.valid_to, "kind": "date"},
        {"label": _("状态"), "value": _state(one), "kind": "badge", "tone": _tone(one)},
        (_("登记人"), str(one.entered_by or _("系统"))),
        {"label": _("登记时间"), "value": one.known_from, "kind": "datetime"},
        *([(_("说明"), one.note)] if one.note else []),
        *([(_("终止原因"), one.end_reason)] if one.end_reason else []),
    ]


def _clauses(one: Designation) -> list[Any]:
    """The law that leaves it to the county, as it stood on the first day."""
    version = law.version_on(one.region_id, one.valid_from)
    if version is None:
        return []
    document = law.document_of(version)
    return [document.clauses[key] for key in document.categories.clauses]


class DesignationAct(ActView):
    """One form: what it asks, what it does, where it leads."""

    act = Act.PERSON_WRITE
    title: ClassVar[Any]
    label: ClassVar[Any]
    one: Designation | None = None

    def get(self, request: HttpRequest, **keys: int) -> HttpResponse:
        self.find(keys)
        return self.page(self.form(None))

    def post(self, request: HttpRequest, **keys: int) -> HttpResponse:
        self.find(keys)
        form = self.form(request.POST)
        if form.is_valid():
            try:
                made = self.run(form.cleaned_data)
            except ValidationError as error:
                add_errors(form, error)
            except PermissionDenied as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, self.done(made))
                return go(request, reverse("beneficiaries:designation", args=[made.pk]))
        return self.page(form)

    def find(self, keys: dict[str, int]) -> None:
        self.one = get_visible(self.request, Designation.objects.select_related("region"), pk=keys["pk"])

    def form(self, data: Any) -> forms.Form:
        raise NotImplementedError

    def run(self, data: dict[str, Any]) -> Designation:
        raise NotImplementedError

    def done(self, made: Designation) -> str:
        return _("已保存")

    def page(self, form: forms.Form | None) -> HttpResponse:
        up = reverse("beneficiaries:designations")
        context = {
            "title": self.title,
            "form": form,
            "label": self.label,
            "one": self.one,
            "cancel": reverse("beneficiaries:designation", args=[self.one.pk]) if self.one else up,
            "rows": facts(self.one) if self.one else [],
        }
        wrong = form is not None and form.errors
        return render(self.request, "beneficiaries/designate.html", context, status=422 if wrong else 200)


class Designate(DesignationAct):
    title = gettext_lazy("登记类别指定")
    label = gettext_lazy("登记")

    def find(self, keys: dict[str, int]) -> None:
        self.choices = selectors.choices_on(self.user.region_prefix.ljust(12, "0"), timezone.localdate())

    def get(self, request: HttpRequest, **keys: int) -> HttpResponse:
        self.find(keys)
        return self.page(self.form(None) if self.choices.named else None)

    def form(self, data: Any) -> forms.Form:
        return DesignateForm(data, user=self.user, choices=self.choices)

    def run(self, data: dict[str, Any]) -> Designation:
        return services.designate(actor=self.user, **data)

    def done(self, made: Designation) -> str:
        people = DesignatedSpell.objects.filter(designation_id=made.pk).values("person_id").distinct().count()
        said = ngettext("已登记，%(n)s 人从此按指定的类别", "已登记，%(n)s 人从此按指定的类别", people)
        return said % {"n": people}


class End(DesignationAct):
    title = gettext_lazy("终止类别指定")
    label = gettext_lazy("终止")

    def form(self, data: Any) -> forms.Form:
        return EndForm(data)

    def run(self, data: dict[str, Any]) -> Designation:
        assert self.one is not None  # noqa: S101 - `find` has seen to it
        return services.end_designation(actor=self.user, designation=self.one, **data)


class Withdraw(DesignationAct):
    title = gettext_lazy("作废类别指定")
    label = gettext_lazy("作废")

    def form(self, data: Any) -> forms.Form:
        return WithdrawForm(data)

    def run(self, data: dict[str, Any]) -> Designation:
        assert self.one is not None  # noqa: S101 - `find` has seen to it
        return services.withdraw_designation(actor=self.user, designation=self.one, **data)
