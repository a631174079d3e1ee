"""Files through the database: imported, settled, read back, they must equal what the file command gives."""

import csv
import io
from datetime import date

import pytest
from django.core.management import call_command

from accounts.models import Region
from accounts.vocabulary import Department
from beneficiaries.models import CategorySpell, Person
from claims.eligibility import Approval
from claims.models import Claim, PersonYear, Settlement, YearEnd
from policies.engine.money import format_yuan
from policies.engine.settlement import year_end_number
from tests.claims.makers import DATA, current, expected, fen, import_claims, make_person, result, results, write_csv
from tests.policies.making import CASES, PARAMETERS, POLICIES, rules_of

REGIONS = {
    "shannan": "540500000000",
    "tongliao": "150500000000",
    "jining": "370800000000",
    "guangxi": "450000000000",
    "yangcheng": "140522000000",
}
pytestmark = pytest.mark.django_db


def register_categories(policy: str, approve) -> None:
    """The categories of a case. The same category may overlap itself there, as no single department would say it."""
    departments = list(Department)
    with (CASES / policy / "categories.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (CASES / policy / "claims.csv").open(encoding="utf-8") as file:
        numbers = {row["id_number"] for row in csv.DictReader(file)}
    people = {n: make_person(n, REGIONS[policy]) for n in {row["id_number"] for row in rows} | numbers if len(n) == 18}
    for n, row in enumerate(rows):
        first, last = date.fromisoformat(row["valid_from"]), row["valid_to"] or None
        person = people[row["id_number"]]
        CategorySpell.objects.create(
            person=person,
            category=row["category"],
            department=departments[n % len(departments)],
            region_id=REGIONS[policy],
            valid_from=first,
            valid_to=last,
        )
        if row["approved"] == "yes":
            approve(Approval(person.pk, row["category"], first, date.fromisoformat(last) if last else None))


def year_ends(policy: str) -> dict[str, tuple[str, str, str, str]]:
    """Runs every year's end twice; the second time nothing is left to do."""
    for year in sorted(set(PersonYear.objects.values_list("year", flat=True))):
        for again in (False, True):
            out = io.StringIO()
            call_command("settle_year_end", "--region", REGIONS[policy], "--year", str(year), stdout=out)
            assert out.getvalue().startswith("written=0") or not again
            assert "differing=0" in out.getvalue()
    return {
        year_end_number(one.person.id_number, one.year): (
            one.category,
            format_yuan(one.paid),
            format_yuan(-one.paid),
            format_yuan(-one.paid),
        )
        for one in YearEnd.objects.select_related("person")
    }


def expected_year_ends(path) -> dict[str, tuple[str, str, str, str]]:
    names = ("category", "assistance", "in_scope_burden", "personal_burden")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["claim_no"].startswith("YEAREND-")]
    return {row["claim_no"]: tuple(row[name] for name in names) for row in rows}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_case_through_the_database_equals_the_file_command(policy, law, approve):
    """All claims of the case, and for S4-06 the payments at year end."""
    register_categories(policy, approve)
    want = expected(CASES / policy / "settle.csv")
    printed = import_claims(CASES / policy / "claims.csv", REGIONS[policy], "--confirm")
    assert int(printed["settled"]) == len(want)
    assert results() == want
    assert year_ends(policy) == expected_year_ends(CASES / policy / "settle.csv")


def test_s1_19_nobody_is_approved_while_no_application_says_so(law):
    register_categories("tongliao", approve=lambda approval: None)
    import_claims(CASES / "tongliao" / "claims.csv", "150500", "--confirm")
    asked = set(rules_of("tongliao").document_on(date(2023, 5, 1)).categories.on_application)
    winners = set(Settlement.objects.values_list("category", flat=True))
    assert {"extreme_poverty", "subsistence", "relapsed_poverty", "none"} <= winners
    assert not winners & asked


@pytest.fixture
def may(law):
    """通辽 after the three rosters and the claims of May 2023."""
    for department in ("civil_affairs", "rural_revitalization", "disabled_federation"):
        options = ("--department", department, "--month", "2023-05", "--region", "150500", "--confirm")
        call_command("import_roster", str(DATA / f"{department}-2023-05.csv"), *options, stdout=io.StringIO())
    return import_claims(DATA / "claims-2023-05.csv", "150500", "--confirm")


