"""The table of roles and acts, and what a person sees of the regions."""

import pytest
from django.contrib.contenttypes.models import ContentType

from accounts.access import GRANTS, Act
from accounts.models import Organisation, Region, User
from accounts.vocabulary import Role
from tests.factories import CITY, make_organisation, make_user

# As spec'd in words: who does what, and who may not. A new act or role must find its place here.
MAY = {
    Act.HOME: set(Role),
    Act.PROFILE: set(Role),
    Act.PERSON_READ: {Role.CLERK, Role.CASE_WORKER, Role.REVIEWER, Role.SUPERVISOR},
    Act.PERSON_REVEAL: {Role.CASE_WORKER, Role.REVIEWER, Role.SUPERVISOR},
    Act.PERSON_WRITE: {Role.CASE_WORKER},
    Act.PERSON_MERGE: {Role.REVIEWER},  # of what a case worker proposed
    Act.ROSTER_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.LIAISON, Role.SUPERVISOR},
    Act.ROSTER_UPLOAD: {Role.CASE_WORKER, Role.LIAISON},
    Act.ROSTER_CONFIRM: {Role.CASE_WORKER},
    Act.ROSTER_CONFIRM_UNUSUAL: {Role.REVIEWER},
    Act.ROSTER_ANSWER: {Role.CASE_WORKER, Role.LIAISON},
    Act.CLAIM_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.FUND_OFFICER, Role.SUPERVISOR},
    Act.CLAIM_WRITE: {Role.CASE_WORKER},
    Act.CLAIM_CONFIRM: {Role.REVIEWER},  # never of the own entry
    Act.CLAIM_EXCEPT: {Role.REVIEWER},
    Act.RESETTLE_CONFIRM: {Role.REVIEWER},  # a case worker prepares; the difference is money, so another books it
    Act.INSTITUTION_WRITE: {Role.CASE_WORKER},
    Act.CONTRADICTION_ANSWER: {Role.CASE_WORKER, Role.REVIEWER},
    Act.APPLICATION_READ: {
        Role.CLERK,
        Role.CASE_WORKER,
        Role.REVIEWER,
        Role.PANEL_MEMBER,
        Role.FUND_OFFICER,
        Role.SUPERVISOR,
    },
    Act.APPLICATION_REGISTER: {Role.CLERK, Role.CASE_WORKER},
    Act.APPLICATION_CHECK: {Role.CASE_WORKER},
    Act.APPLICATION_DECIDE: {Role.REVIEWER},
    Act.APPLICATION_PANEL: {Role.PANEL_MEMBER},
    Act.APPLICATION_PAY: {Role.FUND_OFFICER},
    Act.APPLICATION_SURVEY: {Role.REVIEWER, Role.ADMINISTRATOR},
    Act.PANEL_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.PANEL_MEMBER, Role.SUPERVISOR},
    Act.QUESTION_ANSWER: {Role.CASE_WORKER, Role.LIAISON},
    Act.WARNING_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.LIAISON, Role.SUPERVISOR},
    Act.WARNING_SCAN: {Role.CASE_WORKER},
    Act.WARNING_PUSH: {Role.CASE_WORKER},
    Act.MEASURE_READ: {Role.CLERK, Role.CASE_WORKER, Role.REVIEWER, Role.SUPERVISOR},
    Act.MEASURE_WRITE: {Role.CLERK, Role.CASE_WORKER},
    Act.OBLIGATION_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.LIAISON, Role.SUPERVISOR},
    Act.OBLIGATION_RECORD: {Role.CASE_WORKER},  # only of duties that no event fulfils
    Act.FINDING_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.SUPERVISOR},
    Act.FINDING_OPEN: {Role.SUPERVISOR},
    Act.FINDING_ANSWER: {Role.CASE_WORKER},
    Act.DELIVERY_READ: {Role.CASE_WORKER, Role.REVIEWER, Role.LIAISON, Role.SUPERVISOR},
    Act.FEEDBACK_UPLOAD: {Role.CASE_WORKER, Role.LIAISON},
    Act.POLICY_READ: set(Role) - {Role.LIAISON},
    Act.POLICY_DRAFT: {Role.POLICY_OFFICER},
    Act.POLICY_PUBLISH: {Role.POLICY_OFFICER},
    Act.FUND_READ: {Role.REVIEWER, Role.FUND_OFFICER, Role.SUPERVISOR},
    Act.FUND_WRITE: {Role.FUND_OFFICER},
    Act.FUND_APPROVE: {Role.REVIEWER, Role.FUND_OFFICER},  # a second person, never the one who proposed
    Act.REPORT_READ: set(Role) - {Role.PANEL_MEMBER, Role.ADMINISTRATOR},
    Act.ENROLMENT_READ: {Role.CLERK, Role.CASE_WORKER, Role.REVIEWER, Role.FUND_OFFICER, Role.SUPERVISOR},
    Act.ENROLMENT_VISIT: {Role.CLERK, Role.CASE_WORKER},
    Act.ENROLMENT_WRITE: {Role.CASE_WORKER},
    Act.AUDIT_READ: {Role.SUPERVISOR},
    Act.ACCOUNT_ADMIN: {Role.ADMINISTRATOR},
    Act.PARTNER_ADMIN: {Role.ADMINISTRATOR},
}
PERSONAL = (Act.PERSON_READ, Act.PERSON_REVEAL, Act.CLAIM_READ, Act.WARNING_READ, Act.ROSTER_READ, Act.DELIVERY_READ)


