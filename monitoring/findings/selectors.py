"""Reads of findings: the list, counts, open ones by county (S2-13)."""

from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from accounts.models import Region, User
from accounts.vocabulary import Department
from monitoring.findings.models import Finding

State = Finding.State


def findings_for(user: User, *, state: str = "uncleared", county: str = "", q: str = "") -> QuerySet[Finding]:
    """Findings that the user may see. `state`: uncleared, late, open, answered, cleared, all."""
    found = user.visible(Finding).select_related("region", "opened_by")
    if state == "uncleared":
        found = found.exclude(state=State.CLEARED)
    elif state == "late":
        found = found.exclude(state=State.CLEARED).filter(due_on__lt=timezone.localdate())
    elif state != "all":
        found = found.filter(state=state)
    if county:
        code = county[:6]
        found = found.filter(region_id__gte=code.ljust(12, "0"), region_id__lte=code.ljust(12, "9"))
    if q:
        found = found.filter(Q(title__icontains=q.strip()) | Q(number__iexact=q.strip()))
    return found


def counts(user: User) -> dict[str, Any]:
    """uncleared, late, open, answered, cleared: one query."""
    left = ~Q(state=State.CLEARED)
    return user.visible(Finding).aggregate(
        uncleared=Count("pk", filter=left),
        late=Count("pk", filter=left & Q(due_on__lt=timezone.localdate())),
        open=Count("pk", filter=Q(state=State.OPEN)),
        answered=Count("pk", filter=Q(state=State.ANSWERED)),
        cleared=Count("pk", filter=Q(state=State.CLEARED)),
    )


def by_county(user: User) -> list[dict[str, Any]]:
    """Per county: found, cleared, left, late, the last day due; most left first."""
    left = ~Q(state=State.CLEARED)
    rows = (
        user.visible(Finding)
        .order_by()
        .annotate(county=Left("region_id", 6))
        .values("county")
        .annotate(
            found=Count("pk"),
            cleared=Count("pk", filter=Q(state=State.CLEARED)),
            left=Count("pk", filter=left),
            late=Count("pk", filter=left & Q(due_on__lt=timezone.localdate())),
            last_due=Max("due_on", filter=left),
        )
    )
    found = sorted(rows, key=lambda row: (-row["left"], row["county"]))
    names = dict(Region.objects.filter(pk__in=[r["county"].ljust(12, "0") for r in found]).values_list("code", "name"))
    for row in found:
        row["code"] = row["county"].ljust(12, "0")
        row["name"] = names.get(row["code"], row["county"])
    return found


def mine_to_answer(user: User) -> QuerySet[Finding]:
    """Open ones of the user's department (and section, where one is named)."""
    found = user.visible(Finding).filter(state=State.OPEN, department=user.department or Department.MEDICAL_SECURITY)
    return found.filter(Q(section="") | Q(section=user.section)) if user.section else found
