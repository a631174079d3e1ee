"""Of whom a read record speaks: rooms say what their things are called and where they are seen.

    subjects.register("person", lambda user, keys: {"12": Named("乌云其其格 150502********0018", url), …})
    subjects.register_list("persons", _("人员名单"))

A record's subject is `person:12`, or the name of a whole list that somebody took out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Named:
    """What a thing is called, numbers masked, and its page."""

    text: str
    url: str = ""


# The things of these keys that the user may see; one query, however many.
Namer = Callable[["User", Sequence[str]], Mapping[str, Named]]
_NAMERS: dict[str, Namer] = {}
_LISTS: dict[str, Any] = {}


def register(kind: str, namer: Namer) -> None:
    """Called in a room's `ready`; a second registration of a kind replaces the first."""
    _NAMERS[kind] = namer


def register_list(name: str, label: Any) -> None:
    """A list that can be taken out as a whole; `label` is lazily translated."""
    _LISTS[name] = label


def named(user: "User", subjects: Iterable[str]) -> dict[str, Named]:
    """Names of these subjects, a query per kind; one that nobody knows or the user may not see stays as it is."""
    found: dict[str, Named] = {}
    keys: dict[str, set[str]] = {}
    for subject in subjects:
        kind, _, key = subject.partition(":")
        found[subject] = Named(str(_LISTS.get(kind, subject)))
        if key and kind in _NAMERS:
            keys.setdefault(kind, set()).add(key)
    for kind, wanted in keys.items():
        found |= {f"{kind}:{key}": one for key, one in _NAMERS[kind](user, sorted(wanted)).items()}
    return found
