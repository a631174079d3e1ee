"""A county's year: who must be enrolled, what each owes and who pays it, set against what has been paid.

People who held the same categories get the same shares, so the rules are asked once per combination (the engine's own
table, as for one person) and joined by SQL. Running it again with the same facts writes nothing.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from beneficiaries.enrolment import law
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.models import TemporaryGroup
from exchange.staging import copying
from policies.engine import SubsidyResult

# Who: persons of the place who held a category in the year, were put into a group, paid, or are enrolled already.
PEOPLE = """
CREATE TEMP TABLE enrolment_people ON COMMIT DROP AS
SELECT p.id AS person_id, p.region_id, left(p.region_id, 6) AS county, coalesce(h.held, '{{}}') AS held,
    coalesce(e.exempt, false) AS exempt, coalesce(g.group_id, 0) AS group_id,
    coalesce(e.insurance, c.insurance, 'resident') AS insurance
FROM beneficiaries_person p
LEFT JOIN (
    SELECT s.person_id, array_agg(DISTINCT s.category::text ORDER BY s.category::text) AS held
    FROM beneficiaries_heldcategory s JOIN beneficiaries_person p ON p.id = s.person_id
    WHERE s.known_to IS NULL AND s.valid_from <= %(last)s AND (s.valid_to IS NULL OR s.valid_to >= %(first)s)
        AND {where}
    GROUP BY 1
) h ON h.person_id = p.id
LEFT JOIN beneficiaries_enrolment e ON e.person_id = p.id AND e.year = %(year)s
LEFT JOIN (
    SELECT DISTINCT ON (m.person_id) m.person_id, m.group_id
    FROM beneficiaries_temporarymember m JOIN beneficiaries_temporarygroup g ON g.id = m.group_id
    WHERE g.year = %(year)s ORDER BY m.person_id, g.amount DESC, g.id
) g ON g.person_id = p.id
LEFT JOIN (
    SELECT DISTINCT ON (person_id) person_id, insurance FROM beneficiaries_coverage
    WHERE valid_from <= %(last)s AND (valid_to IS NULL OR valid_to >= %(first)s) ORDER BY person_id, valid_from DESC
) c ON c.person_id = p.id
WHERE {where} AND p.merged_into_id IS NULL AND (p.deceased_on IS NULL OR p.deceased_on >= %(first)s)
    AND (h.held IS NOT NULL OR e.id IS NOT NULL OR g.group_id IS NOT NULL
    OR EXISTS (SELECT FROM beneficiaries_contribution k WHERE k.person_id = p.id AND k.year = %(year)s))
"""
RULES = """
CREATE TEMP TABLE enrolment_rules (county text, held text[], exempt boolean, given bigint, category text,
    base bigint, fund bigint, county_finance bigint, due bigint, group_id bigint, version_id bigint, figures_id bigint)
    ON COMMIT DROP
"""
WRITE = """
INSERT INTO beneficiaries_enrolment AS e (person_id, region_id, year, insurance, tier, place, base, fund,
    county_finance, due, paid, other_paid, refunded, exempt, category, group_id, version_id, figures_id,
    registered_on, computed_at, changed_on, relayed_as)
SELECT w.person_id, w.region_id, %(year)s, w.insurance, '', '',
    CASE WHEN resident THEN r.base ELSE 0 END, CASE WHEN resident THEN r.fund ELSE 0 END,
    CASE WHEN resident THEN r.county_finance ELSE 0 END, CASE WHEN resident THEN r.due ELSE 0 END,
    0, 0, 0, w.exempt, r.category, CASE WHEN resident THEN r.group_id END, r.version_id, r.figures_id,
    %(today)s, %(now)s, %(today)s, ''
FROM enrolment_people w
CROSS JOIN LATERAL (SELECT w.insurance = 'resident' AS resident) is_resident
JOIN enrolment_rules r ON r.county = w.county AND r.held = w.held AND r.exempt = w.exempt AND r.given = w.group_id
ON CONFLICT (person_id, year) DO UPDATE SET region_id = excluded.region_id, base = excluded.base, fund = excluded.fund,
    county_finance = excluded.county_finance, due = excluded.due, category = excluded.category,
    group_id = excluded.group_id, version_id = excluded.version_id, figures_id = excluded.figures_id,
    computed_at = excluded.computed_at, changed_on = excluded.changed_on
WHERE (e.region_id, e.base, e.fund, e.county_finance, e.due, e.category, e.group_id, e.version_id, e.figures_id)
    IS DISTINCT FROM (excluded.region_id, excluded.base, excluded.fund, excluded.county_finance, excluded.due,
    excluded.category, excluded.group_id, excluded.version_id, excluded.figures_id)
"""
# Payments under a number that nobody had are the person's as soon as the register knows the number and the name.
ATTACH = """
UPDATE beneficiaries_contribution k SET person_id = p.id, problem = '', region_id = p.region_id
FROM beneficiaries_person p
WHERE k.person_id IS NULL AND k.problem = 'unknown_person' AND k.year = %(year)s AND k.id_key = p.id_key
    AND (k.name = '' OR k.name = p.name) AND {where}
"""
SUMS = """
UPDATE beneficiaries_enrolment e SET paid = s.paid, other_paid = s.other_paid, refunded = s.refunded,
    tier = CASE WHEN s.tier <> '' THEN s.tier ELSE e.tier END, changed_on = %(today)s
