"""Intake: registering an application, its papers, submitting, mending, withdrawing."""

from collections.abc import Sequence
from datetime import date

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.papers import services as files
from accounts.papers.content import PaperRefused
from accounts.papers.models import StoredFile
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, HouseholdMember, Paper, Step
from assistance.selectors import rules
from assistance.services.moving import begin, finish, lock
from assistance.vocabulary import OWNER, Did, State
from assistance.workflow import why_not
from beneficiaries.models import Person
from beneficiaries.services import register_person


def register_applicant(
    *, actor: User, id_number: str, name: str, region: Region, phone: str = "", household: str = "", rural: bool = True
) -> Person:
    """A person who is not in the register yet, entered with their application. A township may enter its own people.

    Raises NotAllowed, ValidationError by field.
    """
    if not (actor.may(Act.APPLICATION_REGISTER) and region.code.startswith(actor.region_prefix)):
        raise NotAllowed(_("您只能为本辖区的人员登记申请。"))
    return register_person(
        actor=None if not actor.may(Act.PERSON_WRITE) else actor,  # the act granted here is the narrower one
        id_number=id_number,
        name=name,
        region=region,
        phone=phone,
        household=household,
        rural=rural,
    )


@transaction.atomic
def register(
    *,
    actor: User,
    person: Person,
    rule: str,
    applied_on: date,
    reason: str,
    consent: bool,
    category: str = "",
    amount_asked: int | None = None,
    origin: str = "",
) -> Application:
    """A draft under the rule (name of an `ApplicationKind`) in force on the day; its checklist is the policy's.

    The applicant stands as the first member of the household, with the others whom the register knows.
    """
    if not actor.may(Act.APPLICATION_REGISTER):
        raise NotAllowed(_("您的角色不能登记申请；请由乡镇经办或县级经办办理。"))
    if not person.region_id.startswith(actor.region_prefix) or actor.organisation is None:
        raise NotAllowed(_("此人不在您的管辖范围内；请由其所在地经办登记。"))
    if not consent:
        raise Refused(_("申请人须授权核对家庭经济状况；取得授权后再登记。"), "consent")
    _check_facts(applied_on, reason)
    found = rules.kind_named(person.region_id, applied_on, rule)
    if found is None:
        raise Refused(_("本地区当日的政策没有规定这一申请事项；请核对申请日期。"), "rule")
    version, kind = found
    application = Application.objects.create(
        number=_next_number(person.region_id),
        person=person,
        region_id=person.region_id,
        kind=kind.decides,
        rule=kind.name,
        clauses=list(kind.clauses),
        version=version,
        category=category or rules.category_for(person, kind, applied_on),
        applied_on=applied_on,
        reason=reason.strip(),
        amount_asked=amount_asked,
        consent=True,
        origin=origin[:40],
        registrar=actor,
        office=actor.organisation,
        enterers=[actor.pk],
    )
    Paper.objects.bulk_create(
        Paper(application=application, label=label, order=at) for at, label in enumerate(kind.papers)
    )
    _first_members(application)
    Step.objects.create(
        application=application,
        did=Did.REGISTER,
        actor=actor,
        roles=list(actor.roles),
        to_state=State.DRAFT,
        revision=application.revision,
        reason=reason.strip(),
    )
    return application


def _check_facts(applied_on: date, reason: str) -> None:
    if applied_on > timezone.localdate():
        raise Refused(_("申请日期晚于今天；请核对。"), "applied_on")
    if not reason.strip():
        raise Refused(_("请写明申请理由。"), "reason")


def _next_number(region_code: str) -> str:
    """`SQ150521-2026-0000123`: rising, so that numbers follow the order of registration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('assistance_application', 'id'))")
        return f"SQ{region_code[:6]}-{timezone.localdate():%Y}-{cursor.fetchone()[0]:07d}"


def _first_members(application: Application) -> None:
    person = application.person
    members = [_member(application, person, _("本人"))]
    if person.household_id:
        others = Person.objects.filter(household_id=person.household_id, deceased_on=None).exclude(pk=person.pk)
        members += [_member(application, one, one.relation or _("家庭成员")) for one in others.order_by("pk")[:30]]
    HouseholdMember.objects.bulk_create(members)


def _member(application: Application, person: Person, relation: str) -> HouseholdMember:
    return HouseholdMember(
        application=application,
        person=person,
        name=person.name,
        id_number=person.id_number,
        id_key=person.id_key,
        relation=relation,
    )


@transaction.atomic
def edit(
    *,
    actor: User,
    application_id: int,
    seen: int,
    reason: str,
    applied_on: date,
    category: str = "",
    amount_asked: int | None = None,
) -> Application:
    """Mend the draft's own facts. Its rule stays: another one is another application."""
    application = begin(application_id=application_id, did=Did.EDIT, actor=actor, seen=seen)
    _check_facts(applied_on, reason)
    if applied_on != application.applied_on:
        found = rules.kind_named(application.region_id, applied_on, application.rule)
        if found is None:
            raise Refused(_("本地区当日的政策没有规定这一申请事项；请核对申请日期。"), "applied_on")
        application.version, kind = found
        application.clauses = list(kind.clauses)
    application.applied_on, application.reason = applied_on, reason.strip()
    application.category, application.amount_asked = category, amount_asked
    _had_a_hand(application, actor)
    finish(application, Did.EDIT, actor)
    return application


def _had_a_hand(application: Application, actor: User) -> None:
    """Four eyes: whoever entered or mended anything may not judge it."""
    if actor.pk not in application.enterers:
        application.enterers = [*application.enterers, actor.pk]


