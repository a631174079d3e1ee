"""What must hold across a whole document once every key was read."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from .codes import CATEGORY_LABELS, LOCATIONS, SERVICES
from .document import Assistance, AssistanceRule, Document, OutOfCatalogueRule, Subsidy, Warnings
from .errors import DocumentError
from .node import Context


def check_document(document: Document, context: Context) -> None:
    """Refuse contradictions: uncited clauses, two rules for one case, categories that the policy does not name."""
    uncited = [clause for clause in document.clauses if clause not in context.cited]
    if uncited:
        raise DocumentError(
            context.name, f"clauses {uncited[0]}", "没有任何规则引用这一条款，请在相应规则的 clauses 中引用，或者删去"
        )
    if document.assistance is not None:
        _check_assistance(document.assistance, document.categories.order, context.name)
    if document.subsidy is not None:
        _check_subsidy(document.subsidy, context.name)
    if document.warnings is not None:
        _check_warnings(document.warnings, context.name)
    if document.top_up is not None and document.assistance is None:
        raise DocumentError(context.name, "top_up", "没有 [assistance] 小节，倾斜救助无从计算，请补充")


def _check_assistance(found: Assistance, order: tuple[str, ...], name: str) -> None:
    based: set[tuple[str, str]] = set()
    for i, base in enumerate(found.bases, 1):
        places = {(s, where) for s in base.services for where in base.locations}
        if based & places:
            raise DocumentError(name, f"assistance.deductibles[{i}]", "与前面的累计范围重叠，请分开")
        based |= places
    if len(found.bases) > 3:
        raise DocumentError(name, "assistance.deductibles", "累计范围最多三个，请合并")
    sections: tuple[tuple[str, Sequence[AssistanceRule | OutOfCatalogueRule]], ...] = (
        ("rules", found.rules),
        ("out_of_catalogue", found.out_of_catalogue),
    )
    for section, rules in sections:
        taken: dict[tuple[str, str, str], list[tuple[str, tuple[date, date]]]] = {}
        for i, rule in enumerate(rules, 1):
            place = f"assistance.{section}[{i}]"
            _check_named(rule, order, name, place)
            for who in rule.who:
                for service in rule.services:
                    for where in rule.locations:
                        _check_single(rule, taken.setdefault((who, service, where), []), name, place, who, service)
        for (who, service, _), spans in taken.items():
            _check_gaps([span for _, span in spans], name, f"assistance.{section}", who, SERVICES[service])
    for i, rule in enumerate(found.rules, 1):
        _check_rule(rule, based, name, f"assistance.rules[{i}]")


def _check_named(rule: AssistanceRule | OutOfCatalogueRule, order: tuple[str, ...], name: str, place: str) -> None:
    for who in rule.who:
        if who not in order:
            raise DocumentError(name, f"{place}.who", f"“{CATEGORY_LABELS[who]}”没有列入 categories.order，请先列入")


def _check_single(
    rule: AssistanceRule | OutOfCatalogueRule,
    taken: list[tuple[str, tuple[date, date]]],
    name: str,
    place: str,
    who: str,
    service: str,
) -> None:
    for other, span in taken:
        if rule.valid[0] <= span[1] and span[0] <= rule.valid[1]:
            problem = f"“{CATEGORY_LABELS[who]}”的“{SERVICES[service]}”已由“{other}”规定，有效期重叠，请只保留一条"
            raise DocumentError(name, place, problem)
    taken.append((rule.name, rule.valid))


def _check_gaps(spans: list[tuple[date, date]], name: str, place: str, who: str, what: str) -> None:
    """Rules of one case that follow each other in time must meet."""
    for (_, end), (start, _) in pairwise(sorted(spans)):
        if end.year + 1 < start.year:
            problem = f"“{CATEGORY_LABELS[who]}”的“{what}”在 {end} 与 {start} 之间没有规则，请补充或者使日期相接"
            raise DocumentError(name, place, problem)


def _check_rule(rule: AssistanceRule, based: set[tuple[str, str]], name: str, place: str) -> None:
    places = {(s, where) for s in rule.services for where in rule.locations}
    if not rule.deductible.is_none and places - based:
        raise DocumentError(name, f"{place}.deductible", "这项服务没有列入 assistance.deductibles 的累计范围，请先列入")
    if rule.quota_at_year_end and (len(rule.services) != 1 or set(rule.locations) != set(LOCATIONS)):
        raise DocumentError(name, f"{place}.quota_managed", "年末一次性救助的规则只写一项服务，且不分就医地点")
    if rule.quota_at_year_end and places & based:
        raise DocumentError(name, f"{place}.quota_managed", "年末一次性救助的服务不能同时按起付线累计，请分开")


def _check_subsidy(found: Subsidy, name: str) -> None:
    taken: dict[str, list[tuple[int, int]]] = {}
    for i, rule in enumerate(found.rules, 1):
        for who in rule.who:
            for first, last in taken.get(who, []):
                if rule.years[0] <= last and first <= rule.years[1]:
                    problem = f"“{CATEGORY_LABELS[who]}”在同一年度有两条资助规则，请改正年份或者只保留一条"
                    raise DocumentError(name, f"subsidy.rules[{i}]", problem)
            taken.setdefault(who, []).append(rule.years)
    for who, years in taken.items():
        spans = [(date(first, 1, 1), date(last, 12, 31)) for first, last in years]
        _check_gaps(spans, name, "subsidy.rules", who, "参保资助")


def _check_warnings(found: Warnings, name: str) -> None:
    taken: set[tuple[str, str]] = set()
    for i, rule in enumerate(found.lines, 1):
        for who in (*rule.who, rule.others):
            if who and (who, rule.kind) in taken:
                raise DocumentError(name, f"warnings.lines[{i}]", "同一类人员的同一种预警写了两条线，请只保留一条")
            taken.add((who, rule.kind))
