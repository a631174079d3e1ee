"""`--region CODE` for commands."""

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from accounts.models import Region


def region_of(code: str) -> Region:
    """The region of a division code, whose trailing zeros may be left out. Raises CommandError."""
    region = Region.objects.filter(code=code.ljust(12, "0")).first()
    if region is None:
        raise CommandError(_("没有行政区划“%(code)s”；请填写已有的代码，例如 150500。") % {"code": code})
    return region
