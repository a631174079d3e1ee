"""Institutions of the demo, where its people are treated, and the keys of those who ask by API."""

from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Region
from accounts.vocabulary import Department
from claims.institutions.models import Institution
from claims.institutions.services import save_institution
from config.demo.generator import HOSPITALS
from config.demo.run import API_KEY, write_private
from exchange.models import Partner
from exchange.partner_api.models import ApiKey
from exchange.partner_api.services import make_key

Scope = ApiKey.Scope


def load_hospitals(counties: Iterable[str]) -> None:
    """The institutions of the counties' claims; the first county has one under supervision and one that has left."""
    first, known = "", set(Institution.objects.values_list("code", flat=True))
    for county in counties:
        first = first or county
        for one in HOSPITALS:
            if (code := one.code(county[:6])) in known:
                continue
            known.add(code)
            place = Region.objects.get(code=county[: one.digits].ljust(12, "0"))
            watched = county == first and one.level == 1
            save_institution(
                actor=None,
                institution=None,
                code=code,
                name=f"{place.name}{one.name}",
                region=place,
                level=one.level,
                charge_class=one.band,
                pay_later=one.level > 1 and one.location != "province",
                supervised=watched,
                supervised_reason=_("目录外费用占比连续偏高") if watched else "",
            )
    if first and (code := f"H{first[:6]}00009") not in known:
        place = Region.objects.get(code=first)
        save_institution(
            actor=None,
            institution=None,
            code=code,
            name=f"{place.name}康复医院",
            region=place,
            level=1,
            charge_class=3,
            designated=False,
            exit_on=date(2023, 4, 30),
            exit_reason=_("违反服务协议，解除协议"),
        )


def load_keys(code: str) -> None:
    """A hospital's key, whose text is kept beside the logins, and one of the department that fetches its warnings."""
    if ApiKey.objects.exists():
        return
    region = Region.objects.get(code=code)
    hospital = Institution.objects.filter(region__code__startswith=region.prefix, level=2).order_by("code")[0]
    fresh = make_key(
        actor=None,
        label=f"{hospital.name} HIS",
        region=region,
        scopes=[Scope.STATUS, Scope.PREVIEW, Scope.CLAIM],
        institution=hospital.code,
    )
    write_private(settings.DATA_DIR / API_KEY, {"holder": hospital.name, "key": fresh.text})
    partner = Partner.objects.filter(organisation__department=Department.CIVIL_AFFAIRS, organisation__region=region)
    if found := partner.first():
        make_key(actor=None, label=_("民政系统领取预警"), region=region, scopes=[Scope.DELIVERY], partner=found)
