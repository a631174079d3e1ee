"""Approved applications as claims ask for them: who may be settled under a category on application (S1-19)."""

from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection

from assistance.models import Decision
from assistance.vocabulary import Kind
from claims.eligibility import Approval

# Ids as one array: settling a region asks for hundreds of thousands of people, and a parameter each takes seconds.
_APPROVALS: Final = """
SELECT a.person_id, d.category, d.valid_from
FROM assistance_decision d JOIN assistance_application a ON a.id = d.application_id
WHERE d.outcome = %s AND d.kind = %s AND a.person_id = ANY(%s)
"""


def approvals(person_ids: Sequence[int]) -> Iterator[Approval]:
    """From the day of the decision, without end (the category's own end ends it): one query."""
    with connection.cursor() as cursor:
        cursor.execute(_APPROVALS, [Decision.Outcome.APPROVED, Kind.ELIGIBILITY, list(person_ids)])
        rows = cursor.fetchall()
    for person_id, category, valid_from in rows:
        yield Approval(person_id, category, valid_from)
