"""Partner files at any size, as offices really send them, with the truth beside them.

`write_all(folder)` gives what `tests/data/tongliao-small` holds. Region 150500 (通辽), months 2023-05 and 2023-06:
rosters of three departments in three encodings, contributions, claims with the national platform's field names, and
`truth.json` with the expected outcome of every roster row. The same arguments give the same bytes; memory stays small.
"""

import argparse
import csv
import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNTIES = ("150502", "150521", "150522", "150523", "150524", "150525", "150526", "150581")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕白包佟"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉梅春生荣海国庆志建文晓宝力德胡日查乌云其格塔娜"
MONGOLIAN = (
    "乌云其其格 宝力道 阿拉坦仓 娜仁高娃 巴特尔 萨仁图雅 朝鲁门 呼和·巴雅尔 那顺·乌日图 斯琴·格日乐 海日罕·吉雅"
).split()
LABELS = {
    "civil_affairs": {
        "extreme_poverty": "特困人员",
        "subsistence": "低保对象",
        "subsistence_margin": "低保边缘家庭成员",
        "orphan": "孤儿",
        "unsupported_child": "事实无人抚养儿童",
    },
    "rural_revitalization": {
        "unstable_exit": "脱贫不稳定人口",
        "marginal_risk": "边缘易致贫人口",
        "sudden_hardship": "突发严重困难户",
        "relapsed_poverty": "返贫致贫人口",
        "exited_poverty": "脱贫人口",
    },
    "disabled_federation": {"severe_disability": "重度残疾人"},
}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
ROSTER_FIELDS = "序号 姓名 身份证号 人员类别 行政区划代码 户编号 与户主关系 认定日期 联系电话 备注".split()
CLAIM_FIELDS = (
    "setl_id certno psn_name setl_time med_type insutype fixmedins_code hosp_lv setl_loc refl_flag medfee_sumamt "
    "fulamt_ownpay_amt overlmt_selfpay preselfpay_amt inscp_scp_amt hifp_pay hifmi_pay maf_pay oth_pay psn_part_amt"
).split()
FLAWS = (
    "id_checksum id_spreadsheet id_spreadsheet missing category_unknown category_not_yours date id_birth_date"
).split()
Truth = dict[str, dict[str, Any]]
Register = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Person:
    number: str
    name: str
    county: str
    town: str
    household: str
    department: str | None
    category: str
    since: dt.date
    phone: str
    relation: str


def check_digit(first17: str) -> str:
    """GB 11643, written out so that the tests do not ask the code under test."""
    return "10X98765432"[sum(int(a) * b for a, b in zip(first17, WEIGHTS, strict=True)) % 11]


