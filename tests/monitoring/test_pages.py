"""Pages of monitoring and of the way out: who sees what, a fixed number of queries, what a click does."""

import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import Job, ReadRecord, Region, User
from accounts.vocabulary import Department, Role
from accounts.waiting import counted
from exchange import deliveries
from exchange.models import Delivery, Partner
from monitoring import selectors, services
from monitoring.models import BurdenWarning, Feedback, Scan
from tests.exchange.outbound import make_partner
from tests.factories import CITY, make_user
from tests.monitoring.makers import COUNTY, DAY, make_warned, number

State = BurdenWarning.State
CIVIL = Department.CIVIL_AFFAIRS


def city() -> Region:
    return Region.objects.get(code=CITY)


@pytest.fixture
def month(law):
    """Four people scanned in May, three of them over a line and told to two departments by the portal."""
    for at, (yuan, category) in enumerate(
        [(41000, "subsistence_margin"), (26000, "subsistence"), (12000, "marginal_risk"), (9000, "marginal_risk")]
    ):
        make_warned(number(at + 1), yuan, category, region=(COUNTY, "150502000000")[at % 2], name=f"测试{at}")
    services.scan_region(region=city(), on=DAY, actor=None)
    return services.push_warnings(region=city(), month=DAY, actor=None)


@pytest.fixture
def as_(client):
    def enter(role: Role, **more) -> User:
        user = make_user(role, **more)
        client.force_login(user)
        return user

    return enter


def listed(client, name="monitoring:list", query="") -> list:
    return [entry["row"] for entry in client.get(reverse(name) + query).context["listing"].entries]


def test_s1_16_the_list_stands_in_the_order_of_the_law(client, month, as_):
    as_(Role.CASE_WORKER)
    assert [row.person.name for row in listed(client)] == ["测试0", "测试2", "测试1"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?kind=relapse", ["测试2"]),
        ("?state=approaching", ["测试3"]),
        ("?state=withdrawn", []),
        ("?county=150502000000", ["测试1"]),
        ("?category=subsistence", ["测试1"]),
        ("?month=2023-05", ["测试0", "测试2", "测试1"]),
        ("?month=2023-06", []),
        ("?q=测试2", ["测试2"]),
        ("?sort=amount", ["测试2", "测试1", "测试0"]),
    ],
)
def test_filters_of_the_list(client, month, as_, query, names):
    as_(Role.CASE_WORKER)
    assert [row.person.name for row in listed(client, query=query)] == names


def test_the_list_takes_a_fixed_number_of_queries(client, month, as_, django_assert_max_num_queries):
    as_(Role.CASE_WORKER)
    with django_assert_max_num_queries(14):
        client.get(reverse("monitoring:list"))
    for at in range(30):
        make_warned(number(100 + at), 30000 + at)
    services.scan_region(region=city(), on=DAY, actor=None)
    with django_assert_max_num_queries(6):
        assert len(listed(client)) == 33


