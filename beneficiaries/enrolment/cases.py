"""Persons to be worked off: suspected uninsured by township (S2-03), interruption risks (S3-19)."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from accounts.vocabulary import Department, Role
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.enrolment.case_models import CaseStep, CoverageCase
from beneficiaries.enrolment.models import Coverage, Enrolment, Insurance
from beneficiaries.enrolment.selectors import HARDSHIP, day_of
from beneficiaries.enrolment.services import allowed, checked_year, enrol, transfer
from beneficiaries.models import Person

INTERRUPTION_LISTS = (Department.HUMAN_RESOURCES, Department.VETERANS_AFFAIRS, Department.JUSTICE)
Kind, Cause, Outcome = CoverageCase.Kind, CoverageCase.Cause, CoverageCase.Outcome

# Hardship people without cover in the year; who was covered the year before has lapsed. One row per person and year.
OPEN: Final = """
INSERT INTO beneficiaries_coveragecase (person_id, region_id, year, kind, cause, opened_on, outcome)
SELECT p.id, p.region_id, %(year)s, 'suspected',
    CASE WHEN before.id IS NOT NULL THEN 'lapsed' WHEN e.id IS NULL OR e.insurance = 'none' THEN 'unregistered'
        ELSE 'unpaid' END, %(today)s, ''
FROM beneficiaries_person p
LEFT JOIN beneficiaries_enrolment e ON e.person_id = p.id AND e.year = %(year)s
LEFT JOIN beneficiaries_enrolment before ON before.person_id = p.id AND before.year = %(year)s - 1
    AND (before.insurance IN ('employee', 'elsewhere') OR (before.insurance = 'resident'
        AND before.due <= before.paid + before.other_paid - before.refunded))
WHERE p.region_id >= %(low)s AND p.region_id <= %(high)s AND (p.deceased_on IS NULL OR p.deceased_on > %(day)s)
    AND EXISTS (SELECT FROM beneficiaries_categoryspell s WHERE s.person_id = p.id AND s.known_to IS NULL
        AND s.valid_from <= %(day)s AND (s.valid_to IS NULL OR s.valid_to >= %(day)s) AND s.category = ANY(%(held)s))
    AND (e.id IS NULL OR e.insurance = 'none' OR (e.insurance = 'resident'
        AND e.due > e.paid + e.other_paid - e.refunded))
ON CONFLICT (person_id, year, kind) DO NOTHING
"""


def find_uninsured(*, actor: User | None, region: Region, year: int) -> dict[str, int]:
    """Lists who is suspected to be uninsured, closes who no longer is: `opened`, `closed`. Again changes nothing."""
    allowed(actor, region.code)
    checked_year(year)
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    values = {
        "year": year, "low": low, "high": high, "today": timezone.localdate(), "day": day_of(year),
        "held": [str(code) for code in HARDSHIP],
    }  # fmt: skip
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(OPEN, values)
            opened = cursor.rowcount
        closed = 0
        waiting = CoverageCase.objects.filter(
            year=year, closed_on=None, kind=Kind.SUSPECTED, region_id__gte=low, region_id__lte=high
        )
        for case in waiting.select_for_update(of=("self",)).select_related("person"):
            outcome = _settled(case)
            if outcome:
                _close(case, outcome, actor, _("登记簿已更新，自动办结"))
                closed += 1
        return {"opened": opened, "closed": closed}


def _settled(case: CoverageCase) -> str:
    """The outcome that the register itself says, or nothing."""
    if case.person.deceased_on and case.person.deceased_on <= timezone.localdate():
        return Outcome.DECEASED
    row = Enrolment.objects.filter(person=case.person, year=case.year).first()
    if row is None or not row.is_covered:
        return ""
    return {Insurance.EMPLOYEE: Outcome.EMPLOYEE, Insurance.ELSEWHERE: Outcome.ELSEWHERE}.get(
        Insurance(row.insurance), Outcome.ENROLLED
    )


def may_work(user: User, case: CoverageCase) -> bool:
    """A case worker anywhere in the region; a clerk what lies in the own township (visits and what came of them)."""
    here = case.region_id.startswith(user.region_prefix)
    return here and (user.may(Act.ENROLMENT_WRITE) or user.may(Act.ENROLMENT_VISIT))


def workers(county: str) -> QuerySet[User]:
    """Clerks of the townships and case workers of a county (its first six digits), and case workers above it."""
    inside = Q(organisation__region_id__startswith=county, roles__overlap=[Role.CLERK, Role.CASE_WORKER])
    above = Q(organisation__region_id=county[:4].ljust(12, "0"), roles__contains=[Role.CASE_WORKER])
    return User.objects.filter(inside | above, is_active=True).select_related("organisation").order_by("name")


def _check(actor: User | None, case: CoverageCase) -> CoverageCase:
    if actor and not may_work(actor, case):
        raise PermissionDenied(_("您的角色或管辖范围不能办理这里的参保事项"))
    one = CoverageCase.objects.select_for_update(of=("self",)).select_related("person", "region").get(pk=case.pk)
    if one.closed_on:
        raise ValidationError(_("此事已于 %(day)s 办结，请刷新。") % {"day": one.closed_on})
    return one


def assign_case(*, actor: User | None, case: CoverageCase, to: User) -> CoverageCase:
    """Who sees to it: somebody who may work in the case's place."""
    with transaction.atomic():
        one = _check(actor, case)
        if not may_work(to, one):
            raise ValidationError({"to": _("%(name)s不能办理这里的参保事项；请选择当地的经办人。") % {"name": to.name}})
        if one.assigned_to_id != to.pk:
            one.assigned_to = to
            one.save(update_fields=["assigned_to"])
            CaseStep.objects.create(case=one, actor=actor, what=_("分派"), note=to.name)
        return one


