"""Institutions: the register, the file, what settlement takes from it, the report, the claim form."""

from datetime import date
from typing import Any

import pytest
import tablib
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Role
from claims.errors import ClaimRefused, NotAllowed
from claims.institutions import selectors, services
from claims.institutions.forms import from_csv
from claims.institutions.models import Institution
from claims.institutions.resources import FIELDS
from claims.models import Claim
from tests.claims.makers import fen, identity_number, import_claims, make_person, make_spell, now, record, write_csv
from tests.factories import make_user

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2023, 1, 1), date(2023, 12, 31)


def make(code: str = "H15050200001", **more: object) -> Institution:
    values: dict[str, object] = {
        "code": code,
        "name": "市人民医院",
        "region": Region.objects.get(pk="150502000000"),
        "level": 3,
        "charge_class": 2,
    }
    return services.save_institution(actor=None, institution=None, **(values | more))


@pytest.fixture
def hospital(law):
    return make()


# --- the register -------------------------------------------------------------------------------------------------
def test_only_those_who_keep_the_register_write_and_only_near(users, law):
    region = Region.objects.get(pk="370811000000")
    with pytest.raises(NotAllowed, match="县级经办"):
        services.save_institution(
            actor=users[Role.REVIEWER], institution=None, code="A", name="a", region=region, level=1, charge_class=1
        )
    with pytest.raises(NotAllowed, match="当地医保局"):
        services.save_institution(
            actor=users[Role.CASE_WORKER], institution=None, code="A", name="a", region=region, level=1, charge_class=1
        )


def test_a_county_may_register_the_city_hospital(law, users):
    county = make_user(Role.CASE_WORKER, username="county", region="150521000000")
    city = Region.objects.get(pk="150500000000")
    one = services.save_institution(
        actor=county, institution=None, code="C1", name="市医院", region=city, level=3, charge_class=3
    )
    assert one.pk


def test_supervised_needs_a_reason_and_a_code_stands_once(hospital):
    with pytest.raises(ValidationError, match="原因"):
        make("B", supervised=True)
    with pytest.raises(ValidationError):
        make()


HEAD = ["机构编码", "机构名称", "行政区划代码", "机构等级", "收费类别", "先诊疗后付费", "退出日期", "退出原因"]


def table(*rows: list[str]) -> tablib.Dataset:
    return tablib.Dataset(*rows, headers=HEAD)


def test_a_file_is_previewed_then_confirmed_and_twice_changes_nothing(users, hospital):
    actor = users[Role.CASE_WORKER]
    rows = table(
        ["H15050200001", "市人民医院", "150502", "三级", "2", "是", "", ""],
        ["H15052100002", "旗医院", "150521000000", "2", "县级二类及三类收费", "", "2023年6月30日", "协议到期"],
    )
    plan = services.import_institutions(actor=actor, table=rows, confirm=False)
    assert (len(plan.new), len(plan.changed), plan.unchanged, plan.errors) == (1, 1, 0, [])
    assert Institution.objects.count() == 1, "a preview writes nothing"
    services.import_institutions(actor=actor, table=rows, confirm=True)
    made = Institution.objects.get(code="H15052100002")
    assert (made.level, made.charge_class, made.exit_on) == (2, 3, date(2023, 6, 30))
    assert Institution.objects.get(code="H15050200001").pay_later
    again = services.import_institutions(actor=actor, table=rows, confirm=True)
    assert (again.new, again.changed, again.unchanged) == ([], [], 2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["", "无码医院", "150521", "2", "1", "", "", ""], "机构编码"),
        (["X1", "县医院", "999999", "2", "1", "", "", ""], "没有行政区划代码"),
        (["X1", "县医院", "150521", "四级", "1", "", "", ""], "不是一至三"),
        (["X1", "县医院", "150521", "2", "1", "也许", "", ""], "看不懂"),
        (["X1", "县医院", "150521", "2", "1", "", "2023-13-01", "x"], "日期"),
        (["X1", "外省医院", "370811", "2", "1", "", "", ""], "当地医保局"),
    ],
)
def test_one_faulty_row_keeps_the_whole_file_out(users, law, row, said):
    good = ["H1", "旗医院", "150521", "2", "3", "", "", ""]
    plan = services.import_institutions(actor=users[Role.CASE_WORKER], table=table(good, row), confirm=True)
    assert [line for line, _why in plan.errors] == [3]
    assert said in plan.errors[0][1]
    assert not Institution.objects.exists()


def test_a_missing_column_is_named(users, law):
    plan = services.import_institutions(
        actor=users[Role.CASE_WORKER], table=from_csv("机构编码,机构名称\nA,甲\n"), confirm=True
    )
    assert "机构等级" in plan.errors[0][1]
    assert "行政区划代码" in plan.errors[0][1]


