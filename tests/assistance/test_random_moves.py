"""Random people do random things: no dead end, no breach of four eyes, no second decision or payment; fifty at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.services import load_regions
from accounts.vocabulary import Role
from assistance import workflow
from assistance.errors import Refused, Stale
from assistance.models import Application, Decision, MeetingCase, Step
from assistance.services import after, checking, deciding, panel, registering
from assistance.vocabulary import FINAL, Did, State
from policies.services import load_documents
from tests.assistance import makers as make
from tests.factories import make_regions

TOMORROW = timezone.localdate() + timedelta(days=1)


SELDOM = {"withdraw": 0.03, "return": 0.15, "recall": 0.1, "absent": 0.3}


def tries(cast, meeting, application, actor, chance):
    """Everything that anyone could attempt, whatever the state."""
    base = {"actor": actor, "application_id": application.pk}
    one = base | {"seen": application.revision}
    case = MeetingCase.objects.filter(application=application, done_at=None).first()
    amount = chance.choice([500_000, 2_000_000, 90_000_000])
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
        "visit": lambda: after.visit(**base, visited_on=timezone.localdate(), how="电话", text="好转"),
        "close": lambda: after.close(**one, feedback=""),
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
    return found


@pytest.mark.parametrize("seed", range(3))
def test_random_moves_break_no_rule(shannan, seed):
    chance = random.Random(seed)
    cast = shannan
    both = cast._user(Role.CASE_WORKER, Role.REVIEWER, Role.CLERK, name="both", region=cast.township)
    people = [cast.clerk, cast.worker, cast.other_worker, cast.reviewer, cast.other_reviewer, both, cast.liaison]
    people += [cast.fund_officer]
    people += list(cast.panel.values())
    meeting = make.make_meeting(cast)
    cases = [make.complete(cast, make.register(cast, rule="case")) for _ in range(2)]
    reached = set()
    for _ in range(110):
        application = make.fresh(chance.choice(cases[-2:]))
        if application.state in FINAL:
            cases.append(make.complete(cast, make.register(cast, rule="case")))
            continue
        before = application.state
        actor, name = chance.choice(people), ""
        if chance.random() < 0.8:  # something that is allowed, so that cases get far
            fitting = [
                (one, did)
                for one in people
                for did in tries(cast, meeting, application, one, chance)
                if not workflow.why_not(Did(did), application, one)
            ]
            names = sorted({did for _one, did in fitting})
            if names:
                name = chance.choices(names, [SELDOM.get(one, 1) for one in names])[0]
                actor = chance.choice([one for one, did in fitting if did == name])
        attempts = tries(cast, meeting, application, actor, chance)
        name = name or chance.choice(list(attempts))
        try:
            attempts[name]()
        except Refused:
            assert make.fresh(application).revision == application.revision, name
        reached.add(make.fresh(application).state)
        _holds(make.fresh(application), before)
    assert {State.REVIEWING, State.PANEL} <= reached, reached
    everyone = [*people, cast._user(Role.REVIEWER, name="third"), cast._user(Role.CASE_WORKER, name="worker3")]
    for application in cases:
        _ends(make.fresh(application), everyone)


def _holds(application: Application, before: str) -> None:
    """What must be true after anything."""
    decisions = list(application.decisions.all())
    assert sum(one.outcome == "approved" for one in decisions) <= 1
    assert len({one.round for one in decisions}) == len(decisions)
    for one in decisions:
        before_it = application.steps.filter(id__lt=Step.objects.get(data__decision=one.pk).pk)
        hands = before_it.filter(did__in=[Did.REGISTER, Did.EDIT, Did.SUBMIT, Did.APPEAL, Did.FINISH_CHECK])
        assert one.decided_by_id not in hands.values_list("actor", flat=True)
        assert one.decided_by_id not in [d.decided_by_id for d in decisions if d.round < one.round]
    for check in application.checks.all():
        entered = application.steps.filter(
            did__in=[Did.REGISTER, Did.EDIT, Did.SUBMIT, Did.APPEAL], id__lt=_step_of(check)
        )
        assert check.checked_by_id not in entered.values_list("actor", flat=True)
    if application.state != before:
        step = application.steps.exclude(from_state="").first()
        assert step.to_state == application.state
    if application.state in FINAL:
        assert application.due_on is None
    else:
        assert any(application.state in move.sources for move in workflow.MOVES)


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
