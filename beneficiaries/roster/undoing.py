"""A roster taken back: the register as it was before, as long as nothing stands upon what the file wrote."""

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from beneficiaries.dependants import going_along, referenced, take_along, take_back_spells
from beneficiaries.models import CategorySpell, Household, Person, PersonBefore
from beneficiaries.people import initials_of, reading
from exchange.errors import ImportBlocked
from exchange.models import InboundFile

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
    phone = b.phone, phone_key = b.phone_key, deceased_on = coalesce(b.deceased_on, p.deceased_on),
    death_source = coalesce(b.death_source, p.death_source)
FROM beneficiaries_personbefore b WHERE b.file_id = %s AND p.id = b.person_id
"""
NAMES = """
SELECT p.id, b.name FROM beneficiaries_personbefore b JOIN beneficiaries_person p ON p.id = b.person_id
WHERE b.file_id = %s AND b.name <> p.name
"""
RENAME = "UPDATE beneficiaries_person SET name = %s, pinyin = %s, initials = %s WHERE id = %s"


def undo(file: InboundFile, *, actor: User | None) -> None:
    """Removes what the file wrote and brings back what it changed. Raises ImportBlocked."""
    mine = Person.objects.filter(source=file)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"roster {file.department}"])
        cursor.execute(EDITED, {"file": file.pk, "at": file.confirmed_at})
        edited = cursor.fetchone()[0]
    if edited:
        raise ImportBlocked(_("这份名单写入的人员信息此后又被修改；请先撤销之后的修改，或直接更正有误的人员。"))
    own = {CategorySpell: Q(source=file), PersonBefore: Q(file=file)} | going_along(file)
    if why := referenced(mine, own):
        raise ImportBlocked(why)
    take_back_spells(file)
    with connection.cursor() as cursor:
        cursor.execute(RESTORE, [file.pk])
        cursor.execute(NAMES, [file.pk])
        for person, name in cursor.fetchall():
            said = reading(name)
            cursor.execute(RENAME, [name, said, initials_of(said), person])
    PersonBefore.objects.filter(file=file)._raw_delete("default")
    take_along(file, mine)
    mine._raw_delete("default")
    _empty_households(file)._raw_delete("default")


def _empty_households(file: InboundFile) -> "QuerySet[Household]":
    living = Person.objects.filter(household=OuterRef("pk"))
    kept = PersonBefore.objects.filter(household=OuterRef("pk"))
    return Household.objects.filter(~Exists(living), ~Exists(kept), source=file)
