"""The projection: the year's pace carried on for a month; the same rule held against last year."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.models import Region
from accounts.vocabulary import Role
from claims.models import Claim, PersonYear, Settlement
from monitoring import services
from monitoring.models import BurdenWarning, HitRate, Projected
from monitoring.projection import reckon
from monitoring.projection.services import check, project
from monitoring.tasks import project_scan
from policies.services import figures_now
from tests.factories import CITY, make_user
from tests.monitoring.makers import COUNTY, DAY, make_person, make_places, make_spell, make_warned, make_year, number

# On 31 May 151 days have passed; by 30 June 181. The lines of 2023 in 通辽: 10,150 and 20,300 yuan, exceeded.
BARELY = 8467.82  # × 181 ÷ 151 = 10,150.16
TOO_LITTLE = 8467.62  # 10,149.92


@pytest.mark.parametrize(
    ("day", "on"),
    [
        (date(2023, 5, 31), date(2023, 6, 30)),
        (date(2023, 6, 30), date(2023, 7, 31)),
        (date(2023, 1, 30), date(2023, 2, 28)),
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2023, 5, 10), date(2023, 6, 10)),
        (date(2023, 12, 10), date(2023, 12, 31)),
        (date(2023, 12, 31), date(2023, 12, 31)),
    ],
)
def test_a_month_on_and_never_past_the_year(day, on):
    assert reckon.until(day) == on


def test_the_pace_is_the_sum_by_the_days_that_have_passed():
    assert reckon.expected(151_00, DAY) == 181_00
    assert reckon.expected(846_782, DAY) == 1_015_016


@pytest.fixture
def city(law):
    return Region.objects.get(pk=CITY)


def test_who_is_under_a_line_and_at_this_pace_over_it_is_marked(city):
    barely, _too_little, over, both = (
        make_warned(number(at), yuan) for at, yuan in enumerate((BARELY, TOO_LITTLE, 12000, 17000))
    )
    make_warned(number(10), 9000, "severe_disability")  # no line counts for them
    assert project(region=city, on=DAY) == 2
    found = {one.person_id: one for one in Projected.objects.all()}
    assert set(found) == {barely.pk, both.pk}
    one = found[barely.pk]
    assert (one.kind, one.amount, one.expected, one.line) == ("relapse", 846_782, 1_015_016, 1_015_000)
    assert (one.on, one.until, one.region_id, one.category) == (DAY, date(2023, 6, 30), COUNTY, "subsistence_margin")
    assert (found[both.pk].kind, found[both.pk].line) == ("illness_poverty", 2_030_000), "the next line above"
    assert over.pk not in found and not BurdenWarning.objects.exists(), "nobody is warned by it"


def test_a_later_run_marks_anew_and_the_year_s_last_day_marks_nobody(city):
    person = make_warned(number(1), BARELY)
    project(region=city, on=DAY)
    make_year(person, 12000)
    other = make_warned(number(2), 9000)
    assert project(region=city, on=DAY) == 1
    assert Projected.objects.get().person == other
    assert project(region=city, on=date(2023, 12, 31)) == 0
    assert not Projected.objects.exists()


def bills(person, *months):
    """One claim a month (month, yuan that stay after insurance), settled; the account with their sum."""
    from policies.models import PolicyVersion

    version = PolicyVersion.objects.get(name="tongliao-2023")
    figures = figures_now(version)
    for month, yuan in months:
        claim = Claim.objects.create(
            claim_no=f"P{person.pk}-{month}",
            person=person,
            region_id=person.region_id,
            service="inpatient",
            settled_on=date(2023, month, 15),
            hospital_level=2,
            location="city",
            referred="not_needed",
            total=yuan * 100,
            in_scope=yuan * 100,
        )
        Settlement.objects.create(claim=claim, version=version, figures=figures, category="none")
    PersonYear.objects.create(
        person=person,
        year=2023,
        region_id=person.region_id,
        claims=len(months),
        measure=sum(yuan * 100 for _month, yuan in months),
        last_settled_on=date(2023, max(months)[0], 15),
    )


def test_the_hit_rate_of_last_year_from_the_monthly_sums(city):
    people = [make_person(number(at)) for at in range(4)]
    for person in people:
        make_spell(person, "subsistence_margin")
    bills(people[0], (2, 4000), (5, 5000), (6, 2000))  # marked at the end of May, crossed in June
    bills(people[1], (2, 4000), (5, 5000), (9, 500))  # marked at the end of May, never crossed
    bills(people[2], (3, 100), (6, 12000))  # crossed in June, nobody saw it come
    bills(people[3], (3, 100))
    assert check(region=city, year=2023) == 11 * 9, "eleven months' ends of nine places"
    may = HitRate.objects.get(region_id=COUNTY, on=DAY)
    assert (may.marked, may.hit, may.crossed) == (2, 1, 2)
    assert project(region=city, on=DAY) == 2, "the same rule marks the same people"
    june = HitRate.objects.get(region_id=COUNTY, on=date(2023, 6, 30))
    assert (june.hit, june.crossed) == (0, 0)
    assert check(region=city, year=2023) == 99 == HitRate.objects.count(), "counted again, not twice"


def test_a_year_without_law_or_figures_has_no_hit_rate(city):
    assert check(region=city, year=2021) == 0


def test_after_a_scan_the_page_shows_method_rate_and_people(city, client, django_assert_max_num_queries):
    make_places(COUNTY)
    for at in range(3):
        make_warned(number(at), 9000 + at)
    done = services.scan_region(region=city, on=DAY, actor=None)
    assert project_scan(done.pk) == 3
    HitRate.objects.create(region_id=COUNTY, on=date(2022, 5, 31), marked=10, hit=7, crossed=14)
    client.force_login(make_user(Role.CASE_WORKER))
    with django_assert_max_num_queries(16):
        page = client.get(reverse("monitoring:projection")).content.decode()
    for text in ("已过天数", "2022 年的命中率", "命中率 70%", "占 50%", "10,788.07"):
        assert text in page
    listed = client.get(reverse("monitoring:list") + "?state=approaching").content.decode()
    assert listed.count("预计越线</span>") == 3
    person = Projected.objects.first().person
    shown = client.get(reverse("beneficiaries:person_tab", args=[person.pk, "warnings"])).content.decode()
    assert "预计越线：截至" in shown


@pytest.mark.parametrize("role", [Role.LIAISON, Role.ADMINISTRATOR])
def test_the_projection_is_the_bureau_s_own(city, client, role):
    client.force_login(make_user(role))
    assert client.get(reverse("monitoring:projection")).status_code == 403
