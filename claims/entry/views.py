"""Pages of entered claims: the form with its preview, the list, one entry for the second person."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from accounts.lists import Column, ListPage
from accounts.models import ReadRecord, User
from accounts.papers import services as papers
from accounts.papers.content import PaperRefused
from accounts.papers.models import StoredFile
from accounts.papers.selectors import papers_of
from accounts.services import record_read
from beneficiaries.models import Person
from beneficiaries.naming import person_url
from beneficiaries.searching import search
from claims import statements
from claims.entry import selectors, services
from claims.entry.forms import EntryFilter, EntryForm, ReturnForm
from claims.entry.models import ClaimEntry
from claims.entry.values import from_values
from claims.errors import ClaimError, ClaimRefused
from claims.institutions.selectors import by_code
from claims.models import Claim
from claims.services import preview_claim

OWNER = "claim_entry"
FOUND = 12


class Entries(ListPage):
    act = Act.CLAIM_READ
    title = gettext_lazy("录入费用")
    filters = EntryFilter
    columns = (
        Column("entered_at", gettext_lazy("录入时间"), kind="datetime"),
        Column("number", gettext_lazy("结算号"), kind="mono", value=str, primary=True),
        Column("person.name", gettext_lazy("姓名")),
        Column("region.name", gettext_lazy("参保地区")),
        Column("settled_on", gettext_lazy("结算日期"), kind="date"),
        Column("total", gettext_lazy("总费用"), kind="amount"),
        Column("who", gettext_lazy("录入人")),
        Column("decided_by", gettext_lazy("复核人")),
        Column(
            "state",
            gettext_lazy("状态"),
            kind="badge",
            value=lambda row: row.get_state_display(),
            tone=lambda row: row.tone,
        ),
    )
    empty = gettext_lazy("没有录入的费用")
    empty_help = gettext_lazy("外地和纸质的费用在这里登记，由另一人复核后结算")

    def rows(self, filters: dict[str, Any]) -> Any:
        return selectors.entries_for(self.user, **{name: value for name, value in filters.items() if value})

    @staticmethod
    def row_url(row: ClaimEntry) -> str:
        return reverse("claims:entry", args=[row.pk])

    def extra(self) -> dict[str, Any]:
        crumbs = [(_("费用"), reverse("claims:list"))]
        if not self.user.may(Act.CLAIM_WRITE):
            return {"breadcrumb": crumbs}
        action = {"label": _("登记费用"), "url": reverse("claims:new"), "primary": True, "icon": "plus"}
        return {"breadcrumb": crumbs, "actions": [action]}


# --- the form -----------------------------------------------------------------------------------------------------
@requires(Act.CLAIM_WRITE)
def new_claim(request: HttpRequest) -> HttpResponseBase:
    """The form; the settlement preview sits beside it and follows what is typed."""
    return _form(request, None, _chosen(request))


@requires(Act.CLAIM_WRITE)
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A draft or a returned entry, by its writer."""
    entry = get_visible(request, ClaimEntry.objects.select_related("person__region"), pk=pk)
    if entry.state not in services.OPEN_TO_WRITER:
        messages.info(request, _("这笔费用已经提交，不能再修改。"))
        return go(request, "claims:entry", pk)
    return _form(request, entry, entry.person or _chosen(request))


def _form(request: HttpRequest, entry: ClaimEntry | None, person: Person | None) -> HttpResponseBase:
    actor = cast(User, request.user)
    initial = _initial(entry) if entry else None
    form = EntryForm(request.POST or None, request.FILES or None, user=actor, person=person, initial=initial)
    if request.method == "POST":
        done = _save_draft(request, form, entry) if "draft" in request.POST else _submit(request, form, entry)
        if done:
            return done
    query = f"?person={person.pk}" if person else ""
    context = {
        "title": _("登记费用"),
        "form": form,
        "entry": entry,
        "person": person,
        "kept": papers_of(OWNER, entry.pk) if entry else (),
        "preview_url": reverse("claims:preview") + query,
        "search_url": reverse("claims:entry_persons"),
    }
    return render(request, "claims/entry/form.html", context)


def _initial(entry: ClaimEntry) -> dict[str, Any]:
    """What stands in the form of a known entry: a draft's own texts, else the bill with its exceptions."""
    if entry.settled_on is None:
        return dict(entry.values)
    return entry.values | {"waiver_by": entry.waiver_by, "exception_reason": entry.exception_reason}


