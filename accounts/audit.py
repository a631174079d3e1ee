"""The audit trail: database triggers copy every change of a tracked model, with actor, role and request."""

from collections.abc import Callable
from typing import Any

import pghistory
from django.apps import apps
from django.db.models import Model


def tracked(**options: Any) -> Callable[[type], type]:
    """Class decorator: inserts, updates and deletes of the model are kept by triggers in an append-only event table."""
    return pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), **options)


def acting(actor: Any, via: str, **more: Any) -> Any:
    """Context manager: changes inside are recorded with this actor (tasks and commands; requests have it already).

    `actor` is a `User` or None (the system itself); `via` says the door, e.g. `command import_roster`.
    """
    who = {"user": actor.pk, "username": actor.username, "roles": list(actor.roles)} if actor is not None else {}
    return pghistory.context(**who, via=via, **more)


def tracked_models() -> list[type[Model]]:
    """Models whose changes are kept, in the order of the apps."""
    return [model for model in apps.get_models() if "pgh_event_models" in vars(model)]


def events_of(model: type[Model]) -> type[Model]:
    """The event model of a tracked model."""
    return next(iter(dict.fromkeys(model.pgh_event_models.values())))  # type: ignore[attr-defined]
