"""The nightly check: the years of a sample are settled from zero with the engine, compared, and taken back."""

import logging

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from claims.errors import CannotSettle
from claims.models import PersonYear
from claims.settling import settle_years
from monitoring.models import Recheck, RecheckFinding

logger = logging.getLogger(__name__)
SAMPLE, CHUNK = 500, 50
SUMS = (
    "claims",
    "total",
    "in_scope",
    "basic_paid",
    "cii_paid",
    "assistance",
    "out_of_catalogue_assistance",
    "top_up",
    "in_scope_burden",
    "personal_burden",
    "measure",
)
# Years in the order of a hash: each night another sample, and the same again for the same seed. What waits for a
# case (a later truth) is known to differ and is left out.
_DRAW = """
SELECT y.person_id, y.year FROM claims_personyear y
WHERE y.claims > 0 AND NOT EXISTS (
    SELECT FROM claims_laterfact f WHERE f.person_id = y.person_id AND f.year = y.year AND f.done_at IS NULL)
ORDER BY hashtextextended(y.id::text, hashtext(%(seed)s)), y.id LIMIT %(count)s
"""

Key = tuple[int, int]


class RecheckError(Exception):
    """Why an answer is not taken; `str()` says what to do."""


def recheck(*, seed: str = "", count: int = SAMPLE) -> Recheck:
    """Draws, settles again and compares; what differs is kept as findings. Nothing of the claims changes.

    Ended at any line it leaves an unfinished run; the next one starts anew.
    """
    seed = seed or f"{timezone.localdate():%Y-%m-%d}"
    run = Recheck.objects.create(seed=seed)
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, {"seed": seed, "count": count})
        keys: list[Key] = cursor.fetchall()
    findings: list[RecheckFinding] = []
    for start in range(0, len(keys), CHUNK):
        findings += _chunk(run, keys[start : start + CHUNK])
    with transaction.atomic():
        RecheckFinding.objects.bulk_create(findings)
        run.years, run.finished_at = len(keys), timezone.now()
        run.failed = sum(bool(one.error) for one in findings)
        run.different = len(findings) - run.failed
        run.save(update_fields=["years", "finished_at", "failed", "different"])
    if findings:
        logger.error("recheck %s: %d of %d years differ, %d failed", seed, run.different, run.years, run.failed)
    return run


def _chunk(run: Recheck, keys: list[Key]) -> list[RecheckFinding]:
    """A failure of one year is found by settling them one by one."""
    try:
        return _compare(run, keys)
    except CannotSettle as error:
        if len(keys) > 1:
            return [found for key in keys for found in _chunk(run, [key])]
        (year,) = _years(keys)
        return [_finding(run, year, error=str(error)[:300])]


def _compare(run: Recheck, keys: list[Key]) -> list[RecheckFinding]:
    with transaction.atomic():
        # The years are locked by settling; what is read here is what is compared.
        list(PersonYear.objects.select_for_update().filter(pk__in=[row.pk for row in _years(keys)]).order_by("id"))
        kept = {(row.person_id, row.year): row for row in _years(keys)}
        mark = transaction.savepoint()
        settle_years(keys, actor=None, from_zero=True, cause="")
        again = {(row.person_id, row.year): row for row in _years(keys)}
        transaction.savepoint_rollback(mark)
    findings = []
    for key, row in kept.items():
        wrong = {
            name: [getattr(row, name), getattr(again[key], name)]
            for name in SUMS
            if getattr(row, name) != getattr(again[key], name)
        }
        if wrong:
            findings.append(_finding(run, row, sums=wrong))
    return findings


def _years(keys: list[Key]) -> list[PersonYear]:
    wanted = set(keys)
    rows = PersonYear.objects.filter(person_id__in=[person for person, _year in keys])
    return [row for row in rows if (row.person_id, row.year) in wanted]


def _finding(run: Recheck, row: PersonYear, **what: object) -> RecheckFinding:
    return RecheckFinding(recheck=run, person_id=row.person_id, region_id=row.region_id, year=row.year, **what)


def answer(*, actor: User, finding: RecheckFinding, text: str) -> RecheckFinding:
    """Says what came of a difference. Raises RecheckError."""
    if not actor.may(Act.CLAIM_WRITE):
        raise RecheckError(_("您的角色不能办理这一项。"))
    if not text.strip():
        raise RecheckError(_("请写明原因和处理结果。"))
    with transaction.atomic():
        found = RecheckFinding.objects.select_for_update(of=("self",)).get(pk=finding.pk)
        if found.answered_at:
            raise RecheckError(_("这一项已经办理过。"))
        found.answer, found.answered_by, found.answered_at = text.strip()[:300], actor, timezone.now()
        found.save(update_fields=["answer", "answered_by", "answered_at"])
        return found
