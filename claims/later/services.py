"""Later truth, step by step: a fact is recorded, a case prepared by one person, confirmed by another, booked.

A case settles whole years from zero on the facts as they are when it is confirmed. What was prepared must then still
hold, to the fen; otherwise it is computed anew and shown again.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Job, Region, User
from claims.errors import CannotSettle, ClaimRefused, NotAllowed
from claims.later import booking, computing, year_end
from claims.later.computing import LINE_COLUMNS, Key, Line
from claims.later.models import OPEN, Cause, LaterFact, Resettlement
from claims.models import Claim
from claims.services import NewClaim, check
from policies import selectors as law
from policies.models import PolicyVersion

TASK: Final = "claims.resettle"
YEAR_END_TASK: Final = "claims.year_end"
AT_ONCE: Final = 50  # person-years that a request settles itself; more go to the workers
State = Resettlement.State
# Told of a booked case inside its transaction: the fund (claims.fund) orders what is to be paid or taken back.
Listener = Callable[[Resettlement], None]
_listeners: list[Listener] = []


class CaseMoved(CannotSettle):
    """Facts changed since the case was prepared; it now shows the new amounts and must be looked at again."""


def register_listener(listener: Listener) -> Listener:
    """Add who must know of a confirmed case, in the transaction that books it."""
    _listeners.append(listener)
    return listener


# --- facts that claims themselves learn ------------------------------------------------------------------------------
def propose_reversal(*, actor: User | None, claims: Iterable[Claim], reason: str) -> list[LaterFact]:
    """冲正: these claims were taken back. They count until a case is confirmed. Raises NotAllowed, ClaimRefused."""
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明冲正的原因，如平台退费的日期和单号。"))
    found = list(claims)
    with transaction.atomic():
        return [_propose(actor, claim, Cause.REVERSAL, reason, None) for claim in found]


def propose_correction(*, actor: User | None, claim: Claim, corrected: NewClaim, reason: str) -> LaterFact:
    """更正: the claim's facts were wrong; number and person stay. The old facts are kept when a case is confirmed.

    Raises NotAllowed, ClaimRefused.
    """
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明更正的依据。"))
    check(corrected, claim.person)
    held = computing.facts_now(claim)
    values = {name: getattr(corrected, name) for name in held if hasattr(corrected, name)}
    values["settled_on"] = corrected.settled_on.isoformat()
    changed = {name: value for name, value in values.items() if value != held[name]}
    if not changed:
        raise ClaimRefused("", _("更正后的内容与已登记的相同；请修改有误的项目。"))
    with transaction.atomic():
        return _propose(actor, claim, Cause.CORRECTION, reason, changed)


def _propose(actor: User | None, claim: Claim, cause: Cause, reason: str, facts: dict[str, Any] | None) -> LaterFact:
    _may_write(actor, claim.region_id)
    held = Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
    if held.reversed_at is not None:
        raise ClaimRefused("", _("结算号 %(no)s 已冲正，不能再办理。") % {"no": held.claim_no})
    waiting = LaterFact.objects.filter(claim=held, done_at=None, cause__in=(Cause.REVERSAL, Cause.CORRECTION)).first()
    if waiting is not None:
        raise ClaimRefused(
            "",
            _("结算号 %(no)s 已有待确认的%(what)s；请先确认或撤回。")
            % {"no": held.claim_no, "what": waiting.get_cause_display()},
        )
    day = held.settled_on
    if facts and "settled_on" in facts:
        day = min(day, date.fromisoformat(facts["settled_on"]))
    return LaterFact.objects.create(
        person_id=held.person_id,
        year=held.settled_on.year,
        region_id=held.region_id,
        since=day,
        cause=cause,
        reference=f"claim:{held.pk}",
        claim=held,
        facts=facts,
        note=reason.strip()[:200],
        recorded_by=actor,
    )


def take_back(*, actor: User | None, fact: LaterFact) -> None:
    """A reversal or correction that no case has taken up is withdrawn. Raises NotAllowed, CannotSettle."""
    _may_write(actor, fact.region_id)
    with transaction.atomic():
        held = LaterFact.objects.select_for_update().get(pk=fact.pk)
        if held.claim_id is None or held.done_at is not None:
            raise CannotSettle(_("只有尚未确认的冲正和更正可以撤回。"))
        if held.case_id is not None and Resettlement.objects.get(pk=held.case_id).is_open:
            raise CannotSettle(_("已列入待确认的重新结算；请先撤回该重新结算。"))
        held.delete()


def affected_by_fact(
    *, actor: User | None, person_id: int, since: date, cause: str, reference: str
) -> QuerySet[LaterFact]:
    """A fact from a room above (an approved eligibility with a past date): records it, returns the years it touches."""
    from beneficiaries.changes import facts_changed

    facts_changed(person_id, since=since, cause=cause, reference=reference)
    return LaterFact.objects.filter(person_id=person_id, cause=cause, reference=reference, done_at=None)


def record_version(*, actor: User | None, version: PolicyVersion) -> int:
    """A version published with a past date: the years that were settled by another text wait. Returns how many."""
    _may_write(actor, version.region_id)
    prefix = version.region_id.rstrip("0")
    last = law.last_day(version)
    reference = f"version:{version.pk}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO claims_laterfact (person_id, year, region_id, since, cause, reference, note, recorded_by_id,
                recorded_at)
            SELECT c.person_id, extract(year FROM c.settled_on)::int, min(c.region_id), min(c.settled_on), %(cause)s,
                   %(reference)s, '', %(actor)s, now()
            FROM claims_claim c JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
            WHERE c.region_id >= %(low)s AND c.region_id <= %(high)s AND c.settled_on >= %(first)s
                AND (%(last)s::date IS NULL OR c.settled_on <= %(last)s) AND c.reversed_at IS NULL
                AND s.version_id <> %(version)s AND NOT s.version_id = ANY(%(nearer)s)
                AND NOT EXISTS (SELECT FROM claims_laterfact f WHERE f.person_id = c.person_id
                    AND f.year = extract(year FROM c.settled_on) AND f.done_at IS NULL AND f.cause = %(cause)s
                    AND f.reference = %(reference)s)
            GROUP BY 1, 2
            """,
            {
                "cause": Cause.POLICY,
                "reference": reference,
                "actor": actor.pk if actor else None,
                "low": prefix.ljust(12, "0"),
                "high": prefix.ljust(12, "9"),
                "first": version.validity.lower,
                "last": last,
                "version": version.pk,
                "nearer": _nearer(version),
            },
        )
        return cursor.rowcount