# --- what settlement takes from it --------------------------------------------------------------------------------
def test_s1_24_claims_of_an_institution_that_has_exited_are_refused_by_hand(hospital):
    Institution.objects.update(exit_on=date(2023, 6, 30), exit_reason="协议到期")
    person = make_person()
    record(person, "2023-06-30", 5000, 1000, institution=hospital.code)
    with pytest.raises(ClaimRefused, match="退出定点") as refusal:
        record(person, "2023-07-01", 5000, 1000, institution=hospital.code)
    assert refusal.value.field == "institution"


def row(n: int, day: str, **more: object) -> dict[str, object]:
    return {
        "setl_id": f"S{n}",
        "certno": identity_number(800 + n),
        "setl_time": day,
        "med_type": "21",
        "medfee_sumamt": "9000",
        "inscp_scp_amt": "8000",
        "fulamt_ownpay_amt": "1000",
        "overlmt_selfpay": "0",
        "hifp_pay": "5000",
        "setl_loc": "city",
        "fixmedins_code": "H15050200001",
    } | more


def test_s1_24_a_file_gets_level_and_class_from_the_register_and_its_exited_claims_refused(hospital, tmp_path):
    Institution.objects.update(exit_on=date(2023, 6, 30), exit_reason="协议到期")
    rows = [
        row(1, "2023-06-30", hosp_lv=""),
        row(2, "2023-07-01", hosp_lv=""),
        row(3, "2023-06-01", hosp_lv="", fixmedins_code="UNKNOWN"),
        row(4, "2023-06-01", hosp_lv="1"),
    ]
    path = write_csv(tmp_path / "claims.csv", rows)
    printed = import_claims(path, "150500", "--confirm")
    assert (printed["new"], printed["error"]) == ("2", "2")
    taken = {claim.claim_no: claim for claim in Claim.objects.all()}
    assert set(taken) == {"S1", "S4"}
    assert (taken["S1"].hospital_level, taken["S1"].charge_class) == (3, 2)
    assert (taken["S4"].hospital_level, taken["S4"].charge_class) == (1, 2), "what the file says stands"


# --- the report ---------------------------------------------------------------------------------------------------
@pytest.fixture
def treated(hospital):
    """Three stays at a level-3 hospital: 5 % and 20 % outside the catalogue, and one within the county."""
    person = make_person()
    make_spell(person, "subsistence")
    code = hospital.code
    return [
        record(person, "2023-03-01", 9500, 5000, 500, institution=code),
        record(person, "2023-04-01", 8000, 4000, 2000, institution=code),
        record(person, "2023-04-20", 10000, 7000, 0, institution=code, location="county"),
    ]


def test_s1_21_the_report_shows_share_beside_what_the_policy_allows(users, treated):
    (found,) = selectors.figures(users[Role.CASE_WORKER], first=FIRST, last=LAST)
    assert (found.claims, found.persons, found.flagged, found.borne) == (3, 1, 1, 0)
    assert (found.total, found.outside) == (fen(30000), fen(2500))
    assert f"{found.share}" == "8.33"
    assert f"{found.allowed}" == "10.00", "level 3: ten percent of each claim"
    assert not found.beyond
    april, march = selectors.figures(users[Role.CASE_WORKER], first=FIRST, last=LAST, by_month=True)
    assert (april.month, april.flagged, f"{april.controlled_share}") == (date(2023, 4, 1), 1, "10.00")
    assert (march.claims, march.flagged) == (1, 0)


def test_s4_13_inpatient_reimbursement_within_the_county(users, treated):
    (found,) = selectors.figures(users[Role.CASE_WORKER], first=FIRST, last=LAST)
    assert (found.county_in_scope, found.county_basic) == (fen(10000), fen(7000))
    assert f"{found.county_share}" == "70.00"
    paid = now(treated[2])
    assert found.county_paid == fen(7000) + paid.cii_paid + paid.assistance + paid.top_up


def test_the_report_shows_the_own_region_alone(users, treated):
    other = make_user(Role.CASE_WORKER, username="other", region="150522000000")
    assert selectors.figures(other, first=FIRST, last=LAST) == []


@pytest.fixture
def guangxi(law):
    """A monitored patient of Guangxi, where the institution bears what exceeds 10 %."""
    hospital = make("H4501", region=Region.objects.filter(code__startswith="45").first(), name="人民医院")
    person = make_person(region=Region.objects.filter(code__startswith="45", level=3).first().pk)
    make_spell(person, "unstable_exit", department="rural_revitalization")
    claim = record(person, "2023-03-01", 7000, 4000, 3000, institution=hospital.code)
    assert now(claim).institution_borne == fen(2000)
    return hospital


