"""The audit trail: who changed what through which door, and who read."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.urls import reverse

from accounts import services
from accounts.audit import acting, events_of, tracked_models
from accounts.models import ReadRecord, User
from accounts.vocabulary import Role
from tests.factories import make_user

Events = events_of(User)


def test_change_by_a_page_carries_actor_roles_and_request(client, users):
    admin, other = users[Role.ADMINISTRATOR], users[Role.REVIEWER]
    client.force_login(admin)
    client.post(reverse("accounts:user_deactivate", args=[other.pk]))
    event = Events.objects.select_related("pgh_context").get(pgh_obj_id=other.pk, pgh_label="update")
    assert event.is_active is False
    assert event.pgh_context.metadata == {
        "user": admin.pk,
        "username": admin.username,
        "roles": [Role.ADMINISTRATOR],
        "via": "web",
        "method": "POST",
        "path": f"/users/{other.pk}/deactivate/",
    }


def test_change_by_a_command_says_which(tongliao, users):
    with acting(users[Role.CASE_WORKER], "command import_roster"):
        services.set_language(actor=users[Role.CLERK], language="en")
    event = Events.objects.select_related("pgh_context").filter(pgh_label="update").get()
    assert event.pgh_context.metadata["via"] == "command import_roster"
    assert event.pgh_context.metadata["username"] == users[Role.CASE_WORKER].username


def test_change_behind_the_application_is_kept_as_well(users):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET name = '改名' WHERE id = %s", [users[Role.CLERK].pk])
    event = Events.objects.get(pgh_label="update")
    assert (event.name, event.pgh_context) == ("改名", None)


@pytest.mark.parametrize("model", tracked_models(), ids=lambda model: model._meta.label)
def test_the_trail_itself_cannot_be_changed(db, model):
    table = events_of(model)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger JOIN pg_proc ON tgfoid = pg_proc.oid "
            "WHERE tgrelid = %s::regclass AND tgname LIKE 'pgtrigger_append_only%%' AND tgenabled = 'O'",
            [table],
        )
        assert cursor.fetchone()[0] == 1


def test_deleting_from_the_trail_is_refused(users):
    with pytest.raises(DatabaseError), transaction.atomic():
        Events.objects.all().delete()
    assert Events.objects.exists()


def test_passwords_are_not_in_the_trail():
    assert {"password", "last_login"}.isdisjoint(field.name for field in Events._meta.fields)


def test_read_is_recorded_with_page_and_roles(users):
    request = RequestFactory().get("/persons/7/", REMOTE_ADDR="10.1.2.3")
    user = users[Role.CASE_WORKER]
    services.record_read(actor=user, what=ReadRecord.What.FILE, subject="person:7", request=request)
    record = ReadRecord.objects.get()
    assert (record.user, record.roles, record.what, record.subject) == (user, ["case_worker"], "file", "person:7")
    assert (record.path, record.address) == ("/persons/7/", "10.1.2.3")


@pytest.mark.parametrize("reason", ["", "   "])
def test_full_number_needs_a_reason(users, reason):
    with pytest.raises(ValidationError, match="理由"):
        services.record_read(
            actor=users[Role.CASE_WORKER], what=ReadRecord.What.REVEAL, subject="person:7", reason=reason
        )
    assert not ReadRecord.objects.exists()


def test_supervisor_reads_the_trail_of_the_own_region(client, users):
    elsewhere = make_user(Role.CASE_WORKER, region="370800000000", username="jining")
    for user in (users[Role.CASE_WORKER], elsewhere):
        services.record_read(actor=user, what=ReadRecord.What.FILE, subject="person:7")
    client.force_login(users[Role.SUPERVISOR])
    text = client.get(reverse("accounts:reads")).content.decode()
    assert users[Role.CASE_WORKER].name in text and "1 条" in text
    # An account belongs to its organisation's region: Jining's accounts are not in Tongliao's trail.
    label = "accounts.user"
    own = Events.objects.filter(pgh_obj_id=users[Role.CLERK].pk).first()
    foreign = Events.objects.filter(pgh_obj_id=elsewhere.pk).first()
    assert client.get(reverse("accounts:audit_event", args=[label, own.pk])).status_code == 200
    assert client.get(reverse("accounts:audit_event", args=[label, foreign.pk])).status_code == 404


def test_event_shows_before_and_after(client, users):
    admin, other = users[Role.ADMINISTRATOR], users[Role.REVIEWER]
    with acting(admin, "web", method="POST", path="/users/1/edit/"):
        services.change_user(actor=admin, user=other, name="新名", organisation=other.organisation)
    event = Events.objects.get(pgh_label="update")
    client.force_login(users[Role.SUPERVISOR])
    page = client.get(reverse("accounts:audit_event", args=["accounts.user", event.pk]))
    assert page.context["changes"] == [{"label": "姓名", "before": "测试复核", "after": "新名"}]
    assert "POST /users/1/edit/" in page.content.decode()


def test_trail_costs_a_fixed_number_of_queries(client, users, django_assert_max_num_queries):
    client.force_login(users[Role.SUPERVISOR])
    url = reverse("accounts:audit") + "?model=accounts.user"
    client.get(url)
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    for n in range(30):
        make_user(Role.CLERK, username=f"clerk{n}")
    with django_assert_max_num_queries(len(few)):
        assert client.get(url).content.decode().count("data-row") > 30


def test_system_checks_say_the_triggers_are_installed(db, capsys):
    call_command("pgtrigger", "ls")
    assert "UNINSTALLED" not in capsys.readouterr().out
