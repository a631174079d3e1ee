"""Help of the demo after its warnings, and findings that are being mended: by the very services that the pages call."""

from datetime import date, timedelta

from django.utils.translation import gettext as _

from accounts.models import Region, User
from accounts.vocabulary import Department, Role, Section
from monitoring.findings import services as findings
from monitoring.findings.models import Finding, FindingStep
from monitoring.followup import services as followups
from monitoring.followup.models import FollowUp, Measure, Visit


def load_help(code: str, day: date, today: date) -> None:
    """Measures of some of the region's warned: done, running, late; nothing when there are some already."""
    if Measure.objects.exists():
        return
    worker = User.objects.get(username=Role.CASE_WORKER.value)
    region = Region.objects.get(code=code)
    for n, one in enumerate(FollowUp.objects.filter(region_id__startswith=region.prefix).order_by("pk")[:7]):
        followups.describe(actor=worker, followup=one, ability=FollowUp.Ability.UNABLE, owner=worker)
        made = followups.add_measure(
            actor=worker,
            followup=one,
            kind=Measure.Kind.TEMPORARY if n % 2 else Measure.Kind.BASIC_LIVING,
            department=Department.CIVIL_AFFAIRS,
            owner_name=_("民政专干"),
            begins_on=day + timedelta(days=5),
            due_on=(day if n == 0 else today) + timedelta(days=30),
        )
        note = _("入户了解病情和家庭收入，已告知救助渠道。")
        followups.add_visit(actor=worker, followup=one, on=day + timedelta(days=8), how=Visit.How.HOME, text=note)
        if n > 3:
            followups.end_measure(
                actor=worker,
                measure=made,
                ended_on=day + timedelta(days=20),
                outcome=Measure.Outcome.ACHIEVED,
                result=_("已发放"),
                amount=300_000,
            )


def load_findings(code: str, day: date, today: date) -> None:
    """One finding that is being mended and one that waits to be cleared."""
    if Finding.objects.exists():
        return
    boss, worker = (User.objects.get(username=role.value) for role in (Role.SUPERVISOR, Role.CASE_WORKER))
    facts = {
        "department": Department.MEDICAL_SECURITY,
        "section": Section.BENEFITS,
        "region": Region.objects.get(code=code),
    }
    findings.open_finding(
        actor=boss,
        source=Finding.Source.AUDIT,
        title=_("个别特困人员住院费用未全额救助"),
        text=_("转诊登记不及时，结算时按未转诊处理。"),
        found_on=day,
        due_on=today + timedelta(days=30),
        **facts,
    )
    answered = findings.open_finding(
        actor=boss,
        source=Finding.Source.SELF,
        title=_("残联名单送达晚于每月20日"),
        text=_("四月、五月名单均在月末送达。"),
        found_on=day,
        due_on=today + timedelta(days=10),
        **facts,
    )
    said = _("已与残联商定每月15日前送达，本月起执行。")
    findings.step(actor=worker, finding=answered, what=FindingStep.What.ANSWER, text=said)