def test_s3_16_what_the_institution_bears_is_claimed_on_paper(client, guangxi):
    user = make_user(Role.CASE_WORKER, username="gx", region="450000000000")
    (found,) = selectors.figures(user, first=FIRST, last=LAST)
    assert found.borne == fen(2000)
    client.force_login(user)
    period = "?first=2023-01&last=2023-12"
    page = client.get(reverse("claims:institution", args=[guangxi.pk]) + period).content.decode()
    assert "2,000.00" in page
    assert "recovery" in page
    paper = client.get(reverse("claims:institution_recovery", args=[guangxi.pk]) + period)
    assert paper.content.startswith(b"%PDF")
    none = reverse("claims:institution_recovery", args=[guangxi.pk]) + "?first=2022-01&last=2022-12"
    assert "不必发函" in client.get(none, follow=True).content.decode()


# --- pages --------------------------------------------------------------------------------------------------------
def test_the_pages_in_few_queries_and_the_export(client, users, treated, django_assert_max_num_queries):
    client.force_login(users[Role.CASE_WORKER])
    client.get(reverse("claims:institutions"))
    with django_assert_max_num_queries(5):
        assert "市人民医院" in client.get(reverse("claims:institutions")).content.decode()
    report = reverse("claims:institution_report") + "?first=2023-01&last=2023-12"
    with django_assert_max_num_queries(5):
        page = client.get(report).content.decode()
    assert "8.33" in page
    assert "三级机构 10%" in page
    sheet = b"".join(client.get(report + "&export=csv").streaming_content).decode("utf-8-sig")
    assert "H15050200001,市人民医院,3,3,1,30000,2500,8.33" in sheet


def test_a_change_stands_in_the_history(client, users, hospital):
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("claims:institution_edit", args=[hospital.pk])
    form = {
        "name": "市人民医院",
        "region": "150502000000",
        "level": "2",
        "charge_class": "2",
        "designated": "on",
        "supervised": "on",
        "supervised_reason": "",
    }
    assert "须写明原因" in client.post(url, form).content.decode()
    assert client.post(url, form | {"supervised_reason": "目录外占比连续三个月超标"}).status_code == 302
    page = client.get(reverse("claims:institution", args=[hospital.pk])).content.decode()
    assert "机构等级：二级" in page
    assert "连续三个月超标" in page
    assert users[Role.CASE_WORKER].name in page.split('class="timeline')[1], "the person's name, not the account's"


def test_the_file_through_the_page_csv_and_xlsx(client, users, law):
    client.force_login(users[Role.CASE_WORKER])
    data = table(["H9", "旗蒙医院", "150521", "2", "3", "否", "", ""])
    sheet = SimpleUploadedFile("机构.xlsx", data.export("xlsx"))
    page = client.post(reverse("claims:institutions_import"), {"file": sheet})
    assert page.context["can_confirm"]
    assert client.post(reverse("claims:institutions_confirm"), {"content": page.context["content"]}).status_code == 302
    assert Institution.objects.get().name == "旗蒙医院"
    broken = SimpleUploadedFile("机构.csv", "机构编码,机构名称,行政区划代码,机构等级\nA,甲,1,2\n".encode("gb18030"))
    assert "没有行政区划代码" in client.post(reverse("claims:institutions_import"), {"file": broken}).content.decode()


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
def test_the_admin_takes_the_files_that_offices_have(client, hospital, encoding):
    """Read, shown with what changes, confirmed; a file that is none is refused in the reader's language."""
    client.force_login(make_user(Role.ADMINISTRATOR, is_staff=True))
    url, confirm = reverse("admin:claims_institution_import"), reverse("admin:claims_institution_process_import")

    def sent(content: bytes) -> Any:
        return client.post(url, {"import_file": SimpleUploadedFile("机构.csv", content), "format": "0", "resource": ""})

    row = f"机构编码,机构名称,行政区划代码,机构等级,收费类别\r\n{hospital.code},市人民二院,150502000000,2,2\r\n"
    bad = sent(f"{row}H2,坏等级,150502000000,9,2\r\n".encode(encoding))
    assert "“9”不是一至三" in bad.content.decode() and "admin_import.css" in bad.content.decode()
    good = sent(row.encode(encoding))
    assert client.post(confirm, good.context["confirm_form"].initial).status_code == 302
    hospital.refresh_from_db()
    assert (hospital.name, hospital.level) == ("市人民二院", 2)
    for junk in (b"PK\x03\x04\xff\xff\x00\x81", row.replace("机构编码", "编号").encode(encoding)):
        assert "文件读不出来" in sent(junk).content.decode()
    form = {"format": "0", "resource": "", **{f"institutionresource_{name}": "on" for name in FIELDS}}
    exported = client.post(reverse("admin:claims_institution_export"), form).content
    assert exported.startswith(b"\xef\xbb\xbf") and "市人民二院" in exported.decode()
