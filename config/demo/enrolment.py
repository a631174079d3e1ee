"""Enrolment of the demo: the year computed, the tax office's file, the figures of the region, who is to be visited."""

import csv
import io
import random
from datetime import date

from accounts.models import Region
from accounts.vocabulary import Department
from beneficiaries.enrolment import cases, services
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.models import Enrolment
from beneficiaries.models import Person
from exchange.models import InboundFile
from exchange.services import confirm_file, prepare_file, receive_file
from policies.engine.money import format_yuan

YEAR = 2023
WINDOW = (date(2022, 9, 1), date(2023, 2, 28))


def load_enrolment(code: str, seed: str) -> None:
    """Enrols a region's people, pays for most of them, and lists the others. May run again."""
    region = Region.objects.get(code=code)
    try:
        services.compute_region(actor=None, region=region, year=YEAR)
    except EnrolmentError:
        return  # the text of this region has no subsidies
    for county in services.counties(region):
        place = Region.objects.filter(code=county.ljust(12, "0")).first() or region
        known = Person.objects.filter(region_id__startswith=place.prefix).count()
        services.set_region_year(
            actor=None,
            region=place,
            year=YEAR,
            residents=known,
            insured=known - known // 20,
            window_from=WINDOW[0],
            window_to=WINDOW[1],
            source="演示数据",
        )
    file = receive_file(
        actor=None,
        kind=InboundFile.Kind.CONTRIBUTIONS,
        department=Department.TAX,
        region=code,
        month=date(YEAR, 3, 1),
        mode=InboundFile.Mode.CHANGES,
        name=f"城乡居民医保缴费-{YEAR}.csv",
        content=_payments(region, seed),
    )
    confirm_file(file_id=prepare_file(file_id=file.pk).pk, actor=None)
    services.compute_region(actor=None, region=region, year=YEAR)
    cases.find_uninsured(actor=None, region=region, year=YEAR)


def _payments(region: Region, seed: str) -> bytes:
    """The tax office's file: nine in ten have paid, a few twice or too little, one is known to nobody."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["身份证号", "姓名", "缴费年度", "实缴金额", "缴费日期", "缴费类型", "缴费档次"])
    rows = Enrolment.objects.filter(year=YEAR, due__gt=0, person__region_id__startswith=region.prefix)
    for row in rows.select_related("person").order_by("person_id"):
        rng = random.Random(f"{seed}-paid-{row.person.id_number}")
        if rng.random() < 0.1:
            continue
        day = date.fromordinal(rng.randrange(WINDOW[0].toordinal(), WINDOW[1].toordinal()))
        amount = row.due // 2 if rng.random() < 0.02 else row.due
        one = [row.person.id_number, row.person.name, YEAR, format_yuan(amount), day, "缴费", "一档"]
        writer.writerow(one)
        if rng.random() < 0.02:
            writer.writerow([*one[:4], date(YEAR, 2, 28), *one[5:]])
    return out.getvalue().encode("gb18030")
