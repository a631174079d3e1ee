"""Pages of trials: who sees what, the figures shown and exported, and one case under five regions."""

import csv
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import Job, ReadRecord, Region, User
from accounts.vocabulary import Role
from beneficiaries.models import Person
from claims.models import Claim, Settlement
from claims.trials.compare import side_by_side
from claims.trials.forms import CaseForm
from claims.trials.models import TrialPerson, TrialRun
from claims.trials.services import run_trial
from policies.models import PolicyVersion
from policies.selectors import days
from tests.claims.makers import fen, make_person, make_spell, record
from tests.claims.test_trials import CITY, lowered
from tests.factories import make_user

pytestmark = pytest.mark.django_db
FORMULA_NAME = "=HYPERLINK(1)"


@pytest.fixture
def run(law) -> TrialRun:
    """低保对象 get less, in two counties; one of them has a name that a spreadsheet would run."""
    shipped = PolicyVersion.objects.get(name="tongliao-2023")
    for n, (region, name) in enumerate((("150521000000", FORMULA_NAME), ("150502000000", "乙"))):
        person = make_person(region=region, name=name)
        make_spell(person, "subsistence")
        record(person, f"2023-0{n + 3}-01", 10_000 * (n + 1), 4_000 * (n + 1))
    record(make_person(name="丙"), "2023-03-02", 10_000, 4_000)
    return run_trial(actor=None, version=lowered(shipped), baseline=None, region=Region.objects.get(pk=CITY), year=2023)


def page(client, user: User, name: str, *args: object, **query: str) -> str:
    client.force_login(user)
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_result_says_what_changes(client, users, run):
    text = page(client, users[Role.POLICY_OFFICER], "trials:run", run.pk)
    for words in (
        "支付层级",
        "基金影响",
        "谁受益，谁受损",
        "按人员类别",
        "按旗县",
        "按月份",
        "科尔沁左翼中旗",
        "2023-03",
    ):
        assert words in text
    assert text.count('class="chart-body"') == 4
    assert "style=" not in text
    # 6,000 and 12,000 own cost: 20 points less of what critical illness leaves.
    assert run.fund_change == -sum(row.size for row in TrialPerson.objects.all()) < 0
    assert f"{-run.fund_change / 100:,.2f}" in text


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.LIAISON,)])
def test_who_sees_whom(client, users, run, role):
    """Names for those who may read persons and claims; numbers for the officer; nobody else sees persons."""
    client.force_login(users[role])
    response = client.get(reverse("trials:people", args=[run.pk]))
    if role == Role.CLERK:
        assert response.status_code == 404  # the trial is the city's
        return
    text = response.content.decode()
    named = role in (Role.CASE_WORKER, Role.REVIEWER, Role.SUPERVISOR)
    listed = named or role in (Role.POLICY_OFFICER, Role.FUND_OFFICER)
    assert text.count("data-row") == (2 if listed else 0)
    assert ("乙" in text) == named
    assert ("********" in text) == named
    for person in Person.objects.all():
        assert person.id_number not in text
    assert ("负担增加" in text) or not listed


def test_a_county_sees_its_own_people_of_its_own_trials_only(client, run, users):
    county = make_user(Role.CASE_WORKER, region="150521000000")
    client.force_login(county)
    assert client.get(reverse("trials:run", args=[run.pk])).status_code == 404
    assert "tongliao-2024" not in page(client, county, "trials:list")
    mine = run_trial(
        actor=None,
        version=PolicyVersion.objects.get(name="shannan-2022"),
        baseline=None,
        region=Region.objects.get(pk="150521000000"),
        year=2023,
    )
    text = page(client, county, "trials:people", mine.pk)
    assert "科尔沁左翼中旗" in text
    assert "乙" not in text


@pytest.mark.parametrize(("side", "rows"), [("lost", 2), ("gained", 0), ("", 2)])
def test_persons_are_filtered(client, users, run, side, rows):
    text = page(client, users[Role.POLICY_OFFICER], "trials:people", run.pk, side=side)
    assert text.count("data-row") == rows


