"""Random people do random things: no dead end, no breach of four eyes, no second decision or payment; fifty at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import Sum
from django.utils import timezone

from accounts.services import load_regions
from accounts.vocabulary import Role
from assistance import workflow
from assistance.errors import Refused, Stale
from assistance.models import Application, Decision, MeetingCase, Payment, Step
from assistance.services import after, checking, deciding, panel, paying, registering
from assistance.vocabulary import FINAL, Did, Kind, State
from beneficiaries.models import Person
from claims.errors import ClaimError
from claims.fund import services as fund
from claims.fund.models import PaymentOrder, Posting
from policies.services import load_documents
from tests.assistance import makers as make
from tests.assistance.test_paying import give_budget
from tests.factories import make_regions

TOMORROW = timezone.localdate() + timedelta(days=1)
# How often something that is allowed is done, beside the others.
WEIGHTS = {"withdraw": 0.03, "return": 0.15, "recall": 0.1, "absent": 0.3, "reject": 0.6, "pay": 3, "result": 2}
WEIGHTS |= dict.fromkeys(("ask", "visit", "refer", "deliver"), 0.3) | {"answer": 2, "approve": 1.5, "close": 0.5}


def tries(cast, meeting, application, actor, chance, case, order):
    """Everything that anyone could attempt, whatever the state; `case` at the panel, `order` at the fund if any."""
    base = {"actor": actor, "application_id": application.pk}
    one = base | {"seen": application.revision}
    amount = None if application.kind == Kind.ELIGIBILITY else chance.choice([500_000, 2_000_000, 90_000_000])
    today = timezone.localdate()
    found = {
        "submit": lambda: registering.submit(**one),
        "accept": lambda: checking.accept(**one),
        "return": lambda: registering.send_back(**one, reason="补", mend_by=TOMORROW),
        "finish_check": lambda: checking.finish_check(**one, facts=make.FACTS, opinion="属实"),
        "ask": lambda: checking.ask(**one, department="civil_affairs", text="问"),
        "convene": lambda: panel.convene(**one, meeting=meeting, question="议", proposed=1_000_000),
        "recall": lambda: panel.recall(**one, reason="改期"),
        "approve": lambda: deciding.approve(**one, reason="准", amount=amount),
        "reject": lambda: deciding.reject(**one, reason="否"),
        "appeal": lambda: registering.appeal(**one, new_facts="新票据"),
        "withdraw": lambda: registering.withdraw(**one, reason="不要了"),
        "deliver": lambda: after.deliver(**base, delivered_on=today),
        "refer": lambda: after.refer(
            **base, help="charity", organisation="慈善总会", text="难", owner_name="王", due_on=TOMORROW, burden=1
        ),
        "visit": lambda: after.visit(**base, visited_on=today, how="电话", text="好转"),
        "close": lambda: after.close(**one, feedback=chance.choice(["", "满意"])),
        "pay": lambda: paying.order(**one),
        "answer": lambda: [
            checking.answer(actor=actor, question=q, text="答") for q in application.questions.filter(answered_at=None)
        ],
    }
    if case is not None:
        says = chance.choice(["agree", "agree", "dissent", "recused"])
        found["opine"] = lambda: panel.opine(actor=actor, case_id=case.pk, says=says, text="理由")
        found["absent"] = lambda: panel.mark_absent(
            actor=actor, case_id=case.pk, departments=[chance.choice(case.meeting.departments)]
        )
    if order is not None and actor == cast.fund_officer:
        found["result"] = lambda: _bank(cast, order, arrives=chance.random() < 0.6)
    return found


def _attempts(cast, meeting, actor, so_far):
    application, chance, case, order = so_far
    return tries(cast, meeting, application, actor, chance, case, order)


def _order_of(application) -> PaymentOrder | None:
    keys = [paying.reference_of(one) for one in application.decisions.all()]
    return PaymentOrder.objects.filter(reference__in=keys).first()


def _bank(cast, order: PaymentOrder, arrives: bool) -> None:
    """The bank's word, also after the money had arrived, also when the case is closed."""
    if order.state == PaymentOrder.State.OPEN:
        batch = fund.make_batch(actor=cast.fund_officer, region=order.region, orders=[order])
        fund.send_batch(actor=cast.fund_officer, batch=batch)
    try:
        fund.record_result(actor=cast.fund_officer, order=order, paid=arrives, reason="销户")
    except ClaimError as error:
        raise Refused(str(error)) from error


