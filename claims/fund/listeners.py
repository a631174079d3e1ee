"""Who is told that a payment arrived or came back: each room registers for the kinds that it orders."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claims.fund.models import PaymentOrder

Paid = Callable[["PaymentOrder", date], None]
Returned = Callable[["PaymentOrder", date, str], None]
_listeners: dict[str, list[tuple[Paid, Returned]]] = {}


def register_payment_listener(kind: str, on_paid: Paid, on_returned: Returned) -> None:
    """`on_paid(order, day)` and `on_returned(order, day, reason)` run in the transaction that records the result."""
    pair = (on_paid, on_returned)
    if pair not in _listeners.setdefault(kind, []):
        _listeners[kind].append(pair)


def tell_paid(order: "PaymentOrder", day: date) -> None:
    for on_paid, _on_returned in _listeners.get(order.kind, ()):
        on_paid(order, day)


def tell_returned(order: "PaymentOrder", day: date, reason: str) -> None:
    for _on_paid, on_returned in _listeners.get(order.kind, ()):
        on_returned(order, day, reason)
