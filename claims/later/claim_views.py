"""What is done to one claim later: reversal, correction, exception, another payer; and the statement of a year."""

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Act
from accounts.capitals import capital_amount
from accounts.doors import get_visible, go, requires
from accounts.models import ReadRecord, User
from accounts.services import record_read
from beneficiaries.models import Person
from beneficiaries.naming import person_url
from claims import selectors as claims
from claims.errors import ClaimError, ClaimRefused
from claims.later import recording, services, year_statement
from claims.later.forms import CorrectionForm, ExceptionForm, OtherPaymentForm, ReasonForm
from claims.later.models import LaterFact
from claims.models import Claim, PersonYear


def _claim(request: HttpRequest, pk: int) -> Claim:
    return get_visible(request, claims.claims(), pk=pk)


def _form_page(request: HttpRequest, claim: Claim, form: forms.Form, title: str, text: str, label: str) -> HttpResponse:
    context = {
        "title": title,
        "form": form,
        "claim": claim,
        "text": text,
        "label": label,
        "breadcrumb": [
            (_("费用"), reverse("claims:list")),
            (claim.claim_no, reverse("claims:claim", args=[claim.pk])),
        ],
    }
    return render(request, "claims/later/form.html", context, status=422 if form.is_bound else 200)


def _done(
    request: HttpRequest, claim: Claim, form: forms.Form, do: Callable[[], Any], told: str
) -> HttpResponse | None:
    """Does what the form asks; None when the form must be shown again."""
    if not form.is_valid():
        return None
    try:
        do()
    except ClaimError as error:
        field = error.field if isinstance(error, ClaimRefused) and error.field in form.fields else None
        form.add_error(field, str(error))
        return None
    messages.success(request, told)
    return go(request, "claims:claim", claim.pk)


@requires(Act.CLAIM_WRITE)
def reverse_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """冲正: proposed here, effective when a second person confirms the case."""
    claim, form = _claim(request, pk), ReasonForm(request.POST or None)
    actor = cast(User, request.user)
    answer = request.method == "POST" and _done(
        request,
        claim,
        form,
        lambda: services.propose_reversal(actor=actor, claims=[claim], reason=form.cleaned_data["reason"]),
        _("已登记冲正，待重新结算确认。"),
    )
    text = _("冲正后，此人当年在其后的费用一并重新结算；由另一人确认后生效，差额补支付或者追回。")
    return answer or _form_page(request, claim, form, _("冲正 %(no)s") % {"no": claim.claim_no}, text, _("登记冲正"))


@requires(Act.CLAIM_WRITE)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """更正: new facts, proposed here; the old ones are kept."""
    claim, actor = _claim(request, pk), cast(User, request.user)
    form = CorrectionForm(request.POST or None, user=actor, claim=claim)
    answer = request.method == "POST" and _done(
        request,
        claim,
        form,
        lambda: services.propose_correction(
            actor=actor, claim=claim, corrected=form.corrected(), reason=form.cleaned_data["reason"]
        ),
        _("已登记更正，待重新结算确认。"),
    )
    text = _("原数据保留备查；由另一人确认后按新数据重新结算，差额补支付或者追回。")
    return answer or _form_page(request, claim, form, _("更正 %(no)s") % {"no": claim.claim_no}, text, _("登记更正"))


@requires(Act.CLAIM_EXCEPT)
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """例外: out-of-catalogue control (S3-16) or referral (S1-23)."""
    claim, form, actor = _claim(request, pk), ExceptionForm(request.POST or None), cast(User, request.user)
    answer = request.method == "POST" and _done(
        request,
        claim,
        form,
        lambda: recording.record_exception(actor=actor, claim=claim, **form.cleaned_data),
        _("已认可例外，这一年度待重新结算。"),
    )
    text = _("认可例外后，这一年度列入重新结算，由县级经办测算、另一人确认。")
    return answer or _form_page(request, claim, form, _("例外 %(no)s") % {"no": claim.claim_no}, text, _("认可例外"))


@requires(Act.CLAIM_WRITE)
def other(request: HttpRequest, pk: int) -> HttpResponse:
    """其他支付: what another payer paid (S0-19)."""
    claim, form, actor = _claim(request, pk), OtherPaymentForm(request.POST or None), cast(User, request.user)
    answer = request.method == "POST" and _done(
        request,
        claim,
        form,
        lambda: recording.record_other_payment(actor=actor, claim=claim, **form.cleaned_data),
        _("已登记其他支付，个人负担已重新计算。"),
    )
    text = _("商业保险、互助、慈善等在平台结算之后支付的金额；只减少个人负担，不影响各项保障支付。")
    return answer or _form_page(request, claim, form, _("其他支付 %(no)s") % {"no": claim.claim_no}, text, _("登记"))


@requires(Act.CLAIM_WRITE)
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraws a reversal or correction of the claim that no case has taken up."""
    claim = _claim(request, pk)
    fact = get_visible(request, LaterFact, pk=request.POST.get("fact") or 0, claim=claim)
    try:
        services.take_back(actor=cast(User, request.user), fact=fact)
    except ClaimError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已撤回。"))
    return go(request, "claims:claim", pk)


@requires(Act.CLAIM_READ)
def year(request: HttpRequest, pk: int) -> HttpResponse:
    """一单制结算单 of a person's year: every claim, the payment at year end, what the year comes to."""
    found = get_visible(
        request, PersonYear.objects.select_related("person__region", "version").defer("version__body"), pk=pk
    )
    user, person = cast(User, request.user), cast(Person, found.person)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{person.pk}", request=request)
    statement = year_statement.of_year(found)
    summary = [
        {"label": _("姓名"), "value": person.name, "url": person_url(user, person.pk)},
        {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
        (_("参保地区"), person.region.name),
        (_("年度"), found.year),
        (_("笔数"), found.claims),
        (_("期间"), f"{date(found.year, 1, 1)} — {date(found.year, 12, 31)}"),
        (_("保障支付合计"), ""),
    ]
    summary[-1] = {"label": _("保障支付合计"), "value": statement.paid, "kind": "amount"}
    context = {
        "title": _("%(name)s %(year)s 年度结算单") % {"name": person.name, "year": found.year},
        "year": found,
        "statement": statement,
        "summary": summary,
        "capital": capital_amount(statement.paid),
    }
    return render(request, "claims/later/year.html", context)
