"""参数: the yearly figures that the texts leave to statistics — who may write them, with what reason, and what it does.

A change is read by what is settled from now on. Settlements made before keep the figures they used (`PolicyFigures`)
until their year is settled again.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.audit import events_of, with_actor
from accounts.models import User
from policies import gate, selectors
from policies.engine.errors import EngineError
from policies.engine.figures import Need
from policies.engine.parameters import Parameter
from policies.models import PolicyFigures, PolicyParameter, PolicyVersion
from policies.reading import plain
from policies.sayings import said

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")
FIRST_YEAR, LAST_YEAR = 1990, 2100


class ParameterRefused(Exception):
    """A figure that cannot be taken: `field` says where, `str()` what to do."""

    def __init__(self, message: str, field: str = "value") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Value:
    """One figure of one year as it is typed: value with or without %, status and source."""

    value: str
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of a year: `row` is None where there is none; `needed`: a version in force or a draft asks for it."""

    year: int
    row: PolicyParameter | None
    shown: str
    needed: bool

    @property
    def missing(self) -> bool:
        return self.row is None and self.needed


@dataclass(frozen=True, slots=True)
class Row:
    """A statistical figure of a policy by year."""

    need: Need
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """All figures of a policy."""

    policy: str
    title: str
    region_id: str
    region: str
    years: tuple[int, ...]
    rows: tuple[Row, ...]

    @property
    def illustrative(self) -> int:
        return sum(1 for row in self.rows for one in row.cells if one.row and one.row.status == "illustrative")

    @property
    def published(self) -> int:
        return sum(1 for row in self.rows for one in row.cells if one.row and one.row.status == "published")

    @property
    def lacking(self) -> set[int]:
        """Years that lack some figure, wanted or not."""
        return {one.year for row in self.rows for one in row.cells if one.row is None}

    @property
    def missing(self) -> list[tuple[Need, int]]:
        return [(row.need, one.year) for row in self.rows for one in row.cells if one.missing]


# --- reads --------------------------------------------------------------------------------------------------------
def sheets(user: User, policy: str = "") -> list[Sheet]:
    """The figures of every policy that the user sees (or of one), in the order of the regions."""
    found = selectors.versions_for(user).exclude(state=PolicyVersion.State.WITHDRAWN).order_by("region_id", "validity")
    held = PolicyParameter.objects.order_by("year")
    if policy:
        found, held = found.filter(policy=policy), held.filter(policy=policy)
    by_policy: dict[str, list[PolicyVersion]] = {}
    for version in found:
        by_policy.setdefault(version.policy, []).append(version)
    rows: dict[str, dict[tuple[str, int], PolicyParameter]] = {}
    for one in held:
        rows.setdefault(one.policy, {})[one.key, one.year] = one
    return [_sheet(name, versions, rows.get(name, {})) for name, versions in by_policy.items()]


def _sheet(policy: str, versions: list[PolicyVersion], held: Mapping[tuple[str, int], PolicyParameter]) -> Sheet:
    today = timezone.localdate()
    needs: dict[str, Need] = {}
    wanted: set[tuple[str, int]] = set()
    for version in versions:
        document = selectors.readable(version)
        if document is None:
            continue
        needs |= {need.key: need for need in document.needs.values()}
        used = {(one.need.key, one.year_offset) for one in gate.figures_in(document) if one.need is not None}
        wanted |= {(key, year + offset) for key, offset in used for year in gate.years_of(version, today)}
    years = sorted({year for _key, year in (*held, *wanted)})
    last = versions[-1]
    return Sheet(
        policy=policy,
        title=last.title,
        region_id=last.region_id,
        region=last.region.name,
        years=tuple(years),
        rows=tuple(
            Row(need, tuple(_cell(need, year, held.get((key, year)), (key, year) in wanted) for year in years))
            for key, need in needs.items()
        ),
    )


def _cell(need: Need, year: int, row: PolicyParameter | None, needed: bool) -> Cell:
    return Cell(year, row, show(need, row) if row else "", needed)


def show(need: Need, row: PolicyParameter) -> str:
    """The value with thousands, ratios in per cent; 不设 for an empty cap."""
    try:
        number = _parameter(row.policy, row.key, row.year, row.value, row.status, row.source).number(need)
    except EngineError:
        return row.value or "—"
    return _("不设") if number is None else plain(number, need.unit)


def may_edit(user: User, sheet: Sheet) -> bool:
    return user.may(Act.POLICY_DRAFT) and sheet.region_id.startswith(user.region_prefix)


