"""Facts of the register that contradict each other, and what the database does not let contradict itself."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.services import load_regions
from accounts.vocabulary import CERTIFIES
from beneficiaries import doubts
from beneficiaries.models import CategorySpell, Person
from policies.services import load_documents
from tests.beneficiaries.rosters import line, prepare, roster
from tests.beneficiaries.test_people import certified, made

pytestmark = pytest.mark.django_db


def test_categories_that_the_law_of_the_place_excludes_are_told(tongliao):
    """The documents say which categories cannot hold at once (there: clauses with their reading), not the code."""
    load_regions()
    load_documents(actor=None)
    person = made(1)
    certified(person, date(2023, 1, 1))
    certified(person, date(2023, 3, 1), date(2023, 5, 31), "extreme_poverty")
    ill = made(2)
    certified(ill, date(2023, 1, 1), category="subsistence_margin")
    certified(ill, date(2023, 3, 1), category="illness_poverty")
    found = {row["person_id"]: row for row in doubts.exclusive_categories("1505")}
    one, other = found[person.pk], found[ill.pk]
    assert (one["first_category"], one["second_category"]) == ("extreme_poverty", "subsistence")
    assert (one["since"], one["until"], one["clauses"]) == (date(2023, 3, 1), date(2023, 5, 31), ("S1-01",))
    assert (other["first_category"], other["until"], other["clauses"]) == ("illness_poverty", None, ("S1-02",))
    assert doubts.exclusive_categories("3708") == []
    # While no law is in force there is nothing to exclude: that of Guangxi ended with 2025.
    CategorySpell.objects.filter(person=ill).update(known_to=timezone.now())
    Person.objects.update(region_id="450000000000")
    assert [row["clauses"] for row in doubts.exclusive_categories("45")] == [("S3-16",)]
    CategorySpell.objects.filter(known_to=None).update(valid_from=date(2026, 1, 1), valid_to=None)
    assert doubts.exclusive_categories("45") == []


def test_two_names_of_one_number_are_told(tongliao):
    certified(made(1), date(2023, 1, 1))
    prepare(roster(line(1, name="曾玉蓝")))
    (named,) = doubts.two_names("1505")
    assert (named["known_as"], named["called"], named["department"]) == ("曾玉兰", "曾玉蓝", "civil_affairs")


def test_the_database_keeps_spells_of_one_certification_apart(tongliao):
    """By number instead of text: no two certifications have the same."""
    pairs = [(category, department) for department, found in CERTIFIES.items() for category in found]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT hashtext(c || '/' || d)) FROM unnest(%s::text[], %s::text[]) AS pair (c, d)",
            [[str(category) for category, _ in pairs], [str(department) for _, department in pairs]],
        )
        assert cursor.fetchone()[0] == len(set(pairs))
    person = made(1)
    certified(person, date(2023, 1, 1), date(2023, 5, 31))
    certified(person, date(2023, 6, 1))
    certified(person, date(2023, 3, 1), category="orphan")
    again = CategorySpell(person=person, category="subsistence", department="civil_affairs", region=person.region)
    again.valid_from = date(2023, 5, 31)
    with pytest.raises(IntegrityError, match="spell_no_overlap"), transaction.atomic():
        again.save()
