"""Where an application begins when not at the counter: `claim:34` or `warning:12`, carried in the address and kept.

Rooms above register their own kind in AppConfig.ready; what they know of it fills in the form and stands on the case.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.templatetags.tuodi import yuan
from beneficiaries.models import Person
from claims.models import Claim


@dataclass(frozen=True)
class Origin:
    """What is known of it: its name, its page, the reason as the form first shows it."""

    label: str
    url: str
    reason: str


# Gets who asks, the key and the person; None where it is not theirs to see or another person's.
Find = Callable[[User, int, Person], Origin | None]
_KINDS: dict[str, Find] = {}


def register(kind: str, find: Find) -> None:
    """Adds a kind; a second one of the same name replaces the first."""
    _KINDS[kind] = find


def normal(text: str) -> str:
    """The text if it names a known kind and a key, else empty."""
    kind, _colon, key = text.partition(":")
    return f"{kind}:{key}" if kind in _KINDS and key.isdecimal() and len(key) < 18 else ""


def find(user: User, text: str, person: Person) -> Origin | None:
    """What `text` (as `normal` gives it) leads to, for this user and person."""
    kind, _colon, key = normal(text).partition(":")
    return _KINDS[kind](user, int(key), person) if kind else None


def _claim(user: User, key: int, person: Person) -> Origin | None:
    found = user.visible(Claim).filter(pk=key, person=person).first()
    if found is None:
        return None
    said = {"no": found.claim_no, "day": found.settled_on, "total": yuan(found.total)}
    return Origin(
        label=_("结算单 %(no)s") % said,
        url=reverse("claims:claim", args=[found.pk]),
        reason=_("结算号 %(no)s，%(day)s 结算，费用总额 %(total)s 元，个人负担较重。") % said,
    )


register("claim", _claim)
