"""The month's other lists: withdrawals, serious diseases, new monitored people, burden outside the catalogue.

What was closed never changes; a department is told of each person once.
"""

import random
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.audit import events_of
from accounts.models import Region
from accounts.vocabulary import Department, Role
from accounts.waiting import counted
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.models import CategorySpell, Person, id_key
from claims.models import Claim, Settlement
from exchange import deliveries
from exchange import services as inbound
from exchange.models import Delivery, InboundFile
from monitoring import services
from monitoring.books.services import BooksError, reconcile, remind
from monitoring.feedback import FEEDBACK as KIND
from monitoring.lists import selectors
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback, ListedPerson
from monitoring.obligations.selectors import month_of_duties
from monitoring.selectors import waiting
from policies.models import PolicyVersion
from policies.services import figures_now
from tests.factories import CITY, make_user
from tests.monitoring.makers import DAY, make_person, make_places, make_spell, make_warned, make_year, number

MAY = date(2023, 5, 1)
CIVIL, RURAL = Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION
GUANGXI, JINING = "450121000000", "370811000000"
_claims = iter(range(1, 10_000))


def rows(delivery):
    return deliveries.read_rows(Delivery.objects.get(pk=delivery.pk))


def push(region=CITY, month=MAY):
    place = Region.objects.get(pk=region)
    last = date(month.year, month.month + 1, 1) - date.resolution
    services.scan_region(region=place, on=last, actor=None)
    written = services.push_warnings(region=place, month=month, actor=None)
    return {(one.kind, one.department): one for one in written}


def bill(person: Person, day: date = date(2023, 5, 10), *, left: int = 0, borne: int = 0, **facts) -> Claim:
    """A claim with its settlement; `left` is the cost outside the catalogue, fen."""
    policy = "guangxi" if person.region_id.startswith("45") else "jining"
    version = PolicyVersion.objects.get(policy=policy, validity__contains=day)
    claim = Claim.objects.create(
        claim_no=f"L{next(_claims):06}",
        person=person,
        region_id=person.region_id,
        settled_on=day,
        hospital_level=2,
        location="city",
        referred="not_needed",
        total=2_000_000,
        in_scope=1_000_000,
        out_of_catalogue=left,
        **{"service": "inpatient"} | facts,
    )
    Settlement.objects.create(
        claim=claim, version=version, figures=figures_now(version), category="none", institution_borne=borne
    )
    return claim


# --- what departments believe -------------------------------------------------------------------------------------
def test_what_any_department_believes_is_kept_with_what_is_said(law):
    """Any order of lists and withdrawals, to departments of several regions: what each was told last counts."""
    chance, said = random.Random(7), {}
    for n in range(6):
        make_warned(number(n), 30000)
    services.scan_region(region=Region.objects.get(pk=CITY), on=DAY, actor=None)
    warnings, trail = list(BurdenWarning.objects.all()), events_of(BurdenWarning).objects
    before = trail.count()
    for _turn in range(60):
        department, region = chance.choice([CIVIL, RURAL]), chance.choice([CITY, "150521000000"])
        partner = deliveries.partner_of(department=department, region=Region.objects.get(pk=region))
        gone, told = chance.random() < 0.6, chance.sample(warnings, chance.randint(1, 4))
        delivery = deliveries.create_delivery(
            actor=None, partner=partner, kind="withdrawals" if gone else "warnings", month=MAY, columns=(), rows=()
        )
        DeliveredWarning.objects.bulk_create(
            DeliveredWarning(delivery=delivery, warning=one, amount=1, line=1, withdrawal=gone) for one in told
        )
        said |= {(one.pk, department, region): not gone for one in told}
        believed = {pk for (pk, _department, _region), stands in said.items() if stands}
        assert set(BurdenWarning.objects.filter(believed=True).values_list("pk", flat=True)) == believed
    assert set(said.values()) == {True, False}
    assert trail.count() == before, "it is worked out, not decided: no trail of its own"