def person(seed: str, n: int) -> Person:
    """The n-th person; no two share an identity number."""
    chance = random.Random(f"{seed}-p-{n}")
    k = n * 7_919_317 % 240_000_000
    county = COUNTIES[k % 8]
    born = dt.date(1935, 1, 1) + dt.timedelta(days=k // 8 % 30000)
    first17 = f"{county}{born:%Y%m%d}{k // 240_000:03d}"
    if chance.random() < 0.2:
        name = chance.choice(MONGOLIAN)
    else:
        name = chance.choice(SURNAMES) + "".join(chance.choice(GIVEN) for _ in range(chance.choice([1, 2, 2])))
    department = chance.choices([*LABELS, None], [30, 25, 5, 40])[0]
    category = chance.choice(list(LABELS[department])) if department else ""
    since = dt.date(2022, 1, 1) + dt.timedelta(days=chance.randrange(480))
    return Person(
        number=first17 + check_digit(first17),
        name=name,
        county=county,
        town=f"{county}{100 + n % 12:03d}000",
        household=f"{county}{n // 3:07d}",
        department=department,
        category=category,
        since=since,
        phone=f"139{chance.randrange(10**8):08d}",
        relation=("户主", "配偶", "子女")[n % 3],
    )


def spell_date(chance: random.Random, day: dt.date) -> str:
    forms = (
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
    )
    return chance.choice(forms)


def decorate(chance: random.Random, row: dict[str, Any]) -> None:
    """Harmless: the reader must see the same row."""
    number, name = row["身份证号"], row["姓名"]
    match chance.choice(["lower", "full", "space", "quote", "dot"]):
        case "lower":
            row["身份证号"] = number.lower()
        case "full":
            row["身份证号"] = number.translate(FULL_WIDTH)
        case "space":
            row["身份证号"] = f" {number[:6]} {number[6:]} "
            row["姓名"] = "\u3000".join(name) if len(name) == 2 else name
        case "quote":
            row["身份证号"] = "'" + number
        case "dot":
            row["姓名"] = name.replace("·", chance.choice("•・."))


def spoil(chance: random.Random, row: dict[str, Any], department: str) -> str:
    """One error; its code."""
    code, number = chance.choice(FLAWS), row["身份证号"]
    if code == "id_checksum":
        row["身份证号"] = number[:17] + ("0" if number[17] != "0" else "1")
        if row["身份证号"].endswith("000"):
            code = "id_spreadsheet"  # looks like what a spreadsheet does, and that comes first
    elif code == "id_spreadsheet":
        scientific = f"{number[0]}.{number[1:6]}E+17"
        zeroed = number[:15] + "000" if check_digit(number[:15] + "00") != "0" else scientific
        row["身份证号"] = scientific if chance.random() < 0.5 else zeroed
    elif code == "missing":
        row[chance.choice(["身份证号", "姓名", "人员类别"])] = ""
    elif code == "category_unknown":
        row["人员类别"] = "困难群众"
    elif code == "category_not_yours":
        other = "rural_revitalization" if department != "rural_revitalization" else "civil_affairs"
        row["人员类别"] = chance.choice(list(LABELS[other].values()))
    elif code == "date":
        row["认定日期"] = chance.choice(["2023-13-01", "不详", "2023年2月30日"])
    else:
        first17 = number[:10] + "1332" + number[14:17]
        row["身份证号"] = first17 + check_digit(first17)
    return code


def members(seed: str, persons: int, department: str, month: str) -> Iterator[tuple[Person, bool]]:
    """Who stands in the month's roster, and whether with a new category: 3 % come, leave, change from May to June."""
    for n in range(persons):
        someone = person(seed, n)
        if someone.department != department:
            continue
        roll = random.Random(f"{seed}-m-{n}").random()
        if month == "2023-05":
            if roll <= 0.97:
                yield someone, False
        elif roll >= 0.03:
            yield someone, roll < 0.06


class Roster:
    """Writes one roster; `known` is the register before (number → name and category) and becomes the one after."""

    def __init__(self, department: str, month: str, seed: str, dirt: float, known: Register) -> None:
        self.department, self.month, self.seed, self.dirt, self.known = department, month, seed, dirt, known
        self.chance = random.Random(f"{seed}-{department}-{month}")
        self.seen: Register = {}
        self.by_row: list[list[Any]] = []
        self.counts: Counter[str] = Counter()

    def write(self, path: Path, persons: int, *, encoding: str, separator: str, title: bool) -> dict[str, Any]:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=separator)
            line = 0
            blank = [""] * (len(ROSTER_FIELDS) - 1)
            if title:
                writer.writerows([[f"通辽市{self.month}月名单（{self.department}）", *blank], ["", *blank]])
                line = 2
            writer.writerow(ROSTER_FIELDS)
            line += 1
            count = 0
            for someone, moved in members(self.seed, persons, self.department, self.month):
                count += 1
                for row, outcome, code in self._rows(someone, moved, count):
                    line += 1
                    writer.writerow([row[field] for field in ROSTER_FIELDS])
                    self.by_row.append([line, outcome, code])
                    self.counts[outcome] += 1
            if title:
                writer.writerow(["合计", count, *blank[1:]])
        exited = sum(number not in self.seen for number in self.known)
        self.known.clear()
        self.known.update(self.seen)
        outcomes = {name: self.counts[name] for name in ("new", "changed", "unchanged", "doubtful", "error")}
        by_row = self.by_row if len(self.by_row) <= 20000 else "left out above 20,000 rows"
        return {"rows": len(self.by_row), **outcomes, "exited": exited, "by_row": by_row}

    def _rows(self, someone: Person, moved: bool, count: int) -> Iterator[tuple[dict[str, Any], str, str]]:
        """The person's row, perhaps twice, with outcome and code."""
        labels = LABELS[self.department]
        category, since = someone.category, someone.since
        others = [code for code in labels if code != category]
        if moved and others:
            category, since = others[count % len(others)], dt.date(2023, 6, 1)
        row: dict[str, Any] = dict.fromkeys(ROSTER_FIELDS, "") | {
            "序号": count,
            "姓名": someone.name,
            "身份证号": someone.number,
            "人员类别": labels[category],
            "行政区划代码": someone.town,
            "户编号": someone.household,
            "与户主关系": someone.relation,
            "认定日期": spell_date(self.chance, since),
            "联系电话": someone.phone,
        }
        outcome, code = self._outcome(someone, row, (someone.name, category))
        yield row, outcome, code
        good = outcome in ("new", "unchanged", "changed")
        if good and self.chance.random() < self.dirt / 8:
            yield row, "unchanged", "repeated"

    def _outcome(self, someone: Person, row: dict[str, Any], now: tuple[str, str]) -> tuple[str, str]:
        before = self.known.get(someone.number)
        roll = self.chance.random()
        if roll < self.dirt / 2:
            code = spoil(self.chance, row, self.department)
            if row["身份证号"] == someone.number and before:
                self.seen[someone.number] = before  # a faulty row about a known person is no exit
            return "error", code
        if roll < self.dirt * 0.65 and before:
            row["姓名"] = "某" + someone.name[:1]
            self.seen[someone.number] = before
            return "doubtful", "name_differs"
        if roll < self.dirt * 2:
            decorate(self.chance, row)
        self.seen[someone.number] = now
        return ("new" if before is None else "unchanged" if before == now else "changed"), ""


