"""A person's page with much of everything: whichever tab is opened, by whom and how, it asks at most twelve times."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import acting
from accounts.models import Region, User
from accounts.services import record_read
from accounts.vocabulary import Role
from assistance.models import Application, Decision
from assistance.vocabulary import Kind, State
from beneficiaries.designations.services import designate
from beneficiaries.diseases.services import register_disease
from beneficiaries.enrolment.case_models import CoverageCase, PaymentMismatch
from beneficiaries.enrolment.models import Coverage, Enrolment, PersonMark, RegionYear
from beneficiaries.households.services import move_member
from beneficiaries.merging import services as merging
from beneficiaries.models import Person
from beneficiaries.panels import panels_for
from beneficiaries.persons.services import edit_person
from beneficiaries.spells.services import correct_spell
from monitoring.models import BurdenWarning, Feedback, FollowUp, Measure, Visit
from policies.models import PolicyVersion
from policies.services import load_documents
from tests.beneficiaries.enrolment.people import pay
from tests.claims.makers import make_person, make_spell, record
from tests.factories import COUNTIES, make_organisation, make_user

pytestmark = pytest.mark.django_db
MOST = 12
TODAY = date(2023, 6, 15)
PLACE = "150521100000"
PART = {"HX-Request": "true", "HX-Target": "tab"}
OWN_TABS = ("", "spells", "household", "diseases", "papers", "trail")
CATEGORIES = ("subsistence", "subsistence_margin", "unsupported_child", "orphan", "extreme_poverty")


@pytest.fixture
def law(tongliao, monkeypatch) -> PolicyVersion:
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *given: given[0].date() if given else TODAY)
    monkeypatch.setattr("config.navigation._finders", dict)  # what waits in the navigation is the frame's
    load_documents(actor=None)
    return PolicyVersion.objects.get(name="tongliao-2023")


def much_of_everything(one: Person, law: PolicyVersion, times: range) -> None:
    """Each kind of thing that a page can show, `times` over, each with other regions, households, users and files."""
    for n in times:
        worker = make_user(Role.CASE_WORKER, username=f"worker-{n}")
        with acting(worker, "web"):
            _certified(one, worker, n)
            _housed(one, worker, n)
            _merged(one, worker, n)
            _insured(one, n)
            _sick(one, worker, n)
            _applied(one, worker, law, n)
            _warned(one, worker, law, n)


def _certified(one: Person, worker: User, n: int) -> None:
    spell = make_spell(one, CATEGORIES[n], f"{2016 + n}-01-01", None if n % 2 else f"{2017 + n}-06-30")
    correct_spell(
        actor=worker,
        spell=spell,
        category=spell.category,
        valid_from=spell.valid_from + timedelta(days=1),
        valid_to=spell.valid_to,
        evidence=f"认定〔{n}〕号",
        reason="日期有误",
    )
    county = Region.objects.get(pk=list(COUNTIES)[n])
    facts = {"category": "other_hardship", "treated_as": "subsistence_margin", "document": f"〔2023〕{n}号"}
    designate(actor=worker, region=county, valid_from=date(2023, 6, 1), **facts)
    if n == 0:
        make_spell(one, "other_hardship", department="county_government")


def _housed(one: Person, worker: User, n: int) -> None:
    one = Person.objects.get(pk=one.pk)
    region = Region.objects.get(pk=list(COUNTIES)[n + 2])
    facts = {
        "reason": "迁移",
        "pinyin": one.pinyin,
        "address": f"第 {n} 组",
        "rural": n % 2 == 0,
        "phone": f"1390000000{n}",
    }
    edit_person(actor=worker, person=one, name=one.name, region=region, **facts)
    one = edit_person(actor=worker, person=one, name=one.name, region=Region.objects.get(pk=PLACE), **facts)
    move_member(actor=worker, person=one, number=f"户{n}", relation="户主", reason="迁入")
    if one.household_id:
        member = make_person(region=PLACE, name=f"家人{n}")
        make_spell(member, "subsistence")
        Person.objects.filter(pk=member.pk).update(household=one.household_id)


def _merged(one: Person, worker: User, n: int) -> None:
    other = make_person(region=PLACE, name=f"重复{n}")
    make_spell(other, CATEGORIES[n], "2015-01-01", "2016-12-31")
    merge = merging.propose_merge(actor=worker, kept=one, gone=other, reason="同一人")
    merging.confirm_merge(actor=None, merge=merge)
    if n % 2:
        merging.undo_merge(actor=None, merge=merge, reason="不是同一人")


def _insured(one: Person, n: int) -> None:
    year = 2023 - n
    Enrolment.objects.create(
        person=one, region_id=PLACE, year=year, base=38_000, fund=19_000, due=19_000, category=CATEGORIES[n]
    )
    pay(one, 190, year=year, on=f"{year - 1}-11-05")
    pay(one, 190, year=year, on=f"{year - 1}-12-05", kind="refund")
    window = {"window_from": date(year - 1, 10, 1), "window_to": date(year - 1, 12, 31)}
    RegionYear.objects.get_or_create(region_id="150521000000", year=year, defaults=window)
    months = date(2018, n + 1, 1)
    Coverage.objects.create(person=one, insurance="elsewhere", place="沈阳", valid_from=months, valid_to=months)
    since = {"since": months, "until": months}
    PersonMark.objects.create(person=one, kind="relocated", detail=f"安置点{n}", **since)
    CoverageCase.objects.create(person=one, region_id=PLACE, year=year, cause="unpaid")
    PaymentMismatch.objects.create(
        person=one, region_id=PLACE, year=year, kind="too_much", expected=19_000, actual=38_000
    )


def _sick(one: Person, worker: User, n: int) -> None:
    register_disease(
        actor=worker,
        person=one,
        register="special",
        code=f"X{n}",
        name=f"慢性病{n}",
        valid_from=date(2022, 1, 1 + n),
        source="门诊",
    )
    record(one, f"2023-02-{1 + n:02d}", 60_000, 10_000)
    record_read(actor=worker, what="file", subject=f"person:{one.pk}")


def _applied(one: Person, worker: User, law: PolicyVersion, n: int) -> None:
    made = Application.objects.create(
        number=f"SQ-{n}",
        person=one,
        region_id=PLACE,
        kind=Kind.CASE,
        rule="依申请救助资格",
        version=law,
        applied_on=date(2023, 3, 1 + n),
        reason="负担重",
        state=State.APPROVED if n % 2 else State.REJECTED,
        registrar=worker,
        office=make_organisation(),
    )
    if n % 2:
        facts = {"outcome": "approved", "kind": Kind.CASE, "amount": 100_000, "reason": "符合", "letter": f"〔{n}〕"}
        Decision.objects.create(application=made, round=1, decided_by=worker, decided_on=TODAY, **facts)


def _warned(one: Person, worker: User, law: PolicyVersion, n: int) -> None:
    state = "withdrawn" if n == 1 else "answered"
    warning = BurdenWarning.objects.create(
        number=f"YJ-{n}",
        person=one,
        region_id=PLACE,
        year=2023 - n // 2,
        kind=("illness_poverty", "relapse")[n % 2],
        state=state,
        amount=5_000_000,
        line=3_000_000,
        version=law,
        raised_on=date(2023 - n // 2, 3, 1),
        refreshed_on=date(2023 - n // 2, 4, 1),
        withdrawn_reason="费用冲正" if n == 1 else "",
    )
    for department in ("civil_affairs", "rural_revitalization"):
        Feedback.objects.create(warning=warning, department=department, result="already", verified_on=TODAY)
    ended = {"closed_on": TODAY, "outcome": "lifted"} if n % 2 else {}
    followup = FollowUp.objects.create(warning=warning, region_id=PLACE, owner=worker, opened_on=TODAY, **ended)
    days = {"begins_on": date(2023, 5, 1), "due_on": date(2023, 5, 31), "ended_on": date(2023, 5, 9)}
    for kind in ("temporary", "charity"):
        facts = {"kind": kind, "department": "civil_affairs", "owner_name": "乌兰", "outcome": "achieved"}
        Measure.objects.create(followup=followup, amount=50_000, **days, **facts)
        Visit.objects.create(followup=followup, on=date(2023, 5, 2 + n), how="home", text="入户看望", by=worker)


def asked(client, url: str, **headers: str) -> list[str]:
    """What the page asks the database, the session and who asks among it."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers=headers)
    assert answer.status_code == 200
    return [one["sql"] for one in queries]


