from django.urls import path

from claims import views

app_name = "claims"
urlpatterns = [
    path("", views.Claims.as_view(), name="list"),
    path("new/", views.new_claim, name="new"),
    path("preview/", views.preview, name="preview"),
    path("<int:pk>/", views.claim, name="claim"),
]
