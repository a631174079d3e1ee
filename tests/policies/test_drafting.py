"""From draft to law: the table of moves, four eyes, and what no sequence of moves can do."""

from datetime import date
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.audit import events_of
from policies import drafting, selectors
from policies.drafting import MOVES, DraftRefused
from policies.models import PolicyEvent, PolicyVersion
from tests.policies.law import FIRST_DAY, edit, load_law, make_draft, officer

State, Move = PolicyVersion.State, PolicyEvent.Move
RAISED = ('ratio = "70%"\nlimit = "130000元"', 'ratio = "75%"\nlimit = "130000元"')


@pytest.fixture
def officers(tongliao):
    load_law()
    return [officer(f"officer-{n}") for n in range(3)]


def submitted(officers, **more) -> PolicyVersion:
    draft = make_draft(officers[0], **more)
    return drafting.submit_draft(actor=officers[0], version=draft)


def test_a_draft_becomes_law_and_its_predecessor_ends_the_day_before(officers, monkeypatch):
    told = []
    monkeypatch.setattr(drafting, "_listeners", [told.append])
    draft = edit(officers[0], make_draft(officers[0]), *RAISED)
    old = PolicyVersion.objects.get(name="tongliao-2023")
    # The cases that the change touches are marked; without a trial the officer says why.
    with pytest.raises(DraftRefused, match="件样例"):
        drafting.submit_draft(actor=officers[0], version=draft, reason="提高比例")
    cases = [one.case for one in drafting.gate.case_differences(draft, selectors.document_of(draft))]
    assert drafting.mark_expected(actor=officers[0], version=draft, cases=cases, reason="提高比例") == len(cases)
    with pytest.raises(DraftRefused, match="理由"):
        drafting.submit_draft(actor=officers[0], version=draft)
    drafting.submit_draft(actor=officers[0], version=draft, reason="提高比例，尚无费用可试算")
    law = drafting.publish_version(actor=officers[1], version=draft)
    earlier = PolicyVersion.objects.get(pk=old.pk)
    assert told == [law]
    assert (law.state, law.published_by, law.validity.lower, law.validity.upper) == (
        State.PUBLISHED,
        officers[1],
        FIRST_DAY,
        None,
    )
    assert (earlier.state, selectors.last_day(earlier), earlier.body) == (
        State.SUPERSEDED,
        date(2023, 12, 31),
        old.body,
    )
    assert selectors.version_on("150502100000", date(2023, 12, 31)) == earlier
    assert selectors.version_on("150502100000", FIRST_DAY) == law
    assert list(law.moves.values_list("move", flat=True)) == ["publish", "submit", "edit", "edit", "create"]
    assert earlier.moves.get().reason == "tongliao-2024"


@pytest.mark.parametrize("part", ["create", "edit", "submit"])
def test_who_had_a_part_in_it_does_not_publish(officers, part):
    drafter, editor, submitter = officers
    draft = make_draft(drafter)
    edit(editor, draft, "# 医疗救助", "# 医疗救助 ") if "# 医疗救助" in draft.body else edit(
        editor, draft, "读法", "读 法"
    )
    drafting.submit_draft(actor=submitter, version=draft)
    actor = {"create": drafter, "edit": editor, "submit": submitter}[part]
    assert Move.PUBLISH not in drafting.moves_for(actor, PolicyVersion.objects.get(pk=draft.pk))
    with pytest.raises(DraftRefused, match="另一人发布"):
        drafting.publish_version(actor=actor, version=draft)
    # And the database refuses it to whoever goes round the service.
    with pytest.raises(IntegrityError, match="以外的人发布"), transaction.atomic():
        PolicyVersion.objects.filter(pk=draft.pk).update(state=State.PUBLISHED, published_by=actor)


@pytest.mark.parametrize("by", [0, 1])
def test_the_database_publishes_no_draft(officers, by):
    draft = make_draft(officers[0])
    with pytest.raises(IntegrityError, match="尚未提交"), transaction.atomic():
        PolicyVersion.objects.filter(pk=draft.pk).update(state=State.PUBLISHED, published_by=officers[by])


