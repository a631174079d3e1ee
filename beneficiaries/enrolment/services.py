"""Writes of enrolment, one by one: a county's year on the worker, transfers, marks, exemptions, payers, groups."""

from collections.abc import Iterable
from datetime import date, timedelta

from celery import current_app
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Job, Level, Region, User
from beneficiaries.enrolment.computing import compute_county, compute_persons
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.models import (
    Contribution,
    Coverage,
    Enrolment,
    Insurance,
    PersonMark,
    RegionYear,
    TemporaryGroup,
    TemporaryMember,
)
from beneficiaries.models import Person
from policies.engine.money import format_yuan

COMPUTE = "enrolment.compute_region"  # the task (beneficiaries.enrolment.tasks)
FIRST_YEAR = 2000


def allowed(actor: User | None, region_code: str) -> None:
    """Raises PermissionDenied unless the actor (None: the system) writes enrolment in the region."""
    if actor and not (actor.may(Act.ENROLMENT_WRITE) and region_code.startswith(actor.region_prefix)):
        raise PermissionDenied(_("您的角色或管辖范围不能办理这里的参保事项"))


def checked_year(year: int) -> int:
    """Enrolment of this year and the next can be worked on, and of every year before. Raises ValidationError."""
    if not FIRST_YEAR <= year <= timezone.localdate().year + 1:
        raise ValidationError({"year": _("参保年度只能是下一年度及以前；请核对。")})
    return year


# --- a region's year ------------------------------------------------------------------------------------------------
def start_computing(*, actor: User | None, region: Region, year: int, url: str) -> Job:
    """Enrols and computes a region's year on the worker; the job shows the progress. Raises as `compute_region`."""
    allowed(actor, region.code)
    checked_year(year)
    with transaction.atomic():
        title = _("核算%(region)s %(year)s 年参保") % {"region": region.name, "year": year}
        job = create_job(kind="enrolment", title=title[:120], region=region, actor=actor, url=url)
        transaction.on_commit(lambda: current_app.send_task(COMPUTE, args=[region.pk, year, job.pk]))
    return job


def compute_region(
    *, actor: User | None, region: Region, year: int, progress: Progress = no_progress
) -> dict[str, int]:
    """County by county, each in a transaction of its own: killed, it leaves whole counties, and a second run goes on.

    Gives `persons`, `written`, `paid`. Raises EnrolmentError (no law, a figure missing), PermissionDenied.
    """
    allowed(actor, region.code)
    checked_year(year)
    codes = counties(region)
    names = dict(Region.objects.filter(code__in=[code.ljust(12, "0") for code in codes]).values_list("code", "name"))
    total = {"persons": 0, "written": 0, "paid": 0}
    for at, code in enumerate(codes):
        progress(_("核算%(place)s") % {"place": names.get(code.ljust(12, "0"), code)}, at, len(codes))
        for name, count in compute_county(code, year).items():
            total[name] += count
    progress(_("核算完成"), len(codes), len(codes))
    return total


def counties(region: Region) -> list[str]:
    """The first six digits of the counties in which persons of the region are registered."""
    if region.level >= Level.COUNTY:
        return [region.code[:6]]
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    here = Person.objects.filter(region_id__gte=low, region_id__lte=high).order_by()
    return sorted(here.annotate(county=Left("region_id", 6)).values_list("county", flat=True).distinct())


# --- one person -----------------------------------------------------------------------------------------------------
def enrol(*, actor: User | None, person: Person, year: int) -> Enrolment:
    """The person's row of the year with subsidy and contribution; made when it is not there. Raises EnrolmentError."""
    allowed(actor, person.region_id)
    checked_year(year)
    with transaction.atomic():
        Enrolment.objects.get_or_create(person=person, year=year, defaults={"region_id": person.region_id})
        compute_persons([person.pk], year)
        return Enrolment.objects.get(person=person, year=year)


def set_exempt(*, actor: User | None, person: Person, year: int, exempt: bool) -> Enrolment:
    """Whether the person is exempt by policy (S2-01: then the county finance bears the rest)."""
    with transaction.atomic():
        row = enrol(actor=actor, person=person, year=year)
        row.exempt = exempt
        row.save(update_fields=["exempt"])
        compute_persons([person.pk], year)
        return Enrolment.objects.get(pk=row.pk)


