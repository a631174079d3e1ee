"""Filters of the lists, and what is asked for a reversal, an exception, another payer, a withdrawal, a year end."""

from dataclasses import fields
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import User
from accounts.vocabulary import Department
from claims.forms import AmountField, ClaimForm
from claims.later.models import Adjustment, Cause, ClaimException, OtherPayment, Resettlement
from claims.models import Claim
from claims.services import NewClaim

ALL = ("", gettext_lazy("全部"))


class CaseFilter(ListFilter):
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=[ALL, *Resettlement.State.choices])
    cause = forms.ChoiceField(label=gettext_lazy("原因"), choices=[ALL, *Cause.choices])


class AdjustmentFilter(ListFilter):
    kind = forms.ChoiceField(label=gettext_lazy("方向"), choices=[ALL, *Adjustment.Kind.choices])
    tier = forms.ChoiceField(label=gettext_lazy("支付层级"), choices=[ALL, *Adjustment.Tier.choices])
    first = forms.DateField(label=gettext_lazy("入账日期自"), widget=DateInput)
    last = forms.DateField(label=gettext_lazy("至"), widget=DateInput)


class YearEndFilter(ListFilter):
    year = forms.IntegerField(label=gettext_lazy("年度"), min_value=2000, max_value=2100)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("原因"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class ExceptionForm(forms.Form):
    """S3-16, S1-23: which rule, who approved, by what, when."""

    kind = forms.ChoiceField(label=gettext_lazy("例外"), choices=ClaimException.Kind.choices)
    departments = forms.MultipleChoiceField(
        label=gettext_lazy("批准部门"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("目录外控制豁免须卫生健康和医疗保障两个部门批准"),
    )
    document = forms.CharField(label=gettext_lazy("批准文号"), required=False, max_length=80)
    decided_on = forms.DateField(label=gettext_lazy("批准日期"), widget=DateInput)
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = [Department.HEALTH, Department.MEDICAL_SECURITY]
        self.fields["departments"].choices = [(one.value, one.label) for one in told]  # type: ignore[attr-defined]


class OtherPaymentForm(forms.Form):
    """S0-19: who paid what, when, shown by what."""

    payer = forms.ChoiceField(label=gettext_lazy("支付方"), choices=OtherPayment.Payer.choices)
    payer_name = forms.CharField(label=gettext_lazy("机构名称"), max_length=80)
    amount = AmountField(label=gettext_lazy("金额（元）"))
    paid_on = forms.DateField(label=gettext_lazy("支付日期"), widget=DateInput)
    evidence = forms.CharField(
        label=gettext_lazy("凭证"), max_length=120, help_text=gettext_lazy("回单、赔付通知或捐赠函的编号")
    )


class CorrectionForm(ClaimForm):
    """The claim as it should be; number and person stay."""

    reason = forms.CharField(label=gettext_lazy("更正的依据"), max_length=200)

    def __init__(self, *args: Any, user: User, claim: Claim, **kwargs: Any) -> None:
        initial = {name: getattr(claim, name) for name in self.base_fields if hasattr(claim, name)}
        super().__init__(*args, user=user, person=claim.person, initial=initial, **kwargs)
        self.held = claim
        self.fields.pop("claim_no", None)

    def corrected(self) -> NewClaim:
        """The claim as it should be; what the form does not ask stays as it is."""
        typed = {name: value for name, value in self.cleaned_data.items() if name not in ("reason", "note")}
        for name in ("out_of_catalogue", "other_paid"):
            typed[name] = typed.get(name) or 0
        kept = {one.name: getattr(self.held, one.name) for one in fields(NewClaim) if hasattr(self.held, one.name)}
        return NewClaim(**kept | {name: value for name, value in typed.items() if name in kept})


class YearEndForm(forms.Form):
    region = RegionField(label=gettext_lazy("地区"))
    year = forms.IntegerField(label=gettext_lazy("年度"), min_value=2000, max_value=2100)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["year"].initial = timezone.localdate().year - 1
