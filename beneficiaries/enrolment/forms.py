"""Forms of enrolment: filters of its lists and what is written one by one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import Level, User
from accounts.vocabulary import Department
from beneficiaries.enrolment.case_models import CoverageCase, FiscalTransfer, PaymentMismatch
from beneficiaries.enrolment.models import Contribution, Insurance, PersonMark, TemporaryGroup
from beneficiaries.enrolment.selectors import POPULATIONS, STATUSES, default_year
from exchange import reader
from exchange.forms import EMPTY
from policies.engine.money import format_yuan

ALL = ("", _("全部"))


class AmountField(forms.Field):
    """Yuan as typed → fen; checked while typing by the page as well."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "data-check": "amount", "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        try:
            return reader.money.parse(str(value))
        except reader.FieldError as error:
            raise forms.ValidationError(str(error)) from error

    def prepare_value(self, value: Any) -> Any:
        return format_yuan(value) if isinstance(value, int) else value


class YearField(forms.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        given = {"label": _("参保年度"), "min_value": 2000, "max_value": 2099, "initial": default_year}
        super().__init__(**(given | kwargs))


class PlaceFilter(ListFilter):
    """Region and year, which every list of enrolment has."""

    year = YearField()
    region = RegionField(label=_("地区"), empty_label=_("全部"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user, Level.TOWNSHIP)  # type: ignore[attr-defined]


class LedgerFilter(PlaceFilter):
    population = forms.ChoiceField(
        label=_("人群"), choices=[(code, label) for code, (label, _held) in POPULATIONS.items()]
    )


class PeopleFilter(LedgerFilter):
    status = forms.ChoiceField(label=_("参保状态"), choices=[ALL, *STATUSES.items()])
    department = forms.ChoiceField(label=_("认定部门"), choices=[ALL, *Department.choices])


class CaseFilter(PlaceFilter):
    kind = forms.ChoiceField(label=_("种类"), choices=[ALL, *CoverageCase.Kind.choices])
    cause = forms.ChoiceField(label=_("情形"), choices=[ALL, *CoverageCase.Cause.choices])
    state = forms.ChoiceField(label=_("状态"), choices=[ALL, ("open", _("待核")), ("closed", _("已办结"))])
    seen_to = forms.ChoiceField(label=_("承办人"), choices=[ALL, ("me", _("由我承办")), ("nobody", _("未分派"))])


class MismatchFilter(PlaceFilter):
    kind = forms.ChoiceField(label=_("疑点"), choices=[ALL, *PaymentMismatch.Kind.choices])
    state = forms.ChoiceField(
        label=_("状态"),
        choices=[ALL, ("open", _("待处理")), ("awaiting", _("等待退费")), ("closed", _("已办结"))],
    )


class YearRegionForm(forms.Form):
    """Whose year: for what is computed, found, frozen or sent. Its fields stand beside those of a filter."""

    region = RegionField(label=_("地区"))
    year = YearField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.region_prefix.ljust(12, "0")


def _date(label: Any, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=DateInput, **kwargs)


# --- one person -----------------------------------------------------------------------------------------------------
class EnrolForm(forms.Form):
    year = YearField()


class ExemptForm(EnrolForm):
    exempt = forms.BooleanField(
        label=_("政策免缴"), required=False, help_text=_("个人部分由县级财政承担的地区，勾选后个人不再缴费")
    )


class TransferForm(forms.Form):
    insurance = forms.ChoiceField(
        label=_("转入险种"), choices=[one for one in Insurance.choices if one[0] != Insurance.NONE]
    )
    place = forms.CharField(label=_("参保地"), max_length=80, required=False, help_text=_("外地参保须填写"))
    first_day = _date(_("开始日期"), help_text=_("原来的参保到前一天为止，待遇不中断"))
    reason = forms.CharField(label=_("变动原因"), max_length=100, required=False)
    gap_reason = forms.CharField(label=_("空档原因"), max_length=100, required=False, help_text=_("中间有空档时填写"))


class PayForm(forms.Form):
    year = YearField()
    kind = forms.ChoiceField(label=_("类型"), choices=Contribution.Kind.choices)
    payer = forms.ChoiceField(label=_("缴费来源"), choices=Contribution.Payer.choices)
    payer_name = forms.CharField(label=_("代缴单位"), max_length=80, required=False)
    amount = AmountField(label=_("金额（元）"))
    paid_on = _date(_("日期"))


class MarkForm(forms.Form):
    kind = forms.ChoiceField(label=_("标记"), choices=PersonMark.Kind.choices)
    detail = forms.CharField(label=_("寺庙或安置点"), max_length=80, required=False)
    commended = forms.BooleanField(label=_("先进僧尼"), required=False)
    since = _date(_("开始日期"))
    until = _date(_("结束日期"), required=False)


class InterruptionForm(forms.Form):
    year = YearField()
    cause = forms.ChoiceField(label=_("情形"), choices=[(one.value, one.label) for one in CoverageCase.INTERRUPTIONS])
    since = _date(_("发生日期"))
    note = forms.CharField(label=_("来源和说明"), max_length=300, required=False)


# --- worklists ------------------------------------------------------------------------------------------------------
class NoteForm(forms.Form):
    note = forms.CharField(label=_("走访或联系情况"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class AssignForm(forms.Form):
    to = forms.ModelChoiceField(User.objects.none(), label=_("承办人"), empty_label=_("请选择"))

    def __init__(self, *args: Any, users: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = users  # type: ignore[attr-defined]
        self.fields["to"].help_text = _("当地乡镇经办、县级经办，以及上级的县级经办；没有可选的，请管理员开设账户。")
        self.fields["to"].label_from_instance = lambda one: f"{one.name}（{one.organisation}）"  # type: ignore[attr-defined]


class CloseForm(forms.Form):
    outcome = forms.ChoiceField(label=_("结果"), choices=[("", _("请选择")), *CoverageCase.Outcome.choices])
    note = forms.CharField(label=_("核实情况"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ManyForm(forms.Form):
    """The cases ticked in a list."""

    ids = forms.ModelMultipleChoiceField(CoverageCase.objects.none(), widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, cases: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ids"].queryset = cases  # type: ignore[attr-defined]


class ConsentForm(forms.Form):
    on = _date(_("知情同意日期"))
    note = forms.CharField(label=_("告知方式"), max_length=200, required=False)


class TakeOverForm(forms.Form):
    first_day = _date(_("居民医保开始日期"))
    ended = _date(_("原参保停保日期"), required=False, help_text=_("仍有职工医保时填写"))


class DecideForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("处理结果"),
        choices=[
            ("", _("请选择")),
            *((code, label) for code, label in PaymentMismatch.Outcome.choices if code != "gone"),
        ],
    )
    note = forms.CharField(label=_("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}))


# --- groups, figures, money -------------------------------------------------------------------------------------------
class GroupForm(YearRegionForm):
    name = forms.CharField(label=_("名称"), max_length=80)
    reason = forms.CharField(label=_("依据和原因"), max_length=300)
    amount = AmountField(label=_("每人资助金额（元）"))
    payer = forms.ChoiceField(label=_("资金来源"), choices=TemporaryGroup.Payer.choices)
    valid_from = _date(_("开始日期"))
    valid_to = _date(_("结束日期"))


class MembersForm(forms.Form):
    numbers = forms.CharField(
        label=_("身份证号"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text=_("每行一个；也可以只选文件"),
    )
    file = forms.FileField(
        label=_("名单文件"),
        required=False,
        help_text=_("CSV 或 XLSX，有“身份证号”一列即可；人员须已登记"),
        error_messages={"empty": EMPTY},
    )


class FiguresForm(YearRegionForm):
    residents = forms.IntegerField(label=_("常住人口数"), min_value=0, required=False)
    insured = forms.IntegerField(label=_("基本医保参保人数"), min_value=0, required=False)
    window_from = _date(_("集中缴费期开始"), required=False)
    window_to = _date(_("集中缴费期结束"), required=False)
    funds_arrived = AmountField(label=_("申请以外已到位资金（元）"), required=False)
    source = forms.CharField(label=_("数据来源"), max_length=200)


class FiscalForm(forms.Form):
    source = forms.ChoiceField(label=_("资金来源"), choices=FiscalTransfer.Source.choices)
    amount = AmountField(label=_("金额（元）"))
    transferred_on = _date(_("划入日期"))
    reference = forms.CharField(label=_("凭证号"), max_length=60)
