"""The fund's writes, for the doors and the rooms above."""

from claims.fund.ledger import (
    decide,
    post,
    propose_budget,
    propose_entry,
    propose_reversal,
    record_bank_balance,
    request_override,
)
from claims.fund.listeners import register_payment_listener
from claims.fund.payments import (
    BudgetExceeded,
    bank_file,
    bank_sheet,
    make_batch,
    order_payment,
    record_result,
    reissue,
    send_batch,
    take_results,
)
from claims.fund.spending import book_case, book_claims

__all__ = [
    "BudgetExceeded",
    "bank_file",
    "bank_sheet",
    "book_case",
    "book_claims",
    "decide",
    "make_batch",
    "order_payment",
    "post",
    "propose_budget",
    "propose_entry",
    "propose_reversal",
    "record_bank_balance",
    "record_result",
    "register_payment_listener",
    "reissue",
    "request_override",
    "send_batch",
    "take_results",
]
