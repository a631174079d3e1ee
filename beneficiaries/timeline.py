"""The person's timeline: categories with department, dates and source, and what other rooms add."""

from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.models import User
from beneficiaries.designations.selectors import said
from beneficiaries.diseases.selectors import registrations_of
from beneficiaries.models import CategorySpell, Designation, Person, Registration
from beneficiaries.panels import Panel
from exchange.models import InboundFile

KINDS = {"category": gettext_lazy("类别认定"), "disease": gettext_lazy("病种登记"), "life": gettext_lazy("生死")}


def entries(user: User, person: Person, spells: list[CategorySpell], panels: list[Panel]) -> list[dict[str, Any]]:
    """All that happened, newest first, for components/timeline.html; `kind` is one of KINDS or a panel's key."""
    found = [entry for spell in spells if spell.known_to is None for entry in _of_spell(user, spell)]
    for panel in panels:
        found += [{"kind": panel.key, **entry} for entry in panel.timeline(user, person)]
    for row in registrations_of(person):
        found += _of_registration(row)
    if person.deceased_on:
        died = {"kind": "life", "icon": "flower-2", "text": _("死亡"), "amount": None, "who": person.death_source}
        found.append(died | {"day": person.deceased_on})
    found.sort(key=lambda entry: entry["day"], reverse=True)
    return found


def by_year(found: list[dict[str, Any]]) -> list[tuple[int, list[dict[str, Any]]]]:
    """Entries in their order, by year."""
    return [(year, list(some)) for year, some in groupby(found, key=lambda entry: entry["day"].year)]


def _of_registration(row: Registration) -> list[dict[str, Any]]:
    said = {"register": row.get_register_display(), "name": row.name}
    begins = {
        "kind": "disease",
        "icon": "stethoscope",
        "day": row.valid_from,
        "text": _("登记%(register)s：%(name)s") % said + f"（{row.source}）",
        "amount": None,
        "who": row.institution,
    }
    if row.valid_to is None:
        return [begins]
    ends = {"icon": "log-out", "day": row.valid_to, "text": _("%(name)s登记终止") % said, "who": row.end_reason}
    return [begins | ends, begins]


def _of_spell(user: User, spell: CategorySpell) -> list[dict[str, Any]]:
    said = {"category": spell.get_category_display(), "department": spell.get_department_display()}
    begins = {
        "kind": "category",
        "icon": "badge-check",
        "day": spell.valid_from,
        "text": _("%(department)s认定为%(category)s") % said + (f"（{spell.evidence}）" if spell.evidence else ""),
        "amount": None,
        "who": source_of(spell),
        "url": source_url(user, spell),
    }
    begun = [begins]
    for one in spell.named:  # type: ignore[attr-defined]
        begun += _of_designation(spell, one)
    if spell.valid_to is None:
        return begun
    ends = begins | {
        "icon": "log-out",
        "day": spell.valid_to,
        "text": _("退出%(category)s（%(department)s）") % said
        + (f"：{spell.exit_reason}" if spell.exit_reason else ""),
        "tone": "due",
    }
    return [ends, *begun]


def _of_designation(spell: CategorySpell, one: Designation) -> list[dict[str, Any]]:
    """From when to when a county has the spell treated as another category (S1-01)."""
    begins = {
        "kind": "category",
        "icon": "badge-check",
        "day": max(spell.valid_from, one.valid_from),
        "text": said(one),
        "amount": None,
        "who": one.note,
        "url": reverse("beneficiaries:designations"),
    }
    if one.valid_to is None or (spell.valid_to is not None and spell.valid_to <= one.valid_to):
        return [begins]
    text = _("不再视同%(category)s") % {"category": one.get_treated_as_display()}
    ends = {"icon": "log-out", "day": one.valid_to, "text": text, "who": one.end_reason, "tone": "due"}
    return [begins | ends, begins]


def source_of(spell: CategorySpell) -> str:
    """Where a spell comes from: file, month and row, or entered by hand."""
    if spell.source is None:
        return _("人工登记")
    row = _("第 %(row)s 行") % {"row": spell.source_row} if spell.source_row else ""
    return f"{spell.source.month:%Y-%m} {spell.source.get_kind_display()} {row}".strip()


def source_url(user: User, spell: CategorySpell) -> str:
    """The source file's page, for those who may open it."""
    source: InboundFile | None = spell.source
    if source is None or not user.may(Act.ROSTER_READ) or not source.region_id.startswith(user.region_prefix):
        return ""
    return reverse("exchange:file", args=[source.pk])


def known(spell: CategorySpell) -> str:
    """When the register held a spell true: `2023-05-18 09:30 — 2023-06-19 10:02`."""
    first = f"{timezone.localtime(spell.known_from):%Y-%m-%d %H:%M}"
    if spell.known_to is None:
        return first
    return f"{first} — {timezone.localtime(spell.known_to):%Y-%m-%d %H:%M}"
