"""Payments that do not fit (S3-07): found by SQL, decided by a person, gone when the facts are right."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, User
from beneficiaries.enrolment.case_models import PaymentMismatch
from beneficiaries.enrolment.computing import compute_persons
from beneficiaries.enrolment.models import Contribution
from beneficiaries.enrolment.services import allowed
from beneficiaries.models import Person

Kind, Outcome = PaymentMismatch.Kind, PaymentMismatch.Outcome
# Decided, yet open until tax has refunded (and collected again).
AWAITING = (Outcome.REFUND, Outcome.REFUND_ONLY)
# Kinds whose payment belongs to nobody until somebody says whose it is.
UNATTACHED = (Kind.UNKNOWN, Kind.NAME, Kind.DECEASED)

FOUND: Final = """
CREATE TEMP TABLE mismatches_found ON COMMIT DROP AS
SELECT p.id AS person_id, k.id AS contribution_id, k.region_id, k.problem AS kind, 0::bigint AS expected,
    k.amount AS actual
FROM beneficiaries_contribution k LEFT JOIN beneficiaries_person p ON p.id_key = k.id_key
WHERE k.problem <> '' AND k.year = %(year)s AND k.region_id >= %(low)s AND k.region_id <= %(high)s
    -- a refund of the same amount answers the payment, though it has no person either
    AND NOT EXISTS (SELECT FROM beneficiaries_contribution o WHERE o.id_key = k.id_key AND o.year = k.year
        AND o.kind <> k.kind AND o.amount = k.amount AND o.paid_on >= k.paid_on AND o.id <> k.id)
    AND NOT (k.kind = 'refund' AND EXISTS (SELECT FROM beneficiaries_contribution o WHERE o.id_key = k.id_key
        AND o.year = k.year AND o.kind = 'payment' AND o.amount = k.amount))
UNION ALL
SELECT person_id, NULL, region_id, kind, due, net FROM (
    SELECT e.person_id, e.region_id, e.due, e.paid + e.other_paid - e.refunded AS net,
        CASE
        WHEN e.refunded > e.paid + e.other_paid THEN 'refund_alone'
        WHEN e.version_id IS NULL OR e.paid + e.other_paid = e.refunded THEN ''
        WHEN e.insurance <> 'resident' THEN
            CASE WHEN EXISTS (SELECT FROM beneficiaries_contribution k JOIN beneficiaries_coverage c
                ON c.person_id = k.person_id AND c.insurance <> 'resident' AND k.paid_on >= c.valid_from
                AND (c.valid_to IS NULL OR c.valid_to >= k.paid_on)
                WHERE k.person_id = e.person_id AND k.year = e.year AND k.kind = 'payment') THEN 'not_owed' ELSE '' END
        WHEN e.due = 0 THEN 'not_owed'
        WHEN e.paid + e.other_paid - e.refunded < e.due THEN 'too_little'
        WHEN e.paid + e.other_paid - e.refunded >= 2 * e.due THEN 'paid_twice'
        WHEN e.paid + e.other_paid - e.refunded > e.due THEN 'too_much'
        ELSE '' END AS kind
    FROM beneficiaries_enrolment e
    WHERE e.year = %(year)s AND e.region_id >= %(low)s AND e.region_id <= %(high)s
        AND (e.paid > 0 OR e.other_paid > 0 OR e.refunded > 0)
) judged WHERE kind <> ''
"""
WRITE: Final = """
INSERT INTO beneficiaries_paymentmismatch AS m (person_id, contribution_id, region_id, year, kind, expected, actual,
    found_on, outcome, note)
SELECT person_id, contribution_id, region_id, %(year)s, kind, expected, actual, %(today)s, '', '' FROM mismatches_found
ON CONFLICT ON CONSTRAINT mismatch_once DO UPDATE SET expected = excluded.expected, actual = excluded.actual,
    region_id = excluded.region_id, outcome = CASE WHEN m.closed_on IS NULL THEN m.outcome ELSE '' END,
    closed_on = NULL, closed_by_id = CASE WHEN m.closed_on IS NULL THEN m.closed_by_id END,
    found_on = CASE WHEN m.closed_on IS NULL THEN m.found_on ELSE excluded.found_on END
