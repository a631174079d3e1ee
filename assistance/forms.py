"""Forms of applications: one small form per move, the filters, intake, the household's economy."""

from contextlib import suppress
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput, RegionField
from accounts.models import Level
from accounts.vocabulary import CERTIFIES, Category, Department
from accounts.workdays import Workdays
from assistance.models import Application, Meeting, Opinion, Question, Referral
from assistance.selectors import figures, lists, rules
from assistance.vocabulary import PANEL, Help, IncomeKind, Kind, PropertyKind, Verdict
from claims.forms import AmountField

CHOOSE = ("", gettext_lazy("请选择"))
ANSWER_WITHIN = 20  # working days proposed for the answer to a referral; the worker sets the day


def long_text(label: Any, required: bool = True, rows: int = 4, help_text: Any = "", **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=required, widget=widget, help_text=help_text, **more)


def day(label: Any, required: bool = True, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, required=required, widget=DateInput, **more)


def amount(label: Any, required: bool = True, **more: Any) -> AmountField:
    return AmountField(label=label, required=required, help_text=more.pop("help_text", gettext_lazy("元")), **more)


# --- intake -------------------------------------------------------------------------------------------------------
class FindForm(forms.Form):
    """The person first, by identity number."""

    id_number = forms.CharField(
        label=gettext_lazy("申请人身份证号"),
        max_length=30,
        help_text=gettext_lazy("先按证件号码查找；没有登记过的，接着填写姓名和住址。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-check": "id-number"}),
    )


class NewPersonForm(FindForm):
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=80)
    region = RegionField(label=gettext_lazy("所在地区"))
    phone = forms.CharField(label=gettext_lazy("联系电话"), max_length=30, required=False)
    household = forms.CharField(label=gettext_lazy("户编号"), max_length=40, required=False)
    rural = forms.BooleanField(label=gettext_lazy("农村居民"), required=False, initial=True)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user, Level.VILLAGE)  # type: ignore[attr-defined]


class RegisterForm(forms.Form):
    """What the person applies for: the choices are the policy's of the day of application."""

    applied_on = day(gettext_lazy("申请日期"))
    rule = forms.ChoiceField(label=gettext_lazy("申请事项"))
    category = forms.ChoiceField(
        label=gettext_lazy("人员类别"),
        required=False,
        help_text=gettext_lazy("不选则按申请之日登记的类别"),
        choices=[("", gettext_lazy("按登记的类别")), *Category.choices],
    )
    reason = long_text(gettext_lazy("申请理由"), help_text=gettext_lazy("患何疾病，花费多少，家庭有何困难"))
    amount_asked = amount(gettext_lazy("申请金额"), required=False)
    consent = forms.BooleanField(
        label=gettext_lazy("申请人已授权核对家庭经济状况"),
        required=False,
        help_text=gettext_lazy("授权书作为材料一并上传"),
    )

    def __init__(self, *args: Any, region_code: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on = timezone.localdate()
        if self.is_bound:
            with suppress(forms.ValidationError):
                on = forms.DateField().clean(self.data.get("applied_on"))
        elif self.initial.get("applied_on"):
            on = self.initial["applied_on"]
        _version, self.kinds = rules.kinds_on(region_code, on)
        self.fields["rule"].choices = [(kind.name, kind.name) for kind in self.kinds]  # type: ignore[attr-defined]


class PaperForm(forms.Form):
    """A file for one item of the checklist, or for a paper beyond it."""

    label = forms.CharField(label=gettext_lazy("材料名称"), max_length=80)
    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy("PDF、JPG、PNG，不超过20MB"),
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )


# --- the household ------------------------------------------------------------------------------------------------
class MemberForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("姓名"), max_length=80)
    relation = forms.CharField(label=gettext_lazy("与申请人关系"), max_length=20)
    id_number = forms.CharField(
        label=gettext_lazy("身份证号"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-check": "id-number"}),
    )
    able_to_work = forms.BooleanField(label=gettext_lazy("有劳动能力"), required=False)


class IncomeForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("收入种类"), choices=IncomeKind.choices)
    amount = amount(gettext_lazy("十二个月合计"))
    source = forms.CharField(label=gettext_lazy("来源"), max_length=80, required=False)


class PropertyForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("财产种类"), choices=PropertyKind.choices)
    description = forms.CharField(label=gettext_lazy("说明"), max_length=120)
    value = amount(gettext_lazy("估值"), required=False)