# --- what was closed stays closed ---------------------------------------------------------------------------------
def test_a_closed_list_cannot_change_and_what_was_said_stays_said(law):
    make_warned("150521198001010010", 30000)
    first = push()["warnings", CIVIL]
    for change in ({"body": "x"}, {"sha256": "0" * 64}, {"rows": 9}, {"month": DAY}, {"number": "another"}):
        with pytest.raises(IntegrityError, match="已关闭"), transaction.atomic():
            Delivery.objects.filter(pk=first.pk).update(**change)
    Delivery.objects.filter(pk=first.pk).update(state="parked", last_error="x")
    for change in (lambda: DeliveredWarning.objects.update(amount=1), lambda: DeliveredWarning.objects.all().delete()):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            change()


def test_a_correction_after_closing_goes_as_a_list_of_its_own_with_the_reason(law):
    person = make_warned("150521198001010010", 30000)
    first = push()["warnings", CIVIL]
    sealed = deliveries.file_bytes(Delivery.objects.get(pk=first.pk))
    make_year(person, 5000.5)
    written = push()
    assert set(written) == {("withdrawals", CIVIL), ("withdrawals", RURAL)}
    (gone,) = rows(written["withdrawals", CIVIL])
    warning = BurdenWarning.objects.get()
    assert gone == {
        "warning_no": warning.number,
        "id_number": "150521198001010010",
        "name": "乌云其其格",
        "region": person.region_id,
        "kind": "illness_poverty",
        "amount": "30000.00",
        "reason": "更正后累计 5000.50 元，未达到预警线",
        "withdrawn_on": "2023-05-31",
    }
    assert deliveries.file_bytes(Delivery.objects.get(pk=first.pk)) == sealed
    assert push() == {}, "they know that it is withdrawn"


def test_a_warning_nobody_was_told_of_is_withdrawn_in_silence(law):
    person = make_warned("150521198001010010", 30000)
    services.scan_region(region=Region.objects.get(pk=CITY), on=DAY, actor=None)
    make_year(person, 100)
    assert {kind for kind, _department in push()} == {"warnings"}
    assert not DeliveredWarning.objects.exists()
    assert not selectors.untold(BurdenWarning.objects.all()).exists()


def test_what_is_to_withdraw_waits_at_the_workbench_until_every_department_knows(law, client):
    worker = make_user(Role.CASE_WORKER)
    client.force_login(worker)

    def waits() -> list[str]:
        lines = {one.url: one.count for one in counted(worker, waiting(worker)) if "untold" in one.url}
        pages = {url: client.get(url).context["listing"] for url in lines}
        assert {url: len(page.entries) for url, page in pages.items()} == lines
        return [entry["row"].number for page in pages.values() for entry in page.entries]

    person, other = make_warned(number(1), 30000), make_warned(number(2), 30000)
    push()
    assert waits() == []
    make_year(person, 100)
    services.scan_region(region=Region.objects.get(pk=CITY), on=DAY, actor=None)
    assert waits() == [BurdenWarning.objects.get(person=person).number]
    told = services.tell_withdrawals(
        actor=None, department=CIVIL, region=Region.objects.get(pk=CITY), month=MAY, last=DAY
    )
    assert len(told) == 1 and len(waits()) == 1, "the other department does not know"
    push()
    assert waits() == []
    make_year(person, 30000)
    push()
    make_year(person, 100)
    make_year(other, 100)
    services.scan_region(region=Region.objects.get(pk=CITY), on=DAY, actor=None)
    assert len(waits()) == 2, "told again that it stands, and withdrawn again"
    push()
    assert waits() == []


