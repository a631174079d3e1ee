"""Registrations of diseases by hand: opened, ended; never overwritten."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from beneficiaries.diseases.models import Register, Registration
from beneficiaries.models import Person
from beneficiaries.persons.services import changing


def register_disease(
    *,
    actor: User | None,
    person: Person,
    register: str,
    code: str,
    name: str,
    valid_from: date,
    source: str,
    institution: str = "",
    valid_to: date | None = None,
) -> Registration:
    """The person is on the register from a day on, by a certificate or list. Raises ValidationError by field."""
    code, name, source = code.strip().upper()[:20], name.strip()[:80], source.strip()[:120]
    wrong = {}
    if register not in Register.values:
        wrong["register"] = _("请选择登记种类")
    if not name:
        wrong["name"] = _("请填写病种名称")
    if not source:
        wrong["source"] = _("请写明依据，例如诊断证明的编号")
    if valid_from > timezone.localdate():
        wrong["valid_from"] = _("登记日期晚于今天，请核对")
    if valid_to and valid_to < valid_from:
        wrong["valid_to"] = _("终止日期早于登记日期")
    if wrong:
        raise ValidationError(wrong)
    with changing(actor, person, source) as one:
        same = Registration.objects.filter(person=one, register=register, code=code, name=name)
        until = Q(valid_from__lte=valid_to) if valid_to else Q()
        if same.filter(until).filter(Q(valid_to=None) | Q(valid_to__gte=valid_from)).exists():
            raise ValidationError({"valid_from": _("此人的这一病种在这段时间已经登记；请先终止原登记，或核对日期")})
        return Registration.objects.create(
            person=one,
            register=register,
            code=code,
            name=name,
            institution=institution.strip()[:80],
            valid_from=valid_from,
            valid_to=valid_to,
            source=source,
        )


def end_registration(*, actor: User | None, registration: Registration, last_day: date, reason: str) -> Registration:
    """Ends a registration with `last_day`. Raises ValidationError."""
    with changing(actor, registration.person, reason):
        one = Registration.objects.select_for_update().get(pk=registration.pk)
        if last_day < one.valid_from:
            raise ValidationError({"last_day": _("终止日期早于登记日期 %(day)s") % {"day": one.valid_from}})
        one.valid_to, one.end_reason = last_day, reason.strip()[:200]
        one.save(update_fields=["valid_to", "end_reason"])
    return one
