"""The selects behind the checks: set-based, over one region's claims of the years looked at."""

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection

from beneficiaries import doubts
from claims.contradictions.checks import Row, Scope
from policies import selectors as law
from policies.engine.document import Document
from policies.models import PolicyVersion

# Where the stored trace (claims.facts.flat) keeps the ratio of assistance, and the room under its limit, from 1.
RATIO, LEFT = "s.steps[21]", "s.steps[24]"
FULL: Final = 10_000  # basis points
MONTH_DAYS: Final = 31
SAME_STAY_DAYS: Final = 3
BACK_DAYS: Final = 92

_CLAIMS = """
FROM claims_claim c
JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
WHERE c.region_id BETWEEN %(low)s AND %(high)s AND c.settled_on >= %(since)s AND c.reversed_at IS NULL
"""
_HEAD = "c.id::text AS key, c.id AS claim_id, c.person_id, c.region_id, c.settled_on AS day"


def rows_of(query: str, params: dict[str, Any]) -> list[Row]:
    """Rows as dicts."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def documents() -> dict[int, Document]:
    """Every version in force or once in force, by key."""
    found = PolicyVersion.objects.filter(state__in=law.IN_FORCE).defer("body")
    return {version.pk: law.document_of(version) for version in found}


def _with_duty(clause: str) -> list[int]:
    """Versions that lay down the duty."""
    return [pk for pk, document in documents().items() if any(clause in duty.clauses for duty in document.duties)]


def _governing(category: str = "") -> list[int]:
    """Versions that govern assistance themselves, of the category where one is named."""
    return [
        pk
        for pk, document in documents().items()
        if document.assistance is not None and not (category and document.governed_elsewhere(category))
    ]


def full_not_paid(scope: Scope) -> Iterable[Row]:
    """特困 with in-scope cost of an inpatient stay left, where the policy governs them."""
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('left', s.in_scope_burden, 'assistance', s.assistance, 'category', s.category,
        'referred', c.referred, 'room', {LEFT}, 'ratio', {RATIO}, 'claim_no', c.claim_no) AS evidence
    {_CLAIMS} AND c.service = 'inpatient' AND s.in_scope_burden > 0 AND s.version_id = ANY(%(versions)s)
        AND EXISTS (SELECT 1 FROM beneficiaries_heldcategory k WHERE k.person_id = c.person_id AND k.known_to IS NULL
            AND k.category = 'extreme_poverty' AND k.valid_from <= c.settled_on
            AND (k.valid_to IS NULL OR k.valid_to >= c.settled_on))
    """  # noqa: S608
    return rows_of(query, scope.params | {"versions": _governing("extreme_poverty")})


def certified_without_benefit(scope: Scope) -> Iterable[Row]:
    """Certified for over a month, with in-scope cost since then, and nothing paid by any tier after basic insurance."""
    named = {category for document in documents().values() for category in document.categories.order}
    query = f"""
    SELECT concat_ws('+', k.id, k.designation_id) AS key, k.person_id, p.region_id, k.valid_from AS day,
        jsonb_build_object('category', k.category, 'department', k.department, 'since', k.valid_from,
            'claims', got.claims, 'own', got.own, 'last', got.last) AS evidence
    FROM beneficiaries_heldcategory k
    JOIN beneficiaries_person p ON p.id = k.person_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS claims, sum(c.in_scope - c.basic_paid) AS own, max(c.settled_on) AS last,
            coalesce(sum(s.cii_paid + s.assistance + s.out_of_catalogue_assistance + s.top_up), 0) AS paid
        FROM claims_claim c LEFT JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
        WHERE c.person_id = k.person_id AND c.settled_on >= greatest(k.valid_from, %(since)s)
            AND c.reversed_at IS NULL AND (s.version_id IS NULL OR s.version_id = ANY(%(versions)s))
    ) got
    WHERE p.region_id BETWEEN %(low)s AND %(high)s AND k.known_to IS NULL AND k.valid_to IS NULL
        AND k.valid_from < %(today)s::date - {MONTH_DAYS} AND k.category = ANY(%(named)s)
        AND got.claims > 0 AND got.own > 0 AND got.paid = 0
    """  # noqa: S608
    return rows_of(query, scope.params | {"named": sorted(named), "versions": _governing()})


def stay_twice(scope: Scope) -> Iterable[Row]:
    """The same person, service, institution and total within three days under two numbers."""
    query = f"""
    SELECT a.id || '+' || b.id AS key, b.id AS claim_id, b.person_id, b.region_id, b.settled_on AS day,
        jsonb_build_object('first', a.claim_no, 'first_id', a.id, 'first_day', a.settled_on, 'second', b.claim_no,
            'second_id', b.id, 'second_day', b.settled_on, 'total', b.total, 'institution', b.institution) AS evidence
    FROM claims_claim b
    JOIN claims_claim a ON a.person_id = b.person_id AND a.id < b.id AND a.service = b.service AND a.total = b.total
        AND a.institution = b.institution AND a.settled_on BETWEEN b.settled_on - {SAME_STAY_DAYS}
        AND b.settled_on + {SAME_STAY_DAYS} AND a.reversed_at IS NULL
    WHERE b.region_id BETWEEN %(low)s AND %(high)s AND b.settled_on >= %(since)s AND b.reversed_at IS NULL
        AND b.service = 'inpatient'
    """  # noqa: S608
    return rows_of(query, scope.params)