def transfer(
    *,
    actor: User | None,
    person: Person,
    insurance: str,
    first_day: date,
    place: str = "",
    reason: str = "",
    gap_reason: str = "",
) -> Coverage:
    """From `first_day` on the person is insured there (S0-05): the spell before ends the day before, without a gap.

    A gap needs its reason. Years from `first_day` on get the new insurance and are computed anew. Raises
    ValidationError, PermissionDenied, EnrolmentError.
    """
    allowed(actor, person.region_id)
    _check_transfer(person, insurance, first_day, place)
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        before = _spell_before(person, first_day)
        eve = first_day - timedelta(days=1)
        if before:
            _close(before, first_day, insurance, place, gap_reason)
        spell = Coverage(
            person=person,
            insurance=insurance,
            place=place.strip()[:80],
            valid_from=first_day,
            reason="；".join(filter(None, (reason.strip(), gap_reason.strip())))[:200],
            recorded_by=actor,
        )
        if before is None:
            _resident_until(person, eve, actor)
        spell.full_clean(exclude=["person", "recorded_by"])
        spell.save()
        _retell(person, spell)
        return spell


def _check_transfer(person: Person, insurance: str, first_day: date, place: str) -> None:
    wrong = {}
    if insurance not in (Insurance.RESIDENT, Insurance.EMPLOYEE, Insurance.ELSEWHERE):
        wrong["insurance"] = _("请选择转入的险种")
    if insurance == Insurance.ELSEWHERE and not place.strip():
        wrong["place"] = _("请填写外地参保的地方")
    if first_day > timezone.localdate() + timedelta(days=366):
        wrong["first_day"] = _("开始日期超过一年以后；请核对。")
    if person.deceased_on and person.deceased_on < first_day:
        wrong["first_day"] = _("开始日期晚于此人的死亡日期 %(day)s") % {"day": person.deceased_on}
    if wrong:
        raise ValidationError(wrong)


def _spell_before(person: Person, first_day: date) -> Coverage | None:
    last = Coverage.objects.filter(person=person).order_by("-valid_from").first()
    if last and last.valid_from >= first_day:
        raise ValidationError(
            {"first_day": _("此人已有 %(day)s 起的参保期间；转移须在其后办理。") % {"day": last.valid_from}}
        )
    return last


def _close(before: Coverage, first_day: date, insurance: str, place: str, gap_reason: str) -> None:
    eve = first_day - timedelta(days=1)
    if before.valid_to is None or before.valid_to > eve:
        if before.insurance == insurance and before.place == place.strip():
            raise ValidationError({"insurance": _("此人 %(day)s 起已在这里参保。") % {"day": before.valid_from}})
        before.valid_to = eve
        before.save(update_fields=["valid_to"])
    elif before.valid_to < eve and not gap_reason.strip():
        following = before.valid_to + timedelta(days=1)
        raise ValidationError(
            {
                "gap_reason": _(
                    "上一段参保到 %(last)s 为止，中间空 %(days)s 天；请从 %(next)s 起办理，或写明空档的原因。"
                )
                % {"last": before.valid_to, "days": (first_day - following).days, "next": following}
            }
        )


def _resident_until(person: Person, last_day: date, actor: User | None) -> None:
    """Who was a resident this year until now gets the spell that says so: the transfer shows both sides."""
    row = Enrolment.objects.filter(person=person, year=last_day.year, insurance=Insurance.RESIDENT).first()
    if row:
        first = date(last_day.year, 1, 1)
        Coverage.objects.create(
            person=person, insurance=row.insurance, valid_from=first, valid_to=last_day, recorded_by=actor
        )


def _retell(person: Person, spell: Coverage) -> None:
    """The years that the spell reaches say the new insurance, and cost what that costs."""
    year = spell.valid_from.year
    Enrolment.objects.get_or_create(person=person, year=year, defaults={"region_id": person.region_id})
    rows = Enrolment.objects.filter(person=person, year__gte=year)
    rows.update(insurance=spell.insurance, place=spell.place, changed_on=timezone.localdate())
    for one in rows.values_list("year", flat=True):
        compute_persons([person.pk], one, strict=False)


def mark(
    *,
    actor: User | None,
    person: Person,
    kind: str,
    detail: str = "",
    commended: bool = False,
    since: date,
    until: date | None = None,
) -> PersonMark:
    """A dated mark (S0-05 border, relocated; S0-20 monastery). The open one of its kind is brought up to date."""
    allowed(actor, person.region_id)
    with transaction.atomic():
        known = PersonMark.objects.select_for_update().filter(person=person, kind=kind, until=None).first()
        one = known or PersonMark(person=person, kind=kind)
        one.detail, one.commended, one.since, one.until = detail.strip()[:80], commended, since, until
        if until and until < since:
            raise ValidationError({"until": _("结束日期早于开始日期")})
        one.full_clean(exclude=["person", "source", "closed_by"])
        one.save()
        return one


