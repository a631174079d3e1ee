"""Pages of the register: the list with its search, a person's file, a person registered by hand."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import once
from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, Listing, ListPage
from accounts.models import ReadRecord, User
from accounts.services import record_read
from beneficiaries import selectors, services
from beneficiaries.diseases.selectors import gathered_registrations as registrations
from beneficiaries.enrolment.of_person import payments
from beneficiaries.enrolment.selectors import insured
from beneficiaries.forms import NumberForm, PersonFilter, PersonForm, RevealForm
from beneficiaries.models import Person
from beneficiaries.panels import panels_for
from beneficiaries.persons.page import Part, summary
from beneficiaries.searching import MOST, search
from exchange import reader


def _categories(person: Person) -> str:
    return "、".join(spell.get_category_display() for spell in selectors.held_now(person))


class PersonList(ListPage):
    """Search by name, initials, identity number or its last four, household number."""

    act = Act.PERSON_READ
    title = gettext_lazy("人员")
    filters = PersonFilter
    columns = (
        Column("name", gettext_lazy("姓名"), primary=True),
        Column("masked_id_number", gettext_lazy("证件号码"), kind="mono"),
        Column("sex", gettext_lazy("性别"), value=lambda person: person.get_sex_display()),
        Column("birth_date", gettext_lazy("出生日期"), kind="date"),
        Column("categories", gettext_lazy("现有类别"), value=_categories),
        Column("region.name", gettext_lazy("所在地区")),
        Column("household", gettext_lazy("户编号"), kind="mono"),
        Column("relation", gettext_lazy("与户主关系")),
        Column("masked_phone", gettext_lazy("联系电话"), kind="mono", shown=False),
    )
    empty = gettext_lazy("没有符合条件的人员")
    empty_help = gettext_lazy("人员由部门名单带来，也可以点击“登记人员”逐一登记。")

    def rows(self, filters: dict[str, Any]) -> QuerySet[Person]:
        given = {name: value for name, value in filters.items() if value}
        self.cut = False
        if q := given.pop("q", "").strip():
            given["found"], self.cut = search(self.user, q)
        return selectors.persons(self.user, **given)

    def listing(self) -> Listing:
        """A search has its own order: whole names before beginnings before parts."""
        found = super().listing()
        if "rank" in found.rows.query.annotations:
            found.default_sort = "rank"
        if self.cut:
            found.note = _("只列出最接近的 %(most)s 人，请再多输入几个字") % {"most": MOST}
        return found

    def row_url(self, row: Person) -> str:
        return reverse("beneficiaries:person", args=[row.pk])

    def on_export(self, kind: str) -> None:
        record_read(actor=self.user, what=ReadRecord.What.EXPORT, subject="persons", request=self.request)

    def extra(self) -> dict[str, Any]:
        actions: list[dict[str, Any]] = [
            {"label": _("病种登记"), "url": reverse("beneficiaries:diseases")},
            {"label": _("人员合并"), "url": reverse("beneficiaries:merges")},
            {"label": _("类别指定"), "url": reverse("beneficiaries:designations")},
        ]
        if self.user.may(Act.PERSON_WRITE):
            new = {"label": _("登记人员"), "url": reverse("beneficiaries:new"), "primary": True, "icon": "user-plus"}
            actions.append(new)
        return {"actions": actions}


# --- one person -----------------------------------------------------------------------------------------------------
@requires(Act.PERSON_READ)
@require_GET
def person(request: HttpRequest, pk: int, tab: str = "") -> HttpResponse:
    """A person's file: summary, then the tab asked for; every opening is recorded. Who was merged is shown as whom."""
    known = Person.objects.select_related("region", "household").annotate(insured=insured(timezone.localdate()))
    if not tab:
        known = known.annotate(paid=payments(), registered=registrations())
    one = get_visible(request, known, pk=pk)
    if one.merged_into_id:
        messages.info(request, _("“%(name)s”的这份档案已并入当前档案") % {"name": one.name})
        return go(request, "beneficiaries:person", one.merged_into_id)
    user = _user(request)
    fragment = getattr(request, "htmx", None) and request.htmx.target == "tab"  # type: ignore[attr-defined]
    if not fragment:
        record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{one.pk}", request=request)
    with once.page():
        return _file(request, one, tab, fragment)


def _file(request: HttpRequest, one: Person, tab: str, fragment: Any) -> HttpResponse:
    user = _user(request)
    panels = panels_for(user)
    part = Part(user, one, panels, tab, request.GET.get("kind", ""))
    if fragment:
        return render(request, part.template, part.context)
    context = {
        "title": one.name,
        "person": one,
        "summary": summary(user, one, part.spells, panels),
        "tabs": part.tabs,
        "part": part.template,
        "form": RevealForm(),
        "may_reveal": user.may(Act.PERSON_REVEAL),
        "may_write": user.may(Act.PERSON_WRITE),
    }
    return render(request, "beneficiaries/person.html", context | part.context)


@requires(Act.PERSON_REVEAL)
@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Number, phone and bank account in full, after a reason that goes into the trail; the fragment alone."""
    one = get_visible(request, Person, pk=pk)
    form = RevealForm(request.POST)
    shown = form.is_valid()
    if shown:
        record_read(
            actor=_user(request),
            what=ReadRecord.What.REVEAL,
            subject=f"person:{one.pk}",
            reason=form.cleaned_data["reason"],
            request=request,
        )
    context = {"person": one, "form": form, "shown": shown, "may_reveal": True, "asked": not shown}
    return render(request, "beneficiaries/numbers.html", context, status=200)


# --- registration by hand -------------------------------------------------------------------------------------------
@requires(Act.PERSON_WRITE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """First the number: who is registered is opened; then the rest."""
    user = _user(request)
    if "name" in request.POST:
        return _register(request, user)
    form: Any = NumberForm(request.POST or None)
    if form.is_valid():
        typed = form.cleaned_data["id_number"]
        try:
            known = selectors.by_number(user, typed)
        except reader.FieldError as error:
            form.add_error("id_number", str(error))
        else:
            if known:
                messages.info(request, _("此人已登记，已为您打开档案"))
                return go(request, "beneficiaries:person", known.pk)
            form = PersonForm(user=user, initial={"id_number": typed})
    return _new_page(request, form)


def _register(request: HttpRequest, user: User) -> HttpResponse:
    form = PersonForm(request.POST, user=user)
    if form.is_valid():
        try:
            one = services.register_person(actor=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except PermissionDenied as error:
            form.add_error("region", str(error))
        else:
            messages.success(request, _("已登记 %(name)s") % {"name": one.name})
            return go(request, "beneficiaries:person", one.pk)
    return _new_page(request, form)


def _new_page(request: HttpRequest, form: Any) -> HttpResponse:
    label = _("查找") if isinstance(form, NumberForm) else _("登记")
    status = 422 if form.errors else 200
    context = {"title": _("登记人员"), "form": form, "label": label, "cancel": reverse("beneficiaries:list")}
    return render(request, "beneficiaries/new.html", context, status=status)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `requires` has seen to it
    return request.user
