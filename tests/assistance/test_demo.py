"""The demo's applications stand in every state that a visitor should see."""

from accounts.vocabulary import Role
from assistance.models import Application
from config.demo.cases import DISCUSSED, STAGES, load_cases, load_discussed
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


def test_the_demo_has_cases_before_the_panel(law):
    """In the place of the panel's login, for its department to give an opinion on."""
    city, township = "540500000000", "540502100000"
    make.make_township(township)
    for role, region in ((Role.CLERK, township), (Role.CASE_WORKER, city), (Role.REVIEWER, city)):
        make_user(role, username=f"{role.value}_540500", region=region)
    for _ in DISCUSSED:
        make.make_applicant(township, "subsistence")
    load_discussed(township, city)
    states = list(Application.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["panel", "panel", "reviewing"]
    load_discussed(township, city)
    assert Application.objects.count() == len(DISCUSSED)
