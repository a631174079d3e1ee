"""Every section of a policy document as the form shows it, in the order in which a law is read."""

from django.utils.translation import gettext_lazy

from policies.editor.fields import (
    CATEGORY,
    CLAUSES,
    LIMIT,
    LOCATIONS,
    NAME,
    SERVICES,
    WHO,
    WHO_OR_NONE,
    Field,
    Rows,
    Section,
    Table,
    choice,
    figure,
    share,
)
from policies.editor.sections_work import WORK
from policies.engine.parameters import SCALES
from policies.engine.parse_rules import CLASS_OF_LABEL, LEVEL_OF_LABEL, MAJOR_MODES, PAYERS, TOP_UP_MODES
from policies.engine.parse_work import KINDS, MEASURES, OTHERS, RESTS

CODES_HELP = gettext_lazy("每行一个；编码以它开头的费用都算")
DOCUMENT = Section(
    "document",
    gettext_lazy("基本信息"),
    (
        Table(
            "document",
            gettext_lazy("文件"),
            (
                Field("title", gettext_lazy("标题")),
                Field("issuer", gettext_lazy("发文机关")),
                Field("number", gettext_lazy("文号"), required=False),
                Field("region_name", gettext_lazy("地区名称")),
                Field("issued_on", gettext_lazy("发文日期"), "date", required=False),
                Field("effective_from", gettext_lazy("原文自称施行日期"), "date", required=False),
                Field("valid_from", gettext_lazy("施行日期"), "date"),
                Field(
                    "valid_to",
                    gettext_lazy("失效日期"),
                    "date",
                    required=False,
                    help=gettext_lazy("没有写明失效日期的留空"),
                ),
            ),
            optional=False,
        ),
    ),
)
TEXT = (
    Section(
        "clauses",
        gettext_lazy("条款"),
        (
            Rows(
                "clauses",
                gettext_lazy("条款"),
                gettext_lazy("条款"),
                (
                    Field("id", gettext_lazy("编号")),
                    Field("article", gettext_lazy("原文所在条目")),
                    Field("text", gettext_lazy("原文要点"), "long"),
                ),
            ),
        ),
    ),
    Section(
        "readings",
        gettext_lazy("理解"),
        (
            Rows(
                "readings",
                gettext_lazy("原文留有余地之处的理解"),
                gettext_lazy("理解"),
                (
                    Field("clause", gettext_lazy("条款编号")),
                    Field("text", gettext_lazy("本系统的理解"), "long"),
                    Field("other", gettext_lazy("另一种理解"), "long", required=False),
                ),
            ),
        ),
    ),
    Section(
        "parameters",
        gettext_lazy("统计数字"),
        (
            Rows(
                "parameters",
                gettext_lazy("原文留给统计和主管部门逐年公布的数字"),
                gettext_lazy("统计数字"),
                (
                    Field("key", gettext_lazy("代码"), help=gettext_lazy("小写字母和下划线，参数按代码登记")),
                    Field("label", gettext_lazy("名称")),
                    choice("unit", gettext_lazy("单位"), SCALES),
                    Field("may_be_empty", gettext_lazy("可以不设（没有数值即没有限制）"), "flag"),
                ),
            ),
        ),
    ),
)
WHO_IS_HELPED = Section(
    "categories",
    gettext_lazy("救助对象"),
    (
        Table(
            "categories",
            gettext_lazy("救助对象"),
            (
                Field(
                    "order",
                    gettext_lazy("就高不就低的次序"),
                    "lines",
                    help=gettext_lazy("每行一类；合计金额相同时排在前面的优先"),
                ),
                Field("on_application", gettext_lazy("依申请的类别"), CATEGORY, required=False),
                Field("as_named_by_county", gettext_lazy("按旗县指定的类别"), CATEGORY, required=False),
                CLAUSES,
            ),
            optional=False,
        ),
        Rows(
            "exclusive",
            gettext_lazy("不能同时成立的类别"),
            gettext_lazy("规定"),
            (
                NAME,
                WHO,
                Field(
                    "others",
                    gettext_lazy("与哪些类别"),
                    CATEGORY,
                    required=False,
                    help=gettext_lazy("不写即适用人员互相之间不能同时成立"),
                ),
                CLAUSES,
            ),
        ),
        Rows(
            "elsewhere",
            gettext_lazy("不由本文件规定"),
            gettext_lazy("事项"),
            (
                Field("subject", gettext_lazy("事项")),
                Field("document", gettext_lazy("由哪份文件规定")),
                WHO,
                CLAUSES,
            ),
        ),
    ),
)
ILLNESS = Section(
    "critical_illness",
    gettext_lazy("大病保险"),
    (
        Table(
            "critical_illness",
            gettext_lazy("全体居民参保人"),
            (
                figure("deductible", gettext_lazy("起付标准")),
                share("ratio", gettext_lazy("支付比例")),
                figure("cap", gettext_lazy("最高支付限额"), help_text=LIMIT),
                CLAUSES,
            ),
            optional=False,
        ),
        Rows(
            "critical_illness.tilt",
            gettext_lazy("倾斜支付"),
            gettext_lazy("倾斜规则"),
            (
                WHO,
                figure("deductible", gettext_lazy("起付标准"), help_text=gettext_lazy("写成 降低50%")),
                figure("ratio", gettext_lazy("支付比例"), help_text=gettext_lazy("写成 提高5个百分点")),
                choice("cap", gettext_lazy("最高支付限额"), ("不设", "同普通参保人")),
                Field("illustrative", gettext_lazy("数值为示例，待换成当地标准"), "flag"),
                CLAUSES,
            ),
        ),
    ),
)
DATES = (
    Field("valid_from", gettext_lazy("自"), "date", required=False, help=gettext_lazy("某年1月1日，不分年度的留空")),
    Field("valid_to", gettext_lazy("至"), "date", required=False, help=gettext_lazy("某年12月31日")),
)
ASSISTANCE = Section(
    "assistance",
    gettext_lazy("医疗救助"),
    (
        Table(
            "assistance",
            gettext_lazy("总则"),
            (
                CLAUSES,
                Field("referral_needed", gettext_lazy("未按规定转诊的不予救助"), "flag"),
                Field("referral_clauses", gettext_lazy("转诊依据的条款"), "clauses", required=False),
                choice("major_disease_limit", gettext_lazy("重大疾病限额的累计"), MAJOR_MODES, required=False),
                Field("major_clauses", gettext_lazy("重大疾病依据的条款"), "clauses", required=False),
            ),
        ),
        Rows(
            "assistance.deductibles",
            gettext_lazy("起付线按年累计的范围"),
            gettext_lazy("累计范围"),
            (SERVICES, LOCATIONS, CLAUSES),
        ),
        Rows(
            "assistance.rules",
            gettext_lazy("救助规则"),
            gettext_lazy("规则"),
            (
                NAME,
                WHO,
                SERVICES,
                LOCATIONS,
                figure("deductible", gettext_lazy("起付线"), help_text=LIMIT),
                share("ratio", gettext_lazy("救助比例")),
                figure("limit", gettext_lazy("年度限额"), help_text=LIMIT),
                figure("major_disease_limit", gettext_lazy("重大疾病年度限额"), False, LIMIT),
                share("reach", gettext_lazy("救助到政策范围内费用的"), required=False),
                choice("quota_managed", gettext_lazy("限额管理"), ("年末一次",), required=False),
                choice("payer", gettext_lazy("由谁承担"), PAYERS, required=False),
                *DATES,
                CLAUSES,
            ),
        ),
        Rows(
            "assistance.out_of_catalogue",
            gettext_lazy("目录外费用救助"),
            gettext_lazy("规则"),
            (NAME, WHO, SERVICES, LOCATIONS, share("ratio", gettext_lazy("救助比例")), *DATES, CLAUSES),
        ),
    ),
)
AFTER = (
    Section(
        "top_up",
        gettext_lazy("倾斜救助"),
        (
            Table(
                "top_up",
                gettext_lazy("倾斜救助"),
                (
                    choice("mode", gettext_lazy("办理方式"), TOP_UP_MODES),
                    WHO,
                    figure("threshold", gettext_lazy("起付标准"), required=False),
                    Field(
                        "ratio",
                        gettext_lazy("救助比例"),
                        "figure",
                        required=False,
                        help=gettext_lazy("自动结算的填写，写成 70%"),
                    ),
                    figure("limit", gettext_lazy("年度限额"), required=False),
                    Field("limit_includes_base", gettext_lazy("限额与基本救助合并计算"), "flag"),
                    CLAUSES,
                ),
            ),
            Rows(
                "top_up.targets",
                gettext_lazy("依申请的报销比例目标"),
                gettext_lazy("目标"),
                (SERVICES, share("target", gettext_lazy("救助到政策范围内费用的"))),
            ),
        ),
    ),
    Section(
        "control",
        gettext_lazy("目录外控制"),
        (
            Table(
                "control",
                gettext_lazy("目录外费用控制"),
                (
                    Field("everyone", gettext_lazy("适用于所有患者"), "flag"),
                    WHO_OR_NONE,
                    SERVICES,
                    LOCATIONS,
                    choice("excess", gettext_lazy("超出部分"), ("由医疗机构承担", "只作标记")),
                    CLAUSES,
                ),
            ),
            Rows(
                "control.shares",
                gettext_lazy("控制比例"),
                gettext_lazy("比例"),
                (
                    choice("hospital_level", gettext_lazy("机构等级"), LEVEL_OF_LABEL, required=False),
                    choice("charge_class", gettext_lazy("收费类别"), CLASS_OF_LABEL, required=False),
                    share("share", gettext_lazy("不超过")),
                ),
            ),
        ),
    ),
    Section(
        "subsidy",
        gettext_lazy("参保资助"),
        (
            Table(
                "subsidy",
                gettext_lazy("参保资助"),
                (figure("base", gettext_lazy("计算基数")), CLAUSES),
            ),
            Rows(
                "subsidy.rules",
                gettext_lazy("资助规则"),
                gettext_lazy("规则"),
                (
                    NAME,
                    WHO,
                    figure(
                        "fund", gettext_lazy("医疗救助基金承担"), False, gettext_lazy("三方中只填一方：100% 或 160元")
                    ),
                    figure("county_finance", gettext_lazy("县级财政承担"), False, ""),
                    figure("person", gettext_lazy("个人承担"), False, ""),
                    figure("at_least", gettext_lazy("不低于"), False),
                    choice("rest", gettext_lazy("其余由"), RESTS),
                    Field("unless_also", gettext_lazy("同时属于这些类别的除外"), CATEGORY, required=False),
                    Field("from_year", gettext_lazy("自年度"), "year", required=False),
                    Field("to_year", gettext_lazy("至年度"), "year", required=False),
                    CLAUSES,
                ),
            ),
        ),
    ),
    Section(
        "warnings",
        gettext_lazy("预警"),
        (
            Table(
                "warnings",
                gettext_lazy("双预警"),
                (
                    choice("measure", gettext_lazy("口径"), MEASURES),
                    Field("first", gettext_lazy("名单中排在前面的类别"), CATEGORY, required=False),
                    CLAUSES,
                ),
            ),
            Rows(
                "warnings.lines",
                gettext_lazy("预警线"),
                gettext_lazy("预警线"),
                (
                    choice("kind", gettext_lazy("种类"), KINDS),
                    WHO_OR_NONE,
                    choice("others", gettext_lazy("或者其他人员"), OTHERS, required=False),
                    Field("earlier_too", gettext_lazy("曾属上述类别的也算"), "flag"),
                    choice("compare", gettext_lazy("比较"), ("超过", "达到")),
                    figure("line", gettext_lazy("预警线")),
                    CLAUSES,
                ),
            ),
            Rows(
                "warnings.diseases",
                gettext_lazy("规定重病范围"),
                gettext_lazy("病种"),
                (
                    NAME,
                    Field("codes", gettext_lazy("病种编码的开头"), "lines", required=False, help=CODES_HELP),
                    SERVICES,
                    CLAUSES,
                ),
            ),
        ),
    ),
)
SECTIONS: tuple[Section, ...] = (DOCUMENT, *TEXT, WHO_IS_HELPED, ILLNESS, ASSISTANCE, *AFTER, *WORK)
BY_SLUG = {section.slug: section for section in SECTIONS}
# Keys of the document that the form does not show: the draft's own, which may not change.
FIXED = {"document": {"policy", "region"}}