def test_past_the_higher_line_the_lower_warning_is_withdrawn_at_the_partner_too(law):
    person = make_warned("150521198001010010", 12000)
    push()
    make_year(person, 30000)
    written = push()
    (new,), (gone,) = rows(written["warnings", CIVIL]), rows(written["withdrawals", CIVIL])
    assert (new["kind"], gone["kind"], gone["reason"]) == ("illness_poverty", "relapse", "已转为另一种预警")


def test_the_books_ask_for_what_stands_and_name_what_should_have_gone(law):
    person, other = make_warned(number(1), 30000), make_warned(number(2), 30000)
    push()
    make_year(person, 100)
    push()
    worker = make_user(Role.CASE_WORKER)
    numbers = {one.person_id: one.number for one in BurdenWarning.objects.all()}
    line = {one.pk: f"{numbers[one.pk]},{one.id_number}\n" for one in (person, other)}

    def books(*people):
        text = "预警编号,身份证号\n" + "".join(line[one.pk] for one in people)
        facts = {"region": Region.objects.get(pk=CITY), "department": CIVIL, "month": MAY, "name": "清单.csv"}
        return reconcile(actor=worker, content=text.encode(), **facts)

    assert books(other).agrees
    both = books(person, other)
    assert (both.agrees, both.withdrawn, both.unknown) == (False, [numbers[person.pk]], [])


# --- S3-15 --------------------------------------------------------------------------------------------------------
@pytest.fixture
def guangxi(law):
    make_places(GUANGXI)
    return Region.objects.get(pk=GUANGXI)


def test_s3_15_patients_of_listed_diseases_are_named_to_rural_revitalization_and_civil_affairs(guangxi):
    ill = make_person(number(1), region=GUANGXI)
    bill(ill, disease_code="C34.900", disease_name="肺恶性肿瘤")
    bill(ill, date(2023, 5, 20), service="major_chronic")
    dialysis = make_person(number(2), region=GUANGXI)
    bill(dialysis, service="major_chronic")
    for at, facts in enumerate(({"disease_code": "J18.900"}, {"day": date(2023, 4, 30), "disease_code": "C34"})):
        bill(make_person(number(10 + at), region=GUANGXI), **facts)
    reversed_one = bill(make_person(number(12), region=GUANGXI), disease_code="D66.x00")
    Claim.objects.filter(pk=reversed_one.pk).update(reversed_at="2023-05-31T00:00:00Z")
    written = push(GUANGXI)
    assert {department for kind, department in written if kind == "serious"} == {CIVIL, RURAL}
    found = {row["id_number"]: row for row in rows(written["serious", CIVIL])}
    assert set(found) == {ill.id_number, dialysis.id_number}
    assert found[ill.id_number]["disease"] == "恶性肿瘤、重特大门诊特殊慢性病"
    assert (found[ill.id_number]["claims"], found[ill.id_number]["settled_on"]) == ("2", "2023-05-20")
    assert found[dialysis.id_number]["disease"] == "重特大门诊特殊慢性病"


def test_s3_15_a_further_list_of_the_month_names_only_new_patients(guangxi):
    bill(make_person(number(1), region=GUANGXI), service="major_chronic")
    push(GUANGXI)
    assert not [one for one in push(GUANGXI) if one[0] == "serious"]
    later = make_person(number(2), region=GUANGXI)
    bill(later, service="major_chronic")
    again = push(GUANGXI)
    assert [row["id_number"] for row in rows(again["serious", RURAL])] == [later.id_number]
    assert again["serious", RURAL].number == "serious-450121-rural_revitalization-2023-05-2"
    june = push(GUANGXI, date(2023, 6, 1))
    assert june["serious", RURAL].rows == 0, "nobody's claims of June: the list says so"


