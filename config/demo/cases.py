"""Applications of the demo in several states, by the very services that the pages call."""

from datetime import date

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.vocabulary import Category, Department, Role
from assistance.models import Application
from assistance.selectors.figures import Facts
from assistance.selectors.rules import kinds_on
from assistance.services import checking, deciding, economy, registering
from assistance.vocabulary import IncomeKind
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


def _bring(users: dict[Role, User], person: Person, rule: str, far: int) -> None:
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
        return
    registering.submit(actor=clerk, **seen())
    if far < STAGES.index("checking"):
        return
    checking.accept(actor=worker, **seen())
    if STAGES[far] == "asked":
        text = _("请核实家庭收入和财产状况。")
        checking.ask(actor=worker, application_id=made.pk, department=Department.CIVIL_AFFAIRS, text=text)
    if far < STAGES.index("reviewing"):
        return
    checking.finish_check(actor=worker, **seen(), facts=FACTS, opinion=_("情况属实，符合条件。"))
    if STAGES[far] == "approved":
        deciding.approve(actor=reviewer, **seen(), reason=_("符合依申请救助资格。"))
    if STAGES[far] == "rejected":
        deciding.reject(actor=reviewer, **seen(), reason=_("家庭收入超过规定标准。"))
