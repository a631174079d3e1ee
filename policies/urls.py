from django.urls import path

from policies import compare_views, draft_views, editor_views, parameter_views, views

app_name = "policies"
urlpatterns = [
    path("", views.Versions.as_view(), name="list"),
    path("compare/", compare_views.compare, name="compare"),
    path("parameters/", parameter_views.overview, name="parameters_all"),
    path("parameters/<slug:policy>/", parameter_views.sheet, name="parameters"),
    path("parameters/<slug:policy>/year/", parameter_views.add_year, name="parameter_year"),
    path("parameters/<slug:policy>/<slug:key>/<int:year>/", parameter_views.edit, name="parameter"),
    path("<slug:name>/", views.version, name="version"),
    path("<slug:name>/new/", draft_views.new, name="new_draft"),
    path("<slug:name>/draft/", draft_views.draft, name="draft"),
    path("<slug:name>/draft/submit/", draft_views.submit, name="submit"),
    path("<slug:name>/draft/return/", draft_views.send_back, name="return"),
    path("<slug:name>/draft/withdraw/", draft_views.withdraw, name="withdraw"),
    path("<slug:name>/draft/publish/", draft_views.publish, name="publish"),
    path("<slug:name>/draft/restore/", draft_views.restore, name="restore"),
    path("<slug:name>/draft/expected/", draft_views.expected, name="expected"),
    path("<slug:name>/draft/edit/<slug:slug>/", editor_views.section, name="draft_section"),
]
