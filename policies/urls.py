from django.urls import path

from policies import views

app_name = "policies"
urlpatterns = [
    path("", views.Versions.as_view(), name="list"),
    path("<slug:name>/", views.version, name="version"),
]
