"""The law as data and the chain of settlement: pure Python, no Django, no database.

Documents and figures

    book = load_book("policies/documents")                  # policy → versions by date, gaps and overlaps refused
    document = load_document("policies/documents/tongliao-2023.toml")     # or parse_document(text, name)
    parameters = load_parameters("policies/documents/parameters.csv")     # or parse_parameters(text)
    rules = Rules(book, "tongliao", parameters)             # one policy, ready to settle; keep it, tables are cached

One claim, with its working (about 60 µs)

    settlement = settle_claim(rules, State(), claim, spells)
    settlement.category, .cii_paid, .assistance, .personal_burden …       # fen
    settlement.state.to_dict()                              # store; State.from_dict(row) before the next claim
    [line.as_dict() for line in settlement.lines]           # label, formula, amount, clauses, reading, marks
    settle_year_end(rules, state, 2023, spells)             # S4-06: the one payment at year end, or None

Claims of a person must come in the order (settled_on, claim_no); the state is `State()` at the start of each calendar
year. `spells` are all category spells of the person (`Spell`), whether or not they are valid on the day.

Many claims: `settle_many` over flat arrays (`ClaimArrays`, `SpellArrays`), compiled from 30,000 claims on. The same
functions of `chain.py` run at both speeds.

What surrounds the claims

    subsidy_table(rules, year).of(held, exempt)             # or subsidy_of(rules, year, spells, exempt); .lines
    measures = measures_of(settlement)                      # add them up per person and year, to_dict/from_dict
    table = warning_table(rules, day)                       # .measure names the sum; .lines the lines as whole fen
    table.assess(sum, held, ever, rural)                    # Warned or None; .explain(…) the distance to every line
    need_test(rules, applied_on, household)                 # S1-02, every leg with its figures
    entitlement_of(rules, day, measures, held, granted)     # S3-13
    fund_due(rules, year)                                   # S1-08

For a set-based scan every `WarningLine` has kind, categories, earlier_too, others, over_from and near_from: a person
is over a line when the measure is ≥ over_from, approaches it when it is ≥ near_from (whole fen, exact).

All refusals are `EngineError` with a Chinese sentence: DocumentError, ParameterError (MissingParameter), NoVersion,
NotGoverned, ClaimRefused (field, value, reason).
"""

from .batch import Batch, Calendar, ClaimArrays, SpellArrays, calendar, settle_many
from .book import Book, load_book
from .chain import State
from .codes import CATEGORIES, CATEGORY_CODES, MONITORED, NONE, category_label
from .document import Clause, Document, Reading
from .errors import (
    ClaimRefused,
    DocumentError,
    EngineError,
    MissingParameter,
    NotGoverned,
    NoVersion,
    ParameterError,
)
from .lines import Line
from .measures import MEASURE_LABELS, Measures, measures_of
from .needs import (
    Entitlement,
    FundDue,
    Household,
    Leg,
    NeedResult,
    entitlement_of,
    fund_due,
    months_of,
    need_test,
)
from .parameters import Parameter, Parameters, load_parameters, parse_parameters
from .parse import load_document, parse_document
from .settlement import (
    Claim,
    Settlement,
    Spell,
    YearEnd,
    check_money,
    settle_claim,
    settle_year_end,
    year_end_number,
)
from .subsidy import SubsidyResult, SubsidyTable, held_in, subsidy_of, subsidy_table
from .table import Rules, YearTable
from .warnings import KIND_LABELS, Warned, WarningLine, WarningTable, held_on, warning_table, warnings_of

__all__ = [
    "CATEGORIES",
    "CATEGORY_CODES",
    "KIND_LABELS",
    "MEASURE_LABELS",
    "MONITORED",
    "NONE",
    "Batch",
    "Book",
    "Calendar",
    "Claim",
    "ClaimArrays",
    "ClaimRefused",
    "Clause",
    "Document",
    "DocumentError",
    "EngineError",
    "Entitlement",
    "FundDue",
    "Household",
    "Leg",
    "Line",
    "Measures",
    "MissingParameter",
    "NeedResult",
    "NoVersion",
    "NotGoverned",
    "Parameter",
    "ParameterError",
    "Parameters",
    "Reading",
    "Rules",
    "Settlement",
    "Spell",
    "SpellArrays",
    "State",
    "SubsidyResult",
    "SubsidyTable",
    "Warned",
    "WarningLine",
    "WarningTable",
    "YearEnd",
    "YearTable",
    "calendar",
    "category_label",
    "check_money",
    "entitlement_of",
    "fund_due",
    "held_in",
    "held_on",
    "load_book",
    "load_document",
    "load_parameters",
    "measures_of",
    "months_of",
    "need_test",
    "parse_document",
    "parse_parameters",
    "settle_claim",
    "settle_many",
    "settle_year_end",
    "subsidy_of",
    "subsidy_table",
    "warning_table",
    "warnings_of",
    "year_end_number",
]
