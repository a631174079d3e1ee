"""Reads of designations: which categories a county may name, what stands, and what a spell is treated as on a day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Region, User
from accounts.vocabulary import CERTIFIES, Category, Department
from beneficiaries.designations.models import DesignatedSpell, Designation, HeldCategory
from policies import selectors as law

# What the county's government certifies: of nothing else is it asked what it is treated as.
OWN = frozenset(CERTIFIES[Department.COUNTY_GOVERNMENT])


@dataclass(frozen=True)
class Choices:
    """What the law of a place and day leaves to the county: `named` categories, `targets` they may be treated as, and
    the `clauses` that say so."""

    named: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()


def choices_on(region_code: str, day: date) -> Choices:
    """From the policy document in force; empty where none is, or it leaves nothing to the county."""
    version = law.version_on(region_code, day)
    rule = law.document_of(version).categories if version else None
    named = tuple(code for code in rule.as_named_by_county if code in OWN) if rule else ()
    return Choices(named, rule.order, rule.clauses) if rule and named else Choices()


def designations(user: User, *, current: bool = False) -> QuerySet[Designation]:
    """Those of the user's region and below, and those above it that hold there; with `people`, who they count for."""
    above = Q(region_id__in=law.upward(user.region_prefix.ljust(12, "0")))
    people = (
        DesignatedSpell.objects.filter(designation_id=OuterRef("pk"))
        .order_by()
        .values("designation_id")
        .annotate(n=Count("person_id", distinct=True))
        .values("n")
    )
    rows = Designation.objects.select_related("region", "entered_by").annotate(
        people=Coalesce(Subquery(people, output_field=IntegerField()), 0)
    )
    rows = rows.filter(access.inside(user, "region_id") | above)
    return rows.filter(known_to=None) if current else rows


def clashing(one: Designation) -> Designation | None:
    """Another one in force for the same region and category on some of the same days."""
    same = Designation.objects.filter(region=one.region, category=one.category, known_to=None).exclude(pk=one.pk)
    until = Q(valid_from__lte=one.valid_to) if one.valid_to else Q()
    return same.filter(until).filter(Q(valid_to=None) | Q(valid_to__gte=one.valid_from)).first()


_TOLD = ("id", "category", "treated_as", "valid_from", "valid_to", "document", "note", "end_reason", "region_id")


def told() -> ArraySubquery:
    """For an annotation of spells: what counties named for each that is in force; `as_told` reads it."""
    columns = {name: f"designation__{name}" for name in _TOLD} | {"place": "designation__region__name"}
    rows = DesignatedSpell.objects.filter(spell_id=OuterRef("pk")).order_by("-valid_from", "-id")
    return ArraySubquery(rows.values(told=JSONObject(**columns)))


def as_told(rows: Iterable[dict[str, Any]]) -> list[Designation]:
    """The designations of an annotation, without who entered them."""
    found = []
    for row in rows:
        region = Region(code=row["region_id"], name=row.pop("place"))
        days = {name: parse_date(row[name]) if row[name] else None for name in ("valid_from", "valid_to")}
        found.append(Designation(**(row | days | {"region_id": region.code})))
        found[-1].region = region
    return found


def named_for(person_id: int, category: str, day: date) -> list[Designation]:
    """By whose word the person has a category on the day; none where a department certified it, too. One query."""
    rows = HeldCategory.objects.on(day).filter(person=person_id, category=category)
    found = [row.designation for row in rows.select_related("designation__region")]
    return [] if None in found else [one for one in found if one is not None]


class Named:
    """Designations in memory, superseded ones too: what a spell of theirs was treated as. One query, or none where no
    spell is of a kind that a county names."""

    def __init__(self, rows: Iterable[Designation]) -> None:
        self._rows = list(rows)

    @classmethod
    def of(cls, categories: Iterable[str]) -> "Named":
        """For spells of these categories."""
        asked = OWN & set(categories)
        return cls(Designation.objects.filter(category__in=asked).select_related("region") if asked else ())

    def over(self, spell: Any, *, known_at: datetime | None = None) -> list[Designation]:
        """Those that a spell (category, region, dates) meets on some day, the newest first; as known then, or now."""
        return [
            one
            for one in self._rows
            if one.category == spell.category
            and spell.region_id.startswith(one.region.prefix)
            and (spell.valid_to is None or one.valid_from <= spell.valid_to)
            and (one.valid_to is None or spell.valid_from <= one.valid_to)
            and (one.known_to is None if known_at is None else _knew(one, known_at))
        ]

    def on(self, spell: Any, day: date, *, known_at: datetime | None = None) -> list[Designation]:
        """As `over`, of those that hold on the day."""
        found = self.over(spell, known_at=known_at)
        return [one for one in found if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)]

    def codes(self, spells: Sequence[Any], day: date, *, known_at: datetime | None = None) -> set[str]:
        """The categories that the spells count as besides on the day."""
        return {one.treated_as for spell in spells for one in self.on(spell, day, known_at=known_at)}


def _knew(one: Designation, moment: datetime) -> bool:
    return one.known_from <= moment and (one.known_to is None or moment < one.known_to)


@dataclass(frozen=True)
class Counted:
    """A category that a spell gives from–to (both included, open without `last`)."""

    category: str
    first: date
    last: date | None


def counts(spell: Any) -> list[Counted]:
    """A spell as itself and, by its `named` (`beneficiaries.selectors.history`), as what it is treated as."""
    found = [Counted(spell.category, spell.valid_from, spell.valid_to)]
    for one in spell.named:
        ends = [day for day in (spell.valid_to, one.valid_to) if day]
        found.append(Counted(one.treated_as, max(spell.valid_from, one.valid_from), min(ends, default=None)))
    return found


def in_force(spell: Any, day: date) -> list[Designation]:
    """What of a spell's `named` holds on the day, if the spell does."""
    if day < spell.valid_from or (spell.valid_to is not None and spell.valid_to < day):
        return []
    return [one for one in spell.named if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)]


def said(one: Designation) -> str:
    """`县级以上政府规定的其他特殊困难人员，按科尔沁左翼中旗（左中政发〔2023〕5号）视同低保对象`."""
    return _("%(category)s，按%(place)s（%(document)s）视同%(treated_as)s") % {
        "category": Category(one.category).label,
        "place": one.region.name,
        "document": one.document,
        "treated_as": Category(one.treated_as).label,
    }


def undesignated() -> str:
    """What is to do for someone whose category a county has left without a word."""
    return _("本旗县还没有登记视同哪一类救助对象，暂不按这一身份享受待遇；有政府文件的，请县级经办在“类别指定”里登记")
