"""The case page: facts left, papers right, moves and record below, the clock always in sight."""

from datetime import date
from itertools import groupby
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import Act
from accounts.doors import get_visible, requires
from accounts.models import ReadRecord, User
from accounts.services import record_read
from assistance import origins
from assistance.models import Application, Step
from assistance.selectors import comparing, page
from assistance.views.listing import due_tone, due_words, referral_tone, referral_words
from assistance.vocabulary import Did, Kind, State
from assistance.workflow import ACTS, offered, why_not
from beneficiaries.models import Person
from policies import selectors as law

ICONS = {
    Did.REGISTER: "file-plus",
    Did.SUBMIT: "send",
    Did.ACCEPT: "inbox",
    Did.RETURN: "undo-2",
    Did.ASK: "message-circle-question-mark",
    Did.ANSWER: "message-square-reply",
    Did.FINISH_CHECK: "clipboard-check",
    Did.CONVENE: "users",
    Did.OPINE: "message-square",
    Did.APPROVE: "check",
    Did.REJECT: "x",
    Did.PAY: "banknote",
    Did.PAID: "banknote",
    Did.PAY_RETURNED: "banknote-x",
    Did.APPEAL: "scale",
    Did.VISIT: "house",
    Did.REFER: "forward",
    Did.DELIVER: "mail-check",
    Did.CLOSE: "archive",
    Did.WITHDRAW: "circle-slash",
}
TONES = {Did.RETURN: "due", Did.REJECT: "late", Did.PAY_RETURNED: "late"}
# Acts beside the moves that the page offers, in this order.
BESIDE = (Did.EDIT, Did.ASK, Did.DELIVER, Did.VISIT, Did.REFER)


@requires(Act.APPLICATION_READ)
@require_GET
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One application."""
    user = cast(User, request.user)
    application = get_visible(request, page.applications(), pk=pk)
    record_read(actor=user, what=ReadRecord.What.FILE, subject=f"person:{application.person_id}", request=request)
    found = page.case_of(application, user)
    context = {
        "title": application.number,
        "application": application,
        "case": found,
        "summary": summary(application, user),
        "moves": moves(application, user),
        "beside": beside(found, user),
        "due": due_words(application),
        "due_tone": due_tone(application),
        "legs": legs(found),
        "findings": [(comparing.say(one), one.get("tone", "plain"), one) for one in findings(found)],
        "years": timeline(found.steps),
        "clauses": clauses(application),
        "began": origins.find(user, application.origin, application.person),
        "paper": next((one for one in found.files if str(one.pk) == request.GET.get("paper")), None)
        or next(iter(found.files), None),
        "may_add_papers": application.is_open and application.state != State.APPROVED,
        "opinion_url": opinion_url(found, user),
        "is_money": application.kind != Kind.ELIGIBILITY,
        "referrals": [(one, referral_words(one), referral_tone(one)) for one in found.referrals],
        "may_answer_referral": user.may(Act.APPLICATION_CHECK),
    }
    return render(request, "assistance/case.html", context)


def summary(application: Application, user: User) -> list[dict[str, Any]]:
    """The head of the case."""
    person: Person = application.person
    known = user.may(Act.PERSON_READ)
    return [
        {
            "label": _("申请人"),
            "value": person.name,
            "url": reverse("beneficiaries:person", args=[person.pk]) if known else "",
        },
        {"label": _("证件号码"), "value": person.masked_id_number, "kind": "mono"},
        {"label": _("地区"), "value": application.region.name},
        {"label": _("申请事项"), "value": application.rule},
        {"label": _("人员类别"), "value": application.get_category_display()},
        {"label": _("申请日期"), "value": application.applied_on, "kind": "date"},
        {"label": _("状态"), "value": application.get_state_display(), "kind": "badge", "tone": application.tone},
        {
            "label": _("办理期限"),
            "value": due_words(application) or _("不计时"),
            "kind": "badge",
            "tone": due_tone(application),
        },
    ]


def moves(application: Application, user: User) -> list[dict[str, Any]]:
    """What may I do now: the first allowed primary leads; what is not allowed says why."""
    found, led = [], False
    for move, why in offered(application, user):
        leads = move.primary and not why and not led
        led = led or leads
        found.append(
            {
                "label": move.label,
                "url": reverse("assistance:move", args=[application.pk, move.did]),
                "why": why,
                "leads": leads,
                "danger": move.danger,
            }
        )
    return found


def beside(found: page.Case, user: User) -> list[dict[str, str]]:
    """Acts that change no state; a letter is delivered once."""
    application = found.application
    delivered = found.decision is None or found.decision.delivered_on is not None
    return [
        {"label": str(Did(did).label), "url": reverse("assistance:move", args=[application.pk, did])}
        for did in BESIDE
        if did in ACTS and not why_not(did, application, user) and not (did == Did.DELIVER and delivered)
    ]


def legs(found: page.Case) -> list[dict[str, Any]]:
    """The legs of the latest check's test."""
    check = found.check
    return list(check.test["legs"]) if check and check.test else []


def findings(found: page.Case) -> list[dict[str, Any]]:
    """Those of the latest check; before it, as the register stands now."""
    if found.check:
        return list(found.check.findings)
    return comparing.findings_of(found.application)


def clauses(application: Application) -> list[Any]:
    """The clauses of the application, with their text."""
    known = law.document_of(application.version).clauses
    return [known[one] for one in application.clauses if one in known]


def opinion_url(found: page.Case, user: User) -> str:
    """Where the user's department gives its opinion, when it is asked."""
    panel = found.panel
    if panel is None or panel.done_at or not user.may(Act.APPLICATION_PANEL):
        return ""
    if user.department not in panel.meeting.departments:
        return ""
    return reverse("assistance:opinion", args=[panel.pk])


def timeline(steps: list[Step]) -> list[tuple[int, list[dict[str, Any]]]]:
    """The record, newest first, by year."""
    entries = [
        {
            "icon": ICONS.get(Did(step.did), "circle"),
            "day": timezone.localdate(step.at),
            "text": f"{step.get_did_display()}{_('：') if step.reason else ''}{step.reason}",
            "amount": step.data.get("amount") or None,
            "who": step.who,
            "tone": TONES.get(Did(step.did), ""),
        }
        for step in steps
    ]
    return [(year, list(some)) for year, some in groupby(entries, key=lambda one: cast(date, one["day"]).year)]
