"""Addresses of enrolment."""

from django.urls import path

from beneficiaries.enrolment.views import applications, ledger, many, money, person, work

app_name = "enrolment"
urlpatterns = [
    path("", ledger.ledger, name="ledger"),
    path("compute/", ledger.compute, name="compute"),
    path("people/", ledger.People.as_view(), name="people"),
    path("trace/", ledger.Trace.as_view(), name="trace"),
    path("monasteries/", ledger.monasteries, name="monasteries"),
    path("funding/", ledger.funding, name="funding"),
    path("cases/", work.Cases.as_view(), name="cases"),
    path("cases/find/", work.find, name="cases_find"),
    path("cases/assign/", many.assign, name="cases_assign"),
    path("cases/close/", many.close, name="cases_close"),
    path("cases/<int:pk>/", work.case, name="case"),
    path("cases/<int:pk>/<slug:move>/", work.case_move, name="case_move"),
    path("mismatches/", work.Mismatches.as_view(), name="mismatches"),
    path("mismatches/find/", work.mismatches_find, name="mismatches_find"),
    path("mismatches/<int:pk>/", work.mismatch, name="mismatch"),
    path("groups/", money.Groups.as_view(), name="groups"),
    path("groups/new/", money.group_new, name="group_new"),
    path("groups/<int:pk>/", money.group, name="group"),
    path("figures/", money.Figures.as_view(), name="figures"),
    path("figures/edit/", money.figures_edit, name="figures_edit"),
    path("applications/", applications.Applications.as_view(), name="applications"),
    path("applications/new/", applications.application_new, name="application_new"),
    path("applications/<int:pk>/", applications.application, name="application"),
    path("applications/<int:pk>/print/", applications.application_print, name="application_print"),
    path("relay/", money.relay, name="relay"),
    path("persons/<int:pk>/<slug:act>/", person.act, name="act"),
]
