"""Households by hand: join, leave, split, put together, the head and how each is related to the head.

A household is of one county and known by its number; an empty one stays as history. Each act names its reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from beneficiaries.models import Household, Person

HEAD = "户主"


def household_of(number: str, region: Region) -> Household:
    """The household of that number in the region's county, made when it is not there; without a number a new one."""
    county = Region.objects.filter(code=region.code[:6].ljust(12, "0")).first() or region
    number = number.strip()[:40] or _next_number(county.code)
    return Household.objects.get_or_create(number=number, region=county)[0]


def _next_number(county: str) -> str:
    """`150521-S00000012`: no certifying department writes numbers so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('beneficiaries_household', 'id'))")
        return f"{county[:6]}-S{cursor.fetchone()[0]:08d}"


def move_member(*, actor: User | None, person: Person, number: str, relation: str, reason: str) -> Person:
    """The person joins the household of that number (an empty number: one of the person's own).

    Raises ValidationError, PermissionDenied.
    """
    with _arranging(actor, [person.pk], reason) as (one,):
        target = household_of(number, one.region)
        if target.pk == one.household_id and relation == one.relation:
            return one
        if relation == HEAD and _heads(target, without=[one.pk]):
            raise ValidationError({"relation": _("这一户已有户主；请先在该户变更户主")})
        one.household, one.relation = target, relation.strip()[:20]
        one.save(update_fields=["household", "relation"])
    return one


def leave(*, actor: User | None, person: Person, reason: str) -> Person:
    """The person belongs to no household any more."""
    with _arranging(actor, [person.pk], reason) as (one,):
        one.household, one.relation = None, ""
        one.save(update_fields=["household", "relation"])
    return one


def split(
    *, actor: User | None, household: Household, members: Sequence[int], head: int, number: str = "", reason: str
) -> Household:
    """Some members make a household of their own, one of them its head; how the others are related is asked anew.

    Raises ValidationError: nobody chosen, nobody left, head not among them, number in use.
    """
    if not members:
        raise ValidationError({"members": _("请选择分出去的成员")})
    if head not in members:
        raise ValidationError({"head": _("新户的户主须在分出去的成员之中")})
    with _arranging(actor, members, reason) as going:
        if any(one.household_id != household.pk for one in going):
            raise ValidationError({"members": _("所选人员中有人已不在这一户，请刷新后再办理")})
        if not Person.objects.filter(household=household).exclude(pk__in=members).exists():
            raise ValidationError({"members": _("不能把全部成员都分出去；原户至少留一人")})
        made = household_of(number, household.region)
        if made.pk == household.pk or Person.objects.filter(household=made).exists():
            raise ValidationError({"number": _("这个户编号已在使用，请换一个，或留空自动编号")})
        for one in going:
            one.household, one.relation = made, HEAD if one.pk == head else ""
            one.save(update_fields=["household", "relation"])
    return made


def put_together(*, actor: User | None, kept: Household, gone: Household, reason: str) -> Household:
    """All members of one household move into another; its head stays head, the other's head has no relation yet."""
    if kept.pk == gone.pk:
        raise ValidationError({"number": _("这就是当前这一户；请填写另一户的编号")})
    members = list(Person.objects.filter(household=gone).values_list("pk", flat=True))
    if not members:
        raise ValidationError({"number": _("那一户没有成员，无须合户")})
    with _arranging(actor, members, reason) as moving:
        heads = _heads(kept)
        for one in moving:
            one.household = kept
            one.relation = "" if one.relation == HEAD and heads else one.relation
            one.save(update_fields=["household", "relation"])
    return kept


def set_relations(*, actor: User | None, household: Household, relations: Mapping[int, str], reason: str) -> Household:
    """How each member is related to the head; exactly one is the head. Raises ValidationError."""
    heads = [key for key, relation in relations.items() if relation == HEAD]
    if len(heads) != 1:
        raise ValidationError(_("每户须有一位户主，且只能有一位；请重新选择"))
    with _arranging(actor, list(relations), reason) as members:
        if {one.household_id for one in members} != {household.pk} or _heads(household, without=list(relations)):
            raise ValidationError(_("这一户的成员已有变化，请刷新后再办理"))
        for one in members:
            one.relation = relations[one.pk].strip()[:20]
            one.save(update_fields=["relation"])
    return household


def _heads(household: Household, without: Sequence[int] = ()) -> bool:
    return Person.objects.filter(household=household, relation=HEAD).exclude(pk__in=without).exists()


@contextmanager
def _arranging(actor: User | None, keys: Sequence[int], reason: str) -> Iterator[list[Person]]:
    """The persons locked in the order of their keys, for an act of the actor with a reason."""
    if actor is not None and not actor.may(Act.PERSON_WRITE):
        raise PermissionDenied(_("您的角色不能变更家庭成员；请由县级经办办理"))
    if not reason.strip():
        raise ValidationError({"reason": _("请写明理由")})
    with transaction.atomic(), pghistory.context(reason=reason.strip()[:200]):
        rows = Person.objects.select_for_update(of=("self",)).select_related("region").filter(pk__in=keys)
        found = list(rows.order_by("pk"))
        if actor is not None and not all(one.region_id.startswith(actor.region_prefix) for one in found):
            raise PermissionDenied(_("成员中有人不在您的管辖范围内；请由上级经办"))
        if any(one.merged_into_id for one in found):
            raise ValidationError(_("成员中有人的档案已并入另一份档案，请刷新后再办理"))
        yield found
