"""S2-07: who no longer qualifies leaves, with a reason; benefits stop from the day."""

import csv
import io
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell, Person
from beneficiaries.services import end_category
from claims.models import Claim
from exchange.errors import ImportBlocked
from exchange.services import undo_file
from tests.beneficiaries.rosters import HEADER, line, number, roster, send
from tests.claims.makers import make_person, make_spell, now, record
from tests.factories import make_user

JINING = "370811000000"


def benefits(claim: Claim) -> tuple[str, int, int]:
    """Under which category a claim was settled, what critical-illness insurance and assistance paid."""
    settled = now(claim)
    return settled.category, settled.cii_paid, settled.assistance


def test_s2_07_an_exit_needs_a_reason_and_benefits_stop_from_the_day(law):
    """Jining: the tilt of critical-illness insurance is gone the day after; what was settled before stays."""
    worker = make_user(Role.CASE_WORKER, username="jining", region=JINING)
    person, other = make_person(region=JINING), make_person(region=JINING)
    spell = make_spell(person, "subsistence")
    before = record(person, "2023-03-31", 60_000, 20_000)
    category, tilted, _help = benefits(before)
    with pytest.raises(ValidationError, match="退出原因"):
        end_category(actor=worker, spell=spell, last_day=date(2023, 3, 31), reason=" ")
    ended = end_category(actor=worker, spell=spell, last_day=date(2023, 3, 31), reason="收入超过标准")
    assert (ended.exit_reason, ended.valid_to) == ("收入超过标准", date(2023, 3, 31))
    assert benefits(before) == (category, tilted, 0) and category == "subsistence"
    # Its history stays: until today's knowledge the spell had no end.
    assert CategorySpell.objects.get(pk=spell.pk).known_to is not None
    after = record(person, "2023-04-01", 60_000, 20_000)
    plain = [record(other, day, 60_000, 20_000) for day in ("2023-03-31", "2023-04-01")]
    assert benefits(after)[0] == "none"
    assert tilted > benefits(plain[0])[1]


@pytest.mark.parametrize("day, category", [("2023-05-20", "subsistence"), ("2023-05-21", "none")])
def test_s2_07_an_exit_in_a_roster_keeps_its_reason_and_stops_assistance(law, day, category):
    send(roster(line(1), line(2)))
    out = io.StringIO()
    csv.writer(out).writerows(
        [(*HEADER, "退出原因"), (*line(1, valid_to="2023-05-20").values(), "死亡、迁出之外：已脱困")]
    )
    send(out.getvalue().encode() + roster(line(2)).split(b"\r\n", 1)[1], month=date(2023, 6, 1))
    person = Person.objects.get(spells__known_to=None, spells__valid_to=date(2023, 5, 20))
    assert person.spells.get(known_to=None).exit_reason == "死亡、迁出之外：已脱困"
    claim = record(person, day, 60_000, 20_000)
    settled, _cii, assistance = benefits(claim)
    assert settled == category and (assistance > 0) == (category == "subsistence")
    assert person.masked_id_number.startswith(number(1)[:6])


@pytest.mark.django_db(transaction=True)  # the trail's times are those of transactions
def test_a_roster_that_ends_what_claims_were_settled_by_can_be_undone_and_one_that_began_it_cannot(law):
    disabled = [line(n, category="重度残疾人") for n in (1, 2)]
    send(roster(*disabled), department="disabled_federation")
    may = send(roster(line(1), line(2)))
    claim = record(Person.objects.get(spells__source_row=2, spells__source=may), "2023-05-20", 60_000, 20_000)
    settled = benefits(claim)
    june = send(roster(line(1, category="特困人员", valid_from="2023-06-01"), line(2)), month=date(2023, 6, 1))
    assert CategorySpell.objects.filter(closed_by=june).count() == 1
    assert undo_file(file_id=june.pk, actor=None).state == "undone"
    assert CategorySpell.objects.current().filter(valid_to=None).count() == 4
    assert benefits(claim) == settled
    with pytest.raises(ImportBlocked, match=claim.claim_no):
        undo_file(file_id=may.pk, actor=None)
