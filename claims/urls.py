from django.urls import include, path

from claims import paper_views, views

app_name = "claims"
urlpatterns = [
    path("", views.Claims.as_view(), name="list"),
    path("", include("claims.entry.urls")),
    path("", include("claims.contradictions.urls")),
    path("institutions/", include("claims.institutions.urls")),
    path("<int:pk>/", views.claim, name="claim"),
    path("<int:pk>/statement.pdf", paper_views.claim_pdf, name="statement_pdf"),
    path("year/<int:pk>/statement.pdf", paper_views.year_pdf, name="year_pdf"),
]
