"""Two connections at the same rows: the second is told, or goes on from what the first left; nothing is half done."""

from functools import partial
from itertools import permutations

import pytest
from django.db.models import F, Sum

from accounts.models import Region
from beneficiaries.models import Person
from claims import bulk, columns
from claims.fund import selectors as fund
from claims.fund.models import FundEntry, Posting
from claims.fund.services import book_claims
from claims.models import Claim, PersonYear, Settlement
from claims.services import settle_person_year
from exchange.errors import RegisterMoved
from exchange.services import confirm_file
from tests.claims.makers import COUNTY, identity_number, make_person, make_spell, record, snapshot
from tests.claims.test_import import outcomes, prepared
from tests.racing import meet

pytestmark = pytest.mark.django_db(transaction=True)


def confirming(*rows: dict[str, str]) -> partial:
    """A file that is ready, and the confirmation of it."""
    return partial(confirm_file, file_id=prepared(*rows).pk, actor=None)


def test_a_number_in_two_files_confirmed_at_once_is_registered_once(law):
    stranger = {"certno": identity_number(931)}
    first = confirming({}, stranger | {"setl_id": "S2"})
    second = confirming(stranger | {"setl_id": "S3"}, {"hifp_pay": "9000.01"})
    done, told = meet(first, second)
    assert (done.state, type(told)) == ("confirmed", RegisterMoved)
    assert all(word in str(told) for word in ("S1", "共 1 个", "claims.csv", "没有写入", "再次确认"))
    assert set(Claim.objects.values_list("claim_no", flat=True)) == {"S1", "S2"}
    assert (Settlement.objects.count(), PersonYear.objects.count(), Person.objects.count()) == (2, 2, 2)
    # Compared anew, the number is in doubt, and the rest of the second file can be taken.
    file = second.keywords["file_id"]
    assert outcomes(done.__class__.objects.get(pk=file)) == [("new", "", ""), ("doubtful", "claim_differs", "claim_no")]
    assert second().counts["written"]["claims"] == 1
    assert Claim.objects.get(claim_no="S1").basic_paid == 900_000


def test_a_year_that_somebody_else_makes_meanwhile_is_settled_on_what_it_then_holds(law, monkeypatch):
    """By columns: what was computed for an empty year is thrown away, and made again on what was entered by hand."""
    monkeypatch.setattr(columns, "FROM", 1)
    again = []
    held = bulk.hold_years
    monkeypatch.setattr(bulk, "hold_years", lambda keys: again.append(keys) or held(keys))
    person = make_person(identity_number(932))
    early, unknown = {"certno": person.id_number}, {"setl_id": "N", "certno": identity_number(933)}
    _made, file = meet(partial(record, person, "2023-06-01", 60_000, 20_000), confirming(early, unknown))
    written = file.counts["written"]
    assert [written[name] for name in ("claims", "persons", "settled", "superseded")] == [2, 1, 3, 1]
    assert len(again) == 1
    settled = snapshot()
    assert settled[person.pk, 2023][0] == 2
    for key, year in settled:
        assert settle_person_year(person_id=key, year=year, actor=None).claims == 0
    assert snapshot() == settled


def test_two_who_book_overlapping_regions_at_once_book_once(law):
    """Province, city and county share claims: the second waits, and finds the ledger equal to the claims."""
    person = make_person()
    make_spell(person, "subsistence")
    places = [f"{code:0<12}" for code in ("15", "1505", COUNTY, "150521100")]
    for month, (one, other) in enumerate(permutations(places, 2), 1):
        record(person, f"2023-{month:02d}-10", 20_000, 5_000)
        book = [
            partial(book_claims, actor=None, region=Region.objects.get(code=code), year=2023) for code in (one, other)
        ]
        entries, again = meet(*book)
        assert (len(entries), again) == (1, [])
        assert fund.out_of_step(2023) == {}
    paid = Settlement.objects.filter(superseded_at=None).aggregate(sum=Sum(F("assistance") + F("top_up")))["sum"]
    assert fund.used(Region.objects.get(code=COUNTY), 2023).spent == paid > 0
    assert FundEntry.objects.count() == 12
    assert not Posting.objects.values("entry").annotate(sum=Sum("amount")).exclude(sum=0).exists()
