"""S1-01: what a banner named for 其他特殊困难人员 counts wherever a category means something, and money follows."""

from datetime import date

import numpy as np
import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from assistance.selectors.rules import held_on
from beneficiaries import selectors as register
from beneficiaries.designations.selectors import said, undesignated
from beneficiaries.designations.services import designate, end_designation, withdraw_designation
from beneficiaries.enrolment.panels import explain
from beneficiaries.selectors import history as spells_of
from claims import columns
from claims.api.answers import status_of
from claims.audit.causes import _cases
from claims.eligibility import Approval
from claims.entitlements import entitlement_of
from claims.later.models import Cause, LaterFact
from claims.later.recording import record_other_payment
from claims.later.selectors import groups
from claims.models import Institution, PersonYear
from claims.selectors import history
from claims.services import settle_person_year
from claims.trials.reading import OPEN_END, read_spells
from monitoring import services as monitoring
from monitoring.models import BurdenWarning
from monitoring.selectors import categories_on
from monitoring.why import why
from policies.engine.codes import CATEGORY_INDEX, mask_of
from tests.beneficiaries.enrolment.people import compute, row, shares
from tests.claims.later_makers import paid, settle_all
from tests.claims.makers import COUNTY, fen, make_person, make_spell, now, record, result
from tests.factories import make_user

pytestmark = pytest.mark.django_db
DAY = date(2023, 5, 1)


@pytest.fixture
def one(law):
    """Certified by the banner's government as one of its own, since 2022."""
    found = make_person()
    make_spell(found, "other_hardship", department="county_government")
    return found


def name_it(treated_as="subsistence", since="2023-01-01", region=COUNTY):
    return designate(
        actor=None,
        region=Region.objects.get(pk=region),
        category="other_hardship",
        treated_as=treated_as,
        valid_from=date.fromisoformat(since),
        document="左中政发〔2023〕5号",
    )


def twin(category: str):
    """Somebody whom a department certifies as that itself."""
    found = make_person()
    make_spell(found, category)
    return found


ASSISTED = (
    "extreme_poverty", "subsistence", "relapsed_poverty", "unstable_exit", "marginal_risk", "sudden_hardship",
    "subsistence_margin", "illness_poverty",
)  # fmt: skip


@pytest.mark.parametrize("least", [columns.FROM, 1], ids=["one by one", "by columns"])
@pytest.mark.parametrize("treated_as", ASSISTED)
def test_s1_01_other_hardship_settles_as_the_category_that_the_banner_names(
    one, approve, monkeypatch, treated_as, least
):
    monkeypatch.setattr(columns, "FROM", least)
    name_it(treated_as)
    same = twin(treated_as)
    for person in (one, same):
        approve(Approval(person.pk, treated_as, date(2023, 1, 1)))
    bills = [(record(one, *bill), record(same, *bill)) for bill in (("2023-05-01", 13_000), ("2023-07-01", 90_000, 1))]
    for mine, theirs in bills:
        assert result(now(mine)) == result(now(theirs))
        assert now(mine).category == treated_as and now(mine).assistance > 0
        assert now(mine).spell_ids == [one.spells.get().pk], "the spell stands once"


def test_s1_01_without_a_naming_there_is_no_assistance_by_it_and_the_page_says_what_to_do(one):
    claim = record(one, "2023-05-01", 13_000)
    assert (now(claim).category, now(claim).assistance) == ("none", 0)
    (standing,) = entitlement_of(one, DAY).standings
    assert (standing.way, standing.tiers, standing.note) == ("undesignated", (), undesignated())
    told = status_of(one, None, DAY)["categories"]
    assert [(held["category"], held["entitlement"]) for held in told] == [("other_hardship", "none")]


def test_s1_01_both_ways_of_settling_agree_on_days_before_within_and_after(one, monkeypatch):
    made = name_it("subsistence", since="2023-03-01")
    ended = end_designation(actor=None, designation=made, last_day=date(2023, 6, 30), reason="废止")
    claims = [record(one, f"2023-{month:02}-15", 20_000) for month in (2, 3, 6, 7)]
    categories = ["none", "subsistence", "subsistence", "none"]
    assert [now(claim).category for claim in claims] == categories
    monkeypatch.setattr(columns, "FROM", 1)
    assert settle_person_year(person_id=one.pk, year=2023, actor=None).claims == 0, "the same to the last number"
    withdraw_designation(actor=None, designation=ended, reason="文件有误")
    assert settle_person_year(person_id=one.pk, year=2023, actor=None).claims == 3
    assert {now(claim).category for claim in claims} == {"none"}


def test_s1_01_a_naming_with_a_past_date_settles_the_years_again_and_an_end_takes_it_back(one, hands):
    claim = record(one, "2023-05-01", 13_000)
    other = record(twin("severe_disability"), "2023-05-01", 13_000)
    made = name_it("subsistence", since="2023-03-01")
    (fact,) = LaterFact.objects.all()
    assert (fact.person, fact.year, fact.since, fact.cause) == (one, 2023, date(2023, 3, 1), Cause.DESIGNATION)
    assert fact.reference == f"designation:{made.pk}" and fact.get_cause_display() == "类别指定"
    (group,) = groups(hands[0])
    assert (group.reference, group.years, group.what) == (fact.reference, 1, f"{made.region} {made.document}")
    (case,) = settle_all(hands)
    assert case.claims == 1 and case.supplement > 0
    as_subsistence = record(twin("subsistence"), "2023-05-01", 13_000)
    assert paid(claim) == paid(as_subsistence)
    assert paid(other)["assistance"] == 0

    end_designation(actor=None, designation=made, last_day=date(2023, 4, 30), reason="废止")
    (case,) = settle_all(hands)
    assert case.recovery > 0 and paid(claim)["assistance"] == 0
    shown = [(row.settlement.category, row.categories) for row in history(claim)]
    before = ("subsistence", ["other_hardship", "subsistence"])
    assert shown == [("none", ["other_hardship"]), before, ("none", ["other_hardship"])], "each as was known then"


