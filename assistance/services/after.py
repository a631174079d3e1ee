"""After the decision: visits, referrals to other help with their answers, closing."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, Notice, Referral, Visit
from assistance.services.moving import begin, finish, lock
from assistance.vocabulary import Did, Help
from assistance.workflow import why_not


@transaction.atomic
def visit(
    *, actor: User, application_id: int, visited_on: date, how: str, text: str, still_in_need: bool = False
) -> Visit:
    """回访: how the person fares, in words."""
    application = begin(application_id=application_id, did=Did.VISIT, actor=actor)
    if visited_on > timezone.localdate():
        raise Refused(_("回访日期晚于今天；请核对。"), "visited_on")
    if not text.strip():
        raise Refused(_("请写明回访了解的情况。"), "text")
    made = Visit.objects.create(
        application=application,
        visited_on=visited_on,
        how=how.strip()[:20],
        text=text.strip(),
        still_in_need=still_in_need,
        visited_by=actor,
    )
    finish(application, Did.VISIT, actor, text, visit=made.pk)
    return made


@transaction.atomic
def refer(
    *,
    actor: User,
    application_id: int,
    help: str,
    organisation: str,
    text: str,
    department: str = "",
    due_on: date | None = None,
) -> Referral:
    """转介 of what is left to charity (S1-25), social assistance (S3-14) or other help (S2-11)."""
    application = begin(application_id=application_id, did=Did.REFER, actor=actor)
    if help not in Help.values:
        raise Refused(_("请选择帮扶方式。"), "help")
    if not organisation.strip():
        raise Refused(_("请写明转介给哪个机构。"), "organisation")
    if not text.strip():
        raise Refused(_("请写明转介的事由。"), "text")
    made = Referral.objects.create(
        application=application,
        help=help,
        department=department,
        organisation=organisation.strip()[:80],
        text=text.strip(),
        due_on=due_on,
        referred_by=actor,
    )
    finish(application, Did.REFER, actor, text, referral=made.pk, help=help)
    return made


@transaction.atomic
def answer_referral(
    *, actor: User, referral: Referral, answer: str, answered_on: date, amount: int | None = None
) -> Referral:
    """What came of a referral, and the money that came, in fen."""
    application = lock(referral.application_id)
    referral = Referral.objects.select_for_update(of=("self",)).get(pk=referral.pk)
    why = why_not(Did.REFERRAL_ANSWER, application, actor)
    if why:
        raise NotAllowed(why)
    if referral.answered_on:
        raise Refused(_("这件转介已经登记答复；请刷新后查看。"))
    if not answer.strip():
        raise Refused(_("请写明答复内容。"), "answer")
    if answered_on > timezone.localdate():
        raise Refused(_("答复日期晚于今天；请核对。"), "answered_on")
    if amount is not None and amount < 0:
        raise Refused(_("到位金额不能为负数。"), "amount")
    referral.answer, referral.answered_on = answer.strip(), answered_on
    referral.amount, referral.answered_by = amount, actor
    referral.save()
    finish(application, Did.REFERRAL_ANSWER, actor, answer, referral=referral.pk, amount=amount)
    return referral


@transaction.atomic
def close(*, actor: User, application_id: int, seen: int, feedback: str = "") -> Application:
    """办结, once a visit or the applicant's feedback is on record."""
    application = begin(application_id=application_id, did=Did.CLOSE, actor=actor, seen=seen)
    if not feedback.strip() and not application.visits.exists():
        raise Refused(_("办结前须有回访记录，或者写明申请人的反馈。"), "feedback")
    finish(application, Did.CLOSE, actor, feedback)
    return application


def read_notice(*, actor: User, notice_ids: list[int]) -> int:
    """The township has taken note of what it was told (S1-20); how many were unread."""
    if not actor.may(Act.APPLICATION_REGISTER):
        raise NotAllowed(_("回告由乡镇经办签收。"))
    found = actor.visible(Notice).filter(pk__in=notice_ids, read_at=None)
    return found.update(read_by=actor, read_at=timezone.now())
