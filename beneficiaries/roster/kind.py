"""The roster as a kind of inbound file."""

from collections.abc import Mapping, Sequence

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.selectors import place_names
from accounts.vocabulary import CERTIFIES, Category
from beneficiaries.models import CategorySpell, Person
from beneficiaries.roster import applying, comparing, undoing
from exchange import reader
from exchange.kinds import Beside, ImportKind
from exchange.models import ImportRule, InboundFile, StagedRow


def exit_share(region_code: str) -> int:
    """Percent of exits above which a full roster of this region needs a second person."""
    default = ImportRule._meta.get_field("exit_share").default
    upward = [region_code[:n].ljust(12, "0") for n in (12, 9, 6, 4, 2)]
    found = dict(ImportRule.objects.filter(region__in=upward).values_list("region_id", "exit_share"))
    return next((found[code] for code in upward if code in found), default)


def unusual(file: InboundFile) -> str:
    """Why a second person must confirm: more people missing than the bureau's share of the open categories."""
    if file.mode != InboundFile.Mode.FULL:
        return ""
    exited, standing = file.counts.get("exited", 0), file.counts.get("standing", 0)
    limit = exit_share(file.region_id)
    if exited * 100 <= standing * limit:
        return ""
    return _(
        "退出 %(exited)s 条，占在册 %(standing)s 条的 %(share)s%%，超过 %(limit)s%%；须由上传人以外的复核人员确认。"
    ) % {
        "exited": exited,
        "standing": standing,
        "share": f"{exited * 100 / standing:.1f}".rstrip("0").rstrip("."),
        "limit": limit,
    }


def blocked(file: InboundFile) -> str:
    """Why the roster cannot be confirmed at all: one of a later month already was."""
    if file.mode != InboundFile.Mode.FULL:
        return ""
    own = file.region.prefix
    confirmed = InboundFile.objects.filter(
        kind=file.kind,
        department=file.department,
        mode=file.mode,
        state=InboundFile.State.CONFIRMED,
        month__gt=file.month,
    ).select_related("region")
    later = max((one.month for one in confirmed if _overlap(own, one.region.prefix)), default=None)
    if later is None:
        return ""
    return _("本部门 %(month)s 的名单已经确认；更早月份的全量名单不能再确认，如需更正请先撤销之后的名单。") % {
        "month": f"{later:%Y-%m}"
    }


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def beside(rows: Sequence[StagedRow]) -> dict[int, list[Beside]]:
    """For doubtful rows: what the roster says and what the register says, column by column."""
    known = [row.person_id for row in rows if row.person_id]
    persons = Person.objects.select_related("household").in_bulk(known)
    spells: dict[int, list[CategorySpell]] = {}
    for spell in CategorySpell.objects.current().filter(person__in=known).order_by("-valid_from"):
        spells.setdefault(spell.person_id, []).append(spell)
    places = place_names({row.region_code for row in rows} | {person.region_id for person in persons.values()})
    found = {}
    for row in rows:
        person = persons.get(row.person_id or 0)
        found[row.pk] = _pair(row, person, spells.get(row.person_id or 0, []), places)
    return found


def shown(rows: "QuerySet[StagedRow]") -> "QuerySet[StagedRow]":
    """The preview's rows with what the register says of those that were not staged in full, for they say the same."""
    person, spell = (
        Person.objects.filter(pk=OuterRef("person_id")),
        CategorySpell.objects.filter(pk=OuterRef("spell_id")),
    )
    return rows.annotate(
        known_name=Subquery(person.values("name")),
        known_id_number=Subquery(person.values("id_number")),
        known_category=Subquery(spell.values("category")),
        known_valid_from=Subquery(spell.values("valid_from")),
        known_region_code=Subquery(spell.values("region_id")),
    )


def _pair(
    row: StagedRow, person: Person | None, spells: list[CategorySpell], places: Mapping[str, str]
) -> list[Beside]:
    department = row.file.department
    own = [spell for spell in spells if spell.department == department and spell.valid_to is None]
    others = "；".join(
        f"{one.get_category_display()}（{one.get_department_display()}，{one.valid_from}—{one.valid_to or _('今')}）"
        for one in spells
        if one not in own
    )
    category = str(Category(row.category).label) if row.category in Category.values else row.category
    return [
        (_("姓名"), row.name, person.name if person else ""),
        (_("人员类别"), category, "、".join(str(spell.get_category_display()) for spell in own)),
        (_("认定日期"), row.valid_from, "、".join(str(spell.valid_from) for spell in own)),
        (_("其他认定"), "", others),
        (_("行政区划"), places[row.region_code], places[person.region_id] if person else ""),
        (_("户编号"), row.household, str(person.household or "") if person else ""),
        (_("与户主关系"), row.relation, person.relation if person else ""),
        (_("死亡日期"), "", person.deceased_on if person and person.deceased_on else ""),
    ]


ROSTER = ImportKind(
    kind=InboundFile.Kind.ROSTER,
    schema=reader.ROSTER,
    departments=tuple(str(department) for department in CERTIFIES),
    stage=comparing.stage,
    compare=comparing.compare,
    apply=applying.apply,
    undo=undoing.undo,
    columns=("row", "id_number", "name", "category", "region_code", "valid_from", "valid_to", "reason"),
    unusual=unusual,
    blocked=blocked,
    beside=beside,
    shown=shown,
    goes_back=True,
)