def test_exports_are_what_is_shown_and_are_recorded(client, month, as_):
    user = as_(Role.CASE_WORKER)
    text = b"".join(client.get(reverse("monitoring:list") + "?export=csv").streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 4
    assert "150521********" in text and number(1) not in text
    sheet = load_workbook(io.BytesIO(client.get(reverse("monitoring:list") + "?export=xlsx").content)).active
    assert sheet.max_row == 4
    assert ReadRecord.objects.filter(user=user, what=ReadRecord.What.EXPORT, subject="warnings").count() == 2


def test_a_county_sees_its_own_people(client, month, as_):
    as_(Role.CASE_WORKER, region=COUNTY)
    assert {row.region_id for row in listed(client)} == {COUNTY}
    other = BurdenWarning.objects.get(person__name="测试1")
    assert client.get(reverse("monitoring:warning", args=[other.pk])).status_code == 404


def test_a_liaison_sees_what_the_own_department_was_told_and_no_claims(client, month, as_):
    as_(Role.LIAISON)
    assert [row.person.name for row in listed(client)] == ["测试0", "测试2", "测试1"]
    assert listed(client, query="?state=approaching") == []
    told = BurdenWarning.objects.get(person__name="测试0")
    page = client.get(reverse("monitoring:warning", args=[told.pk]))
    assert page.status_code == 200
    assert page.context.get("months") is page.context.get("explained") is None
    assert "逐月累计" not in page.content.decode()
    near = BurdenWarning.objects.get(state=State.APPROACHING)
    assert client.get(reverse("monitoring:warning", args=[near.pk])).status_code == 404
    assert [d.department for d in listed(client, "exchange:deliveries")] == [CIVIL]


def test_a_liaison_of_a_department_that_was_not_told_sees_nothing(client, month, as_):
    as_(Role.LIAISON, department=Department.DISABLED_FEDERATION)
    assert listed(client) == []
    assert listed(client, "exchange:deliveries") == []
    assert client.get(reverse("exchange:delivery", args=[month[0].pk])).status_code == 404


def test_opening_a_warning_is_recorded(client, month, as_):
    user = as_(Role.SUPERVISOR)
    found = BurdenWarning.objects.get(person__name="测试1")
    client.get(reverse("monitoring:warning", args=[found.pk]))
    assert ReadRecord.objects.get(user=user).subject == f"person:{found.person_id}"


def test_a_warning_says_why_with_the_distance_to_each_line(client, month, as_):
    as_(Role.REVIEWER)
    relapse = BurdenWarning.objects.get(kind="relapse", state=State.PUSHED)
    page = client.get(reverse("monitoring:warning", args=[relapse.pk]))
    words = page.content.decode()
    assert "还差 8300.01" in words, "to the higher line, which one must exceed"
    assert "12000.00 已超过 10150.00" in words
    assert "S1-16" in words
    assert [line["step"] for line in page.context["explained"]] == [
        "measure",
        "line_illness_poverty",
        "line_relapse",
        "verdict",
    ]


# --- the month ----------------------------------------------------------------------------------------------------
def test_the_month_counts_per_department(client, month, as_, django_assert_max_num_queries):
    user = as_(Role.CASE_WORKER)
    liaison = make_user(Role.LIAISON)
    deliveries.acknowledge_fetch(actor=liaison, delivery=month[0])
    Feedback.objects.create(
        warning=BurdenWarning.objects.get(person__name="测试1"), department=CIVIL, result="already", verified_on=DAY
    )
    make_warned(number(50), 50000)
    services.scan_region(region=city(), on=DAY, actor=None)
    desks = selectors.month_page(user, city(), DAY.replace(day=1)).desks
    assert [(d.due, d.to_tell, d.sent, d.acknowledged, d.answered, d.overdue) for d in desks] == [
        (4, 1, 3, 3, 1, 2),
        (4, 1, 3, 0, 0, 3),
    ]
    with django_assert_max_num_queries(30):
        page = client.get(reverse("monitoring:month") + f"?region={CITY}&month=2023-05")
    assert "推送期限" in page.content.decode()
    assert page.context["may_push"]


def test_the_month_shows_why_a_delivery_failed(client, month, as_):
    as_(Role.CASE_WORKER)
    Delivery.objects.filter(pk=month[0].pk).update(state="parked", last_error="对方拒绝接收（403），请核对")
    words = client.get(reverse("monitoring:month") + "?month=2023-05").content.decode()
    assert "对方拒绝接收（403），请核对" in words


def test_a_push_from_the_page_is_a_job(client, month, as_, django_capture_on_commit_callbacks, monkeypatch):
    sent = []
    monkeypatch.setattr(services.current_app, "send_task", lambda *args, **more: sent.append(args))
    user = as_(Role.CASE_WORKER)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("monitoring:push"), {"region": CITY, "month": "2023-05"})
    job = Job.objects.get(kind="push")
    assert (job.actor, job.state) == (user, Job.State.WAITING)
    assert answer.headers["Location"] == reverse("accounts:job", args=[job.pk])
    assert sent == [(services.PUSH, (CITY, "2023-05-01", job.pk))]


