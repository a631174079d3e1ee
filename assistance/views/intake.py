"""Intake: the person by identity number, the application, its papers, the household's economy."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.models import ReadRecord, User
from accounts.services import record_read
from assistance import origins
from assistance.errors import Refused
from assistance.forms import (
    FindForm,
    IncomeForm,
    MemberForm,
    NewPersonForm,
    PaperForm,
    PropertyForm,
    RegisterForm,
    VerifyForm,
)
from assistance.models import Application, Paper
from assistance.selectors import page, rules
from assistance.services import economy, registering
from assistance.vocabulary import Did
from assistance.workflow import why_not
from beneficiaries.models import Person, id_key
from exchange import reader


@requires(Act.APPLICATION_REGISTER)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The person first: found by number, or registered here."""
    user = cast(User, request.user)
    form: FindForm = FindForm(request.POST or None)
    if request.method == "POST" and "name" in request.POST:
        form = NewPersonForm(request.POST, user=user)
        if form.is_valid() and (person := _registered(form, user)):
            return go(request, "assistance:register", person.pk)
    elif form.is_valid():
        try:
            number = reader.identity.normalise(form.cleaned_data["id_number"])
        except reader.FieldError as error:
            form.add_error("id_number", str(error))
        else:
            known = Person.objects.filter(id_key=id_key(number)).first()
            if known and user.visible(Person).filter(pk=known.pk).exists():
                return go(request, "assistance:register", known.pk)
            if known:
                form.add_error("id_number", _("此人登记在其他地区，请由其所在地的经办登记申请。"))
            else:
                form = NewPersonForm(user=user, initial={"id_number": number})
                messages.info(request, _("人员登记中没有这个证件号码，请接着填写姓名和所在地区。"))
    context = {"title": _("登记申请"), "form": form, "label": _("下一步"), "cancel": reverse("assistance:list")}
    return render(request, "assistance/form.html", context)


