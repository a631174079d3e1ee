"""Reads of entered claims."""

from django.db.models import QuerySet

from accounts.access import Act
from accounts.models import User
from claims.entry.models import ClaimEntry

State = ClaimEntry.State


def entries_for(user: User, *, state: str = "", mine: bool = False) -> QuerySet[ClaimEntry]:
    """Entered claims that the user may see, newest first."""
    found = user.visible(ClaimEntry).select_related("person", "region", "entered_by", "decided_by")
    found = found.filter(state=state) if state else found.exclude(state=State.WITHDRAWN)
    return found.filter(entered_by=user) if mine else found


def waiting_count(user: User) -> tuple[int, str]:
    """How many entered claims wait for the user, and in which state: to confirm, or returned to mend."""
    if user.may(Act.CLAIM_CONFIRM):
        return user.visible(ClaimEntry).filter(state=State.SUBMITTED).exclude(entered_by=user).count(), State.SUBMITTED
    if user.may(Act.CLAIM_WRITE):
        return user.visible(ClaimEntry).filter(state=State.RETURNED, entered_by=user).count(), State.RETURNED
    return 0, ""
