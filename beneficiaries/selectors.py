"""Named reads of the register; every one starts from what the user may see."""

from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.waiting import Pending, Waiting
from beneficiaries.designations.selectors import as_told, told
from beneficiaries.models import CategorySpell, Document, Merge, Person, id_key
from exchange import reader


def persons(
    user: User,
    *,
    found: QuerySet[Person] | None = None,
    category: str = "",
    department: str = "",
    region: Region | None = None,
    on: date | None = None,
) -> QuerySet[Person]:
    """The person list: visible persons (or those `found` by a search) with their present categories; two queries."""
    today = on or timezone.localdate()
    rows = found if found is not None else user.visible(Person).filter(merged_into=None)
    rows = rows.select_related("region", "household")
    if region:
        rows = rows.filter(region_id__gte=region.prefix.ljust(12, "0"), region_id__lte=region.prefix.ljust(12, "9"))
    if category or department:
        held = CategorySpell.objects.on(today).filter(person=OuterRef("pk"))
        held = held.filter(category=category) if category else held
        rows = rows.filter(Exists(held.filter(department=department) if department else held))
    return rows.prefetch_related(Prefetch("spells", CategorySpell.objects.on(today), to_attr="held"))


def by_number(user: User, id_number: str) -> Person | None:
    """The visible person of a whole identity number, main or further, however it is typed. Raises reader.FieldError.

    Who was merged into another is found as that other.
    """
    key = id_key(reader.identity.normalise(id_number))
    visible = user.visible(Person).select_related("region")
    if document := Document.objects.filter(number_key=key).values_list("person_id", flat=True).first():
        return visible.filter(pk=document).first()
    return visible.filter(id_key=key, merged_into=None).first()


def history(person: Person) -> list[CategorySpell]:
    """All spells of a person, superseded ones too, newest first; with file and region, and as `named` what counties
    named for those in force: one query."""
    rows = person.spells.select_related("source", "region").annotate(told=told())
    spells = list(rows.order_by("-valid_from", "-known_from", "-id"))
    for spell in spells:
        spell.named = as_told(spell.told)  # type: ignore[attr-defined]
    return spells


def members(user: User, person: Person) -> QuerySet[Person]:
    """The visible members of the person's household, with their present categories."""
    if person.household_id is None:
        return Person.objects.none()
    held = Prefetch("spells", CategorySpell.objects.on(timezone.localdate()), to_attr="held")
    return user.visible(Person).filter(household=person.household_id).prefetch_related(held).order_by("id")


def held_now(person: Any) -> list[CategorySpell]:
    """Present categories of a person that was read with them."""
    return sorted(person.held, key=lambda spell: spell.valid_from, reverse=True)


def people_by_category(region_code: str) -> dict[str, int]:
    """How many people of the region (and below) hold each category today; categories that nobody holds are absent."""
    region = Region.objects.get(pk=region_code)
    held = CategorySpell.objects.on(timezone.localdate()).filter(
        person__region_id__gte=region.prefix.ljust(12, "0"), person__region_id__lte=region.prefix.ljust(12, "9")
    )
    counted = held.order_by().values("category").annotate(people=Count("person", distinct=True))
    return dict(counted.values_list("category", "people"))


def waiting(user: User) -> list[Pending | Waiting]:
    """Merges that the user may confirm (somebody else proposed them)."""
    proposed = user.visible(Merge).filter(state=Merge.State.PROPOSED).exclude(proposed_by=user)
    url = f"{reverse('beneficiaries:merges')}?state={Merge.State.PROPOSED}"
    return [Pending(Act.PERSON_MERGE, _("待复核的人员合并"), url, proposed)]