def test_the_largest_change_comes_first(client, users, run):
    first, second = TrialPerson.objects.order_by("number")
    assert first.size > second.size > 0
    assert (first.number, second.number) == (1, 2)


@pytest.mark.parametrize(("name", "most"), [("trials:list", 20), ("trials:run", 20), ("trials:people", 20)])
def test_pages_take_a_fixed_number_of_queries(client, users, run, django_assert_max_num_queries, name, most):
    client.force_login(users[Role.CASE_WORKER])
    url = reverse(name, args=[] if name == "trials:list" else [run.pk])
    client.get(url)
    with django_assert_max_num_queries(most) as few:
        client.get(url)
    for n in range(5):
        person = make_person(name=f"人{n}")
        make_spell(person, "subsistence")
        record(person, "2023-05-01", 9_000, 1_000)
    run_trial(actor=None, version=run.version, baseline=None, region=run.region, year=2023)
    with django_assert_max_num_queries(most) as many:
        client.get(url)
    assert len(few) == len(many)


# --- export -------------------------------------------------------------------------------------------------------
def test_the_result_leaves_as_csv_and_xlsx(client, users, run):
    client.force_login(users[Role.POLICY_OFFICER])
    url = reverse("trials:run", args=[run.pk])
    text = b"".join(client.get(url, {"export": "csv"}).streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    (assistance,) = [row for row in rows if row[1] == "医疗救助"]
    before, after = run.summary["tiers"]["assistance"]
    assert [fen(cell) for cell in assistance[2:5]] == [before, after, after - before]
    book = load_workbook(io.BytesIO(client.get(url, {"export": "xlsx"}).content))
    cells = [[cell.value for cell in row] for row in book.active]
    assert len(cells) == len(rows)
    assert cells[0] == rows[0]


def test_an_export_of_persons_is_neutral_and_on_record(client, users, run):
    worker = users[Role.CASE_WORKER]
    client.force_login(worker)
    response = client.get(reverse("trials:people", args=[run.pk]), {"export": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert f"'{FORMULA_NAME}" in text
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(text)) for cell in row)
    assert ReadRecord.objects.filter(user=worker, what="export", subject=f"trial:{run.pk}").count() == 1


# --- the start ----------------------------------------------------------------------------------------------------
def test_the_form_starts_a_job(client, users, run, django_capture_on_commit_callbacks, monkeypatch):
    sent = []
    monkeypatch.setattr("claims.trials.services.current_app.send_task", lambda name, args: sent.append((name, args)))
    officer = users[Role.POLICY_OFFICER]
    client.force_login(officer)
    form = {"version": "tongliao-2024", "baseline": "shannan-2022", "region": CITY, "year": "2023"}
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("trials:new"), form)
    made = TrialRun.objects.exclude(pk=run.pk).get()
    assert response.headers["Location"] == reverse("trials:run", args=[made.pk])
    assert sent == [("claims.run_trial", [made.pk, made.job_id])]
    assert (made.job.actor, made.job.state, made.finished_at) == (officer, Job.State.WAITING, None)
    assert "等待后台处理" in page(client, officer, "trials:run", made.pk)


def test_the_same_text_twice_is_refused_beside_the_field(client, users, run):
    client.force_login(users[Role.POLICY_OFFICER])
    form = {"version": "tongliao-2024", "baseline": "tongliao-2024", "region": CITY, "year": "2023"}
    text = client.post(reverse("trials:new"), form).content.decode()
    assert "与试算版本相同" in text
    assert "id_baseline_error" in text


def test_a_draft_of_another_region_cannot_be_chosen_nor_seen(client, users, run):
    other = PolicyVersion.objects.create(
        policy="jining",
        name="jining-2099",
        title="草案",
        region_id="370800000000",
        validity=days(run.version.validity.lower, None),
        body="",
        sha256="0",
    )
    client.force_login(users[Role.POLICY_OFFICER])
    form = {"version": other.name, "region": CITY, "year": "2023"}
    response = client.post(reverse("trials:new"), form)
    assert response.status_code == 200
    assert "id_version_error" in response.content.decode()