class VerifyForm(forms.Form):
    verdict = forms.ChoiceField(label=gettext_lazy("核对结果"), choices=Verdict.choices)
    found = amount(gettext_lazy("核定金额"), required=False, help_text=gettext_lazy("元，“已更正”时填写"))
    note = forms.CharField(
        label=gettext_lazy("核对依据"), max_length=200, help_text=gettext_lazy("例如：民政核对报告、入户查看")
    )

    able_to_work = forms.BooleanField(label=gettext_lazy("有劳动能力"), required=False)

    def __init__(self, *args: Any, what: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if what != "income":
            del self.fields["found"]
        if what != "member":
            del self.fields["able_to_work"]


# --- moves --------------------------------------------------------------------------------------------------------
class MoveForm(forms.Form):
    """Base of the moves' forms; knows the application and who acts."""

    def __init__(self, *args: Any, application: Application, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.application, self.user = application, user
        self.prepare()

    def prepare(self) -> None:
        """Choices and first values that depend on the application."""


class NoteForm(MoveForm):
    note = long_text(gettext_lazy("说明"), required=False, rows=2)


class ReasonForm(MoveForm):
    reason = long_text(gettext_lazy("理由"))


class ReturnForm(MoveForm):
    reason = long_text(gettext_lazy("需要补正什么"))
    mend_by = day(gettext_lazy("补正期限"))


class DraftForm(MoveForm):
    """The draft's own facts."""

    applied_on = day(gettext_lazy("申请日期"))
    category = forms.ChoiceField(label=gettext_lazy("人员类别"), required=False, choices=[CHOOSE, *Category.choices])
    reason = long_text(gettext_lazy("申请理由"))
    amount_asked = amount(gettext_lazy("申请金额"), required=False)

    def prepare(self) -> None:
        for name, field in self.fields.items():
            field.initial = getattr(self.application, name)


class AppealForm(MoveForm):
    new_facts = long_text(gettext_lazy("新的事实"), help_text=gettext_lazy("与上次审批相比，有哪些新的情况或材料"))


class CloseForm(MoveForm):
    feedback = long_text(gettext_lazy("申请人的反馈"), required=False, help_text=gettext_lazy("已有回访记录的可以不填"))


class AskForm(MoveForm):
    department = forms.ChoiceField(label=gettext_lazy("询问哪个部门"), choices=[CHOOSE, *Department.choices])
    text = long_text(gettext_lazy("询问内容"), help_text=gettext_lazy("部门答复之前，核查期限暂停计算"))


class CheckForm(MoveForm):
    locally_registered = forms.BooleanField(label=gettext_lazy("具有当地户籍"), required=False)
    seriously_ill = forms.BooleanField(label=gettext_lazy("患重大疾病"), required=False)
    property_within_rules = forms.BooleanField(label=gettext_lazy("家庭财产状况符合规定"), required=False)
    other_costs = amount(
        gettext_lazy("系统外的医疗费用"),
        required=False,
        help_text=gettext_lazy("元，同期凭票据核实、本系统没有结算的个人负担"),
    )
    category = forms.ChoiceField(label=gettext_lazy("按哪一类别"), required=False)
    proposed = amount(gettext_lazy("建议金额"), required=False, help_text=gettext_lazy("元，不填则为可核定金额"))
    opinion = long_text(gettext_lazy("核查意见"))

    def prepare(self) -> None:
        kind = rules.kind_of(self.application)
        codes = kind.who or tuple(Category.values)
        field = self.fields["category"]
        field.choices = [CHOOSE, *((code, Category(code).label) for code in codes)]  # type: ignore[attr-defined]
        field.initial = self.application.category if self.application.category in codes else ""
        if self.application.kind == Kind.ELIGIBILITY:
            del self.fields["proposed"]


class ApproveForm(MoveForm):
    amount = amount(gettext_lazy("救助金额"))
    valid_from = day(gettext_lazy("资格起始日"), help_text=gettext_lazy("自这一天起的费用直接结算，不早于申请日期"))
    reason = long_text(gettext_lazy("理由"))

    def prepare(self) -> None:
        if self.application.kind == Kind.ELIGIBILITY:
            del self.fields["amount"]
            self.fields["valid_from"].initial = timezone.localdate()
        else:
            del self.fields["valid_from"]


class ConveneForm(MoveForm):
    meeting = forms.ModelChoiceField(
        Meeting.objects.none(), label=gettext_lazy("会议"), empty_label=gettext_lazy("请选择")
    )
    question = long_text(gettext_lazy("会商事由"))
    proposed = amount(gettext_lazy("提请金额"), required=False)

    def prepare(self) -> None:
        self.fields["meeting"].queryset = lists.open_meetings(self.application)  # type: ignore[attr-defined]


class VisitForm(MoveForm):
    visited_on = day(gettext_lazy("回访日期"))
    how = forms.ChoiceField(
        label=gettext_lazy("方式"),
        choices=[
            ("home", gettext_lazy("入户")),
            ("phone", gettext_lazy("电话")),
            ("office", gettext_lazy("来访")),
        ],
    )
    text = long_text(gettext_lazy("了解的情况"))
    still_in_need = forms.BooleanField(label=gettext_lazy("负担仍然较重"), required=False)

    def prepare(self) -> None:
        self.fields["visited_on"].initial = timezone.localdate()


class ReferForm(MoveForm):
    help = forms.ChoiceField(label=gettext_lazy("帮扶方式"), choices=[CHOOSE, *Help.choices])
    department = forms.ChoiceField(
        label=gettext_lazy("主管部门"), required=False, choices=[CHOOSE, *Department.choices]
    )
    organisation = forms.CharField(label=gettext_lazy("转介给哪个机构"), max_length=80)
    text = long_text(gettext_lazy("转介事由"))
    burden = amount(
        gettext_lazy("剩余负担"), help_text=gettext_lazy("元，本年个人负担减去已批准和已到位的；另有票据的请更正")
    )
    able_to_work = forms.BooleanField(
        label=gettext_lazy("家中有人有劳动能力"), required=False, help_text=gettext_lazy("就业、产业帮扶须勾选")
    )
    owner_name = forms.CharField(label=gettext_lazy("责任人"), max_length=40, help_text=gettext_lazy("由谁跟进"))
    due_on = day(gettext_lazy("希望何时答复"))

    def prepare(self) -> None:
        self.fields["burden"].initial = figures.left_of(self.application)
        self.fields["able_to_work"].initial = self.application.members.filter(able_to_work=True).exists()
        self.fields["owner_name"].initial = self.user.name
        self.fields["due_on"].initial = Workdays.load().add(timezone.localdate(), ANSWER_WITHIN)


class DeliverForm(MoveForm):
    """When the letter reached the applicant."""

    delivered_on = day(gettext_lazy("送达日期"))
    note = forms.CharField(
        label=gettext_lazy("送达方式"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("例如：本人签收、家属代收、邮寄"),
    )

    def prepare(self) -> None:
        self.fields["delivered_on"].initial = timezone.localdate()


class ReferralAnswerForm(forms.Form):
    outcome = forms.ChoiceField(label=gettext_lazy("落实情况"), choices=[CHOOSE, *Referral.Outcome.choices])
    answer = long_text(gettext_lazy("答复"))
    amount = amount(gettext_lazy("到位金额"), required=False)
    answered_on = day(gettext_lazy("答复日期"))


class AnswerForm(forms.Form):
    """A department's answer; a department that certifies may do so in the same breath."""

    text = long_text(gettext_lazy("答复内容"))
    category = forms.ChoiceField(
        label=gettext_lazy("同时认定为"), required=False, help_text=gettext_lazy("认定后写入人员登记；不认定则不选")
    )
    certified_from = day(gettext_lazy("认定日期"), required=False)

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = CERTIFIES.get(question.department, ())
        if codes:
            choices = [("", gettext_lazy("不认定")), *((code, Category(code).label) for code in codes)]
            self.fields["category"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["category"], self.fields["certified_from"]


# --- panel --------------------------------------------------------------------------------------------------------
class MeetingForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("会议名称"), max_length=80)
    region = RegionField(label=gettext_lazy("地区"))
    held_on = day(gettext_lazy("会议日期"))
    place = forms.CharField(label=gettext_lazy("地点"), max_length=80, required=False)
    chair = forms.CharField(label=gettext_lazy("主持人"), max_length=40, required=False)
    departments = forms.MultipleChoiceField(
        label=gettext_lazy("参加部门"), choices=Department.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.region_prefix.ljust(12, "0")
        self.fields["departments"].initial = [one.value for one in PANEL]


class OpinionForm(forms.Form):
    says = forms.ChoiceField(label=gettext_lazy("意见"), choices=Opinion.Says.choices, widget=forms.RadioSelect)
    amount = amount(gettext_lazy("建议金额"), required=False, help_text=gettext_lazy("元，同意而不填则为提请金额"))
    text = long_text(gettext_lazy("理由"))


class AbsentForm(forms.Form):
    departments = forms.MultipleChoiceField(label=gettext_lazy("缺席的部门"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["departments"].choices = choices  # type: ignore[attr-defined]
