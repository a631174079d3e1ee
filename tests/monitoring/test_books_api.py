"""The month's books over the API: what was told is read, what is held is held against it, both are on record."""

from datetime import date

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Department, Role
from exchange import deliveries
from exchange.models import Delivery
from exchange.partner_api import services as keys
from monitoring import services
from monitoring.books import services as books
from monitoring.models import BurdenWarning, Reconciliation
from tests.exchange.outbound import make_partner
from tests.factories import CITY, make_user
from tests.monitoring.makers import DAY, make_warned, make_year, number

MAY = date(2023, 5, 1)
URL = "/api/v1/books"


@pytest.fixture
def told(law):
    """Two warnings of May told to civil affairs, one of them withdrawn since."""
    cache.clear()
    people = [make_warned(number(at), 30001 - at) for at in range(2)]
    region = Region.objects.get(pk=CITY)
    services.scan_region(region=region, on=DAY, actor=None)
    services.push_warnings(region=region, month=MAY, actor=None)
    make_year(people[1], 100)
    services.scan_region(region=region, on=DAY, actor=None)
    services.push_warnings(region=region, month=MAY, actor=None)
    return [BurdenWarning.objects.get(person=person) for person in people]


def key(department=Department.CIVIL_AFFAIRS, region=CITY):
    partner = deliveries.partner_of(department=department, region=Region.objects.get(pk=CITY))
    place = Region.objects.get(pk=region)
    return keys.make_key(actor=None, label="平台", region=place, scopes=["delivery"], partner=partner).text


def call(client, text, method="get", once="1", **data):
    more = {"Authorization": f"Bearer {text}"}
    if method == "get":
        return client.get(URL, data, headers=more)
    return client.post(URL, data, content_type="application/json", headers=more | {"Idempotency-Key": once})


def test_the_partner_reads_what_it_was_told_as_it_stands(told, client):
    assert reverse("api:books") == URL
    body = call(client, key(), month="2023-05").json()
    assert (body["department"], body["region"], body["told"], body["next_after"]) == ("civil_affairs", CITY, 1, None)
    stands, gone = body["results"]
    assert (stands["warning_no"], stands["state"], stands["amount"]) == (told[0].number, "told", "30001.00")
    assert (gone["warning_no"], gone["state"]) == (told[1].number, "withdrawn")
    assert gone["delivery"] == "withdrawals-150500-civil_affairs-2023-05-1"
    assert stands["id_number"] == told[0].person.id_number
    assert call(client, key(), month="2023-04").json()["results"] == []


def test_a_long_book_comes_in_pages(told, client, monkeypatch):
    monkeypatch.setattr("monitoring.books.api.PAGE", 1)
    text = key()
    first = call(client, text, month="2023-05").json()
    second = call(client, text, month="2023-05", after=first["next_after"]).json()
    assert [one["warning_no"] for one in first["results"] + second["results"]] == [one.number for one in told]
    assert (first["told"], second["told"], second["next_after"]) == (1, 1, None)


def test_what_the_partner_holds_is_held_against_it_and_both_sides_see_the_same(told, client):
    text, own = key(), told[0].person.id_number
    held = [{"warning_no": told[0].number, "id_number": own.lower()}]
    same = call(client, text, "post", month="2023-05", warnings=held)
    assert same.status_code == 200 and same.json()["agrees"] is True
    held = [
        {"warning_no": told[1].number, "id_number": number(1)},
        {"warning_no": "YJ2023-150521-9999999", "id_number": number(1)},
    ]
    found = call(client, text, "post", once="2", month="2023-05", warnings=held).json()
    assert (found["missing"], found["withdrawn"]) == ([told[0].number], [told[1].number])
    assert (found["unknown"], found["agrees"]) == (["YJ2023-150521-9999999"], False)
    row = Reconciliation.objects.first()
    assert (row.by, row.missing, row.month) == (None, [told[0].number], MAY)
    assert "对方系统" in _page(client, row)
    again = call(client, text, "post", once="2", month="2023-05", warnings=held)
    assert again.headers["Idempotent-Replayed"] == "true" and Reconciliation.objects.count() == 2


def _page(client, row):
    client.force_login(make_user(Role.CASE_WORKER))
    return client.get(reverse("monitoring:reconciliation", args=[row.pk])).content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"month": "2023-13", "warnings": []}, "month"),
        ({"month": "2023-05", "warnings": [{"warning_no": "YJ-1", "id_number": "1"}]}, "warnings"),
        ({"month": "2023-05"}, "warnings"),
    ],
)
def test_what_is_no_book_is_refused_by_field(told, client, data, field):
    answer = call(client, key(), "post", **data)
    assert answer.status_code == 400 and field in str(answer.json()["errors"])
    assert not Reconciliation.objects.exists()


def test_a_partner_sees_its_own_books_alone(told, client):
    other = call(client, key(Department.TAX), month="2023-05").json()
    assert (other["told"], other["results"]) == (0, [])
    assert call(client, key(region="150502000000"), month="2023-05").status_code == 403


def test_what_was_acknowledged_and_lost_goes_as_a_supplement(told, receiver):
    partner = make_partner(receiver)
    first = Delivery.objects.get(number="warnings-150500-civil_affairs-2023-05-1")
    Delivery.objects.filter(pk=first.pk).update(state="acknowledged")
    worker = make_user(Role.CASE_WORKER)
    facts = {"region": partner.organisation.region, "department": "civil_affairs", "month": MAY, "name": "清单.csv"}
    found = books.reconcile(actor=worker, content="预警编号,身份证号\n".encode(), **facts)
    assert found.missing == [told[0].number]
    (again,) = books.send_missing(actor=worker, reconciliation=found)
    assert (again.number[-1], again.rows, again.state) == ("2", 1, "waiting")
    deliveries.deliver(delivery_id=again.pk)
    assert [row["warning_no"] for row in receiver.rows] == [told[0].number]
    Delivery.objects.filter(pk=again.pk).update(state="parked", next_attempt_at=None)
    assert [one.pk for one in books.send_missing(actor=worker, reconciliation=found)] == [again.pk], "not a third"
