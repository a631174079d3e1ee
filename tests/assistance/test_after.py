"""After the decision: the letter delivered, what is left referred to other help, what came of it."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.vocabulary import Role
from assistance.errors import NotAllowed, Refused
from assistance.models import Application, HouseholdMember, Referral
from assistance.selectors import figures, lists
from assistance.services import after, economy, registering
from assistance.vocabulary import Did, Help, Kind, State, Verdict
from policies.engine.parse_work import HELPS
from policies.selectors import version_on
from tests.assistance import makers as make
from tests.claims.makers import now, record

DAY = date(2023, 5, 10)
SOON = timezone.localdate() + timedelta(days=20)


def refer(cast, application, help: str = "charity", **more) -> Referral:
    values = {"organisation": "市慈善总会", "text": "三重制度后负担仍然较重", "owner_name": "王敏", "due_on": SOON}
    return after.refer(actor=cast.worker, application_id=application.pk, help=help, **values | more)


def answer(cast, referral, **more) -> Referral:
    values = {"outcome": "achieved", "answer": "已救助", "answered_on": timezone.localdate()} | more
    return after.answer_referral(actor=more.pop("actor", cast.worker), referral=referral, **values)


def burdened(cast, category: str = "subsistence_margin", in_scope: int = 90_000, basic: int = 40_000):
    """A person with costs of 2023, and what of them they bore."""
    person = make.make_applicant(cast.township, category)
    claim = record(person, "2023-03-01", in_scope, basic)
    return person, now(claim).personal_burden


@pytest.fixture
def guangxi(law):
    make.make_township("451002100000")
    return make.Cast(county="451002000000", township="451002100000")


@pytest.fixture
def jining(law):
    """A case in Jining: the document there lets nobody apply (S2-15), yet asks that what is left be helped with."""
    make.make_township("370811100000")
    cast = make.Cast(county="370811000000", township="370811100000")
    person, _burden = burdened(cast)
    application = Application.objects.create(
        number="SQ370811-1",
        person=person,
        region_id=cast.township,
        kind=Kind.CASE,
        rule="综合帮扶",
        version=version_on(cast.county, DAY),
        applied_on=DAY,
        reason="住院费用负担重",
        state=State.CHECKING,
        registrar=cast.clerk,
        office=cast.clerk.organisation,
        enterers=[cast.clerk.pk],
    )
    HouseholdMember.objects.create(application=application, person=person, name=person.name, relation="本人")
    return cast, application


# --- referrals ----------------------------------------------------------------------------------------------------
def test_s1_25_what_is_left_goes_to_a_charity_and_the_money_is_recorded(cast):
    """The burden left is the year's less what was granted and what came already; the clause is the document's."""
    person, burden = burdened(cast)
    application = make.reviewing(cast, make.register(cast, person))
    made = refer(cast, application)
    assert (made.burden, made.clauses, made.owner_name) == (burden, ["S1-25"], "王敏")
    answer(cast, made, answer="大病项目救助", amount=1_000_000)
    made.refresh_from_db()
    assert (made.outcome, made.amount, made.answered_by) == ("achieved", 1_000_000, cast.worker)
    assert [(step.did, step.data["referral"]) for step in application.steps.all()[:2]] == [
        (Did.REFERRAL_ANSWER, made.pk),
        (Did.REFER, made.pk),
    ]
    assert figures.left_of(application) == burden - 1_000_000
    assert refer(cast, application, help="donation").burden == burden - 1_000_000
    with pytest.raises(Refused, match="已经登记答复"):
        answer(cast, made)


def test_s1_25_without_a_burden_there_is_nothing_to_refer_unless_receipts_show_one(cast):
    application = make.reviewing(cast, make.register(cast))
    with pytest.raises(Refused, match="没有剩余的个人负担") as refused:
        refer(cast, application)
    assert refused.value.field == "burden"
    assert refer(cast, application, burden=350_000).burden == 350_000


def test_s3_14_what_is_left_after_the_top_up_goes_to_social_assistance(guangxi):
    """A grant lowers what is left: what is referred is the rest."""
    person, burden = burdened(guangxi, "marginal_risk", 600_000, 100_000)
    application = make.reviewing(guangxi, make.register(guangxi, person, rule="top_up"))
    granted = 4_000_000
    make.approve(guangxi, application, amount=granted)
    made = refer(
        guangxi, application, help="social_assistance", organisation="右江区民政局", department="civil_affairs"
    )
    assert made.burden == burden - granted > 0
    assert (made.clauses, made.get_department_display()) == (["S3-14"], "民政")
    assert set(lists.referrals_for(guangxi.worker, answered="no", help="social_assistance")) == {made}


def test_s2_11_each_help_has_an_owner_dates_and_an_outcome(jining):
    jining, application = jining
    for missing in ("owner_name", "organisation", "text"):
        with pytest.raises(Refused) as refused:
            refer(jining, application, help="temporary", **{missing: " "})
        assert refused.value.field == missing
    with pytest.raises(Refused, match="已经过去"):
        refer(jining, application, help="temporary", due_on=timezone.localdate() - timedelta(days=1))
    made = refer(jining, application, help="temporary")
    assert made.clauses == ["S2-11"]
    with pytest.raises(Refused, match="落实情况"):
        answer(jining, made, outcome="")
    with pytest.raises(Refused, match="转介之日与今天之间"):
        answer(jining, made, answered_on=timezone.localdate() + timedelta(days=1))
    assert answer(jining, made, outcome="failed", answer="不符合临时救助条件").get_outcome_display() == "未能落实"


@pytest.mark.parametrize("help", ["employment", "industry"])
def test_s2_11_work_is_for_a_household_that_can_work(jining, help):
    jining, application = jining
    with pytest.raises(Refused, match="无人有劳动能力"):
        refer(jining, application, help=help)
    member = application.members.get()
    economy.verify(
        actor=jining.worker,
        application_id=application.pk,
        what="member",
        row_id=member.pk,
        verdict=Verdict.CONFIRMED,
        note="入户查看",
        able_to_work=True,
    )
    assert refer(jining, application, help=help).clauses == ["S2-11"]


def test_the_words_of_documents_are_those_of_the_forms():
    assert {code: label for label, code in HELPS.items()} == {one.value: one.label for one in Help}


def test_referrals_are_seen_late_and_exported(cast, client, django_assert_max_num_queries):
    person, _burden = burdened(cast)
    application = make.reviewing(cast, make.register(cast, person))
    made = refer(cast, application)
    Referral.objects.filter(pk=made.pk).update(due_on=timezone.localdate() - timedelta(days=2))
    client.force_login(cast.worker)
    page = client.get(reverse("assistance:referrals"), {"late": "on"}).content.decode()
    assert application.number in page and "逾期 2 天" in page
    with django_assert_max_num_queries(10):
        client.get(reverse("assistance:referrals"), headers={"HX-Request": "true", "HX-Target": "list"})
    out = b"".join(client.get(reverse("assistance:referrals"), {"export": "csv"})).decode()
    assert "市慈善总会" in out and "王敏" in out
    client.force_login(make.Cast(county="150522000000").worker)
    assert application.number not in client.get(reverse("assistance:referrals")).content.decode()


def test_a_referral_by_its_pages(cast, client):
    person, burden = burdened(cast)
    application = make.reviewing(cast, make.register(cast, person))
    client.force_login(cast.worker)
    address = reverse("assistance:move", args=[application.pk, Did.REFER])
    page = client.get(address).content.decode()
    assert f'value="{burden / 100:.2f}"' in page and f'value="{cast.worker.name}"' in page
    values = {"help": "charity", "organisation": "市慈善总会", "text": "负担重", "owner_name": "王敏"}
    client.post(address, values | {"burden": f"{burden / 100:.2f}", "due_on": SOON.isoformat()})
    made = application.referrals.get()
    client.post(
        reverse("assistance:referral", args=[made.pk]),
        {"outcome": "partly", "answer": "先期到位", "amount": "5000", "answered_on": f"{timezone.localdate()}"},
    )
    page = client.get(reverse("assistance:case", args=[application.pk])).content.decode()
    assert "部分落实" in page and "5,000.00" in page and "王敏" in page


# --- the letter ---------------------------------------------------------------------------------------------------
def deliver(cast, application, day: date, actor=None):
    return after.deliver(actor=actor or cast.clerk, application_id=application.pk, delivered_on=day, note="本人签收")


def test_the_letter_is_delivered_once_between_its_day_and_today(cast):
    application = make.reviewing(cast, make.register(cast))
    with pytest.raises(NotAllowed, match="待审批"):
        deliver(cast, application, timezone.localdate())
    made = make.approve(cast, application)
    for day in (timezone.localdate() - timedelta(days=1), timezone.localdate() + timedelta(days=1)):
        with pytest.raises(Refused, match="决定之日"):
            deliver(cast, application, day)
    with pytest.raises(NotAllowed, match="乡镇经办"):
        deliver(cast, application, timezone.localdate(), actor=cast.reviewer)
    deliver(cast, application, timezone.localdate())
    made.refresh_from_db()
    assert made.delivered_on == timezone.localdate()
    step = application.steps.first()
    assert (step.did, step.reason, step.actor) == (Did.DELIVER, "本人签收", cast.clerk)
    with pytest.raises(Refused, match="不能再次登记"):
        deliver(cast, application, timezone.localdate())


def test_the_page_offers_delivery_until_it_is_recorded(cast, client):
    application = make.reviewing(cast, make.register(cast))
    make.reject(cast, application)
    client.force_login(cast.clerk)
    case, move = (
        reverse(f"assistance:{name}", args=[application.pk, *more])
        for name, more in (("case", []), ("move", [Did.DELIVER]))
    )
    assert move in client.get(case).content.decode()
    client.post(move, {"delivered_on": f"{timezone.localdate()}", "note": "邮寄"})
    assert application.decisions.get().delivered_on == timezone.localdate()
    assert move not in client.get(case).content.decode()
    # The appeal's decision is another letter.
    registering.appeal(
        actor=cast.clerk,
        application_id=application.pk,
        seen=make.fresh(application).revision,
        new_facts="补充票据",
    )
    make.finish_check(cast, application, actor=cast.other_worker)
    make.approve(cast, application, actor=cast.other_reviewer)
    assert move in client.get(case).content.decode()
    assert make.fresh(application).state == State.APPROVED
    client.force_login(cast._user(Role.SUPERVISOR))
    assert move not in client.get(case).content.decode()