# --- five regions -------------------------------------------------------------------------------------------------
CASE = {
    "total": "60000",
    "in_scope": "50000",
    "out_of_catalogue": "8000",
    "basic_paid": "25000",
    "settled_on": "2023-07-01",
    "service": "inpatient",
    "hospital_level": "2",
    "charge_class": "2",
    "location": "city",
    "referred": "not_needed",
    "categories": "subsistence",
}


def test_one_case_under_five_regions(client, users, law, django_assert_max_num_queries):
    counts = [model.objects.count() for model in (Claim, Settlement, TrialRun, Person)]
    text = page(client, users[Role.POLICY_OFFICER], "trials:compare", **CASE)
    for name in ("通辽市", "济宁市", "广西壮族自治区", "阳城县", "山南市"):
        assert name in text
    assert text.count('class="panel trial-side"') == 5
    assert "S1-12" in text
    assert [model.objects.count() for model in (Claim, Settlement, TrialRun, Person)] == counts
    client.force_login(users[Role.POLICY_OFFICER])
    with django_assert_max_num_queries(6):
        client.get(reverse("trials:compare"), CASE)


def test_tongliao_of_the_five_by_hand(law):
    """Own cost 25,000; 低保对象: line 7,000, 65 %; 70 % of the rest; both of in-scope cost."""
    form = CaseForm(CASE | {"categories": ["subsistence"]})
    assert form.is_valid(), form.errors
    sides = {side.version.name: side for side in side_by_side(form.case(), ["subsistence"], False)}
    assert len(sides) == 5
    found = sides["tongliao-2023"]
    person = make_person()
    make_spell(person, "subsistence")
    claim = record(person, "2023-07-01", 50_000, 25_000, 8_000, hospital_level=2, total=fen(60_000))
    real = claim.settlements.get()
    assert found.amount("cii") == real.cii_paid > 0
    assert found.amount("assistance") == real.assistance == round(0.7 * (fen(25_000) - real.cii_paid))
    assert found.amount("burden") == real.personal_burden
    assert found.category == real.category == "subsistence"


WRONG = {
    "basic above scope": ({"basic_paid": "50000.01"}, "basic_paid", "超过"),
    "parts above total": ({"total": "57999.99"}, "total", "超过"),
    "three decimals": ({"in_scope": "1.234"}, "in_scope", ""),
    "negative": ({"other_paid": "-1"}, "other_paid", ""),
    "words": ({"total": "很多"}, "total", ""),
    "no date": ({"settled_on": ""}, "settled_on", ""),
    "management of a stay": ({"chronic_management": "annual"}, "chronic_management", "慢特病"),
}


@pytest.mark.parametrize(("changed", "field", "words"), WRONG.values(), ids=WRONG)
def test_amounts_are_checked_beside_the_field(client, users, law, changed, field, words):
    text = page(client, users[Role.POLICY_OFFICER], "trials:compare", **(CASE | changed))
    assert f"id_{field}_error" in text
    assert words in text
    assert 'class="panel trial-side"' not in text


def test_a_year_without_figures_says_so_per_region(client, users, law):
    text = page(client, users[Role.POLICY_OFFICER], "trials:compare", **(CASE | {"settled_on": "2059-01-01"}))
    assert text.count("2059") >= 5


def test_s2_15_what_another_document_governs_is_not_shown_as_zero(client, users, law):
    text = page(client, users[Role.POLICY_OFFICER], "trials:compare", **CASE)
    assert text.count("另有规定") >= 3
    form = CaseForm(CASE | {"categories": ["subsistence"]})
    assert form.is_valid()
    sides = {side.version.name: side for side in side_by_side(form.case(), ["subsistence"], False)}
    assert {name for name, side in sides.items() if side.elsewhere} == {"jining-2023", "guangxi-2022"}
    assert sides["jining-2023"].amount("assistance") is None
    assert sides["jining-2023"].amount("burden") > 0
    assert sides["shannan-2022"].amount("assistance") > 0