def _save_draft(request: HttpRequest, form: EntryForm, entry: ClaimEntry | None) -> HttpResponseBase | None:
    form.is_valid()  # finds the person; the rest may still be missing
    try:
        kept = services.save_draft(actor=cast(User, request.user), entry=entry, person=form.person, typed=form.typed())
        _keep_papers(request, kept)
    except (ClaimError, PaperRefused) as error:
        form.add_error(None, str(error))
        return None
    messages.success(request, _("草稿已保存，可以稍后继续"))
    return go(request, "claims:entry_edit", kept.pk)


def _submit(request: HttpRequest, form: EntryForm, entry: ClaimEntry | None) -> HttpResponseBase | None:
    if not form.is_valid() or not form.person:
        return None
    data = form.cleaned_data
    try:
        made = services.submit(
            actor=cast(User, request.user),
            entry=entry,
            person=form.person,
            claim=form.claim(),
            waiver_by=data["waiver_by"],
            exception_reason=data["exception_reason"],
        )
    except ClaimError as error:
        form.add_error(_field(error, form), str(error))
        return None
    try:
        _keep_papers(request, made)
    except PaperRefused as error:
        messages.warning(request, _("费用已提交，但材料没有保存：%(why)s") % {"why": error})
    else:
        messages.success(request, _("已提交，由另一人复核后结算"))
    return go(request, "claims:entry", made.pk)


def _keep_papers(request: HttpRequest, entry: ClaimEntry) -> None:
    for file in request.FILES.getlist("papers"):
        papers.store_paper(
            actor=cast(User, request.user),
            region=entry.region_id,
            content=file.read(),
            name=file.name or "",
            owner_kind=OWNER,
            owner_id=entry.pk,
        )


def _chosen(request: HttpRequest) -> Person | None:
    """The person that the address names (from the search, or from a person's page)."""
    asked = request.GET.get("person", "")
    return get_visible(request, Person.objects.select_related("region"), pk=asked) if asked.isdecimal() else None


@requires(Act.CLAIM_WRITE)
@require_GET
def persons(request: HttpRequest) -> HttpResponse:
    """Who fits what is typed into the search of persons; each leads to the form with that person."""
    q = request.GET.get("q", "").strip()
    rows: list[Person] = []
    more = False
    if q:
        found, more = search(cast(User, request.user), q)
        rows = list(found.select_related("region").order_by("rank", "id")[:FOUND])
    return render(request, "claims/entry/persons.html", {"q": q, "persons": rows, "more": more or len(rows) == FOUND})