def after_death(scope: Scope) -> Iterable[Row]:
    """Cost later than the day of death that the register has."""
    query = """
    SELECT c.id::text AS key, c.id AS claim_id, c.person_id, c.region_id, c.settled_on AS day,
        jsonb_build_object('died', p.deceased_on, 'claim_no', c.claim_no, 'total', c.total) AS evidence
    FROM beneficiaries_person p
    JOIN claims_claim c ON c.person_id = p.id AND c.settled_on > p.deceased_on AND c.reversed_at IS NULL
    WHERE p.deceased_on IS NOT NULL AND c.region_id BETWEEN %(low)s AND %(high)s AND c.settled_on >= %(since)s
    """
    return rows_of(query, scope.params)


def exclusive_categories(scope: Scope) -> Iterable[Row]:
    """Categories of two departments that cannot both hold on one day."""
    return [
        {
            "key": f"{row['person_id']}:{row['key']}",
            "person_id": row["person_id"],
            "region_id": row["region_id"],
            "day": row["since"],
            "evidence": {
                name: str(row[name])
                for name in ("first_category", "first_department", "second_category", "second_department", "since")
            },
        }
        for row in doubts.exclusive_categories(scope.prefix)
    ]


def two_names(scope: Scope) -> Iterable[Row]:
    """An identity number to which a roster gives another name than the register."""
    return [
        {
            "key": f"{row['person_id']}:{row['key']}"[:80],
            "person_id": row["person_id"],
            "region_id": row["region_id"],
            "day": row["month"],
            "evidence": {
                "known_as": row["known_as"],
                "called": row["called"],
                "department": row["department"],
                "file": row["file_id"],
            },
        }
        for row in doubts.two_names(scope.prefix)
    ]


def dropped_and_back(scope: Scope) -> Iterable[Row]:
    """A category that a department ended and opened again within three months."""
    query = f"""
    SELECT b.id::text AS key, b.person_id, p.region_id, b.valid_from AS day,
        jsonb_build_object('category', b.category, 'department', b.department, 'left_on', a.valid_to,
            'back_on', b.valid_from, 'reason', a.exit_reason) AS evidence
    FROM beneficiaries_categoryspell a
    JOIN beneficiaries_categoryspell b ON b.person_id = a.person_id AND b.category = a.category
        AND b.department = a.department AND b.known_to IS NULL AND b.valid_from > a.valid_to
        AND b.valid_from <= a.valid_to + {BACK_DAYS}
    JOIN beneficiaries_person p ON p.id = a.person_id
    WHERE a.known_to IS NULL AND a.valid_to IS NOT NULL AND b.valid_from >= %(since)s
        AND p.region_id BETWEEN %(low)s AND %(high)s
    """  # noqa: S608
    return rows_of(query, scope.params)


# --- audit --------------------------------------------------------------------------------------------------------
def platform_differs(scope: Scope) -> Iterable[Row]:
    """What the platform paid beside ours, tier by tier; where another document governs, no difference (S2-15)."""
    silent = [pk for pk, document in documents().items() if document.assistance is None]
    partly = [pk for pk, document in documents().items() if document.assistance is not None and document.elsewhere]
    ours = "s.assistance + s.out_of_catalogue_assistance + s.top_up"
    query = f"""
    SELECT c.id || ':' || t.tier AS key, c.id AS claim_id, c.person_id, c.region_id, c.settled_on AS day, t.tier,
        t.platform, t.ours, jsonb_build_object('claim_no', c.claim_no, 'category', s.category, 'tier', t.tier,
            'platform', t.platform, 'ours', t.ours, 'settlement', s.id) AS evidence
    FROM claims_claim c
    JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
    CROSS JOIN LATERAL (VALUES
        ('cii', CASE WHEN c.insurance = '390' THEN c.platform_cii END, s.cii_paid),
        ('assistance', CASE WHEN s.version_id <> ALL(%(silent)s)
            AND NOT (s.version_id = ANY(%(partly)s) AND s.category = 'none') THEN c.platform_assistance END, {ours})
    ) t (tier, platform, ours)
    WHERE c.region_id BETWEEN %(low)s AND %(high)s AND c.settled_on >= %(since)s AND c.reversed_at IS NULL
        AND t.platform IS NOT NULL AND t.platform <> t.ours
    """  # noqa: S608
    return rows_of(query, scope.params | {"silent": silent, "partly": partly})


