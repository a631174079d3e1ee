from django.urls import path

from claims.trials import views

app_name = "trials"
urlpatterns = [
    path("", views.Trials.as_view(), name="list"),
    path("new/", views.new, name="new"),
    path("compare/", views.compare, name="compare"),
    path("<int:pk>/", views.run, name="run"),
    path("<int:pk>/persons/", views.people, name="people"),
]
