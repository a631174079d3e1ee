"""会商: convening a meeting, putting cases to it, opinions one by one, who was absent, what the panel came to.

The panel's amount is the largest on which a majority of those who gave an opinion agree: with k opinions for a
majority, the k-th largest of the amounts (a dissent counts as nothing). Whoever recused themselves is not counted.
"""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.vocabulary import Department
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, Meeting, MeetingCase, Opinion
from assistance.services.moving import begin, finish, lock
from assistance.vocabulary import PANEL, Did, Kind
from assistance.workflow import why_not

Says = Opinion.Says


@transaction.atomic
def save_meeting(
    *,
    actor: User,
    region: Region,
    title: str,
    held_on: date,
    place: str = "",
    chair: str = "",
    departments: Sequence[str] = PANEL,
    meeting: Meeting | None = None,
) -> Meeting:
    """A meeting, or its new day and place; its departments are fixed once it has a case."""
    if not (actor.may(Act.APPLICATION_DECIDE) and region.code.startswith(actor.region_prefix)):
        raise NotAllowed(_("会商由本地区的复核人员召集。"))
    unknown = set(departments) - set(Department.values)
    if unknown or len(set(departments)) < 2:
        raise Refused(_("请至少选择两个参加部门。"), "departments")
    one = meeting or Meeting(region=region, convened_by=actor)
    wanted = list(dict.fromkeys(departments))
    if meeting is not None and sorted(meeting.departments) != sorted(wanted) and meeting.cases.exists():
        raise Refused(_("会议已有案件，参加部门不能再改；请另开一次会议。"), "departments")
    if not title.strip():
        raise Refused(_("请填写会议名称。"), "title")
    one.title, one.held_on, one.place, one.chair = title.strip()[:80], held_on, place.strip()[:80], chair.strip()[:40]
    one.departments = wanted
    one.save()
    return one


@transaction.atomic
def convene(
    *,
    actor: User,
    application_id: int,
    seen: int,
    meeting: Meeting,
    question: str,
    proposed: int | None = None,
) -> MeetingCase:
    """提请会商: puts the case to a meeting of its region or above; the clock of the decision stands."""
    application = begin(application_id=application_id, did=Did.CONVENE, actor=actor, seen=seen)
    if application.kind == Kind.ELIGIBILITY:
        raise Refused(_("救助资格不产生金额，不需要会商。"))
    if not application.region_id.startswith(meeting.region.prefix):
        raise Refused(_("会议不属于这件申请所在的地区；请选择本地区的会议。"), "meeting")
    if not question.strip():
        raise Refused(_("请写明会商事由。"), "question")
    made = MeetingCase.objects.create(
        meeting=meeting,
        application=application,
        round=application.round,
        question=question.strip(),
        proposed=proposed,
    )
    finish(application, Did.CONVENE, actor, question, meeting=meeting.pk, case=made.pk)
    return made


def _open_case(case_id: int, did: Did, actor: User) -> MeetingCase:
    """The case with its application, both locked (the application first, as every move does)."""
    found = MeetingCase.objects.values_list("application_id", flat=True).get(pk=case_id)
    application = lock(found)
    case = MeetingCase.objects.select_for_update(of=("self",)).select_related("meeting__region").get(pk=case_id)
    case.application = application
    why = why_not(did, application, actor)
    if why:
        raise NotAllowed(why)
    if case.done_at:
        raise Refused(_("这件案件的会商已经结束；请刷新后查看。"))
    return case


