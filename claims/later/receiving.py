"""Facts that turned out otherwise, told by the rooms below: which settled years rest on them."""

from typing import Final

from django.db import connection

from beneficiaries.changes import Change

# Years whose last claim, or whose payment at year end, is not older than the first day that is otherwise.
_RECORD: Final = """
INSERT INTO claims_laterfact (person_id, year, region_id, since, cause, reference, note, recorded_at)
SELECT k.person_id, y.year, y.region_id, greatest(k.since, make_date(y.year, 1, 1)), %s, %s, '', clock_timestamp()
FROM ({query}) AS k (person_id, since)
JOIN claims_personyear y ON y.person_id = k.person_id
WHERE y.last_settled_on >= k.since OR (make_date(y.year, 12, 31) >= k.since AND EXISTS (
    SELECT FROM claims_yearend e WHERE e.person_id = y.person_id AND e.year = y.year AND e.superseded_at IS NULL))
"""


def record(change: Change) -> None:
    """One row per person and year that rests on what changed; a person without claims needs none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM claims_personyear)")
        if cursor.fetchone()[0]:
            cursor.execute(_RECORD.format(query=change.query), [change.cause, change.reference, *change.params])
