"""The demo's help after warnings and its findings stand in the states that a visitor should see."""

from datetime import date

from accounts.vocabulary import Role
from config.demo.followed import load_findings, load_help
from monitoring.findings.models import Finding
from monitoring.followup.models import FollowUp, Measure
from tests.factories import make_user
from tests.monitoring import examples
from tests.monitoring.makers import DAY

CITY = "150500000000"


def test_help_and_findings_of_the_demo(law):
    today = date(2026, 11, 22)
    for role in (Role.CASE_WORKER, Role.SUPERVISOR):
        make_user(role, username=role.value, region=CITY)
    examples.warning(False)
    for _ in range(2):  # a second time adds nothing
        load_help(CITY, DAY, today)
        load_findings(CITY, DAY, today)
    measure = Measure.objects.get()
    assert measure.followup == FollowUp.objects.get() and measure.due_on < today and measure.ended_on is None
    assert measure.followup.visits.count() == 1
    assert list(Finding.objects.order_by("pk").values_list("state", flat=True)) == ["open", "answered"]
