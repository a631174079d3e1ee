"""Asking for subsidy money (S1-06): the verified list of a banner, frozen with a number, and what was transferred."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Level, Region, User
from accounts.workdays import Workdays
from beneficiaries.enrolment import law
from beneficiaries.enrolment.case_models import FiscalTransfer, SubsidyApplication, SubsidyApplicationRow
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.models import Enrolment, Insurance, RegionYear, covered
from beneficiaries.enrolment.services import allowed
from policies.engine.codes import category_label
from policies.engine.money import format_yuan
from policies.selectors import upward


@dataclass
class Share:
    """Persons and money (fen) of one deciding category; `group` names a temporary group."""

    category: str
    label: str
    persons: int
    base: int
    fund: int
    county_finance: int

    @property
    def total(self) -> int:
        return self.fund + self.county_finance


def to_ask_for(region: Region, year: int) -> QuerySet[Enrolment]:
    """Subsidised residents' enrolments that are in force (own part paid) and were not asked for yet."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    found = Enrolment.objects.filter(
        covered(), year=year, insurance=Insurance.RESIDENT, region_id__gte=low, region_id__lte=high, asked_in=None
    )
    return found.exclude(fund=0, county_finance=0)


def left_out(region: Region, year: int) -> int:
    """How many would be subsidised but have not paid their own part: they are no part of the verified number."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    found = Enrolment.objects.filter(
        year=year, insurance=Insurance.RESIDENT, region_id__gte=low, region_id__lte=high, asked_in=None
    )
    return found.exclude(fund=0, county_finance=0).exclude(covered()).count()


def shares_of(rows: QuerySet[Any]) -> list[Share]:
    """Totals by category, in the order of their money. Works on enrolments and on frozen rows."""
    counted = (
        rows.order_by()
        .values("category")
        .annotate(persons=Count("pk"), base_sum=Sum("base"), fund_sum=Sum("fund"), county_sum=Sum("county_finance"))
    )
    found = [
        Share(
            row["category"],
            category_label(row["category"]) if row["category"] not in ("", "none") else _("临时资助人群"),
            row["persons"],
            row["base_sum"],
            row["fund_sum"],
            row["county_sum"],
        )
        for row in counted
    ]
    return sorted(found, key=lambda one: -one.total)


def summed(shares: Sequence[Share]) -> Share:
    """Their sum as one line."""
    return Share(
        "",
        _("合计"),
        *(sum(getattr(one, name) for one in shares) for name in ("persons", "base", "fund", "county_finance")),
    )


def due_on(region_code: str, year: int) -> date | None:
    """Within a month after the enrolment window closed (the document says how long); None while it is not known."""
    window = window_of(region_code, year)
    duty = law.obligation(law.document_of_year(region_code, year), "S1-06")
    return law.due_after(duty, window.window_to if window else None, Workdays.load())


def windows(region_code: str, year: int) -> QuerySet[RegionYear]:
    """Figures with an enrolment window of the region and those above it, the nearest first."""
    found = RegionYear.objects.filter(region__in=upward(region_code), year=year, window_to__isnull=False)
    return found.order_by("-region_id")


def window_of(region_code: str, year: int) -> RegionYear | None:
    """The figures with an enrolment window of the nearest region upward."""
    return windows(region_code, year).first()


def freeze_application(*, actor: User | None, region: Region, year: int) -> SubsidyApplication:
    """Writes the list and its totals under the next number of the banner and year. Raises EnrolmentError.

    A person is asked for once: whoever is enrolled later goes into a further application.
    """
    allowed(actor, region.code)
    if region.level < Level.COUNTY:
        raise EnrolmentError(_("资助资金由旗县核定、申请；请选择旗县。"))
    with transaction.atomic():
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        window = window_of(region.code, year)
        if window is None or window.window_to is None:
            raise EnrolmentError(_("还没有登记 %(year)s 年的集中缴费期；请先在“年度参数”中填写。") % {"year": year})
        if window.window_to >= timezone.localdate():
            raise EnrolmentError(
                _("集中缴费期到 %(day)s 结束；结束后再核定人数、申请资金。") % {"day": window.window_to}
            )
        rows = list(to_ask_for(region, year).select_for_update(of=("self",)))
        if not rows:
            raise EnrolmentError(_("没有可以申请资金的新增资助人员；请先核算本年度参保。"))
        earlier = SubsidyApplication.objects.filter(region=region, year=year).count()
        application = SubsidyApplication.objects.create(
            region=region,
            year=year,
            number=f"CBZZ-{region.code[:6]}-{year}-{earlier + 1}",
            persons=len(rows),
            fund=sum(row.fund for row in rows),
            county_finance=sum(row.county_finance for row in rows),
            due_on=due_on(region.code, year),
            frozen_by=actor,
        )
        SubsidyApplicationRow.objects.bulk_create(
            [
                SubsidyApplicationRow(
                    application=application,
                    enrolment=row,
                    category=row.category,
                    base=row.base,
                    fund=row.fund,
                    county_finance=row.county_finance,
                )
                for row in rows
            ],
            batch_size=2_000,
        )
        return application


def record_transfer(
    *,
    actor: User | None,
    application: SubsidyApplication,
    source: str,
    amount: int,
    transferred_on: date,
    reference: str,
) -> FiscalTransfer:
    """Money that arrived in the fiscal account (财政专户); never more than was asked. Raises ValidationError."""
    allowed(actor, application.region_id)
    if transferred_on > timezone.localdate():
        raise ValidationError({"transferred_on": _("日期晚于今天；请核对。")})
    if amount <= 0:
        raise ValidationError({"amount": _("金额须大于零")})
    with transaction.atomic():
        one = SubsidyApplication.objects.select_for_update(of=("self",)).get(pk=application.pk)
        asked = one.fund if source == FiscalTransfer.Source.FUND else one.county_finance
        arrived = one.transfers.filter(source=source).aggregate(total=Sum("amount"))["total"] or 0
        if arrived + amount > asked:
            raise ValidationError(
                {"amount": _("超过申请数额，还差 %(left)s 元到位；请核对。") % {"left": format_yuan(asked - arrived)}}
            )
        transfer = FiscalTransfer(
            application=one,
            source=source,
            amount=amount,
            transferred_on=transferred_on,
            reference=reference.strip()[:60],
            recorded_by=actor,
        )
        transfer.full_clean(exclude=["recorded_by"])
        transfer.save()
        return transfer


def applications_for(user: User) -> QuerySet[SubsidyApplication]:
    """Applications of the user's region with what has arrived (`arrived`, fen or None)."""
    found = access.visible(user, SubsidyApplication.objects.select_related("region", "frozen_by"))
    return found.annotate(arrived=Sum("transfers__amount"))
