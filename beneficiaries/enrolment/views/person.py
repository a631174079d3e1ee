"""Acts on one person's enrolment: enrol, transfer, record money, exempt, mark, interruption risk."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import Act
from accounts.doors import get_visible, go, requires
from beneficiaries.enrolment import cases, services
from beneficiaries.enrolment import forms as f
from beneficiaries.enrolment.views.common import form_page, try_service, user_of
from beneficiaries.models import Person

# Act → title, form, service.
ACTS: dict[str, tuple[Any, type[forms.Form], Any]] = {
    "enrol": (gettext_lazy("登记参保"), f.EnrolForm, services.enrol),
    "transfer": (gettext_lazy("办理参保转移"), f.TransferForm, services.transfer),
    "pay": (gettext_lazy("记录代缴退费"), f.PayForm, services.record_contribution),
    "exempt": (gettext_lazy("政策免缴"), f.ExemptForm, services.set_exempt),
    "mark": (gettext_lazy("参保标记"), f.MarkForm, services.mark),
    "interruption": (gettext_lazy("列入中断风险"), f.InterruptionForm, cases.report_interruption),
}


@requires(Act.ENROLMENT_WRITE)
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """One form for the person; afterwards back to the tab 参保."""
    person = get_visible(request, Person.objects.select_related("region"), pk=pk)
    if act not in ACTS:
        raise Http404
    title, form_class, service = ACTS[act]
    form = form_class(request.POST or None)
    tab = reverse("beneficiaries:person_tab", args=[person.pk, "enrolment"])
    if form.is_valid():
        actor = user_of(request)
        if try_service(request, form, lambda: service(actor=actor, person=person, **form.cleaned_data)):
            messages.success(request, _("已办理：%(what)s") % {"what": title})
            return go(request, tab)
    return form_page(
        request,
        form,
        title=f"{title} · {person.name}",
        label=_("办理"),
        cancel=tab,
        breadcrumb=[(_("人员"), reverse("beneficiaries:list")), (person.name, tab)],
    )
