"""The commands' work: CSV files in, CSV files out, with the very engine that the site uses and no database.

Every function returns a summary and writes its output in one piece: beside the target first, then renamed. Refused
claim rows go to `<output>.errors.csv`; when none was refused, an errors file of an earlier run is removed.
"""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from itertools import chain as chained
from itertools import islice
from pathlib import Path
from typing import Any, Final

from .csv_rows import FileError
from .engine import Book, Rules, SpellArrays, calendar, load_book, load_parameters, settle_many
from .engine.batch import Batch, Calendar
from .engine.chain import AMOUNT_COUNT, MONEY_COUNT
from .engine.codes import CATEGORY_CODES, NONE
from .engine.money import format_yuan
from .engine.settlement import year_end_number
from .engine.subsidy import subsidy_table
from .engine.warnings import WarningTable, warning_table
from .file_rows import (
    ERROR_COLUMNS,
    MONEY_COLUMNS,
    ClaimRows,
    People,
    PersonRow,
    Refused,
    read_categories,
    read_claims,
    read_persons,
)

DOCUMENTS: Final = Path(__file__).parent / "documents"
POLICIES: Final = ("shannan", "tongliao", "jining", "guangxi", "yangcheng")
SETTLE_COLUMNS: Final = (
    "claim_no",
    "category",
    "cii_paid",
    "assistance",
    "out_of_catalogue_assistance",
    "top_up",
    "institution_borne",
    "over_control",
    "in_scope_burden",
    "personal_burden",
)
SUBSIDY_COLUMNS: Final = ("id_number", "category", "fund", "county_finance", "person")
WARNING_COLUMNS: Final = ("id_number", "kind", "measure", "line", "approaching")
WINNERS: Final = (*CATEGORY_CODES, NONE)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a command did: rows written and claim rows refused."""

    written: int
    refused: int


def rules_of(policy: str, parameters: Path, book: Book | None = None) -> Rules:
    """A policy of the documents folder with the figures of a parameter file. Raises EngineError."""
    book = book or load_book(DOCUMENTS)
    figures = load_parameters(parameters)
    figures.check(book.parameter_keys())
    return Rules(book, policy, figures)


def settle_file(policy: str, parameters: Path, categories: Path, claims: Path, output: Path) -> Summary:
    """`manage.py settle`. Raises FileError, EngineError; then nothing was written."""
    check_output(output, (parameters, categories, claims))
    rules = rules_of(policy, parameters)
    people = read_categories(categories)
    rows = read_claims(claims, people)
    batch, order = settle_rows(rules, people, rows)
    write_files(output, SETTLE_COLUMNS, settled_text(people, rows, batch, order), rows.refused)
    return Summary(len(order) + len(batch.year_end), len(rows.refused))


def settle_rows(rules: Rules, people: People, rows: ClaimRows) -> tuple[Batch, Sequence[int]]:
    """Settle accepted rows; those without version or figures are refused. Gives results and the rows that have one."""
    days = rows.arrays.day
    if not len(days):
        return settle_many(rules, Calendar([], [], []), rows.arrays, SpellArrays.of([])), []
    held = SpellArrays.of(people.spells)
    cal = calendar(rules, date.fromordinal(min(days)), date.fromordinal(max(days)))
    table_of = {day: cal.index_of(day) for day in set(_listed(days))}
    refuse_unsettled(cal, table_of, rows)
    if not isinstance(days, array):
        from .bulk.settling import settle_bulk

        return settle_bulk(rules, cal, rows, held)
    kept = [i for i, day in enumerate(days) if table_of[day] >= 0] if cal.refusals else range(len(days))
    rows.arrays.order.extend(in_order(rows, kept))
    if not kept:
        return Batch([], [], [], []), []
    return settle_many(rules, cal, rows.arrays, held), kept


def in_order(rows: ClaimRows, kept: Iterable[int]) -> list[int]:
    """Row numbers by person, day and claim number."""
    keys = [person << 24 | day for person, day in zip(rows.arrays.person, rows.arrays.day, strict=True)]
    order = sorted(kept, key=keys.__getitem__)
    # Few claims share person and day: only those are compared by number.
    claim_nos = rows.claim_nos
    tied = [n for n in range(1, len(order)) if keys[order[n]] == keys[order[n - 1]]]
    done = 0
    for n in tied:
        if n < done:
            continue
        done = n + 1
        while done < len(order) and keys[order[done]] == keys[order[n]]:
            done += 1
        order[n - 1 : done] = sorted(order[n - 1 : done], key=claim_nos.__getitem__)
    return order


def refuse_unsettled(cal: Calendar, table_of: dict[int, int], rows: ClaimRows) -> None:
    """Refuse rows of days that no table settles, and keep the refused rows in the order of the file."""
    if not cal.refusals:
        return
    for i, day in enumerate(_listed(rows.arrays.day)):
        if table_of[day] < 0:
            reason = str(cal.refusal_of(day))
            rows.refused.append(Refused(int(rows.lines[i]), "settled_on", date.fromordinal(day).isoformat(), reason))
    rows.refused.sort(key=lambda refused: refused.row)


def subsidy_file(policy: str, parameters: Path, categories: Path, persons: Path, year: int, output: Path) -> Summary:
    """`manage.py subsidy`. Raises FileError, EngineError; then nothing was written."""
    check_output(output, (parameters, categories, persons))
    table = subsidy_table(rules_of(policy, parameters), year)
    people = read_categories(categories)
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()

    def lines() -> Iterator[list[str]]:
        for person in rows:
            spells = people.spells_of(person.id_number)
            held = {CATEGORY_CODES[k] for k, begun, ended, _ in spells if begun <= last and ended >= first}
            found = table.of(held, person.exempt)
            yield [
                person.id_number,
                found.category,
                format_yuan(found.fund),
                format_yuan(found.county_finance),
                format_yuan(found.person),
            ]

    rows = read_persons(persons)
    write_files(output, SUBSIDY_COLUMNS, csv_text(lines()), ())
    return Summary(len(rows), 0)


def warnings_file(
    policy: str, parameters: Path, categories: Path, persons: Path, claims: Path, day: date, output: Path
) -> Summary:
    """`manage.py warnings`. Raises FileError, EngineError; then nothing was written."""
    check_output(output, (parameters, categories, persons, claims))
    rules = rules_of(policy, parameters)
    table = warning_table(rules, day)
    people = read_categories(categories)
    listed = read_persons(persons)
    rows = read_claims(claims, people)
    batch, kept = settle_rows(rules, people, rows)
    sums = measure_sums(table.measure, day, rows, batch, kept)
    found = list(warned(table, day, people, listed, sums))
    write_files(output, WARNING_COLUMNS, csv_text(found), rows.refused)
    return Summary(len(found), len(rows.refused))


def measure_sums(measure: str, day: date, rows: ClaimRows, batch: Batch, kept: Sequence[int]) -> dict[int, int]:
    """The yearly measure up to `day` in fen, by number of the person."""
    first, last = date(day.year, 1, 1).toordinal(), day.toordinal()
    amounts, money = _listed(batch.amounts), _listed(rows.arrays.money)
    persons, days = _listed(rows.arrays.person), _listed(rows.arrays.day)
    spent = MONEY_COLUMNS.index("total" if measure == "total_after_insurance" else "in_scope")
    basic = MONEY_COLUMNS.index("basic_paid")
    sums: dict[int, int] = {}
    for i in kept:
        if first <= days[i] <= last:
            if measure == "personal_burden":
                part = amounts[AMOUNT_COUNT * i + AMOUNT_COUNT - 1]
            else:
                part = money[MONEY_COUNT * i + spent] - money[MONEY_COUNT * i + basic] - amounts[AMOUNT_COUNT * i]
            who = persons[i]
            sums[who] = sums.get(who, 0) + part
    return sums


def warned(
    table: WarningTable, day: date, people: People, listed: Iterable[PersonRow], sums: dict[int, int]
) -> Iterator[list[str]]:
    """Output rows of those over a line or approaching one, in the order of the persons' file."""
    now = day.toordinal()
    for person in listed:
        spells = people.spells_of(person.id_number)
        held = {CATEGORY_CODES[k] for k, first, last, _ in spells if first <= now <= last}
        ever = {CATEGORY_CODES[k] for k, first, _, _ in spells if first <= now}
        found = table.assess(sums.get(people.numbers.get(person.id_number.upper(), -1), 0), held, ever, person.rural)
        if found is not None:
            near = "yes" if found.approaching else "no"
            yield [person.id_number, found.kind, format_yuan(found.measure), format_yuan(found.line), near]


