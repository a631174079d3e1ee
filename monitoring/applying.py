"""A warning as the beginning of an application: what is known of it, for the room of assistance."""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.templatetags.tuodi import yuan
from assistance import origins
from assistance.origins import Origin
from beneficiaries.models import Person
from monitoring.models import BurdenWarning


def _warning(user: User, key: int, person: Person) -> Origin | None:
    found = user.visible(BurdenWarning).filter(pk=key, person=person).first()
    if found is None:
        return None
    said = {
        "number": found.number,
        "kind": found.get_kind_display(),
        "year": found.year,
        "amount": yuan(found.amount),
        "line": yuan(found.line),
    }
    return Origin(
        label=_("预警 %(number)s") % said,
        url=reverse("monitoring:warning", args=[found.pk]),
        reason=_("%(year)s 年负担 %(amount)s 元，超过%(kind)s预警线 %(line)s 元（预警 %(number)s）。") % said,
    )


def register() -> None:
    """Says what a warning is to an application; called when the app is ready."""
    origins.register("warning", _warning)
