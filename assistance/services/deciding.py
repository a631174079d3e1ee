"""审批: approval within the entitlement or the panel's amount, or rejection; one a round, one approval ever."""

from datetime import date

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.vocabulary import Category
from assistance.errors import Refused
from assistance.models import Application, Decision
from assistance.selectors import figures, rules
from assistance.services import panel
from assistance.services.checking import current_check
from assistance.services.moving import begin, finish
from assistance.vocabulary import Did, Kind
from beneficiaries.changes import Cause, facts_changed
from beneficiaries.models import Person
from policies.engine import EngineError
from policies.engine.money import format_yuan

Outcome = Decision.Outcome


@transaction.atomic
def approve(
    *,
    actor: User,
    application_id: int,
    seen: int,
    reason: str,
    amount: int | None = None,
    valid_from: date | None = None,
) -> Decision:
    """批准: an amount in fen, or of an eligibility the day from which claims settle (default: today).

    Whoever approves the same person twice at once waits: what the first granted counts for the second.
    """
    application = begin(application_id=application_id, did=Did.APPROVE, actor=actor, seen=seen)
    Person.objects.select_for_update(no_key=True).get(pk=application.person_id)
    if not reason.strip():
        raise Refused(_("请写明批准的理由。"), "reason")
    if current_check(application) is None:
        raise Refused(_("这一轮还没有核查结论；请退回核查。"))
    if application.kind == Kind.ELIGIBILITY:
        made = _decide(application, actor, Outcome.APPROVED, reason, valid_from=_first_day(application, valid_from))
        # Claims since that day were settled without the approval: whoever keeps them must know.
        facts_changed(
            application.person_id,
            since=made.valid_from or made.decided_on,
            cause=Cause.APPROVAL,
            reference=f"decision:{made.pk}",
        )
        return made
    return _decide(application, actor, Outcome.APPROVED, reason, amount=_allowed(application, amount))


def _first_day(application: Application, day: date | None) -> date:
    """From when an eligibility holds: not before the application, not later than today, and only with the category."""
    today = timezone.localdate()
    day = day or today
    if not application.applied_on <= day <= today:
        raise Refused(_("资格起始日应在申请日期与今天之间。"), "valid_from")
    kind = rules.kind_of(application)
    if application.category not in kind.who:
        raise Refused(_("申请的人员类别不在这一事项的适用范围内；请退回核查，选定类别。"))
    label = Category(application.category).label
    if application.category not in rules.held_on(application.person_id, day):
        raise Refused(
            _("%(day)s 此人没有登记“%(category)s”；请先取得认定（可询问认定部门），或改填起始日。")
            % {"day": day, "category": label},
            "valid_from",
        )
    check = current_check(application)
    if application.category == Category.ILLNESS_POVERTY and check and check.test and not check.test["passed"]:
        raise Refused(_("因病致贫重病患者的认定条件没有全部满足，不能批准；请退回核查或不予救助。"))
    return day


def _allowed(application: Application, amount: int | None) -> int:
    """The amount, within what rule and panel allow."""
    if not amount or amount <= 0:
        raise Refused(_("请填写救助金额。"), "amount")
    result = panel.result_of(application)
    try:
        limit = figures.limit_now(application)
        line = figures.panel_line(application)
    except EngineError as error:
        raise Refused(str(error)) from error
    if result is None and application.kind == Kind.CASE:
        raise Refused(_("一事一议的申请须先会商；请提请会商。"))
    if result is None and line is not None and amount > line:
        raise Refused(
            _("金额超过 %(line)s，须先会商；请提请会商，或减少金额。") % {"line": format_yuan(line)}, "amount"
        )
    if result is not None and amount > (result.amount or 0):
        raise Refused(
            _("金额超过会商议定的 %(amount)s；请核对。") % {"amount": format_yuan(result.amount or 0)}, "amount"
        )
    if limit is not None and amount > limit:
        raise Refused(_("金额超过可核定的 %(limit)s；请核对。") % {"limit": format_yuan(limit)}, "amount")
    return amount


@transaction.atomic
def reject(*, actor: User, application_id: int, seen: int, reason: str) -> Decision:
    """不予救助, with the reason that the letter will give."""
    application = begin(application_id=application_id, did=Did.REJECT, actor=actor, seen=seen)
    if not reason.strip():
        raise Refused(_("请写明不予救助的理由；决定书要告知申请人。"), "reason")
    return _decide(application, actor, Outcome.REJECTED, reason)


def _decide(
    application: Application,
    actor: User,
    outcome: Decision.Outcome,
    reason: str,
    *,
    amount: int = 0,
    valid_from: date | None = None,
) -> Decision:
    made = Decision.objects.create(
        application=application,
        round=application.round,
        outcome=outcome,
        kind=application.kind,
        amount=amount,
        category=application.category if valid_from else "",
        valid_from=valid_from,
        clauses=application.clauses,
        reason=reason.strip(),
        letter=_letter_number(application),
        decided_by=actor,
        decided_on=timezone.localdate(),
    )
    application.reviewer = actor
    did = Did.APPROVE if outcome == Outcome.APPROVED else Did.REJECT
    finish(application, did, actor, reason, decision=made.pk, amount=amount)
    return made


def _letter_number(application: Application) -> str:
    """`医保救助〔2026〕150521-000012号`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('assistance_decision', 'id'))")
        number = cursor.fetchone()[0]
    return f"医保救助〔{timezone.localdate():%Y}〕{application.region_id[:6]}-{number:06d}号"
