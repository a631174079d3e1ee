from django.urls import path

from claims.fund import payment_views, views
from claims.fund.differences import views as differences

app_name = "fund"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("ledger/", views.Ledger.as_view(), name="ledger"),
    path("ledger/<int:pk>/", views.entry, name="entry"),
    path("new/", views.new_entry, name="new_entry"),
    path("budget/new/", views.new_budget, name="new_budget"),
    path("override/new/", views.new_override, name="new_override"),
    path("bank/", views.bank, name="bank"),
    path("waiting/", views.waiting, name="waiting"),
    path("waiting/<str:kind>/<int:pk>/", views.decide, name="decide"),
    path("book/", views.book, name="book"),
    path("differences/", differences.Differences.as_view(), name="differences"),
    path("differences/issue/", differences.issue, name="issue"),
    path("differences/<int:pk>/", differences.difference, name="difference"),
    path("orders/", payment_views.Orders.as_view(), name="orders"),
    path("orders/<int:pk>/", payment_views.order, name="order"),
    path("orders/<int:pk>/result/", payment_views.result, name="result"),
    path("orders/<int:pk>/reissue/", payment_views.reissue, name="reissue"),
    path("batches/", payment_views.Batches.as_view(), name="batches"),
    path("batches/make/", payment_views.make_batch, name="make_batch"),
    path("batches/<int:pk>/", payment_views.batch, name="batch"),
    path("batches/<int:pk>/file/", payment_views.batch_file, name="batch_file"),
    path("batches/<int:pk>/send/", payment_views.send, name="send"),
]
