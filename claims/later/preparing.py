"""Preparing a case: whose years it takes up, and what they would come to. Nothing of the settlements changes."""

from typing import Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs import Progress, no_progress
from accounts.models import User
from claims.errors import CannotSettle
from claims.later import computing
from claims.later.computing import Key, Line
from claims.later.models import OPEN, Cause, LaterFact, Resettlement

State = Resettlement.State


def take_up(case: Resettlement, waiting: QuerySet[LaterFact]) -> int:
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


def compute(case_id: int, actor: User | None, progress: Progress) -> Resettlement:
    """Settles the years, reads the differences, and takes the settling back: only the lines stay."""
    with transaction.atomic():
        case = Resettlement.objects.select_for_update(of=("self",)).get(pk=case_id)
        if case.state != State.COMPUTING:
            return case
        case.prepared_at = timezone.now()
        try:
            lines = _dry_run(case, actor, progress)
        except CannotSettle as error:
            return failed(case, str(error))
        progress(_("写入结果"), 0, 1)
        keep(case, lines)
        progress(_("写入结果"), 1, 1)
        return case


def _dry_run(case: Resettlement, actor: User | None, progress: Progress) -> list[Line]:
    mark = transaction.savepoint()
    try:
        return computing.settle_again(
            keys(case), proposals(case), actor=actor, now=timezone.now(), progress=progress, dry=True
        )
    finally:
        transaction.savepoint_rollback(mark)


def failed(case: Resettlement, problem: str) -> Resettlement:
    """The case says why it was not computed or not booked."""
    case.state, case.problem = State.FAILED, problem[:500]
    case.save(update_fields=["state", "problem"])
    return case


def keep(case: Resettlement, lines: list[Line]) -> None:
    """The lines as the case shows them; without any, and nothing proposed, its facts are answered."""
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
    computing.settle_again(keys(case), [], actor=case.prepared_by, now=now, progress=no_progress)
    case.facts.filter(done_at=None).update(done_at=now)


def keys(case: Resettlement) -> list[Key]:
    """The years that the case settles again, those too into which a correction moves a claim."""
    found = set(case.facts.filter(done_at=None).values_list("person_id", "year"))
    for person_id, facts in case.facts.filter(done_at=None, facts__settled_on__isnull=False).values_list(
        "person_id", "facts"
    ):
        found.add((person_id, int((facts or {})["settled_on"][:4])))
    return sorted(found)


def proposals(case: Resettlement) -> list[LaterFact]:
    """Its reversals and corrections."""
    return list(case.facts.filter(done_at=None, claim__isnull=False, cause__in=_PROPOSED).order_by("pk"))


_PROPOSED: Final = (Cause.REVERSAL, Cause.CORRECTION)
