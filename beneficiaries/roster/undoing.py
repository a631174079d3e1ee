"""A roster taken back: the register as it was before, as long as nothing stands upon what the file wrote."""

from collections.abc import Callable

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from beneficiaries.models import CategorySpell, Household, Person, PersonBefore
from exchange.errors import ImportBlocked
from exchange.models import InboundFile

# Rooms above say what of theirs rests on a file: called with the file and the keys of the persons that it touched.
Dependant = Callable[[InboundFile, "QuerySet[CategorySpell]"], str]
_DEPENDANTS: list[Dependant] = []

# Persons that the file wrote and that no longer stand as it left them (the trail knows how).
EDITED = """
SELECT EXISTS (
    SELECT FROM beneficiaries_person p
    JOIN LATERAL (SELECT * FROM beneficiaries_personevent e WHERE e.pgh_obj_id = p.id AND e.pgh_created_at <= %(at)s
                  ORDER BY e.pgh_id DESC LIMIT 1) left_as ON true
    WHERE (p.source_id = %(file)s
           OR p.id IN (SELECT person_id FROM beneficiaries_personbefore WHERE file_id = %(file)s))
        AND (p.name, p.region_id, p.rural, p.household_id, p.relation, p.phone_key, p.deceased_on) IS DISTINCT FROM
            (left_as.name, left_as.region_id, left_as.rural, left_as.household_id, left_as.relation,
             left_as.phone_key, left_as.deceased_on)
)
"""
RESTORE = """
UPDATE beneficiaries_person p SET region_id = b.region_id, household_id = b.household_id, relation = b.relation,
    phone = b.phone, phone_key = b.phone_key
FROM beneficiaries_personbefore b WHERE b.file_id = %s AND p.id = b.person_id
"""


def depends(dependant: Dependant) -> Dependant:
    """Registers a room's check: it gets the file and the spells that the file wrote or closed, and returns why the
    file cannot be undone (in Chinese), or an empty text.
    """
    _DEPENDANTS.append(dependant)
    return dependant


def touched(file: InboundFile) -> "QuerySet[CategorySpell]":
    """Spells that the file wrote or closed."""
    return CategorySpell.objects.filter(Q(source=file) | Q(closed_by=file))


def undo(file: InboundFile, *, actor: User | None) -> None:
    """Removes what the file wrote and reopens what it closed. Raises ImportBlocked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"roster {file.department}"])
    why = _why_not(file)
    if why:
        raise ImportBlocked(why)
    CategorySpell.objects.filter(source=file)._raw_delete("default")
    CategorySpell.objects.filter(closed_by=file).update(known_to=None, closed_by=None)
    with connection.cursor() as cursor:
        cursor.execute(RESTORE, [file.pk])
    PersonBefore.objects.filter(file=file)._raw_delete("default")
    Person.objects.filter(source=file)._raw_delete("default")
    _empty_households(file)._raw_delete("default")


def _why_not(file: InboundFile) -> str:
    if _changed_since(file):
        return _("这份名单写入的认定此后又有变化；请先撤销之后的名单或更正，再撤销这一份。")
    with connection.cursor() as cursor:
        cursor.execute(EDITED, {"file": file.pk, "at": file.confirmed_at})
        if cursor.fetchone()[0]:
            return _("这份名单写入的人员信息此后又被修改；请先撤销之后的修改，或直接更正有误的人员。")
    for dependant in _DEPENDANTS:
        if why := dependant(file, touched(file)):
            return why
    return _referenced(file)


def _changed_since(file: InboundFile) -> bool:
    """A spell of the file was closed since, or its persons got another one of this department."""
    if CategorySpell.objects.filter(source=file).exclude(known_to=None).exists():
        return True
    later = CategorySpell.objects.filter(
        department=file.department, person_id__in=touched(file).values("person_id"), known_from__gt=file.confirmed_at
    )
    return later.exclude(source=file).exists()


def _referenced(file: InboundFile) -> str:
    """Whatever else in the database points at a person or spell that would go."""
    going = (
        (Person.objects.filter(source=file), {CategorySpell: Q(source=file), PersonBefore: Q(file=file)}),
        (CategorySpell.objects.filter(source=file), {}),
    )
    for queryset, own in going:
        for relation in queryset.model._meta.get_fields(include_hidden=True):
            if not (relation.auto_created and relation.is_relation and not relation.concrete):
                continue
            model, field = relation.related_model, relation.field
            if not field.db_constraint or relation.many_to_many:
                continue
            rests = model._base_manager.filter(**{f"{field.name}__in": queryset.values("pk")})
            if rests.exclude(own.get(model, Q(pk=None))).exists():
                return _("此后已有“%(what)s”登记在这份名单新增的人员名下，不能撤销。") % {
                    "what": model._meta.verbose_name
                }
    return ""


def _empty_households(file: InboundFile) -> "QuerySet[Household]":
    living = Person.objects.filter(household=OuterRef("pk"))
    kept = PersonBefore.objects.filter(household=OuterRef("pk"))
    return Household.objects.filter(~Exists(living), ~Exists(kept), source=file)