def _registered(form: NewPersonForm, user: User) -> Person | None:
    try:
        return registering.register_applicant(actor=user, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
    except (Refused, PermissionDenied) as error:
        form.add_error(None, str(error))
    return None


@requires(Act.APPLICATION_REGISTER)
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """What the person applies for; `?from=warning:12` or `claim:34` fills in what is known."""
    user = cast(User, request.user)
    person = get_visible(request, Person.objects.select_related("region", "household"), pk=pk)
    origin = origins.normal(request.GET.get("from", ""))
    form = RegisterForm(request.POST or None, region_code=person.region_id, initial=_known(user, person, origin))
    if form.is_valid():
        try:
            made = registering.register(actor=user, person=person, origin=origin, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已登记 %(number)s，请填写家庭经济状况并上传材料") % {"number": made.number})
            return go(request, "assistance:case", made.pk)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{person.pk}", request=request)
    context = {
        "title": _("登记申请"),
        "form": form,
        "draft": f"application-{person.pk}",
        "person": person,
        "began": origins.find(user, origin, person),
        "no_rules": not form.kinds,
        "cancel": reverse("assistance:list"),
    }
    return render(request, "assistance/register.html", context)


def _known(user: User, person: Person, origin: str) -> dict[str, Any]:
    """First values: the rule that fits a category held today, the reason from where the application begins."""
    today = timezone.localdate()
    held = rules.held_on(person.pk, today)
    _version, kinds = rules.kinds_on(person.region_id, today)
    rule = next((kind.name for kind in kinds if held & set(kind.who)), "")
    began = origins.find(user, origin, person)
    return {"applied_on": today, "rule": rule, "reason": began.reason if began else ""}


# --- papers -------------------------------------------------------------------------------------------------------
@requires(Act.APPLICATION_READ)
@require_http_methods(["GET", "POST"])
def papers(request: HttpRequest, pk: int) -> HttpResponse:
    """The checklist: upload, original seen, or missing until a day."""
    user = cast(User, request.user)
    application = get_visible(request, page.applications(), pk=pk)
    wrong: dict[str, str] = {}
    form = PaperForm()
    if request.method == "POST":
        form = PaperForm(request.POST, request.FILES)
        try:
            done = _save_paper(request, user, application, form)
        except Refused as error:
            wrong[request.POST.get("label", "")] = str(error)
        else:
            if done:
                messages.success(request, done)
                return redirect("assistance:papers", pk=pk)
            errors = [*form.errors.values()]
            wrong[request.POST.get("label", "")] = " ".join(" ".join(one) for one in errors)
    case = page.case_of(application, user)
    beyond = [one for one in case.files if one.label not in {item.paper.label for item in case.items}]
    context = {
        "title": _("申请材料"),
        "application": application,
        "case": case,
        "items": [(item, wrong.get(item.paper.label, "")) for item in case.items],
        "beyond": beyond,
        "wrong": wrong.get("") or next((wrong[key] for key in wrong if key not in _labels(case)), ""),
        "form": PaperForm(),
    }
    return render(request, "assistance/papers.html", context)


def _labels(case: page.Case) -> set[str]:
    return {item.paper.label for item in case.items}


def _save_paper(request: HttpRequest, user: User, application: Application, form: PaperForm) -> str:
    """What was done, in words; empty when the form is not complete. Raises Refused."""
    what, label = request.POST.get("what", "file"), request.POST.get("label", "")
    if what in ("seen", "promise"):
        paper = Paper.objects.filter(application=application, label=label).first()
        if paper is None:
            raise Refused(_("清单中没有这项材料；请刷新后再办理。"))
        if what == "seen":
            registering.set_paper(actor=user, paper=paper, original_seen=True)
            return _("已注明看过“%(label)s”原件") % {"label": label}
        try:
            day = timezone.datetime.strptime(request.POST.get("promised_on", ""), "%Y-%m-%d").date()
        except ValueError as error:
            raise Refused(_("请填写补交日期。")) from error
        registering.set_paper(actor=user, paper=paper, promised_on=day)
        return _("已容缺：“%(label)s”于 %(day)s 前补交") % {"label": label, "day": day}
    if not form.is_valid():
        return ""
    file = form.cleaned_data["file"]
    registering.add_paper(actor=user, application_id=application.pk, label=label, name=file.name, content=file.read())
    return _("已上传“%(label)s”") % {"label": label}


# --- the household's economy --------------------------------------------------------------------------------------
FORMS: dict[str, Any] = {"member": MemberForm, "income": IncomeForm, "property": PropertyForm}
ADD = {"member": economy.add_member, "income": economy.add_income, "property": economy.add_property}


@requires(Act.APPLICATION_READ)
@require_http_methods(["GET", "POST"])
def household(request: HttpRequest, pk: int) -> HttpResponse:
    """Members, income by kind, property; what was stated, and what checking found."""
    user = cast(User, request.user)
    application = get_visible(request, page.applications(), pk=pk)
    forms = {what: form(prefix=what) for what, form in FORMS.items()}
    what = request.POST.get("what", "")
    if request.method == "POST" and what in FORMS:
        form = FORMS[what](request.POST, prefix=what)
        if form.is_valid():
            try:
                ADD[what](actor=user, application_id=application.pk, **form.cleaned_data)
            except Refused as error:
                form.add_error(error.field or None, str(error))
            else:
                return redirect(f"{reverse('assistance:household', args=[pk])}#{what}")
        forms[what] = form
    writing = not why_not(Did.EDIT, application, user)
    checking = not why_not(Did.ECONOMY, application, user)
    context = {
        "title": _("家庭经济状况"),
        "application": application,
        "case": page.case_of(application, user),
        "forms": forms,
        "may_add": writing or checking,
        "may_remove": writing,
        "may_verify": checking,
    }
    return render(request, "assistance/household.html", context)


@requires(Act.APPLICATION_READ)
@require_POST
def remove_row(request: HttpRequest, pk: int, what: str, row: int) -> HttpResponse:
    """Takes a stated row away."""
    application = get_visible(request, Application, pk=pk)
    try:
        economy.remove(actor=cast(User, request.user), application_id=application.pk, what=what, row_id=row)
    except Refused as error:
        messages.error(request, str(error))
    return redirect("assistance:household", pk=pk)


@requires(Act.APPLICATION_READ)
@require_http_methods(["GET", "POST"])
def verify_row(request: HttpRequest, pk: int, what: str, row: int) -> HttpResponse:
    """What checking a stated row found."""
    user = cast(User, request.user)
    application = get_visible(request, page.applications(), pk=pk)
    found = economy.ROWS[what].objects.filter(application=application, pk=row).first()
    why = why_not(Did.ECONOMY, application, user)
    if found is None or why:
        messages.error(request, why or _("这一项已不存在；请刷新后再办理。"))
        return redirect("assistance:household", pk=pk)
    first = {"able_to_work": found.able_to_work} if what == "member" else {}
    form = VerifyForm(request.POST or None, what=what, initial=first)
    if form.is_valid():
        try:
            economy.verify(actor=user, application_id=pk, what=what, row_id=row, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("已登记核对结果"))
            return redirect("assistance:household", pk=pk)
    context = {
        "title": _("核对"),
        "application": application,
        "form": form,
        "row": found,
        "what": what,
        "cancel": reverse("assistance:household", args=[pk]),
    }
    return render(request, "assistance/verify.html", context)