def assign_cases(*, actor: User | None, cases: Iterable[CoverageCase], to: User) -> int:
    """All of them or none, as `assign_case`; gives how many."""
    with transaction.atomic():
        return len([assign_case(actor=actor, case=case, to=to) for case in cases])


def note_case(*, actor: User | None, case: CoverageCase, note: str) -> CaseStep:
    """What was tried: a visit, a call."""
    if not note.strip():
        raise ValidationError({"note": _("请写明走访或联系的情况")})
    with transaction.atomic():
        one = _check(actor, case)
        return CaseStep.objects.create(case=one, actor=actor, what=_("走访联系"), note=note.strip()[:300])


def close_case(*, actor: User | None, case: CoverageCase, outcome: str, note: str = "") -> CoverageCase:
    """Closed with an outcome; what it means for the register is written by its own act. Raises ValidationError."""
    if outcome not in Outcome.values:
        raise ValidationError({"outcome": _("请选择结果")})
    if not note.strip():
        raise ValidationError({"note": _("请写明核实的情况")})
    with transaction.atomic():
        one = _check(actor, case)
        if outcome in (Outcome.ENROLLED, Outcome.EMPLOYEE, Outcome.ELSEWHERE):
            row = Enrolment.objects.filter(person=one.person, year=one.year).first()
            if row is None or not row.is_covered:
                raise ValidationError(
                    {
                        "outcome": _("登记簿中此人 %(year)s 年还没有参保；请先办理参保、转移或导入缴费。")
                        % {"year": one.year}
                    }
                )
        return _close(one, outcome, actor, note.strip())


def close_cases(*, actor: User | None, cases: Iterable[CoverageCase], outcome: str, note: str = "") -> int:
    """All of them or none, as `close_case`; gives how many. Raises ValidationError that names the first in the way."""
    with transaction.atomic():
        done = 0
        for case in cases:
            try:
                close_case(actor=actor, case=case, outcome=outcome, note=note)
            except ValidationError as error:
                if hasattr(error, "error_dict") and "note" in error.error_dict:
                    raise
                raise ValidationError(f"{case.person.name}：{' '.join(error.messages)}") from error
            done += 1
        return done


def _close(case: CoverageCase, outcome: str, actor: User | None, note: str) -> CoverageCase:
    case.outcome, case.closed_on = outcome, timezone.localdate()
    case.save(update_fields=["outcome", "closed_on"])
    label = Outcome(outcome).label
    CaseStep.objects.create(case=case, actor=actor, what=_("办结"), note=f"{label}；{note}"[:300])
    return case


# --- interruption risks (S3-19) ------------------------------------------------------------------------------------
def report_interruption(
    *, actor: User | None, person: Person, year: int, cause: str, since: date, note: str = ""
) -> CoverageCase:
    """Somebody whose insurance may break off: left a job, discharged, released, unknown. One open item per year."""
    allowed(actor, person.region_id)
    checked_year(year)
    if cause not in CoverageCase.INTERRUPTIONS:
        raise ValidationError({"cause": _("请选择中断的情形")})
    with transaction.atomic():
        case, new = CoverageCase.objects.get_or_create(
            person=person,
            year=year,
            kind=Kind.INTERRUPTION,
            defaults={"region_id": person.region_id, "cause": cause, "since": since},
        )
        if new:
            CaseStep.objects.create(case=case, actor=actor, what=_("列入"), note=note.strip()[:300])
        return case


