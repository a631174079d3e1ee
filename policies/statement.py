"""One claim of a file as a printed statement: every amount with its working and clause (`manage.py explain`)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from .csv_rows import FileError
from .engine import (
    Claim,
    Document,
    Line,
    Rules,
    Settlement,
    Spell,
    State,
    YearEnd,
    category_label,
    settle_claim,
    settle_year_end,
    year_end_number,
)
from .engine.chain import CODE_COUNT, MONEY_COUNT
from .engine.codes import CATEGORY_CODES, LOCATIONS, MANAGEMENT, REFERRALS, SERVICES
from .engine.money import format_yuan
from .file_rows import OPEN_END, ClaimRows, People, read_categories, read_claims
from .files import rules_of


def explain_claim(policy: str, parameters: Path, categories: Path, claims: Path, claim_no: str) -> str:
    """The statement of one claim in Chinese. Raises FileError, EngineError."""
    rules = rules_of(policy, parameters)
    people = read_categories(categories)
    rows = read_claims(claims, people)
    if claim_no.startswith("YEAREND-"):
        return _year_end_statement(rules, people, rows, claim_no)
    if claim_no not in rows.claim_nos:
        raise FileError(
            f"费用文件 {claims.name} 中没有可以结算的 {claim_no}；被拒绝的行见 settle 的错误文件，请核对编号"
        )
    wanted = rows.claim_nos.index(claim_no)
    settled: Settlement | None = None
    for settled in _settled(rules, people, rows, rows.arrays.person[wanted], _year(rows, wanted)):
        if settled.claim.claim_no == claim_no:
            break
    if settled is None:
        raise FileError(f"{claim_no} 没有结算结果，请核对文件")
    return _statement(settled, people.ids[rows.arrays.person[wanted]])


def _year(rows: ClaimRows, i: int) -> int:
    return date.fromordinal(rows.arrays.day[i]).year


def _settled(rules: Rules, people: People, rows: ClaimRows, person: int, year: int) -> Iterator[Settlement]:
    """The person's claims of the year, settled one after the other."""
    mine = [i for i, who in enumerate(rows.arrays.person) if who == person and _year(rows, i) == year]
    mine.sort(key=lambda i: (rows.arrays.day[i], rows.claim_nos[i]))
    state, spells = State(), spells_of(people, person)
    for i in mine:
        settled = settle_claim(rules, state, claim_at(rows, i), spells)
        state = settled.state
        yield settled


def _year_end_statement(rules: Rules, people: People, rows: ClaimRows, claim_no: str) -> str:
    for person, id_number in enumerate(people.ids):
        years = {_year(rows, i) for i, who in enumerate(rows.arrays.person) if who == person}
        for year in years:
            if year_end_number(id_number, year) == claim_no:
                state = State()
                for settled in _settled(rules, people, rows, person, year):
                    state = settled.state
                found = settle_year_end(rules, state, year, spells_of(people, person))
                if found is not None:
                    return _closing_statement(found, id_number, claim_no)
    raise FileError(f"没有年末一次性救助 {claim_no}，请核对编号")


def spells_of(people: People, person: int) -> list[Spell]:
    """The person's spells as the engine wants them for one claim."""
    return [
        Spell(
            CATEGORY_CODES[category],
            date.fromordinal(first),
            None if last == OPEN_END else date.fromordinal(last),
            bool(approved),
        )
        for category, first, last, approved in people.spells[person]
    ]


def claim_at(rows: ClaimRows, i: int) -> Claim:
    """An accepted row as a claim."""
    codes = rows.arrays.codes[CODE_COUNT * i : CODE_COUNT * (i + 1)]
    money = rows.arrays.money[MONEY_COUNT * i : MONEY_COUNT * (i + 1)]
    return Claim(
        claim_no=rows.claim_nos[i],
        service=list(SERVICES)[codes[0]],
        settled_on=date.fromordinal(rows.arrays.day[i]),
        hospital_level=codes[2] + 1,
        charge_class=codes[3] + 1,
        location=list(LOCATIONS)[codes[1]],
        referred=list(REFERRALS)[codes[4]],
        major_disease=bool(codes[5]),
        control_waived=bool(codes[6]),
        chronic_management=("per_visit", "annual")[codes[7]] if codes[0] == 2 else "",
        total=money[0],
        in_scope=money[1],
        out_of_catalogue=money[2],
        basic_paid=money[3],
        other_paid=money[4],
    )


def _statement(settled: Settlement, id_number: str) -> str:
    claim = settled.claim
    managed = f"（{MANAGEMENT[claim.chronic_management]}）" if claim.chronic_management else ""
    place = f"{LOCATIONS[claim.location]}，{REFERRALS[claim.referred]}"
    head = [
        f"结算编号：{claim.claim_no}    身份证号：{id_number}    结算日期：{claim.settled_on}",
        f"服务：{SERVICES[claim.service]}{managed}，{place}    适用身份：{category_label(settled.category)}",
    ]
    return _page(settled.table.document, head, settled.lines)


def _closing_statement(found: YearEnd, id_number: str, claim_no: str) -> str:
    head = [
        f"结算编号：{claim_no}    身份证号：{id_number}    年度：{found.year}",
        f"服务：限额管理费用年末一次性救助    适用身份：{category_label(found.category)}",
    ]
    return _page(found.table.document, head, found.lines)


def _page(document: Document, head: list[str], lines: list[Line]) -> str:
    text = ["医疗费用结算单", f"依据：{document.title}（{document.number}）", *head, ""]
    readings: dict[str, str] = {}
    marks: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        amount = "" if line.amount is None else f"：{format_yuan(line.amount)}元"
        clause = f"  [{line.clause}]" if line.clauses else ""
        text.append(f"{number:>2}. {line.label}{amount}{clause}")
        text.append(f"    {line.formula}")
        marks.update(dict.fromkeys(line.marks))
        for reading in document.readings_of(line.clauses):
            readings[reading.clause] = reading.text
    if readings:
        text += ["", "对条款的理解：", *(f"  {clause}  {reading}" for clause, reading in readings.items())]
    if marks:
        text += ["", "统计数字：", *(f"  {mark}" for mark in marks)]
    cited = [document.clauses[c] for c in dict.fromkeys(c for line in lines for c in line.clauses)]
    text += ["", "条款：", *(f"  {c.id}  {c.article}：{c.text}" for c in cited)]
    return "\n".join(text)
