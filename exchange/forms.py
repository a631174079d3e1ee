"""Forms of the exchange: what is sent, and the filter of what was."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import MonthInput, RegionField
from accounts.lists import ListFilter
from accounts.models import User
from accounts.vocabulary import Department
from exchange import kinds
from exchange.models import InboundFile
from exchange.reader.messages import REFUSALS

translated = _  # another name: the catalogue has the sentence from where it stands
EMPTY = translated(REFUSALS["empty"])


class MonthField(forms.Field):
    """`2023-05` → the first day of the month."""

    widget = MonthInput

    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        try:
            year, month = str(value).split("-")[:2]
            return date(int(year), int(month), 1)
        except ValueError:
            raise forms.ValidationError(_("请写成年-月的样式，如 2023-05")) from None

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%Y-%m}" if isinstance(value, date) else value


class FileFilter(ListFilter):
    kind = forms.ChoiceField(label=_("种类"), choices=[("", _("全部")), *InboundFile.Kind.choices])
    department = forms.ChoiceField(label=_("部门"), choices=[("", _("全部")), *Department.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))
    month = MonthField(label=_("月份"))
    state = forms.ChoiceField(label=_("状态"), choices=[("", _("全部")), *InboundFile.State.choices])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class ArrivalFilter(ListFilter):
    year = forms.IntegerField(label=_("年份"), min_value=2000, max_value=2099)
    region = RegionField(label=_("地区"), empty_label=_("全部"))
    department = forms.ChoiceField(label=_("部门"), choices=[("", _("全部")), *Department.choices])
    late = forms.BooleanField(label=_("只看逾期未到"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user:
            self.fields["region"].of(self.user)  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """One file; a liaison sends for the own department only."""

    ASKED: ClassVar = ("kind", "department", "region", "month", "mode")
    kind = forms.ChoiceField(label=_("种类"))
    department = forms.ChoiceField(label=_("报送部门"))
    region = RegionField(label=_("行政区划"))
    month = MonthField(label=_("月份"))
    mode = forms.ChoiceField(
        label=_("方式"),
        choices=InboundFile.Mode.choices,
        initial=InboundFile.Mode.FULL,
        widget=forms.RadioSelect,
        help_text=_("全量：名单中没有的人员自当月一日起退出。变动：只列新增和退出的人员。其他种类的文件选全量。"),
    )
    file = forms.FileField(
        label=_("文件"), help_text=_("CSV 或 XLSX；中文表头，列的次序不限。"), error_messages={"empty": EMPTY}
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".csv,.txt,.xlsx"
        self.fields["region"].of(user)  # type: ignore[attr-defined]
        self.fields["region"].initial = user.organisation.region_id if user.organisation else None
        self.fields["month"].initial = timezone.localdate().replace(day=1)
        mine = [kind for kind in kinds.registered() if user.may(kind.upload)]
        labels = dict(InboundFile.Kind.choices)
        self._choose("kind", [(kind.kind, labels[kind.kind]) for kind in mine])
        senders = {department for kind in mine for department in kind.departments}
        if user.department != Department.MEDICAL_SECURITY:
            senders &= {user.department}
        self._choose("department", [choice for choice in Department.choices if choice[0] in senders])
        self._senders = {kind.kind: kind.departments for kind in mine}
        if len(senders) > 1:
            department: Any = self.fields["department"]
            department.choices = [("", _("请选择")), *department.choices]
            department.required = False
            department.help_text = _("由哪个部门报送；结算明细只由医疗保障报送，可以不选。")

    def clean(self) -> dict[str, Any]:
        """Some kinds are sent by one department alone: it need not be named."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not given.get("department") and "department" not in self.errors and "kind" in given:
            senders = self._senders[given["kind"]]
            if len(senders) == 1:
                given["department"] = str(senders[0])
            else:
                self.add_error("department", _("请选择这份文件由哪个部门报送"))
        return given

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields[name].initial = choices[0][0]
