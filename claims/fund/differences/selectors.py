"""Reads of differences: the list, what waits for an order."""

from django.db.models import F, Q, QuerySet

from accounts.models import User
from claims.fund.differences.models import Difference

UNORDERED = Q(order=None, supplement__gt=F("recovery"))
STATES = {
    "to_pay": UNORDERED,
    "ordered": Q(order__isnull=False),
    "owed": Q(recovery__gt=F("supplement") + F("received")),
    "received": Q(recovery__gt=F("supplement"), received=F("recovery") - F("supplement")),
    "even": Q(supplement=F("recovery")),
}


def differences_for(user: User, *, state: str = "", year: int = 0, case: str = "") -> QuerySet[Difference]:
    """Differences of the user's region, newest first. `state` a key of `STATES`; `case` its number or key."""
    found = user.visible(Difference).select_related("case", "person", "region", "order")
    if state in STATES:
        found = found.filter(STATES[state])
    if year:
        found = found.filter(year=year)
    key = case.strip()[-6:].lstrip("0")
    return found.filter(case_id=key) if key.isdecimal() else found


def unordered(user: User) -> QuerySet[Difference]:
    """Supplements that wait for an order, for the workbench of who pays."""
    return user.visible(Difference).filter(UNORDERED)