def test_a_scan_from_the_page_is_a_job_and_errors_stand_in_the_form(
    client, month, as_, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(services.current_app, "send_task", lambda *args, **more: sent.append(args))
    as_(Role.CASE_WORKER)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("monitoring:start_scan"), {"region": CITY, "on": "2023-06-30"})
    scan = Scan.objects.get(on="2023-06-30")
    assert sent == [(services.SCAN, (scan.pk,))]
    assert answer.headers["Location"] == reverse("accounts:job", args=[scan.job_id])
    wrong = client.post(reverse("monitoring:start_scan"), {"region": CITY, "on": "2023-04-30"})
    assert wrong.status_code == 422
    assert "2023-05-31" in wrong.content.decode()


# --- deliveries ---------------------------------------------------------------------------------------------------
def test_the_list_of_deliveries_filters_and_counts_in_few_queries(client, month, as_, django_assert_max_num_queries):
    as_(Role.CASE_WORKER)
    with django_assert_max_num_queries(13):
        assert len(listed(client, "exchange:deliveries")) == 2
    assert len(listed(client, "exchange:deliveries", f"?department={CIVIL}&month=2023-05&state=sent")) == 1
    assert listed(client, "exchange:deliveries", "?month=2023-06") == []


def test_a_liaison_fetches_the_list_which_is_the_receipt(client, month, as_):
    user = as_(Role.LIAISON)
    answer = client.get(reverse("exchange:delivery_file", args=[month[0].pk]))
    stored = Delivery.objects.get(pk=month[0].pk)
    assert answer.content == deliveries.file_bytes(stored)
    assert f'filename="{stored.number}.csv"' in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    check = client.get(reverse("exchange:delivery_sha256", args=[stored.pk])).content.decode()
    assert check == f"{stored.sha256}  {stored.number}.csv\n"
    assert (stored.state, stored.receipt) == ("acknowledged", f"{user.name} 下载")
    assert ReadRecord.objects.filter(user=user, what=ReadRecord.What.EXPORT).count() == 1


def test_the_bureau_may_look_without_acknowledging(client, month, as_):
    as_(Role.REVIEWER)
    page = client.get(reverse("exchange:delivery", args=[month[0].pk]))
    assert number(1) not in page.content.decode() and "150521********" in page.content.decode()
    client.get(reverse("exchange:delivery_file", args=[month[0].pk]))
    assert Delivery.objects.get(pk=month[0].pk).state == "sent"


def test_a_parked_delivery_is_sent_again_from_its_page(client, month, as_):
    as_(Role.CASE_WORKER)
    url = reverse("exchange:delivery", args=[month[0].pk])
    assert "重新发送" not in client.get(url).content.decode()
    Delivery.objects.filter(pk=month[0].pk).update(state="parked", last_error="对方应答 500")
    page = client.get(url).content.decode()
    assert "对方应答 500" in page and "重新发送" in page
    client.post(reverse("exchange:resend", args=[month[0].pk]))
    assert Delivery.objects.get(pk=month[0].pk).state == "waiting"
    client.post(reverse("exchange:resend", args=[month[1].pk]))
    assert Delivery.objects.get(pk=month[1].pk).state == "sent", "what is not parked says why not"


