"""What files are called in a record of who took them out (`accounts.subjects`)."""

from collections.abc import Sequence

from django.urls import reverse

from accounts.models import User
from accounts.subjects import Named
from exchange.models import InboundFile


def named_files(user: User, keys: Sequence[str]) -> dict[str, Named]:
    """Visible inbound files by key."""
    found = user.visible(InboundFile).filter(pk__in=[int(key) for key in keys if key.isdecimal()])
    return {str(one.pk): Named(one.name, reverse("exchange:file", args=[one.pk])) for one in found}