# --- papers -------------------------------------------------------------------------------------------------------
def add_paper(*, actor: User, application_id: int, label: str, name: str, content: bytes) -> StoredFile:
    """A file for an item of the checklist (or a paper beyond it): while it is a draft, by the office that registered;
    afterwards by whoever works on it, until the decision. Raises Refused with what is wrong with the file."""
    with transaction.atomic():
        application = lock(application_id)
        _may_add_papers(application, actor)
        label = label.strip()[:80]
        if not label:
            raise Refused(_("请写明这是什么材料。"), "label")
        try:
            stored = files.store_paper(
                actor=actor,
                region=application.region_id,
                content=content,
                name=name,
                label=label,
                owner_kind=OWNER,
                owner_id=application.pk,
            )
        except PaperRefused as error:
            raise Refused(str(error), "file") from error
        Paper.objects.get_or_create(application=application, label=label, defaults={"order": 99})
        return stored


def set_paper(*, actor: User, paper: Paper, promised_on: date | None = None, original_seen: bool = False) -> Paper:
    """No file, but the original was seen at the counter, or it is missing until a day (容缺受理, S2-12)."""
    with transaction.atomic():
        application = lock(paper.application_id)
        _may_add_papers(application, actor)
        if promised_on and promised_on < timezone.localdate():
            raise Refused(_("补交日期已经过去；请填写今天或以后的日期。"), "promised_on")
        paper.promised_on = None if original_seen else promised_on
        paper.seen_by = actor if original_seen else None
        paper.seen_at = timezone.now() if original_seen else None
        paper.save()
    return paper


def _may_add_papers(application: Application, actor: User) -> None:
    if application.state == State.DRAFT:
        why = why_not(Did.EDIT, application, actor)
    elif not application.region_id.startswith(actor.region_prefix):
        why = _("这件申请不在您的管辖范围内。")
    elif application.state not in (State.SUBMITTED, State.CHECKING, State.REVIEWING, State.PANEL):
        why = _("申请现在是“%(state)s”，不能再补材料。") % {"state": application.get_state_display()}
    else:
        may = actor.may(Act.APPLICATION_REGISTER) or actor.may(Act.APPLICATION_CHECK)
        why = "" if may else _("您的角色不能补交材料；请由乡镇经办或县级经办办理。")
    if why:
        raise NotAllowed(why)


def missing(application: Application) -> tuple[Sequence[Paper], Sequence[Paper]]:
    """Items of the checklist without a file or a seen original: (without a day, promised for a day)."""
    there = set(
        StoredFile.objects.filter(owner_kind=OWNER, owner_id=application.pk, withdrawn_at=None).values_list(
            "label", flat=True
        )
    )
    lacking = [one for one in application.papers.all() if one.label not in there and one.seen_at is None]
    return [one for one in lacking if not one.promised_on], [one for one in lacking if one.promised_on]


# --- moves --------------------------------------------------------------------------------------------------------
@transaction.atomic
def submit(*, actor: User, application_id: int, seen: int, note: str = "") -> Application:
    """To the county. Every paper is there, or missing by name with a day on which it will come."""
    application = begin(application_id=application_id, did=Did.SUBMIT, actor=actor, seen=seen)
    lacking, promised = missing(application)
    if lacking:
        names = "、".join(one.label for one in lacking)
        raise Refused(_("还缺材料：%(names)s。请上传、注明已看原件，或者填写补交日期（容缺受理）。") % {"names": names})
    _had_a_hand(application, actor)
    application.mend_by = None
    data = {"promised": [[one.label, one.promised_on.isoformat()] for one in promised if one.promised_on]}
    finish(application, Did.SUBMIT, actor, note, **data)
    return application


@transaction.atomic
def send_back(*, actor: User, application_id: int, seen: int, reason: str, mend_by: date) -> Application:
    """退回补正: what to mend and by when; meanwhile the office's clock stands."""
    application = begin(application_id=application_id, did=Did.RETURN, actor=actor, seen=seen)
    if not reason.strip():
        raise Refused(_("请写明需要补正什么。"), "reason")
    if mend_by <= timezone.localdate():
        raise Refused(_("补正期限应在今天之后。"), "mend_by")
    application.mend_by = mend_by
    finish(application, Did.RETURN, actor, reason, mend_by=mend_by.isoformat())
    return application


@transaction.atomic
def withdraw(*, actor: User, application_id: int, seen: int, reason: str) -> Application:
    """The applicant does not want it any more."""
    application = begin(application_id=application_id, did=Did.WITHDRAW, actor=actor, seen=seen)
    if not reason.strip():
        raise Refused(_("请写明撤回的原因。"), "reason")
    finish(application, Did.WITHDRAW, actor, reason)
    return application


@transaction.atomic
def appeal(*, actor: User, application_id: int, seen: int, new_facts: str) -> Application:
    """申诉 against a rejection, with new facts: checked again, decided by another reviewer."""
    application = begin(application_id=application_id, did=Did.APPEAL, actor=actor, seen=seen)
    if not new_facts.strip():
        raise Refused(_("申诉须有新的事实；请写明。"), "new_facts")
    application.round += 1
    if application.reviewer_id:
        application.past_reviewers = [*application.past_reviewers, application.reviewer_id]
    application.reviewer = application.checker = None
    application.clock = {}
    _had_a_hand(application, actor)
    finish(application, Did.APPEAL, actor, new_facts, round=application.round)
    return application
