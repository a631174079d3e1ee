"""The form of a claim entered by hand, on top of the bill's own fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import ListFilter
from accounts.papers.forms import PapersField
from claims.entry.models import ClaimEntry
from claims.forms import CHARGE_CLASSES, LEVELS, ClaimForm
from claims.institutions.selectors import by_code
from claims.models import Claim
from claims.services import NewClaim

BY_REGISTER = ("", gettext_lazy("按机构登记"))
BEYOND = ("waiver_by", "exception_reason", "papers", "paper_label")
ENTERED = ("yes", "no", "not_needed")


class EntryFilter(ListFilter):
    state = forms.ChoiceField(
        label=gettext_lazy("状态"), choices=[("", gettext_lazy("全部")), *ClaimEntry.State.choices]
    )
    mine = forms.BooleanField(label=gettext_lazy("我录入的"))


class EntryForm(ClaimForm):
    """A bill with who approved its exceptions and its papers; level and class may follow the institution."""

    hospital_level = forms.TypedChoiceField(
        label=gettext_lazy("机构等级"), choices=[BY_REGISTER, *LEVELS], coerce=int, empty_value=None, required=False
    )
    charge_class = forms.TypedChoiceField(
        label=gettext_lazy("收费类别"),
        choices=[BY_REGISTER, *CHARGE_CLASSES],
        coerce=int,
        empty_value=None,
        required=False,
    )
    referred = forms.ChoiceField(
        label=gettext_lazy("转诊"),
        choices=[one for one in Claim.Referred.choices if one[0] in ENTERED],
        initial="not_needed",
    )
    exception_reason = forms.CharField(
        label=gettext_lazy("未转诊例外理由"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("未按规定转诊的费用原则上不救助；确有理由的写在这里，由复核人认可（S1-23）"),
    )
    control_waived = forms.BooleanField(label=gettext_lazy("目录外控制豁免"), required=False)
    waiver_by = forms.CharField(
        label=gettext_lazy("豁免批准单位和文号"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("由卫生健康、医疗保障部门批准（S3-16）"),
    )
    papers = PapersField(required=False, label=gettext_lazy("票据和材料"))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        known = by_code(found.get("institution") or "")
        if found.get("hospital_level") is None:
            found["hospital_level"] = known.level if known else None
            if known is None and found.get("institution"):
                self.add_error("hospital_level", _("机构没有登记，请选择机构等级，或先登记这家机构。"))
            elif known is None:
                nothing = forms.ValidationError(_("请选择机构等级，或填写已登记的机构编码。"), code="required")
                self.add_error("hospital_level", nothing)
        if found.get("charge_class") is None:
            found["charge_class"] = known.charge_class if known else 1
        if found.get("control_waived") and not found.get("waiver_by"):
            self.add_error("waiver_by", _("请写明批准单位和文号。"))
        return found

    def claim(self) -> NewClaim:
        data = {name: value for name, value in self.cleaned_data.items() if name not in (*BEYOND, "id_number")}
        for name in ("out_of_catalogue", "other_paid"):
            data[name] = data[name] or 0
        return NewClaim(**data)

    def typed(self) -> dict[str, str]:
        """What was typed, as a draft keeps it: without the identity number and the papers."""
        return {
            name: str(self.data.get(self.add_prefix(name), ""))
            for name in self.fields
            if name not in ("id_number", "papers") and self.data.get(self.add_prefix(name))
        }


class ReturnForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("需要修改什么"), max_length=200, widget=forms.Textarea({"rows": 3}))