def _may(did: str, application, actor) -> bool:
    if did == "result":
        return True
    return not workflow.why_not(Did(did), application, actor)


def _plays(cast, chance, rule: str, steps: int) -> tuple[list, list, set]:
    """Random people do random things for `steps` turns: the people, the cases, the states that were reached."""
    both = cast._user(Role.CASE_WORKER, Role.REVIEWER, Role.CLERK, name="both", region=cast.township)
    people = [cast.clerk, cast.worker, cast.other_worker, cast.reviewer, cast.other_reviewer, both, cast.liaison]
    people += [cast.fund_officer, *cast.panel.values()]
    meeting = make.make_meeting(cast)

    def another(far: bool):
        """A draft, or a case that has come far already: decided, so that what follows is played as well."""
        if not far:
            application = make.complete(cast, make.register(cast, rule=rule))
        elif rule == "case":
            application = make.approved_case(cast, 500_000)
        else:
            application = make.reviewing(cast, make.register(cast, rule=rule))
            make.reject(cast, application)
        Person.objects.filter(pk=application.person_id).update(bank_account="6217000000000000123")
        return application

    cases = [another(False), another(True)]
    reached = set()
    for _ in range(steps):
        application = make.fresh(chance.choice(cases[-2:]))
        if application.state == State.WITHDRAWN or (application.state == State.CLOSED and chance.random() < 0.8):
            cases.append(another(chance.random() < 0.5))
            continue
        before = application.state
        at_panel = MeetingCase.objects.filter(application=application, done_at=None).select_related("meeting").first()
        so_far = (application, chance, at_panel, _order_of(application))
        actor, name = chance.choice(people), ""
        if chance.random() < 0.85:  # something that is allowed, so that cases get far
            fitting = [
                (one, did)
                for one in people
                for did in _attempts(cast, meeting, one, so_far)
                if _may(did, application, one)
            ]
            names = sorted({did for _one, did in fitting})
            if names:
                name = chance.choices(names, [WEIGHTS.get(one, 1) for one in names])[0]
                actor = chance.choice([one for one, did in fitting if did == name])
        attempts = _attempts(cast, meeting, actor, so_far)
        name = name or chance.choice(list(attempts))
        try:
            attempts[name]()
            reached |= {make.fresh(application).state, name}
        except Refused:
            assert make.fresh(application).revision == application.revision, name
        _holds(make.fresh(application), before)
    return people, cases, reached


# Two ways through: money by a panel, with banks that send it back; an eligibility, closed without any payment.
@pytest.mark.parametrize("seed", range(2))
def test_random_moves_with_money_break_no_rule(shannan, seed):
    give_budget(shannan, 10_000_000_000)
    people, cases, reached = _plays(shannan, random.Random(seed), "case", 70)
    assert {State.REVIEWING, State.PANEL, State.PAID, "pay", "result"} <= reached, reached
    _all_end(shannan, people, cases)


@pytest.mark.parametrize("seed", range(2))
def test_random_moves_of_eligibility_break_no_rule(cast, seed):
    people, cases, reached = _plays(cast, random.Random(seed), "eligibility", 55)
    assert {State.REVIEWING, State.APPROVED, State.REJECTED, State.CLOSED, "appeal", "deliver"} <= reached, reached
    assert State.PAID not in reached and not Payment.objects.exists() and not PaymentOrder.objects.exists()
    _all_end(cast, people, cases)


def _all_end(cast, people: list, cases: list) -> None:
    everyone = [*people, cast._user(Role.REVIEWER, name="third"), cast._user(Role.CASE_WORKER, name="worker3")]
    for application in cases:
        _ends(make.fresh(application), everyone)


