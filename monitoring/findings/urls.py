from django.urls import path

from monitoring.findings import views

urlpatterns = [
    path("", views.Findings.as_view(), name="findings"),
    path("new/", views.new, name="finding_new"),
    path("<int:pk>/", views.finding, name="finding"),
    path("<int:pk>/<slug:what>/", views.step, name="finding_step"),
]
