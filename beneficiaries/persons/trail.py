"""Who changed what of a person, when and why, and who looked: the tab 记录."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, ClassVar, Final

from django.db import connection
from django.db.models import CharField, F, Model, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import events_of
from accounts.fields import EncryptedTextField
from accounts.models import ReadRecord, Region, User
from accounts.rows import rebuilt
from beneficiaries.models import CategorySpell, Document, Household, Merge, Person, Registration

MOST = 200  # the newest; the audit pages hold all
# Columns that say nothing to a reader: keys, derived values, what only the machine needs.
_SILENT = {
    "id", "person_id", "initials", "created_at", "source_id", "source_row", "known_from", "closed_by_id", "moved",
    "before", "after", "kept_id", "gone_id", "proposed_at", "decided_at", "undone_at",
}  # fmt: skip
# Whose events tell of a person, and which of them.
_TOLD: Final[Sequence[tuple[type[Model], str]]] = (
    (Person, "e.pgh_obj_id = %(person)s"),
    (CategorySpell, "e.person_id = %(person)s"),
    (Document, "e.person_id = %(person)s"),
    (Registration, "e.person_id = %(person)s"),
    (Merge, "e.kept_id = %(person)s OR e.gone_id = %(person)s"),
)


@dataclass(frozen=True)
class Changed:
    """One change: what was changed of what, each field before and after."""

    at: datetime
    what: str
    kind: str  # insert, update, delete
    fields: list[tuple[str, str, str]]
    who: str
    door: str
    reason: str


def changes(person: Person) -> list[Changed]:
    """Changes of the person, the spells, documents, disease registrations and merges, newest first: two queries."""
    events = list(_events(person))
    names = _Names(person, events)
    found: list[Changed] = []
    for _key, of_one in groupby(events, key=lambda event: (type(event), event.pgh_obj_id)):
        found += _of_one(list(of_one), names)
    found.sort(key=lambda change: change.at, reverse=True)
    return found[:MOST]


def _events(person: Person) -> Iterator[Any]:
    """Instances of the event models, each thing's together and in their order; `context` is who and why."""
    parts = [
        f"""SELECT {place}, e.pgh_obj_id, e.pgh_id, to_jsonb(e), c.metadata
        FROM {events_of(model)._meta.db_table} e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id
        WHERE {condition}"""  # noqa: S608 - made of constants
        for place, (model, condition) in enumerate(_TOLD)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1, 2, 3", {"person": person.pk})
        rows = cursor.fetchall()
    for place, _key, _number, event, metadata in rows:
        one = rebuilt(events_of(_TOLD[place][0]), [json.loads(event)])[0]
        one.context = json.loads(metadata or "{}")  # type: ignore[attr-defined]
        yield one


def _of_one(events: list[Any], names: "_Names") -> list[Changed]:
    found, earlier = [], None
    model = events[0].pgh_tracked_model
    for event in events:
        meta = event.context
        fields = _differences(model, earlier, event, names) if event.pgh_label != "delete" else []
        if fields or event.pgh_label != "update":
            door = meta.get("via", "") or (meta.get("path", ""))
            found.append(
                Changed(
                    at=event.pgh_created_at,
                    what=f"{model._meta.verbose_name}{_subject(event)}",
                    kind=event.pgh_label,
                    fields=fields,
                    who=names.of_user(meta),
                    door=door,
                    reason=meta.get("reason", ""),
                )
            )
        earlier = event
    return found


def _subject(event: Any) -> str:
    """Which spell, document or registration it was."""
    for name in ("get_category_display", "get_kind_display", "get_register_display"):
        if hasattr(event, name):
            return f" · {getattr(event, name)()}"
    return ""


def _differences(model: type[Model], earlier: Any, event: Any, names: "_Names") -> list[tuple[str, str, str]]:
    found = []
    for field in model._meta.concrete_fields:
        name = field.attname
        if name in _SILENT or name.endswith("_key") or not hasattr(event, name):
            continue
        before, after = (getattr(one, name) if one is not None else None for one in (earlier, event))
        if (before or None) == (after or None):
            continue
        if isinstance(field, EncryptedTextField):
            before, after = (_("（已加密）") if value else "" for value in (before, after))
        label = _("更正于") if name == "known_to" else str(field.verbose_name)
        found.append((label, names.text(field, before), names.text(field, after)))
    return found


class _Names:
    """Names of the regions, households, users and persons that events speak of: one query."""

    _NAMED: ClassVar[dict[type[Model], Any]] = {
        Region: F("name"),
        Household: F("number"),
        User: Coalesce(NullIf("name", Value("")), "username"),
        Person: F("name"),
    }

    def __init__(self, person: Person, events: Iterable[Any]) -> None:
        asked: dict[type[Model], set[Any]] = {model: set() for model in self._NAMED}
        for event in events:
            asked[User].add(event.context.get("user"))
            for field in event._meta.concrete_fields:
                if field.is_relation and field.name not in _SILENT and field.related_model in asked:
                    asked[field.related_model].add(getattr(event, field.attname))
        parts = [
            model._default_manager.filter(pk__in=keys - {None})
            .order_by()
            .values_list(Value(place), Cast("pk", CharField()), self._NAMED[model])
            for place, (model, keys) in enumerate(asked.items())
        ]
        models = list(asked)
        self._known = {(models[place], key): name for place, key, name in parts[0].union(*parts[1:], all=True)}

    def of_user(self, context: dict[str, Any]) -> str:
        """Who acted, by name; the account's where it is gone."""
        return self._known.get((User, str(context.get("user"))), context.get("username", ""))

    def text(self, field: Any, value: Any) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if isinstance(value, datetime):
            return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
        if isinstance(value, date):
            return f"{value:%Y-%m-%d}"
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if field.is_relation:
            return self._name(field.related_model, value)
        return str(value)

    def _name(self, model: type[Model], key: Any) -> str:
        return str(self._known.get((model, str(key)), key))


def reads(user: User, person: Person) -> list[ReadRecord]:
    """Who looked at the file, the newest first."""
    rows = user.visible(ReadRecord).filter(subject=f"person:{person.pk}").select_related("user")
    return list(rows.order_by("-at")[:MOST])
