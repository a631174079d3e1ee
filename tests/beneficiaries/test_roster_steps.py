"""The steps of a roster: all or nothing, once, by who may, and taken back without a trace."""

import threading
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from accounts.audit import acting, events_of
from accounts.vocabulary import Role
from beneficiaries import dependants, services
from beneficiaries.models import CategorySpell, Household, Person, PersonBefore
from beneficiaries.roster.kind import ROSTER
from exchange import services as exchange
from exchange import staging, tasks
from exchange.errors import ImportBlocked, ImportRefused, NotAllowed, RegisterMoved, SecondPersonNeeded
from exchange.models import InboundFile, StagedRow
from tests.beneficiaries.rosters import CITY, JUNE, MAY, line, outcomes, prepare, receive, register, roster, send
from tests.factories import make_user

State = InboundFile.State
pytestmark = pytest.mark.django_db
EVERYONE = [line(n) for n in range(1, 21)]
LATER = [
    *EVERYONE[2:],
    line(3, category="特困人员", valid_from="2023-06-01"),
    line(30, region="150522100000"),
]
LATER.remove(EVERYONE[2])


def test_the_same_file_again_is_recognised(users):
    first = receive(roster(line(1)), actor=users[Role.CASE_WORKER])
    again = receive(roster(line(1)), actor=users[Role.CASE_WORKER])
    assert (again.pk, again.again) == (first.pk, True)
    other = receive(roster(line(1)), actor=users[Role.CASE_WORKER], month=JUNE)
    assert other.pk != first.pk


def test_a_long_roster_is_taken_while_the_trail_records_who_acts(users, monkeypatch):
    """Statistics are refreshed on the way, inside a recorded act as the worker and the commands have it."""
    monkeypatch.setattr(staging, "MANY", 1)
    with acting(users[Role.CASE_WORKER], via="job"):
        file = send(roster(*(line(n) for n in range(30))))
    assert CategorySpell.objects.filter(source=file).count() == 30


def test_the_same_file_confirmed_twice_changes_nothing(tongliao):
    file = send(roster(*EVERYONE))
    before = register()
    exchange.confirm_file(file_id=file.pk, actor=None)
    again = send(roster(*EVERYONE), afresh=True)
    assert register() == before
    assert (again.counts["unchanged"], again.counts["new"], again.counts["exited"]) == (20, 0, 0)


def test_the_file_lies_sealed_and_staged_rows_hold_no_number_in_clear(tongliao, settings):
    file = prepare(roster(line(1), line(2, id_number="150521198001010029")))
    with file.file.open("rb") as stored:
        assert b"15052119800101" not in stored.read()
    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM exchange_stagedrow r")
        assert not any("15052119800101" in text for (text,) in cursor.fetchall())
    assert file.rows.get(row=2).id_number == line(1)["id_number"]


def test_undo_brings_back_exactly_what_was(tongliao):
    send(roster(*EVERYONE))
    send(roster(line(1, category="重度残疾人", phone="13922222222")), department="disabled_federation")
    before = register()
    file = send(roster(*LATER), month=JUNE)
    assert register() != before
    exchange.undo_file(file_id=file.pk, actor=None)
    assert register() == before
    assert not PersonBefore.objects.filter(file=file).exists()


def test_undo_restores_what_the_file_changed_in_persons(tongliao):
    send(roster(*EVERYONE))
    before = register()
    moved = [*EVERYONE[1:], line(1, phone="13911111111", household="Z1", relation="配偶", region="150522100000")]
    file = send(roster(*moved), month=JUNE)
    assert PersonBefore.objects.count() == 1
    assert Household.objects.filter(number="Z1").exists()
    exchange.undo_file(file_id=file.pk, actor=None)
    assert register() == before


def test_undo_of_a_first_roster_leaves_an_empty_register(tongliao):
    file = send(roster(*EVERYONE))
    exchange.undo_file(file_id=file.pk, actor=None)
    assert (Person.objects.count(), CategorySpell.objects.count(), Household.objects.count()) == (0, 0, 0)
    exchange.undo_file(file_id=file.pk, actor=None)
    assert InboundFile.objects.get(pk=file.pk).state == State.UNDONE