WHERE (m.expected, m.actual) <> (excluded.expected, excluded.actual)
    OR (m.closed_on IS NOT NULL AND m.outcome <> 'explained')
"""
GONE: Final = """
UPDATE beneficiaries_paymentmismatch m SET closed_on = %(today)s,
    outcome = CASE WHEN m.outcome = '' THEN 'gone' ELSE m.outcome END
WHERE m.year = %(year)s AND m.region_id >= %(low)s AND m.region_id <= %(high)s AND m.closed_on IS NULL
    AND NOT EXISTS (SELECT FROM mismatches_found f WHERE f.kind = m.kind
        AND f.person_id IS NOT DISTINCT FROM m.person_id AND f.contribution_id IS NOT DISTINCT FROM m.contribution_id)
"""


def refresh_mismatches(*, region: Region, year: int) -> int:
    """Looks through the payments of a region's year; gives how many items stand open. The same facts change nothing."""
    values = {
        "year": year,
        "low": region.prefix.ljust(12, "0"),
        "high": region.prefix.ljust(12, "9"),
        "today": timezone.localdate(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS mismatches_found")
        cursor.execute(FOUND, values)
        # An unattached payment is one item, also after somebody with that number was registered under another name.
        cursor.execute(
            "UPDATE beneficiaries_paymentmismatch m SET person_id = f.person_id FROM mismatches_found f"
            " WHERE m.contribution_id = f.contribution_id AND m.kind = f.kind"
            " AND m.person_id IS DISTINCT FROM f.person_id"
        )
        cursor.execute(WRITE, values)
        cursor.execute(GONE, values)
        low, high = values["low"], values["high"]
        opened = PaymentMismatch.objects.filter(year=year, closed_on=None, region_id__gte=low, region_id__lte=high)
        return opened.count()


def decide_mismatch(*, actor: User | None, mismatch: PaymentMismatch, outcome: str, note: str = "") -> PaymentMismatch:
    """What is done about it: refund (and collect again), count it for the person, explain. Raises ValidationError."""
    allowed(actor, mismatch.region_id)
    if outcome not in (*AWAITING, Outcome.ATTACHED, Outcome.EXPLAINED):
        raise ValidationError({"outcome": _("请选择处理结果")})
    if outcome == Outcome.EXPLAINED and not note.strip():
        raise ValidationError({"note": _("请写明核实的情况")})
    with transaction.atomic():
        one = PaymentMismatch.objects.select_for_update(of=("self",)).get(pk=mismatch.pk)
        if one.closed_on:
            raise ValidationError(_("这个疑点已于 %(day)s 办结，请刷新。") % {"day": one.closed_on})
        one.outcome, one.note, one.closed_by = outcome, note.strip()[:300], actor
        if outcome not in AWAITING:
            one.closed_on = timezone.localdate()
        one.save()
        if outcome == Outcome.ATTACHED:
            _attach(one)
    return one


def _attach(mismatch: PaymentMismatch) -> None:
    """The payment counts for the registered person of its number."""
    payment = mismatch.contribution
    person = Person.objects.filter(id_key=payment.id_key).first() if payment else None
    if payment is None or mismatch.kind not in UNATTACHED:
        raise ValidationError({"outcome": _("这笔缴费已计入此人；请选择退费，或说明情况。")})
    if person is None:
        raise ValidationError({"outcome": _("登记簿中还没有此人；请先登记，或者退费。")})
    Contribution.objects.filter(pk=payment.pk).update(person=person, problem="", region_id=person.region_id)
    PaymentMismatch.objects.filter(pk=mismatch.pk).update(person=person, region_id=person.region_id)
    compute_persons([person.pk], payment.year, strict=False)
    refresh_mismatches(region=person.region, year=payment.year)
