"""After the decision: the letter delivered, visits, referrals to other help with their answers, closing."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, Decision, Notice, Referral, Visit
from assistance.selectors import figures, rules
from assistance.services.moving import begin, finish, lock
from assistance.vocabulary import FOR_ABLE, OF_BURDEN, Did, Help
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
def deliver(*, actor: User, application_id: int, delivered_on: date, note: str = "") -> Decision:
    """送达: when the letter of the newest decision reached the applicant. Raises Refused."""
    application = begin(application_id=application_id, did=Did.DELIVER, actor=actor)
    decision = application.decisions.first()
    if decision is None:
        raise Refused(_("这件申请还没有决定书。"))
    if decision.delivered_on:
        raise Refused(_("决定书已于 %(day)s 送达，不能再次登记。") % {"day": decision.delivered_on}, "delivered_on")
    if not decision.decided_on <= delivered_on <= timezone.localdate():
        raise Refused(_("送达日期应在决定之日（%(day)s）与今天之间。") % {"day": decision.decided_on}, "delivered_on")
    decision.delivered_on = delivered_on
    decision.save(update_fields=["delivered_on"])
    finish(application, Did.DELIVER, actor, note, decision=decision.pk, day=delivered_on.isoformat())
    return decision


# --- referrals ----------------------------------------------------------------------------------------------------
@transaction.atomic
def refer(
    *,
    actor: User,
    application_id: int,
    help: str,
    organisation: str,
    text: str,
    owner_name: str,
    due_on: date,
    department: str = "",
    burden: int | None = None,
    able_to_work: bool | None = None,
) -> Referral:
    """转介 of what is left to charity (S1-25), social assistance (S3-14) or other help (S2-11).

    `burden` is what is left to the person, fen: by default as the claims, grants and earlier referrals say; with
    receipts from elsewhere the worker states it. `able_to_work`: whether somebody of the household is, by default as
    the members say. Clauses are those of the version that ask for this help.
    """
    application = begin(application_id=application_id, did=Did.REFER, actor=actor)
    if help not in Help.values:
        raise Refused(_("请选择帮扶方式。"), "help")
    for value, field, problem in (
        (organisation, "organisation", _("请写明转介给哪个机构。")),
        (text, "text", _("请写明转介的事由。")),
        (owner_name, "owner_name", _("请写明由谁跟进。")),
    ):
        if not value.strip():
            raise Refused(problem, field)
    if due_on < timezone.localdate():
        raise Refused(_("希望答复的日期已经过去；请填写今天或以后的日期。"), "due_on")
    able = _somebody_works(application) if able_to_work is None else able_to_work
    if help in FOR_ABLE and not able:
        raise Refused(_("家中无人有劳动能力的，不适用就业、产业帮扶；请改选基本生活救助或临时救助。"), "help")
    left = figures.left_of(application) if burden is None else burden
    if help in OF_BURDEN and left <= 0:
        raise Refused(_("没有剩余的个人负担，不需要转介；如有本系统以外的费用，请凭票据填写剩余负担。"), "burden")
    made = Referral.objects.create(
        application=application,
        help=help,
        department=department,
        organisation=organisation.strip()[:80],
        clauses=rules.clauses_of_help(application, help),
        text=text.strip(),
        owner_name=owner_name.strip()[:40],
        burden=left,
        due_on=due_on,
        referred_by=actor,
    )
    finish(application, Did.REFER, actor, text, referral=made.pk, help=help, able_to_work=able)
    return made


def _somebody_works(application: Application) -> bool:
    return application.members.filter(able_to_work=True).exists()


@transaction.atomic
def answer_referral(
    *, actor: User, referral: Referral, outcome: str, answer: str, answered_on: date, amount: int | None = None
) -> Referral:
    """What came of a referral, and the money that came, in fen."""
    application = lock(referral.application_id)
    referral = Referral.objects.select_for_update(of=("self",)).get(pk=referral.pk)
    why = why_not(Did.REFERRAL_ANSWER, application, actor)
    if why:
        raise NotAllowed(why)
    if referral.answered_on:
        raise Refused(_("这件转介已经登记答复；请刷新后查看。"))
    if outcome not in Referral.Outcome.values:
        raise Refused(_("请选择落实情况。"), "outcome")
    if not answer.strip():
        raise Refused(_("请写明答复内容。"), "answer")
    if not timezone.localdate(referral.referred_at) <= answered_on <= timezone.localdate():
        raise Refused(_("答复日期应在转介之日与今天之间；请核对。"), "answered_on")
    if amount is not None and amount < 0:
        raise Refused(_("到位金额不能为负数。"), "amount")
    referral.outcome, referral.answer, referral.answered_on = outcome, answer.strip(), answered_on
    referral.amount, referral.answered_by = amount, actor
    referral.save()
    finish(application, Did.REFERRAL_ANSWER, actor, answer, referral=referral.pk, amount=amount)
    return referral


# --- the end ------------------------------------------------------------------------------------------------------
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