def undo_by_click(client, file):
    """As the worker does it; what the page of the file says after."""
    page = reverse("exchange:file", args=[file.pk])
    assert client.post(reverse("exchange:undo", args=[file.pk])).url == page
    assert "进行中" in (shown := client.get(page).content.decode()) or "等待后台处理" in shown
    assert "data-confirm" not in shown, "undone a second time meanwhile"
    tasks.undo_inbound(file.pk, InboundFile.objects.get(pk=file.pk).job_id)
    return client.get(page).content.decode()


def test_an_undo_runs_on_the_worker_and_what_stands_in_the_way_is_said(users, client):
    """A register of a million is not taken back while a browser waits."""
    client.force_login(users[Role.CASE_WORKER])
    first = send(roster(*EVERYONE))
    later = send(roster(*LATER), month=JUNE)
    said = undo_by_click(client, first)
    assert "以这份文件写入的内容为依据，不能撤销" in said
    assert InboundFile.objects.get(pk=first.pk).state == State.CONFIRMED
    assert "登记簿恢复到确认之前" in undo_by_click(client, later)
    assert InboundFile.objects.get(pk=later.pk).state == State.UNDONE
    client.force_login(users[Role.REVIEWER])
    assert client.post(reverse("exchange:undo", args=[first.pk])).status_code == 302
    assert InboundFile.objects.get(pk=first.pk).job.title.startswith("撤销"), "no second job"


def test_doubts_show_places_by_name(tongliao):
    send(roster(*EVERYONE))
    file = prepare(roster(line(1, name="另有其人", region="150522000000"), *EVERYONE[1:]), month=JUNE)
    (pair,) = ROSTER.beside(list(file.rows.filter(outcome="doubtful"))).values()
    assert next(words for label, *words in pair if label == "行政区划") == ["科尔沁左翼后旗", "科尔沁左翼中旗 保康镇"]


def blocked_by_a_later_file():
    send(roster(*LATER), month=JUNE)


def blocked_by_another_departments_category():
    send(roster(line(1, category="重度残疾人")), department="disabled_federation")


def blocked_by_a_hand():
    spell = CategorySpell.objects.current().first()
    services.end_category(actor=None, spell=spell, last_day=date(2023, 6, 30), reason="本人申请")


def blocked_by_an_edit():
    Person.objects.filter(pk=Person.objects.first().pk).update(name="改名")


@pytest.mark.django_db(transaction=True)  # the trail's times are those of transactions
@pytest.mark.parametrize(
    "later",
    [blocked_by_a_later_file, blocked_by_another_departments_category, blocked_by_a_hand, blocked_by_an_edit],
)
def test_undo_is_refused_while_something_depends_on_it(tongliao, later):
    file = send(roster(*EVERYONE))
    later()
    before = register()
    with pytest.raises(ImportBlocked):
        exchange.undo_file(file_id=file.pk, actor=None)
    assert register() == before


def test_other_rooms_can_hold_a_file(tongliao, monkeypatch):
    held = []
    monkeypatch.setattr(dependants, "_CHECKS", [lambda file, spells: held.append(spells.count()) or "已有结算"])
    file = send(roster(*EVERYONE))
    with pytest.raises(ImportBlocked, match="已有结算"):
        exchange.undo_file(file_id=file.pk, actor=None)
    assert held == [20]


def test_files_are_undone_one_after_the_other(tongliao):
    start = register()
    first = send(roster(*EVERYONE))
    middle = register()
    second = send(roster(*LATER), month=JUNE)
    exchange.undo_file(file_id=second.pk, actor=None)
    assert register() == middle
    exchange.undo_file(file_id=first.pk, actor=None)
    assert register() == start


