"""The checks of contradictions: each a named select that gives who, what and under which lasting key.

    register(Check("after_death", _("死亡后仍有费用"), ("casework",), select=…, words=…))

`select(scope)` gives rows (dicts) with `key`, `person_id`, `region_id`, `day`, `evidence` (JSON values by name) and,
where it speaks of one claim, `claim_id`; audit checks add `tier`, `platform`, `ours` (fen). Rooms above register
theirs when they start; a kind keeps its name for ever, for answers hang on it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claims.contradictions.models import Contradiction

Row = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """Where and since when is looked: a region's significant digits, the first day of claims, today."""

    prefix: str
    since: date
    today: date

    @property
    def params(self) -> dict[str, Any]:
        """For SQL: %(low)s, %(high)s, %(since)s, %(today)s."""
        return {
            "low": self.prefix.ljust(12, "0"),
            "high": self.prefix.ljust(12, "9"),
            "since": self.since,
            "today": self.today,
        }


def _no_words(_found: "Contradiction") -> list[Any]:
    return []


@dataclass(frozen=True)
class Check:
    """One kind. `group`: facts (of the register and claims), audit (复核差异), protection (S0-14); `help` says what it
    means and what to do; `words(found)` gives rows for components/summary.html."""

    kind: str
    title: Any
    group: str
    clauses: tuple[str, ...]
    select: Callable[[Scope], Iterable[Row]]
    words: "Callable[[Contradiction], list[Any]]" = _no_words
    help: Any = ""
    tags: tuple[str, ...] = field(default=())


_CHECKS: dict[str, Check] = {}


def register(check: Check) -> Check:
    """Adds a check; a second one of the same kind replaces the first."""
    _CHECKS[check.kind] = check
    return check


def check_of(kind: str) -> Check | None:
    return _CHECKS.get(kind)


def all_checks() -> list[Check]:
    return list(_CHECKS.values())


def kinds_of(group: str) -> list[str]:
    """The kinds of a group, in the order of their registration."""
    return [check.kind for check in _CHECKS.values() if check.group == group]


def title_of(kind: str) -> str:
    found = _CHECKS.get(kind)
    return str(found.title) if found else kind