def test_s3_15_verification_of_a_listed_patient_comes_back_by_the_number_of_the_row(guangxi):
    ill, other = (make_person(number(at), region=GUANGXI, name=f"测试{at}") for at in (1, 2))
    for person in (ill, other):
        bill(person, service="major_chronic")
    written = push(GUANGXI)
    told = {row["id_number"]: row["warning_no"] for row in rows(written["serious", CIVIL])}
    assert told == {row["id_number"]: row["warning_no"] for row in rows(written["serious", RURAL])}
    assert told[ill.id_number] == f"ZB202305-450121-{ill.pk:07}" and len(set(told.values())) == 2

    def answers(*lines: str, department: str = RURAL, afresh: bool = False) -> InboundFile:
        text = "预警号,身份证号,姓名,核实结果,人员类别,认定日期\n" + "\n".join(lines)
        facts = {"kind": "feedback", "region": GUANGXI, "month": MAY, "name": "反馈.csv", "content": text.encode()}
        file = inbound.receive_file(actor=None, department=department, afresh=afresh, **facts)
        return inbound.prepare_file(file_id=file.pk)

    reminder = remind(actor=None, region=guangxi, department=RURAL, month=MAY)
    assert [row["warning_no"] for row in rows(reminder)] == sorted(told.values())
    assert {row["kind"] for row in rows(reminder)} == {"serious"}

    line = f"{told[ill.id_number]},{ill.id_number},测试1,已纳入,突发严重困难户,2023-06-05"
    rest = f"{told[other.id_number]},{other.id_number},测试2,不符合,,"
    file = answers(line, rest)
    assert list(file.rows.order_by("row").values_list("outcome", "code")) == [("new", ""), ("new", "")]
    inbound.confirm_file(file_id=file.pk, actor=None)
    spell = CategorySpell.objects.get(person=ill)
    assert (spell.category, spell.department, spell.source_id) == ("sudden_hardship", RURAL, file.pk)
    said = {one.listed.person_id: (one.result, one.warning, one.spell) for one in Feedback.objects.all()}
    assert said == {ill.pk: ("certified", None, spell), other.pk: ("not_eligible", None, None)}
    again = answers(line, rest, afresh=True)
    assert set(again.rows.values_list("outcome", flat=True)) == {"unchanged"}
    wrong = answers(
        f"{told[ill.id_number]},{other.id_number},测试2,不符合,,", "ZB202304-450121-0000001,,,不符合,,", rest
    )
    found = list(wrong.rows.order_by("row").values_list("outcome", "code"))
    assert found == [("doubtful", "id_differs"), ("error", "missing"), ("unchanged", "")]
    assert KIND.beside(list(wrong.rows.filter(outcome="doubtful")))
    for department, code in ((CIVIL, ""), (Department.DISABLED_FEDERATION, "not_told")):
        assert answers(rest, department=department).rows.get().code == code
    with pytest.raises(BooksError, match="没有逾期"):
        remind(actor=None, region=guangxi, department=CIVIL, month=date(2023, 4, 1))
    changed = inbound.confirm_file(file_id=answers(rest.replace("不符合", "已在帮扶")).pk, actor=None)
    assert [one.result for one in Feedback.objects.filter(superseded_at=None).order_by("id")] == [
        "certified",
        "already",
    ]
    inbound.undo_file(file_id=changed.pk, actor=None)
    inbound.undo_file(file_id=file.pk, actor=None)
    assert not Feedback.objects.exists() and not CategorySpell.objects.filter(person=ill).exists()


def test_s3_15_new_monitored_people_are_told_to_medical_security_and_health_once(guangxi):
    new = make_warned(number(1), 20000, "exited_poverty", region=GUANGXI)
    turned = make_person(number(2), region=GUANGXI)
    make_spell(turned, "marginal_risk", date(2022, 1, 1), date(2023, 3, 31))
    make_spell(turned, "unstable_exit", date(2023, 4, 1))
    make_spell(make_person(number(3), region=GUANGXI), "subsistence", date(2023, 5, 2))
    make_spell(make_person(number(4), region=GUANGXI), "marginal_risk", date(2022, 12, 31))
    assert push(GUANGXI)["monitored", Department.HEALTH].rows == 0
    make_spell(new, "sudden_hardship", date(2023, 5, 15))
    written = push(GUANGXI)
    told = {department for kind, department in written if kind == "monitored"}
    assert told == {Department.HEALTH, Department.MEDICAL_SECURITY}
    (row,) = rows(written["monitored", Department.HEALTH])
    assert (row["id_number"], row["category"], row["valid_from"]) == (new.id_number, "sudden_hardship", "2023-05-15")
    assert row["warning_no"] == BurdenWarning.objects.get(person=new).number, "it came of our warning"
    june = push(GUANGXI, date(2023, 6, 1))
    assert june["monitored", Department.HEALTH].rows == 0, "once a year"
    assert ListedPerson.objects.filter(person=new).count() == 2


