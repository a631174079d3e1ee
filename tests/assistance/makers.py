"""The cast of a case, and an application brought to any state by the very services that the pages call."""

import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import count

from django.utils import timezone
from PIL import Image

from accounts.models import Level, Region, User
from accounts.vocabulary import Department, Role
from assistance.models import Application, Check, Meeting
from assistance.selectors.figures import Facts
from assistance.services import after, checking, deciding, economy, panel, registering
from assistance.vocabulary import PANEL, IncomeKind
from beneficiaries.models import Person
from tests.claims.makers import make_person, make_spell
from tests.factories import make_user

COUNTY, TOWNSHIP = "150521000000", "150521100000"
FACTS = Facts(locally_registered=True, seriously_ill=True, property_within_rules=True)
_names = count(1)


def png(width: int = 8) -> bytes:
    """A picture as a scanner makes it."""
    out = io.BytesIO()
    Image.new("RGB", (width, 8), "white").save(out, "PNG")
    return out.getvalue()


@dataclass
class Cast:
    """Who plays a case in one county; made as they are needed."""

    county: str = COUNTY
    township: str = TOWNSHIP
    names: str = field(default_factory=lambda: f"c{next(_names)}")

    def _user(self, *roles: str, name: str = "", region: str = "", department: str = "") -> User:
        return make_user(
            *roles, username=f"{self.names}-{name or roles[0]}", region=region or self.county, department=department
        )

    @cached_property
    def clerk(self) -> User:
        return self._user(Role.CLERK, region=self.township)

    @cached_property
    def worker(self) -> User:
        return self._user(Role.CASE_WORKER)

    @cached_property
    def other_worker(self) -> User:
        return self._user(Role.CASE_WORKER, name="worker2")

    @cached_property
    def reviewer(self) -> User:
        return self._user(Role.REVIEWER)

    @cached_property
    def other_reviewer(self) -> User:
        return self._user(Role.REVIEWER, name="reviewer2")

    @cached_property
    def fund_officer(self) -> User:
        return self._user(Role.FUND_OFFICER)

    @cached_property
    def liaison(self) -> User:
        return self._user(Role.LIAISON, department=Department.CIVIL_AFFAIRS)

    @cached_property
    def panel(self) -> dict[str, User]:
        return {one: self._user(Role.PANEL_MEMBER, name=f"panel-{one}", department=one) for one in PANEL}


def make_township(code: str, name: str = "测试镇") -> Region:
    county = f"{code[:6]}000000"
    return Region.objects.get_or_create(
        code=code, defaults={"name": name, "level": Level.TOWNSHIP, "parent_id": county}
    )[0]


def make_applicant(region: str = TOWNSHIP, category: str = "", since: str = "2022-01-01", name: str = "") -> Person:
    person = make_person(region=region, **({"name": name} if name else {}))
    if category:
        department = "rural_revitalization" if category in MONITORED else "civil_affairs"
        make_spell(person, category, since, department=department)
    return person


MONITORED = ("unstable_exit", "marginal_risk", "sudden_hardship", "exited_poverty", "relapsed_poverty")
RULES = {
    "eligibility": "依申请救助资格",  # tongliao, S1-19
    "case": "一事一议救助",  # shannan, S0-18
    "stable": "稳定脱贫人口依申请救助",  # shannan, S0-13
    "top_up": "监测对象依申请倾斜救助",  # guangxi, S3-13
    "decided": "倾斜救助",  # yangcheng, S4-05
}
DAYS = {"eligibility": date(2023, 5, 10), "top_up": date(2023, 5, 10), "decided": date(2023, 5, 10)}


def register(cast: Cast, person: Person | None = None, rule: str = "eligibility", **more: object) -> Application:
    """A draft by the township's clerk."""
    person = person or make_applicant(cast.township, "subsistence_margin" if rule == "eligibility" else "")
    values = {
        "actor": cast.clerk,
        "person": person,
        "rule": RULES[rule],
        "applied_on": DAYS.get(rule, date(2023, 5, 10)),
        "reason": "住院费用负担重",
        "consent": True,
    } | more
    return registering.register(**values)  # type: ignore[arg-type]


def complete(cast: Cast, application: Application) -> Application:
    """Every paper there, one income stated."""
    for paper in application.papers.all():
        registering.set_paper(actor=cast.clerk, paper=paper, original_seen=True)
    economy.add_income(actor=cast.clerk, application_id=application.pk, kind=IncomeKind.WAGE, amount=1_200_000)
    return fresh(application)


def fresh(application: Application) -> Application:
    return Application.objects.select_related("version", "person", "region").get(pk=application.pk)


def submit(cast: Cast, application: Application) -> Application:
    application = complete(cast, application)
    return registering.submit(actor=cast.clerk, application_id=application.pk, seen=application.revision)


def accept(cast: Cast, application: Application) -> Application:
    application = submit(cast, application)
    return checking.accept(actor=cast.worker, application_id=application.pk, seen=application.revision)


def finish_check(cast: Cast, application: Application, facts: Facts = FACTS, **more: object) -> Check:
    application = fresh(application)
    return checking.finish_check(
        actor=more.pop("actor", cast.worker),  # type: ignore[arg-type]
        application_id=application.pk,
        seen=application.revision,
        facts=facts,
        opinion="情况属实",
        **more,  # type: ignore[arg-type]
    )


def reviewing(cast: Cast, application: Application, facts: Facts = FACTS) -> Application:
    application = accept(cast, application)
    finish_check(cast, application, facts)
    return fresh(application)


def make_meeting(cast: Cast, departments: tuple[str, ...] = PANEL) -> Meeting:
    return panel.save_meeting(
        actor=cast.reviewer,
        region=Region.objects.get(pk=cast.county),
        title="一事一议会商",
        held_on=timezone.localdate() + timedelta(days=3),
        departments=departments,
    )


def convene(cast: Cast, application: Application, proposed: int = 2_000_000, **more: object):
    application = fresh(application)
    return panel.convene(
        actor=cast.reviewer,
        application_id=application.pk,
        seen=application.revision,
        meeting=more.pop("meeting", None) or make_meeting(cast),  # type: ignore[arg-type]
        question="负担仍然较重",
        proposed=proposed,
    )


def all_agree(cast: Cast, case, amount: int | None = None) -> None:
    for department in case.meeting.departments:
        panel.opine(actor=cast.panel[department], case_id=case.pk, says="agree", text="同意", amount=amount)


def approve(cast: Cast, application: Application, actor: User | None = None, **more: object):
    application = fresh(application)
    return deciding.approve(
        actor=actor or cast.reviewer,
        application_id=application.pk,
        seen=application.revision,
        reason="符合条件",
        **more,  # type: ignore[arg-type]
    )


def reject(cast: Cast, application: Application, actor: User | None = None):
    application = fresh(application)
    return deciding.reject(
        actor=actor or cast.reviewer, application_id=application.pk, seen=application.revision, reason="收入超过标准"
    )


def approved_case(cast: Cast, amount: int = 2_000_000, **more: object) -> Application:
    """一事一议 of Shannan, agreed by the panel and approved."""
    application = reviewing(cast, register(cast, rule="case", **more))
    all_agree(cast, convene(cast, application, amount))
    approve(cast, application, amount=amount)
    return fresh(application)


def close(cast: Cast, application: Application) -> Application:
    application = fresh(application)
    return after.close(
        actor=cast.worker, application_id=application.pk, seen=application.revision, feedback="申请人满意"
    )
