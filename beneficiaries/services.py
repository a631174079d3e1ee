"""What changes the register one by one: a certification, its end, a person registered by hand.

Rosters change it by the thousand (`beneficiaries.roster`), under the same rules: spells are closed and reopened.
"""

from datetime import date, timedelta

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.vocabulary import CERTIFIES, Category, Department
from beneficiaries.changes import Cause, facts_changed
from beneficiaries.dependants import take_back_spells
from beneficiaries.models import CategorySpell, Household, Person, id_key, phone_key, tail_key
from beneficiaries.people import initials_of, reading
from beneficiaries.persons.services import holder_of
from exchange import reader
from exchange.models import InboundFile


# --- categories -----------------------------------------------------------------------------------------------------
def certify(
    *,
    actor: User | None,
    person: Person,
    category: str,
    department: str,
    region: Region,
    valid_from: date,
    source: InboundFile | None,
    source_row: int | None = None,
) -> CategorySpell:
    """The department certifies the person from `valid_from` on, without end; returns the spell that says so.

    Idempotent: the same row of the same source, or a day that a spell of the department covers already, changes
    nothing. A later beginning in the register is corrected to the earlier day (closed and reopened with its end).
    Raises ValidationError, PermissionDenied.
    """
    _check_certification(actor, person, category, department, valid_from)
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        spells = CategorySpell.objects.filter(person=person, category=category, department=department)
        told = spells.filter(source=source, source_row=source_row).first() if source and source_row else None
        covering = told or spells.on(valid_from).first()
        if covering:
            return covering
        later = spells.current().filter(valid_from__gt=valid_from).order_by("valid_from").first()
        now = timezone.now()
        if later:
            _supersede(later, now, source)
        made = CategorySpell.objects.create(
            person=person,
            category=category,
            department=department,
            region=region,
            valid_from=valid_from,
            valid_to=later.valid_to if later else None,
            exit_reason=later.exit_reason if later else "",
            source=source,
            source_row=source_row,
            known_from=now,
        )
        facts_changed(person.pk, since=valid_from, cause=Cause.CATEGORY, reference=f"spell:{made.pk}")
        return made


def _check_certification(actor: User | None, person: Person, category: str, department: str, day: date) -> None:
    if actor and not (actor.may(Act.PERSON_WRITE) or actor.may(Act.FEEDBACK_UPLOAD)):
        raise PermissionDenied(_("您的角色不能登记人员类别"))
    if category not in CERTIFIES.get(department, ()):
        raise ValidationError(
            {
                "category": _("“%(category)s”不由%(department)s认定")
                % {"category": _label(Category, category), "department": _label(Department, department)}
            }
        )
    if person.deceased_on and person.deceased_on < day:
        raise ValidationError({"valid_from": _("认定日期晚于此人的死亡日期 %(day)s") % {"day": person.deceased_on}})


def _label(choices: type[Category] | type[Department], code: str) -> str:
    return str(choices(code).label) if code in choices.values else code


def _supersede(spell: CategorySpell, now: object, closed_by: InboundFile | None) -> None:
    CategorySpell.objects.filter(pk=spell.pk).update(known_to=now, closed_by=closed_by)


def end_category(*, actor: User | None, spell: CategorySpell, last_day: date, reason: str) -> CategorySpell:
    """Ends a spell with `last_day`: the old row is closed, a new one with the end returned. Raises ValidationError."""
    if actor and not actor.may(Act.PERSON_WRITE):
        raise PermissionDenied(_("您的角色不能终止人员类别"))
    if not reason.strip():
        raise ValidationError({"reason": _("请写明退出原因")})
    with transaction.atomic(), pghistory.context(reason=reason.strip()[:200]):
        spell = CategorySpell.objects.select_for_update(of=("self",)).get(pk=spell.pk)
        if spell.known_to is not None:
            raise ValidationError(_("这条认定已被更正，请刷新后再办理"))
        if last_day < spell.valid_from:
            raise ValidationError({"last_day": _("退出日期早于认定日期 %(day)s") % {"day": spell.valid_from}})
        if spell.valid_to == last_day and spell.exit_reason == reason.strip():
            return spell
        _check_room(spell, last_day)
        now = timezone.now()
        _supersede(spell, now, None)
        since = min(last_day, spell.valid_to or last_day) + timedelta(days=1)
        spell.pk = None
        spell._state.adding = True
        spell.valid_to, spell.exit_reason, spell.known_from = last_day, reason.strip()[:200], now
        spell.source, spell.source_row = None, None
        spell.save()
        facts_changed(spell.person_id, since=since, cause=Cause.CATEGORY_END, reference=f"spell:{spell.pk}")
        return spell


