"""The month's list: who is told what, once; with numbers, hash and the transaction that closes it."""

import csv
import io
import threading
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Organisation, Region
from accounts.vocabulary import Department, Role
from exchange import deliveries
from exchange.models import Delivery, Partner
from monitoring import lines, services
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback, Scan
from policies.models import PolicyVersion
from policies.selectors import document_of
from tests.factories import CITY, make_user
from tests.monitoring.makers import COUNTY, DAY, make_warned, make_year

State = BurdenWarning.State
MAY = date(2023, 5, 1)
CIVIL, RURAL = Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION


def place(code=CITY):
    return Region.objects.get(code=code)


def scan(on=DAY, region=CITY):
    return services.scan_region(region=place(region), on=on, actor=None)


def push(month=MAY, region=CITY, actor=None):
    return services.push_warnings(region=place(region), month=month, actor=actor)


def told(delivery):
    return [row["warning_no"] for row in deliveries.read_rows(Delivery.objects.get(pk=delivery.pk))]


def test_s1_17_the_list_goes_to_civil_affairs_and_rural_revitalization_of_the_same_level(law):
    person = make_warned("150521198001010010", 30000, "marginal_risk")
    make_warned("150521198001010029", 12000, "subsistence")
    make_warned("150521198001010037", 9000)
    scan()
    written = push()
    assert [(d.department, d.region_id, d.rows) for d in written] == [(CIVIL, CITY, 2), (RURAL, CITY, 2)]
    assert written[0].number == "warnings-150500-civil_affairs-2023-05-1"
    first = deliveries.read_rows(Delivery.objects.get(pk=written[0].pk))[0]
    found = BurdenWarning.objects.get(person=person)
    assert first == {
        "warning_no": found.number,
        "id_number": "150521198001010010",
        "name": "乌云其其格",
        "region": COUNTY,
        "kind": "illness_poverty",
        "measure": "in_scope_after_insurance",
        "amount": "30000.00",
        "line": "20300.00",
        "category": "marginal_risk",
        "phone": "13900000000",
        "raised_on": "2023-05-31",
    }
    assert list(BurdenWarning.objects.order_by("-amount").values_list("state", flat=True)) == [
        State.PUSHED,
        State.PUSHED,
        State.APPROACHING,
    ], "who only approaches a line is not told to others"


@pytest.mark.parametrize(
    ("policy", "who"),
    [
        ("tongliao-2023", (CIVIL, RURAL)),
        ("shannan-2022", (CIVIL, RURAL)),
        ("jining-2023", (CIVIL, RURAL)),
        ("guangxi-2022", (RURAL, CIVIL)),
        ("yangcheng-2022", ()),
    ],
)
def test_s0_17_s1_17_s2_10_s3_15_the_document_says_who_is_told(law, policy, who):
    document = document_of(PolicyVersion.objects.get(name=policy))
    assert lines.receivers(document) == who
    if who:
        assert lines.push_due(document, MAY) == date(2023, 5, 31)
        assert lines.reply_due(document, MAY) == date(2023, 6, 30)


def test_s1_16_margin_and_monitored_stand_first_in_the_list(law):
    for at, (category, yuan) in enumerate([("subsistence", 90000), ("subsistence_margin", 30000)]):
        make_warned(f"15052119800101{at:04}", yuan, category)
    scan()
    rows = deliveries.read_rows(push()[0])
    assert [row["category"] for row in rows] == ["subsistence_margin", "subsistence"]


def test_a_second_push_sends_nothing_and_a_further_one_only_what_is_new_or_refreshed(law):
    one = make_warned("150521198001010010", 30000)
    make_warned("150521198001010029", 40000)
    scan()
    assert [d.rows for d in push()] == [2, 2]
    assert push() == []
    make_year(one, 31000)
    new = make_warned("150521198001010037", 50000)
    scan()
    further = push()
    assert [(d.number[-1], d.rows) for d in further] == [("2", 2), ("2", 2)]
    numbers = dict(BurdenWarning.objects.values_list("person", "number"))
    assert told(further[0]) == [numbers[new.pk], numbers[one.pk]]
    assert push() == []
    assert DeliveredWarning.objects.count() == 8


def test_the_next_month_tells_only_what_changed_since(law):
    one = make_warned("150521198001010010", 30000)
    make_warned("150521198001010029", 40000)
    scan()
    push()
    make_year(one, 32000, last=date(2023, 6, 10))
    scan(on=date(2023, 6, 30))
    june = push(month=date(2023, 6, 1))
    assert [(d.number, d.rows) for d in june] == [
        ("warnings-150500-civil_affairs-2023-06-1", 1),
        ("warnings-150500-rural_revitalization-2023-06-1", 1),
    ]


def test_a_department_that_has_answered_is_not_told_again(law):
    person = make_warned("150521198001010010", 30000)
    scan()
    push()
    Feedback.objects.create(
        warning=BurdenWarning.objects.get(), department=CIVIL, result="not_eligible", verified_on=DAY
    )
    make_year(person, 35000)
    scan()
    assert [d.department for d in push()] == [RURAL]