def _holds(application: Application, before: str) -> None:
    """What must be true after anything."""
    decisions = list(application.decisions.all())
    assert sum(one.outcome == "approved" for one in decisions) <= 1
    assert len({one.round for one in decisions}) == len(decisions)
    for one in decisions:
        before_it = application.steps.filter(id__lt=_decided(one))
        hands = before_it.filter(did__in=[Did.REGISTER, Did.EDIT, Did.SUBMIT, Did.APPEAL, Did.FINISH_CHECK])
        assert one.decided_by_id not in hands.values_list("actor", flat=True)
        assert one.decided_by_id not in [d.decided_by_id for d in decisions if d.round < one.round]
    for check in application.checks.all():
        entered = application.steps.filter(
            did__in=[Did.REGISTER, Did.EDIT, Did.SUBMIT, Did.APPEAL], id__lt=_step_of(check)
        )
        assert check.checked_by_id not in entered.values_list("actor", flat=True)
    _pays_once(application)
    if application.state != before:
        step = application.steps.exclude(from_state="").first()
        assert step.to_state == application.state
    if application.state in FINAL:
        assert application.due_on is None
    else:
        assert any(application.state in move.sources for move in workflow.MOVES)


def _pays_once(application: Application) -> None:
    """One payment and one order of a decision, ever; the money is out at most once; paid is what the bank says."""
    payments = list(Payment.objects.filter(decision__application=application))
    order = _order_of(application)
    assert len(payments) <= 1 and (order is None) == (not payments)
    if order is None:
        assert application.state != State.PAID
        return
    assert payments[0].amount == order.amount == payments[0].decision.amount
    out = Posting.objects.filter(account="bank", entry__note__endswith=order.number).aggregate(sum=Sum("amount"))["sum"]
    assert (out or 0) == (-order.amount if order.state == PaymentOrder.State.PAID else 0)
    if application.state not in FINAL:
        assert (application.state == State.PAID) == (order.state == PaymentOrder.State.PAID)


def _decided(decision: Decision) -> int:
    did = Did.APPROVE if decision.outcome == "approved" else Did.REJECT
    return Step.objects.get(did=did, data__decision=decision.pk).pk


def _step_of(check) -> int:
    return Step.objects.get(did=Did.FINISH_CHECK, data__check=check.pk).pk


def _ends(application: Application, everyone: list) -> None:
    """Whatever happened, somebody can bring the case out of the state in which it stands."""
    if application.state in FINAL:
        return
    open_moves = [
        move.did
        for move in workflow.MOVES
        if application.state in move.sources
        and any(not workflow.why_not(move.did, application, one) for one in everyone)
    ]
    assert open_moves, application.state


@pytest.mark.django_db(transaction=True)
def test_fifty_approvals_at_once_end_in_one_decision():
    make_regions()
    load_regions()
    load_documents(actor=None)
    cast = make.Cast()
    reviewers = [cast.reviewer, cast.other_reviewer]
    application = make.reviewing(cast, make.register(cast))
    seen = application.revision

    def approve(at: int) -> str:
        try:
            deciding.approve(actor=reviewers[at % 2], application_id=application.pk, seen=seen, reason=f"第{at}次")
            return "approved"
        except Stale as stale:
            return stale.steps[0].did
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        outcomes = list(pool.map(approve, range(50)))
    assert sorted(set(outcomes)) == ["approve", "approved"] and outcomes.count("approved") == 1
    assert Decision.objects.filter(application=application).count() == 1
    assert make.fresh(application).state == State.APPROVED


def test_the_database_itself_refuses_a_second_approval(cast):
    from django.db import IntegrityError, transaction

    application = make.reviewing(cast, make.register(cast))
    made = make.approve(cast, application)
    made.pk, made.round, made.letter = None, 2, "另一号"
    with pytest.raises(IntegrityError, match="approved_once"), transaction.atomic():
        made.save(force_insert=True)


def test_the_record_is_appended_only(cast):
    from django.db import ProgrammingError, transaction

    application = make.register(cast)
    for change in (lambda: application.steps.update(reason="x"), lambda: application.steps.all().delete()):
        with pytest.raises(ProgrammingError, match="step"), transaction.atomic():
            change()