def test_an_interrupted_confirmation_leaves_nothing(tongliao, monkeypatch):
    send(roster(*EVERYONE))
    before = register()
    file = prepare(roster(*LATER), month=JUNE)

    def stop(step, done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exchange.confirm_file(file_id=file.pk, actor=None, progress=stop)
    assert register() == before
    assert InboundFile.objects.get(pk=file.pk).state == State.READY
    exchange.confirm_file(file_id=file.pk, actor=None)
    assert register() != before


def test_a_register_that_moved_since_the_preview_is_shown_again(tongliao):
    send(roster(*EVERYONE))
    file = prepare(roster(*LATER), month=JUNE)
    blocked_by_a_hand()
    before = register()
    with pytest.raises(RegisterMoved):
        exchange.confirm_file(file_id=file.pk, actor=None)
    assert register() == before
    file.refresh_from_db()
    assert file.state == State.READY
    exchange.confirm_file(file_id=file.pk, actor=None)


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_are_one(tongliao):
    file = prepare(roster(*EVERYONE))
    gate, done, wrong = threading.Barrier(2), [], []

    def confirm():
        try:
            gate.wait(10)
            done.append(exchange.confirm_file(file_id=file.pk, actor=None).state)
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (done, wrong) == ([State.CONFIRMED, State.CONFIRMED], [])
    assert (Person.objects.count(), CategorySpell.objects.count()) == (20, 20)


@pytest.mark.django_db(transaction=True)
def test_two_files_that_say_the_same_at_once_write_it_once(tongliao):
    files = [prepare(roster(*EVERYONE[:n])) for n in (19, 20)]
    gate, outcome = threading.Barrier(2), []

    def confirm(file):
        try:
            gate.wait(10)
            outcome.append(exchange.confirm_file(file_id=file.pk, actor=None).state)
        except RegisterMoved:
            outcome.append("moved")
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=[file]) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcome) == [State.CONFIRMED, "moved"]
    assert CategorySpell.objects.current().count() in (19, 20)


# --- who may --------------------------------------------------------------------------------------------------------
def test_a_liaison_sends_for_the_own_department_and_region_only(users):
    liaison = make_user(Role.LIAISON, username="banner", region="150521000000")
    assert receive(roster(line(1)), actor=liaison, region="150521000000").uploaded_by == liaison
    with pytest.raises(NotAllowed):
        receive(roster(line(1)), actor=liaison, region=CITY)
    with pytest.raises(NotAllowed):
        receive(roster(line(1)), actor=liaison, region="150521000000", department="disabled_federation")
    with pytest.raises(ImportRefused):
        receive(roster(line(1)), actor=liaison, region="150521000000", department="tax")


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.CASE_WORKER, Role.LIAISON)])
def test_other_roles_send_nothing(users, role):
    with pytest.raises(NotAllowed):
        receive(roster(line(1)), actor=users[role], region="150521100000")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CASE_WORKER])
def test_other_roles_confirm_and_undo_nothing_usual(users, role):
    file = prepare(roster(line(1)))
    with pytest.raises(NotAllowed):
        exchange.confirm_file(file_id=file.pk, actor=users[role])
    exchange.confirm_file(file_id=file.pk, actor=users[Role.CASE_WORKER])
    with pytest.raises(NotAllowed):
        exchange.undo_file(file_id=file.pk, actor=users[role])


def test_an_unusual_share_of_exits_needs_a_second_person(users):
    worker, reviewer = users[Role.CASE_WORKER], users[Role.REVIEWER]
    both = make_user(Role.CASE_WORKER, Role.REVIEWER, username="both")
    send(roster(*EVERYONE), actor=worker)
    file = prepare(roster(*EVERYONE[10:]), actor=both, month=JUNE)
    for actor, second in ((worker, None), (both, None), (worker, both), (worker, worker), (None, None)):
        with pytest.raises(SecondPersonNeeded):
            exchange.confirm_file(file_id=file.pk, actor=actor, second=second)
    done = exchange.confirm_file(file_id=file.pk, actor=worker, second=reviewer)
    assert (done.confirmed_by, done.second_by) == (worker, reviewer)


