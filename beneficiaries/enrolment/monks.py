"""Monks and nuns by monastery as the roster of ethnic affairs names them (S0-20).

A mark is never overwritten: what a file says otherwise closes the old one and opens another, so that undoing the file
brings back what was.
"""

from typing import Any, Final

from django.db import connection

from beneficiaries.enrolment.models import PersonMark
from exchange.models import InboundFile

# Rows that name a monastery or say who is commended, beside the mark that is open; what the file lacks stays.
SAID: Final = """
CREATE TEMP TABLE monks_said ON COMMIT DROP AS
SELECT DISTINCT ON (p.id) p.id AS person_id, m.id AS mark_id, m.detail AS known, m.commended AS known_best,
    coalesce(r.values ->> 'monastery', m.detail) AS detail,
    coalesce((r.values ->> 'commended')::boolean, m.commended, false) AS commended,
    CASE WHEN m.id IS NULL THEN coalesce(r.valid_from, %(month)s) ELSE %(month)s END AS since
FROM exchange_stagedrow r
JOIN beneficiaries_person p ON p.id = r.person_id OR (r.person_id IS NULL AND p.id_key = r.id_key)
LEFT JOIN beneficiaries_personmark m ON m.person_id = p.id AND m.kind = 'monastery' AND m.until IS NULL
WHERE r.file_id = %(file)s AND r.outcome IN ('new', 'changed', 'unchanged') AND r.values ? 'monastery'
    AND r.category = 'monastic' AND r.valid_to IS NULL AND coalesce(r.values ->> 'monastery', m.detail) IS NOT NULL
ORDER BY p.id, r.row
"""
CLOSE: Final = """
UPDATE beneficiaries_personmark m SET until = greatest(m.since, s.since - 1), closed_by_id = %(file)s
FROM monks_said s WHERE m.id = s.mark_id AND (s.detail, s.commended) <> (s.known, s.known_best)
"""
OPEN: Final = """
INSERT INTO beneficiaries_personmark (person_id, kind, detail, commended, since, source_id)
SELECT person_id, 'monastery', left(detail, 80), commended, since, %(file)s FROM monks_said
WHERE mark_id IS NULL OR (detail, commended) <> (known, known_best)
"""
# Who left the roster left the monastery, as far as it knows.
LEFT: Final = """
UPDATE beneficiaries_personmark m SET until = greatest(m.since, s.valid_to), closed_by_id = %(file)s
FROM beneficiaries_categoryspell s
WHERE s.source_id = %(file)s AND s.known_to IS NULL AND s.category = 'monastic' AND s.valid_to IS NOT NULL
    AND m.person_id = s.person_id AND m.kind = 'monastery' AND m.until IS NULL AND m.since <= s.valid_to
    AND NOT EXISTS (SELECT FROM beneficiaries_categoryspell o WHERE o.person_id = s.person_id
        AND o.category = 'monastic' AND o.known_to IS NULL AND (o.valid_to IS NULL OR o.valid_to > s.valid_to))
"""
REOPEN: Final = """
UPDATE beneficiaries_personmark m SET until = NULL, closed_by_id = NULL
WHERE m.closed_by_id = %(file)s AND NOT EXISTS (SELECT FROM beneficiaries_personmark o
    WHERE o.person_id = m.person_id AND o.kind = m.kind AND o.until IS NULL)
"""


def marks_of_file(file: InboundFile) -> int:
    """Writes the marks that a confirmed roster names; gives how many were opened. In the confirming transaction."""
    values: dict[str, Any] = {"file": file.pk, "month": file.month}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS monks_said")
        cursor.execute(SAID, values)
        cursor.execute(CLOSE, values)
        cursor.execute(OPEN, values)
        opened = cursor.rowcount
        cursor.execute(LEFT, values)
        return opened


def take_back_marks(file: InboundFile) -> None:
    """The marks as they were before the file."""
    PersonMark.objects.filter(source=file).delete()
    with connection.cursor() as cursor:
        cursor.execute(REOPEN, {"file": file.pk})