def test_s1_01_entitlement_and_api_give_the_named_category_and_say_why(one):
    made = name_it("extreme_poverty")
    Institution.objects.create(
        code="H1", name="市人民医院", region_id="150502000000", level=3, charge_class=2, pay_later=True
    )
    found = entitlement_of(one, DAY)
    assert [(row.category, row.way, row.note) for row in found.standings] == [
        ("extreme_poverty", "direct", said(made)),
        ("other_hardship", "by_county", said(made)),
    ]
    theirs = entitlement_of(twin("extreme_poverty"), DAY)
    assert found.standings[0].tiers == theirs.standings[0].tiers and found.duties == theirs.duties != []
    told = status_of(one, Institution.objects.get(), DAY)
    assert told["pay_later"]["applies"]
    assert [(held["category"], held["entitlement"]) for held in told["categories"]] == [
        ("other_hardship", "none"),
        ("extreme_poverty", "direct"),
    ]
    assert said(made) in told["categories"][1]["note"]


def test_s1_01_on_application_one_applies_under_the_named_category(one, approve):
    name_it("illness_poverty")
    assert held_on(one.pk, DAY) == {"other_hardship", "illness_poverty"}
    assert now(record(one, "2023-05-01", 90_000)).category == "none", "nobody has approved it"
    approve(Approval(one.pk, "illness_poverty", date(2023, 5, 2)))
    assert now(record(one, "2023-05-03", 90_000)).category == "illness_poverty"


def test_s1_01_the_subsidy_of_enrolment_follows(one):
    compute(2023)
    assert not one.enrolments.filter(fund__gt=0).exists()
    made = name_it("subsistence", since="2023-06-01")
    compute(2023)
    same = twin("subsistence")
    compute(2023)
    assert shares(one) == shares(same) == ("subsistence", 157, 0, 192)
    for person in (one, same):
        person.history = spells_of(person)  # as the person's page has it
    (why, *lines), problem = explain(one, row(one))
    assert (lines, problem) == explain(same, row(same)) != ([], "")
    assert why["formula"] == said(made)


def test_s1_01_the_scan_warns_by_the_line_of_the_named_category(one, users, client):
    made = name_it("subsistence_margin")
    same, nobody = twin("subsistence_margin"), twin("severe_disability")
    for person in (one, same, nobody):
        record(person, "2023-05-01", 40_000)
        assert PersonYear.objects.get(person=person).measure > 0
    monitoring.scan_region(region=Region.objects.get(pk="150500000000"), on=date(2023, 5, 31), actor=None)
    found = {w.person_id: (w.kind, w.state, w.category, w.priority) for w in BurdenWarning.objects.all()}
    assert found[one.pk] == found[same.pk] and found[one.pk][2] == "subsistence_margin"
    assert nobody.pk not in found
    assert categories_on(one.pk, DAY)[0] == {"other_hardship", "subsistence_margin"}
    one.history = register.history(one)
    theirs = why(users[Role.CASE_WORKER], same, date(2023, 5, 31)).lines
    mine = why(users[Role.CASE_WORKER], one, date(2023, 5, 31)).lines
    assert mine[0]["formula"] == said(made) and mine[1:] == theirs
    client.force_login(users[Role.CASE_WORKER])
    pages = [
        client.get(reverse("monitoring:warning", args=[BurdenWarning.objects.get(person=person).pk])).content.decode()
        for person in (one, same)
    ]
    assert [said(made) in page for page in pages] == [True, False]


def test_s1_01_trials_read_it(one):
    name_it("subsistence", since="2023-04-01")
    read = read_spells("150500000000", "150599999999", 2023, np.array([one.pk], np.int64))
    rows = {tuple(row) for row in np.asarray(read.flat).reshape(-1, 4).tolist()}
    begins = {"other_hardship": date(2022, 1, 1), "subsistence": date(2023, 4, 1)}
    assert rows == {(CATEGORY_INDEX[code], day.toordinal(), OPEN_END, 0) for code, day in begins.items()}


def test_s1_01_what_others_paid_later_and_the_audit_keep_the_category(one):
    name_it("subsistence")
    claim = record(one, "2023-05-01", 13_000)
    before = now(claim)
    record_other_payment(
        actor=None,
        claim=claim,
        payer="charity",
        payer_name="红十字会",
        amount=fen(100),
        paid_on=timezone.localdate(),
        evidence="汇款单",
    )
    after = now(claim)
    assert (after.category, after.assistance, after.pk != before.pk) == ("subsistence", before.assistance, True)
    assert _cases([claim.pk])[claim.pk].facts.valid == mask_of(("other_hardship", "subsistence"))


def test_s1_01_the_statement_and_the_printed_one_say_by_whose_word(one, client):
    made = name_it("subsistence")
    claim = record(one, "2023-05-01", 13_000)
    client.force_login(make_user(Role.CASE_WORKER, username="office"))
    assert said(made) in client.get(reverse("claims:claim", args=[claim.pk])).content.decode()
    page = render_to_string("claims/entitlements.html", {"found": entitlement_of(one, DAY), "amounts": True})
    assert page.count(said(made)) == 2 and "按旗县指定的类别办理" in page
    assert said(made) in client.get(reverse("beneficiaries:person_tab", args=[one.pk, "spells"])).content.decode()
