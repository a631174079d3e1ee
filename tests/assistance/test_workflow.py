"""The table: who may do what, four eyes, no dead ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.access import GRANTS
from accounts.vocabulary import Role
from assistance import workflow
from assistance.errors import NotAllowed, Refused, Stale
from assistance.models import Decision, Notice
from assistance.services import after, checking, deciding, panel, registering
from assistance.vocabulary import FINAL, Did, Kind, State
from tests.assistance import makers as make


# --- the table itself ---------------------------------------------------------------------------------------------
def test_no_state_without_exit():
    out = {source for move in workflow.MOVES for source in move.sources}
    assert out == set(State) - set(FINAL)
    assert {move.target for move in workflow.MOVES} | {State.DRAFT} == set(State)


def test_every_way_ends():
    """From every state a final one is reached by somebody's moves."""
    ends = set(FINAL)
    while True:
        more = {s for move in workflow.MOVES if move.target in ends for s in move.sources} - ends
        if not more:
            break
        ends |= more
    assert ends == set(State)


def test_nobody_but_the_system_completes_opinions_or_payments():
    system = {move.did for move in workflow.MOVES if not move.acts}
    assert system == {Did.OPINIONS_COMPLETE, Did.PAID, Did.PAY_RETURNED}


# By role as casework says; what is not here the role may not.
MAY = {
    Did.SUBMIT: {Role.CLERK, Role.CASE_WORKER},
    Did.ACCEPT: {Role.CASE_WORKER},
    Did.RETURN: {Role.CASE_WORKER, Role.REVIEWER},
    Did.FINISH_CHECK: {Role.CASE_WORKER},
    Did.CONVENE: {Role.REVIEWER},
    Did.RECALL: {Role.REVIEWER},
    Did.APPROVE: {Role.REVIEWER},
    Did.REJECT: {Role.REVIEWER},
    Did.PAY: {Role.FUND_OFFICER},
    Did.APPEAL: {Role.CLERK, Role.CASE_WORKER},
    Did.WITHDRAW: {Role.CLERK, Role.CASE_WORKER},
    Did.CLOSE: {Role.CASE_WORKER},
    Did.OPINIONS_COMPLETE: set(),
    Did.PAID: set(),
    Did.PAY_RETURNED: set(),
}


@pytest.mark.parametrize("move", workflow.MOVES, ids=lambda move: move.did)
def test_a_move_is_of_these_roles(move):
    assert {role for role in Role if GRANTS[role] & set(move.acts)} == MAY[move.did]


# --- one way through ----------------------------------------------------------------------------------------------
def test_s1_19_eligibility_from_draft_to_closed(cast):
    application = make.reviewing(cast, make.register(cast))
    decision = make.approve(cast, application)
    assert (decision.amount, decision.category, decision.valid_from) == (0, "subsistence_margin", timezone.localdate())
    assert make.close(cast, application).state == State.CLOSED
    said = list(application.steps.order_by("id").values_list("did", flat=True))
    assert [one for one in said if one not in (Did.EDIT,)] == [
        Did.REGISTER,
        Did.SUBMIT,
        Did.ACCEPT,
        Did.FINISH_CHECK,
        Did.APPROVE,
        Did.CLOSE,
    ]
    assert all(step.actor_id and step.roles for step in application.steps.all())


def test_s1_20_the_township_hears_of_every_step(cast, client):
    application = make.reviewing(cast, make.register(cast))
    make.approve(cast, application)
    told = Notice.objects.filter(application=application).order_by("id")
    assert [one.step.did for one in told] == [Did.ACCEPT, Did.FINISH_CHECK, Did.APPROVE]
    assert set(cast.clerk.visible(Notice)) == set(told)
    elsewhere = make.Cast(township=make.make_township("150521101000").code)
    assert not elsewhere.clerk.visible(Notice).exists()
    assert after.read_notice(actor=cast.clerk, notice_ids=[one.pk for one in told]) == 3
    assert after.read_notice(actor=cast.clerk, notice_ids=[one.pk for one in told]) == 0


# --- four eyes ----------------------------------------------------------------------------------------------------
def test_who_registered_neither_checks_nor_decides(cast):
    cast.worker.roles = [Role.CASE_WORKER, Role.REVIEWER]
    cast.worker.save()
    person = make.make_applicant(cast.township, "subsistence_margin")
    application = make.register(cast, person, actor=cast.worker)
    for paper in application.papers.all():
        registering.set_paper(actor=cast.worker, paper=paper, original_seen=True)
    registering.submit(actor=cast.worker, application_id=application.pk, seen=application.revision)
    application = make.fresh(application)
    application = checking.accept(actor=cast.worker, application_id=application.pk, seen=application.revision)
    with pytest.raises(NotAllowed, match="不能再作核查结论"):
        make.finish_check(cast, application)
    make.finish_check(cast, application, actor=cast.other_worker)
    with pytest.raises(NotAllowed, match="登记"):
        make.approve(cast, application, actor=cast.worker)
    make.approve(cast, application)


