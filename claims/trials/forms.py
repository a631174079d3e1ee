"""The trial to start, the filter of its persons, and the case that is compared."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import periods
from accounts.forms import DateInput, RegionField
from accounts.lists import ListFilter
from accounts.models import User
from accounts.vocabulary import Category
from claims.forms import CHARGE_CLASSES, LEVELS, MANAGEMENT, AmountField
from claims.models import Claim, PersonYear
from claims.trials import selectors
from policies.models import PolicyVersion

ALL = ("", gettext_lazy("全部"))
TRIED = [state for state in PolicyVersion.State if state != PolicyVersion.State.WITHDRAWN]


def latest_year() -> int:
    """The last year that has settled claims; this year while there is none."""
    return periods.newest(PersonYear.objects.all(), "year").year


class VersionField(forms.ModelChoiceField):
    """A version that the user may see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(PolicyVersion.objects.none(), to_field_name="name", **kwargs)

    def of(self, user: User) -> None:
        found = user.visible(PolicyVersion).filter(state__in=TRIED)
        self.queryset = found.select_related("region").defer("body").order_by("region_id", "-validity")

    def label_from_instance(self, version: PolicyVersion) -> str:
        return f"{version.region.name} · {version.name}（{version.get_state_display()}）"


class TrialForm(forms.Form):
    """Which text is tried, against what, on whose claims."""

    version = VersionField(
        label=gettext_lazy("试算版本"),
        empty_label=gettext_lazy("请选择"),
        help_text=gettext_lazy("假定该版本全年适用，不论其施行日期"),
    )
    baseline = VersionField(label=gettext_lazy("对照"), empty_label=gettext_lazy("现行政策"), required=False)
    region = RegionField(label=gettext_lazy("行政区划"))
    year = forms.IntegerField(
        label=gettext_lazy("年度"), help_text=gettext_lazy("用这一年已登记的费用"), min_value=2000, max_value=2100
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("version", "baseline", "region"):
            self.fields[name].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.region_prefix.ljust(12, "0")
        self.fields["year"].initial = latest_year()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("version") and found.get("version") == found.get("baseline"):
            self.add_error("baseline", _("与试算版本相同；请选择另一个版本，或者与现行政策对照。"))
        return found


class RunFilter(ListFilter):
    version = forms.CharField(label=gettext_lazy("版本"))
    year = forms.TypedChoiceField(label=gettext_lazy("年度"), coerce=int, empty_value=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years = selectors.trial_years(self.user) if self.user else []
        self.fields["year"].choices = [ALL, *((year, str(year)) for year in years)]  # type: ignore[attr-defined]


class PeopleFilter(ListFilter):
    side = forms.ChoiceField(
        label=gettext_lazy("变化"),
        choices=[
            ALL,
            ("lost", gettext_lazy("负担增加")),
            ("gained", gettext_lazy("负担减少")),
            ("same", gettext_lazy("负担不变，支付方有变")),
        ],
    )
    category = forms.ChoiceField(
        label=gettext_lazy("适用类别"),
        choices=[ALL, *Category.choices, ("none", gettext_lazy("无救助身份"))],
    )
    county = forms.ChoiceField(label=gettext_lazy("旗县"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = selectors.counties_of(self.user) if self.user else []
        self.fields["county"].choices = [ALL, *((one.code, one.name) for one in counties)]  # type: ignore[attr-defined]


def _choice(label: Any, choices: Any, coerce: Any = str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, choices=choices, coerce=coerce)


class CaseForm(forms.Form):
    """A bill and who the patient is; nothing of it is kept."""

    total = AmountField(label=gettext_lazy("医疗费总额（元）"))
    in_scope = AmountField(label=gettext_lazy("政策范围内费用（元）"))
    out_of_catalogue = AmountField(label=gettext_lazy("目录外费用（元）"), required=False)
    basic_paid = AmountField(label=gettext_lazy("基本医保支付（元）"))
    other_paid = AmountField(label=gettext_lazy("其他支付（元）"), required=False)
    settled_on = forms.DateField(
        label=gettext_lazy("结算日期"),
        widget=DateInput,
        help_text=gettext_lazy("各地按当日有效的版本，按本年第一笔费用结算"),
    )
    service = _choice(gettext_lazy("医疗类别"), Claim.Service.choices)
    chronic_management = forms.ChoiceField(
        label=gettext_lazy("慢病管理方式"),
        required=False,
        choices=MANAGEMENT,
    )
    hospital_level = _choice(
        gettext_lazy("机构等级"),
        LEVELS,
        int,
    )
    charge_class = _choice(
        gettext_lazy("收费类别"),
        CHARGE_CLASSES,
        int,
    )
    location = _choice(gettext_lazy("就医地"), Claim.Location.choices)
    referred = _choice(gettext_lazy("转诊"), Claim.Referred.choices)
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("人员类别"),
        choices=Category.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("可选多项；不选即无救助身份"),
    )
    approved = forms.BooleanField(label=gettext_lazy("依申请的类别已批准"), required=False)
    major_disease = forms.BooleanField(label=gettext_lazy("重大疾病"), required=False)
    control_waived = forms.BooleanField(label=gettext_lazy("目录外控制豁免"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        starting = {"hospital_level": 2, "location": "city", "referred": "not_needed", "service": "inpatient"}
        for name, value in starting.items():
            self.fields[name].initial = value
        self.fields["settled_on"].initial = timezone.localdate().replace(year=latest_year(), month=7, day=1)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name in ("out_of_catalogue", "other_paid"):
            if name not in self.errors:
                found[name] = found.get(name) or 0
        total, scope, outside, basic = (
            found.get(name) for name in ("total", "in_scope", "out_of_catalogue", "basic_paid")
        )
        for name in ("total", "in_scope", "out_of_catalogue", "basic_paid", "other_paid"):
            if (found.get(name) or 0) < 0:
                self.add_error(name, _("金额不能为负数；请核对。"))
        if scope is not None and basic is not None and basic > scope:
            self.add_error("basic_paid", _("基本医保支付超过政策范围内费用；请核对这两项金额。"))
        if None not in (total, scope, outside) and scope + outside > total:
            self.add_error("total", _("政策范围内费用与目录外费用之和超过总费用；请核对这三项金额。"))
        if found.get("service") != Claim.Service.CHRONIC and found.get("chronic_management"):
            self.add_error("chronic_management", _("只有门诊慢特病填写管理方式；请改为不适用。"))
        return found

    def case(self) -> dict[str, Any]:
        """The bill, as `compare.side_by_side` takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("categories", "approved")}
