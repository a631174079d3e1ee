"""Obligations: days from the documents, fulfilled by events, by department and county; records where no event shows."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.models import Level, Region
from accounts.vocabulary import Role, Section
from beneficiaries.enrolment.models import RegionYear
from exchange import deliveries
from exchange.models import InboundFile
from monitoring.models import ObligationRecord
from monitoring.obligations import services
from monitoring.obligations.selectors import month_of_duties
from policies.services import load_documents
from tests.factories import make_user
from tests.monitoring import examples

MAY = date(2023, 5, 1)
CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def law(users):
    load_documents(actor=None)


def came(department: str, region: str, day: date, kind: str = "roster", state: str = "confirmed") -> InboundFile:
    return InboundFile.objects.create(
        kind=kind,
        department=department,
        region_id=region,
        month=MAY,
        name="文件",
        state=state,
        sha256="0" * 64,
        uploaded_at=datetime(day.year, day.month, day.day, 9, tzinfo=CHINA),
    )


def items(region: str, month: date = MAY, today: date = date(2023, 6, 10)) -> dict:
    found = month_of_duties(Region.objects.get(code=region), month, today=today)
    return {(item.duty.clauses[0], item.duty.event, item.owner): item for item in found.items}


def test_s1_04_due_on_the_20th_late_or_missing_by_department_and_banner(law):
    county = "150521000000"
    came("civil_affairs", county, date(2023, 5, 20))
    came("rural_revitalization", county, date(2023, 5, 22))
    came("disabled_federation", county, date(2023, 5, 2), state="ready")
    found = items(county)
    states = {owner: found["S1-04", "roster", owner].state(date(2023, 6, 10)) for owner in ("民政", "乡村振兴", "残联")}
    assert states == {"民政": "done", "乡村振兴": "done_late", "残联": "late"}
    assert found["S1-04", "roster", "残联"].state(date(2023, 5, 20)) == "open"
    city = items("150500000000")["S1-04", "roster", "民政"]
    assert city.done == 1 and city.places > 1 and city.done_on is None and len(city.missing) == city.places - 1


def test_a_roster_of_the_city_covers_its_banners(law):
    came("civil_affairs", "150500000000", date(2023, 5, 8))
    city, county = items("150500000000"), items("150521000000")
    assert city["S1-04", "roster", "民政"].done_on == county["S1-04", "roster", "民政"].done_on == date(2023, 5, 8)


def test_s1_17_the_push_itself_fulfils_it(law):
    before = items("150500000000")["S1-17", "warnings", "医疗保障"]
    assert before.state(date(2023, 6, 1)) == "late" and before.due == date(2023, 5, 31)
    examples.warning(False)  # scanned and pushed to both departments
    after = items("150500000000")["S1-17", "warnings", "医疗保障"]
    assert after.done == after.places and after.done_on is not None


def test_s1_17_their_reply_is_a_file_of_each(law):
    came("civil_affairs", "150500000000", date(2023, 5, 30), kind="feedback")
    found = items("150500000000")
    assert found["S1-17", "feedback", "民政"].state(date(2023, 6, 1)) == "done"
    assert found["S1-17", "feedback", "乡村振兴"].state(date(2023, 6, 1)) == "late"


def test_s3_05_the_first_five_working_days(law):
    found = items("450100000000") if Region.objects.filter(code="450100000000").exists() else items("450000000000")
    assert found["S3-05", "roster", "民政"].due == date(2023, 5, 9), "May Day is not worked, 6 May is"


def test_s1_06_one_month_after_the_window_closes(law):
    city = Region.objects.get(code="150500000000")
    RegionYear.objects.create(region=city, year=2023, window_to=date(2023, 4, 15), source="通知")
    assert items("150500000000")["S1-06", "subsidy_request", "医疗保障"].due == date(2023, 5, 15)
    assert not any(event == "subsidy_request" for _c, event, _o in items("150500000000", date(2023, 4, 1)))


def test_s3_06_pushed_to_tax_within_five_working_days_of_the_roster(law):
    guangxi = Region.objects.get(code="450000000000")
    came("civil_affairs", guangxi.code, date(2023, 5, 8))

    def after_roster():
        found = month_of_duties(guangxi, MAY, today=date(2023, 6, 10)).items
        return next(item for item in found if item.duty.name == "参保登记后推送税务部门")

    waits = after_roster()
    assert waits.due == date(2023, 5, 15) and waits.done_on is None
    partner = deliveries.partner_of(department="tax", region=guangxi)
    with transaction.atomic():
        deliveries.create_delivery(
            actor=None, partner=partner, kind="enrolment", month=MAY, columns=("name",), rows=[("某",)]
        )
    assert after_roster().done_on is not None


@pytest.fixture
def plan(law):
    """Yangcheng's plan item of the section 待遇股, due at the end of January 2022."""
    region = Region.objects.get(code="140522000000")
    (item,) = [one for one in month_of_duties(region, date(2022, 1, 1)).items if one.recordable]
    return region, item


