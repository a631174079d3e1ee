"""Contradictions and audit: found by themselves, answered, gone when mended, back when they are not."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Job, Region
from accounts.vocabulary import Role
from beneficiaries.merging import services as merging
from claims.contradictions import services
from claims.contradictions.checks import all_checks
from claims.contradictions.models import Contradiction
from claims.contradictions.services import AnswerRefused
from claims.entry.models import ClaimEntry
from claims.entry.services import submit
from claims.errors import NotAllowed
from claims.models import Claim, Settlement
from tests.claims.makers import fen, make_person, make_spell, new_claim, now, record
from tests.claims.test_import import HEADER, confirmed
from tests.factories import make_user
from tests.worker import wait_until

pytestmark = pytest.mark.django_db
TODAY = date(2023, 12, 1)


def find(today: date = TODAY, region: str = "150000000000") -> dict[str, int]:
    return services.find(region=Region.objects.get(pk=region), today=today)


def kinds() -> list[str]:
    return sorted(Contradiction.objects.filter(state="open").values_list("kind", flat=True))


def one(kind: str) -> Contradiction:
    return Contradiction.objects.get(kind=kind)


@pytest.fixture
def person(law):
    return make_person()


def test_a_clean_year_has_none_and_every_check_runs(law, person, django_assert_max_num_queries):
    make_spell(person, "subsistence")
    record(person, "2023-05-01", 50000, 20000)
    find()
    with django_assert_max_num_queries(len(all_checks()) * 14):
        assert find() == {"found": 0, "new": 0, "back": 0, "cleared": 0}
    assert len(all_checks()) >= 15


def test_extreme_poverty_below_the_whole_is_found_with_its_evidence(person):
    make_spell(person, "extreme_poverty")
    record(person, "2023-05-01", 30000, 20000)
    claim = record(person, "2023-06-01", 30000, 20000, referred="no")
    find()
    found = one("full_not_paid")
    assert (found.claim, found.evidence["left"]) == (claim, now(claim).in_scope_burden)
    assert any("未按规定转诊" in str(row) for row in found.facts)


def test_certified_for_over_a_month_without_any_benefit(person):
    spell = make_spell(person, "subsistence_margin", "2023-03-01")
    record(person, "2023-04-10", 3000, 1000)
    find(date(2023, 3, 20))
    assert "certified_without_benefit" not in kinds(), "a month has not passed"
    find(date(2023, 4, 30))
    found = one("certified_without_benefit")
    assert (found.key, found.evidence["own"]) == (str(spell.pk), fen(2000))


def test_the_same_stay_twice_and_a_reversal_clears_it(person):
    first = record(person, "2023-05-01", 8000, 5000, institution="H1")
    second = record(person, "2023-05-02", 8000, 5000, institution="H1")
    record(person, "2023-05-20", 8000, 5000, institution="H1")
    find()
    found = one("stay_twice")
    assert found.key == f"{first.pk}+{second.pk}"
    Claim.objects.filter(pk=second.pk).update(reversed_at=timezone.now())
    assert find()["cleared"] == 1
    found.refresh_from_db()
    assert (found.state, found.cleared_at is not None) == ("cleared", True)


def test_cost_after_death(person):
    claim = record(person, "2023-05-10", 800, 500)
    type(person).objects.filter(pk=person.pk).update(deceased_on=date(2023, 5, 1))
    find()
    assert one("after_death").claim == claim


def test_categories_of_two_departments_that_exclude_each_other(person):
    make_spell(person, "exited_poverty", department="rural_revitalization")
    make_spell(person, "unstable_exit", "2023-02-01", department="rural_revitalization")
    find()
    assert one("exclusive_categories").day == date(2023, 2, 1)


def test_dropped_from_the_roster_and_back(person):
    make_spell(person, "subsistence", "2022-05-01", "2023-04-30")
    make_spell(person, "subsistence", "2023-06-01")
    find()
    found = one("dropped_and_back")
    assert (found.evidence["left_on"], found.evidence["back_on"]) == ("2023-04-30", "2023-06-01")


# --- the platform beside ours -------------------------------------------------------------------------------------
def differing(person, platform: int, **more) -> Contradiction:
    claim = record(person, "2023-05-01", 50000, 20000, **more)
    Claim.objects.filter(pk=claim.pk).update(platform_assistance=platform)
    find()
    return Contradiction.objects.get(kind="platform_differs", claim=claim)


def like(*categories: str, **more) -> int:
    """What the bill comes to for someone with these categories."""
    other = make_person()
    for category in categories:
        make_spell(other, category)
    settled = now(record(other, "2023-05-01", 50000, 20000, **more))
    return settled.assistance + settled.top_up


def test_the_engine_names_the_likely_cause(person):
    make_spell(person, "subsistence")
    ours = like("subsistence")
    found = differing(person, ours + 6)
    assert (found.cause, found.tier, found.difference) == ("rounding", "assistance", 6)


@pytest.mark.parametrize(
    ("held", "asked", "cause"),
    [
        (["subsistence"], ["extreme_poverty"], "category_missing"),
        (["extreme_poverty"], [], "category_other"),
        ([], ["subsistence"], "category_missing"),
    ],
)
def test_a_category_that_the_platform_saw_otherwise(person, held, asked, cause):
    for category in held:
        make_spell(person, category)
    found = differing(person, like(*asked))
    assert found.cause == cause


def test_a_deductible_that_the_platform_started_anew(person):
    make_spell(person, "subsistence")
    record(person, "2023-02-01", 40000, 10000)
    fresh = like("subsistence")
    claim = record(person, "2023-05-01", 50000, 20000)
    Claim.objects.filter(pk=claim.pk).update(platform_assistance=fresh)
    find()
    found = Contradiction.objects.get(kind="platform_differs", claim=claim)
    assert found.cause == "deductible"


def test_what_no_assumption_gives_is_said_to_be_unknown(person):
    make_spell(person, "subsistence")
    assert differing(person, 123_456).cause == "unknown"


def test_s2_15_where_another_document_governs_there_is_no_difference(law):
    patient = make_person(region="370811000000")
    make_spell(patient, "subsistence")
    claim = record(patient, "2023-05-01", 50000, 20000)
    Claim.objects.filter(pk=claim.pk).update(platform_assistance=fen(9000))
    find(region="370000000000")
    assert not Contradiction.objects.filter(kind="platform_differs").exists()


@pytest.mark.parametrize(
    ("region", "column", "kind"),
    [
        ("540500000000", {"tilted_basic": True}, "tilted_basic"),
        ("140522000000", {"supplementary_paid": 5000}, "supplementary"),
    ],
)
def test_s0_08_s4_10_what_the_law_has_ended_is_flagged(law, region, column, kind):
    patient = make_person(region=Region.objects.filter(code__startswith=region[:6].rstrip("0"), level=3).first().pk)
    claim = record(patient, "2023-05-01", 5000, 2000)
    Claim.objects.filter(pk=claim.pk).update(**column)
    find(region=region[:2].ljust(12, "0"))
    assert kind in kinds()
    elsewhere = make_person()
    Claim.objects.filter(pk=record(elsewhere, "2023-05-01", 5000, 2000).pk).update(**column)
    find()
    assert kinds().count(kind) == 1, "Tongliao's law says nothing of it"


@pytest.mark.parametrize(
    ("region", "column", "value", "kind"),
    [("540502000000", "tilted_basic", "是", "tilted_basic"), ("140522000000", "hifes_pay", "50.00", "supplementary")],
)
def test_s0_08_s4_10_a_file_carries_the_flag_to_the_worklist(law, region, column, value, kind):
    patient = make_person(region=region)
    header = [*HEADER, column]
    row = {"certno": patient.id_number, "psn_name": patient.name, "setl_loc": "county"}
    confirmed(
        row | {"setl_id": "F1", column: value}, row | {"setl_id": "F2", column: ""}, region=region[:6], header=header
    )
    find(region=region[:2].ljust(12, "0"))
    found = one(kind)
    assert (found.claim.claim_no, found.evidence["claim_no"]) == ("F1", "F1")
    assert (found.claim.tilted_basic, found.claim.supplementary_paid) == (
        (True, 0) if kind == "tilted_basic" else (False, 5000)
    )


# --- S0-14 --------------------------------------------------------------------------------------------------------
def test_s0_14_over_and_under_protection(law, person):
    make_spell(person, "subsistence")
    too_much = record(person, "2023-05-01", 50000, 20000)
    Claim.objects.filter(pk=too_much.pk).update(platform_assistance=fen(45000))
    nobody = make_person()
    outside = record(nobody, "2023-05-01", 5000, 2000)
    Claim.objects.filter(pk=outside.pk).update(platform_assistance=fen(100))
    zero = record(make_paying(), "2023-05-01", 20000, 15000, other_paid=fen(5000))
    margin = make_person()
    make_spell(margin, "subsistence_margin")
    asked = record(margin, "2023-05-01", 20000, 8000)
    find()
    open_ = {(found.kind, found.claim_id) for found in Contradiction.objects.filter(state="open")}
    assert {
        ("over_cost", too_much.pk),
        ("outside_policy", outside.pk),
        ("nothing_left", zero.pk),
        ("not_applied", asked.pk),
    } <= open_


def make_paying():
    """Someone whose bill others paid to the end, on 70 %."""
    one = make_person()
    make_spell(one, "subsistence")
    return one


def test_s0_14_no_contribution_of_ones_own_outside_the_full_subsidy(law, person):
    from beneficiaries.enrolment.models import Enrolment

    Enrolment.objects.create(
        person=person, region_id=person.region_id, year=2023, base=38000, fund=17100, due=20900, other_paid=20900
    )
    find()
    assert one("no_contribution").evidence["due"] == 20900


# --- answers ------------------------------------------------------------------------------------------------------
@pytest.fixture
def dead(person):
    record(person, "2023-05-10", 800, 500)
    type(person).objects.filter(pk=person.pk).update(deceased_on=date(2023, 5, 1))
    find()
    return one("after_death")


def test_contradictions_and_entries_follow_a_merge_and_come_back(dead, users, person):
    worker, reviewer = users[Role.CASE_WORKER], users[Role.REVIEWER]
    kept = make_person(name=person.name)
    entry = submit(actor=None, entry=None, person=kept, claim=new_claim("2023-05-02", 900), sent_by="外地医院")
    ClaimEntry.objects.filter(pk=entry.pk).update(person=person)
    merge = merging.propose_merge(actor=worker, kept=kept, gone=person, reason="同一人")
    done = merging.confirm_merge(actor=reviewer, merge=merge)
    for found, owner in ((dead, kept), (entry, kept)):
        found.refresh_from_db()
        assert found.person == owner
    Contradiction.objects.create(
        kind="after_death", key="night", person=kept, region_id=kept.region_id, day=dead.day, digest="0"
    )
    merging.undo_merge(actor=reviewer, merge=done, reason="确为两人")
    for found in (dead, entry):
        found.refresh_from_db()
        assert found.person == person


def test_an_answer_stands_while_the_evidence_does(dead, users, person):
    worker = users[Role.CASE_WORKER]
    services.answer(actor=worker, items=[dead.pk], answer="explained", text="死亡日期登记有误，正在更正")
    find()
    dead.refresh_from_db()
    assert (dead.state, dead.answered_by) == ("answered", worker)
    type(person).objects.filter(pk=person.pk).update(deceased_on=date(2023, 5, 2))
    assert find()["back"] == 1
    dead.refresh_from_db()
    assert (dead.state, dead.answer, dead.times_back) == ("open", "", 1)


def test_what_was_to_be_mended_comes_back_after_the_day(dead, users):
    day = timezone.localdate() + timedelta(days=3)
    services.answer(actor=users[Role.REVIEWER], items=[dead.pk], answer="will_fix", text="三日内冲正", fix_by=day)
    services._run(_check(), _scope(day))
    dead.refresh_from_db()
    assert dead.state == "answered"
    services._run(_check(), _scope(day + timedelta(days=1)))
    dead.refresh_from_db()
    assert (dead.state, dead.times_back) == ("open", 1)


def _check():
    return next(check for check in all_checks() if check.kind == "after_death")


def _scope(today: date):
    return services.Scope("15", date(2022, 1, 1), today)


@pytest.mark.parametrize(
    ("answer", "text", "fix_by", "field"),
    [("", "x", None, "answer"), ("explained", " ", None, "text"), ("will_fix", "x", None, "fix_by")],
)
def test_an_answer_says_what_and_by_when(dead, users, answer, text, fix_by, field):
    with pytest.raises(AnswerRefused) as refusal:
        services.answer(actor=users[Role.REVIEWER], items=[dead.pk], answer=answer, text=text, fix_by=fix_by)
    assert refusal.value.field == field


def test_only_those_who_may_answer_do(dead, users):
    with pytest.raises(NotAllowed):
        services.answer(actor=users[Role.SUPERVISOR], items=[dead.pk], answer="explained", text="x")


# --- pages --------------------------------------------------------------------------------------------------------
def test_the_worklists_and_one_answer_to_many(client, users, dead, django_assert_max_num_queries):
    client.force_login(users[Role.CASE_WORKER])
    client.get(reverse("claims:contradictions"))
    with django_assert_max_num_queries(18):
        page = client.get(reverse("claims:contradictions"))
    assert [row.pk for row in page.context["listing"].page.rows] == [dead.pk]
    shown = client.get(reverse("claims:contradiction", args=[dead.pk])).content.decode()
    assert "死亡日期" in shown
    assert "2023-05-01" in shown
    asked = client.post(reverse("claims:contradictions_answer"), {"ids": [dead.pk]})
    assert "1 项一并答复" in asked.content.decode()
    given = {"ids": [dead.pk], "answer": "platform_wrong", "text": "平台日期有误"}
    assert client.post(reverse("claims:contradictions_answer"), given).status_code == 302
    assert Contradiction.objects.get().answer == "platform_wrong"
    assert client.get(reverse("claims:contradictions") + "?state=answered").context["listing"].page.rows


def test_differences_are_listed_with_cause_and_exported(client, users, person, django_assert_max_num_queries):
    make_spell(person, "subsistence")
    differing(person, like("subsistence") + 6)
    client.force_login(users[Role.SUPERVISOR])
    client.get(reverse("claims:differences"))
    with django_assert_max_num_queries(18):
        page = client.get(reverse("claims:differences")).content.decode()
    assert "尾数取舍" in page
    assert "一并答复" not in page
    sheet = b"".join(client.get(reverse("claims:differences") + "?export=csv").streaming_content).decode("utf-8-sig")
    assert "0.06,尾数取舍" in sheet
    assert client.get(reverse("claims:differences") + "?cause=limit").context["listing"].page.rows == []


def test_an_undone_file_leaves_no_trace_that_breaks_a_page(client, users, dead):
    Settlement.objects.all()._raw_delete("default")
    Claim.objects.all()._raw_delete("default")
    client.force_login(users[Role.CASE_WORKER])
    assert client.get(reverse("claims:contradictions")).status_code == 200
    assert client.get(reverse("claims:contradiction", args=[dead.pk])).status_code == 200
    find()
    dead.refresh_from_db()
    assert dead.state == "cleared"


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_the_worker_finds_them_with_progress(worker, client, law):
    person = make_person()
    user = make_user(Role.CASE_WORKER, username="finder")
    record(person, "2023-05-10", 800, 500)
    type(person).objects.filter(pk=person.pk).update(deceased_on=date(2023, 5, 1))
    client.force_login(user)
    response = client.post(reverse("claims:contradictions_find"))
    job = Job.objects.get()
    assert response.url == reverse("accounts:job", args=[job.pk])
    wait_until(lambda: Job.objects.get().ended)
    assert Job.objects.get().state == "done"
