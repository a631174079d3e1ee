"""What monitoring adds to a person's page: the tab 预警, entries of the timeline."""

from typing import Any

from django.db.models import OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.models import User
from accounts.rows import gathered, rebuilt
from accounts.templatetags.tuodi import burden_bar
from beneficiaries.models import Person
from beneficiaries.panels import Panel
from monitoring import why
from monitoring.followup import selectors
from monitoring.models import BurdenWarning, Feedback, FollowUp, Measure, Projected, Visit
from monitoring.views import TONES

State = BurdenWarning.State


def _context(user: User, person: Person) -> dict[str, Any]:
    found = user.visible(BurdenWarning).filter(person=person).order_by("-year", "kind")
    return {
        "soon": user.visible(Projected).filter(person=person).first() if user.may(Act.CLAIM_READ) else None,
        "why": why.why(user, person, timezone.localdate()) if user.may(Act.CLAIM_READ) else None,
        "warnings": [
            {
                "row": row,
                "tone": TONES[State(row.state)],
                "url": reverse("monitoring:warning", args=[row.pk]),
                "lines": [(row.get_kind_display(), row.line)],
                "answers": [answer for answer in row.feedback.all() if answer.superseded_at is None],
            }
            for row in found.prefetch_related("feedback")
        ],
    }


def _timeline(user: User, person: Person) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    answers = Feedback.objects.filter(warning=OuterRef("pk"), superseded_at=None).order_by("pk")
    found = user.visible(BurdenWarning).filter(person=person, raised_on__isnull=False)
    found = found.annotate(answers=gathered(answers, "department", "result", "created_at"))
    person.warned = bool(found)  # type: ignore[attr-defined] - who was never warned has no follow-up to ask for
    for row in found:
        url = reverse("monitoring:warning", args=[row.pk])
        text = _("%(kind)s：累计负担超过预警线") % {"kind": row.get_kind_display()}
        entries.append(
            {"icon": "siren", "day": row.raised_on, "text": text, "amount": row.amount, "url": url, "tone": "late"}
        )
        if row.state == State.WITHDRAWN:
            text = _("撤回预警：%(reason)s") % {"reason": row.withdrawn_reason}
            entries.append({"icon": "undo-2", "day": row.refreshed_on, "text": text, "amount": None, "url": url})
        entries += [_answer(answer, url) for answer in rebuilt(Feedback, row.answers)]
    return entries


def _helped(user: User, person: Person) -> list[dict[str, Any]]:
    """Measures that ended, visits and the end of the follow-up; nothing is asked of who was never warned."""
    if not getattr(person, "warned", True):
        return []
    ended = user.visible(Measure).filter(followup=OuterRef("pk"), ended_on__isnull=False).order_by("ended_on", "pk")
    seen = user.visible(Visit).filter(followup=OuterRef("pk")).order_by("on", "pk")
    found = user.visible(FollowUp).filter(warning__person=person)
    found = found.annotate(
        ended=gathered(ended, "kind", "department", "ended_on", "outcome", "amount"),
        seen=gathered(seen, "on", "how", "text", "by__name"),
    )
    return [entry for one in found for entry in _of_followup(one)]


def _of_followup(followup: Any) -> list[dict[str, Any]]:
    url = reverse("monitoring:followup", args=[followup.pk])
    entries = [
        {
            "icon": "hand-helping",
            "day": one.ended_on,
            "text": _("%(kind)s：%(outcome)s") % {"kind": one.get_kind_display(), "outcome": one.get_outcome_display()},
            "amount": one.amount,
            "who": one.get_department_display(),
            "url": url,
        }
        for one in rebuilt(Measure, followup.ended)
    ]
    for visit in rebuilt(Visit, followup.seen):
        text = _("%(how)s跟踪：%(text)s") % {"how": visit.get_how_display(), "text": visit.text}
        who = visit.by__name or ""  # type: ignore[attr-defined] - gathered with it
        entries.append({"icon": "footprints", "day": visit.on, "text": text, "amount": None, "who": who, "url": url})
    if followup.closed_on is not None:
        text = _("帮扶跟踪结案：%(outcome)s") % {"outcome": followup.get_outcome_display()}
        closed = {"icon": "check", "day": followup.closed_on, "text": text, "amount": None, "url": url, "tone": "done"}
        entries.append(closed)
    return entries


FOLLOWUPS = Panel(
    key="followups",
    label=gettext_lazy("帮扶"),
    act=Act.MEASURE_READ,
    order=45,
    template="followup/person_panel.html",
    context=lambda user, person: {"followups": selectors.followups_for(user, state="all", person=person)},
    timeline=_helped,
)


def _answer(answer: Feedback, url: str) -> dict[str, Any]:
    said = {"department": answer.get_department_display(), "result": answer.get_result_display()}
    return {
        "icon": "message-square-reply",
        "day": timezone.localdate(answer.created_at),
        "text": _("%(department)s核实反馈：%(result)s") % said,
        "amount": None,
        "url": url,
    }


def _burden(user: User, person: Person) -> list[dict[str, Any]]:
    """The year's burden against the lines that count for the person, as a bar."""
    found = why.nearest(user, person, timezone.localdate()) if user.may(Act.CLAIM_READ) else None
    if found is None:
        return []
    bar = render_to_string("components/burden_bar.html", burden_bar(found.amount, found.lines))
    label = _("本年负担与预警线")
    if found.day.year < timezone.localdate().year:
        label = _("%(year)s 年负担与预警线") % {"year": found.day.year}
    return [{"label": label, "value": bar}]


WARNINGS = Panel(
    key="warnings",
    label=gettext_lazy("预警"),
    act=Act.WARNING_READ,
    order=40,
    template="monitoring/person_panel.html",
    context=_context,
    timeline=_timeline,
    summary=_burden,
)
