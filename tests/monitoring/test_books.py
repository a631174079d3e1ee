"""Two-sided reconciliation of a month, what is lacking goes again; overdue answers are chased by working days."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Role
from exchange import deliveries
from exchange.models import Delivery
from monitoring.books import services
from monitoring.models import BurdenWarning, DeliveredWarning, Reconciliation
from tests.factories import make_user
from tests.monitoring import examples
from tests.monitoring.makers import number

CITY, MAY = "150500000000", date(2023, 5, 1)
HEAD = "预警编号,身份证号\n"


@pytest.fixture
def pushed(users):
    """One warning of May, told to civil affairs and rural revitalization."""
    return BurdenWarning.objects.get(pk=examples.warning(False)["pk"])


def books(actor, text: str, department: str = "civil_affairs") -> Reconciliation:
    region = Region.objects.get(code=CITY)
    return services.reconcile(
        actor=actor, region=region, department=department, month=MAY, name="清单.csv", content=text.encode()
    )


def test_books_agree_or_say_what_each_side_lacks(pushed, users):
    worker = users[Role.CASE_WORKER]
    own, other = pushed.person.id_number, number(77)
    assert books(worker, f"预警编号,身份证号,姓名\n{pushed.number},{own},某\n").agrees
    assert books(worker, f"预警编号,身份证号\n{pushed.number},{other}\n").different == [pushed.number]
    found = books(worker, f"预警编号,身份证号\nYJ2023-150521-9999999,{other}\n")
    assert (found.told, found.held, found.missing, found.unknown) == (1, 1, [pushed.number], ["YJ2023-150521-9999999"])
    assert books(worker, HEAD).missing == [pushed.number]


@pytest.mark.parametrize(
    ("text", "why"), [("姓名\n某\n", "预警编号"), ("", "空"), ("预警编号,身份证号\nYJ-1,某\n", "第 2 行")]
)
def test_a_list_that_is_none_says_why(pushed, users, text, why):
    with pytest.raises(services.BooksError, match=why):
        books(users[Role.CASE_WORKER], text)
    assert not Reconciliation.objects.exists()


def test_what_is_lacking_goes_again_with_its_own_id(pushed, users):
    worker = users[Role.CASE_WORKER]
    found = books(worker, HEAD)
    (delivery,) = Delivery.objects.filter(department="civil_affairs")
    Delivery.objects.filter(pk=delivery.pk).update(state="parked")
    assert [one.pk for one in services.send_missing(actor=worker, reconciliation=found)] == [delivery.pk]
    liaison = make_user(Role.LIAISON, department="civil_affairs", username="liaison-civil")
    delivery.refresh_from_db()
    deliveries.deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    deliveries.acknowledge_fetch(actor=liaison, delivery=delivery)
    with pytest.raises(services.BooksError, match="重新下载"):
        services.send_missing(actor=worker, reconciliation=found)
    assert DeliveredWarning.objects.filter(delivery=delivery).count() == 1


def test_overdue_answers_are_chased_once_a_day(pushed, users):
    region = Region.objects.get(code=CITY)
    facts = {"actor": users[Role.CASE_WORKER], "region": region, "month": MAY}
    sent = services.remind(department="civil_affairs", **facts)
    (row,) = deliveries.read_rows(sent)
    assert sent.kind == "reminders" and row["warning_no"] == pushed.number and row["due_on"] == "2023-06-30"
    assert int(row["working_days_late"]) > 700
    with pytest.raises(services.BooksError, match="今天已经催办"):
        services.remind(department="civil_affairs", **facts)
    pushed.feedback.create(department="rural_revitalization", result="already", verified_on=date(2023, 6, 2))
    with pytest.raises(services.BooksError, match="无须催办"):
        services.remind(department="rural_revitalization", **facts)


@pytest.mark.parametrize(
    ("today", "count"),
    [
        (date(2023, 6, 30), 0),  # the day of reply itself
        (date(2023, 7, 1), 0),  # a Saturday
        (date(2023, 7, 3), 2),  # the first working day after
        (date(2023, 7, 4), 0),
        (date(2023, 7, 10), 2),  # five working days on
    ],
)
def test_by_itself_on_the_first_and_every_fifth_working_day(pushed, today, count):
    assert services.remind_all(today=today) == count
    assert Delivery.objects.filter(kind="reminders").count() == count


def test_by_clicks_from_the_month_s_page(pushed, users, client):
    client.force_login(users[Role.CASE_WORKER])
    page = reverse("monitoring:month") + f"?region={CITY}&month=2023-05"
    assert "催办" in client.get(page).content.decode()
    facts = {"region": CITY, "month": "2023-05", "department": "civil_affairs"}
    client.post(reverse("monitoring:remind"), facts)
    assert "催办 1" in client.get(page).content.decode()
    file = SimpleUploadedFile("清单.csv", f"{HEAD}{pushed.number},{pushed.person.id_number}\n".encode())
    response = client.post(reverse("monitoring:reconcile"), facts | {"file": file}, follow=True)
    assert "两边的清单一致" in response.content.decode()
    assert "两边一致" in client.get(page).content.decode()
    wrong = client.post(reverse("monitoring:reconcile"), facts | {"file": SimpleUploadedFile("a.csv", b"x")})
    assert wrong.status_code == 422


def test_a_liaison_reconciles_the_own_department_only(pushed, client):
    liaison = make_user(Role.LIAISON, department="civil_affairs", username="liaison-civil")
    client.force_login(liaison)
    url = reverse("monitoring:reconcile")
    other = {"region": CITY, "month": "2023-05", "department": "rural_revitalization"}
    assert client.post(url, other | {"file": SimpleUploadedFile("a.csv", HEAD.encode())}).status_code == 422
    own = other | {"department": "civil_affairs", "file": SimpleUploadedFile("a.csv", HEAD.encode())}
    assert client.post(url, own).status_code == 302