def tilted_basic(scope: Scope) -> Iterable[Row]:
    """S0-08: a claim that still carries the five points of basic insurance for the former poor."""
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('claim_no', c.claim_no, 'in_scope', c.in_scope, 'basic', c.basic_paid)
        AS evidence
    {_CLAIMS} AND c.tilted_basic AND s.version_id = ANY(%(versions)s)
    """
    return rows_of(query, scope.params | {"versions": _with_duty("S0-08")})


def supplementary(scope: Scope) -> Iterable[Row]:
    """S4-10: a claim that still carries supplementary insurance after its end."""
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('claim_no', c.claim_no, 'paid', c.supplementary_paid) AS evidence
    {_CLAIMS} AND c.supplementary_paid > 0 AND s.version_id = ANY(%(versions)s)
    """
    return rows_of(query, scope.params | {"versions": _with_duty("S4-10")})


# --- over- and under-protection (S0-14) ---------------------------------------------------------------------------
_OURS = "s.assistance + s.out_of_catalogue_assistance + s.top_up"


def over_cost(scope: Scope) -> Iterable[Row]:
    """Benefits exceed the cost: all payers together, with what the platform says it paid where that is more."""
    paid = f"""(c.basic_paid + greatest(coalesce(c.platform_cii, 0), s.cii_paid)
        + greatest(coalesce(c.platform_assistance, 0), {_OURS}) + c.other_paid + c.supplementary_paid
        + s.institution_borne)"""
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('claim_no', c.claim_no, 'total', c.total, 'paid', {paid}) AS evidence
    {_CLAIMS} AND {paid} > c.total
    """
    return rows_of(query, scope.params)


def nothing_left(scope: Scope) -> Iterable[Row]:
    """Nothing left to pay outside the groups whose assistance is 100 %."""
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('claim_no', c.claim_no, 'total', c.total, 'category', s.category,
        'ratio', {RATIO}, 'other', c.other_paid) AS evidence
    {_CLAIMS} AND s.personal_burden = 0 AND c.total > c.basic_paid AND {RATIO} < {FULL}
    """
    return rows_of(query, scope.params)


def no_contribution(scope: Scope) -> Iterable[Row]:
    """Insured without a contribution of one's own, although the subsidy leaves a part to pay."""
    query = """
    SELECT e.id::text AS key, e.person_id, e.region_id, e.registered_on AS day,
        jsonb_build_object('year', e.year, 'base', e.base, 'due', e.due, 'subsidy', e.fund + e.county_finance,
            'other', e.other_paid, 'category', e.category) AS evidence
    FROM beneficiaries_enrolment e
    WHERE e.region_id BETWEEN %(low)s AND %(high)s AND e.year >= extract(year FROM %(since)s::date)
        AND e.insurance = 'resident' AND e.due > 0 AND e.paid - e.refunded <= 0 AND e.other_paid >= e.due
    """
    return rows_of(query, scope.params)


def outside_policy(scope: Scope) -> Iterable[Row]:
    """Assistance by the platform to someone whom the policy gives none."""
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('claim_no', c.claim_no, 'platform', c.platform_assistance,
        'category', s.category) AS evidence
    {_CLAIMS} AND c.platform_assistance > 0 AND {_OURS} = 0 AND s.category = 'none'
        AND s.version_id = ANY(%(versions)s)
    """
    partly = {pk for pk, document in documents().items() if document.elsewhere}
    return rows_of(query, scope.params | {"versions": [pk for pk in _governing() if pk not in partly]})


def not_applied(scope: Scope) -> Iterable[Row]:
    """The mirror: a rule met and not applied. The platform paid less than the policy gives, or a certified person's
    category asks for an application that nobody has made."""
    asked = [(pk, one) for pk, document in documents().items() for one in document.categories.on_application]
    query = f"""
    SELECT {_HEAD}, jsonb_build_object('claim_no', c.claim_no, 'why', 'less', 'platform', c.platform_assistance,
        'ours', {_OURS}, 'category', s.category) AS evidence
    {_CLAIMS} AND c.platform_assistance < {_OURS} AND s.version_id = ANY(%(versions)s)
    UNION ALL
    SELECT DISTINCT ON (c.id) 'a' || c.id, c.id, c.person_id, c.region_id, c.settled_on,
        jsonb_build_object('claim_no', c.claim_no, 'why', 'application', 'category', k.category,
            'own', c.in_scope - c.basic_paid)
    FROM claims_claim c
    JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
    JOIN beneficiaries_heldcategory k ON k.id = ANY(s.spell_ids)
        AND (k.designation_id IS NULL OR (k.valid_from <= c.settled_on AND coalesce(k.valid_to >= c.settled_on, true)))
    JOIN unnest(%(asked_version)s::bigint[], %(asked)s::text[]) AS a (version_id, category)
        ON a.version_id = s.version_id AND a.category = k.category
    WHERE c.region_id BETWEEN %(low)s AND %(high)s AND c.settled_on >= %(since)s AND c.reversed_at IS NULL
        AND s.category = 'none' AND c.in_scope > c.basic_paid AND NOT k.category = ANY(s.approved)
    """  # noqa: S608
    return rows_of(
        query,
        scope.params
        | {"versions": _governing(), "asked_version": [pk for pk, _c in asked], "asked": [one for _pk, one in asked]},
    )
