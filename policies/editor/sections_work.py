"""Sections of a policy document around the payments: tests, funding, applications, time limits, targets, duties."""

from django.utils.translation import gettext_lazy

from policies.editor.fields import (
    CATEGORY,
    CLAUSES,
    NAME,
    WHO_OR_NONE,
    Field,
    Rows,
    Section,
    Table,
    choice,
    figure,
    share,
)
from policies.engine.codes import CATEGORY_LABELS
from policies.engine.parse_work import DECIDES, EVENTS, PERIODS

WORK = (
    Section(
        "tests",
        gettext_lazy("认定与筹资"),
        (
            Table(
                "need_test",
                gettext_lazy("因病致贫重病患者认定"),
                (
                    choice("category", gettext_lazy("认定为"), CATEGORY_LABELS.values()),
                    Field("not_eligible_as", gettext_lazy("不属于"), CATEGORY),
                    Field("months", gettext_lazy("计算期"), help=gettext_lazy("写成 12个月")),
                    figure("income_below", gettext_lazy("家庭人均年收入低于")),
                    figure("after_costs_below", gettext_lazy("扣减医疗费用后人均低于")),
                    CLAUSES,
                ),
            ),
            Table(
                "funding",
                gettext_lazy("医疗救助基金筹资"),
                (
                    figure("per_resident", gettext_lazy("每人每年不低于")),
                    figure("residents", gettext_lazy("人数"), help_text=gettext_lazy("写成“常住人口（上年）”")),
                    CLAUSES,
                ),
            ),
            Rows(
                "funding.shares",
                gettext_lazy("各级承担比例"),
                gettext_lazy("比例"),
                (Field("payer", gettext_lazy("承担方")), share("share", gettext_lazy("比例"))),
            ),
        ),
    ),
    Section(
        "work",
        gettext_lazy("申请与期限"),
        (
            Rows(
                "applications",
                gettext_lazy("可以申请的事项"),
                gettext_lazy("事项"),
                (
                    NAME,
                    WHO_OR_NONE,
                    choice("decides", gettext_lazy("决定什么"), DECIDES),
                    Field("until", gettext_lazy("至"), "date", required=False),
                    Field("papers", gettext_lazy("申请材料"), "lines", required=False, help=gettext_lazy("每行一项")),
                    figure("panel_above", gettext_lazy("超过多少须会商"), required=False),
                    CLAUSES,
                ),
            ),
            Rows(
                "obligations",
                gettext_lazy("各部门的期限"),
                gettext_lazy("期限"),
                (
                    NAME,
                    Field("by", gettext_lazy("由哪些部门"), "names", help=gettext_lazy("用分号隔开")),
                    Field("to", gettext_lazy("送哪些部门"), "names", required=False),
                    choice("every", gettext_lazy("周期"), PERIODS),
                    Field("due", gettext_lazy("期限"), help=gettext_lazy("写成 20日、月末、前5个工作日、5个工作日内")),
                    Field("after", gettext_lazy("自何事起"), required=False),
                    choice("event", gettext_lazy("以何事完成"), EVENTS, required=False),
                    CLAUSES,
                ),
            ),
            Table(
                "deadlines",
                gettext_lazy("办理时限"),
                tuple(
                    Field(key, label, help=gettext_lazy("写成 5个工作日"))
                    for key, label in (
                        ("accept", gettext_lazy("受理")),
                        ("check", gettext_lazy("核查")),
                        ("panel", gettext_lazy("会商")),
                        ("decide", gettext_lazy("审批")),
                        ("pay", gettext_lazy("拨付")),
                    )
                ),
            ),
        ),
    ),
    Section(
        "duties",
        gettext_lazy("目标与经办"),
        (
            Rows(
                "targets",
                gettext_lazy("目标"),
                gettext_lazy("目标"),
                (
                    NAME,
                    share("at_least", gettext_lazy("不低于"), required=False),
                    share("about", gettext_lazy("或者大约"), required=False),
                    Field("due", gettext_lazy("到何时"), "date", required=False),
                    CLAUSES,
                ),
            ),
            Rows(
                "duties",
                gettext_lazy("经办要求"),
                gettext_lazy("要求"),
                (
                    NAME,
                    WHO_OR_NONE,
                    Field("text", gettext_lazy("要求"), "long"),
                    Field(
                        "refers_to",
                        gettext_lazy("转介给"),
                        "names",
                        required=False,
                        help=gettext_lazy("用分号隔开"),
                    ),
                    CLAUSES,
                ),
            ),
        ),
    ),
)