def write_claims(path: Path, month: str, seed: str, persons: int, per_person: int) -> dict[str, Any]:
    chance = random.Random(f"{seed}-c-{month}")
    year, month_number = map(int, month.split("-"))
    rows = total = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CLAIM_FIELDS)
        for n in range(persons):
            someone = None
            for _ in range(chance.choice([0, 0, 1, per_person, per_person + 2]) if per_person else 0):
                someone = someone or person(seed, n)
                rows += 1
                fee, cells = _claim(chance, someone, year, month_number, rows)
                writer.writerow(cells)
                total += fee
    return {"rows": rows, "medfee_sumamt": f"{total / 100:.2f}"}


def _claim(chance: random.Random, someone: Person, year: int, month: int, k: int) -> tuple[int, list[Any]]:
    fee = int(chance.lognormvariate(13.4, 1.2))
    own = int(fee * chance.choice([0, 0.02, 0.06, 0.12, 0.25]))
    over = int(fee * chance.choice([0, 0, 0.01]))
    first = int((fee - own - over) * chance.choice([0, 0.03, 0.08]))
    scope = fee - own - over - first
    paid = int(scope * chance.choice([0.4, 0.55, 0.65, 0.75]))
    day, hour, minute, second = (chance.randrange(*bounds) for bounds in ((1, 29), (8, 18), (60,), (60,)))
    service = chance.choice(["21", "21", "11", "14"])
    location = chance.choice(["county", "city", "province", "outside"])
    referred = chance.choice(["yes", "not_needed", "not_needed", "no"])
    other = chance.choice(["0.00"] * 9 + ["200.00"])
    yuan = [f"{fen / 100:.2f}" for fen in (fee, own, over, first, scope, paid)]
    return fee, [
        f"S{year}{month:02d}{k:09d}",
        someone.number,
        someone.name,
        f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}",
        service,
        "390",
        f"H{someone.county}{k % 7:05d}",
        k % 3 + 1,
        location,
        referred,
        *yuan,
        "0.00",
        "0.00",
        other,
        f"{(fee - paid) / 100:.2f}",
    ]


def write_contributions(path: Path, seed: str, persons: int) -> None:
    chance = random.Random(f"{seed}-tax")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["身份证号", "姓名", "年度", "金额", "缴费日期", "类型", "档次"])
        for n in range(persons):
            if chance.random() >= 0.93:
                continue
            someone = person(seed, n)
            paid_on = f"2022-{chance.choice([10, 11, 12])}-{chance.randrange(1, 29):02d}"
            writer.writerow([someone.number, someone.name, 2023, "350.00", paid_on, "缴费", ""])
            if chance.random() < 0.01:
                refunded = f"2023-01-{chance.randrange(1, 29):02d}"
                writer.writerow([someone.number, someone.name, 2023, "350.00", refunded, "退费", ""])


def write_all(folder: Path, *, persons: int = 400, seed: str = "1", dirt: float = 0.06, per_person: int = 3) -> Truth:
    """Every file and `truth.json`; returns the truth."""
    truth: Truth = {}
    both = ("2023-05", "2023-06")
    for department, encoding, separator, title, months in (
        ("civil_affairs", "gb18030", ",", True, both),
        ("rural_revitalization", "utf-8-sig", "\t", False, both),
        ("disabled_federation", "utf-8", ",", False, both[:1]),
    ):
        known: Register = {}
        for month in months:
            path = folder / f"{department}-{month}.csv"
            roster = Roster(department, month, seed, dirt, known)
            truth[path.name] = roster.write(path, persons, encoding=encoding, separator=separator, title=title)
    write_contributions(folder / "tax-2023.csv", seed, persons)
    for month in both:
        path = folder / f"claims-{month}.csv"
        truth[path.name] = write_claims(path, month, seed, persons, per_person)
    text = json.dumps(truth, ensure_ascii=False, indent=1) + "\n"
    (folder / "truth.json").write_text(text, encoding="utf-8")
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=400)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--dirt", type=float, default=0.06)
    parser.add_argument("--claims-per-person", type=int, default=3, dest="per_person")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    write_all(given.folder, persons=given.persons, seed=given.seed, dirt=given.dirt, per_person=given.per_person)


if __name__ == "__main__":
    main()
