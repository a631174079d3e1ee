"""Reads of the disease register (S0-22), among them: rows that show a listed disease without a registration."""

from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, Model, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Length, StrIndex

from accounts.models import User
from accounts.rows import gathered, rebuilt
from beneficiaries.diseases.models import ListedDisease, Registration
from beneficiaries.models import Person

M = TypeVar("M", bound=Model)


def gathered_registrations() -> ArraySubquery:
    """For an annotation `registered` of persons: their registrations, as `registrations_of` reads them."""
    rows = Registration.objects.filter(person=OuterRef("pk"))
    return gathered(rows, *(field.attname for field in Registration._meta.concrete_fields))


def registrations_of(person: Person) -> list[Registration]:
    """A person's registrations, newest first; no query where they came with the person (`gathered_registrations`)."""
    told = getattr(person, "registered", None)
    return list(person.diseases.all()) if told is None else rebuilt(Registration, told)


def registrations(user: User) -> QuerySet[Registration]:
    """The register of the user's region."""
    return user.visible(Registration).select_related("person__region")


def unregistered(
    rows: QuerySet[M], *, code: str = "dise_codg", day: str = "settled_on", region: str = "region_id"
) -> QuerySet[M]:
    """Of rows with a person, a disease code and a day (claims): those whose listed disease the person has no
    registration for on the day; annotated with `listed_in` (the register) and `listed` (the disease as listed).

    A registration of the same register counts when its code begins the row's or the other way round, or when it names
    no code. The longest code of the list decides; lists without a region hold everywhere.
    """
    listed = (
        ListedDisease.objects.annotate(at=StrIndex(OuterRef(code), F("code")))
        .filter(at=1)
        .filter(Q(region=None) | Q(region_id__lte=OuterRef(region)))
        .annotate(place=StrIndex(OuterRef(region), _significant()))
        .filter(Q(region=None) | Q(place=1))
        .order_by(Length("code").desc(), "pk")
    )
    held = (
        Registration.objects.filter(person_id=OuterRef("person_id"), register=OuterRef("listed_in"))
        .filter(Q(valid_to=None) | Q(valid_to__gte=OuterRef(day)), valid_from__lte=OuterRef(day))
        .annotate(begins=StrIndex(OuterRef(code), F("code")), within=StrIndex(F("code"), OuterRef(code)))
        .filter(Q(code="") | Q(begins=1) | Q(within=1))
    )
    codes = ListedDisease.objects.values_list("code", flat=True).distinct()
    # The few codes of the list are compared first: most rows show none of them.
    begins = Q(pk__in=[])
    for beginning in codes:
        begins |= Q(**{f"{code}__startswith": beginning})
    shown = rows.filter(begins).annotate(
        listed_in=Subquery(listed.values("register")[:1]), listed=Subquery(listed.values("name")[:1])
    )
    return shown.filter(listed_in__isnull=False).exclude(Exists(held))


def _significant() -> Any:
    """The digits of a list's region that every region below begins with."""
    return Func(F("region_id"), Value("(00)+$"), Value(""), function="regexp_replace", output_field=TextField())
