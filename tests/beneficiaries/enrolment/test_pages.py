"""Pages of enrolment: what they show, how many queries they take, what their forms do."""

import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Job, ReadRecord, Region
from accounts.vocabulary import Role
from beneficiaries.enrolment import applications, cases, relay, services
from beneficiaries.enrolment.case_models import CoverageCase, FiscalTransfer, PaymentMismatch, SubsidyApplication
from beneficiaries.enrolment.mismatches import refresh_mismatches
from beneficiaries.enrolment.models import Contribution, Coverage, PersonMark, RegionYear, TemporaryGroup
from tests.beneficiaries.enrolment.people import COUNTY, compute, pay, person, row

pytestmark = pytest.mark.usefixtures("law")
SUMMER = {"region": COUNTY, "year": "2023"}


@pytest.fixture
def worker(client, users):
    client.force_login(users[Role.CASE_WORKER])
    return client


@pytest.fixture
def banner(law):
    return Region.objects.get(code=COUNTY)


def counted(client, url) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


@pytest.mark.parametrize("name", ["people", "trace", "cases", "mismatches", "ledger"])
def test_a_list_takes_the_same_number_of_queries_for_one_and_for_many(worker, banner, name):
    url = f"{reverse(f'enrolment:{name}')}?region={COUNTY}&year=2023"

    def add(count):
        for _n in range(count):
            pay(person("subsistence"), 100)
        compute()
        cases.find_uninsured(actor=None, region=banner, year=2023)
        refresh_mismatches(region=banner, year=2023)

    add(1)
    counted(worker, url)
    once = counted(worker, url)
    add(4)
    assert counted(worker, url) == once
    assert once <= 30


def test_the_ledger_leads_from_a_number_to_its_persons(worker):
    poor = person("subsistence", name="巴特尔")
    person("extreme_poverty", name="娜仁")
    compute()
    text = worker.get(reverse("enrolment:ledger"), SUMMER).content.decode()
    assert "困难群众参保率" in text
    assert "status=unpaid" in text
    found = worker.get(reverse("enrolment:people"), SUMMER | {"status": "unpaid", "population": "hardship"})
    names = found.content.decode()
    assert "巴特尔" in names
    assert "娜仁" not in names
    tab = worker.get(reverse("beneficiaries:person_tab", args=[poor.pk, "enrolment"])).content.decode()
    for words in ("350.00 × 45%", "S1-05", "192.50", "责任倒查", "停在"):
        assert words in tab, words


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_ledger_and_reports_export(worker, kind):
    person("subsistence")
    compute()
    for name in ("ledger", "funding", "monasteries", "people"):
        answer = worker.get(reverse(f"enrolment:{name}"), SUMMER | {"export": kind})
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
    assert ReadRecord.objects.filter(what=ReadRecord.What.EXPORT, subject="enrolment").count() == 1


def test_computing_runs_as_a_job_and_the_reader_may_not_start_it(worker, users, client):
    answer = worker.post(reverse("enrolment:compute"), SUMMER)
    assert answer.url == reverse("accounts:job", args=[Job.objects.get().pk])
    client.force_login(users[Role.SUPERVISOR])
    assert client.post(reverse("enrolment:compute"), SUMMER).status_code == 403
    assert "核算参保" not in client.get(reverse("enrolment:ledger")).content.decode()


