"""Strict parser of policy documents: TOML text in, `Document` out, or one clear error."""

import hashlib
import re
import tomllib
from datetime import date
from pathlib import Path

from . import parse_rules, parse_work
from .checks import check_document
from .codes import CATEGORY_LABELS
from .document import Categories, Clause, Document, Elsewhere, Exclusive, Reading
from .errors import DocumentError
from .figures import Need
from .node import Context, Node
from .parameters import SCALES


def load_document(path: Path | str) -> Document:
    """Read and parse a document file. Raises DocumentError naming file, key and remedy."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DocumentError(path.name, "", f"打不开，请核对路径：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(path.name, "", "不是 UTF-8 编码，请另存为 UTF-8") from error
    return parse_document(text, path.name)


def parse_document(text: str, name: str) -> Document:
    """Parse the text of a document called `name`. Raises DocumentError naming file, key and remedy."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(name, "", _toml_problem(str(error))) from error
    return read_document(Node(Context(name), "", body), text)


def read_document(root: Node, text: str) -> Document:
    """The document of a parsed TOML root. Raises DocumentError."""
    name = root.context.name
    parse_clauses(root)
    parse_needs(root)
    head = root.need_table("document")
    valid_from, valid_to = parse_validity(head)
    document = Document(
        key=Path(name).stem,
        policy=head.text("policy"),
        region=parse_region(head),
        region_name=head.text("region_name"),
        valid_from=valid_from,
        valid_to=valid_to,
        title=head.text("title"),
        issuer=head.text("issuer"),
        number=head.text("number", default="（无文号）"),
        issued_on=head.day("issued_on"),
        effective_from=head.day("effective_from"),
        clauses=root.context.clauses,
        readings=parse_readings(root),
        needs=root.context.needs,
        categories=parse_categories(root.need_table("categories")),
        critical_illness=parse_rules.critical_illness(root.need_table("critical_illness")),
        assistance=parse_rules.assistance(root.table("assistance")),
        top_up=parse_rules.top_up(root.table("top_up")),
        control=parse_rules.control(root.table("control")),
        subsidy=parse_work.subsidy(root.table("subsidy")),
        warnings=parse_work.warnings(root.table("warnings")),
        need_test=parse_work.need_test(root.table("need_test")),
        funding=parse_work.funding(root.table("funding")),
        elsewhere=root.rows("elsewhere", parse_elsewhere),
        exclusive=root.rows("exclusive", parse_exclusive),
        applications=root.rows("applications", parse_work.application),
        obligations=root.rows("obligations", parse_work.obligation),
        targets=root.rows("targets", parse_work.target),
        duties=root.rows("duties", parse_work.duty),
        deadlines=parse_work.deadlines(root.table("deadlines")),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    head.done()
    root.done()
    check_document(document, root.context)
    return document


def _toml_problem(message: str) -> str:
    place = re.search(r"at line (\d+), column (\d+)", message)
    where = f"第{place[1]}行第{place[2]}列" if place else "结尾处"
    if "overwrite" in message or "Cannot declare" in message or "twice" in message:
        return f"{where}有重复的项，请只保留一个"
    return f"{where}写法有误，请核对引号、方括号和等号"


def parse_region(head: Node) -> str:
    region = head.text("region")
    if not re.fullmatch(r"[0-9]{12}", region):
        raise head.fail("region", f"“{region}”不是12位行政区划代码")
    return region


def parse_validity(head: Node) -> tuple[date, date | None]:
    first = head.need_day("valid_from")
    last = head.day("valid_to")
    if last is not None and last < first:
        raise head.fail("valid_to", f"失效日期 {last} 早于生效日期 {first}，请改正")
    return first, last


def parse_clauses(root: Node) -> None:
    def parse(node: Node) -> Clause:
        clause = Clause(node.text("id"), node.text("article"), node.text("text"))
        if clause.id in root.context.clauses:
            raise node.fail("id", f"条款 {clause.id} 重复，请只保留一条")
        root.context.clauses[clause.id] = clause
        node.done()
        return clause

    root.rows("clauses", parse)
    if not root.context.clauses:
        raise root.fail("clauses", "没有任何条款，请列出原文条款")


def parse_needs(root: Node) -> None:
    keys: set[str] = set()

    def parse(node: Node) -> Need:
        unit = node.choice("unit", {unit: unit for unit in SCALES})
        need = Need(node.text("key"), node.text("label"), unit, node.flag("may_be_empty"))
        if need.key in keys or need.label in root.context.needs:
            raise node.fail("key", f"统计数字 {need.key}（{need.label}）重复登记，请只保留一个")
        keys.add(need.key)
        root.context.needs[need.label] = need
        node.done()
        return need

    root.rows("parameters", parse)


def parse_readings(root: Node) -> tuple[Reading, ...]:
    def parse(node: Node) -> Reading:
        reading = Reading(node.text("clause"), node.text("text"), node.text("other", default=" ").strip())
        if reading.clause not in root.context.clauses:
            raise node.fail("clause", f"条款 {reading.clause} 没有列出，请在 clauses 中补充或者改正编号")
        node.done()
        return reading

    return root.rows("readings", parse)


def parse_categories(node: Node) -> Categories:
    categories = Categories(
        clauses=node.clauses(),
        order=node.who("order"),
        on_application=node.who("on_application", optional=True),
        as_named_by_county=node.who("as_named_by_county", optional=True),
    )
    stray = [c for c in categories.on_application if c not in categories.order]
    if stray:
        raise node.fail("on_application", "含有 order 中没有的类别，请先列入 order")
    node.done()
    return categories


def parse_elsewhere(node: Node) -> Elsewhere:
    found = Elsewhere(node.clauses(), node.text("document"), node.text("subject"), node.who())
    node.done()
    return found


def parse_exclusive(node: Node) -> Exclusive:
    found = Exclusive(node.text("name"), node.clauses(), node.who(), node.who("others", optional=True))
    if not found.pairs():
        raise node.fail("who", "只写了一类人员，请至少写两类，或者在 others 中写明与哪些类别不能同时成立")
    if both := [CATEGORY_LABELS[code] for code in found.who if code in found.others]:
        raise node.fail("others", f"“{'、'.join(both)}”与自己不能互相排斥，请从一边删去")
    node.done()
    return found
