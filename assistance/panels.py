"""What the person page shows of applications: a tab, entries of the timeline."""

from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.models import User
from assistance.models import Application, Decision
from assistance.vocabulary import State
from beneficiaries.models import Person
from beneficiaries.panels import Panel


def _rows(user: User, person: Person) -> Any:
    granted = Decision.objects.filter(application=OuterRef("pk"), outcome=Decision.Outcome.APPROVED)
    return (
        user.visible(Application)
        .filter(person=person)
        .annotate(granted=Subquery(granted.values("amount")[:1]), decided=Subquery(granted.values("decided_on")[:1]))
    )


def _context(user: User, person: Person) -> dict[str, Any]:
    may = user.may(Act.APPLICATION_REGISTER) and person.region_id.startswith(user.region_prefix)
    return {"person": person, "applications": list(_rows(user, person)), "may_register": may}


def _timeline(user: User, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in _rows(user, person):
        url = reverse("assistance:case", args=[row.pk])
        text = _("申请救助：%(rule)s（%(state)s）") % {"rule": row.rule, "state": row.get_state_display()}
        found.append({"icon": "hand-heart", "day": row.applied_on, "text": text, "amount": None, "url": url})
        if row.decided:
            text = _("批准救助：%(rule)s") % {"rule": row.rule}
            amount = row.granted or None
            found.append({"icon": "check", "day": row.decided, "text": text, "amount": amount, "url": url})
        elif row.state == State.REJECTED:
            text = _("不予救助：%(rule)s") % {"rule": row.rule}
            found.append({"icon": "x", "day": timezone.localdate(row.since), "text": text, "amount": None, "url": url})
    return found


APPLICATIONS = Panel(
    key="applications",
    label=gettext_lazy("申请"),
    act=Act.APPLICATION_READ,
    order=50,
    template="assistance/person_panel.html",
    context=_context,
    timeline=_timeline,
)
