from django.urls import include, path

from claims import views

app_name = "claims"
urlpatterns = [
    path("", views.Claims.as_view(), name="list"),
    path("new/", views.new_claim, name="new"),
    path("preview/", views.preview, name="preview"),
    path("institutions/", include("claims.institutions.urls")),
    path("<int:pk>/", views.claim, name="claim"),
]
