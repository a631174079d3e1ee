"""发布前检查: what stands between a draft and the law, each finding with its place and what to do.

Other rooms say what only they know: `register_category_counts` (who is in the register), `register_effect_check` (what
a trial run on past claims showed).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation, Region
from accounts.vocabulary import CERTIFIES
from policies import golden, selectors
from policies.engine import EngineError
from policies.engine.document import Document
from policies.engine.errors import DocumentError
from policies.engine.figures import Figure
from policies.engine.problems import problems_of
from policies.engine.table import compile_year
from policies.models import PolicyVersion
from policies.sayings import category_label, said

CategoryCounts = Callable[[str], dict[str, int]]
EffectCheck = Callable[[PolicyVersion], bool | None]


class Weight(StrEnum):
    """What a finding asks for: mending, a reason from the officer, or only to be known."""

    BLOCKS = "blocks"
    EXPLAIN = "explain"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found, where, and what to do. `section` names the part of the editor that holds the place."""

    kind: str
    weight: Weight
    what: str
    where: str
    remedy: str
    section: str = ""


@dataclass
class _Registry:
    counts: CategoryCounts | None = None
    effect: EffectCheck | None = None


_registry = _Registry()


def register_category_counts(count: CategoryCounts) -> None:
    """`count(region_code)` gives category → people of the region (and below) who hold it now."""
    _registry.counts = count


def register_effect_check(check: EffectCheck) -> None:
    """`check(version)`: whether a trial of exactly this body changed a past claim; None when there was no trial."""
    _registry.effect = check


def findings(version: PolicyVersion) -> list[Finding]:
    """Everything that speaks against publishing the version today, gravest kind first."""
    problems = problems_of(version.body, f"{version.name}.toml")
    if problems:
        return [_unreadable(problem) for problem in problems]
    document = selectors.document_of(version)
    earlier = predecessor_of(version)
    return [
        *time_findings(version, earlier),
        *figure_findings(version, document),
        *category_findings(version, document),
        *case_findings(version, document),
        *effect_findings(version, document, earlier),
    ]


def blocking(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.weight == Weight.BLOCKS]


def needs_reason(found: list[Finding]) -> bool:
    """Whether the officer must say why the draft should be law all the same."""
    return any(one.weight == Weight.EXPLAIN for one in found)


def _unreadable(problem: DocumentError) -> Finding:
    return Finding(
        "document",
        Weight.BLOCKS,
        said(problem.problem),
        problem.key or _("全文"),
        _("在编辑页改正后保存"),
        problem.key,
    )


# --- time ---------------------------------------------------------------------------------------------------------
def predecessor_of(version: PolicyVersion) -> PolicyVersion | None:
    """The version in force of the same region that began last before this one."""
    found = PolicyVersion.objects.filter(
        region_id=version.region_id, state__in=selectors.IN_FORCE, validity__startswith__lt=version.validity.lower
    )
    return found.exclude(pk=version.pk).order_by("-validity").first()


def time_findings(version: PolicyVersion, earlier: PolicyVersion | None) -> Iterator[Finding]:
    """Days without law before it, days with two laws after it, and days that are past."""
    first = version.validity.lower
    last = selectors.last_day(earlier) if earlier else None
    if earlier is not None and last is not None and last + timedelta(days=1) < first:
        yield Finding(
            "gap",
            Weight.BLOCKS,
            _("%(from)s 至 %(to)s 没有任何政策") % {"from": last + timedelta(days=1), "to": first - timedelta(days=1)},
            _("与 %(name)s（有效至 %(last)s）之间") % {"name": earlier.name, "last": last},
            _("把施行日期改为 %(day)s，或者先补上中间的版本") % {"day": last + timedelta(days=1)},
            "document",
        )
    end = version.validity.upper
    if earlier is not None and end is not None and (last is None or last >= end) and not _begins(version, end):
        yield Finding(
            "gap",
            Weight.BLOCKS,
            _("%(from)s 起没有任何政策：%(name)s 发布后截至施行日的前一天，不再恢复")
            % {"from": end, "name": earlier.name},
            _("失效日期"),
            _("删去失效日期，或者把它写到后续版本施行的前一天"),
            "document",
        )
    later = PolicyVersion.objects.filter(
        region_id=version.region_id,
        state__in=selectors.IN_FORCE,
        validity__startswith__gte=first,
        validity__overlap=version.validity,
    ).exclude(pk=version.pk)
    for other in later.order_by("validity"):
        yield Finding(
            "overlap",
            Weight.BLOCKS,
            _("与已发布的 %(name)s（%(day)s 起）在同一天有效") % {"name": other.name, "day": other.validity.lower},
            _("有效期"),
            _("把失效日期写为 %(day)s 以前，或者改晚施行日期") % {"day": other.validity.lower},
            "document",
        )
    if first <= timezone.localdate():
        yield Finding(
            "past",
            Weight.NOTICE,
            _("施行日期 %(day)s 不晚于今天") % {"day": first},
            _("施行日期"),
            _("这一天以来已结算的费用保留原结算，重新结算后才按新版本计算"),
            "document",
        )


