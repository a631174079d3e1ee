"""The one reader of partner files: rosters, claims, contributions and feedback. Pure: it knows no Django, no database.

::

    from exchange.reader import ROSTER, Context, DuplicateFinder, FileRefused, read

    reading = read(path, ROSTER, Context(department="civil_affairs", region="150500", regions=index))
    reading.header.line, reading.ignored        # where the table begins; extra columns, for the report
    for row in reading:                         # Row(line, values, raw, problems, notes)
        row.code or row.values["id_number"]
    reading.skipped                             # totals and signature lines that were no data

    for batch in reading.batches():             # the same rows as columns, several times faster: for COPY
        batch.columns["category"], batch.raw["category"], batch.lines, batch.problems, batch.notes
        batch.tuples("id_number", "name")       # (line, id_number, name) …
        batch.digests()                         # 16 stable bytes per row, of the normalised content

`read(source, schema, context=None)`
    `source`: path, bytes, or seekable binary stream. Raises `FileRefused` (`.code`, `.params`, `str()` in Chinese) for
    a file that is empty, no table, without its needed columns or with a column twice; a fault that only shows on the
    way (a broken byte, an unpaired quote) raises it from the iteration. So write nothing for good before the end.
    Iterating again reads again. Lines are counted as a spreadsheet does: title and blank lines included, a record
    with a line break in a cell is one line.

Values, by schema (`schemas.py` has the headings that are understood)
    dates `datetime.date`; money `int` fen; yes/no `bool`; `hospital_level`, `charge_class`, `year` `int`; codes and
    all else `str`; blank, absent or faulty: None, or the column's default.

    ROSTER         id_number name category · region household relation valid_from valid_to reason phone
    CLAIMS         claim_no id_number service settled_on total in_scope basic_paid out_of_catalogue (or
                   fulamt_ownpay_amt + overlmt_selfpay, summed) · name hospital_level charge_class location
                   referred="not_needed" major_disease=False control_waived=False chronic_management other_paid=0
                   hifmi_pay hifob_pay maf_pay psn_part_amt preselfpay_amt institution insutype dise_codg dise_name
    CONTRIBUTIONS  id_number year amount paid_on · name kind="payment"|"refund" tier
    FEEDBACK       warning_no id_number result (and category when certified) · name valid_from note verified_on
    LIST           id_number · name status occurred_on note

Codes of problems (`row.problems`, first = the one to report; `problem.reason` in Chinese)
    roster: missing id_spreadsheet id_length id_birth_date id_checksum category_unknown category_not_yours date
    date_order region_unknown region_not_yours, and `cells` for a row with more cells than the header.
    Further in the other files: money money_decimals money_negative number code_unknown number_spreadsheet too_long
    basic_paid total repeated (a claim_no seen before in the file).
Codes of notes (`row.notes`; the row is good)
    id_converted id_district name_private phone value_spreadsheet cut region_new.

`DuplicateFinder`
    `.add(batch)` for each batch, then `.find()` → {line: Duplicate(code, first)} with `repeated` (second of identical
    rows) and `duplicate_differs` (all rows of a person whose rows differ). Only rows without problems count. The same
    in SQL: partition by id_number, compare `digests()`.

`write_error_file(reading, reasons, out, whole=False)`
    The partner's file back with 错误原因; `reasons`: {line: sentence or problems}.

For forms and other doors: `identity` (parse, normalise, mask, birth_date, sex), `names.normalise`, `dates.parse`,
`money.parse` and `money.yuan`, `phones.normalise`, `regions` (RegionIndex, resolve, within), `vocabulary`,
`neutralise`.
Their errors are `FieldError` (`.code`, `.params`, `str()` in Chinese).
"""

from . import dates, identity, money, names, phones, regions, vocabulary
from .batch import Batch, Row
from .columns import Context
from .duplicates import Duplicate, DuplicateFinder
from .errorfile import write_error_file
from .errors import FieldError, FileRefused, Problem
from .neutralise import neutralise
from .reading import Reading, Skipped, read
from .regions import RegionIndex
from .schema import Column, Schema
from .schemas import CLAIMS, CONTRIBUTIONS, FEEDBACK, LIST, ROSTER, SCHEMAS

__all__ = [
    "CLAIMS",
    "CONTRIBUTIONS",
    "FEEDBACK",
    "LIST",
    "ROSTER",
    "SCHEMAS",
    "Batch",
    "Column",
    "Context",
    "Duplicate",
    "DuplicateFinder",
    "FieldError",
    "FileRefused",
    "Problem",
    "Reading",
    "RegionIndex",
    "Row",
    "Schema",
    "Skipped",
    "dates",
    "identity",
    "money",
    "names",
    "neutralise",
    "phones",
    "read",
    "regions",
    "vocabulary",
    "write_error_file",
]
