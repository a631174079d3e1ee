"""What other rooms show of a person: a tab of the person page, entries of the timeline, lines of the summary.

A room registers its panel in AppConfig.ready; it is shown to whom its act is granted.

    register(Panel(key="claims", label=_("费用"), act=Act.CLAIM_READ, order=20,
                   template="claims/person_panel.html", context=panel_context, timeline=entries))

`context(user, person)` gives the template's variables and is called when the tab is opened; `timeline(user, person)`
gives entries for components/timeline.html (`day` is needed, further `icon`, `text`, `amount`, `who`, `url`, `tone`)
and `summary(user, person)` rows for components/summary.html: one query each, for they are asked on every opening.
On the page `person.history` holds all spells (`beneficiaries.selectors.history`): no panel need read them again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.access import Act
from accounts.models import User
from beneficiaries.models import Person

Entries = Callable[[User, Person], Sequence[dict[str, Any]]]


def _nothing(_user: User, _person: Person) -> Sequence[dict[str, Any]]:
    return ()


@dataclass(frozen=True)
class Panel:
    """See the module."""

    key: str
    label: Any
    act: Act
    order: int
    template: str
    context: Callable[[User, Person], dict[str, Any]]
    timeline: Entries = _nothing
    summary: Entries = _nothing


_PANELS: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Adds a tab; a second one of the same key replaces the first."""
    _PANELS[panel.key] = panel


def panels_for(user: User) -> list[Panel]:
    """The panels that the user may see, in order."""
    return sorted((panel for panel in _PANELS.values() if user.may(panel.act)), key=lambda panel: panel.order)