@transaction.atomic
def opine(*, actor: User, case_id: int, says: str, text: str, amount: int | None = None) -> Opinion:
    """The department's opinion, before or in the meeting; until the case is done its department may change it.

    An agreement without an amount is to the one proposed. When every department has spoken or is named absent, the
    case goes back to the reviewer by itself.
    """
    case = _open_case(case_id, Did.OPINE, actor)
    if actor.department not in case.meeting.departments:
        raise NotAllowed(_("您的部门不在这次会商的参加部门之内。"))
    if says not in Says.values:
        raise Refused(_("请选择意见。"), "says")
    if not text.strip():
        raise Refused(_("请写明理由。"), "text")
    if says == Says.AGREE and amount is None:
        amount = case.proposed
    if says == Says.AGREE and not amount:
        raise Refused(_("同意救助的，请填写建议金额。"), "amount")
    if says != Says.AGREE:
        amount = None
    made, _new = Opinion.objects.update_or_create(
        case=case,
        department=actor.department,
        defaults={
            "member": actor,
            "says": says,
            "amount": amount,
            "text": text.strip(),
            "given_at": timezone.now(),
        },
    )
    if actor.department in case.absent:
        case.absent = [one for one in case.absent if one != actor.department]
        case.save(update_fields=["absent"])
    finish(
        case.application, Did.OPINE, actor, text, case=case.pk, department=actor.department, says=says, amount=amount
    )
    _complete(case)
    return made


@transaction.atomic
def mark_absent(*, actor: User, case_id: int, departments: Sequence[str]) -> MeetingCase:
    """Names the departments that gave no opinion. Raises Refused when the rest would be no quorum."""
    case = _open_case(case_id, Did.ABSENT, actor)
    spoken = set(case.opinions.values_list("department", flat=True))
    absent = [one for one in case.meeting.departments if one in departments and one not in spoken]
    if not absent:
        raise Refused(_("请选择缺席的部门；已有意见的部门不算缺席。"), "departments")
    together = set(case.absent) | set(absent)
    if len(case.meeting.departments) - len(together) < case.meeting.quorum:
        raise Refused(
            _("缺席后到会部门不足%(quorum)s个，达不到半数以上；请改期，或者把案件退出会商。")
            % {"quorum": case.meeting.quorum},
            "departments",
        )
    case.absent = sorted(together)
    case.save(update_fields=["absent"])
    names = "、".join(str(Department(one).label) for one in absent)
    finish(case.application, Did.ABSENT, actor, names, case=case.pk, departments=absent)
    _complete(case)
    return case


@transaction.atomic
def recall(*, actor: User, application_id: int, seen: int, reason: str) -> Application:
    """退出会商: the case goes back to the reviewer without a result (no quorum, new facts)."""
    application = begin(application_id=application_id, did=Did.RECALL, actor=actor, seen=seen)
    if not reason.strip():
        raise Refused(_("请写明退出会商的原因。"), "reason")
    application.meeting_cases.filter(done_at=None).update(done_at=timezone.now(), recalled=True)
    finish(application, Did.RECALL, actor, reason)
    return application


def _complete(case: MeetingCase) -> None:
    """The system's move: every department has spoken or is absent, and those who judged are a quorum."""
    opinions = list(case.opinions.all())
    if {one.department for one in opinions} | set(case.absent) != set(case.meeting.departments):
        return
    judged = [one for one in opinions if one.says != Says.RECUSED]
    if len(judged) < case.meeting.quorum:
        return
    case.amount = amount_of(judged)
    case.agreed = case.amount > 0
    case.done_at = timezone.now()
    case.save(update_fields=["amount", "agreed", "done_at"])
    finish(
        case.application,
        Did.OPINIONS_COMPLETE,
        None,
        case=case.pk,
        amount=case.amount,
        absent=case.absent,
    )


def amount_of(opinions: Sequence[Opinion]) -> int:
    """The largest amount to which a majority of the opinions agrees, fen; 0 when a majority dissents."""
    if not opinions:
        return 0
    amounts = sorted((one.amount or 0 if one.says == Says.AGREE else 0 for one in opinions), reverse=True)
    return amounts[len(opinions) // 2]


def result_of(application: Application) -> MeetingCase | None:
    """What a panel came to in this round, if one did."""
    found = application.meeting_cases.filter(round=application.round, recalled=False, done_at__isnull=False)
    return found.order_by("-id").first()
