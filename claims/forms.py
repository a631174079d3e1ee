"""The filter of the list, and the form of a claim entered by hand."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput
from accounts.lists import ListFilter
from accounts.vocabulary import Category
from beneficiaries.models import Person
from beneficiaries.selectors import by_number
from claims import selectors
from claims.models import Claim
from claims.services import NewClaim
from exchange import reader
from policies.engine.money import format_yuan

# What a bill's form offers where the codes are the platform's numbers.
LEVELS = [(1, gettext_lazy("一级")), (2, gettext_lazy("二级")), (3, gettext_lazy("三级"))]
CHARGE_CLASSES = [
    (1, gettext_lazy("一类收费")),
    (2, gettext_lazy("省市级二类收费")),
    (3, gettext_lazy("县级二类及三类收费")),
]
MANAGEMENT = [
    ("", gettext_lazy("不适用")),
    ("per_visit", gettext_lazy("按次管理")),
    ("annual", gettext_lazy("限额管理，年末结算")),
]


class ClaimFilter(ListFilter):
    first = forms.DateField(label=gettext_lazy("结算日期自"), widget=DateInput)
    last = forms.DateField(label=gettext_lazy("至"), widget=DateInput)
    service = forms.ChoiceField(
        label=gettext_lazy("医疗类别"), choices=[("", gettext_lazy("全部")), *Claim.Service.choices]
    )
    category = forms.ChoiceField(
        label=gettext_lazy("适用类别"),
        choices=[("", gettext_lazy("全部")), *Category.choices, ("none", gettext_lazy("无救助身份"))],
    )
    county = forms.ChoiceField(label=gettext_lazy("旗县"))
    number = forms.CharField(label=gettext_lazy("结算号"))
    institution = forms.CharField(label=gettext_lazy("医疗机构编码"))
    over_control = forms.BooleanField(label=gettext_lazy("目录外超标"))
    audit = forms.BooleanField(label=gettext_lazy("复核差异"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = selectors.counties_for(self.user) if self.user else []
        field = self.fields["county"]
        field.choices = [("", _("全部")), *((one.code, one.name) for one in counties)]  # type: ignore[attr-defined]


class AmountField(forms.Field):
    """Yuan as typed → fen; checked while typing by the page as well."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "data-check": "amount", "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        try:
            found = reader.money.parse(str(value))
        except reader.FieldError as error:
            raise forms.ValidationError(str(error)) from error
        if found is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return found

    def prepare_value(self, value: Any) -> Any:
        return format_yuan(value) if isinstance(value, int) else value


def _choice(label: Any, choices: Any, initial: Any, coerce: Any = str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, choices=choices, initial=initial, coerce=coerce)


class ClaimForm(forms.Form):
    """A bill and whose it is, found by the identity number; the base of the forms of entry and of correction."""

    id_number = forms.CharField(
        label=gettext_lazy("身份证号"),
        widget=forms.TextInput(attrs={"data-check": "id-number", "autocomplete": "off"}),
    )
    claim_no = forms.CharField(
        label=gettext_lazy("结算号"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("票据或外地结算单上的编号；没有的留空，由系统编号"),
    )
    settled_on = forms.DateField(label=gettext_lazy("结算日期"), widget=DateInput)
    service = _choice(gettext_lazy("医疗类别"), Claim.Service.choices, "inpatient")
    chronic_management = forms.ChoiceField(
        label=gettext_lazy("慢病管理方式"),
        required=False,
        choices=MANAGEMENT,
    )
    institution = forms.CharField(label=gettext_lazy("医疗机构编码"), required=False, max_length=30)
    hospital_level = _choice(
        gettext_lazy("机构等级"),
        LEVELS,
        2,
        int,
    )
    charge_class = _choice(
        gettext_lazy("收费类别"),
        CHARGE_CLASSES,
        1,
        int,
    )
    location = _choice(gettext_lazy("就医地"), Claim.Location.choices, "outside")
    referred = _choice(gettext_lazy("转诊"), Claim.Referred.choices, "not_needed")
    major_disease = forms.BooleanField(label=gettext_lazy("重大疾病"), required=False)
    insurance = _choice(
        gettext_lazy("险种"), [("390", gettext_lazy("城乡居民医保")), ("310", gettext_lazy("职工医保"))], "390"
    )
    total = AmountField(label=gettext_lazy("医疗费总额（元）"))
    in_scope = AmountField(label=gettext_lazy("政策范围内费用（元）"))
    out_of_catalogue = AmountField(label=gettext_lazy("目录外费用（元）"), required=False)
    basic_paid = AmountField(label=gettext_lazy("基本医保支付（元）"))
    platform_cii = AmountField(
        label=gettext_lazy("职工大额医疗费用补助（元）"), required=False, help_text=gettext_lazy("职工医保填写")
    )
    other_paid = AmountField(
        label=gettext_lazy("其他支付（元）"),
        required=False,
        help_text=gettext_lazy("商业保险、互助、慈善等已支付的金额"),
    )
    note = forms.CharField(label=gettext_lazy("备注"), required=False, max_length=200)

    def __init__(self, *args: Any, user: Any, person: Person | None = None, **kwargs: Any) -> None:
        self.user = user
        self.person = person
        super().__init__(*args, **kwargs)
        if person is not None:
            # Known already: the number need not be shown, nor typed.
            del self.fields["id_number"]

    def clean_id_number(self) -> str:
        try:
            number = reader.identity.parse(self.cleaned_data["id_number"], today=timezone.localdate()).number
        except reader.FieldError as error:
            raise forms.ValidationError(str(error)) from error
        self.person = by_number(self.user, number)
        if self.person is None:
            raise forms.ValidationError(
                _("本辖区的人员档案中没有这个证件号码；请核对号码，或先登记人员。"), code="unknown_person"
            )
        return number

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("service") != Claim.Service.CHRONIC:
            found["chronic_management"] = ""
        elif not found.get("chronic_management"):
            found["chronic_management"] = "per_visit"
        return found

    def claim(self) -> NewClaim:
        """What was typed, complete and well formed."""
        data = dict(self.cleaned_data)
        data.pop("id_number", None)
        for name in ("out_of_catalogue", "other_paid"):
            data[name] = data[name] or 0
        return NewClaim(**data)


def new_claim_url(person: Person) -> str:
    """The form with the person filled in."""
    return f"{reverse('claims:new')}?person={person.pk}"