@pytest.mark.parametrize("act", Act)
def test_an_act_belongs_to_exactly_these_roles(act):
    assert {role for role in Role if act in GRANTS[role]} == MAY[act]


def test_administrator_reads_no_personal_data():
    assert not GRANTS[Role.ADMINISTRATOR] & set(PERSONAL)


def test_supervisor_writes_nothing_but_findings():
    assert {act for act in GRANTS[Role.SUPERVISOR] if not act.endswith("read")} <= {
        Act.HOME,
        Act.PROFILE,
        Act.PERSON_REVEAL,
        Act.FINDING_OPEN,
    }


def test_roles_add_up(users):
    both = make_user(Role.CLERK, Role.FUND_OFFICER, username="both")
    assert both.acts == users[Role.CLERK].acts | users[Role.FUND_OFFICER].acts


def test_deactivated_or_homeless_account_may_nothing(users):
    user = users[Role.CASE_WORKER]
    user.is_active = False
    assert not User(roles=list(Role)).acts
    assert not user.acts


@pytest.mark.parametrize(
    "region, prefix",
    [("150000000000", "15"), (CITY, "1505"), ("150521000000", "150521"), ("150521100000", "150521100")],
)
def test_a_user_sees_the_own_region_and_what_lies_below(tongliao, region, prefix):
    seen = make_user(Role.CASE_WORKER, region=region).visible(Region).values_list("code", flat=True)
    everything = Region.objects.values_list("code", flat=True)
    assert region in seen
    assert set(seen) == {code for code in everything if code.startswith(prefix)} != set(everything)


def test_neighbouring_county_is_not_seen(tongliao):
    near, far = make_organisation(region="150521000000"), make_organisation(region="150522000000")
    admin = make_user(Role.ADMINISTRATOR, region="150521000000")
    assert set(admin.visible(Organisation)) == {near}
    assert far not in admin.visible(Organisation)


def test_region_scope_uses_an_index(tongliao):
    user = make_user(Role.ADMINISTRATOR, region="150521000000")
    plan = user.visible(Organisation).explain()
    assert "150521000000" in plan and "150521999999" in plan  # a range, not a pattern


def test_without_the_act_nothing_is_visible(users):
    assert not users[Role.CASE_WORKER].visible(User).exists()
    assert users[Role.ADMINISTRATOR].visible(User).exists()


def test_model_without_scope_is_an_error(users):
    with pytest.raises(KeyError):
        users[Role.SUPERVISOR].visible(ContentType)
