"""A county names, ends or takes back what its own category is treated as (S1-01); who had claims since is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Level, Region, User
from accounts.vocabulary import Category
from beneficiaries.changes import Cause, facts_changed_bulk
from beneficiaries.designations.models import Designation
from beneficiaries.designations.selectors import choices_on, clashing

# Persons who hold the category on one of the days, with the first of them.
_TOUCHED = """
SELECT person_id, min(greatest(valid_from, %s::date)) FROM beneficiaries_categoryspell
WHERE known_to IS NULL AND category = %s AND region_id >= %s AND region_id <= %s
    AND (valid_to IS NULL OR valid_to >= %s) AND valid_from <= %s GROUP BY 1
"""
_WAIT_MS = 5000  # for a roster that is being written


def designate(
    *,
    actor: User | None,
    region: Region,
    category: str,
    treated_as: str,
    valid_from: date,
    document: str,
    valid_to: date | None = None,
    note: str = "",
) -> Designation:
    """People of `category` in the region are treated as `treated_as`, both days included.

    The region's policy must leave the category to the county and assist the other one on the first day. Raises
    ValidationError by field, PermissionDenied.
    """
    with _writing(actor, region):
        one = Designation(
            region=region,
            category=category,
            treated_as=treated_as,
            valid_from=valid_from,
            valid_to=valid_to,
            document=document.strip()[:80],
            note=note.strip()[:200],
            entered_by=actor,
        )
        _check(one)
        one.save()
        _tell(one, valid_from, valid_to)
    return one


def end_designation(*, actor: User | None, designation: Designation, last_day: date, reason: str) -> Designation:
    """The last day on which it holds; the row before stays as what was known until now. Raises ValidationError."""
    with _writing(actor, designation.region):
        old = _open(designation, reason)
        if last_day < old.valid_from:
            raise ValidationError(
                {"last_day": _("截止日期早于起始日期 %(day)s；登记有误的请作废") % {"day": old.valid_from}}
            )
        if old.valid_to and last_day >= old.valid_to:
            raise ValidationError({"last_day": _("这项指定到 %(day)s 已截止") % {"day": old.valid_to}})
        now = _supersede(old)
        kept = ("region_id", "category", "treated_as", "valid_from", "document", "note")
        one = Designation(
            **{name: getattr(old, name) for name in kept},
            valid_to=last_day,
            end_reason=reason.strip()[:200],
            entered_by=actor,
            known_from=now,
        )
        one.save()
        _tell(one, last_day + timedelta(days=1), old.valid_to)
    return one


def withdraw_designation(*, actor: User | None, designation: Designation, reason: str) -> Designation:
    """One that never was: closed as known until now, nothing takes its place. Raises ValidationError."""
    with _writing(actor, designation.region), pghistory.context(reason=reason.strip()[:200]):
        old = _open(designation, reason)
        old.end_reason = reason.strip()[:200]
        _supersede(old)
        _tell(old, old.valid_from, old.valid_to)
    return old


# --- steps ----------------------------------------------------------------------------------------------------------
@contextmanager
def _writing(actor: User | None, region: Region) -> Iterator[None]:
    """A transaction in which no roster is half written: what a designation counts is read from the spells."""
    if actor is not None:
        if not actor.may(Act.PERSON_WRITE):
            raise PermissionDenied(_("您的角色不能登记类别指定；请由县级经办办理"))
        if not region.code.startswith(actor.region_prefix):
            raise PermissionDenied(_("这一地区不在您的管辖范围内；请由所在地经办"))
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {_WAIT_MS}")
                cursor.execute("LOCK TABLE beneficiaries_categoryspell IN SHARE MODE")
                cursor.execute("SET LOCAL lock_timeout = 0")
            yield
    except OperationalError as error:
        if "lock timeout" not in str(error):
            raise
        raise ValidationError(_("正在写入部门名单，暂时不能办理；请过几分钟再试")) from error


def _open(designation: Designation, reason: str) -> Designation:
    if not reason.strip():
        raise ValidationError({"reason": _("请写明理由")})
    found = Designation.objects.select_for_update().get(pk=designation.pk)
    if found.known_to is not None:
        raise ValidationError(_("这项指定已被更正，请刷新后再办理"))
    return found


def _supersede(one: Designation) -> datetime:
    now = timezone.now()
    one.known_to = now
    one.save(update_fields=["known_to", "end_reason"])
    return now


def _check(one: Designation) -> None:
    if one.region.level not in (Level.PREFECTURE, Level.COUNTY):
        raise ValidationError({"region": _("由旗县（市、区）以上人民政府指定；请选择旗县或所在的市")})
    if one.valid_from > timezone.localdate():
        raise ValidationError({"valid_from": _("起始日期晚于今天，请到生效后再登记")})
    if not one.document:
        raise ValidationError({"document": _("请填写政府文件的文号")})
    choices = choices_on(one.region.code, one.valid_from)
    if one.category not in choices.named:
        raise ValidationError(
            {"category": _("%(day)s 当地政策没有把这一类别留给旗县指定；请核对起始日期") % {"day": one.valid_from}}
        )
    if one.treated_as not in choices.targets:
        label = Category(one.treated_as).label if one.treated_as in Category.values else one.treated_as
        raise ValidationError({"treated_as": _("“%(label)s”不是当地政策的救助对象类别，不能指定") % {"label": label}})
    if one.valid_to and one.valid_to < one.valid_from:
        raise ValidationError({"valid_to": _("截止日期早于起始日期")})
    if clash := clashing(one):
        raise ValidationError(
            {
                "valid_from": _(
                    "本地区对这一类别已有指定（%(document)s，%(first)s 至 %(last)s）；请先终止那一项，或避开这些日期"
                )
                % {"document": clash.document, "first": clash.valid_from, "last": clash.valid_to or _("今")}
            }
        )


def _tell(one: Designation, first: date, last: date | None) -> None:
    """Rooms above hear of everyone whose categories are otherwise on a day from `first` to `last`."""
    low, high = one.region.prefix.ljust(12, "0"), one.region.prefix.ljust(12, "9")
    facts_changed_bulk(
        _TOUCHED,
        (first, one.category, low, high, first, last or date.max),
        cause=Cause.DESIGNATION,
        reference=f"designation:{one.pk}",
    )