FROM (
    SELECT e.id, coalesce(sum(k.amount) FILTER (WHERE k.kind = 'payment' AND k.payer = 'person'), 0) AS paid,
        coalesce(sum(k.amount) FILTER (WHERE k.kind = 'payment' AND k.payer <> 'person'), 0) AS other_paid,
        coalesce(sum(k.amount) FILTER (WHERE k.kind = 'refund'), 0) AS refunded,
        coalesce((array_agg(k.tier ORDER BY k.paid_on DESC, k.id DESC) FILTER (WHERE k.tier <> ''))[1], '') AS tier
    FROM beneficiaries_enrolment e JOIN beneficiaries_person p ON p.id = e.person_id
    LEFT JOIN beneficiaries_contribution k ON k.person_id = e.person_id AND k.year = e.year
    WHERE e.year = %(year)s AND {where}
    GROUP BY e.id
) s
WHERE e.id = s.id AND ((e.paid, e.other_paid, e.refunded) <> (s.paid, s.other_paid, s.refunded)
    OR (s.tier <> '' AND s.tier <> e.tier))
"""
BARE = """
INSERT INTO beneficiaries_enrolment (person_id, region_id, year, insurance, tier, place, base, fund, county_finance,
    due, paid, other_paid, refunded, exempt, category, registered_on, changed_on, relayed_as)
SELECT DISTINCT p.id, p.region_id, k.year, 'resident', '', '', 0, 0, 0, 0, 0, 0, 0, false, '', %(today)s::date,
    %(today)s::date, ''
FROM beneficiaries_contribution k JOIN beneficiaries_person p ON p.id = k.person_id
WHERE k.year = %(year)s AND {where} ON CONFLICT DO NOTHING
"""
_OF_COUNTY = "p.region_id >= %(low)s AND p.region_id <= %(high)s"
_OF_PERSONS = "p.id = ANY(%(persons)s)"


def compute_county(county: str, year: int) -> dict[str, int]:
    """Enrols and computes everyone of a county (a code or its first six digits) in one transaction.

    Gives `written` (rows new or changed), `paid` (rows whose payments changed), `persons`. Raises EnrolmentError.
    """
    code = county[:6]
    return _compute(year, _OF_COUNTY, {"low": code.ljust(12, "0"), "high": code.ljust(12, "9")})


def compute_persons(person_ids: Sequence[int], year: int, *, strict: bool = True) -> dict[str, int]:
    """As `compute_county`, for these persons. Not `strict`: where the law lacks a figure, payments are kept anyway."""
    where, values = _OF_PERSONS, {"persons": list(person_ids)}
    try:
        return _compute(year, where, values)
    except EnrolmentError:
        if strict:
            raise
    with transaction.atomic(), connection.cursor() as cursor:
        values |= {"year": year, "today": timezone.localdate()}
        cursor.execute(BARE.format(where=where), values)
        cursor.execute(SUMS.format(where=where), values)
        return {"persons": len(person_ids), "written": 0, "paid": cursor.rowcount}


def _compute(year: int, where: str, values: dict[str, Any]) -> dict[str, int]:
    values = values | {
        "year": year,
        "first": date(year, 1, 1),
        "last": date(year, 12, 31),
        "today": timezone.localdate(),
        "now": timezone.now(),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS enrolment_people, enrolment_rules")
        cursor.execute(ATTACH.format(where=where), values)
        cursor.execute(PEOPLE.format(where=where), values)
        persons = cursor.rowcount
        cursor.execute(RULES)
        cursor.execute("SELECT DISTINCT county, held, exempt, group_id FROM enrolment_people")
        found = _rules(cursor.fetchall(), year)
        if found:
            with copying("enrolment_rules") as put:
                put({name: [row[name] for row in found] for name in found[0]})
        # The lock keeps two runs from writing one row in turns; the planner needs to know how many there are.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"enrolment {year}"])
        cursor.execute("ANALYZE enrolment_people")
        cursor.execute(WRITE, values)
        written = cursor.rowcount
        cursor.execute(SUMS.format(where=where), values)
        return {"persons": persons, "written": written, "paid": cursor.rowcount}


def _rules(combinations: list[tuple[str, list[str], bool, int]], year: int) -> list[dict[str, Any]]:
    """What each combination of county, categories, exemption and group comes to."""
    groups = TemporaryGroup.objects.in_bulk({group for *_rest, group in combinations if group})
    known: dict[str, law.SubsidyLaw] = {}
    rows = []
    for county, held, exempt, group in combinations:
        if county not in known:
            known[county] = law.subsidy_law(county.ljust(12, "0"), year)
        ruling = known[county]
        shares = with_group(ruling.table.of(held, exempt), groups.get(group))
        rows.append(
            {
                "county": county,
                "held": "{" + ",".join(held) + "}",
                "exempt": "t" if exempt else "f",
                "given": group,
                **shares,
                "version_id": ruling.version.pk,
                "figures_id": ruling.figures.pk,
            }
        )
    return rows


def with_group(found: SubsidyResult, group: TemporaryGroup | None) -> dict[str, Any]:
    """Amounts of a result; a temporary group (S2-02) takes its place where it gives more: the highest, once."""
    amounts: dict[str, Any] = {
        "category": found.category,
        "base": found.table.base,
        "fund": found.fund,
        "county_finance": found.county_finance,
        "due": found.person,
        "group_id": None,
    }
    if group is not None:
        given = min(group.amount, found.table.base)
        if given > found.subsidy:
            amounts |= {"fund": 0, "county_finance": 0, "due": found.table.base - given, "group_id": group.pk}
            amounts[group.payer] = given
    return amounts
