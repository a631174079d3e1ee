"""Vocabulary: the codes of the files, their order in the integer tables, and their official Chinese names.

The position of a code in these tuples is its number inside the engine; appending is safe, reordering is not
(compiled tables and stored states do not depend on it, arrays in flight do).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Category:
    """A group of people that a department certifies."""

    code: str
    label: str
    department: str


CATEGORIES: Final = (
    Category("extreme_poverty", "特困人员（五保）", "civil_affairs"),
    Category("orphan", "孤儿", "civil_affairs"),
    Category("unsupported_child", "事实无人抚养儿童", "civil_affairs"),
    Category("severe_disability", "重度残疾人（一、二级）", "disabled_federation"),
    Category("subsistence", "低保对象", "civil_affairs"),
    Category("relapsed_poverty", "返贫致贫人口", "rural_revitalization"),
    Category("unstable_exit", "脱贫不稳定人口", "rural_revitalization"),
    Category("marginal_risk", "边缘易致贫人口", "rural_revitalization"),
    Category("sudden_hardship", "突发严重困难户", "rural_revitalization"),
    Category("subsistence_margin", "低保边缘家庭成员", "civil_affairs"),
    Category("exited_poverty", "脱贫人口（未纳入监测）", "rural_revitalization"),
    Category("exited_2014_2015", "2014、2015年退出户", "rural_revitalization"),
    Category("illness_poverty", "因病致贫重病患者", "civil_affairs"),
    Category("special_care", "优抚对象", "veterans_affairs"),
    Category("monastic", "寺庙僧尼", "united_front"),
    Category("other_hardship", "县级以上政府规定的其他特殊困难人员", "county_government"),
)
# The order above is also the order in which equal subsidies are told apart (extreme_poverty first).

CATEGORY_CODES: Final = tuple(c.code for c in CATEGORIES)
CATEGORY_INDEX: Final = {code: i for i, code in enumerate(CATEGORY_CODES)}
CATEGORY_LABELS: Final = {c.code: c.label for c in CATEGORIES}
NONE: Final = "none"
NONE_INDEX: Final = len(CATEGORIES)
MONITORED: Final = ("unstable_exit", "marginal_risk", "sudden_hardship")

SERVICES: Final = {
    "inpatient": "住院",
    "outpatient": "普通门诊",
    "chronic": "门诊慢特病",
    "major_chronic": "重特大门诊特殊慢性病",
    "special_drug": "门诊特药",
}
LOCATIONS: Final = {"county": "县域内", "city": "市内", "province": "省内", "outside": "省外"}
REFERRALS: Final = {"yes": "已转诊", "no": "未按规定转诊", "not_needed": "无需转诊", "excepted": "审核人认可的例外"}
MANAGEMENT: Final = {"per_visit": "按次管理", "annual": "限额管理"}
HOSPITAL_LEVELS: Final = {1: "一级", 2: "二级", 3: "三级"}
CHARGE_CLASSES: Final = {1: "一类收费", 2: "省市级二类收费", 3: "县级二类及三类收费"}

SERVICE_INDEX: Final = {code: i for i, code in enumerate(SERVICES)}
LOCATION_INDEX: Final = {code: i for i, code in enumerate(LOCATIONS)}
REFERRAL_INDEX: Final = {code: i for i, code in enumerate(REFERRALS)}


def category_label(code: str) -> str:
    """Chinese name of a category code; `none` is 无救助身份."""
    return "无救助身份" if code == NONE else CATEGORY_LABELS[code]


def mask_of(codes: "tuple[str, ...] | list[str] | set[str] | frozenset[str]") -> int:
    """Bit mask of category codes, bit i standing for `CATEGORY_CODES[i]`."""
    mask = 0
    for code in codes:
        mask |= 1 << CATEGORY_INDEX[code]
    return mask