def test_a_reviewer_confirms_an_unusual_file_alone_when_another_sent_it(users):
    send(roster(*EVERYONE))
    file = prepare(roster(*EVERYONE[10:]), actor=users[Role.CASE_WORKER], month=JUNE)
    done = exchange.confirm_file(file_id=file.pk, actor=users[Role.REVIEWER])
    assert done.second_by == users[Role.REVIEWER]


def test_every_change_is_in_the_trail_with_its_actor(users):
    worker = users[Role.CASE_WORKER]
    file = prepare(roster(*EVERYONE), actor=worker)
    with acting(worker, "test"):
        exchange.confirm_file(file_id=file.pk, actor=worker)
    for model in (Person, CategorySpell, Household):
        events = events_of(model).objects.select_related("pgh_context")
        assert events.count() == model.objects.count()
        assert {event.pgh_context.metadata["username"] for event in events} == {worker.username}


# --- the command ----------------------------------------------------------------------------------------------------
def command(path, *more):
    call_command("import_roster", path, "--department=civil_affairs", "--month=2023-05", "--region=150500", *more)


def test_without_confirm_nothing_stays(tongliao, tmp_path, capsys, settings):
    path = tmp_path / "名单.csv"
    path.write_bytes(roster(*EVERYONE))
    command(path)
    assert capsys.readouterr().out == "rows=20 new=20 changed=0 unchanged=0 exited=0 doubtful=0 error=0\n"
    left = (InboundFile, StagedRow, Person, CategorySpell)
    assert [model.objects.count() for model in left] == [0, 0, 0, 0]


def test_the_command_twice_prints_that_nothing_changed(tongliao, tmp_path, capsys):
    path = tmp_path / "名单.csv"
    path.write_bytes(roster(*EVERYONE))
    command(path, "--confirm")
    before = register()
    command(path, "--confirm")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "rows=20 new=0 changed=0 unchanged=20 exited=0 doubtful=0 error=0"
    assert register() == before
    assert InboundFile.objects.count() == 1


def test_the_command_refuses_with_a_reason_and_leaves_nothing(tongliao, tmp_path):
    path = tmp_path / "名单.csv"
    path.write_bytes("姓名,类别\n甲,低保\n".encode())
    with pytest.raises(CommandError, match="身份证号"):
        command(path, "--confirm")
    assert InboundFile.objects.count() == 0


def test_the_command_needs_a_second_person_for_an_unusual_file(users, tmp_path):
    send(roster(*EVERYONE), month=date(2023, 4, 1))
    path = tmp_path / "名单.csv"
    path.write_bytes(roster(*EVERYONE[10:]))
    with pytest.raises(CommandError, match="50%"):
        command(path, "--confirm")
    command(path, "--confirm", f"--second={users[Role.REVIEWER].username}")
    assert CategorySpell.objects.current().exclude(valid_to=None).count() == 10


# --- one by one -----------------------------------------------------------------------------------------------------
def test_certify_is_idempotent_and_corrects_a_later_beginning(users):
    send(roster(line(1)))
    person = Person.objects.get()
    source = receive(roster(line(9)))
    given = {
        "actor": users[Role.CASE_WORKER],
        "person": person,
        "category": "illness_poverty",
        "department": "civil_affairs",
        "region": person.region,
        "source": source,
    }
    first = services.certify(**given, valid_from=JUNE, source_row=2)
    assert services.certify(**given, valid_from=JUNE, source_row=2) == first
    assert services.certify(**given, valid_from=date(2023, 7, 1), source_row=3) == first
    earlier = services.certify(**given, valid_from=MAY, source_row=4)
    current = CategorySpell.objects.current().filter(category="illness_poverty")
    assert list(current) == [earlier]
    with pytest.raises(ValidationError):
        services.certify(**given | {"category": "severe_disability"}, valid_from=JUNE, source_row=5)


def test_outcomes_are_counted_as_staged(tongliao):
    send(roster(*EVERYONE))
    file = prepare(roster(*LATER), month=JUNE)
    staged = [outcome for outcome, _code in outcomes(file)]
    assert {name: staged.count(name) for name in set(staged)} == {
        name: count for name, count in file.counts.items() if name in set(staged)
    }
