"""A warning begins an application: the link for whom may register, the form with what the warning says."""

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from assistance.models import Application
from monitoring.models import BurdenWarning
from tests.monitoring import examples


@pytest.fixture
def warning(tongliao) -> BurdenWarning:
    return BurdenWarning.objects.select_related("person").get(pk=examples.warning(False)["pk"])


def test_a_warning_fills_in_the_application(warning, users, client):
    link = f"{reverse('assistance:register', args=[warning.person_id])}?from=warning:{warning.pk}"
    page = reverse("monitoring:warning", args=[warning.pk])
    client.force_login(users[Role.CASE_WORKER])
    assert link in client.get(page).content.decode()
    form = client.get(link).content.decode()
    assert f"预警 {warning.number}" in form and f"{warning.year} 年负担" in form and page in form
    client.post(
        link, {"applied_on": "2023-06-10", "rule": "依申请救助资格", "reason": "负担重", "consent": "on"}, follow=True
    )
    made = Application.objects.get(person=warning.person)
    assert made.origin == f"warning:{warning.pk}"
    assert warning.number in client.get(reverse("assistance:case", args=[made.pk])).content.decode()


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LIAISON, Role.SUPERVISOR])
def test_who_may_not_register_is_offered_nothing(warning, users, client, role):
    client.force_login(users[role])
    page = client.get(reverse("monitoring:warning", args=[warning.pk])).content.decode()
    assert f"from=warning:{warning.pk}" not in page
