"""The bulk view in the stock admin: for administrators and reviewers of the region, to look at and nothing else."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from assistance.models import Application
from tests.assistance import makers as make

LIST = "admin:assistance_application_changelist"


@pytest.fixture
def applications(cast):
    """One that is late in the county, one of the neighbour."""
    late = make.reviewing(cast, make.register(cast))
    Application.objects.filter(pk=late.pk).update(
        due_on=timezone.localdate() - timedelta(days=3), since=timezone.now() - timedelta(days=40)
    )
    other = make.Cast(county="150522000000", township=make.make_township("150522100000").code)
    return make.fresh(late), make.register(other)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.REVIEWER])
def test_lists_filter_and_history_read_only(cast, client, applications, role):
    late, foreign = applications
    user = cast.reviewer if role == Role.REVIEWER else cast._user(role)
    type(user).objects.filter(pk=user.pk).update(is_staff=role == Role.ADMINISTRATOR)
    client.force_login(user)
    assert "assistance/application/" in client.get("/admin/").content.decode()
    for query in ({}, {"state": "reviewing"}, {"age": "late"}, {"age": "30"}, {"q": late.number}):
        page = client.get(reverse(LIST), query).content.decode()
        assert late.number in page and foreign.number not in page, query
        assert late.person.name not in page and late.person.id_number not in page
        assert (reverse("assistance:case", args=[late.pk]) in page) == (role == Role.REVIEWER)
    assert late.number not in client.get(reverse(LIST), {"age": "7", "state": "draft"}).content.decode()
    change = reverse("admin:assistance_application_change", args=[late.pk])
    page = client.get(change).content.decode()
    assert "核查完成" in page and late.reason not in page and 'name="_save"' not in page
    assert client.post(change, {"state": "approved"}).status_code == 403
    assert client.get(reverse("admin:assistance_application_add")).status_code == 403
    client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [late.pk], "post": "yes"})
    assert Application.objects.filter(pk=late.pk, state="reviewing").exists()
    assert client.get(reverse("admin:assistance_application_change", args=[foreign.pk])).status_code == 302


def test_a_reviewer_administers_nothing(cast, client):
    client.force_login(cast.reviewer)
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 403
    assert client.get(reverse("admin:exchange_importrule_changelist")).status_code == 403


@pytest.mark.parametrize("role", [Role.CASE_WORKER, Role.SUPERVISOR, Role.FUND_OFFICER])
def test_nobody_else_comes_in(cast, client, role):
    client.force_login(cast._user(role))
    assert client.get(reverse(LIST), follow=True).status_code == 403