@requires(Act.CLAIM_WRITE)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What the claim being typed would come to; an incomplete form says what is still missing. Nothing is written."""
    form = EntryForm(request.POST, user=request.user, person=_chosen(request))
    context: dict[str, Any] = {"form": form}
    if form.is_valid() and form.person:
        try:
            claim = services.as_settled(form.claim(), form.cleaned_data["exception_reason"])
            outcome = preview_claim(person=form.person, claim=claim)
        except ClaimError as error:
            context["problem"] = str(error)
        else:
            context["statement"] = statements.of_outcome(outcome)
            context["outcome"] = outcome
    else:
        errors = form.errors.as_data()
        context["missing"] = [form.fields[n].label for n, found in errors.items() if found[0].code == "required"]
        context["wrong"] = [
            (form.fields[name].label, found[0].messages[0])
            for name, found in errors.items()
            if found[0].code != "required" and name in form.fields
        ]
    context["person"] = form.person
    context["institution"] = by_code(request.POST.get("institution", "")[:30])
    return render(request, "claims/preview.html", context)


def _field(error: ClaimError, form: EntryForm) -> str | None:
    return error.field if isinstance(error, ClaimRefused) and error.field in form.fields else None


# --- one entry ----------------------------------------------------------------------------------------------------
@requires(Act.CLAIM_READ)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """What was entered, what it would come to now, its papers, and what the reader may do."""
    return _entry_page(request, _found(request, pk), ReturnForm())


def _found(request: HttpRequest, pk: int) -> ClaimEntry:
    return get_visible(
        request,
        ClaimEntry.objects.select_related("person__region", "region", "entered_by", "decided_by", "claim"),
        pk=pk,
    )


def _entry_page(request: HttpRequest, found: ClaimEntry, form: ReturnForm) -> HttpResponse:
    user = cast(User, request.user)
    if found.person_id:
        record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{found.person_id}", request=request)
    waits = found.state == ClaimEntry.State.SUBMITTED
    mine = found.entered_by_id == user.pk
    context: dict[str, Any] = {
        "title": _("录入费用 %(no)s") % {"no": found},
        "entry": found,
        "summary": _summary(user, found),
        "papers": papers_of(OWNER, found.pk),
        "may_decide": waits and user.may(Act.CLAIM_CONFIRM) and not mine,
        "own": waits and mine,
        "may_edit": found.state in services.OPEN_TO_WRITER and mine,
        "may_withdraw": (waits or found.state in services.OPEN_TO_WRITER)
        and user.may(Act.CLAIM_WRITE)
        and (mine or found.entered_by_id is None),
        "return_form": form,
    }
    if waits and found.person:
        try:
            claim = services.as_settled(from_values(found.values), found.exception_reason)
            context["statement"] = statements.of_outcome(preview_claim(person=found.person, claim=claim))
        except ClaimError as error:
            context["problem"] = str(error)
    return render(request, "claims/entry/entry.html", context)


def _summary(user: User, found: ClaimEntry) -> list[Any]:
    values, person = found.values, found.person
    known = by_code(str(values.get("institution", "")))
    rows: list[Any] = [{"label": _("状态"), "value": found.get_state_display(), "kind": "badge", "tone": found.tone}]
    if person:
        rows += [
            {"label": _("姓名"), "value": person.name, "url": person_url(user, person.pk)},
            {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
        ]
    rows += [
        (_("参保地区"), found.region.name),
        {"label": _("结算日期"), "value": found.settled_on, "kind": "date"},
        (_("医疗机构"), f"{known.name}（{known.code}）" if known else values.get("institution", "")),
    ]
    if found.settled_on:
        rows += [
            (_("医疗类别"), Claim.Service(values["service"]).label),
            (_("就医地"), Claim.Location(values["location"]).label),
            (_("转诊"), Claim.Referred(values["referred"]).label),
        ]
        names = ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid")
        rows += [
            {"label": Claim._meta.get_field(name).verbose_name, "value": values[name], "kind": "amount"}
            for name in names
        ]
    if found.waiver_by:
        rows.append((_("目录外控制豁免"), found.waiver_by))
    if found.exception_reason:
        rows.append((_("未转诊例外"), found.exception_reason))
    rows.append((_("录入人"), found.who))
    if found.decided_by:
        rows.append((_("复核人"), found.decided_by))
    return rows


@requires(Act.CLAIM_CONFIRM)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = _found(request, pk)
    try:
        made = services.confirm(actor=cast(User, request.user), entry=found)
    except ClaimError as error:
        messages.error(request, str(error))
        return go(request, "claims:entry", pk)
    messages.success(request, _("已登记并结算：%(no)s") % {"no": made.claim_no})
    return go(request, "claims:claim", made.pk)


@requires(Act.CLAIM_CONFIRM)
@require_POST
def return_(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = _found(request, pk)
    form = ReturnForm(request.POST)
    if form.is_valid():
        try:
            services.return_entry(actor=cast(User, request.user), entry=found, reason=form.cleaned_data["reason"])
        except ClaimError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("已退回录入人修改"))
        return go(request, "claims:entry", pk)
    return _entry_page(request, found, form)


@requires(Act.CLAIM_WRITE)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponseBase:
    try:
        services.withdraw(actor=cast(User, request.user), entry=_found(request, pk))
    except ClaimError as error:
        messages.error(request, str(error))
        return go(request, "claims:entry", pk)
    messages.success(request, _("已撤回"))
    return go(request, "claims:entries")


@requires(Act.CLAIM_WRITE)
@require_POST
def withdraw_paper(request: HttpRequest, pk: int, paper: str) -> HttpResponseBase:
    """One of the entry's papers, by its uploader, with the reason; what the second person looks at stays."""
    found = _found(request, pk)
    if found.state not in services.OPEN_TO_WRITER:
        messages.error(request, _("这笔费用已经提交，材料不能再撤回；请复核人退回修改后再办理。"))
        return go(request, "claims:entry", pk)
    one = papers_of(OWNER, found.pk).filter(pk=paper).first()
    if one is None:
        raise Http404
    try:
        papers.withdraw_paper(
            actor=cast(User, request.user), paper=cast(StoredFile, one), reason=request.POST.get("reason", "")
        )
    except PaperRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("材料已撤回"))
    return go(request, "claims:entry", pk)
