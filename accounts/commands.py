"""What the commands share."""

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from accounts.models import User


def actor_named(username: str) -> User | None:
    """The account of `--actor`; None (the system itself) when it is not given. Raises CommandError."""
    if not username:
        return None
    user = User.objects.filter(username=username, is_active=True).select_related("organisation__region").first()
    if user is None:
        raise CommandError(_("没有启用的账户“%(name)s”；请核对 --actor 的用户名。") % {"name": username})
    return user
