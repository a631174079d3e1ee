"""Address of the list of diseases that claims show and nobody registered."""

from django.urls import path

from claims.unregistered import views

app_name = "unregistered"
urlpatterns = [path("", views.Unregistered.as_view(), name="list")]
