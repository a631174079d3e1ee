"""Invented people, rosters and claims of a region, written as partner departments and the platform send them.

Deterministic for the same seed; no real person: names and numbers are drawn from lists. Files are bytes, ready for
`exchange.services.receive_file`, so that the demo goes through the same doors as real files.
"""

import csv
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from accounts.vocabulary import CERTIFIES, Category, Department

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉梅春生荣海国庆志建文晓宝"
ROSTER_FIELDS = ("序号", "姓名", "身份证号", "人员类别", "行政区划代码", "户编号", "与户主关系", "认定日期", "联系电话")
CLAIM_FIELDS = (
    "setl_id,certno,psn_name,setl_time,med_type,insutype,fixmedins_code,hosp_lv,setl_loc,refl_flag,medfee_sumamt,"
    "fulamt_ownpay_amt,overlmt_selfpay,preselfpay_amt,inscp_scp_amt,hifp_pay,hifmi_pay,maf_pay,oth_pay,psn_part_amt"
).split(",")


@dataclass(frozen=True)
class Hospital:
    """Where the people of a county are treated: `digits` of the division code say where it stands, `location` as claims
    say it; `level` and `band` (charge class) as the register of institutions has them."""

    number: int
    name: str
    level: int
    band: int
    digits: int
    location: str

    def code(self, county: str) -> str:
        """The institution's code for the people of a county (six digits)."""
        return f"H{county[: self.digits].ljust(6, '0')}{self.number:05d}"


HOSPITALS = (
    Hospital(1, "人民医院", 2, 3, 6, "county"),
    Hospital(2, "中医医院", 2, 3, 6, "county"),
    Hospital(3, "城关卫生院", 1, 3, 6, "county"),
    Hospital(4, "人民医院", 3, 2, 4, "city"),
    Hospital(5, "人民医院", 3, 1, 2, "province"),
)


@dataclass(frozen=True)
class Area:
    """One region of the demo: its counties, the names usual there, and which departments certify what.

    The people of the township `applying` hold a category that is helped on application.
    """

    region: str
    counties: Sequence[str]
    local_names: Sequence[str] = ()
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    applying: str = ""


@dataclass(frozen=True)
class Someone:
    id_number: str
    name: str
    county: str
    township: str
    household: str
    relation: str
    phone: str
    department: str
    category: str
    since: date


def _check_digit(first17: str) -> str:
    return "10X98765432"[sum(int(a) * b for a, b in zip(first17, WEIGHTS, strict=True)) % 11]


def people(area: Area, count: int, seed: str) -> list[Someone]:
    """`count` different persons; about six in ten hold a category of the area."""
    found = []
    for n in range(count):
        rng = random.Random(f"{seed}-{area.region}-{n}")
        county = area.counties[n % len(area.counties)][:6]
        born = date(1938, 1, 1) + timedelta(days=n * 7919 % 29500)
        first17 = f"{county}{born:%Y%m%d}{n % 999 + 1:03d}"
        local = area.local_names and rng.random() < 0.35
        name = rng.choice(area.local_names) if local else rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=2))
        # Each county's people live in four townships.
        township = f"{county}{100 + n // len(area.counties) % 4:03d}000"
        department = rng.choices([*area.categories, ""], [6] * len(area.categories) + [4 * len(area.categories)])[0]
        category = rng.choice(area.categories[department]) if department else ""
        if township == area.applying:
            department, category = Department.CIVIL_AFFAIRS, Category.SUBSISTENCE_MARGIN
        found.append(
            Someone(
                id_number=first17 + _check_digit(first17),
                name=name,
                county=county,
                township=township,
                household=f"{county}{n // 3:06d}",
                relation=("户主", "配偶", "子女")[n % 3],
                phone=f"139{rng.randrange(10**8):08d}",
                department=department,
                category=category,
                since=date(2022, 1, 1) + timedelta(days=rng.randrange(400)),
            )
        )
    return found


def roster(title: str, members: Iterable[Someone], *, encoding: str = "gb18030", slips: int = 0) -> bytes:
    """A full roster as a county office writes it: title line, Chinese header, total line.

    `slips` rows carry an everyday mistake (wrong check digit, unknown category, a number that a spreadsheet damaged).
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([title])
    writer.writerow(ROSTER_FIELDS)
    count = 0
    for count, one in enumerate(members, 1):
        number, label = one.id_number, str(Category(one.category).label)
        if count <= slips * 7 and count % 7 == 0:
            slip = count // 7 % 3
            if slip == 0:
                number = number[:17] + ("0" if number[17] != "0" else "1")
            elif slip == 1:
                label = "困难群众"
            else:
                number = f"{number[0]}.{number[1:6]}E+17"
        since = f"{one.since.year}年{one.since.month}月{one.since.day}日" if count % 3 else f"{one.since:%Y-%m-%d}"
        writer.writerow(
            [count, one.name, number, label, one.township, one.household, one.relation, since, one.phone],
        )
    writer.writerow(["合计", count])
    return out.getvalue().encode(encoding)


def claims(area: Area, month: date, patients: Sequence[Someone], seed: str) -> bytes:
    """Settlement details of a month with the national platform's field names; a few patients are seriously ill."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CLAIM_FIELDS)
    number = 0
    for one in patients:
        rng = random.Random(f"{seed}-{month}-{one.id_number}")
        grave = random.Random(f"{seed}-{one.id_number}").random() < 0.12
        for _ in range(rng.choice((0, 0, 1, 1, 2)) + grave):
            number += 1
            hospital = HOSPITALS[number % len(HOSPITALS)]
            total = int(rng.lognormvariate(13.6 if grave else 12.4, 0.9))
            excluded = int(total * rng.choice((0, 0.02, 0.05, 0.09)))
            first = int((total - excluded) * rng.choice((0, 0.03, 0.08)))
            in_scope = total - excluded - first
            basic = int(in_scope * rng.choice((0.5, 0.6, 0.7)))
            day = month + timedelta(days=rng.randrange(28))
            yuan = [f"{v // 100}.{v % 100:02d}" for v in (total, excluded, 0, first, in_scope, basic)]
            # Few of the platform's lines say what it paid; nothing was paid there, to be found by the audit.
            yuan += ["0.00"] * 3 if rng.random() < 0.02 else [""] * 3
            writer.writerow(
                [
                    f"S{area.region[:6]}{month:%Y%m}{number:06d}",
                    one.id_number,
                    one.name,
                    f"{day:%Y-%m-%d} {rng.randrange(8, 18):02d}:{rng.randrange(60):02d}:00",
                    rng.choice(("21", "21", "11", "14")),
                    "390",
                    hospital.code(one.county),
                    hospital.level,
                    hospital.location,
                    rng.choice(("yes", "not_needed", "not_needed", "no")),
                    *yuan,
                    f"{(total - basic) // 100}.{(total - basic) % 100:02d}",
                ]
            )
    return out.getvalue().encode("utf-8-sig")


def certified_by(departments: Sequence[str], leave_out: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """The categories of these departments without those that come on application only."""
    without = {Category.ILLNESS_POVERTY, *leave_out}
    return {d: tuple(c for c in CERTIFIES[d] if c not in without) for d in departments}
