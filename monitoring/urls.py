from django.urls import include, path

from monitoring import views
from monitoring.answering import views as answering
from monitoring.books import views as books
from monitoring.figures import views as figures
from monitoring.figures import yearly_views
from monitoring.projection import views as projection
from monitoring.recheck import views as recheck

app_name = "monitoring"
urlpatterns = [
    path("", views.Warnings.as_view(), name="list"),
    path("warnings/<int:pk>/", views.warning, name="warning"),
    path("warnings/<int:pk>/answer/", answering.warning, name="answer"),
    path("patients/<uuid:pk>/", answering.patients, name="patients"),
    path("patients/<int:pk>/answer/", answering.patient, name="answer_patient"),
    path("scans/", views.Scans.as_view(), name="scans"),
    path("scans/new/", views.start_scan, name="start_scan"),
    path("scans/<int:pk>/", views.scan, name="scan"),
    path("findings/", include("monitoring.findings.urls")),
    path("obligations/", include("monitoring.obligations.urls")),
    path("recheck/", recheck.Findings.as_view(), name="recheck"),
    path("recheck/<int:pk>/answer/", recheck.answer, name="recheck_answer"),
    path("projection/", projection.Projection.as_view(), name="projection"),
    path("compare/", figures.compare, name="compare"),
    path("monthly/", figures.monthly, name="monthly"),
    path("yearly/", yearly_views.yearly, name="yearly"),
    path("month/remind/", books.remind, name="remind"),
    path("books/new/", books.new, name="reconcile"),
    path("books/<int:pk>/", books.reconciliation, name="reconciliation"),
    path("books/<int:pk>/send/", books.send_missing, name="send_missing"),
    path("followups/", include("monitoring.followup.urls")),
    path("month/", views.month, name="month"),
    path("month/push/", views.push, name="push"),
]
