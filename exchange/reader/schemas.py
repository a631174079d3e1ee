"""The four files that partners send: rosters, claims, contributions, feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import columns as read
from . import vocabulary as words
from .columns import Context
from .schema import Column, Schema

if TYPE_CHECKING:
    from .batch import Batch

_ID_WORDS = (
    "身份证号码 公民身份号码 公民身份证号码 居民身份证号码 居民身份证号 居民身份证 身份证 身份证件号码 身份证件号 "
    "证件号码 证件号 身份号码 certno"
).split()
_NAME_WORDS = "姓 名|人员姓名|对象姓名|成员姓名|参保人姓名|缴费人姓名|患者姓名|psn_name".split("|")
_PHONE_WORDS = "电话 手机 手机号 手机号码 电话号码 联系方式 联系电话号码 本人联系电话".split()
_CATEGORY_WORDS = (
    "类别 对象类别 人员类型 对象类型 困难类型 困难类别 救助类别 救助对象类别 救助对象类型 身份类别 人员属性 认定类别"
).split()


def _identity() -> Column:
    return Column("id_number", "身份证号", read.id_number, required=True, synonyms=tuple(_ID_WORDS))


def _name(*, required: bool) -> Column:
    return Column("name", "姓名", read.person_name, required=required, synonyms=tuple(_NAME_WORDS))


def _dates_in_order(batch: Batch, _: Context) -> None:
    """`date_order`: an end before the beginning."""
    ends = batch.columns["valid_to"]
    if ends.count(None) == len(ends):
        return
    for i, (start, end) in enumerate(zip(batch.columns["valid_from"], ends, strict=True)):
        if start and end and end < start:
            batch.add_problem(i, "date_order", "valid_to")


ROSTER = Schema(
    "roster",
    "名单",
    (
        _identity(),
        _name(required=True),
        Column("category", "人员类别", read.category, required=True, few=True, synonyms=tuple(_CATEGORY_WORDS)),
        Column(
            "region",
            "行政区划代码",
            read.region,
            few=True,
            synonyms=("行政区划", "区划代码", "行政区划编码", "地区代码", "行政区代码"),
            fallback=("行政区划名称", "所属区划", "所属地区", "所在地区", "所属行政区划", "地区"),
        ),
        Column(
            "household", "户编号", read.reference(strict=False), synonyms=("户号", "家庭编号", "户编码", "家庭编码")
        ),
        Column("relation", "与户主关系", read.words(20), few=True, synonyms=("户主关系", "与户主的关系", "家庭关系")),
        Column(
            "valid_from",
            "认定日期",
            read.date,
            few=True,
            synonyms=("认定时间", "纳入日期", "纳入时间", "识别日期", "识别时间", "起始日期", "开始日期", "生效日期"),
        ),
        Column(
            "valid_to",
            "退出日期",
            read.date,
            few=True,
            synonyms=("退出时间", "终止日期", "终止时间", "结束日期", "截止日期", "取消日期", "停保日期"),
        ),
        Column("reason", "退出原因", read.words(200), few=True, synonyms=("取消原因", "终止原因", "减少原因")),
        Column("phone", "联系电话", read.phone, synonyms=tuple(_PHONE_WORDS)),
        Column("monastery", "寺庙", read.words(80), synonyms=("寺庙名称", "所在寺庙", "所属寺庙"), apart=True),
        Column("commended", "先进僧尼", read.yes_no, synonyms=("是否先进僧尼", "先进僧尼标志", "是否先进"), apart=True),
    ),
    checks=(_dates_in_order,),
)


def _out_of_catalogue(batch: Batch, _: Context) -> None:
    """Where the file gives the two parts, their sum is the cost outside the catalogue."""
    whole = batch.columns["out_of_catalogue"]
    if None not in whole:
        return
    parts = zip(batch.columns["fulamt_ownpay_amt"], batch.columns["overlmt_selfpay"], strict=True)
    if batch.has("out_of_catalogue"):
        sums = [total if total is not None else own for total, (own, _) in zip(whole, parts, strict=True)]
    else:
        sums = [None if own is None else own + (over or 0) for own, over in parts]
    batch.columns["out_of_catalogue"] = sums
    if None in sums:
        named = "out_of_catalogue" if batch.has("out_of_catalogue") else "fulamt_ownpay_amt"
        for i, value in enumerate(sums):
            if value is None and not batch.has_problem(i, named):
                batch.add_problem(i, "missing", named)


def _amounts_agree(batch: Batch, _: Context) -> None:
    """0 ≤ basic_paid ≤ in_scope; in_scope + out_of_catalogue ≤ total (each needs its amounts)."""
    get = batch.columns.__getitem__
    amounts = zip(get("basic_paid"), get("in_scope"), get("out_of_catalogue"), get("total"), strict=True)
    for i, (paid, scope, outside, total) in enumerate(amounts):
        if scope is None:
            continue
        if paid is not None and paid > scope:
            batch.add_problem(i, "basic_paid", "basic_paid")
        elif total is not None and outside is not None and scope + outside > total:
            batch.add_problem(i, "total", "total")


def _amount(name: str, label: str, *synonyms: str, required: bool = False, default: int | None = None) -> Column:
    return Column(name, label, read.amount, required=required, default=default, synonyms=synonyms)


CLAIMS = Schema(
    "claims",
    "结算明细",
    (
        Column(
            "claim_no",
            "结算号",
            read.reference(strict=True),
            required=True,
            synonyms=("setl_id", "结算ID", "结算编号", "结算单号", "结算流水号"),
        ),
        _identity(),
        _name(required=False),
        Column(
            "service",
            "医疗类别",
            read.choice(words.SERVICES),
            required=True,
            synonyms=("med_type", "就医类别", "医疗类型", "服务类别"),
        ),
        Column(
            "settled_on",
            "结算日期",
            read.date,
            required=True,
            synonyms=("setl_time", "结算时间", "费用结算时间"),
        ),
        Column("hospital_level", "医院等级", read.choice(words.LEVELS, to=int), synonyms=("hosp_lv", "医疗机构等级")),
        Column(
            "charge_class", "收费类别", read.choice(words.CHARGE_CLASSES, to=int), synonyms=("chrg_class", "收费等级")
        ),
        Column("location", "就医地", read.choice(words.LOCATIONS), synonyms=("setl_loc", "就医地点", "就医区域")),
        Column(
            "referred",
            "转诊标志",
            read.choice(words.REFERRED),
            default="not_needed",
            synonyms=("refl_flag", "是否转诊", "转诊"),
        ),
        Column(
            "major_disease",
            "重大疾病标志",
            read.yes_no,
            default=False,
            synonyms=("major_flag", "是否重大疾病", "重大疾病"),
        ),
        Column("control_waived", "不计控费标志", read.yes_no, default=False, synonyms=("是否不计控费",)),
        Column(
            "chronic_management",
            "慢病管理方式",
            read.choice(words.CHRONIC_MANAGEMENT),
            synonyms=("chronic_mgmt", "慢特病管理方式"),
        ),
        _amount("total", "医疗费总额", "medfee_sumamt", "总费用", "医疗总费用", "费用总额", required=True),
        _amount(
            "in_scope",
            "政策范围内费用",
            "inscp_scp_amt",
            "符合政策范围金额",
            "政策范围内金额",
            "目录内费用",
            required=True,
        ),
        _amount("out_of_catalogue", "目录外费用", "政策范围外费用"),
        _amount("fulamt_ownpay_amt", "全自费金额"),
        _amount("overlmt_selfpay", "超限价自费费用", "超限价金额"),
        _amount("preselfpay_amt", "先行自付金额"),
        _amount(
            "basic_paid",
            "基本医保支付",
            "hifp_pay",
            "基本医疗保险统筹基金支出",
            "统筹基金支出",
            "统筹支付",
            required=True,
        ),
        _amount("other_paid", "其他支付", "oth_pay", "其他支出", default=0),
        _amount("hifmi_pay", "居民大病保险资金支出", "大病保险支付"),
        _amount("hifob_pay", "职工大额医疗费用补助基金支出", "职工大额支付"),
        _amount("maf_pay", "医疗救助基金支出", "医疗救助支付"),
        _amount("psn_part_amt", "个人负担总金额", "个人负担"),
        Column(
            "institution",
            "医疗机构编码",
            read.reference(strict=False),
            synonyms=("fixmedins_code", "定点医药机构编号", "医疗机构代码", "定点医疗机构编码"),
        ),
        Column("insutype", "险种类型", read.choice(words.INSURANCES), synonyms=("险种",)),
        Column("dise_codg", "病种编码", read.words(40), synonyms=("病种编号",)),
        Column("dise_name", "病种名称", read.words(200)),
        Column("tilted_basic", "基本医保倾斜标志", read.yes_no, default=False, synonyms=("是否基本医保倾斜",)),
        _amount("supplementary_paid", "补充保险支付", "hifes_pay", "企业补充医疗保险基金支出", default=0),
    ),
    one_of=(("out_of_catalogue", "fulamt_ownpay_amt"),),
    checks=(_out_of_catalogue, _amounts_agree),
    unique="claim_no",
)

CONTRIBUTIONS = Schema(
    "contributions",
    "缴费",
    (
        _identity(),
        _name(required=False),
        Column(
            "year",
            "年度",
            read.whole_number(2000, 2099),
            required=True,
            synonyms=("缴费年度", "参保年度", "所属年度", "费款所属年度"),
        ),
        _amount("amount", "金额", "缴费金额", "实缴金额", "个人缴费金额", required=True),
        Column(
            "paid_on",
            "缴费日期",
            read.date,
            required=True,
            synonyms=("缴费时间", "日期", "入库日期", "缴款日期", "到账日期"),
        ),
        Column(
            "kind",
            "类型",
            read.choice(words.PAYMENT_KINDS),
            default="payment",
            synonyms=("缴费类型", "业务类型", "收退类型"),
        ),
        Column("tier", "档次", read.words(20), synonyms=("缴费档次",)),
        Column(
            "payer",
            "缴费来源",
            read.choice(words.PAYERS),
            synonyms=("代缴来源", "资金来源", "缴费渠道", "代缴渠道"),
        ),
        Column(
            "payer_name",
            "代缴单位",
            read.words(80),
            synonyms=("代缴单位名称", "代缴人", "出资单位", "捐赠单位", "资助单位"),
        ),
    ),
)


def _certified_needs_category(batch: Batch, _: Context) -> None:
    for i, result, category in zip(range(len(batch)), batch.columns["result"], batch.columns["category"], strict=True):
        if result == "certified" and category is None and not batch.has_problem(i, "category"):
            batch.add_problem(i, "missing", "category")


FEEDBACK = Schema(
    "feedback",
    "核实反馈",
    (
        Column(
            "warning_no",
            "预警编号",
            read.reference(strict=True),
            required=True,
            synonyms=("预警号", "预警单号"),
        ),
        _identity(),
        _name(required=False),
        Column(
            "result",
            "核实结果",
            read.choice(words.RESULTS),
            required=True,
            synonyms=("结果", "反馈结果", "认定结果"),
        ),
        Column("category", "人员类别", read.category, synonyms=tuple(_CATEGORY_WORDS)),
        Column("valid_from", "认定日期", read.date, synonyms=("认定时间", "纳入日期", "纳入时间")),
        Column("note", "备注", read.words(500), synonyms=("说明",)),
        Column("verified_on", "核实日期", read.date, synonyms=("核实时间", "反馈日期", "反馈时间")),
    ),
    checks=(_certified_needs_category,),
)

# Lists that other departments keep for purposes of their own: who is on it, and what is said of them.
LIST = Schema(
    "list",
    "比对名单",
    (
        _identity(),
        _name(required=False),
        Column(
            "status",
            "情况",
            read.words(40),
            synonyms=("状态", "人员状态", "变动情况", "变动类型", "变动原因", "病种", "疾病名称", "在读情况", "学段"),
        ),
        Column(
            "occurred_on",
            "日期",
            read.date,
            synonyms=("发生日期", "变动日期", "变动时间", "确诊日期", "登记日期", "死亡日期", "离职日期"),
        ),
        Column("note", "备注", read.words(200), synonyms=("说明",)),
    ),
)

SCHEMAS = {schema.name: schema for schema in (ROSTER, CLAIMS, CONTRIBUTIONS, FEEDBACK, LIST)}