def facts(plan, **more):
    region, item = plan
    given = {"done_on": date(2022, 1, 20), "note": "阳医保〔2022〕3号"}
    return {"region": region, "policy": "yangcheng", "duty": item.duty, "month": item.due} | given | more


def test_s4_11_a_plan_item_has_an_owner_section_and_a_day(plan):
    region, item = plan
    assert item.owner == "待遇股" and item.due == date(2022, 1, 31) and item.state(date(2022, 2, 1)) == "late"
    other = make_user(Role.CASE_WORKER, region=region.code, section=Section.CHRONIC, username="chronic")
    mine = make_user(Role.CASE_WORKER, region=region.code, section=Section.BENEFITS, username="benefits")
    with pytest.raises(services.RecordError, match="待遇股"):
        services.record_done(actor=other, **facts(plan))
    with pytest.raises(services.RecordError, match="依据"):
        services.record_done(actor=mine, **facts(plan, note=" "))
    record = services.record_done(actor=mine, **facts(plan))
    with pytest.raises(services.RecordError, match="已于"):
        services.record_done(actor=mine, **facts(plan))
    (item,) = [one for one in month_of_duties(region, date(2022, 1, 1)).items if one.recordable]
    assert item.state(date(2022, 2, 1)) == "done" and item.record == record
    with pytest.raises(services.RecordError, match="登记人"):
        services.take_back(actor=other, record=record)
    services.take_back(actor=mine, record=record)
    assert not ObligationRecord.objects.exists()


def test_what_an_event_fulfils_takes_no_tick(law, users):
    duty = items("150500000000")["S1-17", "warnings", "医疗保障"].duty
    with pytest.raises(services.RecordError, match="无须登记"):
        services.record_done(
            actor=users[Role.CASE_WORKER],
            region=Region.objects.get(code="150500000000"),
            policy="tongliao",
            duty=duty,
            month=MAY,
            done_on=date(2023, 5, 31),
            note="已推送",
        )


def test_the_page_and_its_export(law, users, client, django_assert_max_num_queries):
    came("civil_affairs", "150521000000", date(2023, 5, 8))
    client.force_login(users[Role.SUPERVISOR])
    url = reverse("monitoring:obligations") + "?region=150500000000&month=2023-05"
    with django_assert_max_num_queries(21):
        page = client.get(url).content.decode()
    assert "还缺" in page and "已逾期" in page and "S1-04" in page
    exported = b"".join(client.get(url + "&export=csv").streaming_content).decode("utf-8-sig")
    assert exported.splitlines()[0].startswith("期限,事项,责任部门") and "民政" in exported


def test_recording_by_clicks(plan, client):
    region, item = plan
    mine = make_user(Role.CASE_WORKER, region=region.code, section=Section.BENEFITS, username="benefits")
    client.force_login(mine)
    url = reverse("monitoring:obligation_record") + f"?region={region.code}&month=2022-01"
    wrong = client.post(url, {"name": item.duty.name, "done_on": "2022-01-20", "note": ""})
    assert wrong.status_code == 422 and "data-wrong" in wrong.content.decode()
    done = client.post(url, {"name": item.duty.name, "done_on": "2022-01-20", "note": "已取消"})
    assert done.status_code == 302 and ObligationRecord.objects.get().by == mine
    page = client.get(done.url).content.decode()
    assert "撤回登记" in page
    client.post(reverse("monitoring:obligation_undo", args=[ObligationRecord.objects.get().pk]))
    assert not ObligationRecord.objects.exists()


def test_s2_14_progress_is_fed_back_to_the_city_county_by_county(law):
    city, county, owners = "370800000000", "370811000000", "医疗保障、民政、乡村振兴"
    places = list(Region.objects.filter(code__startswith="3708", level=Level.COUNTY).values_list("name", flat=True))
    duty = items(city)["S2-14", "", owners].duty

    def fed_back(code: str, day: int) -> None:
        worker = make_user(Role.CASE_WORKER, region=code, username=f"worker-{code}")
        facts = {"policy": "jining", "duty": duty, "month": MAY, "note": "五月进展已报市局"}
        services.record_done(actor=worker, region=Region.objects.get(code=code), done_on=date(2023, 5, day), **facts)

    fed_back(county, 29)
    found = items(city)["S2-14", "", owners]
    assert (found.due, found.done, found.places) == (date(2023, 5, 31), 1, len(places))
    assert found.state(date(2023, 6, 10)) == "late"
    assert set(places) - set(found.missing) == {Region.objects.get(code=county).name}
    own = items(county)["S2-14", "", owners]
    assert (own.done, own.places, own.note) == (1, 1, "五月进展已报市局")
    fed_back(city, 31)
    assert items(city)["S2-14", "", owners].state(date(2023, 6, 10)) == "done", "the city's covers all"
