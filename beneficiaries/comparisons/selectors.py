"""Reads of compared lists: results for the page, and what other rooms take from a department's newest list."""

from datetime import date

from django.db.models import QuerySet

from accounts.models import Region, User
from beneficiaries.comparisons.models import ComparisonRow

Result = ComparisonRow.Result


def results(
    user: User,
    *,
    department: str = "",
    region: Region | None = None,
    month: date | None = None,
    result: str = "",
    q: str = "",
) -> QuerySet[ComparisonRow]:
    """The results that the user may see; `q` is a part of what the department says (离职 …)."""
    found = user.visible(ComparisonRow).select_related("region", "file", "person")
    if department:
        found = found.filter(department=department)
    if region:
        found = found.filter(region_id__startswith=region.prefix)
    if month:
        found = found.filter(month=month.replace(day=1))
    if q:
        found = found.filter(status__contains=q)
    return found.filter(result=result) if result else found


def listed(region: Region, department: str, month: date) -> QuerySet[ComparisonRow]:
    """Whom a department's lists of the month name within the region (and below): persons with status, day and note."""
    return ComparisonRow.objects.filter(
        department=department, month=month.replace(day=1), region_id__startswith=region.prefix
    ).select_related("person")


def changed_identities(region: Region, month: date | None = None, *, year: int = 0) -> QuerySet[ComparisonRow]:
    """Persons of the register whom a list of the month (or of any month of the year) names otherwise or of whom it says
    what the register does not know: what goes on to tax (S1-27)."""
    found = ComparisonRow.objects.filter(
        region_id__startswith=region.prefix, result__in=[Result.NAME_DIFFERS, Result.DECEASED]
    ).select_related("person")
    return found.filter(month=month.replace(day=1)) if month else found.filter(month__year=year)
