"""Which places, month, figure or group the pages show."""

from django import forms
from django.utils.translation import gettext_lazy as _

from beneficiaries.enrolment.selectors import POPULATIONS
from monitoring.figures.reports import GROUPS
from monitoring.forms import MonthForm
from monitoring.models import Figure


class CompareForm(MonthForm):
    """A region, a month, and the figure whose year is drawn."""

    key = forms.ChoiceField(label=_("走势"), choices=Figure.Key.choices)


class MonthlyForm(MonthForm):
    """A region, a month, a group of people."""

    group = forms.ChoiceField(label=_("人群"), choices=[(key, POPULATIONS[key][0]) for key in GROUPS])
