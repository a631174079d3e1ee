"""Reads of entered claims."""

from django.db.models import Q, QuerySet

from accounts.models import User
from claims.entry.models import ClaimEntry

State = ClaimEntry.State


def entries_for(user: User, *, state: str = "", mine: bool = False) -> QuerySet[ClaimEntry]:
    """Entered claims that the user may see, newest first."""
    found = user.visible(ClaimEntry).select_related("person", "region", "entered_by", "decided_by", "claim")
    found = found.filter(state=state) if state else found.exclude(state=State.WITHDRAWN)
    return found.filter(entered_by=user) if mine else found


def to_confirm(user: User) -> QuerySet[ClaimEntry]:
    """Submitted by others, for a second person."""
    # Written out: `exclude` would leave out what an institution sent, which nobody here entered.
    others = Q(entered_by=None) | ~Q(entered_by=user)
    return user.visible(ClaimEntry).filter(others, state=State.SUBMITTED)


def to_mend(user: User) -> QuerySet[ClaimEntry]:
    """The user's own, returned with what to mend."""
    return user.visible(ClaimEntry).filter(state=State.RETURNED, entered_by=user)
