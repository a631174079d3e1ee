"""Where applications begin: a new person at the counter, a claim, nothing; what is typed is kept."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from assistance import origins
from assistance.models import Application
from beneficiaries.models import Person
from tests.assistance import makers as make
from tests.claims.makers import identity_number, record


def address(name: str, *args: object) -> str:
    return reverse(f"assistance:{name}", args=args)


def test_a_new_person_is_found_not_to_be_known_and_registered_with_the_application(cast, client):
    """The number first; only an unknown one asks for name and place."""
    number = identity_number()
    client.force_login(cast.clerk)
    page = client.post(address("new"), {"id_number": number}).content.decode()
    assert 'name="name"' in page and number in page and not Person.objects.filter(name="新来的").exists()
    values = {"id_number": number, "name": "新来的", "region": cast.township, "phone": "13900000001", "rural": "on"}
    gone_to = client.post(address("new"), values).headers["Location"]
    person = Person.objects.get(name="新来的")
    assert gone_to == address("register", person.pk) and person.region_id == cast.township
    assert client.post(address("new"), {"id_number": number}).headers["Location"] == gone_to


def test_a_claim_begins_an_application_with_what_is_known(cast, client):
    person = make.make_applicant(cast.township, "subsistence_margin")
    claim = record(person, "2023-03-01", 90_000, 40_000)
    link = f"{address('register', person.pk)}?from=claim:{claim.pk}"
    page_of_claim = reverse("claims:claim", args=[claim.pk])
    client.force_login(cast.worker)
    assert link in client.get(page_of_claim).content.decode()
    form = client.get(link).content.decode()
    assert f"结算号 {claim.claim_no}" in form and "90,000.00" in form
    assert '<option value="依申请救助资格" selected>' in form  # the rule that fits the category held
    values = {"applied_on": "2023-05-10", "rule": make.RULES["eligibility"], "reason": "住院", "consent": "on"}
    client.post(link, values)
    made = Application.objects.get()
    assert made.origin == f"claim:{claim.pk}"
    case = client.get(address("case", made.pk)).content.decode()
    assert f"结算单 {claim.claim_no}" in case and page_of_claim in case


@pytest.mark.parametrize("role, shown", [(Role.CASE_WORKER, True), (Role.REVIEWER, False), (Role.SUPERVISOR, False)])
def test_the_link_is_shown_to_whom_may_register(cast, client, role, shown):
    claim = record(make.make_applicant(cast.township), "2023-03-01", 9_000)
    client.force_login(cast._user(role, name=f"sees-{role}"))
    page = client.get(reverse("claims:claim", args=[claim.pk])).content.decode()
    assert (f"from=claim:{claim.pk}" in page) is shown


def test_what_is_not_theirs_to_see_fills_in_nothing(cast, client):
    """A clerk reads no claims; another's claim, and an origin made up, say nothing."""
    person, other = (make.make_applicant(cast.township) for _ in range(2))
    claim = record(other, "2023-03-01", 9_000)
    for user, text in ((cast.clerk, f"claim:{claim.pk}"), (cast.worker, f"claim:{claim.pk}"), (cast.worker, "x:1")):
        assert origins.find(user, text, person) is None
        client.force_login(user)
        assert claim.claim_no not in client.get(address("register", person.pk), {"from": text}).content.decode()
    assert origins.normal("warning:1x") == origins.normal("other:1") == ""


def test_what_is_typed_is_kept_as_a_draft_of_this_person(cast, client):
    person = make.make_applicant(cast.township)
    client.force_login(cast.clerk)
    page = client.get(address("register", person.pk)).content.decode()
    assert f'data-draft="application-{person.pk}"' in page
    wrong = client.post(address("register", person.pk), {"reason": "写了很久的理由", "applied_on": "2999-01-01"})
    assert "写了很久的理由" in wrong.content.decode() and not Application.objects.exists()
    assert timezone.localdate().isoformat() in page