def _nearer(version: PolicyVersion) -> list[int]:
    """Versions of places within the version's region: there those govern, and later ones of its own region."""
    own = Q(region_id=version.region_id, validity__startswith__gt=version.validity.lower)
    within = Q(region__code__startswith=version.region_id.rstrip("0")) & ~Q(region_id=version.region_id)
    return list(PolicyVersion.objects.filter(own | within, state__in=law.IN_FORCE).values_list("pk", flat=True))


# --- cases -----------------------------------------------------------------------------------------------------------
def prepare(*, actor: User | None, region: Region, cause: str, reference: str = "") -> Resettlement:
    """A case for all waiting years of one cause (and one source of it) in the region, computed at once or on a worker.

    It takes up whatever else waits for the same years. Raises NotAllowed, CannotSettle when nothing waits.
    """
    _may_write(actor, region.pk)
    waiting = LaterFact.objects.filter(done_at=None, cause=cause, region__code__startswith=region.prefix)
    if reference:
        waiting = waiting.filter(reference=reference)
    return _open_case(actor, region, cause, reference, waiting)


def prepare_facts(*, actor: User | None, facts: Sequence[LaterFact]) -> Resettlement:
    """A case for these waiting facts, of one cause and region. Raises NotAllowed, CannotSettle."""
    first = facts[0]
    for fact in facts:
        _may_write(actor, fact.region_id)
    waiting = LaterFact.objects.filter(pk__in=[fact.pk for fact in facts], done_at=None)
    return _open_case(actor, first.region, first.cause, first.reference, waiting)