def test_s3_15_the_calendar_sees_the_lists_by_themselves(guangxi):
    def done(name):
        found = month_of_duties(guangxi, MAY, today=date(2023, 5, 31)).items
        return next(one for one in found if one.duty.name == name).done

    names = ("共享规定重病范围的患者名单", "共享因病新增监测对象")
    assert [done(name) for name in names] == [0, 0]
    push(GUANGXI)
    assert [done(name) for name in names] == [1, 1]


# --- S2-16 --------------------------------------------------------------------------------------------------------
def test_s2_16_burden_outside_the_catalogue_of_monitored_people_with_what_health_reported(law):
    make_places(JINING)
    heavy, light, other = (make_person(number(at), region=JINING) for at in (1, 2, 3))
    for person in (heavy, light):
        make_spell(person, "marginal_risk")
    make_spell(other, "subsistence")
    bill(heavy, date(2023, 2, 10), left=300_000, borne=50_000)
    bill(heavy, left=100_050)
    bill(light, left=0)
    bill(other, left=900_000)
    liaison = make_user(Role.LIAISON, region=JINING, department=Department.HEALTH, username="health")
    file = InboundFile.objects.create(
        kind="list", department=Department.HEALTH, region_id=JINING, month=MAY, name="患病.csv", uploaded_by=liaison
    )
    facts = {"department": Department.HEALTH, "region_id": JINING, "month": MAY, "result": "matched"}
    ComparisonRow.objects.create(
        file=file,
        row=2,
        person=heavy,
        id_number=heavy.id_number,
        id_key=id_key(heavy.id_number),
        status="尘肺",
        **facts,
    )
    written = push(JINING)
    (row,) = rows(written["out_of_catalogue", RURAL])
    assert ("out_of_catalogue", CIVIL) not in written
    assert (row["id_number"], row["illness"], row["category"]) == (heavy.id_number, "尘肺", "marginal_risk")
    assert (row["claims"], row["out_of_catalogue"], row["out_of_catalogue_burden"]) == ("2", "4000.50", "3500.50")


# --- pages --------------------------------------------------------------------------------------------------------
def test_the_month_s_page_shows_every_list_and_what_is_to_withdraw(guangxi, client):
    person = make_warned(number(1), 20000, "exited_poverty", region=GUANGXI)
    push(GUANGXI)
    CategorySpell.objects.filter(person=person).update(valid_to=date(2023, 5, 1))
    make_year(person, 100)
    services.scan_region(region=guangxi, on=DAY, actor=None)
    client.force_login(make_user(Role.CASE_WORKER, region=GUANGXI))
    page = client.get(reverse("monitoring:month") + f"?region={GUANGXI}&month=2023-05").content.decode()
    for text in ("重病患者名单", "新增监测对象", "serious-450121-civil_affairs-2023-05-1", "待撤回"):
        assert text in page
    services.push_warnings(region=guangxi, month=MAY, actor=None)
    page = client.get(reverse("monitoring:month") + f"?region={GUANGXI}&month=2023-05").content.decode()
    assert "withdrawals-450121-civil_affairs-2023-05-1" in page and ">撤回" in page.replace(" ", "").replace("\n", "")
