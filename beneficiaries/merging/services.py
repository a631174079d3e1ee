"""Two files of one person become one: one proposes, another confirms; taken back while nothing has changed since."""

from datetime import date
from typing import Any

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.audit import events_of
from accounts.fields import holds
from accounts.models import User
from beneficiaries.changes import Cause, facts_changed
from beneficiaries.dependants import MergeBlocked, hanging
from beneficiaries.models import CategorySpell, Document, Merge, Person, id_key, tail_key
from exchange import reader

State = Merge.State
# What the kept file takes over where it has nothing itself.
FILLED = ("phone", "address", "bank_name", "household_id", "relation", "deceased_on")
BESIDE = {"phone": ("phone_key",), "bank_name": ("bank_account",), "deceased_on": ("death_source",)}
DOCUMENT = "beneficiaries.document.person"


def propose_merge(*, actor: User | None, kept: Person, gone: Person, reason: str) -> Merge:
    """Asks another person to make `gone` a part of `kept`. Raises ValidationError, PermissionDenied."""
    if actor is not None and not actor.may(Act.PERSON_WRITE):
        raise PermissionDenied(_("您的角色不能提出人员合并；请由县级经办办理"))
    if actor is not None and not all(one.region_id.startswith(actor.region_prefix) for one in (kept, gone)):
        raise PermissionDenied(_("两份档案须都在您的管辖范围内；请由上级经办"))
    if not reason.strip():
        raise ValidationError({"reason": _("请写明为什么是同一人")})
    if kept.pk == gone.pk:
        raise ValidationError({"id_number": _("这就是当前档案；请填写另一份档案的证件号码")})
    with transaction.atomic():
        kept, gone = _locked(kept.pk, gone.pk)
        both = (kept.pk, gone.pk)
        waiting = Merge.objects.filter(Q(kept__in=both) | Q(gone__in=both), state=State.PROPOSED)
        if kept.merged_into_id or gone.merged_into_id:
            raise ValidationError({"id_number": _("其中一份档案已并入别的档案，请先查看合并记录")})
        if waiting.exists():
            raise ValidationError({"id_number": _("其中一份档案已有待复核的合并，请先办结")})
        return Merge.objects.create(
            kept=kept, gone=gone, region=kept.region, reason=reason.strip()[:200], proposed_by=actor
        )


def refuse_merge(*, actor: User | None, merge: Merge, note: str) -> Merge:
    """The second person finds that these are two people."""
    with transaction.atomic():
        one = _open(actor, merge, State.PROPOSED)
        if not note.strip():
            raise ValidationError({"reason": _("请写明不予合并的理由")})
        one.state, one.note, one.decided_by, one.decided_at = State.REFUSED, note.strip()[:200], actor, timezone.now()
        one.save()
    return one


def confirm_merge(*, actor: User | None, merge: Merge) -> Merge:
    """Moves all that hangs on one file to the other, in one transaction; rooms above hear that facts changed.

    Raises PermissionDenied (the same person as proposed), MergeBlocked with what stands in the way.
    """
    with transaction.atomic():
        one = _open(actor, merge, State.PROPOSED)
        if actor is not None and actor.pk == one.proposed_by_id:
            raise PermissionDenied(_("须由提出人以外的复核人员确认"))
        kept, gone = _locked(one.kept_id, one.gone_id)
        if kept.merged_into_id or gone.merged_into_id:
            raise MergeBlocked(_("其中一份档案已并入别的档案，请先查看合并记录"))
        with pghistory.context(reason=_("人员合并：%(reason)s") % {"reason": one.reason}):
            _carry(one, kept, gone)
            facts_changed(kept.pk, since=date(1900, 1, 1), cause=Cause.MERGE, reference=f"merge:{one.pk}")
        one.state, one.decided_by, one.decided_at = State.DONE, actor, timezone.now()
        one.after = _held(kept.pk)
        one.save()
    return one


def undo_merge(*, actor: User | None, merge: Merge, reason: str) -> Merge:
    """Two files again, as they were. Raises MergeBlocked when either has changed since."""
    with transaction.atomic():
        one = _open(actor, merge, State.DONE)
        if not reason.strip():
            raise ValidationError({"reason": _("请写明撤销的理由")})
        kept, gone = _locked(one.kept_id, one.gone_id)
        if changed := changed_since(one):
            raise MergeBlocked(changed)
        with pghistory.context(reason=_("撤销人员合并：%(reason)s") % {"reason": reason.strip()}):
            _carry_back(one, kept, gone)
            for person in (kept, gone):
                facts_changed(person.pk, since=date(1900, 1, 1), cause=Cause.MERGE, reference=f"merge:{one.pk}")
        one.state, one.note, one.undone_at = State.UNDONE, reason.strip()[:200], timezone.now()
        one.save()
    return one