def test_who_mended_a_draft_does_not_decide_it(cast):
    cast.reviewer.roles = [Role.REVIEWER, Role.CASE_WORKER]
    cast.reviewer.organisation = cast.clerk.organisation
    cast.reviewer.save()
    application = make.register(cast)
    registering.edit(
        actor=cast.reviewer,
        application_id=application.pk,
        seen=application.revision,
        reason="补充",
        applied_on=application.applied_on,
        category=application.category,
    )
    assert "登记" in workflow.four_eyes(make.fresh(application), cast.reviewer)


def test_who_checked_does_not_decide(cast):
    cast.worker.roles = [Role.CASE_WORKER, Role.REVIEWER]
    cast.worker.save()
    application = make.reviewing(cast, make.register(cast))
    with pytest.raises(NotAllowed, match="核查"):
        make.approve(cast, application, actor=cast.worker)
    with pytest.raises(NotAllowed, match="核查"):
        make.reject(cast, application, actor=cast.worker)


def test_an_appeal_is_decided_by_another_reviewer(cast):
    application = make.reviewing(cast, make.register(cast))
    make.reject(cast, application)
    application = make.fresh(application)
    with pytest.raises(Refused, match="新的事实"):
        registering.appeal(actor=cast.clerk, application_id=application.pk, seen=application.revision, new_facts=" ")
    registering.appeal(actor=cast.clerk, application_id=application.pk, seen=application.revision, new_facts="补充票据")
    make.finish_check(cast, application, actor=cast.other_worker)
    with pytest.raises(NotAllowed, match="另一位复核"):
        make.approve(cast, application)
    make.approve(cast, application, actor=cast.other_reviewer)
    outcomes = list(Decision.objects.filter(application=application).order_by("round").values_list("outcome", "round"))
    assert outcomes == [("rejected", 1), ("approved", 2)]


# --- region, role, order ------------------------------------------------------------------------------------------
def test_another_county_may_not(cast):
    application = make.submit(cast, make.register(cast))
    strangers = make.Cast(county="150522000000")
    with pytest.raises(NotAllowed, match="管辖"):
        checking.accept(actor=strangers.worker, application_id=application.pk, seen=application.revision)


def test_a_move_out_of_its_state_is_refused_with_the_state(cast):
    application = make.register(cast)
    with pytest.raises(NotAllowed, match=r"登记.*受理"):
        checking.accept(actor=cast.worker, application_id=application.pk, seen=application.revision)


def test_two_at_once_the_second_sees_what_changed(cast):
    application = make.reviewing(cast, make.register(cast))
    seen = application.revision
    make.reject(cast, application)
    with pytest.raises(Stale) as stale:
        deciding.approve(actor=cast.other_reviewer, application_id=application.pk, seen=seen, reason="符合条件")
    assert [(step.did, step.actor) for step in stale.value.steps] == [(Did.REJECT, cast.reviewer)]
    assert make.fresh(application).state == State.REJECTED


def test_a_colleague_of_the_office_may_go_on_but_no_other_office(cast):
    application = make.complete(cast, make.register(cast))
    with pytest.raises(NotAllowed, match="由该机构办理"):
        registering.submit(actor=cast.worker, application_id=application.pk, seen=application.revision)
    colleague = cast._user(Role.CLERK, name="clerk2", region=cast.township)
    registering.submit(actor=colleague, application_id=application.pk, seen=application.revision)
    assert colleague.pk in make.fresh(application).enterers


def test_withdrawn_needs_a_reason_and_ends(cast):
    application = make.submit(cast, make.register(cast))
    with pytest.raises(Refused):
        registering.withdraw(actor=cast.clerk, application_id=application.pk, seen=application.revision, reason="")
    registering.withdraw(actor=cast.clerk, application_id=application.pk, seen=application.revision, reason="已好转")
    application = make.fresh(application)
    assert (application.state, application.due_on) == (State.WITHDRAWN, None)