def test_withdrawn_warnings_are_not_told_and_come_back_as_told(law):
    person = make_warned("150521198001010010", 30000)
    scan()
    push()
    make_year(person, 100)
    scan()
    assert [d.kind for d in push()] == ["withdrawals", "withdrawals"]
    make_year(person, 30000)
    scan()
    assert BurdenWarning.objects.get().state == State.PUSHED
    assert [(d.kind, d.number[-1], d.rows) for d in push()] == [("warnings", "2", 1)] * 2, "they took it for withdrawn"
    assert push() == [], "they know this one, with this amount"


def test_an_empty_first_list_goes_too(law):
    scan()
    written = push()
    assert [(d.rows, d.parts) for d in written] == [(0, 1), (0, 1)]
    assert push() == []


def test_without_a_scan_of_the_month_there_is_no_list(law):
    with pytest.raises(services.MonitoringError, match="还没有扫描"):
        push()
    scan(on=date(2023, 4, 30))
    with pytest.raises(services.MonitoringError, match="还没有扫描"):
        push()
    assert not Delivery.objects.exists()


def test_a_county_bureau_tells_the_county_departments(law):
    make_warned("150521198001010010", 30000)
    scan(region=COUNTY)
    written = push(region=COUNTY)
    assert [(d.region_id, d.number) for d in written] == [
        (COUNTY, "warnings-150521-civil_affairs-2023-05-1"),
        (COUNTY, "warnings-150521-rural_revitalization-2023-05-1"),
    ]
    assert Organisation.objects.filter(region=COUNTY, department=CIVIL).exists()
    assert Partner.objects.get(organisation__region=COUNTY, organisation__department=CIVIL).channel == "portal"


def test_a_place_whose_law_names_nobody_is_told_so(law):
    scan(region="140522000000")
    with pytest.raises(services.MonitoringError, match="没有规定"):
        push(region="140522000000")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CASE_WORKER])
def test_only_the_case_worker_pushes(law, role):
    with pytest.raises(services.MonitoringError, match="不能"):
        push(actor=make_user(role))


def test_the_list_and_the_states_are_one_transaction(law, monkeypatch):
    make_warned("150521198001010010", 30000)
    scan()
    real = services.deliveries.create_delivery

    def fails_for_the_second(**more):
        if more["partner"].organisation.department == RURAL:
            raise OSError("power cut")
        return real(**more)

    monkeypatch.setattr(services.deliveries, "create_delivery", fails_for_the_second)
    with pytest.raises(OSError, match="power"):
        push()
    assert not Delivery.objects.exists()
    assert not DeliveredWarning.objects.exists()
    assert BurdenWarning.objects.get().state == State.OPEN


def test_queries_do_not_grow_with_people(law, django_assert_max_num_queries):
    for at in range(40):
        make_warned(f"15052119800101{at:04}", 20000 + at)
    scan()
    with django_assert_max_num_queries(45):
        assert push()[0].rows == 40


def test_the_file_is_a_csv_that_office_programs_open(law):
    make_warned("150521198001010010", 30000)
    scan()
    stored = Delivery.objects.get(pk=push()[0].pk)
    content = deliveries.file_bytes(stored)
    assert content.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert tuple(table[0]) == services.COLUMNS
    assert len(table) == 2


def test_the_commands_say_in_one_line_what_they_did(law, capsys):
    make_warned("150521198001010010", 30000)
    call_command("scan_warnings", "--region", "150500", "--on", "2023-05-31")
    call_command("push_warnings", "--region", "150500", "--month", "2023-05")
    call_command("push_warnings", "--region", "150500", "--month", "2023-05")
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "raised=1 reopened=0 refreshed=0 unchanged=0 withdrawn=0 open=1 approaching=0",
        "deliveries=2 warnings-150500-civil_affairs-2023-05-1=1 warnings-150500-rural_revitalization-2023-05-1=1",
        "deliveries=0",
    ]
    assert Scan.objects.get().actor is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scan_warnings", "--region", "990000", "--on", "2023-05-31"), "没有行政区划"),
        (("scan_warnings", "--region", "150500", "--on", "2999-01-01"), "还没有到"),
        (("push_warnings", "--region", "150500", "--month", "2023-05"), "还没有扫描"),
        (("push_warnings", "--region", "150500", "--month", "2023-05", "--actor", "nobody"), "nobody"),
    ],
)
def test_commands_refuse_in_words(law, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command(*arguments)


@pytest.mark.django_db(transaction=True)
def test_two_pushes_at_once_write_one_list():
    from tests.factories import make_regions
    from tests.monitoring.conftest import load_law

    make_regions()
    load_law()
    for at in range(5):
        make_warned(f"15052119800101{at:04}", 30000)
    scan()
    errors = []

    def run():
        try:
            push()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert sorted(Delivery.objects.values_list("number", "rows")) == [
        ("warnings-150500-civil_affairs-2023-05-1", 5),
        ("warnings-150500-rural_revitalization-2023-05-1", 5),
    ]