def _check_room(spell: CategorySpell, last_day: date) -> None:
    """A spell that is lengthened must end before the next of the same department. Raises ValidationError."""
    same = CategorySpell.objects.current().filter(
        person_id=spell.person_id, category=spell.category, department=spell.department
    )
    following = same.filter(valid_from__gt=spell.valid_from, valid_from__lte=last_day).order_by("valid_from").first()
    if following is not None:
        raise ValidationError(
            {
                "last_day": _("%(day)s 起已有同一部门的同一类别认定；退出日期应早于这一天，或先更正后一条认定。")
                % {"day": following.valid_from}
            }
        )


def uncertify(*, file: InboundFile, actor: User | None) -> None:
    """Takes back what the rows of `file` certified (`certify` with it as source). Raises ImportBlocked."""
    with transaction.atomic():
        take_back_spells(file)


# --- persons --------------------------------------------------------------------------------------------------------
def register_person(
    *,
    actor: User | None,
    id_number: str,
    name: str,
    region: Region,
    household: str = "",
    relation: str = "",
    phone: str = "",
    address: str = "",
    rural: bool = True,
) -> Person:
    """A person entered by hand. Numbers, name and phone as typed: the reader's rules bring them to normal form.

    Raises ValidationError by field; a number that is registered already says who it is.
    """
    if actor and not (actor.may(Act.PERSON_WRITE) and region.code.startswith(actor.region_prefix)):
        raise PermissionDenied(_("您的角色或管辖范围不能登记此人"))
    number, clean_name, clean_phone = _normal_form(id_number, name, phone)
    with transaction.atomic():
        if known := holder_of(id_key(number)):
            raise ValidationError({"id_number": _("此人已登记（%(name)s），请打开其档案办理") % {"name": known.name}})
        said = reading(clean_name)
        person = Person(
            id_number=number,
            id_key=id_key(number),
            tail_key=tail_key(number),
            name=clean_name,
            pinyin=said,
            initials=initials_of(said),
            sex=reader.identity.sex(number),
            birth_date=reader.identity.birth_date(number),
            region=region,
            rural=rural,
            address=address.strip()[:200],
            household=_household(household, region),
            relation=relation.strip()[:20],
            phone=clean_phone or None,
            phone_key=phone_key(clean_phone) if clean_phone else None,
        )
        person.save()
    return person


def _normal_form(id_number: str, name: str, phone: str) -> tuple[str, str, str]:
    wrong: dict[str, str] = {}
    number = ""
    try:
        number = reader.identity.normalise(id_number)
    except reader.FieldError as error:
        wrong["id_number"] = str(error)
    clean_name = reader.names.normalise(name)
    if not clean_name:
        wrong["name"] = _("请填写姓名")
    clean_phone = reader.phones.normalise(phone) or ""
    if phone.strip() and not clean_phone:
        wrong["phone"] = _("联系电话不像电话号码；请填写手机号，或者带区号的座机号")
    if wrong:
        raise ValidationError(wrong)
    return number, clean_name, clean_phone


def _household(number: str, region: Region) -> Household | None:
    """The household of that number in the region's county, made when it is not there."""
    number = number.strip()[:40]
    if not number:
        return None
    county = Region.objects.filter(code=region.code[:6].ljust(12, "0")).first() or region
    return Household.objects.get_or_create(number=number, region=county)[0]
