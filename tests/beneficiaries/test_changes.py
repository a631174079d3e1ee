"""Who must know of facts that turned out otherwise is told, with the person and the first day."""

import io
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection

from accounts.services import load_regions
from beneficiaries import changes, services
from beneficiaries.models import CategorySpell
from tests.claims.makers import DATA, make_person, make_spell

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch):
    """What a registered receiver reads, in the transaction that wrote."""
    heard = []

    def receiver(change):
        with connection.cursor() as cursor:
            cursor.execute(change.query, change.params)
            heard.append((change.cause, change.reference, sorted(cursor.fetchall())))

    monkeypatch.setattr(changes, "_receivers", [receiver])
    return heard


def test_a_certification_and_its_end_tell_the_first_day(tongliao, told):
    load_regions()
    person = make_person()
    spell = services.certify(
        actor=None,
        person=person,
        category="subsistence",
        department="civil_affairs",
        region=person.region,
        valid_from=date(2023, 3, 1),
        source=None,
    )
    ended = services.end_category(actor=None, spell=spell, last_day=date(2023, 6, 30), reason="收入提高")
    longer = services.end_category(actor=None, spell=ended, last_day=date(2023, 8, 31), reason="更正")
    assert [one[0] for one in told] == ["category", "category_end", "category_end"]
    assert told[0][2] == [(person.pk, date(2023, 3, 1))]
    assert told[1][2] == [(person.pk, date(2023, 7, 1))]
    assert told[2] == ("category_end", f"spell:{longer.pk}", [(person.pk, date(2023, 7, 1))])


def test_a_spell_is_not_lengthened_into_the_next(tongliao, told):
    load_regions()
    person = make_person()
    make_spell(person, "subsistence", "2023-06-01")
    spell = make_spell(person, "subsistence", "2023-01-01", "2023-03-31")
    make_spell(person, "subsistence", "2023-05-01", department="rural_revitalization")  # another department's word
    with pytest.raises(ValidationError) as refused:
        services.end_category(actor=None, spell=spell, last_day=date(2023, 6, 1), reason="更正")
    assert "2023-06-01" in str(refused.value.message_dict["last_day"])
    assert not told
    longest = services.end_category(actor=None, spell=spell, last_day=date(2023, 5, 31), reason="更正")
    assert (longest.valid_to, len(told)) == (date(2023, 5, 31), 1)


def test_a_roster_tells_of_the_days_that_it_changes_and_no_others(tongliao, told):
    load_regions()
    options = ("--department", "civil_affairs", "--month", "2023-05", "--region", "150500", "--confirm")
    call_command("import_roster", str(DATA / "civil_affairs-2023-05.csv"), *options, stdout=io.StringIO())
    ((cause, _reference, rows),) = told
    assert cause == "roster"
    first = dict(CategorySpell.objects.order_by("-valid_from").values_list("person_id", "valid_from"))
    assert dict(rows) == first


def test_next_months_roster_tells_of_its_ends_from_the_day_after_and_is_silent_on_the_rest(tongliao, told):
    load_regions()
    for month in ("2023-05", "2023-06"):
        options = ("--department", "civil_affairs", "--month", month, "--region", "150500", "--confirm")
        call_command("import_roster", str(DATA / f"civil_affairs-{month}.csv"), *options, stdout=io.StringIO())
    rows = dict(told[1][2])
    ended = CategorySpell.objects.current().filter(valid_to=date(2023, 5, 31)).values_list("person_id", flat=True)
    assert 0 < len(rows) < CategorySpell.objects.current().count() / 2
    assert {rows[person] for person in ended if person in rows} == {date(2023, 6, 1)}
