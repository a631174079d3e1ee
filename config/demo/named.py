"""People of the demo whom a banner certifies itself, and its word for what they are treated as (S1-01)."""

from datetime import date

from django.utils.translation import gettext as _

from accounts.models import Region, User
from accounts.vocabulary import Category, Department, Role
from beneficiaries.designations.services import designate
from beneficiaries.models import Designation, Person
from beneficiaries.spells.services import certify_by_hand

BANNER = "150521000000"
HELD = (Category.SEVERE_DISABILITY,)


def load_named(since: date) -> None:
    """Three people with a severe disability: what they paid since waits to be settled again."""
    if Designation.objects.exists():
        return
    writer = User.objects.get(username=Role.CASE_WORKER.value)
    designate(
        actor=writer,
        region=Region.objects.get(pk=BANNER),
        category=Category.OTHER_HARDSHIP,
        treated_as=Category.SUBSISTENCE,
        valid_from=since,
        document=_("左中政发〔2023〕5号"),
        note=_("重度残疾且无固定收入的人员"),
    )
    people = Person.objects.filter(
        region_id__startswith=BANNER[:6], deceased_on=None, spells__category__in=HELD, spells__known_to=None
    )
    for person in people.distinct().order_by("pk")[:3]:
        certify_by_hand(
            actor=writer,
            person=person,
            category=Category.OTHER_HARDSHIP,
            department=Department.COUNTY_GOVERNMENT,
            valid_from=since,
            evidence=_("左中政函〔2023〕2号"),
        )
