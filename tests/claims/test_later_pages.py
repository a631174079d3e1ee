"""Pages of later truth: what waits, one prepares, another confirms, what was booked and why a settlement went."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from beneficiaries.services import certify
from claims.later.models import Adjustment, LaterFact, OtherPayment, Resettlement
from claims.models import Claim, PersonYear
from tests.claims.makers import make_person, make_spell, now, record
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(law, client):
    user = make_user(Role.CASE_WORKER, username="prepares")
    client.force_login(user)
    return user


@pytest.fixture
def late(worker):
    """Two bills, then a certification from a day before them."""
    person = make_person()
    claims = [record(person, f"2023-0{month}-10", 40000, 12000) for month in (5, 7)]
    certify(
        actor=worker,
        person=person,
        category="subsistence",
        department="civil_affairs",
        region=person.region,
        valid_from=date(2023, 4, 1),
        source=None,
    )
    return claims


def test_one_prepares_another_confirms_and_the_claim_says_why(late, client, django_assert_max_num_queries):
    page = client.get(reverse("later:list")).content.decode()
    assert "补录认定" in page
    assert "待重新结算的年度" in client.get(reverse("home")).content.decode()
    answer = client.post(reverse("later:prepare"), {"cause": "category"})
    case = Resettlement.objects.get()
    assert answer.url == reverse("later:case", args=[case.pk])
    page = client.get(answer.url).content.decode()
    assert "经办人不能确认自己的测算" in page
    assert "6,860.00" in page
    assert client.post(reverse("later:confirm", args=[case.pk])).status_code == 403
    client.force_login(make_user(Role.REVIEWER, username="confirms"))
    assert "待确认的重新结算" in client.get(reverse("home")).content.decode()
    client.post(reverse("later:confirm", args=[case.pk]))
    case.refresh_from_db()
    assert case.state == "confirmed"
    page = client.get(reverse("claims:claim", args=[late[0].pk])).content.decode()
    assert case.number in page
    assert "取代原因" in page
    assert Adjustment.objects.first().number in client.get(reverse("later:adjustments")).content.decode()
    old = late[0].settlements.earliest("pk")
    page = client.get(reverse("claims:claim", args=[late[0].pk]), {"settlement": old.pk}).content.decode()
    assert "已被取代" in page
    with django_assert_max_num_queries(6):
        client.get(reverse("later:list"))
    with django_assert_max_num_queries(6):
        client.get(reverse("later:case", args=[case.pk]))
    with django_assert_max_num_queries(6):
        client.get(reverse("later:adjustments"))


def test_a_reversal_a_correction_and_another_payer_by_page(late, client):
    first, second = late
    answer = client.post(reverse("later:reverse", args=[first.pk]), {"reason": ""})
    assert answer.status_code == 422
    client.post(reverse("later:reverse", args=[first.pk]), {"reason": "退费"})
    form = client.get(reverse("later:correct", args=[second.pk])).context["form"]
    values = {name: form[name].value() for name in form.fields}
    values = {name: "" if value is None else value for name, value in values.items()} | {"reason": "重开票据"}
    typed = {**values, "total": "30000", "in_scope": "30000", "out_of_catalogue": "0", "settled_on": "2023-07-10"}
    typed.pop("major_disease")
    assert client.post(reverse("later:correct", args=[second.pk]), typed).status_code == 302
    assert set(LaterFact.objects.values_list("cause", flat=True)) == {"category", "reversal", "correction"}
    assert LaterFact.objects.get(cause="correction").facts == {"total": 3_000_000, "in_scope": 3_000_000}
    fact = LaterFact.objects.get(cause="reversal")
    client.post(reverse("later:take_back", args=[first.pk]), {"fact": fact.pk})
    assert not LaterFact.objects.filter(cause="reversal").exists()
    before = now(first).personal_burden
    paid = {
        "payer": "commercial",
        "payer_name": "惠民保",
        "amount": "500.00",
        "paid_on": "2023-06-01",
        "evidence": "赔付 7",
    }
    client.post(reverse("later:other", args=[first.pk]), paid)
    assert OtherPayment.objects.get().amount == 50_000
    assert before - now(first).personal_burden == 50_000
    assert "惠民保" in client.get(reverse("claims:claim", args=[first.pk])).content.decode()


def test_an_old_statement_shows_the_facts_of_its_time(late, client):
    claim = late[0]
    old = now(claim)
    test_a_reversal_a_correction_and_another_payer_by_page(late, client)
    page = client.get(reverse("claims:claim", args=[claim.pk]), {"settlement": old.pk})
    assert page.context["statement"].left.amount == old.personal_burden
    assert "其他支付 500.00" not in page.context["statement"].left.formula
    page = client.get(reverse("claims:claim", args=[claim.pk]))
    assert "其他支付 500.00" in page.context["statement"].left.formula


def test_the_statement_of_a_year_adds_up_in_figures_and_capitals(late, client):
    year = PersonYear.objects.get()
    page = client.get(reverse("later:year", args=[year.pk]))
    assert page.context["statement"].totals["personal_burden"] == year.personal_burden
    assert page.context["statement"].paid == year.cii_paid + year.assistance + year.top_up
    assert "大写" in page.content.decode()
    assert page.context["capital"].endswith("整")


def test_a_strangers_year_and_case_are_not_there(late, client):
    client.post(reverse("later:prepare"), {"cause": "category"})
    client.force_login(make_user(Role.CASE_WORKER, username="far", region="370800000000"))
    for name, pk in (("case", Resettlement.objects.get().pk), ("year", PersonYear.objects.get().pk)):
        assert client.get(reverse(f"later:{name}", args=[pk])).status_code == 404
    assert client.get(reverse("later:reverse", args=[Claim.objects.first().pk])).status_code == 404


def test_s4_06_the_year_end_is_run_by_page_only_when_the_year_is_over(worker, client):
    make_spell(make_person(), "subsistence")
    answer = client.post(reverse("later:run_year_end"), {"region": "150500000000", "year": "2099"}, follow=True)
    assert "尚未结束" in answer.content.decode()
