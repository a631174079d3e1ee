"""Example objects of claims and of the law for the walk over all addresses (`tests/url_examples.py`)."""

import uuid
from datetime import date
from typing import Any

from accounts.services import load_regions
from beneficiaries.models import Person, id_key
from claims.entry.services import submit
from claims.models import Claim, ClaimEntry, Contradiction, Institution
from policies.models import PolicyVersion
from policies.services import load_documents
from tests.claims.makers import identity_number, make_person, make_spell, new_claim, record

COUNTIES = {False: "150521000000", True: "370811000000"}


def law() -> None:
    """The shipped policies, published."""
    if not PolicyVersion.objects.filter(name="tongliao-2023").exists():
        load_regions()
        load_documents(actor=None)


def person(foreign: bool) -> Person:
    # A small bill: it must not raise a warning beside the example of monitoring.
    number = identity_number(700 + foreign)
    return Person.objects.filter(id_key=id_key(number)).first() or make_person(number, COUNTIES[foreign])


def claim(foreign: bool) -> dict[str, Any]:
    """A settled inpatient bill of someone on subsistence, with an earlier settlement that a late bill superseded."""
    law()
    number = "S202306150300000917" if foreign else "S202306150521000436"
    found = Claim.objects.filter(claim_no=number).first()
    if found is None:
        who = person(foreign)
        make_spell(who, "subsistence")
        found = record(who, "2023-06-01", 60000, 20000, 9000, claim_no=number, platform_cii=0)
        record(who, "2023-05-01", 30000, 9000, claim_no=f"{number}-2")
    return {"pk": found.pk}


def version(_foreign: bool) -> dict[str, Any]:
    law()
    return {"name": "tongliao-2023"}


def institution(_foreign: bool) -> dict[str, Any]:
    """The register of institutions is read from everywhere; the claim form says where nothing is owed."""
    law()
    found = Institution.objects.filter(code="H15050200001").first()
    found = found or Institution.objects.create(
        code="H15050200001", name="市人民医院", region_id="150502000000", level=3, charge_class=2
    )
    return {"pk": found.pk}


def entry(foreign: bool) -> dict[str, Any]:
    """A bill that waits for a second person, with one paper."""
    law()
    who = person(foreign)
    found = ClaimEntry.objects.filter(person=who).first()
    if found is None:
        bill = new_claim("2023-06-02", 5000, 1000, 500, location="outside")
        found = submit(actor=None, entry=None, person=who, claim=bill, sent_by="外地医院")
    return {"pk": found.pk, "paper": uuid.UUID(int=0)}


def contradiction(foreign: bool) -> dict[str, Any]:
    """A bill after the person's death, as the nightly search finds it."""
    who = person(foreign)
    found, _new = Contradiction.objects.get_or_create(
        kind="after_death",
        key=f"example-{foreign}",
        defaults={
            "person": who,
            "region_id": who.region_id,
            "day": date(2023, 6, 2),
            "evidence": {"died": "2023-06-01", "claim_no": "S1", "total": 100},
            "digest": "0",
        },
    )
    return {"pk": found.pk}


EXAMPLES = {
    "claims:contradiction": contradiction,
    "claims:entry": entry,
    "claims:institution": institution,
    "claims:claim": claim,
    "policies:version": version,
}
# The register of institutions is read from every region.
EVERYWHERE = {"claims:institution", "claims:institution_edit", "claims:institution_recovery"}
