"""Inquiries: raised when a roster is confirmed, answered by the department, settled by its next good row."""

from typing import Any, BinaryIO, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.crypto import blind_index
from accounts.models import User
from accounts.vocabulary import Department
from exchange import kinds, reader, vault
from exchange.deciding import WRITES
from exchange.inquiries.models import Inquiry
from exchange.models import InboundFile, Outcome, StagedRow

# What was neither written nor given up by a decision goes back: errors, and doubts that nobody settled.
BACK: Final = Q(outcome=Outcome.ERROR) | Q(outcome=Outcome.DOUBTFUL, decision__in=["", StagedRow.Decision.REJECT])
GOOD: Final = [Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.EXITED]
_VALUES: Final[dict[str, Any]] = {"settles": [*WRITES], "good": GOOD}

RAISE: Final = """
INSERT INTO exchange_inquiry (file_id, "row", department, region_id, month, outcome, code, reason, value, id_number,
    id_key, person_id, name, category, household, phone_key, state, answer, corrected_name, note, created_at)
SELECT %(file)s, i."row", %(department)s, %(region)s, %(month)s, i.outcome, i.code, i.reason,
       coalesce(i."values" ->> 'value', ''), i.id_number, i.id_key, i.person_id, i.name, i.category, i.household,
       i.phone_key, 'open', '', '', '', %(now)s
FROM exchange_stagedrow i
WHERE i.file_id = %(file)s AND i."row" IS NOT NULL
    AND (i.outcome = 'error' OR (i.outcome = 'doubtful' AND i.decision IN ('', 'reject')))
ON CONFLICT DO NOTHING
"""
# A good row about the same person settles what was asked before: the same number, the same person, the number that the
# department gave as the right one, or, where the number itself was wrong, the same name in the same household or with
# the same telephone. One joined set per way, for an OR of them would be compared row by row; the file is read once, for
# the few rows that any of them can mean. A row that is in the same trouble again takes the place of the older one.
SETTLE: Final = """
WITH asked AS MATERIALIZED (
    SELECT * FROM exchange_inquiry WHERE department = %(department)s AND region_id BETWEEN %(first)s AND %(last)s
        AND state <> 'closed' AND file_id <> %(file)s AND month <= %(month)s
), said AS MATERIALIZED (
    SELECT i.id_key, i.person_id, i.name, i.household, i.phone_key FROM exchange_stagedrow i
    WHERE i.file_id = %(file)s AND i."row" IS NOT NULL
        AND (i.outcome = ANY(%(good)s) OR (i.outcome = 'doubtful' AND i.decision = ANY(%(settles)s)))
        AND (i.person_id IN (SELECT person_id FROM asked WHERE person_id IS NOT NULL)
            OR i.id_key IN (SELECT id_key FROM asked WHERE id_key IS NOT NULL)
            OR i.id_key IN (SELECT corrected_key FROM asked WHERE corrected_key IS NOT NULL)
            OR i.name IN (SELECT name FROM asked WHERE id_key IS NULL AND name <> ''))
    UNION ALL
    SELECT NULL, one.person, '', '', NULL FROM exchange_unchangedrows u, unnest(u.persons) one (person)
    WHERE u.file_id = %(file)s AND one.person IN (SELECT person_id FROM asked WHERE person_id IS NOT NULL)
), settled AS (
    SELECT a.id FROM asked a JOIN said i ON i.id_key = a.id_key
    UNION SELECT a.id FROM asked a JOIN said i ON i.person_id = a.person_id
    UNION SELECT a.id FROM asked a JOIN said i ON i.id_key = a.corrected_key
    UNION SELECT a.id FROM asked a JOIN said i ON i.name = a.name AND i.household = a.household
        WHERE a.id_key IS NULL AND a.name <> '' AND a.household <> ''
    UNION SELECT a.id FROM asked a JOIN said i ON i.name = a.name AND i.phone_key = a.phone_key
        WHERE a.id_key IS NULL AND a.name <> ''
    UNION SELECT a.id FROM asked a JOIN exchange_inquiry again ON again.file_id = %(file)s AND again.code = a.code
        AND again.id_key = a.id_key
)
UPDATE exchange_inquiry SET state = 'closed', closed_by_id = %(file)s, closed_at = %(now)s
WHERE id IN (SELECT id FROM settled)
"""


