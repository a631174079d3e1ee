"""What the engine says, as sentences of the catalogue.

The engine knows no languages: it writes Chinese, and its words are stored with settlements. A door that speaks another
language finds the sentence among these patterns, and says its parts again: `said("大病保险支付")`. A name that begins
with `n_` stands for a number. What belongs to a policy document (clauses, readings, names of rules) stays as it is.
"""

import re
from functools import lru_cache
from typing import Any, Final

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from policies.engine.codes import category_label as in_chinese
from policies.engine.lines import Line

PATTERNS: Final = (
    _("特困人员（五保）"),
    _("孤儿"),
    _("事实无人抚养儿童"),
    _("重度残疾人（一、二级）"),
    _("低保对象"),
    _("返贫致贫人口"),
    _("脱贫不稳定人口"),
    _("边缘易致贫人口"),
    _("突发严重困难户"),
    _("低保边缘家庭成员"),
    _("脱贫人口（未纳入监测）"),
    _("2014、2015年退出户"),
    _("因病致贫重病患者"),
    _("优抚对象"),
    _("寺庙僧尼"),
    _("县级以上政府规定的其他特殊困难人员"),
    _("住院"),
    _("普通门诊"),
    _("门诊慢特病"),
    _("重特大门诊特殊慢性病"),
    _("门诊特药"),
    _("县域内"),
    _("市内"),
    _("省内"),
    _("省外"),
    _("已转诊"),
    _("未按规定转诊"),
    _("无需转诊"),
    _("审核人认可的例外"),
    _("按次管理"),
    _("限额管理"),
    _("一级"),
    _("二级"),
    _("三级"),
    _("一类收费"),
    _("省市级二类收费"),
    _("县级二类及三类收费"),
    _("无救助身份"),
    _("政策文件 %(name)s，%(key)s：%(problem)s"),
    _("政策文件 %(name)s：%(problem)s"),
    _("缺少年度参数：%(names)s，请在参数文件中补充后重新计算"),
    _("%(what)s（%(policy)s %(key)s %(n_1)s）"),
    _("政策 %(policy)s 在 %(day)s 没有有效的政策版本，请核对结算日期或补充当时的政策文件"),
    _("文件夹中没有政策文件（*.toml），请核对路径"),
    _("与 %(other)s（有效至 %(until)s）有效期重叠，请把前一版本的 valid_to 改为生效日的前一天"),
    _("与 %(other)s（有效至 %(until)s）之间有空档，请使两个版本的日期相接"),
    _("长期"),
    _("没有任何规则引用这一条款，请在相应规则的 clauses 中引用，或者删去"),
    _("没有 [assistance] 小节，倾斜救助无从计算，请补充"),
    _("只写了一类人员，请至少写两类，或者在 others 中写明与哪些类别不能同时成立"),
    _("“%(who)s”与自己不能互相排斥，请从一边删去"),
    _("与前面的累计范围重叠，请分开"),
    _("累计范围最多三个，请合并"),
    _("“%(who)s”没有列入 categories.order，请先列入"),
    _("“%(who)s”的“%(what)s”已由“%(other)s”规定，有效期重叠，请只保留一条"),
    _("“%(who)s”的“%(what)s”在 %(end)s 与 %(start)s 之间没有规则，请补充或者使日期相接"),
    _("这项服务没有列入 assistance.deductibles 的累计范围，请先列入"),
    _("年末一次性救助的规则只写一项服务，且不分就医地点"),
    _("年末一次性救助的服务不能同时按起付线累计，请分开"),
    _("“%(who)s”在同一年度有两条资助规则，请改正年份或者只保留一条"),
    _("参保资助"),
    _("同一类人员的同一种预警写了两条线，请只保留一条"),
    _("不设"),
    _("上年"),
    _("当年"),
    _("%(n_1)s元"),
    _("%(n_1)s人"),
    _("%(label)s（%(n_1)s年）%(value)s"),
    _("%(label)s（%(n_1)s年）%(value)s × %(ratio)s"),
    _("“%(text)s”不是比例，请带单位写成“70%%”"),
    _("比例“%(text)s”超过100%%，请改为不超过100%%的数"),
    _("“%(label)s”没有在 parameters 中登记；已登记的有：%(known)s"),
    _("（无）"),
    _("“%(label)s”的单位是“%(unit)s”，不能用在这里"),
    _("“%(label)s”本身是比例，不能再乘以%(ratio)s"),
    _("“%(text)s”看不懂或者缺少单位，请写成%(forms)s"),
    _("“%(text)s”不是倍数，请写成“150%%”"),
    _("本年累计 %(n_1)s + %(n_2)s = %(n_3)s，超过起付线 %(n_4)s（%(figure)s）的部分，减去此前已超过的部分"),
    _("%(who)s 可得 %(n_1)s"),
    _("取金额最高的一类：%(who)s"),
    _("适用身份（就高不就低）"),
    _("%(who)s的申请尚未批准，不参与比较"),
    _("%(who)s不在本政策列明的身份之内"),
    _("总费用 %(n_1)s × %(n_2)s = %(n_3)s（%(place)s）"),
    _("目录外费用 %(n_1)s"),
    _("目录外费用控制"),
    _("%(spent)s，未超过 %(compared)s"),
    _("超控制比例，由医疗机构承担"),
    _("%(spent)s − %(compared)s"),
    _("目录外占比超标（只作标记）"),
    _("%(spent)s，超过 %(compared)s"),
    _("政策范围内费用 %(n_1)s − 基本医保支付 %(n_2)s"),
    _("基本医保后的政策范围内自付"),
    _("按国家平台结算结果"),
    _("职工大额医疗补助"),
    _("大病保险后的政策范围内自付"),
    _("%(figure)s，倾斜降低 %(n_1)s"),
    _("大病保险可支付费用"),
    _("（%(ratio)s，倾斜提高 %(n_1)s 个百分点）"),
    _("%(sum)s（%(ratio)s，倾斜提高 %(n_1)s 个百分点）"),
    _("大病保险最高支付限额"),
    _("倾斜幅度：示例，待替换"),
    _("大病保险支付"),
    _("未按规定转诊，不予医疗救助，也不计入起付线累计"),
    _("医疗救助支付"),
    _("限额管理，%(n_1)s 计入年末一次性救助"),
    _("不由本文件规定，见 %(other)s"),
    _("没有本政策列明的救助身份"),
    _("本政策未对%(who)s的%(what)s规定医疗救助"),
    _("救助起付线以上费用"),
    _("救助到政策范围内费用的 %(n_1)s，需 %(n_2)s，取较大者"),
    _("年度救助限额（已用 %(n_1)s）尚余 %(n_2)s，取较小者"),
    _("%(limit)s尚余 %(n_1)s，取较小者"),
    _("年度救助限额"),
    _("医疗救助支付（%(name)s）"),
    _("医疗救助支付（%(name)s，县级财政承担）"),
    _("（目录外费用 %(n_1)s − 医疗机构承担 %(n_2)s）× %(n_3)s"),
    _("目录外费用救助（%(name)s）"),
    _("%(why)s，不予倾斜救助"),
    _("倾斜救助"),
    _("三重制度后的负担，倾斜救助起付线以上"),
    _("年度最高限额 %(figure)s"),
    _("大病保险后自付 %(n_1)s"),
    _("医疗救助 %(n_1)s"),
    _("倾斜救助 %(n_1)s"),
    _("医疗机构承担 %(n_1)s"),
    _("基本医保 %(n_1)s"),
    _("大病保险 %(n_1)s"),
    _("目录外费用救助 %(n_1)s"),
    _("其他支付 %(n_1)s"),
    _("总费用 %(n_1)s"),
    _("政策范围内个人负担"),
    _("%(sum)s，其他支付超出 %(n_1)s，个人负担按零计"),
    _("个人负担"),
    _("各次大病保险后的政策范围内自付之和"),
    _("限额管理费用本年累计自付"),
    _("%(day)s 没有可得年末救助的身份"),
    _("年末一次性救助"),
    _("%(day)s 身份：%(who)s"),
    _("年末一次性救助（%(name)s）"),
    _("医疗费总额"),
    _("个人负担的医疗费用"),
    _("总费用减基本医保、大病保险后的负担"),
    _("基本医保、大病保险后的政策范围内负担"),
    _("因病致贫"),
    _("因病返贫"),
    _("其他农村居民"),
    _("其他参保人员"),
    _("%(measure)s（%(n_1)s年1月1日至%(day)s累计）"),
    _("本年各次费用之和"),
    _("%(kind)s线：%(figure)s"),
    _("不在预警名单中"),
    _("结论"),
    _("列入预警名单"),
    _("接近预警线（只提示经办机构，不推送）"),
    _("政策文件 %(key)s 没有规定因病致贫、因病返贫预警线"),
    _("达到 %(figure)s"),
    _("超过 %(figure)s"),
    _("%(n_1)s 已达到 %(n_2)s"),
    _("%(n_1)s 已超过 %(n_2)s"),
    _("%(n_1)s 距 %(n_2)s 还差 %(n_3)s"),
    _("%(n_1)s 距 %(n_2)s 还差 %(n_3)s，已到八成"),
    _("只适用于%(who)s，此人不属于"),
    _("具有当地户籍"),
    _("患重大疾病"),
    _("家庭财产状况符合规定"),
    _("政策文件 %(key)s 没有规定因病致贫重病患者的认定条件"),
    _("是"),
    _("否"),
    _("不是%(who)s"),
    _("现为%(who)s"),
    _("不符合%(who)s条件"),
    _("家庭人均年收入低于%(figure)s"),
    _("家庭收入"),
    _("扣减个人负担医疗费用后，家庭人均收入低于%(figure)s"),
    _("家庭收入 %(n_1)s − 个人负担医疗费用 %(n_2)s = %(n_3)s"),
    _("%(words)s ÷ %(n_1)s人 = %(rest)s"),
    _("%(n_1)s，低于 %(n_2)s"),
    _("%(n_1)s，不低于 %(n_2)s"),
    _("政策文件 %(key)s 没有规定按公式核定的依申请救助"),
    _("可核定金额"),
    _("%(n_1)s 达到 %(n_2)s"),
    _("%(n_1)s 未达到 %(n_2)s"),
    _("三重制度后的政策范围内个人负担"),
    _("%(what)s差额"),
    _("个人负担未达到申请条件"),
    _("政策范围内费用 %(n_1)s × %(n_2)s = %(n_3)s，减三重制度已支付 %(n_4)s，不低于零"),
    _("差额合计 %(n_1)s − 本年已核定 %(n_2)s = %(n_3)s"),
    _("年度限额 %(n_1)s 尚余 %(n_2)s，取较小者"),
    _("政策文件 %(key)s 没有规定医疗救助基金的筹资标准"),
    _("最低筹资额"),
    _("%(n_1)s人 × %(n_2)s"),
    _("医疗救助基金"),
    _("县级财政"),
    _("个人"),
    _("政策文件 %(key)s 没有规定 %(n_1)s 年度的参保资助，请改用规定这一年度的政策文件"),
    _("%(n_1)s年度"),
    _("本年度没有可以资助的身份，由个人缴纳"),
    _("个人缴纳"),
    _("取资助最高的一类：%(who)s"),
    _("资助身份（就高不就低）"),
    _("其余部分（%(name)s）"),
    _("%(name)s：%(figure)s，不超过缴费标准 %(n_1)s"),
    _("%(name)s：%(figure)s，不超过缴费标准 %(n_1)s，不低于 %(least)s"),
    _("%(label)s（%(n_1)s年）%(value)s：%(status)s"),
    _("%(key)s %(n_1)s 年度大病保险倾斜后的支付比例超过100%%，请核对参数和政策文件"),
    _("已公布"),
    _("示例，待替换"),
    _("应为一组条目（方括号小节），请核对写法"),
    _("缺少这一项，请补充%(wanted)s"),
    _("应为%(wanted)s，现在是“%(value)s”"),
    _("加引号的文字"),
    _("是空的，请填写"),
    _("true（是）或 false（否）"),
    _("四位数年份"),
    _("“%(value)s”不是年份，请写成 2023 这样的四位数"),
    _("日期，不加引号写成 2023-01-01"),
    _("应为不带时间的日期，现在是“%(value)s”"),
    _("缺少这一项，请补充日期，不加引号写成 2023-01-01"),
    _("“%(value)s”不在可选范围内，请写成：%(choices)s"),
    _("方括号内用逗号隔开的一组文字"),
    _("“%(value)s”应为加引号的文字"),
    _("是空的，请至少写一个，或者删去这一项"),
    _("“%(value)s”重复，请只保留一个"),
    _("没有名为“%(label)s”的%(what)s，可用：%(choices)s"),
    _("人员类别"),
    _("服务"),
    _("就医地点"),
    _("引用的条款 %(clause)s 没有列出，请在 clauses 中补充这一条款或者改正编号"),
    _("“%(text)s”应带单位写成“5%(unit)s”"),
    _("缺少 [%(key)s] 小节，请补充"),
    _("若干个 [[%(key)s]] 小节"),
    _("不认识这一项，请核对拼写或者删去；此处可用：%(known)s"),
    _("参数 %(policy)s %(key)s %(n_1)s 年度没有数值，请填写（单位：%(unit)s）"),
    _("参数 %(policy)s %(key)s %(n_1)s 年度的值 %(value)s 位数过多：金额最多两位小数，比例最多四位，人数为整数"),
    _("参数 %(policy)s %(key)s %(n_1)s 年度的值 %(value)s 是比例，超过100%%，请写成 0.60 这样的小数"),
    _("参数 %(policy)s %(key)s %(n_1)s 年度重复，请只保留一个"),
    _("参数文件中的政策“%(policy)s”不存在，可用：%(known)s"),
    _("参数文件中政策 %(policy)s 没有参数“%(key)s”，请核对写法；可用：%(known)s"),
    _("打不开，请核对路径：%(why)s"),
    _("不是 UTF-8 编码，请另存为 UTF-8"),
    _("（无文号）"),
    _("第%(n_1)s行第%(n_2)s列有重复的项，请只保留一个"),
    _("第%(n_1)s行第%(n_2)s列写法有误，请核对引号、方括号和等号"),
    _("结尾处写法有误，请核对引号、方括号和等号"),
    _("“%(region)s”不是12位行政区划代码"),
    _("失效日期 %(last)s 早于生效日期 %(first)s，请改正"),
    _("条款 %(clause)s 重复，请只保留一条"),
    _("没有任何条款，请列出原文条款"),
    _("统计数字 %(key)s（%(label)s）重复登记，请只保留一个"),
    _("条款 %(clause)s 没有列出，请在 clauses 中补充或者改正编号"),
    _("含有 order 中没有的类别，请先列入 order"),
    _("同一类人员出现在两条倾斜规则中，请只保留一条"),
    _("“%(text)s”应写成“降低50%%”"),
    _("“%(text)s”应写成“提高5个百分点”"),
    _("%(day)s 应为某年1月1日：起付线和限额按年累计，规则按整年起止"),
    _("%(day)s 应为某年12月31日：起付线和限额按年累计，规则按整年起止"),
    _("%(last)s 早于 %(first)s，请改正"),
    _("依申请的倾斜救助要写明各类服务的报销比例目标，其他方式不写"),
    _("没有写明控制比例，请补充 [[control.shares]]"),
    _("同一机构等级或者收费类别写了两个比例，请只保留一个"),
    _("应写明且只写明一方的数额：%(payers)s 之一，其余写在 rest 中"),
    _("其余部分由同一方负担，等于全额；请把数额写成“100%%”，其余写另一方"),
    _("早于 from_year，请改正"),
    _("没有预警线，请补充 [[warnings.lines]]"),
    _("who（列明的类别）与 others（其他人员）请写且只写一项"),
    _("各方比例合计应为100%%，请核对"),
    _("“%(text)s”看不懂，请写成：%(forms)s"),
    _("“%(text)s”与 every 不相配，请核对"),
    _("基本医保支付大于政策范围内费用 %(n_1)s，请核对两项金额"),
    _("总费用小于政策范围内费用 %(n_1)s 与目录外费用 %(n_2)s 之和，请核对"),
    _("金额不能为负数"),
    _("职工大额医疗补助大于基本医保后的政策范围内自付，请核对"),
)
_NAME: Final = re.compile(r"%\((\w+)\)s")
_LISTS: Final = ("problem", "known", "choices", "forms")
_LIST: Final = ".+"
_DATA: Final = ("name", "label", "key", "policy")
_PART: Final = "[^；]+?"
_NUMBER: Final = r"[−-]?[0-9][0-9.,]*%?"
# Between the parts of a sentence, and what stands there in a language with Latin letters.
_JOINTS: Final = (("；", "; "), ("、", ", "), (" − ", " − "))


