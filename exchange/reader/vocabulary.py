"""Codes and the words that stand for them in partner files.

Categories and who certifies them are the vocabulary of the five policies; the variants are what offices write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from .errors import FieldError
from .text import compact

CATEGORY_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "extreme_poverty": "特困人员",
        "orphan": "孤儿",
        "unsupported_child": "事实无人抚养儿童",
        "subsistence": "低保对象",
        "subsistence_margin": "低保边缘家庭成员",
        "illness_poverty": "因病致贫重病患者",
        "relapsed_poverty": "返贫致贫人口",
        "unstable_exit": "脱贫不稳定人口",
        "marginal_risk": "边缘易致贫人口",
        "sudden_hardship": "突发严重困难户",
        "exited_poverty": "脱贫人口",
        "exited_2014_2015": "2014、2015年退出户",
        "severe_disability": "重度残疾人",
        "special_care": "优抚对象",
        "monastic": "寺庙僧尼",
        "other_hardship": "县级以上政府规定的其他特殊困难人员",
    }
)

DEPARTMENT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "civil_affairs": "民政部门",
        "rural_revitalization": "乡村振兴部门",
        "disabled_federation": "残联",
        "veterans_affairs": "退役军人事务部门",
        "ethnic_affairs": "统战民宗部门",
        "county_government": "县级人民政府",
    }
)

DEPARTMENT_CATEGORIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "civil_affairs": frozenset(
            {"extreme_poverty", "orphan", "unsupported_child", "subsistence", "subsistence_margin", "illness_poverty"}
        ),
        "rural_revitalization": frozenset(
            {
                "relapsed_poverty",
                "unstable_exit",
                "marginal_risk",
                "sudden_hardship",
                "exited_poverty",
                "exited_2014_2015",
            }
        ),
        "disabled_federation": frozenset({"severe_disability"}),
        "veterans_affairs": frozenset({"special_care"}),
        "ethnic_affairs": frozenset({"monastic"}),
        "county_government": frozenset({"other_hardship"}),
    }
)

# Words that fit several categories (困难群众, 低收入人口, 监测对象, 残疾人) are left out: they must not be guessed.
_CATEGORY_VARIANTS: Mapping[str, str] = {
    "extreme_poverty": "特困 特困对象 特困供养人员 特困救助供养人员 特困供养对象 特困救助供养对象 特困供养 "
    "五保 五保户 五保对象 五保供养对象 五保人员 农村五保 城市特困人员 农村特困人员 城乡特困人员 "
    "分散供养特困人员 集中供养特困人员 特困分散供养 特困集中供养 城市特困 农村特困 "
    "特困人员(五保) 特困(五保) 特困人员(五保户)",
    "orphan": "孤儿(含艾滋病病毒感染儿童) 社会散居孤儿 散居孤儿 福利机构孤儿 集中供养孤儿",
    "unsupported_child": "事无儿童 事实无人抚养 事实孤儿 事实无人抚养的儿童 事实无人抚养困境儿童",
    "subsistence": "低保 低保户 低保人员 低保人口 低保家庭成员 城市低保 农村低保 城乡低保 城市低保对象 "
    "农村低保对象 城乡低保对象 最低生活保障对象 最低生活保障家庭成员 城乡最低生活保障对象 "
    "城市最低生活保障对象 农村最低生活保障对象 最低生活保障人员",
    "subsistence_margin": "低保边缘 低保边缘户 低保边缘对象 低保边缘人口 低保边缘家庭 低保边缘人员 低边 低边户 "
    "低边对象 最低生活保障边缘家庭成员 最低生活保障边缘家庭 低保边缘户成员 城乡低保边缘家庭成员",
    "illness_poverty": "因病致贫 因病致贫患者 因病致贫重病 因病致贫家庭重病患者 因病致贫重病患者家庭",
    "relapsed_poverty": "返贫致贫 返贫致贫户 返贫人口 返贫致贫人员 返贫致贫对象",
    "unstable_exit": "脱贫不稳定户 脱贫不稳定 脱贫不稳定人员 脱贫不稳定户人口",
    "marginal_risk": "边缘易致贫户 边缘易致贫 边缘易致贫人员 边缘易致贫户人口",
    "sudden_hardship": "突发严重困难人口 突发严重困难 突发严重困难人员 突发严重困难户人口 突发困难户",
    "exited_poverty": "脱贫户 稳定脱贫人口 稳定脱贫户 已脱贫人口 脱贫人员 脱贫人口(未纳入监测) 脱贫户(未纳入监测) "
    "未纳入监测的脱贫人口 未纳入监测脱贫人口 建档立卡脱贫人口",
    "exited_2014_2015": "2014、2015年退出 2014年、2015年退出户 2014-2015年退出户 2014和2015年退出户 2014/2015年退出户 "
    "2014年退出户 2015年退出户 2014,2015年退出户 2014、2015年脱贫户 2014、2015年退出人口 两年退出户",
    "severe_disability": "重残 重度残疾 重残人员 重度残疾人员 一二级残疾人 一、二级残疾人 一级残疾人 二级残疾人 "
    "重度残疾人(一、二级) 重度残疾人(一二级) 重度残疾人(一级) 重度残疾人(二级) 重度残疾人(1、2级)",
    "special_care": "优抚 优抚人员 重点优抚对象 优抚对象人员",
    "monastic": "僧尼 寺庙僧人 寺庙尼姑 僧人 尼姑 在寺僧尼 宗教教职人员(僧尼) 寺庙僧尼人员",
    "other_hardship": "其他特殊困难人员 其他困难人员 其他特殊困难群众 其他特殊困难对象 政府规定的其他特殊困难人员 "
    "县级以上人民政府规定的其他特殊困难人员",
}


class Choices:
    """Codes with the words that mean them; full-width forms, spaces and case do not matter."""

    def __init__(self, words: Mapping[str, Iterable[str]]) -> None:
        self.codes = tuple(words)
        self._codes_of: dict[str, str] = {}
        for code, names in words.items():
            for name in (code, *names):
                key = _key(name)
                if self._codes_of.setdefault(key, code) != code:
                    raise ValueError(f"{name!r} means both {code} and {self._codes_of[key]}")

    def get(self, raw: str) -> str | None:
        """The code, or None for a word that is not known."""
        return self._codes_of.get(_key(raw))


def _key(word: str) -> str:
    return compact(word).lower().removesuffix(".0")


CATEGORIES = Choices(
    {code: (label, *_CATEGORY_VARIANTS[code].split()) for code, label in CATEGORY_LABELS.items()},
)


def categories_of(department: str) -> frozenset[str]:
    """What a department may certify: nothing for one that certifies nobody."""
    return DEPARTMENT_CATEGORIES.get(department, frozenset())


def category(raw: str, *, allowed: frozenset[str] | None = None) -> str:
    """Code of a category given by code or label.

    Raises FieldError `category_unknown`, or `category_not_yours` when it is none of `allowed` (None: all are).
    """
    code = CATEGORIES.get(raw)
    if code is None:
        raise FieldError("category_unknown", value=compact(raw))
    if allowed is not None and code not in allowed:
        certifiers = [DEPARTMENT_LABELS[name] for name, codes in DEPARTMENT_CATEGORIES.items() if code in codes]
        raise FieldError("category_not_yours", category=CATEGORY_LABELS[code], department="或".join(certifiers))
    return code


YES_NO = Choices({"yes": ("是", "有", "1", "y", "true", "已", "√"), "no": ("否", "无", "没有", "0", "n", "false", "×")})
SERVICES = Choices(
    {
        "inpatient": ("21", "22", "住院", "普通住院", "外伤住院"),
        "outpatient": ("11", "13", "门诊", "普通门诊", "急诊"),
        "chronic": ("14", "门诊慢特病", "门诊慢性病", "慢特病门诊"),
        "major_chronic": ("重特大门诊特殊慢性病", "门诊特殊慢性病"),
        "special_drug": ("门诊特药", "特药"),
    }
)
LEVELS = Choices(
    {
        "1": ("一级", "一级医院", "一级医疗机构", "一级及以下"),
        "2": ("二级", "二级医院", "二级医疗机构", "二级甲等"),
        "3": ("三级", "三级医院", "三级医疗机构", "三级甲等"),
    }
)
CHARGE_CLASSES = Choices({"1": ("一类", "一类收费"), "2": ("二类",), "3": ("三类", "三类收费")})
LOCATIONS = Choices(
    {
        "county": ("县内", "县域内", "旗县内", "县级", "本县"),
        "city": ("市内", "市域内", "市级", "县外市内", "市内县外"),
        "province": ("省内", "区内", "自治区内", "省级", "市外省内", "省内市外", "省内异地"),
        "outside": ("省外", "区外", "自治区外", "跨省", "省外异地", "跨省异地"),
    }
)
REFERRED = Choices(
    {
        "yes": ("是", "1", "y", "true", "已转诊", "转诊"),
        "no": ("否", "0", "n", "false", "未转诊"),
        "not_needed": ("不需要", "无需转诊", "无需", "不需转诊", "急诊", "2"),
    }
)
CHRONIC_MANAGEMENT = Choices(
    {"per_visit": ("按次", "按次管理", "单次"), "annual": ("年度", "按年", "年度定额", "定额", "定额管理")}
)
PAYMENT_KINDS = Choices({"payment": ("缴费", "缴纳", "征缴", "正常缴费"), "refund": ("退费", "退款", "退库")})
PAYERS = Choices(
    {
        "person": ("个人", "本人", "个人缴费", "本人缴费", "税务征收"),
        "charity": ("慈善", "慈善捐赠", "慈善捐助", "社会捐赠", "慈善组织"),
        "collective": ("村集体", "村集体收入", "集体收入", "村集体经济", "村级集体经济收入"),
        "project": ("项目资产", "项目资产收益", "扶贫项目资产收益", "帮扶项目资产收益"),
        "other": ("其他", "其他渠道"),
    }
)
RESULTS = Choices(
    {
        "certified": ("已纳入", "已认定", "纳入", "已纳入监测"),
        "not_eligible": ("不符合", "不符合条件", "不予纳入", "未纳入"),
        "already": ("已在帮扶", "已帮扶", "已在册", "已在名单"),
        "not_found": ("查无此人", "未找到", "查无"),
    }
)
INSURANCE_LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "310": ("职工", "职工医保", "职工基本医疗保险", "城镇职工基本医疗保险"),
        "320": ("公务员医疗补助",),
        "330": ("大额医疗费用补助",),
        "340": ("离休人员医疗保障", "离休"),
        "350": ("一至六级残废军人医疗补助",),
        "360": ("老红军医疗保障",),
        "370": ("企业补充医疗保险",),
        "380": ("新型农村合作医疗",),
        "390": ("居民", "居民医保", "城乡居民基本医疗保险", "城乡居民"),
        "391": ("城镇居民基本医疗保险",),
        "392": ("城乡居民大病医疗保险",),
        "399": ("其他特殊人员医疗保险",),
    }
)
INSURANCES = Choices(INSURANCE_LABELS)