def settled_with(row: PolicyParameter) -> list[PolicyFigures]:
    """The sets of figures, used by settlements, that hold the figure as it is now."""
    found = PolicyFigures.objects.filter(version__policy=row.policy, rows__contains=[[row.key, row.year, row.value]])
    return [
        one
        for one in found.select_related("version").defer("version__body").order_by("-created_at")
        if [row.key, row.year, row.value] in [each[:3] for each in one.rows]
    ]


def history(row: PolicyParameter) -> list[dict[str, Any]]:
    """Every value that the figure has had, newest first, with who, when and why."""
    events: Any = events_of(PolicyParameter)._default_manager.filter(pgh_obj_id=row.pk)
    found = with_actor(events.select_related("pgh_context")).order_by("-pgh_id")
    return [
        {
            "at": one.pgh_created_at,
            "value": one.value,
            "status": one.status,
            "source": one.source,
            "who": one.acted_by,
            "reason": (one.pgh_context.metadata if one.pgh_context else {}).get("reason", ""),
        }
        for one in found
    ]


# --- writes -------------------------------------------------------------------------------------------------------
def set_parameter(*, actor: User, policy: str, key: str, year: int, value: Value, reason: str = "") -> PolicyParameter:
    """Write a figure of a year; a reason is asked for when one is there already. Raises ParameterRefused."""
    sheet = _sheet_for(actor, policy)
    need = next((row.need for row in sheet.rows if row.need.key == key), None)
    if need is None:
        raise ParameterRefused(_("这项政策没有“%(key)s”这一统计数字，请先在草案中登记") % {"key": key}, "")
    with transaction.atomic(), pghistory.context(reason=reason.strip()):
        return _set(policy, need, year, value, reason)


def add_year(*, actor: User, policy: str, year: int, values: Mapping[str, Value], reason: str = "") -> int:
    """Write several figures of one year at once (key → value); gives how many. Raises ParameterRefused, then none."""
    sheet = _sheet_for(actor, policy)
    needs = {row.need.key: row.need for row in sheet.rows}
    with transaction.atomic(), pghistory.context(reason=reason.strip()):
        for key, value in values.items():
            try:
                _set(policy, needs[key], year, value, reason)
            except ParameterRefused as error:
                raise ParameterRefused(str(error), f"{error.field}-{key}") from None
    return len(values)


def _sheet_for(actor: User, policy: str) -> Sheet:
    found = sheets(actor, policy)
    if not found or not may_edit(actor, found[0]):
        raise ParameterRefused(_("您的角色或地区不能修改这项政策的参数，请联系当地的政策管理"), "")
    return found[0]


def _set(policy: str, need: Need, year: int, value: Value, reason: str) -> PolicyParameter:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ParameterRefused(_("“%(year)s”不是年份，请写成四位数") % {"year": year}, "year")
    if value.status not in PolicyParameter.Status.values:
        raise ParameterRefused(_("请选择已公布或者示例值"), "status")
    if not value.source.strip():
        raise ParameterRefused(_("请写明来源：公报或者文件的名称和文号"), "source")
    text = _text(need, value.value)
    try:
        _parameter(policy, need.key, year, text, value.status, value.source).number(need)
    except EngineError as error:
        raise ParameterRefused(said(str(error))) from error
    held = PolicyParameter.objects.select_for_update().filter(policy=policy, key=need.key, year=year).first()
    if held is not None and not reason.strip():
        raise ParameterRefused(_("请写明修改的理由"), "reason")
    row = held or PolicyParameter(policy=policy, key=need.key, year=year)
    row.value, row.status, row.source = text, value.status, value.source.strip()
    row.save()
    return row


def _text(need: Need, typed: str) -> str:
    """Plain decimal text of what was typed: `28,500` → `28500`, `60%` → `0.6`."""
    text = typed.strip().replace(",", "").replace("，", "").removesuffix(need.unit if need.unit != "%" else "")
    if not text:
        if need.may_be_empty:
            return ""
        raise ParameterRefused(_("请填写数值，单位：%(unit)s") % {"unit": need.unit})
    share = need.unit == "%" and text.endswith("%")
    if not _NUMBER.fullmatch(text.removesuffix("%") if share else text):
        raise ParameterRefused(
            _("“%(typed)s”不是数，请写成 28500.00 这样的数；比例写成 60%%") % {"typed": typed.strip()}
        )
    if not share:
        return text
    return f"{(Decimal(text[:-1]) / 100).normalize():f}"


def _parameter(policy: str, key: str, year: int, value: str, status: str, source: str) -> Parameter:
    try:
        number = Decimal(value) if value else None
    except InvalidOperation:
        number = None
    return Parameter(policy, key, year, number, status, source)


def year_values(data: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Those of a year's form that were filled in."""
    return {key: value for key, value in data if value.value.strip() or value.source.strip()}
