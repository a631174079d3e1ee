"""A person's page: the summary, the tabs, and what the tab asked for shows."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from beneficiaries import selectors, timeline
from beneficiaries.designations import selectors as designations
from beneficiaries.diseases import selectors as diseases
from beneficiaries.merging import selectors as merging
from beneficiaries.models import Person
from beneficiaries.panels import Panel
from beneficiaries.persons import trail


class Part:
    """The tab of the page that was asked for, with its variables. Raises Http404."""

    def __init__(self, user: User, one: Person, panels: list[Panel], tab: str, kind: str = "") -> None:
        self.user, self.one, self.panels, self.kind = user, one, panels, kind
        self.may_write = user.may(Act.PERSON_WRITE)
        self.spells = one.history = selectors.history(one)  # type: ignore[attr-defined] - panels need not ask again
        own = {
            "": self._timeline,
            "spells": self._spells,
            "household": self._household,
            "diseases": self._diseases,
            "papers": self._papers,
            "trail": self._trail,
        }
        if tab in own:
            self.template, self.context = own[tab]()
        else:
            panel = next((panel for panel in panels if panel.key == tab), None)
            if panel is None:
                raise Http404
            self.template, self.context = panel.template, {"person": one, **panel.context(user, one)}
        labels = [
            ("", _("时间线")),
            *((panel.key, panel.label) for panel in panels),
            ("spells", _("认定")),
            ("household", _("家庭")),
            ("diseases", _("病种")),
            ("papers", _("证件账户")),
            ("trail", _("记录")),
        ]
        self.tabs = [self._tab(key, label, key == tab) for key, label in labels]

    def _address(self, key: str) -> str:
        if key:
            return reverse("beneficiaries:person_tab", args=[self.one.pk, key])
        return reverse("beneficiaries:person", args=[self.one.pk])

    def _tab(self, key: str, label: Any, active: bool) -> dict[str, Any]:
        return {"key": key, "label": label, "url": self._address(key), "active": active}

    def _timeline(self) -> tuple[str, dict[str, Any]]:
        entries = timeline.entries(self.user, self.one, self.spells, self.panels)
        shown = [entry for entry in entries if not self.kind or entry["kind"] == self.kind]
        labels = dict([*timeline.KINDS.items(), *((panel.key, panel.label) for panel in self.panels)])
        found = dict.fromkeys(entry["kind"] for entry in entries)
        kinds = [self._count(key, labels[key], entries) for key in labels if key in found]
        if len(kinds) > 1:
            kinds.insert(0, self._count("", _("全部"), entries))
        return "beneficiaries/timeline.html", {"years": timeline.by_year(shown), "kinds": kinds if found else []}

    def _count(self, key: str, label: Any, entries: list[dict[str, Any]]) -> dict[str, Any]:
        count = sum(1 for entry in entries if not key or entry["kind"] == key)
        url = self._address("") + (f"?{urlencode({'kind': key})}" if key else "")
        return {"key": key, "label": label, "count": count, "url": url, "active": key == self.kind}

    def _spells(self) -> tuple[str, dict[str, Any]]:
        rows = [
            {
                "spell": spell,
                "known": timeline.known(spell),
                "source": timeline.source_of(spell),
                "url": timeline.source_url(self.user, spell),
                "named": [(one, designations.said(one)) for one in spell.named],
                "may_change": self.may_write and spell.known_to is None,
            }
            for spell in self.spells
        ]
        return "beneficiaries/spells.html", {"rows": rows, "person": self.one, "may_write": self.may_write}

    def _household(self) -> tuple[str, dict[str, Any]]:
        found = [
            (member, "、".join(spell.get_category_display() for spell in selectors.held_now(member)))
            for member in selectors.members(self.user, self.one)
        ]
        url = reverse("beneficiaries:household", args=[self.one.household_id]) if self.one.household_id else ""
        context = {"members": found, "person": self.one, "household_url": url, "may_write": self.may_write}
        return "beneficiaries/household.html", context

    def _diseases(self) -> tuple[str, dict[str, Any]]:
        today = timezone.localdate()
        rows = [(row, row.holds_on(today)) for row in diseases.registrations_of(self.one)]
        return "beneficiaries/diseases.html", {"rows": rows, "person": self.one, "may_write": self.may_write}

    def _papers(self) -> tuple[str, dict[str, Any]]:
        context = {
            "person": self.one,
            "documents": list(self.one.documents.all()),
            "merges": list(merging.merges_of(self.user, self.one)),
            "may_write": self.may_write,
        }
        return "beneficiaries/papers.html", context

    def _trail(self) -> tuple[str, dict[str, Any]]:
        reads = trail.reads(self.user, self.one) if self.user.may(Act.AUDIT_READ) else None
        return "beneficiaries/trail.html", {"changes": trail.changes(self.one), "reads": reads}


def _designated(one: Person, held: list[Any]) -> list[Any]:
    """What the person's categories are treated as today (S1-01), or what is to do where nobody said it."""
    today, url = timezone.localdate(), reverse("beneficiaries:designations")
    own = [spell for spell in held if spell.category in designations.OWN]
    named = [told for spell in own for told in designations.in_force(spell, today)]
    if own and not named and designations.choices_on(one.region_id, today).named:
        return [{"label": _("视同类别"), "value": designations.undesignated(), "url": url}]
    return [{"label": _("视同类别"), "value": designations.said(told), "url": url} for told in named]


def summary(user: User, one: Person, spells: list[Any], panels: list[Panel]) -> list[Any]:
    """Who, category now, household, and what the other rooms say in a line."""
    held = [spell for spell in spells if spell.holds_today]
    categories = "、".join(f"{spell.get_category_display()}（{spell.get_department_display()}）" for spell in held)
    household = {"label": _("户编号"), "value": str(one.household or ""), "kind": "mono"}
    if one.household_id:
        household["url"] = reverse("beneficiaries:household", args=[one.household_id])
    rows: list[Any] = [
        (_("现有类别"), categories),
        *_designated(one, held),
        (_("性别"), one.get_sex_display()),
        {"label": _("出生日期"), "value": one.birth_date, "kind": "date"},
        (_("所在地区"), one.region.name),
        household,
        (_("与户主关系"), one.relation),
        (_("城乡"), _("农村居民") if one.rural else _("城镇居民")),
    ]
    if one.deceased_on:
        text = f"{one.deceased_on} {one.death_source}".strip()
        rows.insert(0, {"label": _("死亡日期"), "value": text, "kind": "badge", "tone": "plain"})
    for panel in panels:
        rows += panel.summary(user, one)
    return rows
