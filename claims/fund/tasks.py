"""The ledger on the worker: every night it is brought to what the settlements come to."""

from celery import shared_task

from accounts.audit import acting
from accounts.models import Level, Region
from claims.fund.services import book_claims
from claims.models import PersonYear


@shared_task(name="claims.book_fund")
def book_fund() -> int:
    """Books every prefecture and year that has claims; returns how many entries were made."""
    made = 0
    years = list(PersonYear.objects.order_by("year").values_list("year", flat=True).distinct())
    with acting(None, "task book_fund"):
        for place in Region.objects.filter(level=Level.PREFECTURE).order_by("code"):
            made += sum(len(book_claims(actor=None, region=place, year=year)) for year in years)
    return made