def settle_lines(people: People, rows: ClaimRows, batch: Batch, kept: Sequence[int]) -> Iterator[list[str]]:
    """Output rows in the order of the input, year-end rows after them by claim number."""
    amounts = _listed(batch.amounts)
    categories, flags = _listed(batch.category), _listed(batch.over_control)
    for i in kept:
        cii, paid, outside, top_up, borne, in_scope, personal = map(format_yuan, amounts[7 * i : 7 * i + 7])
        flag = "yes" if flags[i] else "no"
        yield [rows.claim_nos[i], WINNERS[categories[i]], cii, paid, outside, top_up, borne, flag, in_scope, personal]
    yield from year_end_lines(people, batch)


def year_end_lines(people: People, batch: Batch) -> Iterator[list[str]]:
    closing = [(year_end_number(people.ids[who], year), WINNERS[k], fen) for who, year, k, fen, _ in batch.year_end]
    for number, category, fen in sorted(closing):
        minus = format_yuan(-fen)
        yield [number, category, "0.00", format_yuan(fen), "0.00", "0.00", "0.00", "no", minus, minus]


def settled_text(people: People, rows: ClaimRows, batch: Batch, kept: Sequence[int]) -> Iterable[bytes]:
    """The lines of `settle_lines` as the file has them."""
    if isinstance(rows.claim_nos, list):
        return csv_text(settle_lines(people, rows, batch, kept))
    from .bulk.settling import settled_text as bulk_text

    return chained(bulk_text(rows, batch, kept, WINNERS), csv_text(year_end_lines(people, batch)))


