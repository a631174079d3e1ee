"""Addresses of the register."""

from django.urls import path

from beneficiaries import views
from beneficiaries.comparisons import views as comparisons
from beneficiaries.designations import views as designations
from beneficiaries.diseases import views as diseases
from beneficiaries.households import views as households
from beneficiaries.merging import views as merging
from beneficiaries.persons import views as persons

app_name = "beneficiaries"
# A tab's word comes last: it would take the others' places.
urlpatterns = [
    path("", views.PersonList.as_view(), name="list"),
    path("new/", views.new, name="new"),
    path("merges/", merging.Merges.as_view(), name="merges"),
    path("merges/<int:pk>/", merging.merge, name="merge"),
    path("merges/<int:pk>/<slug:what>/", merging.decide, name="merge_decide"),
    path("households/<int:pk>/", households.household, name="household"),
    path("households/<int:pk>/relations/", households.Relations.as_view(), name="household_relations"),
    path("households/<int:pk>/split/", households.Split.as_view(), name="household_split"),
    path("households/<int:pk>/join/", households.Join.as_view(), name="household_join"),
    path("comparisons/", comparisons.Comparisons.as_view(), name="comparisons"),
    path("designations/", designations.Designations.as_view(), name="designations"),
    path("designations/new/", designations.Designate.as_view(), name="designation_new"),
    path("designations/<int:pk>/", designations.designation, name="designation"),
    path("designations/<int:pk>/end/", designations.End.as_view(), name="designation_end"),
    path("designations/<int:pk>/withdraw/", designations.Withdraw.as_view(), name="designation_withdraw"),
    path("diseases/", diseases.Diseases.as_view(), name="diseases"),
    path("<int:pk>/", views.person, name="person"),
    path("<int:pk>/reveal/", views.reveal, name="reveal"),
    path("<int:pk>/edit/", persons.Edit.as_view(), name="edit"),
    path("<int:pk>/death/", persons.Death.as_view(), name="death"),
    path("<int:pk>/death/undo/", persons.TakeBackDeath.as_view(), name="death_undo"),
    path("<int:pk>/bank/", persons.Bank.as_view(), name="bank"),
    path("<int:pk>/documents/add/", persons.AddDocument.as_view(), name="document_add"),
    path("<int:pk>/documents/<int:document>/main/", persons.MakeMain.as_view(), name="document_main"),
    path("<int:pk>/documents/<int:document>/remove/", persons.RemoveDocument.as_view(), name="document_remove"),
    path("<int:pk>/certify/", persons.Certify.as_view(), name="certify"),
    path("<int:pk>/spells/<int:spell>/end/", persons.EndSpell.as_view(), name="spell_end"),
    path("<int:pk>/spells/<int:spell>/correct/", persons.CorrectSpell.as_view(), name="spell_correct"),
    path("<int:pk>/spells/<int:spell>/withdraw/", persons.WithdrawSpell.as_view(), name="spell_withdraw"),
    path("<int:pk>/diseases/add/", persons.RegisterDisease.as_view(), name="disease_add"),
    path("<int:pk>/diseases/<int:registration>/end/", persons.EndDisease.as_view(), name="disease_end"),
    path("<int:pk>/household/move/", persons.MoveMember.as_view(), name="member_move"),
    path("<int:pk>/household/leave/", persons.LeaveHousehold.as_view(), name="member_leave"),
    path("<int:pk>/merge/", persons.ProposeMerge.as_view(), name="merge_propose"),
    path("<int:pk>/<slug:tab>/", views.person, name="person_tab"),
]