def record_contribution(
    *,
    actor: User | None,
    person: Person,
    year: int,
    amount: int,
    paid_on: date,
    kind: str = Contribution.Kind.PAYMENT,
    payer: str = Contribution.Payer.OTHER,
    payer_name: str = "",
) -> Contribution:
    """Money from another payer (S2-04), or a refund, entered by hand: fen. The same one again is the same record.

    No more is given back than has arrived for the year; what tax reports otherwise is a fact, and a mismatch.
    """
    allowed(actor, person.region_id)
    checked_year(year)
    if amount <= 0:
        raise ValidationError({"amount": _("金额须大于零")})
    if paid_on > timezone.localdate():
        raise ValidationError({"paid_on": _("日期晚于今天；请核对。")})
    if payer not in (Contribution.Payer.PERSON, Contribution.Payer.OTHER) and not payer_name.strip():
        raise ValidationError({"payer_name": _("请填写代缴单位")})
    same = {"kind": kind, "payer": payer, "amount": amount, "paid_on": paid_on, "payer_name": payer_name.strip()[:80]}
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        others = Contribution.objects.filter(person=person, year=year).exclude(**same)
        if kind == Contribution.Kind.REFUND:
            _check_refund(others, amount, year)
        found, _new = Contribution.objects.get_or_create(
            id_key=person.id_key,
            year=year,
            **same,
            defaults={
                "person": person,
                "region_id": person.region_id,
                "id_number": person.id_number,
                "name": person.name,
                "recorded_by": actor,
            },
        )
        compute_persons([person.pk], year, strict=False)
        return found


def _check_refund(others: QuerySet[Contribution], amount: int, year: int) -> None:
    is_refund = Q(kind=Contribution.Kind.REFUND)
    sums = others.aggregate(paid=Sum("amount", filter=~is_refund), back=Sum("amount", filter=is_refund))
    left = (sums["paid"] or 0) - (sums["back"] or 0)
    if amount > left:
        raise ValidationError(
            {
                "amount": _("%(year)s 年此人到账扣除已退后为 %(left)s 元，退费不能超过；请核对金额和年度。")
                % {"year": year, "left": format_yuan(max(left, 0))}
            }
        )


# --- groups and yearly figures ----------------------------------------------------------------------------------------
def open_group(
    *,
    actor: User | None,
    region: Region,
    name: str,
    reason: str,
    year: int,
    amount: int,
    payer: str,
    valid_from: date,
    valid_to: date,
) -> TemporaryGroup:
    """A temporary group of a county (S2-02). Raises ValidationError, PermissionDenied."""
    allowed(actor, region.code)
    checked_year(year)
    if amount <= 0:
        raise ValidationError({"amount": _("资助金额须大于零")})
    group = TemporaryGroup(
        region=region,
        name=name.strip(),
        reason=reason.strip(),
        year=year,
        amount=amount,
        payer=payer,
        valid_from=valid_from,
        valid_to=valid_to,
        created_by=actor,
    )
    group.full_clean(exclude=["created_by"])
    group.save()
    return group


def add_members(*, actor: User | None, group: TemporaryGroup, persons: Iterable[Person]) -> int:
    """Adds persons and computes their subsidy; gives how many are new. Only while the group is open."""
    allowed(actor, group.region_id)
    if not group.valid_from <= timezone.localdate() <= group.valid_to:
        raise EnrolmentError(
            _("“%(name)s”只在 %(first)s 至 %(last)s 之间加入人员。")
            % {"name": group.name, "first": group.valid_from, "last": group.valid_to}
        )
    mine = list(persons)
    prefix = group.region.prefix
    outside = [one.name for one in mine if not one.region_id.startswith(prefix)]
    if outside:
        raise EnrolmentError(
            _("以下人员不在%(place)s：%(names)s") % {"place": group.region, "names": "、".join(outside[:5])}
        )
    with transaction.atomic():
        known = set(group.members.values_list("person_id", flat=True))
        fresh = [one for one in mine if one.pk not in known]
        TemporaryMember.objects.bulk_create(
            [TemporaryMember(group=group, person=one, added_by=actor) for one in fresh], ignore_conflicts=True
        )
        if fresh:
            compute_persons([one.pk for one in fresh], group.year)
        return len(fresh)


def set_region_year(
    *,
    actor: User | None,
    region: Region,
    year: int,
    source: str,
    residents: int | None = None,
    insured: int | None = None,
    window_from: date | None = None,
    window_to: date | None = None,
    funds_arrived: int = 0,
) -> RegionYear:
    """Residents, insured, window and money in place of a region's year; the source says where the figures come from."""
    allowed(actor, region.code)
    checked_year(year)
    with transaction.atomic():
        row = RegionYear.objects.select_for_update().filter(region=region, year=year).first()
        row = row or RegionYear(region=region, year=year)
        row.residents, row.insured = residents, insured
        row.window_from, row.window_to = window_from, window_to
        row.funds_arrived, row.source = funds_arrived, source.strip()[:200]
        row.full_clean(exclude=["region"])
        row.save()
        return row
