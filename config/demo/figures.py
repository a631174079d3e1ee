"""Yearly figures of the demo: what the published ones leave open up to today, carried on as illustrations."""

from datetime import date

from django.utils.translation import gettext as _

from policies import selectors
from policies.gate import missing_figures
from policies.models import PolicyParameter, PolicyVersion


def carry_figures(today: date) -> int:
    """The newest figure for every year without one that a version in force asks for; how many were added.

    So the pages of today have figures: what a person is entitled to, the lines of warnings, the fund's financing.
    """
    known: dict[tuple[str, str], PolicyParameter] = {}
    for one in PolicyParameter.objects.order_by("year"):
        known[one.policy, one.key] = one
    wanted = set()
    for version in PolicyVersion.objects.filter(state=PolicyVersion.State.PUBLISHED):
        wanted |= {
            (version.policy, *place) for place in missing_figures(version, selectors.document_of(version), today)
        }
    added = [
        PolicyParameter(
            policy=policy,
            key=key,
            year=year,
            value=known[policy, key].value,
            status=PolicyParameter.Status.ILLUSTRATIVE,
            source=_("演示：沿用 %(year)s 年的数") % {"year": known[policy, key].year},
        )
        for policy, key, year in sorted(wanted)
        if (policy, key) in known and known[policy, key].year < year
    ]
    PolicyParameter.objects.bulk_create(added)
    return len(added)
