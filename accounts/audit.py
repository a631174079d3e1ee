"""The audit trail: database triggers copy every change of a tracked model, with actor, role and request."""

from collections.abc import Callable
from typing import Any

import pghistory


def tracked(**options: Any) -> Callable[[type], type]:
    """Class decorator: inserts, updates and deletes of the model are kept by triggers in an append-only event table."""
    return pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), **options)


def acting(actor: Any, via: str, **more: Any) -> Any:
    """Context manager: changes inside are recorded with this actor (tasks and commands; requests have it already).

    `actor` is a `User` or None (the system itself); `via` says the door, e.g. `command import_roster`.
    """
    who = {"user": actor.pk, "username": actor.username, "roles": list(actor.roles)} if actor is not None else {}
    return pghistory.context(**who, via=via, **more)
