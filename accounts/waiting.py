"""Work that waits for someone: what each room's `selectors.waiting(user)` gives to the navigation and the workbench."""

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Waiting:
    """One line of the workbench: `count` items that the user may deal with now, seen at `url`.

    `due` is the earliest date by which one of them must be done, `late` how many are past theirs.
    """

    label: Any
    count: int
    url: str
    due: date | None = None
    late: int = 0