def _listed(values: Any) -> Any:
    """Plain integers of a NumPy array; lists stay."""
    return values.tolist() if hasattr(values, "tolist") else values


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse an output that would overwrite an input or has no folder."""
    if not output.parent.is_dir():
        raise FileError(f"输出文件夹 {output.parent} 不存在，请先建立")
    if output.is_dir():
        raise FileError(f"输出 {output} 是文件夹，请写文件名")
    if output.exists() and not output.is_file():
        # A finished file takes the place of what was there: never that of a device.
        raise FileError(f"输出 {output} 不是普通文件，请换一个文件名")
    for path in inputs:
        if path.resolve() in (output.resolve(), errors_path(output).resolve()):
            raise FileError(f"输出文件 {output} 与输入文件相同，请换一个文件名")


def errors_path(output: Path) -> Path:
    return output.with_name(output.name + ".errors.csv")


def write_files(output: Path, columns: tuple[str, ...], text: Iterable[bytes], refused: Sequence[Refused]) -> None:
    """Write output and errors file, both or neither. Raises FileError."""
    targets = [(output, columns, text)]
    if refused:
        faults = ([str(r.row), r.field, r.value, r.reason] for r in refused)
        targets.append((errors_path(output), ERROR_COLUMNS, csv_text(faults)))
    with ExitStack() as undo:
        try:
            for path, header, pieces in targets:
                beside = path.with_name(path.name + ".part")
                undo.callback(beside.unlink, missing_ok=True)
                with beside.open("wb") as handle:
                    handle.writelines(chained(csv_text([header]), pieces))
            for path, _, _ in reversed(targets):
                path.with_name(path.name + ".part").replace(path)
            if not refused:
                errors_path(output).unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f"{output} 写不进去，请核对权限和磁盘空间：{error.strerror}") from error


def csv_text(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The rows as CSV in UTF-8, some thousand at a time."""
    remaining = iter(rows)
    while some := list(islice(remaining, 5_000)):
        made = io.StringIO()
        csv.writer(made, lineterminator="\n").writerows(some)
        yield made.getvalue().encode()
