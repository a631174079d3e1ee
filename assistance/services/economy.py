"""The household's economy: stated at the counter, found or corrected by the checker; each row says who checked it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, HouseholdMember, Income, Property
from assistance.services.moving import finish, lock
from assistance.vocabulary import Did, State, Verdict
from assistance.workflow import why_not
from beneficiaries.models import Person, id_key
from exchange import reader


def _open(actor: User, application_id: int) -> tuple[Application, Did]:
    """A draft is written by the office that registered it, a check by the checker."""
    application = lock(application_id)
    did = Did.EDIT if application.state == State.DRAFT else Did.ECONOMY
    why = why_not(did, application, actor)
    if why:
        raise NotAllowed(why)
    return application, did


def _done(application: Application, did: Did, actor: User, what: str) -> None:
    if did == Did.EDIT and actor.pk not in application.enterers:
        application.enterers = [*application.enterers, actor.pk]
    finish(application, did, actor, what=what)


@transaction.atomic
def add_member(
    *, actor: User, application_id: int, name: str, relation: str, id_number: str = "", able_to_work: bool = False
) -> HouseholdMember:
    """Someone who lives with the applicant; found in the register by the number. Raises Refused."""
    application, did = _open(actor, application_id)
    number, key, person = None, None, None
    if id_number.strip():
        try:
            number = reader.identity.normalise(id_number)
        except reader.FieldError as error:
            raise Refused(str(error), "id_number") from error
        key = id_key(number)
        person = Person.objects.filter(id_key=key).first()
    if not name.strip():
        raise Refused(_("请填写姓名。"), "name")
    try:
        with transaction.atomic():
            made = HouseholdMember.objects.create(
                application=application,
                person=person,
                name=name.strip()[:80],
                id_number=number,
                id_key=key,
                relation=relation.strip()[:20],
                able_to_work=able_to_work,
            )
    except IntegrityError as error:
        raise Refused(_("这名家庭成员已经填写。"), "id_number") from error
    _done(application, did, actor, "member")
    return made


@transaction.atomic
def add_income(
    *, actor: User, application_id: int, kind: str, amount: int, member: HouseholdMember | None = None, source: str = ""
) -> Income:
    """Income of the months that count, fen. What a checker adds is found by checking."""
    application, did = _open(actor, application_id)
    if amount < 0:
        raise Refused(_("收入不能为负数；亏损请填0。"), "amount")
    made = Income(application=application, kind=kind, amount=amount, member=member, source=source.strip()[:80])
    if did == Did.ECONOMY:
        made.mark(actor, Verdict.CORRECTED, _("核查时补记"))
    made.save()
    _done(application, did, actor, "income")
    return made


@transaction.atomic
def add_property(
    *, actor: User, application_id: int, kind: str, description: str, value: int | None = None
) -> Property:
    """Something that the household owns."""
    application, did = _open(actor, application_id)
    if not description.strip():
        raise Refused(_("请说明是什么财产。"), "description")
    made = Property(application=application, kind=kind, description=description.strip()[:120], value=value)
    if did == Did.ECONOMY:
        made.mark(actor, Verdict.CORRECTED, _("核查时补记"))
    made.save()
    _done(application, did, actor, "property")
    return made


ROWS: dict[str, type[Any]] = {"member": HouseholdMember, "income": Income, "property": Property}


@transaction.atomic
def remove(*, actor: User, application_id: int, what: str, row_id: int) -> None:
    """Takes a row of a draft away; the applicant stays. What was stated stays once it is being checked."""
    application, did = _open(actor, application_id)
    if did != Did.EDIT:
        raise Refused(_("已提交的申报内容不能删除；请在核对结果中注明。"))
    row = ROWS[what].objects.filter(application=application, pk=row_id).first()
    if row is None:
        return
    if what == "member" and row.person_id == application.person_id:
        raise Refused(_("申请人本人不能删除。"))
    row.delete()
    _done(application, did, actor, what)


@transaction.atomic
def verify(
    *,
    actor: User,
    application_id: int,
    what: str,
    row_id: int,
    verdict: str,
    note: str,
    found: int | None = None,
    able_to_work: bool | None = None,
) -> Any:
    """What checking a stated row came to; of an income also the amount found, of a member whether they can work.

    Raises Refused.
    """
    application, did = _open(actor, application_id)
    if did != Did.ECONOMY:
        raise Refused(_("申请受理后才能核对。"))
    row = ROWS[what].objects.filter(application=application, pk=row_id).first()
    if row is None:
        raise Refused(_("这一项已不存在；请刷新后再办理。"))
    if not note.strip():
        raise Refused(_("请写明核对的依据，例如：民政核对报告、入户查看。"), "note")
    if what == "income":
        if verdict == Verdict.CORRECTED and found is None:
            raise Refused(_("请填写核定金额。"), "found")
        if found is not None and found < 0:
            raise Refused(_("核定金额不能为负数。"), "found")
        row.found = found if verdict == Verdict.CORRECTED else None
    if what == "member" and able_to_work is not None:
        row.able_to_work = able_to_work
    row.mark(actor, verdict, note.strip())
    row.save()
    _done(application, did, actor, what)
    return row