def test_returned_and_resubmitted(cast):
    application = make.submit(cast, make.register(cast))
    day = timezone.localdate() + timedelta(days=10)
    application = registering.send_back(
        actor=cast.worker, application_id=application.pk, seen=application.revision, reason="缺诊断证明", mend_by=day
    )
    assert (application.state, application.mend_by, application.due_on) == (State.DRAFT, day, None)
    application = registering.submit(actor=cast.clerk, application_id=application.pk, seen=application.revision)
    assert (application.state, application.mend_by) == (State.SUBMITTED, None)


def test_closing_an_approval_with_money_waits_for_the_money(shannan):
    application = make.approved_case(shannan)
    assert application.kind == Kind.CASE
    with pytest.raises(NotAllowed, match="到账"):
        make.close(shannan, application)


# --- panel --------------------------------------------------------------------------------------------------------
def test_s0_18_five_departments_each_one_opinion(shannan):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    with pytest.raises(Refused, match="须先会商"):
        make.approve(shannan, application, amount=100)
    case = make.convene(shannan, application, 2_000_000)
    amounts = [2_000_000, 1_500_000, 1_000_000, None, None]
    for (department, member), amount in zip(shannan.panel.items(), amounts, strict=True):
        assert make.fresh(application).state == State.PANEL
        says = "agree" if amount else "dissent"
        panel.opine(actor=member, case_id=case.pk, says=says, text=f"{department}的理由", amount=amount)
    application = make.fresh(application)
    case.refresh_from_db()
    # Three of five agree to at least 10,000; only two to more.
    assert (application.state, case.amount, case.agreed) == (State.REVIEWING, 1_000_000, True)
    with pytest.raises(Refused, match="超过会商"):
        make.approve(shannan, application, amount=1_000_100)
    assert make.approve(shannan, application, amount=1_000_000).clauses == ["S0-18"]


def test_absent_are_named_and_a_quorum_is_needed(shannan):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    case = make.convene(shannan, application)
    departments = list(shannan.panel)
    for department in departments[:2]:
        panel.opine(actor=shannan.panel[department], case_id=case.pk, says="agree", text="同意")
    with pytest.raises(Refused, match="半数"):
        panel.mark_absent(actor=shannan.reviewer, case_id=case.pk, departments=departments[2:])
    panel.mark_absent(actor=shannan.reviewer, case_id=case.pk, departments=departments[3:])
    panel.opine(actor=shannan.panel[departments[2]], case_id=case.pk, says="dissent", text="不同意")
    case.refresh_from_db()
    assert (case.absent, case.amount) == (sorted(departments[3:]), 2_000_000)
    assert make.fresh(application).state == State.REVIEWING


def test_recused_members_are_not_counted(shannan):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    case = make.convene(shannan, application)
    for at, member in enumerate(shannan.panel.values()):
        says = ("recused", "recused", "agree", "agree", "dissent")[at]
        panel.opine(actor=member, case_id=case.pk, says=says, text="理由")
    case.refresh_from_db()
    assert (case.amount, make.fresh(application).state) == (2_000_000, State.REVIEWING)


def test_a_case_without_quorum_leaves_by_recall(shannan):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    case = make.convene(shannan, application)
    for at, member in enumerate(shannan.panel.values()):
        panel.opine(actor=member, case_id=case.pk, says="recused" if at < 3 else "agree", text="理由")
    application = make.fresh(application)
    assert application.state == State.PANEL  # two judge of five: no quorum
    panel.recall(actor=shannan.reviewer, application_id=application.pk, seen=application.revision, reason="人数不足")
    assert make.fresh(application).state == State.REVIEWING
    make.all_agree(shannan, make.convene(shannan, application), 1_000_000)
    assert panel.result_of(make.fresh(application)).amount == 1_000_000


def test_a_panel_member_sees_only_what_is_put_to_the_department(shannan):
    from assistance.models import Application, Meeting, Opinion

    hidden = make.reviewing(shannan, make.register(shannan, rule="case"))
    put = make.reviewing(shannan, make.register(shannan, rule="case"))
    departments = ("medical_security", "finance", "health")
    case = make.convene(shannan, put, meeting=make.make_meeting(shannan, departments))
    finance, civil = shannan.panel["finance"], shannan.panel["civil_affairs"]
    assert list(finance.visible(Application)) == [put]
    assert not civil.visible(Application).exists() and not civil.visible(Meeting).exists()
    with pytest.raises(NotAllowed, match="参加部门"):
        panel.opine(actor=civil, case_id=case.pk, says="agree", text="同意")
    panel.opine(actor=finance, case_id=case.pk, says="agree", text="同意")
    assert finance.visible(Opinion).count() == 1
    assert hidden not in finance.visible(Application)
