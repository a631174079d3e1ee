"""Two files of one person made one, and two again: what moves, what comes back, which row of a file a spell keeps."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.vocabulary import Role
from accounts.waiting import counted
from beneficiaries import searching, selectors
from beneficiaries.dependants import MergeBlocked, hanging
from beneficiaries.merging import services as merging
from beneficiaries.models import CategorySpell, Merge, Person, Registration
from exchange import services as exchange
from exchange.errors import ImportBlocked
from tests.beneficiaries.people import certified, made
from tests.beneficiaries.rosters import JULY, JUNE, line, number, outcomes, prepare, register, roster, send
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(users):
    return users[Role.CASE_WORKER]


def two_files():
    kept, gone = made(1), made(2, phone="13900000002", household="H2", relation="户主")
    certified(kept, date(2023, 3, 1))
    certified(gone, date(2023, 1, 1), date(2023, 4, 30))
    certified(gone, date(2022, 1, 1), date(2022, 6, 30), "subsistence_margin")
    Registration.objects.create(
        person=gone, register="two", code="I10", name="高血压", valid_from=date(2023, 1, 1), source="证明"
    )
    return kept, gone


def state_of(*people: Person) -> list[tuple]:
    """All that a merge may touch, without keys of the trail."""
    rows = []
    for person in people:
        fresh = Person.objects.get(pk=person.pk)
        current = person.spells.current().order_by("valid_from").values_list("category", "valid_from", "valid_to")
        kept = [(one.number, one.kind) for one in fresh.documents.all()]
        rows.append(
            (
                fresh.id_key,
                fresh.phone,
                fresh.household_id,
                fresh.relation,
                fresh.merged_into_id,
                list(current),
                kept,
                list(fresh.diseases.values_list("pk", flat=True)),
            )
        )
    return rows


def test_a_merge_moves_everything_and_is_taken_back(users, worker):
    kept, gone = two_files()
    before = state_of(kept, gone)
    merge = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="号码录错一位")
    with pytest.raises(PermissionDenied):
        merging.confirm_merge(actor=worker, merge=merge)
    both = make_user(Role.CASE_WORKER, Role.REVIEWER, username="both")
    merge.proposed_by = both
    merge.save()
    with pytest.raises(PermissionDenied, match="提出人以外"):
        merging.confirm_merge(actor=both, merge=merge)
    reviewer = users[Role.REVIEWER]
    done = merging.confirm_merge(actor=reviewer, merge=merge)
    kept.refresh_from_db()
    assert kept.phone == "13900000002" and kept.household.number == "H2"
    current = list(kept.spells.current().order_by("valid_from").values_list("category", "valid_from", "valid_to"))
    assert current == [
        ("subsistence_margin", date(2022, 1, 1), date(2022, 6, 30)),
        ("subsistence", date(2023, 1, 1), None),
    ]
    assert selectors.by_number(worker, number(2)) == kept
    assert list(searching.search(worker, "曾玉兰")[0]) == [kept]
    assert not gone.spells.exists() and not gone.diseases.exists()
    merging.undo_merge(actor=reviewer, merge=done, reason="确为两人")
    assert state_of(kept, gone) == before
    assert Merge.objects.get().state == Merge.State.UNDONE


def test_a_merged_spell_keeps_its_row_of_a_file_and_gives_it_back(users, worker):
    """Which file, which line: of the spell that lasts longest, or of the one that has any; undone, all is as before."""
    kept, gone = made(1), made(2)
    certified(kept, date(2020, 1, 1), date(2020, 6, 30))  # on paper
    july = send(roster(line(3, name="别人"), line(2, name=gone.name, valid_from="2020-03-01")), month=JULY)
    rows = {row: found for found, row in CategorySpell.objects.filter(source=july).values_list("pk", "source_row")}
    before, as_it_was = state_of(kept, gone), register()
    merge = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="同一人")
    done = merging.confirm_merge(actor=users[Role.REVIEWER], merge=merge)
    joined = kept.spells.current().get()
    assert (joined.valid_from, joined.valid_to) == (date(2020, 1, 1), None)
    assert (joined.source, joined.source_row) == (july, 3) and rows[3] != joined.pk
    assert {one.pk: one.known_to is None for one in kept.spells.filter(source=july)} == {
        rows[3]: False,
        joined.pk: True,
    }
    with pytest.raises(ImportBlocked, match="此后又有变化"):
        exchange.undo_file(file_id=july.pk, actor=None)
    merging.undo_merge(actor=users[Role.REVIEWER], merge=done, reason="确为两人")
    assert state_of(kept, gone) == before
    now = register()
    assert now["persons"] == as_it_was["persons"]
    assert [row for row in now["spells"] if row[-1] is None] == [row for row in as_it_was["spells"] if row[-1] is None]
    assert gone.spells.current().get().pk == rows[3]


def test_a_spell_joined_of_a_file_and_of_paper_keeps_the_files_row(users, worker):
    kept, gone = made(1), made(2)
    file = send(roster(line(1, name=kept.name, valid_from="2020-01-01", valid_to="2020-12-31")))
    certified(gone, date(2020, 6, 1))
    merge = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="同一人")
    merging.confirm_merge(actor=users[Role.REVIEWER], merge=merge)
    joined = kept.spells.current().get()
    assert (joined.valid_to, joined.source, joined.source_row) == (None, file, 2)


def test_a_file_is_undone_after_a_merge_was_taken_back(users, worker):
    kept, gone = made(1), made(2)
    before = register()
    june = send(roster(line(1, name=kept.name), line(2, name=gone.name)), month=JUNE)
    merge = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="同一人")
    done = merging.confirm_merge(actor=users[Role.REVIEWER], merge=merge)
    merging.undo_merge(actor=users[Role.REVIEWER], merge=done, reason="确为两人")
    exchange.undo_file(file_id=june.pk, actor=None)
    assert register()["persons"] == before["persons"] and not CategorySpell.objects.current().exists()


def test_a_merge_stays_when_something_changed_since(users, worker):
    kept, gone = two_files()
    merge = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="同一人")
    done = merging.confirm_merge(actor=users[Role.REVIEWER], merge=merge)
    certified(kept, date(2021, 1, 1), date(2021, 6, 30))
    with pytest.raises(MergeBlocked, match="类别认定"):
        merging.undo_merge(actor=users[Role.REVIEWER], merge=done, reason="确为两人")


def test_a_merge_is_seen_side_by_side_and_decided_on_its_page(client, users, worker):
    kept, gone = two_files()
    client.force_login(worker)
    asked = client.post(
        reverse("beneficiaries:merge_propose", args=[kept.pk]), {"id_number": number(2), "reason": "号码录错一位"}
    )
    merge = Merge.objects.get()
    url = reverse("beneficiaries:merge", args=[merge.pk])
    assert asked.headers["Location"] == url
    assert "提出人以外" in client.get(url).content.decode()
    assert [item.count for item in counted(users[Role.REVIEWER], selectors.waiting(users[Role.REVIEWER]))] == [1]
    assert counted(worker, selectors.waiting(worker)) == []
    client.force_login(users[Role.REVIEWER])
    page = client.get(url).content.decode()
    assert "确认合并" in page and "类别认定" in page and number(2) not in page
    client.post(reverse("beneficiaries:merge_decide", args=[merge.pk, "confirm"]))
    merge.refresh_from_db()
    assert merge.state == Merge.State.DONE
    moved = client.get(reverse("beneficiaries:person", args=[gone.pk]))
    assert moved.headers["Location"] == reverse("beneficiaries:person", args=[kept.pk])
    client.post(reverse("beneficiaries:merge_decide", args=[merge.pk, "undo"]), {"reason": "确为两人"})
    merge.refresh_from_db()
    assert merge.state == Merge.State.UNDONE


def test_what_hangs_on_a_person_is_known():
    assert {"beneficiaries.categoryspell.person", "claims.claim.person", "claims.personyear.person"} <= set(hanging())
    assert "beneficiaries.personbefore.person" not in hanging()


def test_a_roster_finds_a_person_by_a_further_document_once(users, worker):
    kept, gone = made(1), made(2)
    merge = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="同一人")
    merging.confirm_merge(actor=users[Role.REVIEWER], merge=merge)
    file = prepare(roster(line(2, name="曾玉兰"), line(1, name="曾玉兰"), line(3)))
    assert outcomes(file) == [("new", ""), ("unchanged", "repeated"), ("new", "")]
    exchange.confirm_file(file_id=file.pk, actor=None)
    assert kept.spells.count() == 1 and not gone.spells.exists()
    assert Person.objects.filter(merged_into=None).count() == 2
