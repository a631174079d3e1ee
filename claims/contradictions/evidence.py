"""The evidence of a contradiction in words: labels of its values, links to what they speak of."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claims.contradictions.models import Contradiction


def lines(found: "Contradiction") -> list[dict[str, Any]]:
    """Rows for components/summary.html, by the check that found it."""
    from claims.contradictions.checks import check_of

    check = check_of(found.kind)
    return check.words(found) if check else []
