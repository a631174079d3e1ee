"""Contradictions: found again by every run, answered by people.

A run looks at all of a region at once. What is there stays open or answered; what is new opens; what has gone is
cleared by itself; what was answered comes back when its evidence changed, or when it was to be mended by a day that
has passed. Raises NotAllowed, AnswerRefused.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Job, Region, User
from claims.audit import causes
from claims.contradictions.checks import Check, Row, Scope, all_checks
from claims.contradictions.models import Contradiction
from claims.errors import ClaimError, NotAllowed

FIND = "claims.find_contradictions"
YEARS_BACK = 1
Answer = Contradiction.Answer
State = Contradiction.State


class AnswerRefused(ClaimError):
    """The answer cannot be taken; `field` is the faulty one."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


# --- finding ------------------------------------------------------------------------------------------------------
def start_search(*, actor: User, region: Region) -> Job:
    """Look now, in the background; progress on the job's page."""
    if not actor.may(Act.CONTRADICTION_ANSWER) or not region.pk.startswith(actor.region_prefix):
        raise NotAllowed(_("您的角色或管辖范围不能查找疑点；请由县级经办或复核人员办理。"))
    with transaction.atomic():
        job = create_job(kind=FIND, title=_("查找疑点：%(place)s") % {"place": region.name}, region=region, actor=actor)
        transaction.on_commit(lambda: current_app.send_task(FIND, [region.pk, job.pk]))
    return job


def find(*, region: Region, today: date | None = None, progress: Progress = no_progress) -> dict[str, int]:
    """Run every check over the region (and below); counts `found`, `new`, `back`, `cleared`. One transaction a check,
    so that nobody waits for the whole."""
    today = today or timezone.localdate()
    scope = Scope(region.prefix, date(today.year - YEARS_BACK, 1, 1), today)
    totals = {"found": 0, "new": 0, "back": 0, "cleared": 0}
    checks = all_checks()
    for done, check in enumerate(checks):
        progress(str(check.title), done, len(checks))
        for name, count in _run(check, scope).items():
            totals[name] += count
    progress(_("完成"), len(checks), len(checks))
    return totals


@transaction.atomic
def _run(check: Check, scope: Scope) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_FOUND)
        found = _put(cursor, check.kind, check.select(scope))
        params = scope.params | {"kind": check.kind, "now": timezone.now()}
        cursor.execute(_BACK, params)
        back = cursor.rowcount
        cursor.execute(_SEEN, params)
        cursor.execute(_NEW, params)
        new = cursor.rowcount
        cursor.execute(_GONE, params)
        cleared = cursor.rowcount
    if check.kind == "platform_differs":
        causes.explain(
            Contradiction.objects.filter(kind=check.kind, state=State.OPEN, cause="", last_seen=params["now"])
        )
    return {"found": found, "new": new, "back": back, "cleared": cleared}


_FOUND = """
DROP TABLE IF EXISTS claims_found;
CREATE TEMP TABLE claims_found (key text, person_id bigint, region_id text, claim_id bigint, day date, evidence jsonb,
    digest text, tier text, platform bigint, ours bigint) ON COMMIT DROP
"""
# Answered and yet there: the evidence is another one, or the day by which it was to be mended has passed.
_BACK = """
UPDATE claims_contradiction c
SET state = 'open', answer = '', text = '', fix_by = NULL, answered_by_id = NULL, answered_at = NULL,
    cleared_at = NULL, times_back = times_back + 1
FROM claims_found f
WHERE c.kind = %(kind)s AND c.key = f.key AND (c.state = 'cleared' OR c.state = 'answered' AND (
    c.digest <> f.digest OR c.fix_by < %(today)s
    OR c.answer = 'ours_corrected' AND c.answered_at::date < %(today)s))
"""
_SEEN = """
UPDATE claims_contradiction c
SET last_seen = %(now)s, person_id = f.person_id, region_id = f.region_id, claim_id = f.claim_id, day = f.day,
    evidence = f.evidence, tier = f.tier, platform = f.platform, ours = f.ours,
    cause = CASE WHEN c.digest = f.digest THEN c.cause ELSE '' END,
    cause_note = CASE WHEN c.digest = f.digest THEN c.cause_note ELSE '' END, digest = f.digest
FROM claims_found f
WHERE c.kind = %(kind)s AND c.key = f.key
"""
_NEW = """
INSERT INTO claims_contradiction (kind, key, person_id, region_id, claim_id, day, evidence, digest, tier, platform,
    ours, cause, cause_note, state, answer, text, first_seen, last_seen, times_back)
SELECT %(kind)s, f.key, f.person_id, f.region_id, f.claim_id, f.day, f.evidence, f.digest, f.tier, f.platform, f.ours,
    '', '', 'open', '', '', %(now)s, %(now)s, 0
FROM claims_found f
ON CONFLICT (kind, key) DO NOTHING
"""
_GONE = """
UPDATE claims_contradiction c SET state = 'cleared', cleared_at = %(now)s
WHERE c.kind = %(kind)s AND c.state <> 'cleared' AND c.region_id BETWEEN %(low)s AND %(high)s
    AND c.last_seen < %(now)s
"""


_COLUMNS = "key, person_id, region_id, claim_id, day, evidence, digest, tier, platform, ours"


def _put(cursor: Any, kind: str, rows: Iterable[Row]) -> int:
    """The rows of a check into the temporary table, each key once."""
    seen: set[str] = set()
    with cursor.copy(f"COPY claims_found ({_COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            key = str(row["key"])[:80]
            if key in seen:
                continue
            seen.add(key)
            evidence = row["evidence"]
            text = evidence if isinstance(evidence, str) else json.dumps(evidence, ensure_ascii=False, sort_keys=True)
            copy.write_row(
                (
                    key,
                    row["person_id"],
                    row["region_id"],
                    row.get("claim_id"),
                    row["day"],
                    text,
                    _digest(text),
                    row.get("tier") or "",
                    row.get("platform"),
                    row.get("ours"),
                )
            )
    return len(seen)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- answering ----------------------------------------------------------------------------------------------------
def answer(
    *, actor: User, items: Sequence[int], answer: str, text: str, fix_by: date | None = None
) -> list[Contradiction]:
    """One answer to one or many (keys); those that have gone meanwhile are left alone. All or none."""
    if not actor.may(Act.CONTRADICTION_ANSWER):
        raise NotAllowed(_("您的角色不能答复疑点；请由县级经办或复核人员办理。"))
    if answer not in Answer.values:
        raise AnswerRefused("answer", _("请选择一种答复。"))
    if not text.strip():
        raise AnswerRefused("text", _("请写明核实的情况。"))
    if answer == Answer.WILL_FIX and (fix_by is None or fix_by < timezone.localdate()):
        raise AnswerRefused("fix_by", _("限期整改须填写今天或以后的期限。"))
    with transaction.atomic():
        found = list(
            actor.visible(Contradiction)
            .select_for_update(of=("self",))
            .filter(pk__in=items, state__in=["open", "answered"])
        )
        for one in found:
            one.state, one.answer, one.text = State.ANSWERED, answer, text.strip()[:500]
            one.fix_by = fix_by if answer == Answer.WILL_FIX else None
            one.answered_by, one.answered_at = actor, timezone.now()
            one.save(update_fields=["state", "answer", "text", "fix_by", "answered_by", "answered_at"])
    return found