@pytest.mark.parametrize(
    "change",
    [
        {"body": "x"},
        {"title": "x"},
        {"sha256": "0" * 64},
        {"state": "draft"},
        {"state": "withdrawn"},
        {"validity": selectors.days(date(2022, 1, 1), None)},
        {"validity": selectors.days(date(2023, 1, 2), None)},
    ],
    ids=str,
)
def test_the_database_keeps_what_is_published(officers, change):
    with pytest.raises(IntegrityError, match="不能修改"), transaction.atomic():
        PolicyVersion.objects.filter(name="tongliao-2023").update(**change)


def test_an_end_once_written_is_not_taken_back(officers):
    law = PolicyVersion.objects.filter(name="tongliao-2023")
    law.update(validity=selectors.days(date(2023, 1, 1), date(2024, 12, 31)))
    law.update(validity=selectors.days(date(2023, 1, 1), date(2024, 6, 30)))
    with pytest.raises(IntegrityError, match="不能修改"), transaction.atomic():
        law.update(validity=selectors.days(date(2023, 1, 1), date(2024, 7, 1)))


def test_no_two_versions_in_force_share_a_day(officers):
    first = submitted(officers)
    with pytest.raises(IntegrityError, match="one_published_version_a_day"), transaction.atomic():
        PolicyVersion.objects.filter(pk=first.pk).update(state=State.PUBLISHED, published_by=officers[1])


def test_moves_are_kept_for_ever(officers):
    draft = make_draft(officers[0])
    for sql in ("UPDATE policies_policyevent SET reason = 'x'", "DELETE FROM policies_policyevent"):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic(), connection.cursor() as one:
            one.execute(sql)
    assert draft.moves.count() == 1


def test_a_submitted_text_stands_still(officers):
    draft = submitted(officers)
    with pytest.raises(DraftRefused, match="待发布"):
        drafting.save_draft(actor=officers[0], version=draft, body=draft.body + "\n")
    with pytest.raises(IntegrityError, match="退回后才能修改"), transaction.atomic():
        PolicyVersion.objects.filter(pk=draft.pk).update(body="x")


@pytest.mark.parametrize(
    "name", ["tongliao", "jining-2024", "tongliao-2024!", "Tongliao-2024", "tongliao-2023", "tongliao-" + "9" * 40]
)
def test_a_name_that_cannot_be(officers, name):
    with pytest.raises(DraftRefused, match="版本号"):
        make_draft(officers[0], name=name)


def test_only_officers_of_the_region_draft(officers, users):
    county = officer("county", region="150521000000")
    elsewhere = officer("elsewhere", region="370800000000")
    for actor in (county, elsewhere, users["case_worker"], users["supervisor"]):
        with pytest.raises(DraftRefused, match="地区"):
            make_draft(actor)
    draft = make_draft(officers[0])
    for actor in (county, elsewhere, users["reviewer"]):
        assert drafting.moves_for(actor, draft) == []
        with pytest.raises(DraftRefused, match="地区"):
            drafting.save_draft(actor=actor, version=draft, body="")


@pytest.mark.parametrize(
    "change",
    [
        ('policy = "tongliao"', 'policy = "jining"'),
        ('region = "150500000000"', 'region = "370800000000"'),
        ("[document]", "[document"),
    ],
)
def test_a_draft_stays_what_it_is(officers, change):
    with pytest.raises(DraftRefused, match="没有保存"):
        edit(officers[0], make_draft(officers[0]), *change)


def test_an_unfinished_draft_is_kept_but_not_submitted(officers):
    draft = edit(officers[0], make_draft(officers[0]), 'ratio = "100%"', 'ratio = "全部"')
    assert 'ratio = "全部"' in PolicyVersion.objects.get(pk=draft.pk).body
    with pytest.raises(DraftRefused, match="全部"):
        drafting.submit_draft(actor=officers[0], version=draft)