def _compiled(pattern: str) -> re.Pattern[str]:
    """The sentence with its gaps; a name stands once."""
    pieces = _NAME.split(pattern)
    texts = [re.escape(text % ()) for text in pieces[::2]]
    gaps = [f"(?P<{name}>{_gap(name)})" for name in pieces[1::2]]
    return re.compile("".join(part for pair in zip(texts, [*gaps, ""], strict=True) for part in pair), re.DOTALL)


def _gap(name: str) -> str:
    if name.startswith("n_"):
        return _NUMBER
    return _LIST if name in _LISTS else _PART


def _weight(pattern: str) -> int:
    """Letters that the pattern itself has: the one with most says most."""
    return len(_NAME.sub("", pattern)) + 2 * pattern.count("%(n_")


_SENTENCES: Final = tuple(
    (_compiled(pattern), pattern)
    for pattern in sorted((one for one in PATTERNS if _NAME.search(one)), key=_weight, reverse=True)
)


_WORDS: Final = {pattern % (): pattern for pattern in PATTERNS if not _NAME.search(pattern)}
# Stands for a joint inside a word while a list is cut.
_HELD: Final = chr(0xE000)
_WITH_JOINTS: Final = tuple(word for word in _WORDS if "、" in word)


def said(text: str) -> str:
    """A label, formula, mark or refusal of the engine in the language of the reader."""
    language = get_language() or "zh"
    return text if not text or language.startswith("zh") else _said(text, language)


