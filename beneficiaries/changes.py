"""Facts about persons that changed with a day in the past: rooms above register who must know.

What settled a claim (categories, approvals, who a person is) may turn out otherwise later. Whoever writes such a fact
says so here, inside the writing transaction; a room above that rests on the facts registers a receiver when it starts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Cause(TextChoices):
    """Why facts are otherwise; rooms above use further codes of their own."""

    CATEGORY = "category", _("补录认定")
    CATEGORY_END = "category_end", _("补录退出")
    ROSTER = "roster", _("名单导入")
    ROSTER_UNDONE = "roster_undone", _("名单撤销")
    MERGE = "merge", _("档案合并")
    APPROVAL = "approval", _("申请批准")
    DESIGNATION = "designation", _("类别指定")


@dataclass(frozen=True)
class Change:
    """`query` (with `params`) gives rows of (person id, first day on which the facts are otherwise).

    `cause` a code of `Cause` or of the room that tells; `reference` says by what (`file:12`, `spell:7`).
    """

    query: str
    params: Sequence[Any]
    cause: str
    reference: str


Receiver = Callable[[Change], None]
_receivers: list[Receiver] = []

# Days on which the spells of a file make a difference: what it closed beside what it wrote, by person and category.
_BY_FILE: Final = """
SELECT person_id, min(lower((held - told) + (told - held))) AS since
FROM (
    SELECT person_id, category,
        coalesce(range_agg(daterange(valid_from, valid_to, '[]')) FILTER (WHERE closed_by_id = %s), '{}') AS held,
        coalesce(range_agg(daterange(valid_from, valid_to, '[]')) FILTER (WHERE source_id = %s
            AND closed_by_id IS DISTINCT FROM %s), '{}') AS told
    FROM beneficiaries_categoryspell WHERE source_id = %s OR closed_by_id = %s
    GROUP BY person_id, category
) AS spells
WHERE held <> told GROUP BY person_id
"""


def register(receiver: Receiver) -> Receiver:
    """Add a receiver: it gets the change as a set of rows and reads it in the transaction that wrote it."""
    _receivers.append(receiver)
    return receiver


def facts_changed(person_id: int, *, since: date, cause: str, reference: str) -> None:
    """One person's facts are otherwise from `since` on. Call it in the transaction that writes them."""
    facts_changed_bulk("SELECT %s::bigint, %s::date", (person_id, since), cause=cause, reference=reference)


def facts_changed_bulk(query: str, params: Sequence[Any], *, cause: str, reference: str) -> None:
    """Many persons' facts: `query` gives (person id, since), each person once, and must hold when it is called."""
    for receiver in _receivers:
        receiver(Change(query, params, cause, reference))


def categories_of_file_changed(file_id: int, *, undone: bool = False) -> None:
    """The spells that a file wrote and closed; call it after writing, or before taking them back (`undone`)."""
    cause = Cause.ROSTER_UNDONE if undone else Cause.ROSTER
    facts_changed_bulk(_BY_FILE, (file_id,) * 5, cause=cause, reference=f"file:{file_id}")