def _begins(version: PolicyVersion, day: date) -> bool:
    """Whether another version in force of the region begins on the day."""
    found = PolicyVersion.objects.filter(region_id=version.region_id, state__in=selectors.IN_FORCE)
    return found.filter(validity__startswith=day).exists()


# --- figures ------------------------------------------------------------------------------------------------------
def figures_in(part: Any) -> Iterator[Figure]:
    """Every figure of a document or of a part of it."""
    if isinstance(part, Figure):
        yield part
    elif is_dataclass(part) and not isinstance(part, type):
        for one in fields(part):
            yield from figures_in(getattr(part, one.name))
    elif isinstance(part, tuple):
        for one in part:
            yield from figures_in(one)


def years_of(version: PolicyVersion, today: date) -> range:
    """The years that need figures: from the first of its validity to the end or next year, whichever is earlier."""
    first, last = version.validity.lower, selectors.last_day(version)
    until = max(first.year, today.year + 1)
    return range(first.year, (min(until, last.year) if last else until) + 1)


def missing_figures(version: PolicyVersion, document: Document, today: date) -> dict[tuple[str, int], str]:
    """(key, year) of every figure that is not there → its label."""
    held = {(row[0], row[1]) for row in selectors.figure_rows(version.policy)}
    used = {(one.need.key, one.year_offset): one.need.label for one in figures_in(document) if one.need is not None}
    return {
        (key, year + offset): label
        for (key, offset), label in sorted(used.items())
        for year in years_of(version, today)
        if (key, year + offset) not in held
    }


def figure_findings(version: PolicyVersion, document: Document) -> Iterator[Finding]:
    """Statistical figures that are missing or cannot be used in a year of the validity up to next year."""
    today = timezone.localdate()
    missing = missing_figures(version, document, today)
    labels = dict.fromkeys((key, label) for (key, _year), label in missing.items())
    for key, label in labels:
        years = [str(year) for (one, year) in missing if one == key]
        yield Finding(
            "figure",
            Weight.BLOCKS,
            _("缺少“%(label)s”%(years)s 年度的数值") % {"label": label, "years": "、".join(years)},
            _("参数"),
            _("在参数页补充这些年度的数值"),
            "parameters",
        )
    if missing:
        return
    parameters = selectors.parameters_from(version.policy, selectors.figure_rows(version.policy))
    for year in years_of(version, today):
        try:
            compile_year(document, year, parameters)
            for figure in figures_in(document):
                figure.resolve(parameters, version.policy, year)
        except EngineError as error:
            yield Finding("figure", Weight.BLOCKS, said(str(error)), _("参数"), _("在参数页改正数值"), "parameters")


# --- categories ---------------------------------------------------------------------------------------------------
def categories_in(document: Document) -> set[str]:
    """Every category that some rule or clause of the document names."""
    named: set[str] = {*document.categories.order, *document.categories.as_named_by_county}

    def walk(part: Any) -> None:
        if is_dataclass(part) and not isinstance(part, type):
            for one in fields(part):
                value = getattr(part, one.name)
                if one.name in ("who", "unless_also"):
                    named.update(value)
                else:
                    walk(value)
        elif isinstance(part, tuple):
            for one in part:
                walk(one)

    walk(document)
    return named


def categories_of_region(region: Region) -> dict[str, int | None]:
    """Categories that people of the region hold, with how many; before a register is filled, those that its
    departments may certify (without a number)."""
    held = _registry.counts(region.code) if _registry.counts else {}
    if held:
        return dict(held)
    departments = Organisation.objects.filter(region__code__startswith=region.prefix).values_list(
        "department", flat=True
    )
    return {code: None for department in set(departments) for code in CERTIFIES.get(department, ())}