def after_confirming(file: InboundFile) -> tuple[int, int]:
    """Raises what goes back and settles what the file answers; returns both numbers. In the confirming transaction."""
    prefix = file.region.prefix
    values: dict[str, Any] = _VALUES | {
        "file": file.pk,
        "department": file.department,
        "region": file.region_id,
        "month": file.month,
        "now": file.confirmed_at,
        "first": prefix.ljust(12, "0"),
        "last": prefix.ljust(12, "9"),
    }
    with connection.cursor() as cursor:
        cursor.execute(RAISE, values)
        raised = cursor.rowcount
        if not Inquiry.objects.filter(department=file.department).exclude(file=file).exclude(state="closed").exists():
            return raised, 0
        cursor.execute(SETTLE, values)
        return raised, cursor.rowcount


def after_undoing(file: InboundFile) -> None:
    """The file never was: its unanswered inquiries go, and those that it settled stand again."""
    Inquiry.objects.filter(file=file, state=Inquiry.State.OPEN).delete()
    again = Inquiry.objects.filter(closed_by=file)
    again.exclude(answered_at=None).update(state=Inquiry.State.ANSWERED, closed_by=None, closed_at=None)
    again.filter(answered_at=None).update(state=Inquiry.State.OPEN, closed_by=None, closed_at=None)


def may_answer(user: User, inquiry: Inquiry) -> bool:
    """The department that sent the row answers; the bureau's case worker may write down what it said on paper."""
    own = user.department in (inquiry.department, Department.MEDICAL_SECURITY)
    return own and user.may(Act.ROSTER_ANSWER) and inquiry.region_id.startswith(user.region_prefix)


def answer_inquiry(
    *, actor: User, inquiry_id: int, answer: str, name: str = "", id_number: str = "", note: str = ""
) -> Inquiry:
    """The department's word: corrected (right name or number), confirmed (as sent; say why), or withdrawn.

    Who a row means can be said here (S3-07); as what somebody is certified, and from when, only a roster says, for a
    spell has its source in one. A withdrawn row is settled at once; the others wait for the next file. An answer may
    be given anew until then.
    Raises PermissionDenied, ValidationError by field.
    """
    with transaction.atomic():
        inquiry = Inquiry.objects.select_for_update().get(pk=inquiry_id)
        if not may_answer(actor, inquiry):
            raise PermissionDenied(_("只有报送部门或医疗保障经办可以答复这一事项"))
        if inquiry.state == Inquiry.State.CLOSED and inquiry.closed_by_id:
            raise ValidationError(_("这一事项已由之后的来文办结，无须再答复"))
        number, key = _number(id_number)
        clean_name = reader.names.normalise(name)
        _check(answer, clean_name, number, note)
        inquiry.answer, inquiry.note = answer, note.strip()[:300]
        inquiry.corrected_name = clean_name if answer == Inquiry.Answer.CORRECTED else ""
        corrects = answer == Inquiry.Answer.CORRECTED and number
        inquiry.corrected_number, inquiry.corrected_key = (number, key) if corrects else (None, None)
        inquiry.answered_by, inquiry.answered_at = actor, timezone.now()
        withdrawn = answer == Inquiry.Answer.WITHDRAWN
        inquiry.state = Inquiry.State.CLOSED if withdrawn else Inquiry.State.ANSWERED
        inquiry.closed_at = inquiry.answered_at if withdrawn else None
        inquiry.save()
    return inquiry


def _number(text: str) -> tuple[str, UUID | None]:
    if not text.strip():
        return "", None
    try:
        number = reader.identity.normalise(text)
    except reader.FieldError as error:
        raise ValidationError({"id_number": str(error)}) from error
    return number, blind_index(number, "id_number")


def _check(answer: str, name: str, number: str, note: str) -> None:
    if answer not in Inquiry.Answer.values:
        raise ValidationError({"answer": _("请选择一种答复")})
    if answer == Inquiry.Answer.CORRECTED and not (name or number or note.strip()):
        raise ValidationError(
            {"name": _("请填写正确的姓名或证件号码；其他列的更正请随名单重新报送，或在说明里写明情况")}
        )
    if answer == Inquiry.Answer.CONFIRMED and not note.strip():
        raise ValidationError({"note": _("请写明依据，例如“已核对户口簿，姓名以公安登记为准”")})


def write_file(file: InboundFile, out: BinaryIO) -> int:
    """The rows of a file that wait for the department, in its own format with 错误原因; returns their number."""
    asked = Inquiry.objects.filter(file=file).exclude(state=Inquiry.State.CLOSED)
    reasons = dict(asked.values_list("row", "reason"))
    context = kinds.reading_context(file)
    reading = reader.read(vault.stream_of(file), kinds.get(file.kind).schema, context)
    return reader.write_error_file(reading, reasons, out)