def changed_since(merge: Merge) -> str:
    """Why a merge cannot be taken back any more; empty when it can."""
    since = Q(pgh_created_at__gt=merge.decided_at)
    edited = events_of(Person).objects.filter(since, pgh_obj_id__in=(merge.kept_id, merge.gone_id))  # type: ignore[attr-defined]
    if edited.exists():
        return _("合并之后人员信息又有修改，不能撤销；请直接更正有误的内容。")
    now = _held(merge.kept_id)
    for label, (model, _field, _move) in hanging().items():
        if now.get(label, []) != merge.after.get(label, []):
            return _("合并之后“%(what)s”又有变化，不能撤销；请直接更正有误的内容。") % {
                "what": model._meta.verbose_name
            }
    return ""


# --- steps ----------------------------------------------------------------------------------------------------------
def _open(actor: User | None, merge: Merge, state: str) -> Merge:
    if actor is not None and not actor.may(Act.PERSON_MERGE):
        raise PermissionDenied(_("您的角色不能确认或撤销人员合并；请由复核人员办理"))
    one = Merge.objects.select_for_update().get(pk=merge.pk)
    if actor is not None and not one.region_id.startswith(actor.region_prefix):
        raise PermissionDenied(_("此人不在您的管辖范围内；请由所在地经办"))
    if one.state != state:
        raise ValidationError(_("这项合并已经办理（%(state)s），请刷新") % {"state": one.get_state_display()})
    return one


def _locked(*keys: int) -> list[Person]:
    """The persons in the order asked for, locked in the order of their keys."""
    rows = {row.pk: row for row in Person.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    return [rows[key] for key in keys]


def _carry(merge: Merge, kept: Person, gone: Person) -> None:
    for label, (model, field, own) in hanging().items():
        try:
            with transaction.atomic():
                if own is not None:
                    merge.before[label] = own.move(gone.pk, kept.pk)
                else:
                    merge.moved[label] = _point_anew(model, field, gone.pk, kept.pk)
        except IntegrityError as error:
            what = {"what": model._meta.verbose_name}
            raise MergeBlocked(
                _("两份档案的“%(what)s”不能并在一起（同一项两边都有，或已定稿）；请先处理其中一份。") % what
            ) from error
    document = Document.objects.create(
        person=kept,
        kind=reader.identity.kind(gone.id_number),
        number=gone.id_number,
        number_key=id_key(gone.id_number),
        tail_key=tail_key(gone.id_number),
        note=_("人员合并"),
    )
    merge.before["document"] = document.pk
    merge.before["filled"] = _fill(kept, gone)
    gone.merged_into, gone.household, gone.relation = kept, None, ""
    gone.save()


def _point_anew(model: Any, field: str, gone: int, kept: int) -> list[Any]:
    rows = model._base_manager.filter(**{field: gone})
    keys = list(rows.values_list("pk", flat=True))
    model._base_manager.filter(pk__in=keys).update(**{field: kept})
    return keys


def _fill(kept: Person, gone: Person) -> dict[str, Any]:
    """What the kept file did not know and takes over; returns names, and the gone file's place in its household."""
    filled = [name for name in FILLED if not getattr(kept, name) and getattr(gone, name)]
    for name in filled:
        for column in (name, *BESIDE.get(name, ())):
            setattr(kept, column, getattr(gone, column))
    kept.save()
    return {"names": filled, "household": gone.household_id, "relation": gone.relation}


def _carry_back(merge: Merge, kept: Person, gone: Person) -> None:
    Document.objects.filter(pk=merge.before["document"]).delete()
    ways = hanging()
    for label, keys in merge.moved.items():
        model, field, _own = ways[label]
        model._base_manager.filter(pk__in=keys).update(**{field: gone.pk})
    for label, data in merge.before.items():
        if label in ways and (own := ways[label][2]):
            own.back(gone.pk, kept.pk, data)
    filled = merge.before["filled"]
    for name in filled["names"]:
        for column in (name, *BESIDE.get(name, ())):
            empty = None if Person._meta.get_field(column).null else ""
            setattr(kept, column, empty)
    kept.save()
    gone.merged_into, gone.household_id, gone.relation = None, filled["household"], filled["relation"]
    gone.save()


def _held(person: int) -> dict[str, list[Any]]:
    """Keys of all that hangs on a person now; of spells those in force. What is found anew every night is no change."""
    found = {}
    for label, (model, field, _own) in hanging().items():
        if not holds(model._meta.get_field(field)):
            continue
        rows = model._base_manager.filter(**{field: person})
        if model is CategorySpell:
            rows = rows.filter(known_to=None)
        found[label] = sorted(rows.values_list("pk", flat=True))
    return found