def category_findings(version: PolicyVersion, document: Document) -> Iterator[Finding]:
    """Categories of the region that the document passes over in silence."""
    named = categories_in(document)
    for code, people in sorted(categories_of_region(version.region).items()):
        if code in named:
            continue
        label = category_label(code)
        what = _("“%(label)s”没有任何条款提到") % {"label": label}
        yield Finding(
            "category",
            Weight.BLOCKS,
            what if people is None else _("%(what)s，本地区现有 %(n)s 人") % {"what": what, "n": people},
            _("救助对象"),
            _("列入救助对象次序；不享受的，在“经办要求”中写明依据的条款；由其他文件规定的，写入“不由本文件规定”"),
            "categories",
        )


# --- golden cases -------------------------------------------------------------------------------------------------
def lineage(version: PolicyVersion) -> list[PolicyVersion]:
    """The version and those that it was written from, nearest first."""
    found = [version]
    while found[-1].based_on is not None:
        found.append(found[-1].based_on)
    return found


def case_base(version: PolicyVersion) -> tuple[str, dict[str, golden.Result]]:
    """The shipped version whose cases measure the draft, and what they should give: its results, with the changes
    that later versions marked as meant. Empty when none of its line has cases."""
    line = lineage(version)
    root = next((one.name for one in line if golden.has_cases(one.name)), "")
    if not root:
        return "", {}
    wanted = golden.expected(root)
    for one in reversed(line[: [each.name for each in line].index(root)]):
        for change in one.expected_changes.all():
            wanted[change.case] = {column: change.result.get(column, "") for column in golden.COLUMNS}
    return root, wanted


def case_differences(version: PolicyVersion, document: Document) -> list[golden.Difference]:
    """Golden cases that the draft settles otherwise than its line and the marked changes say."""
    root, wanted = case_base(version)
    if not root:
        return []
    current = selectors.parameters_from(version.policy, selectors.figure_rows(version.policy))
    return golden.differences(wanted, golden.settle_cases(root, document, current))


def case_findings(version: PolicyVersion, document: Document) -> Iterator[Finding]:
    """Golden cases that fail."""
    if not case_base(version)[0]:
        yield Finding(
            "no_cases", Weight.NOTICE, _("没有可以核对的样例"), _("样例"), _("请用试算核对对以往费用的影响"), "cases"
        )
        return
    try:
        listed = case_differences(version, document)
    except EngineError as error:
        yield Finding("cases", Weight.BLOCKS, said(str(error)), _("样例"), _("改正后重新核对"), "cases")
        return
    if listed:
        yield Finding(
            "cases",
            Weight.BLOCKS,
            _("%(n)s 件样例的结果与原来不同") % {"n": len(listed)},
            _("样例"),
            _("在下面逐件核对：是修改的本意，就标为预期变化；不是，就改正草案"),
            "cases",
        )


# --- effect -------------------------------------------------------------------------------------------------------
def text_differs(document: Document, other: Document) -> bool:
    """Whether two versions say different things, dates and names of the versions aside."""

    def law(one: Document) -> Document:
        return replace(one, key="", valid_from=date.min, valid_to=None, sha256="", effective_from=None)

    return law(document) != law(other)


def effect_findings(version: PolicyVersion, document: Document, earlier: PolicyVersion | None) -> Iterator[Finding]:
    """A text that differs and a trial that shows nothing, or no trial at all."""
    if earlier is None or not text_differs(document, selectors.document_of(earlier)):
        return
    changed = _registry.effect(version) if _registry.effect else None
    if changed is None:
        yield Finding(
            "untried",
            Weight.EXPLAIN,
            _("文字与 %(name)s 不同，但这一稿没有用以往费用试算") % {"name": earlier.name},
            _("试算"),
            _("先试算；不试算的，提交时写明理由"),
        )
    elif not changed:
        yield Finding(
            "no_effect",
            Weight.EXPLAIN,
            _("文字与 %(name)s 不同，但以往费用的试算结果没有变化") % {"name": earlier.name},
            _("试算"),
            _("核对修改是否写对；确实不影响以往费用的，提交时写明理由"),
        )