def every_way(client, user: User, one: Person) -> dict[tuple[str, str], list[str]]:
    """By tab and way of opening: what is asked."""
    client.force_login(user)
    for tab in ("", "enrolment"):
        client.get(address(one, tab))  # the session is stamped, the law's text read: once for many pages
    ways = {"page": {}, "part": PART}
    tabs = (*OWN_TABS, *(panel.key for panel in panels_for(user)))
    return {(tab, way): asked(client, address(one, tab), **ways[way]) for tab in tabs for way in ways}


def address(one: Person, tab: str) -> str:
    if tab:
        return reverse("beneficiaries:person_tab", args=[one.pk, tab])
    return reverse("beneficiaries:person", args=[one.pk])


def test_every_tab_takes_few_queries_however_much_there_is_and_however_it_is_opened(client, law, users):
    one = make_person(region=PLACE)
    much_of_everything(one, law, range(2))
    few = every_way(client, users[Role.SUPERVISOR], one)
    much_of_everything(one, law, range(2, 5))
    many = every_way(client, users[Role.SUPERVISOR], one)
    assert {way: len(found) for way, found in many.items()} == {way: len(found) for way, found in few.items()}
    for found in (many, every_way(client, users[Role.CASE_WORKER], one), every_way(client, users[Role.CLERK], one)):
        assert not {way: statements for way, statements in found.items() if len(statements) > MOST}


