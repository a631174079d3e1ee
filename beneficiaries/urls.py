"""Addresses of the register."""

from django.urls import path

from beneficiaries import views

app_name = "beneficiaries"
urlpatterns = [
    path("", views.PersonList.as_view(), name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.person, name="person"),
    path("<int:pk>/reveal/", views.reveal, name="reveal"),
    path("<int:pk>/<slug:tab>/", views.person, name="person_tab"),
]
