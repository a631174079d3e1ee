"""Approved applications as claims ask for them: who may be settled under a category on application (S1-19)."""

from collections.abc import Iterator, Sequence

from assistance.models import Decision
from assistance.vocabulary import Kind
from claims.eligibility import Approval


def approvals(person_ids: Sequence[int]) -> Iterator[Approval]:
    """From the day of the decision, without end (the category's own end ends it): one query."""
    rows = Decision.objects.filter(
        outcome=Decision.Outcome.APPROVED, kind=Kind.ELIGIBILITY, application__person_id__in=person_ids
    ).values_list("application__person_id", "category", "valid_from")
    for person_id, category, valid_from in rows:
        yield Approval(person_id, category, valid_from)
