"""Applications of the demo in several states, by the very services that the pages call."""

from datetime import date

from django.utils.translation import gettext as _

from accounts.models import Region, User
from accounts.vocabulary import Category, Department, Role
from assistance.models import Application
from assistance.selectors.figures import Facts
from assistance.selectors.rules import kinds_on
from assistance.services import checking, deciding, economy, panel, registering
from assistance.vocabulary import IncomeKind, Kind
from beneficiaries.models import Person

APPLIED = date(2023, 5, 10)
ON_APPLICATION = (
    Category.SUBSISTENCE_MARGIN,
    Category.UNSTABLE_EXIT,
    Category.MARGINAL_RISK,
    Category.SUDDEN_HARDSHIP,
)
# How far each application has come.
STAGES = ("draft", "submitted", "checking", "asked", "reviewing", "approved", "rejected")
# What a panel still has before it, and what it has not seen yet (一事一议).
DISCUSSED = ("panel", "panel", "reviewing")
PROPOSED = 800_000
FACTS = Facts(locally_registered=True, seriously_ill=True, property_within_rules=True)


def load_cases(township: str) -> None:
    """One application per stage for people of the clerk's township; nothing when there are some already."""
    if Application.objects.exists():
        return
    users = {role: User.objects.get(username=role.value) for role in (Role.CLERK, Role.CASE_WORKER, Role.REVIEWER)}
    _version, kinds = kinds_on(township, APPLIED)
    people = Person.objects.filter(
        region_id__startswith=township[:9],
        spells__category__in=ON_APPLICATION,
        spells__known_to=None,
        spells__valid_from__lte=APPLIED,
        deceased_on=None,
    )
    if kinds:
        for stage, person in zip(STAGES, people.distinct().order_by("pk"), strict=False):
            _bring(users, person, kinds[0].name, STAGES.index(stage))


def load_discussed(township: str, place: str) -> None:
    """Cases of the township, one by one before the panel of `place`, whose own people handle them; once."""
    code = place[:6]
    roles = (Role.CLERK, Role.CASE_WORKER, Role.REVIEWER)
    users = {role: User.objects.get(username=f"{role.value}_{code}") for role in roles}
    _version, kinds = kinds_on(township, APPLIED)
    rule = next((kind.name for kind in kinds if kind.decides == Kind.CASE), None)
    if rule is None or Application.objects.filter(region_id__startswith=place[:4]).exists():
        return
    meeting = panel.save_meeting(
        actor=users[Role.REVIEWER],
        region=Region.objects.get(pk=place),
        title=_("第一次一事一议会商"),
        held_on=APPLIED.replace(day=25),
        place=_("医疗保障局二楼会议室"),
    )
    people = Person.objects.filter(region_id__startswith=township[:9], deceased_on=None).order_by("pk")
    for stage, person in zip(DISCUSSED, people, strict=False):
        made = _bring(users, person, rule, STAGES.index("reviewing"))
        if stage == "panel":
            panel.convene(
                actor=users[Role.REVIEWER],
                application_id=made.pk,
                seen=Application.objects.values_list("revision", flat=True).get(pk=made.pk),
                meeting=meeting,
                question=_("按规定报销后负担仍重，是否给予一次性救助、金额多少。"),
                proposed=PROPOSED,
            )


def _bring(users: dict[Role, User], person: Person, rule: str, far: int) -> Application:
    clerk, worker, reviewer = users[Role.CLERK], users[Role.CASE_WORKER], users[Role.REVIEWER]
    reason = _("患病住院，家庭收入低，医疗费用负担重。")
    made = registering.register(actor=clerk, person=person, rule=rule, applied_on=APPLIED, reason=reason, consent=True)
    for paper in made.papers.all():
        registering.set_paper(actor=clerk, paper=paper, original_seen=True)
    economy.add_income(actor=clerk, application_id=made.pk, kind=IncomeKind.WAGE, amount=1_200_000)

    def seen() -> dict[str, int]:
        return {
            "application_id": made.pk,
            "seen": Application.objects.values_list("revision", flat=True).get(pk=made.pk),
        }

    if far < STAGES.index("submitted"):
        return made
    registering.submit(actor=clerk, **seen())
    if far < STAGES.index("checking"):
        return made
    checking.accept(actor=worker, **seen())
    if STAGES[far] == "asked":
        text = _("请核实家庭收入和财产状况。")
        checking.ask(actor=worker, application_id=made.pk, department=Department.CIVIL_AFFAIRS, text=text)
    if far < STAGES.index("reviewing"):
        return made
    checking.finish_check(actor=worker, **seen(), facts=FACTS, opinion=_("情况属实，符合条件。"))
    if STAGES[far] == "approved":
        deciding.approve(actor=reviewer, **seen(), reason=_("符合依申请救助资格。"))
    if STAGES[far] == "rejected":
        deciding.reject(actor=reviewer, **seen(), reason=_("家庭收入超过规定标准。"))
    return made
