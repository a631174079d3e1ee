"""How the rows of a delivery look on its page: the columns that its file has, codes as words, numbers masked."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_id_number
from accounts.vocabulary import Category, Department

# Label and cell class of what files hold; phones and codes for programs are left to the file.
COLUMNS: dict[str, tuple[Any, str]] = {
    "warning_no": (_("预警号"), "mono"),
    "id_number": (_("证件号码"), "mono"),
    "name": (_("姓名"), ""),
    "region": (_("行政区划"), "mono"),
    "year": (_("年度"), "mono"),
    "category": (_("人员类别"), ""),
    "disease": (_("病种"), ""),
    "disease_code": (_("病种编码"), "mono"),
    "illness": (_("患病情况"), ""),
    "settled_on": (_("结算日期"), "date"),
    "claims": (_("笔数"), "num"),
    "total": (_("医疗费总额"), "num"),
    "out_of_catalogue": (_("目录外费用"), "num"),
    "out_of_catalogue_burden": (_("目录外负担"), "num"),
    "personal_burden": (_("个人负担"), "num"),
    "amount": (_("负担金额"), "num"),
    "line": (_("预警线"), "num"),
    "raised_on": (_("预警日期"), "date"),
    "told_on": (_("告知日期"), "date"),
    "due_on": (_("应反馈日期"), "date"),
    "working_days_late": (_("逾期工作日"), "num"),
    "reason": (_("撤回原因"), ""),
    "withdrawn_on": (_("撤回日期"), "date"),
    "valid_from": (_("认定日期"), "date"),
    "certified_by": (_("认定部门"), ""),
    "standard": (_("缴费标准"), "num"),
    "fund": (_("基金资助"), "num"),
    "county_finance": (_("县级财政"), "num"),
    "due": (_("个人应缴"), "num"),
    "paid": (_("已缴"), "num"),
    "refunded": (_("已退"), "num"),
}


def table(rows: list[dict[str, str]]) -> tuple[list[tuple[Any, str]], list[list[tuple[str, str]]]]:
    """Heads (label, class) and cells (text, class) of rows of one file, in its order."""
    names = [name for name in (rows[0] if rows else ()) if name in COLUMNS]
    return [COLUMNS[name] for name in names], [[(_text(name, row), COLUMNS[name][1]) for name in names] for row in rows]


def _text(name: str, row: dict[str, str]) -> str:
    value = row.get(name) or ""
    if name == "id_number":
        return mask_id_number(value)
    if name == "category":
        return "、".join(str(Category(one).label) if one in Category.values else one for one in value.split("、"))
    if name == "certified_by" and value in Department.values:
        return str(Department(value).label)
    return value
