"""The projection of a region: marks as of a day, and the same rule held against a past year."""

import calendar
from datetime import date

from django.db import connection, transaction

from accounts.models import Region
from monitoring import lines as law
from monitoring.models import HitRate, Projected, inside
from monitoring.projection import reckon
from monitoring.services import county_codes
from policies.engine.errors import EngineError


def project(*, region: Region, on: date) -> int:
    """Marks of the region anew as of a day, a transaction a county; how many. Writes no warning and tells nobody.

    Raises EngineError where a figure is missing.
    """
    found = 0
    for code in county_codes(region):
        with transaction.atomic():
            _wait_for(code)
            Projected.objects.filter(inside(code)).delete()
            ruling = law.lines_on(code.ljust(12, "0"), on)
            if ruling and reckon.until(on) > on:
                found += reckon.mark(reckon.facts_of(code, on, ruling), ruling.table.measure)
    return found


def check(*, region: Region, year: int) -> int:
    """Holds the rule against a past year: at each month's end but the last, whom it marks and who crossed in the month.

    From the accumulators and the monthly sums of those who came near a line, with the categories and lines of each
    day. How many months' ends were counted; one whose law or figures are not there is left out.
    """
    found = 0
    for code in county_codes(region):
        with transaction.atomic():
            _wait_for(code)
            HitRate.objects.filter(region_id=code.ljust(12, "0"), on__year=year).delete()
            found += len(HitRate.objects.bulk_create(_rates(code, year)))
    return found


def _rates(code: str, year: int) -> list[HitRate]:
    place = code.ljust(12, "0")
    by_measure: dict[str, dict[date, law.Ruling]] = {}
    for month in range(1, 12):
        day = date(year, month, calendar.monthrange(year, month)[1])
        try:
            ruling = law.lines_on(place, day)
        except EngineError:
            continue
        if ruling:
            by_measure.setdefault(ruling.table.measure, {})[day] = ruling
    rates = []
    for measure, rulings in by_measure.items():
        facts = {day: reckon.facts_of(code, day, ruling) for day, ruling in rulings.items()}
        least = min(one["least"] for one in facts.values())
        reckon.month_sums(next(iter(facts.values())) | {"least": least}, measure)
        for day, one in facts.items():
            marked, hit, crossed = reckon.count(one)
            rates.append(HitRate(region_id=place, on=day, marked=marked, hit=hit, crossed=crossed))
    return rates


def _wait_for(code: str) -> None:
    """Another run of the county ends first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"projection {code}"])
