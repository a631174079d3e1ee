"""What persons and households are called elsewhere, with numbers masked, and the address of a person's page."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from accounts.subjects import Named
from beneficiaries.models import Household, Person


def person_url(user: User, person_id: int | None) -> str:
    """The person's page for whoever may open it, else empty."""
    may = person_id is not None and user.may(Act.PERSON_READ)
    return reverse("beneficiaries:person", args=[person_id]) if may else ""


def named_persons(user: User, keys: Sequence[str]) -> dict[str, Named]:
    """Visible persons by key: name and masked number."""
    found = user.visible(Person).filter(pk__in=_numbers(keys)).only("name", "id_number")
    return {
        str(one.pk): Named(f"{one.name} {one.masked_id_number}", reverse("beneficiaries:person", args=[one.pk]))
        for one in found
    }


def named_households(user: User, keys: Sequence[str]) -> dict[str, Named]:
    """Visible households by key."""
    found = user.visible(Household).filter(pk__in=_numbers(keys))
    return {
        str(one.pk): Named(
            _("户 %(number)s") % {"number": one.number}, reverse("beneficiaries:household", args=[one.pk])
        )
        for one in found
    }


def _numbers(keys: Sequence[str]) -> list[int]:
    return [int(key) for key in keys if key.isdecimal()]
