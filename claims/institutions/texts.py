"""The control of costs outside the catalogue, in words."""

from django.utils.translation import gettext as _

from claims.institutions.models import Institution
from policies.engine.document import Control


def shares(control: Control) -> list[tuple[str, str]]:
    """Each share of the policy: to what it applies, and its percentage."""
    return [(_band(one.hospital_level, one.charge_class), f"{one.share / 100:g}%") for one in control.shares]


def _band(level: int | None, charge_class: int | None) -> str:
    parts = []
    if level is not None:
        parts.append(_("%(level)s机构") % {"level": Institution.Level(level).label})
    if charge_class is not None:
        parts.append(str(Institution.ChargeClass(charge_class).label))
    return "、".join(parts) or _("所有机构")
