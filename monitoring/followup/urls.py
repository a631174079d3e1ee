from django.urls import path

from monitoring.followup import views

urlpatterns = [
    path("", views.FollowUps.as_view(), name="followups"),
    path("<int:pk>/", views.followup, name="followup"),
    path("<int:pk>/describe/", views.describe, name="followup_describe"),
    path("<int:pk>/measures/", views.add_measure, name="followup_measure"),
    path("<int:pk>/visits/", views.add_visit, name="followup_visit"),
    path("<int:pk>/close/", views.close, name="followup_close"),
    path("<int:pk>/reopen/", views.reopen, name="followup_reopen"),
    path("measures/<int:pk>/end/", views.end_measure, name="measure_end"),
]
