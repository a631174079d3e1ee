"""What monitoring adds to a person's page: the tab 预警, entries of the timeline."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.models import User
from beneficiaries.models import Person
from beneficiaries.panels import Panel
from monitoring.models import BurdenWarning, Feedback
from monitoring.views import TONES

State = BurdenWarning.State


def _context(user: User, person: Person) -> dict[str, Any]:
    found = user.visible(BurdenWarning).filter(person=person).order_by("-year", "kind")
    return {
        "warnings": [
            {
                "row": row,
                "tone": TONES[State(row.state)],
                "url": reverse("monitoring:warning", args=[row.pk]),
                "lines": [(row.get_kind_display(), row.line)],
                "answers": [answer for answer in row.feedback.all() if answer.superseded_at is None],
            }
            for row in found.prefetch_related("feedback")
        ]
    }


def _timeline(user: User, person: Person) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    found = user.visible(BurdenWarning).filter(person=person, raised_on__isnull=False)
    for row in found.prefetch_related("feedback"):
        url = reverse("monitoring:warning", args=[row.pk])
        text = _("%(kind)s：累计负担超过预警线") % {"kind": row.get_kind_display()}
        entries.append(
            {"icon": "siren", "day": row.raised_on, "text": text, "amount": row.amount, "url": url, "tone": "late"}
        )
        if row.state == State.WITHDRAWN:
            text = _("撤回预警：%(reason)s") % {"reason": row.withdrawn_reason}
            entries.append({"icon": "undo-2", "day": row.refreshed_on, "text": text, "amount": None, "url": url})
        entries += [_answer(answer, url) for answer in row.feedback.all() if answer.superseded_at is None]
    return entries


def _answer(answer: Feedback, url: str) -> dict[str, Any]:
    said = {"department": answer.get_department_display(), "result": answer.get_result_display()}
    return {
        "icon": "message-square-reply",
        "day": timezone.localdate(answer.created_at),
        "text": _("%(department)s核实反馈：%(result)s") % said,
        "amount": None,
        "url": url,
    }


WARNINGS = Panel(
    key="warnings",
    label=gettext_lazy("预警"),
    act=Act.WARNING_READ,
    order=40,
    template="monitoring/person_panel.html",
    context=_context,
    timeline=_timeline,
)