def statement_line(line: Line) -> dict[str, Any]:
    """A line of the engine as components/statement.html shows it, in the language of the page; without the quote."""
    return {
        "step": line.step,
        "label": said(line.label),
        "formula": said(line.formula),
        "amount": line.amount,
        "clause": line.clause,
        "reading": line.reading,
        "marks": [said(mark) for mark in line.marks if mark],
    }


def category_label(code: str) -> str:
    """Name of a category code; `none` is 无救助身份."""
    return said(in_chinese(code))


@lru_cache(maxsize=4096)
def _said(text: str, language: str) -> str:
    if text in _WORDS:
        return gettext(_WORDS[text]) % ()
    for sentence, pattern in _SENTENCES:
        if found := sentence.fullmatch(text):
            return gettext(pattern) % {
                name: part if name in _DATA else _said(part, language) for name, part in found.groupdict().items()
            }
    # The parts of a list are sentences of their own; a list inside brackets or quotes is part of one.
    for joint, between in _JOINTS:
        parts = _split(text, joint)
        if len(parts) > 1:
            return between.join(_said(part, language) for part in parts)
    return text


def _split(text: str, joint: str) -> list[str]:
    """Cut at the joints that stand outside of brackets and quotes."""
    for word in _WITH_JOINTS:
        text = text.replace(word, word.replace("、", _HELD))
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "（“") - (letter in "）”")
        if depth == 0 and text.startswith(joint, at):
            parts.append(text[start:at])
            start = at + len(joint)
    return [part.replace(_HELD, "、") for part in (*parts, text[start:])]