# The words by which a department's list says that somebody's insurance may break off.
_CAUSES: Final = (
    (("离职", "解聘", "解除", "失业"), Cause.LEFT_JOB),
    (("退伍", "退役"), Cause.DISCHARGED),
    (("刑满", "释放"), Cause.RELEASED),
    (("状态不明", "不明"), Cause.UNKNOWN),
)


def cause_in(words: str) -> str:
    """The cause that a list's words speak of; empty for words about something else."""
    return next((str(cause) for known, cause in _CAUSES if any(word in words for word in known)), "")


def interruptions_from_lists(*, actor: User | None, region: Region, year: int) -> int:
    """Opens an item for everyone whom a compared list of the year names with such a word; gives how many are new."""
    allowed(actor, region.code)
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    named = ComparisonRow.objects.filter(
        department__in=INTERRUPTION_LISTS,
        month__year=year,
        result=ComparisonRow.Result.MATCHED,
        person__region_id__gte=low,
        person__region_id__lte=high,
    ).exclude(person__coverage_cases__year=year, person__coverage_cases__kind=Kind.INTERRUPTION)
    opened = set()
    for row in named.select_related("person").order_by("id"):
        cause = cause_in(f"{row.status} {row.note}")
        if cause and row.person_id not in opened:
            note = f"{row.get_department_display()} {row.month:%Y-%m}：{row.status} {row.note}"
            since = row.occurred_on or row.month
            report_interruption(actor=actor, person=row.person, year=year, cause=cause, since=since, note=note)
            opened.add(row.person_id)
    return len(opened)


def record_consent(*, actor: User | None, case: CoverageCase, on: date, note: str = "") -> CoverageCase:
    """The person was told and agrees, before anything is transferred."""
    if on > timezone.localdate():
        raise ValidationError({"on": _("日期晚于今天；请核对。")})
    with transaction.atomic():
        one = _check(actor, case)
        one.consent_on = on
        one.save(update_fields=["consent_on"])
        CaseStep.objects.create(case=one, actor=actor, what=_("知情同意"), note=note.strip()[:300])
        return one


def check_double(*, actor: User | None, case: CoverageCase) -> list[Coverage]:
    """Spells and years in which the person is insured already on the day; recorded as checked. Empty: none."""
    with transaction.atomic():
        one = _check(actor, case)
        found = double_insurance(one.person, timezone.localdate())
        one.checked_on = timezone.localdate()
        one.save(update_fields=["checked_on"])
        said = "、".join(f"{spell.get_insurance_display()} {spell.place}".strip() for spell in found)
        note = _("在保：%(what)s") % {"what": said} if found else _("没有重复参保")
        CaseStep.objects.create(case=one, actor=actor, what=_("重复参保核查"), note=note[:300])
        return found


def double_insurance(person: Person, day: date) -> list[Coverage]:
    """Insurance of another kind than residents' that holds on the day."""
    spells = Coverage.objects.filter(Q(valid_to=None) | Q(valid_to__gte=day), person=person, valid_from__lte=day)
    return list(spells.exclude(insurance=Insurance.RESIDENT))


def take_over(*, actor: User | None, case: CoverageCase, first_day: date, ended: date | None = None) -> Enrolment:
    """Into residents' insurance from `first_day`: after consent and check; `ended` closes the employee spell there.

    Raises ValidationError while consent or check is missing or another insurance would still run.
    """
    with transaction.atomic():
        one = _check(actor, case)
        if not one.consent_on:
            raise ValidationError(_("还没有记录本人知情同意；请先告知并记录。"))
        if not one.checked_on:
            raise ValidationError(_("还没有核查重复参保；请先核查。"))
        if ended:
            running = Coverage.objects.filter(person=one.person, valid_to=None).exclude(insurance=Insurance.RESIDENT)
            running.filter(valid_from__lte=ended).update(valid_to=ended)
        still = double_insurance(one.person, first_day)
        if still:
            raise ValidationError(
                _("此人 %(day)s 仍在%(what)s；请填写停保日期，或改为继续原来的参保。")
                % {"day": first_day, "what": still[0].get_insurance_display()}
            )
        transfer(
            actor=actor,
            person=one.person,
            insurance=Insurance.RESIDENT,
            first_day=first_day,
            reason=one.get_cause_display(),
            gap_reason=one.get_cause_display(),
        )
        row = enrol(actor=actor, person=one.person, year=first_day.year)
        _close(one, Outcome.ENROLLED, actor, _("转入居民医保，%(day)s 起") % {"day": first_day})
        return row
