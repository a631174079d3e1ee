"""Category spells corrected by hand: closed and reopened, never overwritten."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.vocabulary import CERTIFIES
from beneficiaries.changes import Cause, facts_changed
from beneficiaries.models import CategorySpell, Person
from beneficiaries.persons.services import changing


def certify_by_hand(
    *,
    actor: User | None,
    person: Person,
    category: str,
    department: str,
    valid_from: date,
    evidence: str,
    valid_to: date | None = None,
    reason: str = "",
) -> CategorySpell:
    """A certification that came on paper: `evidence` is the document's number. Raises ValidationError by field."""
    if not evidence.strip():
        raise ValidationError({"evidence": _("请写明认定文书的名称或文号")})
    with changing(actor, person, reason or evidence) as one:
        made = CategorySpell(
            person=one,
            category=category,
            department=department,
            region=one.region,
            valid_from=valid_from,
            valid_to=valid_to,
            exit_reason=reason.strip()[:200] if valid_to else "",
            evidence=evidence.strip()[:120],
        )
        _check(made)
        made.save()
        facts_changed(one.pk, since=valid_from, cause=Cause.CATEGORY, reference=f"spell:{made.pk}")
    return made


def correct_spell(
    *,
    actor: User | None,
    spell: CategorySpell,
    category: str,
    valid_from: date,
    valid_to: date | None,
    evidence: str,
    reason: str,
) -> CategorySpell:
    """The spell as it should have been: the old row is closed as known until now, a new one opened. Returns the new."""
    with changing(actor, spell.person, reason):
        old = _open(spell)
        now = timezone.now()
        made = CategorySpell(
            person=old.person,
            category=category,
            department=old.department,
            region=old.region,
            valid_from=valid_from,
            valid_to=valid_to,
            exit_reason=(old.exit_reason or reason.strip()[:200]) if valid_to else "",
            evidence=evidence.strip()[:120] or old.evidence,
            household=old.household,
            relation=old.relation,
            phone_key=old.phone_key,
            known_from=now,
        )
        same = ("category", "valid_from", "valid_to", "evidence")
        if all(getattr(made, name) == getattr(old, name) for name in same):
            return old
        CategorySpell.objects.filter(pk=old.pk).update(known_to=now)
        _check(made)
        made.save()
        since = _first_difference(old, made)
        if since:
            facts_changed(made.person_id, since=since, cause=Cause.CATEGORY, reference=f"spell:{made.pk}")
    return made


def withdraw_spell(*, actor: User | None, spell: CategorySpell, reason: str) -> CategorySpell:
    """A certification that never was: closed as known until now, nothing takes its place."""
    with changing(actor, spell.person, reason):
        old = _open(spell)
        old.known_to = timezone.now()
        old.save(update_fields=["known_to"])
        facts_changed(old.person_id, since=old.valid_from, cause=Cause.CATEGORY_END, reference=f"spell:{old.pk}")
    return old


def _open(spell: CategorySpell) -> CategorySpell:
    found = CategorySpell.objects.select_for_update(of=("self",)).select_related("person", "region").get(pk=spell.pk)
    if found.known_to is not None:
        raise ValidationError(_("这条认定已被更正，请刷新后再办理"))
    return found


def _first_difference(old: CategorySpell, new: CategorySpell) -> date | None:
    """The first day on which the two say something else; None when they hold on the same days."""
    if old.category != new.category or old.valid_from != new.valid_from:
        return min(old.valid_from, new.valid_from)
    ends = [end for end in (old.valid_to, new.valid_to) if end]
    return min(ends) if old.valid_to != new.valid_to else None


def _check(spell: CategorySpell) -> None:
    """What must hold of a spell. Raises ValidationError by field."""
    person = spell.person
    if spell.category not in CERTIFIES.get(spell.department, ()):
        raise ValidationError({"category": _("这一类别不由所选部门认定，请核对部门和类别")})
    if spell.valid_from > timezone.localdate():
        raise ValidationError({"valid_from": _("认定日期晚于今天，请到生效后再登记")})
    if spell.valid_to and spell.valid_to < spell.valid_from:
        raise ValidationError({"valid_to": _("退出日期早于认定日期 %(day)s") % {"day": spell.valid_from}})
    if person.deceased_on and spell.valid_from > person.deceased_on:
        raise ValidationError({"valid_from": _("认定日期晚于此人的死亡日期 %(day)s") % {"day": person.deceased_on}})
    same = CategorySpell.objects.current().filter(person=person, category=spell.category, department=spell.department)
    until = Q(valid_from__lte=spell.valid_to) if spell.valid_to else Q()
    clash = same.filter(until).filter(Q(valid_to=None) | Q(valid_to__gte=spell.valid_from)).first()
    if clash:
        raise ValidationError(
            {
                "valid_from": _(
                    "同一部门对此人的同一类别已认定 %(first)s 至 %(last)s；请更正那一条，或改用不重叠的日期"
                )
                % {"first": clash.valid_from, "last": clash.valid_to or _("今")}
            }
        )