def _open_case(
    actor: User | None, region: Region, cause: str, reference: str, waiting: QuerySet[LaterFact]
) -> Resettlement:
    with transaction.atomic():
        case = Resettlement.objects.create(region=region, cause=cause, reference=reference, prepared_by=actor)
        taken = _take_up(case, waiting)
        if not taken:
            raise CannotSettle(_("没有等待重新结算的年度；可能已列入另一件，请刷新后再看。"))
        case.years = taken
        case.save(update_fields=["years"])
    return _go_on(case, actor, taken)


def _take_up(case: Resettlement, waiting: QuerySet[LaterFact]) -> int:
    """The waiting facts of all years that `waiting` names, unless another open case has them; how many years."""
    free = Q(case=None) | ~Q(case__state__in=OPEN)
    with connection.cursor() as cursor:
        # Two who prepare at the same moment: the second finds them taken.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('claims resettlement', 0))")
    asked = waiting.filter(free).values_list("person_id", "year")
    keys = set(asked)
    if not keys:
        return 0
    busy = LaterFact.objects.filter(done_at=None, case__state__in=OPEN).exclude(case=case)
    keys -= set(busy.filter(person_id__in={person for person, _year in keys}).values_list("person_id", "year"))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE claims_laterfact f SET case_id = %s
            FROM unnest(%s::bigint[], %s::int[]) AS k (person_id, year)
            WHERE f.person_id = k.person_id AND f.year = k.year AND f.done_at IS NULL
            """,
            [case.pk, [person for person, _year in keys], [year for _person, year in keys]],
        )
    return len(keys)


def _go_on(case: Resettlement, actor: User | None, years: int) -> Resettlement:
    """Compute the case (or book it) now, or hand it to a worker."""
    if years <= AT_ONCE:
        return perform(case_id=case.pk, actor=actor)
    title = _("重新结算 %(number)s · %(cause)s") % {"number": case.number, "cause": case.get_cause_display()}
    with transaction.atomic():
        case.job = create_job(
            kind="resettlement",
            title=title,
            region=case.region_id,
            actor=actor,
            url=reverse("later:case", args=[case.pk]),
        )
        case.save(update_fields=["job"])
        job_id = case.job.pk
        transaction.on_commit(lambda: current_app.send_task(TASK, args=[case.pk, job_id]))
    return case


def perform(*, case_id: int, actor: User | None, progress: Progress = no_progress) -> Resettlement:
    """What the case waits for: computing it, or booking it. Repeatable: a case that is done is returned as it is."""
    state = Resettlement.objects.values_list("state", flat=True).get(pk=case_id)
    if state == State.COMPUTING:
        return _compute(case_id, actor, progress)
    if state == State.CONFIRMING:
        return _book(case_id, progress)
    return Resettlement.objects.get(pk=case_id)


def _compute(case_id: int, actor: User | None, progress: Progress) -> Resettlement:
    """Settles the years, reads the differences, and takes the settling back: only the lines stay."""
    with transaction.atomic():
        case = Resettlement.objects.select_for_update(of=("self",)).get(pk=case_id)
        if case.state != State.COMPUTING:
            return case
        case.prepared_at = timezone.now()
        try:
            lines = _dry_run(case, actor, progress)
        except CannotSettle as error:
            return _failed(case, str(error))
        progress(_("写入结果"), 0, 1)
        _keep(case, lines)
        progress(_("写入结果"), 1, 1)
        return case


def _dry_run(case: Resettlement, actor: User | None, progress: Progress) -> list[Line]:
    mark = transaction.savepoint()
    try:
        return computing.settle_again(
            _keys(case), _proposals(case), actor=actor, now=timezone.now(), progress=progress, dry=True
        )
    finally:
        transaction.savepoint_rollback(mark)


def _failed(case: Resettlement, problem: str) -> Resettlement:
    case.state, case.problem = State.FAILED, problem[:500]
    case.save(update_fields=["state", "problem"])
    return case


def _keep(case: Resettlement, lines: list[Line]) -> None:
    case.lines.all()._raw_delete("default")
    computing.copy_lines(case.pk, lines)
    changes = bool(lines) or case.facts.filter(claim__isnull=False).exists()
    case.state = State.PREPARED if changes else State.NOTHING
    case.persons, case.claims = len({line.person_id for line in lines}), len(lines)
    parts = [getattr(line, f"new_{tier}") - getattr(line, f"old_{tier}") for line in lines for tier in computing.TIERS]
    case.supplement = sum(part for part in parts if part > 0)
    case.recovery = -sum(part for part in parts if part < 0)
    case.problem = ""
    case.save()
    if not changes:
        # Nothing of what was paid is otherwise: the facts are answered.
        _apply_silently(case)


def _apply_silently(case: Resettlement) -> None:
    """Settle without differences in money, so that the settlements in force rest on the facts as they are."""
    now = timezone.now()
    computing.settle_again(_keys(case), [], actor=case.prepared_by, now=now, progress=no_progress)
    case.facts.filter(done_at=None).update(done_at=now)


def _keys(case: Resettlement) -> list[Key]:
    found = set(case.facts.filter(done_at=None).values_list("person_id", "year"))
    for person_id, facts in case.facts.filter(done_at=None, facts__settled_on__isnull=False).values_list(
        "person_id", "facts"
    ):
        found.add((person_id, int((facts or {})["settled_on"][:4])))
    return sorted(found)


def _proposals(case: Resettlement) -> list[LaterFact]:
    return list(case.facts.filter(done_at=None, claim__isnull=False, cause__in=_PROPOSED).order_by("pk"))


_PROPOSED: Final = (Cause.REVERSAL, Cause.CORRECTION)


def confirm(*, actor: User, case: Resettlement) -> Resettlement:
    """Another person than the one who prepared it confirms: settlements are written, differences booked.

    Raises NotAllowed, CannotSettle, CaseMoved (the case then shows the new amounts).
    """
    with transaction.atomic():
        held = Resettlement.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not actor.may(Act.RESETTLE_CONFIRM) or not held.region_id.startswith(actor.region_prefix):
            raise NotAllowed(_("您的角色或管辖范围不能确认重新结算；请由本地区的复核人员办理。"))
        if held.prepared_by_id == actor.pk:
            raise NotAllowed(_("经办人不能确认自己测算的重新结算；请由另一人复核。"))
        if held.state != State.PREPARED:
            raise CannotSettle(
                _("这件重新结算现在的状态是“%(state)s”，不能确认。") % {"state": held.get_state_display()}
            )
        held.state, held.decided_by, held.decided_at = State.CONFIRMING, actor, timezone.now()
        held.save(update_fields=["state", "decided_by", "decided_at"])
    done = _go_on(held, actor, held.years)
    if done.state == State.PREPARED:
        raise CaseMoved(done.problem)
    if done.state == State.FAILED:
        raise CannotSettle(done.problem)
    return done


def _book(case_id: int, progress: Progress) -> Resettlement:
    with transaction.atomic():
        case = Resettlement.objects.select_for_update(of=("self",)).select_related("decided_by").get(pk=case_id)
        if case.state != State.CONFIRMING:
            return case
        actor, now = case.decided_by, timezone.now()
        mark = transaction.savepoint()
        _join_newer_facts(case)
        try:
            lines = computing.settle_again(_keys(case), _proposals(case), actor=actor, now=now, progress=progress)
        except CannotSettle as error:
            transaction.savepoint_rollback(mark)
            return _failed(case, str(error))
        if lines != _held_lines(case):
            transaction.savepoint_rollback(mark)
            return _moved(case, lines)
        transaction.savepoint_commit(mark)
        progress(_("入账"), 0, 1)
        booking.book(case.pk, lines, actor=actor, now=now)
        case.facts.filter(done_at=None).update(done_at=now)
        case.state = State.CONFIRMED
        case.save(update_fields=["state"])
        for listener in _listeners:
            listener(case)
        progress(_("入账"), 1, 1)
        return case


def _join_newer_facts(case: Resettlement) -> None:
    """Facts that came after the case was prepared are settled with it: their years are settled from zero anyway."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE claims_laterfact f SET case_id = %(case)s
            FROM (SELECT DISTINCT person_id, year FROM claims_laterfact WHERE case_id = %(case)s AND done_at IS NULL) k
            WHERE f.person_id = k.person_id AND f.year = k.year AND f.done_at IS NULL AND f.case_id IS NULL
                AND f.facts IS NULL AND f.cause <> 'reversal'
            """,
            {"case": case.pk},
        )


def _held_lines(case: Resettlement) -> list[Line]:
    return [Line(*row) for row in case.lines.order_by("id").values_list(*LINE_COLUMNS)]


def _moved(case: Resettlement, lines: list[Line]) -> Resettlement:
    case.decided_by, case.decided_at = None, None
    _keep(case, lines)
    case.problem = _("测算之后情况有变，金额已重新计算；请再次核对后确认。")
    case.save(update_fields=["problem", "decided_by", "decided_at"])
    return case


def withdraw(*, actor: User, case: Resettlement, reason: str) -> Resettlement:
    """The case is not confirmed: its facts wait again. By whom it was prepared, or who would confirm it.

    Raises NotAllowed, CannotSettle.
    """
    if not reason.strip():
        raise CannotSettle(_("请写明撤回的原因。"))
    with transaction.atomic():
        held = Resettlement.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not (actor.may(Act.RESETTLE_CONFIRM) or actor.may(Act.CLAIM_WRITE)) or not held.region_id.startswith(
            actor.region_prefix
        ):
            raise NotAllowed(_("您的角色或管辖范围不能撤回重新结算。"))
        if held.state not in (State.PREPARED, State.FAILED):
            raise CannotSettle(
                _("这件重新结算现在的状态是“%(state)s”，不能撤回。") % {"state": held.get_state_display()}
            )
        held.state, held.decided_by, held.decided_at = State.WITHDRAWN, actor, timezone.now()
        held.reason = reason.strip()[:200]
        held.save(update_fields=["state", "decided_by", "decided_at", "reason"])
        held.facts.filter(done_at=None).update(case=None)
        return held


def _may_write(actor: User | None, region_id: str) -> None:
    if actor is None:
        return
    if not actor.may(Act.CLAIM_WRITE):
        raise NotAllowed(_("您的角色不能办理重新结算；请由县级经办办理。"))
    if not region_id.startswith(actor.region_prefix):
        raise NotAllowed(_("不在您的管辖范围内；请由参保地经办。"))


def start_year_end(*, actor: User, region: Region, year: int) -> Job:
    """The run at year end (`year_end.run_year_end`) on a worker; its job. Raises NotAllowed, CannotSettle."""
    year_end.check(actor, region, year)
    title = _("年末结算 %(region)s · %(year)s 年") % {"region": region.name, "year": year}
    with transaction.atomic():
        url = f"{reverse('later:year_end')}?year={year}"
        job = create_job(kind="year_end", title=title, region=region, actor=actor, url=url)
        transaction.on_commit(lambda: current_app.send_task(YEAR_END_TASK, args=[region.pk, year, job.pk]))
    return job