def test_an_earlier_save_comes_back(officers):
    draft = make_draft(officers[0])
    first = draft.body
    edit(officers[0], draft, 'limit = "50000元"', 'limit = "60000元"')
    event = events_of(PolicyVersion).objects.filter(pgh_obj_id=draft.pk).order_by("pgh_id").first()
    back = drafting.restore_draft(actor=officers[1], version=draft, event_id=event.pgh_id)
    assert back.body == first
    assert "恢复" in back.moves.first().reason
    other = make_draft(officers[0], name="tongliao-2025")
    with pytest.raises(DraftRefused, match="没有这一稿"):
        drafting.restore_draft(actor=officers[0], version=other, event_id=event.pgh_id)


def test_returned_with_a_reason_by_another(officers):
    draft = submitted(officers)
    with pytest.raises(DraftRefused, match="理由"):
        drafting.return_draft(actor=officers[1], version=draft, reason=" ")
    with pytest.raises(DraftRefused, match="自己"):
        drafting.return_draft(actor=officers[0], version=draft, reason="改")
    back = drafting.return_draft(actor=officers[1], version=draft, reason="限额有误")
    assert (back.state, back.moves.first().reason) == (State.DRAFT, "限额有误")


def test_withdrawn_for_good(officers):
    draft = make_draft(officers[0])
    with pytest.raises(DraftRefused, match="起草人"):
        drafting.withdraw_draft(actor=officers[1], version=draft, reason="不再需要")
    drafting.withdraw_draft(actor=officers[0], version=draft, reason="不再需要")
    with pytest.raises(DraftRefused, match="已撤回"):
        drafting.submit_draft(actor=officers[0], version=draft)
    with pytest.raises(IntegrityError, match="不能再用"), transaction.atomic():
        PolicyVersion.objects.filter(pk=draft.pk).update(state=State.DRAFT)


# --- any sequence of moves ----------------------------------------------------------------------------------------
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "edit", "submit", "return", "withdraw", "publish"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    min_size=4,
    max_size=24,
)
TABLE = {row.move: row for row in MOVES}


def _do(move: str, actor, version: PolicyVersion | None, count: int) -> PolicyVersion:
    if move == "create":
        years = {0: 2024, 1: 2025, 2: 2024}
        return make_draft(actor, name=f"tongliao-{2024 + count}", first_day=date(years[count % 3], 1 + count % 5, 1))
    if move == "edit":
        return drafting.save_draft(actor=actor, version=version, body=version.body + f"# {count}\n")
    if move == "submit":
        return drafting.submit_draft(actor=actor, version=version)
    if move == "publish":
        return drafting.publish_version(actor=actor, version=version)
    act = {"return": drafting.return_draft, "withdraw": drafting.withdraw_draft}[move]
    return act(actor=actor, version=version, reason="理由")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_tried(officers, steps):
    laws: dict[int, str] = {}
    with transaction.atomic():
        for number, (move, who, which) in enumerate(steps):
            drafts = list(PolicyVersion.objects.filter(policy="tongliao").order_by("-pk")[:3])
            version = None if move == "create" else drafts[which % len(drafts)]
            before = version.state if version else ""
            offered = version and move in drafting.moves_for(officers[who], version)
            try:
                done = _do(move, officers[who], version, number)
            except DraftRefused:
                if version:
                    assert PolicyVersion.objects.get(pk=version.pk).state == before
                continue
            assert before in TABLE[move].sources
            assert done.state == TABLE[move].to
            assert move == "create" or offered
            if move == "publish":
                laws[done.pk] = done.body
                assert done.published_by_id not in drafting.involved(done)
            _look(laws)
        transaction.set_rollback(True)


def _look(laws: dict[int, str]) -> None:
    """What holds at any time: law unchanged, one law a day without a day between, four eyes in the record."""
    assert {pk: PolicyVersion.objects.get(pk=pk).body for pk in laws} == laws
    force = PolicyVersion.objects.filter(region_id="150500000000", state__in=selectors.IN_FORCE).order_by("validity")
    spans = [(one.validity.lower, one.validity.upper) for one in force]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    for one in force.exclude(name="tongliao-2023"):
        parts = one.moves.filter(move__in=["create", "edit", "submit"]).values_list("actor_id", flat=True)
        assert one.published_by_id not in parts
