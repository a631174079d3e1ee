"""Example cases of later truth for the walk over all addresses (`tests/url_examples.py`)."""

from datetime import date
from typing import Any

from accounts.models import Region
from claims.later import services
from claims.later.models import Cause, LaterFact, Resettlement
from claims.models import Claim, PersonYear
from policies.models import PolicyVersion
from tests.claims import examples

CITIES = {False: "150500000000", True: "370800000000"}


def claim(foreign: bool) -> dict[str, Any]:
    return examples.claim(foreign)


def year(foreign: bool) -> dict[str, Any]:
    claim = Claim.objects.get(pk=examples.claim(foreign)["pk"])
    return {"pk": PersonYear.objects.get(person_id=claim.person_id, year=claim.settled_on.year).pk}


def case(foreign: bool) -> dict[str, Any]:
    """A claim that was taken back, prepared and waiting for the second person."""
    found = Resettlement.objects.filter(region_id=CITIES[foreign], state="prepared").first()
    if found is None:
        one = Claim.objects.get(pk=examples.claim(foreign)["pk"])
        if not LaterFact.objects.filter(claim=one, cause=Cause.REVERSAL).exists():
            services.propose_reversal(actor=None, claims=[one], reason="平台退费")
        region = Region.objects.get(pk=CITIES[foreign])
        found = services.prepare(actor=None, region=region, cause=Cause.REVERSAL)
    assert found.prepared_at.date() >= date(2023, 1, 1)
    return {"pk": found.pk}


def version(_foreign: bool) -> dict[str, Any]:
    examples.law()
    return {"pk": PolicyVersion.objects.get(name="tongliao-2023").pk}


EXAMPLES = {
    "later:case": case,
    "later:lines": case,
    "later:confirm": case,
    "later:withdraw": case,
    "later:reverse": claim,
    "later:correct": claim,
    "later:except": claim,
    "later:other": claim,
    "later:take_back": claim,
    "later:year": year,
    "claims:year_pdf": year,
    "claims:statement_pdf": claim,
    "later:version": version,
}
