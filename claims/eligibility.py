"""Who is approved for a category that the policy grants on application only (S1-19).

Approved applications live in a room above this one, so they come in by registration: the room that keeps them
registers a source when it starts. While none is registered nobody is approved.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Approval:
    """A person may be settled under a category on application, from a day to a day (both included, open without)."""

    person_id: int
    category: str
    valid_from: date
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


Source = Callable[[Sequence[int]], Iterable[Approval]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """Add a source: given person ids it answers with their approvals, in a fixed number of queries."""
    _sources.append(source)
    return source


def approvals_of(person_ids: Sequence[int]) -> dict[int, list[Approval]]:
    """Approvals by person; persons without any are not in it."""
    found: dict[int, list[Approval]] = defaultdict(list)
    for source in _sources:
        for approval in source(person_ids):
            found[approval.person_id].append(approval)
    return found
