"""The audit trail: database triggers copy every change of a tracked model, with actor, role and request."""

from collections.abc import Callable, Sequence
from typing import Any

import pghistory
from django.apps import apps
from django.db.models import (
    DO_NOTHING,
    BigIntegerField,
    CharField,
    ForeignKey,
    Index,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, NullIf


def tracked(*, indexed: Sequence[str] | None = None, **options: Any) -> Callable[[type], type]:
    """Class decorator: inserts, updates and deletes of the model are kept by triggers in an append-only event table.

    `indexed` names the foreign keys by which events are looked for; without it every one has an index, which a table
    that is written by the hundred thousand cannot afford.
    """
    trackers = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())

    def track(model: type[Model]) -> type:
        more = dict(options)
        if indexed is not None:
            keys = [field.name for field in model._meta.local_fields if isinstance(field, ForeignKey)]
            more["attrs"] = {name: _unindexed(model, name) for name in keys}
            name = model._meta.model_name
            more["meta"] = {"indexes": [Index(fields=[key], name=f"{name}_event_{key}") for key in indexed]}
        return pghistory.track(*trackers, **more)(model)

    return track


def _unindexed(model: type[Model], name: str) -> Any:
    """The event table's copy of a foreign key, as pghistory makes it but for the index."""
    field: Any = model._meta.get_field(name)
    return ForeignKey(
        field.remote_field.model if field.remote_field.model is not model else model._meta.label,
        DO_NOTHING,
        verbose_name=field._verbose_name,
        help_text=field.help_text,
        null=field.null,
        blank=field.blank,
        editable=field.editable,
        db_constraint=False,
        db_index=False,
        related_name="+",
        related_query_name="+",
    )


def acting(actor: Any, via: str, **more: Any) -> Any:
    """Context manager: changes inside are recorded with this actor (tasks and commands; requests have it already).

    `actor` is a `User` or None (the system itself); `via` says the door, e.g. `command import_roster`.
    """
    who = {"user": actor.pk, "username": actor.username, "roles": list(actor.roles)} if actor is not None else {}
    return pghistory.context(**who, via=via, **more)


def with_actor(events: QuerySet[Any]) -> QuerySet[Any]:
    """Events with `acted_by`: the name of the person who acted, the account's where it has none or is gone.

    Empty where the system did it.
    """
    acting_user = apps.get_model("accounts", "User").objects.filter(
        pk=Cast(KeyTextTransform("user", OuterRef("pgh_context__metadata")), BigIntegerField())
    )
    username = KeyTextTransform("username", "pgh_context__metadata")
    name = Subquery(acting_user.values("name")[:1])
    return events.annotate(acted_by=Coalesce(NullIf(name, Value("")), username, Value(""), output_field=CharField()))


def tracked_models() -> list[type[Model]]:
    """Models whose changes are kept, in the order of the apps."""
    return [model for model in apps.get_models() if "pgh_event_models" in vars(model)]


def events_of(model: type[Model]) -> type[Model]:
    """The event model of a tracked model."""
    return next(iter(dict.fromkeys(model.pgh_event_models.values())))  # type: ignore[attr-defined]