# --- partners -----------------------------------------------------------------------------------------------------
def test_the_administrator_sets_a_partner_and_sees_a_secret_once(client, month, as_, receiver):
    as_(Role.ADMINISTRATOR)
    found = Partner.objects.get(organisation__department=CIVIL)
    url = reverse("exchange:partner", args=[found.pk])
    client.post(url, {"channel": "webhook", "url": receiver.url, "batch_size": 200, "active": "on"})
    found.refresh_from_db()
    assert (found.channel, found.url, found.batch_size, found.active) == ("webhook", receiver.url, 200, True)
    shown = client.post(reverse("exchange:partner_rotate", args=[found.pk])).context["secret"]
    assert shown not in client.get(url).content.decode()
    receiver.secret = shown
    answer = client.post(reverse("exchange:partner_test", args=[found.pk]), follow=True)
    assert "测试成功" in answer.content.decode()
    client.post(reverse("exchange:partner_rotate", args=[found.pk]))
    assert "停用旧密钥" in client.get(url).content.decode()
    client.post(reverse("exchange:partner_retire", args=[found.pk]))
    answer = client.post(reverse("exchange:partner_test", args=[found.pk]), follow=True)
    assert "测试没有成功" in answer.content.decode()


def test_a_wrong_address_stands_beside_the_field(client, month, as_, settings):
    settings.WEBHOOK_TRIAL = False
    as_(Role.ADMINISTRATOR)
    found = Partner.objects.get(organisation__department=CIVIL)
    answer = client.post(
        reverse("exchange:partner", args=[found.pk]),
        {"channel": "webhook", "url": "https://127.0.0.1/", "batch_size": 1, "active": "on"},
    )
    assert "本机" in answer.context["form"].errors["url"][0]
    assert Partner.objects.get(pk=found.pk).channel == "portal"


def test_a_department_becomes_a_partner_before_the_first_push(client, tongliao, as_):
    as_(Role.ADMINISTRATOR)
    make_user(Role.LIAISON)
    page = client.get(reverse("exchange:partner_new"))
    (organisation,) = page.context["form"].fields["organisation"].queryset
    client.post(
        reverse("exchange:partner_new"),
        {"organisation": organisation.pk, "channel": "portal", "batch_size": 500, "active": "on"},
    )
    assert Partner.objects.get().organisation == organisation


# --- work that waits ----------------------------------------------------------------------------------------------
def test_what_waits_is_asked_in_one_query(law, receiver, django_assert_num_queries):
    worker, reviewer = make_user(Role.CASE_WORKER), make_user(Role.REVIEWER)
    assert counted(worker, selectors.waiting(worker)) == []
    make_warned(number(1), 30000)
    services.scan_region(region=city(), on=DAY, actor=None)
    make_partner(receiver)
    (sent, _other) = services.push_warnings(region=city(), month=DAY, actor=None)
    Delivery.objects.filter(pk=sent.pk).update(state="parked")
    make_warned(number(2), 30000)
    services.scan_region(region=city(), on=DAY, actor=None)
    user = User.objects.select_related("organisation__region").get(pk=worker.pk)
    with django_assert_num_queries(1):
        found = counted(user, selectors.waiting(user))
    assert [(item.count, item.url) for item in found] == [
        (1, reverse("monitoring:list") + "?state=open"),
        (1, reverse("exchange:deliveries") + "?state=parked"),
        (1, reverse("monitoring:followups") + "?state=none"),
    ]
    assert counted(reviewer, selectors.waiting(reviewer)) == []


def test_the_person_page_shows_warnings(client, month, as_):
    as_(Role.CASE_WORKER)
    found = BurdenWarning.objects.get(person__name="测试0")
    page = client.get(reverse("beneficiaries:person", args=[found.person_id])).content.decode()
    assert "累计负担超过预警线" in page
    panel = client.get(reverse("beneficiaries:person_tab", args=[found.person_id, "warnings"])).content.decode()
    assert found.number in panel and "41,000.00" in panel


def test_bars_of_the_list_share_one_scale_and_never_leave_it():
    from monitoring.views import _bar

    rows = [BurdenWarning(kind="relapse", line=line, amount=amount) for line, amount in ((100, 50), (900, 9999))]
    short, long = map(_bar, rows)
    assert 'x1="60.00"' in short and 'x1="60.00"' in long, "the line stands at the same place"
    assert 'width="30.00"' in short and 'width="100.00" height="6"' in long
