"""Pages of claims: who sees what, in how many queries, and what stands there."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils.html import escape

from accounts.models import ReadRecord
from accounts.vocabulary import Role
from accounts.waiting import counted
from claims import selectors, statements
from claims.contradictions.models import Contradiction
from claims.entry import services as entries
from claims.models import Claim, ClaimEntry
from claims.services import settle_person_year
from policies import selectors as law_selectors
from policies.models import PolicyParameter
from tests.claims.makers import fen, make_person, make_spell, new_claim, now, record

pytestmark = pytest.mark.django_db
READERS = {Role.CASE_WORKER, Role.REVIEWER, Role.FUND_OFFICER, Role.SUPERVISOR}


@pytest.fixture
def person(law):
    one = make_person()
    make_spell(one, "subsistence")
    return one


def page(client, name: str, *args: object, **query: object):
    return client.get(reverse(name, args=args), query)


def text(response) -> str:
    return response.content.decode()


def table(response) -> list[str]:
    return [row.claim_no for row in response.context["listing"].page.rows]


@pytest.mark.parametrize("role", Role)
def test_who_sees_claims(role, client, users, person):
    claim = record(person, "2023-05-01", 10000, 1000)
    client.force_login(users[role])
    wanted = 200 if role in READERS else 403
    assert page(client, "claims:list").status_code == wanted
    assert page(client, "claims:claim", claim.pk).status_code == wanted
    assert page(client, "claims:new").status_code == (200 if role == Role.CASE_WORKER else 403)
    assert ("登记费用" in text(page(client, "claims:list"))) == (role == Role.CASE_WORKER)


def test_claims_of_another_region_are_not_there(client, users, law):
    far = record(make_person(region="370811000000"), "2023-05-01", 10000, 1000)
    client.force_login(users[Role.CASE_WORKER])
    assert page(client, "claims:claim", far.pk).status_code == 404
    assert table(page(client, "claims:list")) == []


def test_the_list_and_the_statement_take_few_queries(client, users, person, django_assert_max_num_queries):
    claims = [record(person, f"2023-05-{day:02d}", 9000 + day, 1000, day * 100) for day in range(1, 16)]
    client.force_login(users[Role.CASE_WORKER])
    page(client, "claims:claim", claims[0].pk)  # the law is read once and kept
    with django_assert_max_num_queries(5):
        assert len(table(page(client, "claims:list"))) == 15
    with django_assert_max_num_queries(13):
        assert page(client, "claims:claim", claims[7].pk).status_code == 200


def test_every_filter_of_the_list(client, users, person):
    other = make_person(region="150522000000")
    a = record(person, "2023-05-01", 50000, 9000, claim_no="A", platform_cii=0, platform_assistance=0)
    record(person, "2023-06-01", 3000, 1000, 2000, claim_no="B", service="outpatient", institution="H9")
    record(other, "2023-07-01", 3000, 1000, claim_no="C")
    assert now(a).cii_paid
    client.force_login(users[Role.CASE_WORKER])
    asked = {
        "": ["C", "B", "A"],
        "first=2023-06-01": ["C", "B"],
        "first=2023-05-01&last=2023-06-01": ["B", "A"],
        "service=outpatient": ["B"],
        "category=subsistence": ["B", "A"],
        "category=none": ["C"],
        "county=150522000000": ["C"],
        "number=B": ["B"],
        "over_control=on": ["B"],
        "audit=on": ["A"],
        "institution=H9": ["B"],
        "sort=total": ["C", "B", "A"],
    }
    for query, wanted in asked.items():
        assert table(client.get(f"{reverse('claims:list')}?{query}")) == wanted, query


def test_s1_18_one_statement_with_every_tier_its_formula_and_clause(client, users, person):
    record(person, "2023-02-01", 40000, 15000)
    claim = record(person, "2023-05-01", 90000.55, 30000.11, 12000, other_paid=fen(321.09))
    client.force_login(users[Role.CASE_WORKER])
    response = page(client, "claims:claim", claim.pk)
    shown, statement, made = text(response), response.context["statement"], now(claim)
    steps = {line.label: line for line in statement.lines}
    assert steps["医疗费总额"].amount == claim.total
    assert steps["大病保险支付"].amount == made.cii_paid > 0
    assert steps["医疗救助支付（低保对象、返贫致贫人口住院救助）"].amount == made.assistance > 0
    assert steps["倾斜救助"].amount == made.top_up
    assert (statement.left.label, statement.left.amount) == ("个人负担", made.personal_burden)
    # Downwards it is a sum: what it cost less what everyone paid is what is left.
    paid = claim.basic_paid + made.cii_paid + made.assistance + made.top_up + claim.other_paid
    assert claim.total - paid == made.personal_burden
    for line in [*statement.lines, statement.left]:
        assert escape(line.label) in shown
        assert escape(line.formula) in shown
        assert all(f'href="#{clause}"' in shown for clause in line.clauses)
    assert {"S1-10", "S1-12", "S1-14", "S1-15", "S1-21"} <= {quote.clause.id for quote in statement.quotes}
    for quote in statement.quotes:
        assert f'id="{quote.clause.id}"' in shown
        assert escape(quote.clause.text) in shown
        assert all(escape(reading.text) in shown for reading in quote.readings)
    assert "示例" in shown  # the critical-illness deductible is an illustration and says so
    assert person.masked_id_number in shown
    assert person.id_number not in shown


def test_opening_a_statement_is_on_record(client, users, person):
    claim = record(person, "2023-05-01", 10000, 1000)
    client.force_login(users[Role.SUPERVISOR])
    page(client, "claims:claim", claim.pk)
    found = ReadRecord.objects.get()
    assert (found.user, found.subject, found.what) == (users[Role.SUPERVISOR], f"person:{person.pk}", "file")


def test_a_superseded_settlement_stays_to_be_seen(client, users, person):
    claim = record(person, "2023-05-01", 60000, 10000)
    old = now(claim)
    record(person, "2023-03-01", 60000, 10000)
    client.force_login(users[Role.CASE_WORKER])
    response = page(client, "claims:claim", claim.pk)
    assert [one.settlement.pk for one, *_why in response.context["earlier"]] == [old.pk]
    assert "已被取代的结算" in text(response)


def test_yesterdays_statement_is_given_again_after_a_figure_was_corrected(person):
    """An illustration gives way to the published figure: what was settled keeps its numbers and their marks."""
    claim = record(person, "2023-05-01", 90000, 30000)
    settled = selectors.history(claim)[0]
    before = statements.of_settlement(settled.settlement, claim, settled.categories)
    PolicyParameter.objects.filter(policy="tongliao", key="cii_deductible", year=2023).update(
        value="20000.00", status="published", source="通辽市医疗保障局"
    )
    law_selectors._tables.clear()
    settled = selectors.history(claim)[0]
    assert statements.of_settlement(settled.settlement, claim, settled.categories) == before
    assert settle_person_year(person_id=person.pk, year=2023, actor=None).superseded == 1
    fresh = selectors.history(claim)[0]
    after = statements.of_settlement(fresh.settlement, claim, fresh.categories)
    assert fresh.settlement.cii_paid < settled.settlement.cii_paid
    assert any("20000.00元" in mark and "已公布" in mark for line in after.lines for mark in line.marks)


def test_s2_15_assistance_of_another_document_is_no_zero_and_no_difference(client, law, users):
    region = "370811000000"
    one = make_person(region=region)
    make_spell(one, "subsistence")
    claim = record(one, "2023-05-01", 60000, 20000, platform_assistance=fen(3000))
    settled = selectors.history(claim)[0]
    statement = statements.of_settlement(settled.settlement, claim, settled.categories)
    (line,) = [line for line in statement.lines if line.label == "医疗救助支付"]
    assert line.amount is None
    assert "不由本文件规定" in line.formula
    assert "济政办发〔2022〕14号" in line.formula
    assert selectors.differs(claim, settled.settlement) == {}
    assert not selectors.with_settlement().filter(selectors.audit_difference()).exists()


def test_a_difference_to_the_platform_is_shown_and_nothing_overwritten(client, users, person):
    claim = record(person, "2023-05-01", 60000, 20000, platform_cii=fen(100), platform_assistance=0)
    client.force_login(users[Role.REVIEWER])
    shown = text(page(client, "claims:claim", claim.pk))
    assert "复核差异" in shown and "平台 100.00" in shown
    claim.refresh_from_db()
    assert claim.platform_cii == fen(100)


def entry(person, **changes: str) -> dict[str, str]:
    return {
        "id_number": person.id_number,
        "settled_on": "2023-05-01",
        "service": "inpatient",
        "hospital_level": "3",
        "charge_class": "1",
        "location": "outside",
        "referred": "not_needed",
        "insurance": "390",
        "total": "61,000.5",
        "in_scope": "60000",
        "basic_paid": "20000",
        **changes,
    }


def test_the_preview_follows_what_is_typed(client, users, person):
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("claims:preview")
    empty = text(client.post(url, {}))
    assert "还要填写" in empty and "身份证号" in empty
    wrong = text(client.post(url, entry(person, total="12.345", id_number="150521196001010013")))
    assert "小数超过两位" in wrong and "校验码" in wrong
    assert "超过政策范围内费用" in text(client.post(url, entry(person, basic_paid="60000.01")))
    good = client.post(url, entry(person))
    assert "一单" not in text(good) and "尚未登记" in text(good)
    assert good.context["statement"].left.amount == good.context["outcome"].steps.personal_burden
    assert not Claim.objects.exists()
    assert client.get(url).status_code == 405


def test_an_entered_bill_waits_for_a_second_person_and_is_not_entered_twice(client, users, person):
    client.force_login(users[Role.CASE_WORKER])
    response = client.post(reverse("claims:new"), entry(person, claim_no="P1"))
    waits = ClaimEntry.objects.get()
    assert response.headers["Location"] == reverse("claims:entry", args=[waits.pk])
    assert (waits.state, waits.entered_by, waits.total) == ("submitted", users[Role.CASE_WORKER], 61_000_50)
    assert waits.settled_on == date(2023, 5, 1)
    assert person.id_number not in str(waits.values)
    assert not Claim.objects.exists()
    record(person, "2023-06-01", 100, 0, claim_no="P2")
    for number, why in (("P1", "正在复核"), ("P2", "已经登记")):
        again = client.post(reverse("claims:new"), entry(person, claim_no=number))
        assert (again.status_code, why in text(again)) == (200, True)
    assert ClaimEntry.objects.count() == 1


def test_the_form_opened_from_a_person_does_not_show_the_number(client, users, person):
    client.force_login(users[Role.CASE_WORKER])
    url = f"{reverse('claims:new')}?person={person.pk}"
    shown = text(client.get(url))
    assert person.name in shown
    assert person.id_number not in shown
    data = entry(person)
    del data["id_number"]
    assert client.post(url, data).status_code == 302
    assert ClaimEntry.objects.get().person == person
    far = make_person(region="370811000000")
    assert client.get(f"{reverse('claims:new')}?person={far.pk}").status_code == 404


def test_a_person_page_has_the_claims_by_year(client, users, person, django_assert_max_num_queries):
    record(person, "2023-05-01", 60000, 20000, claim_no="P1")
    record(person, "2024-01-01", 6000, 2000, claim_no="P2")
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("beneficiaries:person_tab", args=[person.pk, "claims"])
    client.get(url)
    with django_assert_max_num_queries(11):
        # One of them is the year whose burden stands beside the warning lines.
        response = client.get(url)
    shown = text(response)
    assert shown.index("P2") < shown.index("P1")
    assert "预警口径金额" in shown
    client.force_login(users[Role.CLERK])
    assert "P1" not in text(client.get(reverse("beneficiaries:person", args=[person.pk])))


def test_what_waits_for_whom_is_one_query(client, users, person, django_assert_num_queries):
    worker, reviewer = users[Role.CASE_WORKER], users[Role.REVIEWER]
    bills = {"a": "2023-05-01", "b": "2023-05-02"}
    a, _b = (
        entries.submit(actor=worker, entry=None, person=person, claim=new_claim(day, 500, claim_no=number))
        for number, day in bills.items()
    )
    entries.submit(actor=None, entry=None, person=person, claim=new_claim("2023-05-03", 500), sent_by="外地医院")
    entries.return_entry(actor=reviewer, entry=a, reason="总额不符")
    common = {"person": person, "region_id": person.region_id, "day": date(2023, 5, 1), "digest": "0"}
    late = {"state": "answered", "answer": "will_fix", "text": "核实", "fix_by": date(2023, 6, 1)}
    for key, kind, more in (("1", "after_death", {}), ("2", "platform_differs", {}), ("3", "after_death", late)):
        Contradiction.objects.create(kind=kind, key=key, **common, **more)
    both = {"待处理的疑点": 1, "待处理的复核差异": 1, "整改逾期的疑点": 1}
    for user, wanted in ((reviewer, {"待复核的录入费用": 2}), (worker, {"退回修改的录入费用": 1})):
        with django_assert_num_queries(1):
            found = counted(user, selectors.waiting(user))
        assert {str(one.label): one.count for one in found} == wanted | both
        client.force_login(user)
        for one in found:
            assert len(client.get(one.url).context["listing"].page.rows) == one.count, one.label
    with django_assert_num_queries(0):
        assert counted(users[Role.CLERK], selectors.waiting(users[Role.CLERK])) == []


def test_a_name_leads_to_the_person_only_for_who_may_open_it(person, users, client):
    """The fund's officer reads claims and their statements, not the register of persons."""
    claim = record(person, "2023-03-05", 2_000, 900)
    found = Contradiction.objects.create(
        kind="after_death",
        key="k",
        person=person,
        region_id=person.region_id,
        day=date(2023, 3, 5),
        evidence={"died": "2023-03-01", "claim_no": "S1", "total": 100},
        digest="0",
    )
    places = [("claims:claim", claim.pk), ("later:year", person.years.get().pk), ("claims:contradiction", found.pk)]
    link = f'href="{reverse("beneficiaries:person", args=[person.pk])}"'
    for role, leads in ((Role.CASE_WORKER, True), (Role.FUND_OFFICER, False)):
        client.force_login(users[role])
        for name, pk in places:
            assert (link in text(page(client, name, pk))) is leads, (role, name)