def test_what_comes_along_in_one_query_is_all_there_in_its_words(client, law, users):
    one = make_person(region=PLACE)
    much_of_everything(one, law, range(2))
    client.force_login(users[Role.SUPERVISOR])
    timeline, enrolment, trail = (client.get(address(one, tab)).content.decode() for tab in ("", "enrolment", "trail"))
    for words in (
        "登记门诊特殊病：慢性病1",
        "2022 年参保退费",
        "民政核实反馈：已在帮扶",
        "临时救助：已落实",
        "入户跟踪：入户看望",
        "测试县级经办",
        "帮扶跟踪结案：风险已消除",
        "批准救助",
    ):
        assert words in timeline
    for words in (
        "外地参保（沈阳） 2018-02-01—2018-02-01",
        "易地搬迁 安置点1",
        "应缴 190.00，实缴 380.00",
        "2022-12-31",
    ):
        assert words in enrolment
    for words in (
        "所在地区 科尔沁左翼后旗 → 保康镇",
        "户 户0 → 户1",
        "联系电话 （已加密） → （已加密）",
        "提出人 测试县级经办",
    ):
        assert words in trail
    assert "<td>测试县级经办</td>" in trail and "worker-0" not in trail
    # A number that was written again as it was is no change, however it is encrypted.
    assert trail.count("联系电话") == 2 + 1


def test_what_the_engine_says_of_a_person_is_said_in_the_language_of_the_page(client, law, users):
    one = make_person(region=PLACE)
    for category in ("unsupported_child", "subsistence"):
        make_spell(one, category)
    _insured(one, 0)
    client.force_login(users[Role.SUPERVISOR])
    pages = {}
    for language in ("zh-hans", "en"):
        client.cookies["django_language"] = language
        pages[language] = "".join(
            client.get(address(one, tab)).content.decode() for tab in ("enrolment", "warnings", "entitled")
        )
    for words in (
        "资助身份（就高不就低）",
        "取资助最高的一类",
        "本年各次费用之和",
        "不在预警名单中",
        "事实无人抚养儿童",
    ):
        assert words in pages["zh-hans"] and words not in pages["en"], words
