"""The words of applications: kinds, states, moves, what a household lives on, what helps afterwards."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.vocabulary import Department


class Kind(TextChoices):
    """What an application decides; the codes are those of `ApplicationKind.decides` in the policy document."""

    ELIGIBILITY = "eligibility", _("救助资格")
    ASSISTANCE = "assistance", _("按规则核定金额")
    CASE = "case", _("一事一议")


class State(TextChoices):
    """Where an application stands (casework: states and moves)."""

    DRAFT = "draft", _("登记")
    SUBMITTED = "submitted", _("待受理")
    CHECKING = "checking", _("核查中")
    REVIEWING = "reviewing", _("待审批")
    PANEL = "panel", _("会商中")
    APPROVED = "approved", _("已批准")
    REJECTED = "rejected", _("不予救助")
    PAID = "paid", _("已拨付")
    CLOSED = "closed", _("已办结")
    WITHDRAWN = "withdrawn", _("已撤回")


# Work is open until it is closed or withdrawn; a rejection waits for an appeal or its filing.
OPEN = (State.DRAFT, State.SUBMITTED, State.CHECKING, State.REVIEWING, State.PANEL, State.APPROVED)
BOARD = (*OPEN, State.PAID)  # what is still to be worked on: a paid case waits for its closing
FINAL = (State.CLOSED, State.WITHDRAWN)
TONES = {
    State.DRAFT: "plain",
    State.SUBMITTED: "due",
    State.CHECKING: "info",
    State.REVIEWING: "info",
    State.PANEL: "info",
    State.APPROVED: "done",
    State.REJECTED: "late",
    State.PAID: "done",
    State.CLOSED: "plain",
    State.WITHDRAWN: "plain",
}


class Did(TextChoices):
    """Moves and acts as events tell them."""

    REGISTER = "register", _("登记")
    EDIT = "edit", _("修改")
    SUBMIT = "submit", _("提交")
    ACCEPT = "accept", _("受理")
    RETURN = "return", _("退回补正")
    ASK = "ask", _("询问部门")
    ANSWER = "answer", _("部门答复")
    ECONOMY = "economy", _("核对家庭经济状况")
    FINISH_CHECK = "finish_check", _("核查完成")
    CONVENE = "convene", _("会商")
    OPINE = "opine", _("部门意见")
    ABSENT = "absent", _("缺席")
    OPINIONS_COMPLETE = "opinions_complete", _("会商完成")
    RECALL = "recall", _("退出会商")
    APPROVE = "approve", _("批准")
    REJECT = "reject", _("不予")
    PAY = "pay", _("下达拨付")
    PAID = "paid", _("拨付到账")
    PAY_RETURNED = "pay_returned", _("拨付退回")
    APPEAL = "appeal", _("申诉")
    WITHDRAW = "withdraw", _("撤回")
    VISIT = "visit", _("回访")
    REFER = "refer", _("转介")
    REFERRAL_ANSWER = "referral_answer", _("转介答复")
    DELIVER = "deliver", _("送达决定书")
    CLOSE = "close", _("办结")


class IncomeKind(TextChoices):
    """收入种类, as household surveys count them."""

    WAGE = "wage", _("工资性收入")
    BUSINESS = "business", _("经营净收入")
    PROPERTY = "property", _("财产净收入")
    TRANSFER = "transfer", _("转移净收入")
    OTHER = "other", _("其他收入")


class PropertyKind(TextChoices):
    """财产种类."""

    HOUSE = "house", _("房屋")
    VEHICLE = "vehicle", _("机动车")
    MACHINE = "machine", _("大型农机具")
    LIVESTOCK = "livestock", _("牲畜")
    SAVINGS = "savings", _("存款、证券")
    BUSINESS = "business", _("企业、商铺")
    OTHER = "other", _("其他财产")


class Verdict(TextChoices):
    """What checking a stated fact found."""

    CONFIRMED = "confirmed", _("属实")
    CORRECTED = "corrected", _("已更正")
    UNPROVEN = "unproven", _("无法核实")


class Help(TextChoices):
    """转介 to whom: combined help after the three tiers (S2-11), charity (S1-25), social assistance (S3-14)."""

    CHARITY = "charity", _("慈善救助")
    SOCIAL_ASSISTANCE = "social_assistance", _("社会救助")
    BASIC_LIVING = "basic_living", _("基本生活救助")
    TEMPORARY = "temporary", _("临时救助")
    EMPLOYMENT = "employment", _("就业帮扶")
    INDUSTRY = "industry", _("产业帮扶")
    INSURANCE = "insurance", _("商业保险、医疗互助")
    DONATION = "donation", _("社会捐赠")


# S2-11: only who can work is helped to work.
FOR_ABLE = frozenset({Help.EMPLOYMENT, Help.INDUSTRY})
# These take over what is left of the burden: without any there is nothing to refer (S1-25, S3-14).
OF_BURDEN = frozenset({Help.CHARITY, Help.SOCIAL_ASSISTANCE, Help.INSURANCE, Help.DONATION})

OWNER = "application"  # of papers: accounts.papers.owners
# The departments of a panel (S0-18), each with one opinion.
PANEL = (
    Department.MEDICAL_SECURITY,
    Department.CIVIL_AFFAIRS,
    Department.FINANCE,
    Department.HEALTH,
    Department.RURAL_REVITALIZATION,
)
