"""Named reads of the register; every one starts from what the user may see."""

import re
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Replace
from django.utils import timezone

from accounts.models import Region, User
from beneficiaries.models import CategorySpell, Household, NameGrams, Person, id_key, phone_key, tail_key
from exchange import reader
from exchange.reader.text import compact

PLAIN_NAME = Replace("name", Value(reader.names.INTERPUNCT), Value(""))
_TAIL = re.compile(r"[0-9]{3}[0-9X]")
_LETTERS = re.compile(r"[a-z]+")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def persons(
    user: User,
    *,
    q: str = "",
    category: str = "",
    department: str = "",
    region: Region | None = None,
    on: date | None = None,
) -> QuerySet[Person]:
    """The person list: visible persons with their present categories; three queries with the categories."""
    today = on or timezone.localdate()
    found = user.visible(Person).select_related("region", "household")
    if region:
        found = found.filter(region_id__startswith=region.prefix)
    if q.strip():
        found = found.alias(name_pieces=NameGrams("name"), plain_name=PLAIN_NAME).filter(matching(q))
    if category or department:
        held = CategorySpell.objects.on(today).filter(person=OuterRef("pk"))
        held = held.filter(category=category) if category else held
        found = found.filter(Exists(held.filter(department=department) if department else held))
    return found.prefetch_related(Prefetch("spells", CategorySpell.objects.on(today), to_attr="held"))


def matching(q: str) -> Q:
    """What was typed into the search box as a condition on persons.

    A whole identity number, its last four characters, a mobile number, a household's number, pinyin initials, or any
    part of a name of one or more characters; each has its index.
    """
    text = compact(q).upper()
    if text.isascii() and text[:1].isdigit():
        return _by_number(text)
    if _LETTERS.fullmatch(text.lower()):
        return Q(initials__startswith=text.lower())
    return _by_name(reader.names.normalise(q))


def _by_number(text: str) -> Q:
    if len(text) in (15, 18):
        try:
            return Q(id_key=id_key(reader.identity.normalise(text)))
        except reader.FieldError:
            pass
    if _MOBILE.fullmatch(text):
        return Q(phone_key=phone_key(text))
    households = Household.objects.filter(number=text).values("pk")
    if _TAIL.fullmatch(text):
        return Q(tail_key=tail_key(text)) | Q(household__in=households)
    return Q(household__in=households)


def _by_name(name: str) -> Q:
    plain = name.replace(reader.names.INTERPUNCT, "")
    if not plain:
        return Q(pk=None)
    pieces = [plain[i : i + 2] for i in range(len(plain) - 1)] or [plain]
    found = Q(name_pieces__contains=pieces)
    return found & Q(plain_name__contains=plain) if len(plain) > 2 else found


def by_number(user: User, id_number: str) -> Person | None:
    """The visible person of a whole identity number, however it is typed. Raises reader.FieldError."""
    return user.visible(Person).filter(id_key=id_key(reader.identity.normalise(id_number))).first()


def history(person: Person) -> list[CategorySpell]:
    """All spells of a person, superseded ones too, newest first; with file and region."""
    spells = person.spells.select_related("source", "region").order_by("-valid_from", "-known_from", "-id")
    return list(spells)


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