def own_reading(tmp_path):
    """The same month by the file command: categories from the register, claims by a plain reading of the file."""
    spells = CategorySpell.objects.current().select_related("person")
    categories = write_csv(
        tmp_path / "categories.csv",
        (
            {
                "id_number": spell.person.id_number,
                "category": spell.category,
                "valid_from": spell.valid_from,
                "valid_to": spell.valid_to or "",
                "approved": "no",
            }
            for spell in spells
        ),
    )
    services = {"11": "outpatient", "13": "outpatient", "14": "chronic", "21": "inpatient", "22": "inpatient"}
    with (DATA / "claims-2023-05.csv").open(encoding="utf-8-sig") as file:
        claims = write_csv(
            tmp_path / "claims.csv",
            (
                {
                    "claim_no": row["setl_id"],
                    "id_number": row["certno"],
                    "service": services[row["med_type"]],
                    "settled_on": row["setl_time"][:10],
                    "hospital_level": row["hosp_lv"],
                    "charge_class": 1,
                    "location": row["setl_loc"],
                    "referred": row["refl_flag"],
                    "major_disease": "no",
                    "control_waived": "no",
                    "chronic_management": "per_visit" if row["med_type"] == "14" else "",
                    "total": row["medfee_sumamt"],
                    "in_scope": row["inscp_scp_amt"],
                    "out_of_catalogue": f"{(fen(row['fulamt_ownpay_amt']) + fen(row['overlmt_selfpay'])) / 100:.2f}",
                    "basic_paid": row["hifp_pay"],
                    "other_paid": row["oth_pay"],
                }
                for row in csv.DictReader(file)
            ),
        )
    output = tmp_path / "out.csv"
    files = {"categories": categories, "claims": claims, "output": output, "parameters": PARAMETERS}
    call_command("settle", policy="tongliao", stdout=io.StringIO(), **files)
    return expected(output)


def test_a_month_of_the_platform_equals_the_file_command(may, tmp_path):
    want = own_reading(tmp_path)
    assert len(want) == 738
    assert results() == want
    assert (may["rows"], may["new"], may["settled"], may["error"]) == ("738", "738", "738", "0")
    assert may["cii"] == f"{sum(fen(row[1]) for row in want.values()) / 100:.2f}"
    assert may["assistance"] == f"{sum(fen(row[2]) for row in want.values()) / 100:.2f}"


def test_the_accumulators_are_the_sums_of_what_was_settled(may):
    years = {year.person_id: year for year in PersonYear.objects.all()}
    assert sum(year.claims for year in years.values()) == 738
    rows = list(current())
    for person, year in years.items():
        mine = [row for row in rows if row.claim.person_id == person]
        for name in ("cii_paid", "assistance", "top_up", "in_scope_burden", "personal_burden"):
            assert getattr(year, name) == sum(getattr(row, name) for row in mine)
        for name in ("total", "in_scope", "basic_paid"):
            assert getattr(year, name) == sum(getattr(row.claim, name) for row in mine)
        # S1-16 measures what basic and critical-illness insurance leave of in-scope cost.
        assert year.measure == year.in_scope - year.basic_paid - year.cii_paid
        assert year.claims == len(mine)
        last = max(mine, key=lambda row: (row.claim.settled_on, row.claim.claim_no))
        assert (year.last_settled_on, year.last_claim_no) == (last.claim.settled_on, last.claim.claim_no)


def test_patients_without_any_category_are_registered_by_county_and_settled(may):
    new = Person.objects.filter(spells=None)
    assert new.count() == int(may["persons_new"]) == 100
    counties = set(Region.objects.filter(parent="150500000000").values_list("code", flat=True))
    assert {person.region_id for person in new} <= counties
    assert all(person.region_id == f"{person.id_number[:6]}000000" for person in new)
    assert all(person.birth_date and person.sex and person.name for person in new)
    assert set(Settlement.objects.filter(claim__person__in=new).values_list("category", flat=True)) == {"none"}


def test_the_same_file_confirmed_twice_changes_nothing(may):
    before = {row.pk: result(row) for row in current()}
    again = import_claims(DATA / "claims-2023-05.csv", "150500", "--confirm")
    assert (again["new"], again["unchanged"]) == ("0", "738")
    assert {row.pk: result(row) for row in current()} == before
    assert Claim.objects.count() == 738


def test_looking_at_a_file_writes_nothing(law):
    printed = import_claims(DATA / "claims-2023-05.csv")
    assert printed["new"] == "738"
    assert not Claim.objects.exists()
    assert not Person.objects.exists()
