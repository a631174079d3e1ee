"""Departments, roles and person categories: the words that every room shares, codes in English, labels official."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Department(TextChoices):
    """部门: who an organisation is in its region."""

    MEDICAL_SECURITY = "medical_security", _("医疗保障")
    CIVIL_AFFAIRS = "civil_affairs", _("民政")
    RURAL_REVITALIZATION = "rural_revitalization", _("乡村振兴")
    DISABLED_FEDERATION = "disabled_federation", _("残联")
    VETERANS_AFFAIRS = "veterans_affairs", _("退役军人事务")
    ETHNIC_AFFAIRS = "ethnic_affairs", _("统战民宗")
    TAX = "tax", _("税务")
    FINANCE = "finance", _("财政")
    HEALTH = "health", _("卫生健康")
    HUMAN_RESOURCES = "human_resources", _("人力资源社会保障")
    PUBLIC_SECURITY = "public_security", _("公安")
    EDUCATION = "education", _("教育")
    JUSTICE = "justice", _("司法行政")
    MARKET_SUPERVISION = "market_supervision", _("市场监管")
    COUNTY_GOVERNMENT = "county_government", _("县级人民政府")
    TOWNSHIP = "township", _("乡镇（街道）")


class Role(TextChoices):
    """角色 (casework: who works here). What a role may do stands in `accounts.access`."""

    CLERK = "clerk", _("乡镇经办")
    CASE_WORKER = "case_worker", _("县级经办")
    REVIEWER = "reviewer", _("复核")
    PANEL_MEMBER = "panel_member", _("会商成员")
    LIAISON = "liaison", _("部门联络员")
    POLICY_OFFICER = "policy_officer", _("政策管理")
    FUND_OFFICER = "fund_officer", _("基金财务")
    SUPERVISOR = "supervisor", _("监管")
    ADMINISTRATOR = "administrator", _("系统管理员")


class Section(TextChoices):
    """股室 of a county bureau (S4-11)."""

    ENROLMENT = "enrolment", _("征缴股")
    BENEFITS = "benefits", _("待遇股")
    CHRONIC = "chronic", _("慢病股")


class Category(TextChoices):
    """人员类别, in the order of the official vocabulary."""

    EXTREME_POVERTY = "extreme_poverty", _("特困人员")
    ORPHAN = "orphan", _("孤儿")
    UNSUPPORTED_CHILD = "unsupported_child", _("事实无人抚养儿童")
    SUBSISTENCE = "subsistence", _("低保对象")
    SUBSISTENCE_MARGIN = "subsistence_margin", _("低保边缘家庭成员")
    ILLNESS_POVERTY = "illness_poverty", _("因病致贫重病患者")
    RELAPSED_POVERTY = "relapsed_poverty", _("返贫致贫人口")
    UNSTABLE_EXIT = "unstable_exit", _("脱贫不稳定人口")
    MARGINAL_RISK = "marginal_risk", _("边缘易致贫人口")
    SUDDEN_HARDSHIP = "sudden_hardship", _("突发严重困难户")
    EXITED_POVERTY = "exited_poverty", _("脱贫人口（未纳入监测）")
    EXITED_2014_2015 = "exited_2014_2015", _("2014、2015年退出户")
    SEVERE_DISABILITY = "severe_disability", _("重度残疾人（一、二级）")
    SPECIAL_CARE = "special_care", _("优抚对象")
    MONASTIC = "monastic", _("寺庙僧尼")
    OTHER_HARDSHIP = "other_hardship", _("县级以上政府规定的其他特殊困难人员")


# Who certifies a category (谁认定): a department may deliver these and no others in its rosters.
CERTIFIES: dict[str, tuple[str, ...]] = {
    Department.CIVIL_AFFAIRS: (
        Category.EXTREME_POVERTY,
        Category.ORPHAN,
        Category.UNSUPPORTED_CHILD,
        Category.SUBSISTENCE,
        Category.SUBSISTENCE_MARGIN,
        Category.ILLNESS_POVERTY,
    ),
    Department.RURAL_REVITALIZATION: (
        Category.RELAPSED_POVERTY,
        Category.UNSTABLE_EXIT,
        Category.MARGINAL_RISK,
        Category.SUDDEN_HARDSHIP,
        Category.EXITED_POVERTY,
        Category.EXITED_2014_2015,
    ),
    Department.DISABLED_FEDERATION: (Category.SEVERE_DISABILITY,),
    Department.VETERANS_AFFAIRS: (Category.SPECIAL_CARE,),
    Department.ETHNIC_AFFAIRS: (Category.MONASTIC,),
    Department.COUNTY_GOVERNMENT: (Category.OTHER_HARDSHIP,),
}
