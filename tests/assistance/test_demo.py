"""The demo's applications stand in every state that a visitor should see."""

from accounts.vocabulary import Role
from assistance.models import Application
from config.demo.cases import STAGES, load_cases
from tests.assistance import makers as make
from tests.factories import make_user


def test_the_demo_has_applications_in_several_states(law):
    city = "150500000000"
    for role, region in ((Role.CLERK, make.TOWNSHIP), (Role.CASE_WORKER, city), (Role.REVIEWER, city)):
        make_user(role, username=role.value, region=region)
    for _ in STAGES:
        make.make_applicant(make.TOWNSHIP, "subsistence_margin")
    load_cases(make.TOWNSHIP)
    states = list(Application.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["draft", "submitted", "checking", "checking", "reviewing", "approved", "rejected"]
    load_cases(make.TOWNSHIP)
    assert Application.objects.count() == len(STAGES)
