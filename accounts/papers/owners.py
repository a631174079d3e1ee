"""To whom a paper belongs: rooms say who may see the papers of their things.

    owners.register("claim", _("费用"), may_see=lambda user, pk: user.visible(Claim).filter(pk=pk).exists())

A paper without an owner yet (a form that is still being filled in) is its uploader's alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Owner:
    """A kind of thing that has papers; `may_see(user, id)` is asked at every download, `url(id)` is its page."""

    kind: str
    label: Any
    may_see: "Callable[[User, int], bool]"
    url: Callable[[int], str] | None = None


_OWNERS: dict[str, Owner] = {}


def register(kind: str, label: Any, may_see: "Callable[[User, int], bool]", url: Any = None) -> Owner:
    """Called in a room's `ready`; a second registration of a kind replaces the first."""
    _OWNERS[kind] = Owner(kind, label, may_see, url)
    return _OWNERS[kind]


def may_see(user: "User", kind: str, owner_id: int) -> bool:
    """Whether the user may see the papers of this thing; an unknown kind: nobody."""
    owner = _OWNERS.get(kind)
    return owner is not None and owner.may_see(user, owner_id)
