"""Who changed what of a person, when and why, and who looked: the tab 记录."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import events_of
from accounts.fields import EncryptedTextField
from accounts.models import ReadRecord, Region, User
from beneficiaries.models import CategorySpell, Document, Household, Merge, Person, Registration

MOST = 200  # the newest; the audit pages hold all
# Columns that say nothing to a reader: keys, derived values, what only the machine needs.
_SILENT = {
    "id", "person_id", "initials", "created_at", "source_id", "source_row", "known_from", "closed_by_id", "moved",
    "before", "after", "kept_id", "gone_id", "proposed_at", "decided_at", "undone_at",
}  # fmt: skip


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
    """Changes of the person, the spells, documents, disease registrations and merges, newest first: six queries."""
    found: list[Changed] = []
    lookups: Sequence[tuple[type[Model], Q]] = (
        (Person, Q(pgh_obj_id=person.pk)),
        (CategorySpell, Q(person_id=person.pk)),
        (Document, Q(person_id=person.pk)),
        (Registration, Q(person_id=person.pk)),
        (Merge, Q(kept_id=person.pk) | Q(gone_id=person.pk)),
    )
    names = _Names(person)
    for model, lookup in lookups:
        events: Any = events_of(model).objects  # type: ignore[attr-defined]
        rows = events.filter(lookup).select_related("pgh_context").order_by("pgh_obj_id", "pgh_id")
        for _key, of_one in groupby(rows, key=lambda row: row.pgh_obj_id):
            found += _of_one(model, list(of_one), names)
    found.sort(key=lambda change: change.at, reverse=True)
    return found[:MOST]


def _of_one(model: type[Model], events: list[Any], names: "_Names") -> list[Changed]:
    found, earlier = [], None
    for event in events:
        meta = (event.pgh_context.metadata if event.pgh_context else None) or {}
        fields = _differences(model, earlier, event, names) if event.pgh_label != "delete" else []
        if fields or event.pgh_label != "update":
            door = meta.get("via", "") or (meta.get("path", ""))
            found.append(
                Changed(
                    at=event.pgh_created_at,
                    what=f"{model._meta.verbose_name}{_subject(event)}",
                    kind=event.pgh_label,
                    fields=fields,
                    who=meta.get("username", ""),
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
    """Names of regions and households, each looked up once; the person's own are at hand."""

    def __init__(self, person: Person) -> None:
        self._known: dict[tuple[type[Model], Any], str] = {(Region, person.region_id): str(person.region)}
        if person.household is not None:
            self._known[Household, person.household_id] = str(person.household)

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
        if model not in (Region, Household, User, Person):
            return str(key)
        if (model, key) not in self._known:
            self._known[model, key] = str(model._default_manager.filter(pk=key).first() or key)
        return self._known[model, key]


def reads(user: User, person: Person) -> list[ReadRecord]:
    """Who looked at the file, the newest first."""
    rows = user.visible(ReadRecord).filter(subject=f"person:{person.pk}").select_related("user")
    return list(rows.order_by("-at")[:MOST])
