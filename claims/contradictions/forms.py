"""Filters of the worklists, and the answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import DateInput
from accounts.lists import ListFilter
from claims import selectors as claim_selectors
from claims.audit.causes import CAUSES
from claims.contradictions.checks import kinds_of, title_of
from claims.contradictions.models import Contradiction

ALL = ("", gettext_lazy("全部"))
STATES = [
    ("", gettext_lazy("待处理")),
    ("answered", gettext_lazy("已答复")),
    ("overdue", gettext_lazy("整改逾期")),
    ("cleared", gettext_lazy("已消除")),
    ("all", gettext_lazy("全部")),
]


class WorklistFilter(ListFilter):
    group = ""

    kind = forms.ChoiceField(label=gettext_lazy("疑点种类"))
    state = forms.ChoiceField(label=gettext_lazy("状态"), choices=STATES)
    county = forms.ChoiceField(label=gettext_lazy("旗县"))
    year = forms.IntegerField(label=gettext_lazy("年度"), min_value=2000, max_value=2100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind, title_of(kind)) for kind in kinds_of(self.group)]
        counties = claim_selectors.counties_for(self.user) if self.user else []
        self.fields["kind"].choices = [("", _("全部")), *kinds]  # type: ignore[attr-defined]
        self.fields["county"].choices = [("", _("全部")), *((c.code, c.name) for c in counties)]  # type: ignore[attr-defined]


class FactsFilter(WorklistFilter):
    group = "facts"


class ProtectionFilter(WorklistFilter):
    group = "protection"


class AuditFilter(WorklistFilter):
    group = "audit"

    cause = forms.ChoiceField(label=gettext_lazy("可能原因"), choices=[ALL, *CAUSES.items()])
    tier = forms.ChoiceField(
        label=gettext_lazy("层次"),
        choices=[ALL, ("cii", gettext_lazy("大病保险")), ("assistance", gettext_lazy("医疗救助"))],
    )


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(label=gettext_lazy("答复"), choices=Contradiction.Answer.choices)
    text = forms.CharField(
        label=gettext_lazy("核实情况"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
    )
    fix_by = forms.DateField(
        label=gettext_lazy("整改期限"),
        widget=DateInput,
        required=False,
        help_text=gettext_lazy("选“限期整改”时填写；到期仍然存在的会重新出现"),
    )
