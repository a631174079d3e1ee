from django.urls import include, path

from claims import views

app_name = "claims"
urlpatterns = [
    path("", views.Claims.as_view(), name="list"),
    path("", include("claims.entry.urls")),
    path("", include("claims.contradictions.urls")),
    path("institutions/", include("claims.institutions.urls")),
    path("<int:pk>/", views.claim, name="claim"),
]
