"""The county's check: acceptance, questions to departments with the clock standing, the finished check."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from accounts.vocabulary import CERTIFIES, Department
from assistance import clock
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, Check, Question
from assistance.selectors import comparing, figures
from assistance.services.moving import begin, finish, lock
from assistance.vocabulary import Did, Kind
from assistance.workflow import why_not
from beneficiaries.services import certify
from policies.engine import EngineError


@transaction.atomic
def accept(*, actor: User, application_id: int, seen: int, note: str = "") -> Application:
    """受理: the check's clock begins."""
    application = begin(application_id=application_id, did=Did.ACCEPT, actor=actor, seen=seen)
    finish(application, Did.ACCEPT, actor, note)
    return application


# --- questions ----------------------------------------------------------------------------------------------------
@transaction.atomic
def ask(*, actor: User, application_id: int, department: str, text: str, seen: int | None = None) -> Question:
    """A question to a department; the check's clock stands until every question is answered."""
    application = begin(application_id=application_id, did=Did.ASK, actor=actor, seen=seen)
    if not text.strip():
        raise Refused(_("请写明要询问什么。"), "text")
    if department not in Department.values:
        raise Refused(_("请选择部门。"), "department")
    if application.questions.filter(department=department, answered_at=None).exists():
        raise Refused(_("已有一个询问在等这个部门答复；请等答复后再问。"), "department")
    made = Question.objects.create(application=application, department=department, text=text.strip(), asked_by=actor)
    clock.pause(application, timezone.localdate())
    finish(application, Did.ASK, actor, text, question=made.pk, department=department)
    return made


@transaction.atomic
def answer(
    *, actor: User, question: Question, text: str, category: str = "", certified_from: date | None = None
) -> Question:
    """The department's answer, by its liaison, or by the case worker who got it on paper.

    With `category` and `certified_from` the department certifies the applicant in the same breath (the register
    then holds the spell). The last answer sets the clock going again.
    """
    application = lock(question.application_id)
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    why = why_not(Did.ANSWER, application, actor)
    own = actor.department == question.department or actor.may(Act.APPLICATION_CHECK)
    if why or not own:
        raise NotAllowed(why or _("这个询问由%(department)s答复。") % {"department": question.get_department_display()})
    if question.answered_at:
        raise Refused(_("这个询问已经答复；请刷新后查看。"))
    if not text.strip():
        raise Refused(_("请写明答复内容。"), "text")
    if category:
        _certify(actor, application, question, category, certified_from)
    question.answer, question.answered_by, question.answered_at = text.strip(), actor, timezone.now()
    question.save()
    if not application.questions.filter(answered_at=None).exists():
        clock.resume(application, timezone.localdate())
    finish(application, Did.ANSWER, actor, text, question=question.pk, department=question.department)
    return question


def _certify(actor: User, application: Application, question: Question, category: str, day: date | None) -> None:
    if category not in CERTIFIES.get(question.department, ()):
        raise Refused(_("这个类别不由该部门认定。"), "category")
    if day is None:
        raise Refused(_("请填写认定日期。"), "certified_from")
    certify(
        actor=actor,
        person=application.person,
        category=category,
        department=question.department,
        region=application.region,
        valid_from=day,
        source=None,
    )


# --- the check ----------------------------------------------------------------------------------------------------
def preview(application: Application, facts: figures.Facts) -> figures.Working:
    """What the check would come to now; nothing is written. Raises Refused when a figure of the law is missing."""
    try:
        return figures.work_out(application, facts)
    except EngineError as error:
        raise Refused(str(error)) from error


@transaction.atomic
def finish_check(
    *,
    actor: User,
    application_id: int,
    seen: int,
    facts: figures.Facts,
    opinion: str,
    proposed: int | None = None,
    category: str = "",
) -> Check:
    """核查完成: the test with every leg, the entitlement, the comparison with the register are stored for good."""
    application = begin(application_id=application_id, did=Did.FINISH_CHECK, actor=actor, seen=seen)
    waiting = application.questions.filter(answered_at=None)
    if waiting:
        names = "、".join(one.get_department_display() for one in waiting)
        raise Refused(_("还在等%(names)s答复；收到答复后再完成核查。") % {"names": names})
    if not opinion.strip():
        raise Refused(_("请写明核查意见。"), "opinion")
    if category:
        application.category = category
    found = preview(application, facts)
    if proposed is not None and found.entitled is not None and proposed > found.entitled:
        raise Refused(_("建议金额超过可核定金额；请核对。"), "proposed")
    if application.kind == Kind.ELIGIBILITY:
        proposed = None
    made = Check.objects.create(
        application=application,
        round=application.round,
        locally_registered=facts.locally_registered,
        seriously_ill=facts.seriously_ill,
        property_within_rules=facts.property_within_rules,
        persons=found.persons,
        income=found.income,
        costs=found.costs,
        other_costs=found.other_costs,
        categories=sorted(found.categories),
        test=found.test.as_dict() if found.test else None,
        lines=[line.as_dict() for line in found.lines],
        entitled=found.entitled,
        proposed=found.entitled if proposed is None else proposed,
        findings=comparing.findings_of(application),
        opinion=opinion.strip(),
        checked_by=actor,
    )
    application.checker = actor
    application.checkers = sorted({*application.checkers, actor.pk})
    finish(application, Did.FINISH_CHECK, actor, opinion, check=made.pk)
    return made


def current_check(application: Application) -> Check | None:
    """The check of this round, once there is one."""
    return application.checks.filter(round=application.round).first()
