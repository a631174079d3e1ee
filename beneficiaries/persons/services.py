"""What is changed of a person by hand: name, place, telephone, documents, bank account, death.

Each change names its reason, which stands beside it in the trail. `actor` None is the system itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from beneficiaries.enrolment.models import Enrolment
from beneficiaries.models import Document, Person, id_key, phone_key, tail_key
from beneficiaries.people import initials_of, reading
from exchange import reader
from exchange.reader.text import compact

Kind = Document.Kind
# Documents whose number is built as an identity number: they may be the main one.
NUMBERED = (Kind.RESIDENT, Kind.RESIDENCE_PERMIT, Kind.FOREIGN_PERMANENT)
_BANK_DIGITS = range(8, 31)


@contextmanager
def changing(actor: User | None, person: Person, reason: str) -> Iterator[Person]:
    """The person locked for a change that the actor may make. Raises PermissionDenied, ValidationError."""
    if actor is not None:
        if not actor.may(Act.PERSON_WRITE):
            raise PermissionDenied(_("您的角色不能修改人员信息；请由县级经办办理"))
        if not person.region_id.startswith(actor.region_prefix):
            raise PermissionDenied(_("此人不在您的管辖范围内；请由所在地经办"))
    if not reason.strip():
        raise ValidationError({"reason": _("请写明理由")})
    with transaction.atomic(), pghistory.context(reason=reason.strip()[:200]):
        one = Person.objects.select_for_update(of=("self",)).select_related("region", "household").get(pk=person.pk)
        if one.merged_into_id:
            raise ValidationError(_("此档案已并入另一份档案，请在保留的档案上办理"))
        before = (one.name, one.id_key)
        yield one
        if (one.name, one.id_key) != before:
            _tell_tax_again(one)


def _tell_tax_again(person: Person) -> None:
    """What the tax office heard of the person was of another name or number (S3-06, S1-27): the relay says it anew."""
    told = Enrolment.objects.filter(person=person).exclude(relayed_as="")
    told.update(relayed_as="", changed_on=timezone.localdate())


def edit_person(
    *,
    actor: User | None,
    person: Person,
    reason: str,
    name: str,
    region: Region,
    pinyin: str = "",
    phone: str | None = None,
    address: str = "",
    rural: bool = True,
) -> Person:
    """Name (with its reading, the usual one when `pinyin` is empty), place, address, town or country; the telephone
    stays when `phone` is None.

    Raises ValidationError by field, PermissionDenied.
    """
    with changing(actor, person, reason) as one:
        _check_region(actor, region)
        clean_name, clean_phone = _name_and_phone(name, phone or "")
        if name_is_new := clean_name != one.name:
            one.name = clean_name
        said = " ".join(pinyin.lower().replace("ü", "v").replace("'", " ").split())
        if name_is_new and said in ("", one.pinyin):
            said = reading(clean_name)
        one.pinyin = said or reading(clean_name)
        if not all(word.isascii() and word.isalnum() for word in one.pinyin.split()):
            raise ValidationError({"pinyin": _("拼音只写字母，音节之间用空格隔开，例如 zeng yu lan")})
        one.initials = initials_of(one.pinyin)
        one.region, one.rural, one.address = region, rural, address.strip()[:200]
        if phone is not None:
            one.phone, one.phone_key = clean_phone or None, phone_key(clean_phone) if clean_phone else None
        one.save()
    return one


def _check_region(actor: User | None, region: Region) -> None:
    if actor is not None and not region.code.startswith(actor.region_prefix):
        raise ValidationError({"region": _("这个地区不在您的管辖范围内")})


def _name_and_phone(name: str, phone: str) -> tuple[str, str]:
    wrong: dict[str, str] = {}
    clean_name = reader.names.normalise(name)
    if not clean_name:
        wrong["name"] = _("请填写姓名")
    clean_phone = reader.phones.normalise(phone) or ""
    if phone.strip() and not clean_phone:
        wrong["phone"] = _("联系电话不像电话号码；请填写手机号，或者带区号的座机号")
    if wrong:
        raise ValidationError(wrong)
    return clean_name, clean_phone


# --- documents ------------------------------------------------------------------------------------------------------
def add_document(
    *, actor: User | None, person: Person, kind: str, number: str, reason: str, note: str = "", main: bool = False
) -> Document:
    """A further document of the person; with `main` the person goes by it from now on and the old one stays beside it.

    A number that belongs to somebody already is refused with the name: such files are merged. Raises ValidationError.
    """
    clean = normal_number(kind, number)
    with changing(actor, person, reason) as one:
        _check_free(one, clean)
        made = Document.objects.create(
            person=one, kind=kind, number=clean, number_key=id_key(clean), tail_key=tail_key(clean), note=note.strip()
        )
        if main:
            _swap(one, made)
    return made


def make_main(*, actor: User | None, document: Document, reason: str) -> Person:
    """The person goes by this document; sex and birth date follow from it. Raises ValidationError."""
    with changing(actor, document.person, reason) as one:
        _swap(one, Document.objects.select_for_update().get(pk=document.pk, person=one))
    return one


def remove_document(*, actor: User | None, document: Document, reason: str) -> None:
    """Takes a document off that was entered by mistake."""
    with changing(actor, document.person, reason):
        document.delete()


def normal_number(kind: str, number: str) -> str:
    """The number as it is kept: identity numbers checked and in 18 characters, others in capitals without spaces.

    Raises ValidationError on `number`, or on `kind` when the number belongs to another kind of document.
    """
    if kind not in Kind.values:
        raise ValidationError({"kind": _("请选择证件类型")})
    if kind not in NUMBERED:
        text = compact(number).upper()
        if not 5 <= len(text) <= 30 or not text.isascii() or not text.isalnum():
            raise ValidationError({"number": _("证件号码应为5至30位字母或数字；请对照证件核对")})
        return text
    try:
        clean = reader.identity.normalise(number)
    except reader.FieldError as error:
        raise ValidationError({"number": str(error)}) from error
    if reader.identity.kind(clean) != kind:
        belongs = Kind(reader.identity.kind(clean)).label
        raise ValidationError({"kind": _("这个号码是“%(kind)s”的号码，请改选证件类型") % {"kind": belongs}})
    return clean


def holder_of(key: Any) -> Person | None:
    """Whose number has this blind index, as main or further document."""
    found = Person.objects.filter(id_key=key).select_related("merged_into").first()
    if found is None:
        document = Document.objects.filter(number_key=key).select_related("person").first()
        found = document.person if document else None
    return found.merged_into or found if found else None


def _check_free(person: Person, number: str) -> None:
    holder = holder_of(id_key(number))
    if holder is None:
        return
    if holder.pk == person.pk:
        raise ValidationError({"number": _("这个号码已在此人名下")})
    raise ValidationError(
        {"number": _("这个号码属于已登记的%(name)s；如确为同一人，请办理人员合并") % {"name": holder.name}}
    )


def _swap(person: Person, document: Document) -> None:
    """Main and further document change places."""
    if document.kind not in NUMBERED:
        raise ValidationError({"kind": _("主证件须为居民身份证、港澳台居民居住证或外国人永久居留身份证")})
    number, former = document.number, person.id_number
    # Both columns are unique: the number is free before it is taken.
    document.kind = reader.identity.kind(former)
    document.number, document.number_key, document.tail_key = former, id_key(former), tail_key(former)
    document.save()
    person.id_number, person.id_key, person.tail_key = number, id_key(number), tail_key(number)
    person.sex, person.birth_date = reader.identity.sex(number), reader.identity.birth_date(number)
    person.save()


# --- death and bank account -----------------------------------------------------------------------------------------
def record_death(*, actor: User | None, person: Person, day: date, source: str, reason: str = "") -> Person:
    """The day of death and where it is known from. Raises ValidationError by field."""
    with changing(actor, person, reason or source) as one:
        if day > timezone.localdate():
            raise ValidationError({"day": _("死亡日期晚于今天，请核对")})
        if one.birth_date and day < one.birth_date:
            raise ValidationError({"day": _("死亡日期早于出生日期 %(day)s，请核对") % {"day": one.birth_date}})
        one.deceased_on, one.death_source = day, source.strip()[:100]
        one.save(update_fields=["deceased_on", "death_source"])
    return one


def take_back_death(*, actor: User | None, person: Person, reason: str) -> Person:
    """A death recorded by mistake."""
    with changing(actor, person, reason) as one:
        one.deceased_on, one.death_source = None, ""
        one.save(update_fields=["deceased_on", "death_source"])
    return one


def set_bank_account(*, actor: User | None, person: Person, bank_name: str, account: str, reason: str) -> Person:
    """Where payments go; the account is encrypted. An empty account takes it off. Raises ValidationError by field."""
    number = compact(account)
    with changing(actor, person, reason) as one:
        if number and (not number.isascii() or not number.isdigit() or len(number) not in _BANK_DIGITS):
            raise ValidationError({"account": _("银行账号应为8至30位数字；请对照存折或银行卡核对")})
        if number and not bank_name.strip():
            raise ValidationError({"bank_name": _("请填写开户银行，写到支行")})
        one.bank_name, one.bank_account = bank_name.strip()[:80] if number else "", number or None
        one.save(update_fields=["bank_name", "bank_account"])
    return one