ACTS = {
    "enrol": ({"year": "2023"}, lambda one: row(one).fund == 15750),
    "exempt": ({"year": "2023", "exempt": "on"}, lambda one: row(one).exempt),
    "transfer": (
        {"insurance": "employee", "first_day": "2023-05-10"},
        lambda one: Coverage.objects.get(person=one).insurance == "employee",
    ),
    "pay": (
        {
            "year": "2023", "kind": "payment", "payer": "charity", "payer_name": "慈善总会", "amount": "192.5",
            "paid_on": "2023-01-05",
        },
        lambda one: Contribution.objects.get(person=one).amount == 19250,
    ),
    "mark": (
        {"kind": "monastery", "detail": "桑耶寺", "commended": "on", "since": "2022-01-01"},
        lambda one: PersonMark.objects.get(person=one).commended,
    ),
    "interruption": (
        {"year": "2023", "cause": "released", "since": "2023-01-05"},
        lambda one: CoverageCase.objects.get(person=one).cause == "released",
    ),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_a_person_is_done_and_a_wrong_one_says_what_to_mend(worker, act):
    one = person("subsistence")
    url = reverse("enrolment:act", args=[one.pk, act])
    assert worker.get(url).status_code == 200
    data, done = ACTS[act]
    assert worker.post(url, {"sent": "1"}).status_code == 422
    answer = worker.post(url, data)
    assert answer.url == reverse("beneficiaries:person_tab", args=[one.pk, "enrolment"])
    assert done(one)


def test_a_case_is_worked_off_on_its_page(worker, users, client, banner):
    one = person("subsistence")
    compute()
    worker.post(reverse("enrolment:cases_find"), SUMMER)
    case = CoverageCase.objects.get(person=one)
    here = reverse("enrolment:case", args=[case.pk])
    worker.post(f"{here}assign/", {"to": users[Role.CLERK].pk})
    client.force_login(users[Role.CLERK])
    assert "分派" in client.get(here).content.decode()
    assert client.post(f"{here}note/", {"note": ""}).status_code == 422
    assert client.post(f"{here}assign/", {"to": users[Role.CLERK].pk}).status_code == 422
    client.post(f"{here}note/", {"note": "上门未遇"})
    client.post(f"{here}close/", {"outcome": "unwilling", "note": "本人表示不参保"})
    case.refresh_from_db()
    assert (case.outcome, case.assigned_to_id) == ("unwilling", users[Role.CLERK].pk)
    text = client.get(here).content.decode()
    assert "上门未遇" in text
    assert "记录走访" not in text


def test_ticked_cases_are_given_and_closed_on_a_page_of_their_own(worker, users, client, banner):
    for _n in range(2):
        person("subsistence", name="巴特尔")
    compute()
    cases.find_uninsured(actor=None, region=banner, year=2023)
    ids = [str(pk) for pk in CoverageCase.objects.values_list("pk", flat=True)]
    listed = worker.get(reverse("enrolment:cases")).content.decode()
    assert reverse("enrolment:cases_assign") in listed
    assign, close = reverse("enrolment:cases_assign"), reverse("enrolment:cases_close")
    text = worker.post(assign, {"ids": ids}).content.decode()
    assert text.count("巴特尔") == 2
    assert worker.post(assign, {"ids": ids, "sent": "1"}).status_code == 422
    assert "没有选中" in worker.post(assign, {"ids": ["0"]}).content.decode()
    worker.post(assign, {"ids": ids, "sent": "1", "to": users[Role.CLERK].pk})
    client.force_login(users[Role.CLERK])
    assert client.post(assign, {"ids": ids}).status_code == 403
    assert "由我承办的待核参保人员" in client.get(reverse("home")).content.decode()
    answer = client.post(close, {"ids": ids, "sent": "1", "outcome": "unwilling", "note": "本人表示不参保"})
    assert (answer.status_code, CoverageCase.objects.exclude(closed_on=None).count()) == (302, 2)


def test_s3_19_consent_check_and_transfer_on_the_page(worker):
    one = person("exited_poverty")
    case = cases.report_interruption(actor=None, person=one, year=2023, cause="left_job", since=date(2023, 1, 5))
    here = reverse("enrolment:case", args=[case.pk])
    worker.post(f"{here}consent/", {"on": "2023-01-06"})
    worker.post(f"{here}check/")
    worker.post(f"{here}take_over/", {"first_day": "2023-01-10"})
    case.refresh_from_db()
    assert (case.outcome, row(one).insurance) == ("enrolled", "resident")


def test_a_mismatch_is_decided_on_its_page(worker, banner):
    pay(person("subsistence"), 385)
    compute()
    worker.post(reverse("enrolment:mismatches_find"), SUMMER)
    item = PaymentMismatch.objects.get()
    here = reverse("enrolment:mismatch", args=[item.pk])
    assert worker.post(here, {"outcome": "explained"}).status_code == 422
    worker.post(here, {"outcome": "refund", "note": "重复征收"})
    item.refresh_from_db()
    assert (item.outcome, item.closed_on) == ("refund", None)
    assert "等待退费" in worker.get(here).content.decode()


def test_s2_02_a_group_is_opened_and_filled_by_numbers_and_by_list(worker):
    one, two = person("severe_disability"), person("severe_disability")
    today = timezone.localdate().isoformat()
    worker.post(
        reverse("enrolment:group_new"),
        SUMMER
        | {"name": "疫情", "reason": "纪要", "amount": "200", "payer": "fund", "valid_from": today, "valid_to": today},
    )
    group = TemporaryGroup.objects.get()
    here = reverse("enrolment:group", args=[group.pk])
    assert worker.post(here, {"numbers": one.id_number[:-1] + "A"}).status_code == 422
    assert worker.post(here, {"numbers": one.id_number}).status_code == 302
    file = io.BytesIO(f"姓名,身份证号\n甲,{two.id_number}\n".encode("gb18030"))
    file.name = "名单.csv"
    assert worker.post(here, {"numbers": one.id_number, "file": file}).status_code == 302
    assert (group.members.count(), row(two).fund, row(two).due) == (2, 20000, 15000)
    assert worker.post(here, {"numbers": "150521199001010019"}).status_code == 422


def test_s1_06_the_application_is_verified_frozen_paid_and_printed(worker, banner):
    person("extreme_poverty", name="巴特尔")
    compute()
    worker.post(
        reverse("enrolment:figures_edit"),
        SUMMER | {"window_from": "2022-09-01", "window_to": "2023-01-31", "source": "通知"},
    )
    assert RegionYear.objects.get().window_to == date(2023, 1, 31)
    new = reverse("enrolment:application_new")
    assert "350.00" in worker.get(new, SUMMER).content.decode()
    worker.post(new, SUMMER)
    one = SubsidyApplication.objects.get()
    assert worker.post(new, SUMMER).status_code == 422
    here = reverse("enrolment:application", args=[one.pk])
    given = {"source": "fund", "amount": "350", "transferred_on": "2023-03-01", "reference": "PZ-1"}
    assert worker.post(here, given | {"amount": "351"}).status_code == 422
    worker.post(here, given)
    assert FiscalTransfer.objects.get().amount == 35000
    assert "已全部划入" in worker.get(here).content.decode()
    paper = worker.get(reverse("enrolment:application_print", args=[one.pk]))
    assert paper.headers["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")


def test_s3_06_the_relay_page_sends_and_shows_what_was_acknowledged(worker, banner):
    person("subsistence")
    compute()
    here = reverse("enrolment:relay")
    assert "推送税务" in worker.get(here, SUMMER).content.decode()
    worker.post(here, SUMMER)
    text = worker.get(here, SUMMER).content.decode()
    assert "enrolment-150521-tax" in text
    assert "没有需要告知税务部门的变动" in text
    assert relay.pending(banner, 2023).rows == 0


def test_reports_name_enrolment_with_its_provisions(worker):
    text = worker.get(reverse("reports:list")).content.decode()
    for words in ("参保台账", "参保责任倒查", "S3-08", "S1-06", reverse("enrolment:monasteries")):
        assert words in text


def test_the_funds_officer_reads_the_ledger_but_opens_nobody(client, users):
    person("subsistence", name="巴特尔")
    compute()
    client.force_login(users[Role.FUND_OFFICER])
    text = client.get(reverse("enrolment:people"), SUMMER).content.decode()
    assert "巴特尔" in text
    assert "/persons/" not in text.split("<main")[-1]
    assert applications.left_out(Region.objects.get(code=COUNTY), 2023) == 1
    assert services.counties(Region.objects.get(code=COUNTY)) == ["150521"]
