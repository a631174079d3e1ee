"""Writes of the register of institutions: by hand, and from a file by the import-export resource.

Raises NotAllowed (role or region), ValidationError (fields, in the user's words).
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from claims.errors import NotAllowed
from claims.institutions.models import Institution
from claims.institutions.resources import FIELDS, InstitutionResource


def may_write(actor: User | None, region_id: str) -> None:
    """Institutions of the own region, and those of the city and province above it, where one's people are treated."""
    if actor is None:
        return
    if not actor.may(Act.INSTITUTION_WRITE):
        raise NotAllowed(_("您的角色不能维护定点机构；请由县级经办办理。"))
    mine, theirs = actor.region_prefix, Region.objects.get(pk=region_id).prefix
    if not (theirs.startswith(mine) or mine.startswith(theirs)):
        raise NotAllowed(_("这个机构不在您的地区，也不在上级地区；请由当地医保局登记。"))


@transaction.atomic
def save_institution(
    *,
    actor: User | None,
    institution: Institution | None,
    code: str,
    name: str,
    region: Region,
    level: int,
    charge_class: int,
    designated: bool = True,
    pay_later: bool = False,
    supervised: bool = False,
    supervised_reason: str = "",
    exit_on: date | None = None,
    exit_reason: str = "",
) -> Institution:
    """A new institution, or another word on a known one (its code stays). Claims already settled keep their facts."""
    may_write(actor, region.pk)
    if institution is None:
        one = Institution(code=code.strip())
    else:
        one = Institution.objects.select_for_update().get(pk=institution.pk)
        may_write(actor, one.region_id)
    one.name, one.region, one.level, one.charge_class = name.strip(), region, level, charge_class
    one.designated, one.pay_later = designated, pay_later
    one.supervised, one.supervised_reason = supervised, supervised_reason.strip() if supervised else ""
    one.exit_on, one.exit_reason = exit_on, exit_reason.strip() if exit_on else ""
    one.full_clean()
    one.save()
    return one


@dataclass
class Plan:
    """What a file would do: rows new, changed and unchanged; `errors` as (row of the file, sentence)."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


def import_institutions(*, actor: User | None, table: tablib.Dataset, confirm: bool) -> Plan:
    """A file's institutions into the register: all, or with any error none. Without `confirm` nothing is written."""
    if actor is not None and not actor.may(Act.INSTITUTION_WRITE):
        raise NotAllowed(_("您的角色不能维护定点机构；请由县级经办办理。"))
    plan = Plan()
    wanted = {FIELDS[name] for name in ("code", "name", "region", "level")}
    missing = wanted - {str(one).strip() for one in table.headers or []}
    if missing:
        plan.errors.append((1, _("缺少列：%(columns)s；请补上后再上传。") % {"columns": "、".join(sorted(missing))}))
        return plan
    resource = InstitutionResource(actor=actor)
    with transaction.atomic():
        result = resource.import_data(table, dry_run=True, use_transactions=False)
        _read(result, plan)
        if confirm and not plan.errors:
            resource.import_data(table, dry_run=False, use_transactions=False, raise_errors=True)
        else:
            transaction.set_rollback(True)
    return plan


def _read(result: Any, plan: Plan) -> None:
    first = 2  # the header is row 1
    for number, row in enumerate(result.rows, start=first):
        said = [str(one.error) for one in row.errors] + _messages(row.validation_error)
        if said:
            plan.errors.append((number, " ".join(said)))
        elif row.import_type == "new":
            plan.new.append(row.object_repr)
        elif row.import_type == "update":
            plan.changed.append(row.object_repr)
        else:
            plan.unchanged += 1


def _messages(error: ValidationError | None) -> list[str]:
    if error is None:
        return []
    if not hasattr(error, "message_dict"):
        return list(error.messages)
    return [
        (f"{FIELDS[name]}：" if name in FIELDS else "") + " ".join(messages)
        for name, messages in error.message_dict.items()
    ]
