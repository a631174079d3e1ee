"""Example objects of the register and of inbound files for the walk over all addresses (`tests/url_examples.py`)."""

from datetime import date
from typing import Any

from accounts.models import Region
from beneficiaries import services
from beneficiaries.diseases.services import register_disease
from beneficiaries.merging.services import propose_merge
from beneficiaries.models import Designation, Merge, Person, id_key
from beneficiaries.persons.services import add_document
from exchange.inquiries.models import Inquiry
from exchange.models import InboundFile
from tests.beneficiaries.rosters import line, number, prepare, roster, send

PLACES = {False: ("150500000000", "150521100000"), True: ("370800000000", "370811000000")}


def person(foreign: bool) -> dict[str, Any]:
    """A person with a category, a household, a document and a disease, by hand; `tab` is one of the page's own."""
    code = PLACES[foreign][1]
    one = Person.objects.filter(id_key=id_key(number(800 + foreign))).first()
    if one is None:
        region = Region.objects.get(code=code)
        one = services.register_person(
            actor=None, id_number=number(800 + foreign), name="档案样例", region=region, household="H-1"
        )
        begins = one.birth_date.replace(year=2023)
        services.certify(
            actor=None,
            person=one,
            category="subsistence",
            department="civil_affairs",
            region=region,
            valid_from=begins,
            source=None,
        )
        passport = f"E{1234567 + foreign}"
        add_document(actor=None, person=one, kind="passport", number=passport, reason="样例")
        register_disease(
            actor=None, person=one, register="two", code="I10", name="高血压", valid_from=begins, source="诊断证明"
        )
    return {
        "pk": one.pk,
        "tab": "spells",
        "spell": one.spells.get().pk,
        "document": one.documents.first().pk,
        "registration": one.diseases.get().pk,
    }


def household(foreign: bool) -> dict[str, Any]:
    return {"pk": Person.objects.get(pk=person(foreign)["pk"]).household_id}


def merge(foreign: bool) -> dict[str, Any]:
    """A merge that waits for its second person."""
    known = Merge.objects.filter(kept=person(foreign)["pk"]).first()
    if known is None:
        kept = Person.objects.get(pk=person(foreign)["pk"])
        gone = services.register_person(
            actor=None, id_number=number(810 + foreign), name="档案样例", region=kept.region
        )
        known = propose_merge(actor=None, kept=kept, gone=gone, reason="号码录错一位")
    return {"pk": known.pk, "what": "refuse"}


def designation(foreign: bool) -> dict[str, Any]:
    """A county's word, entered past its service where the law of the place leaves nothing to it."""
    known, _made = Designation.objects.get_or_create(
        region_id=PLACES[foreign][0][:4].ljust(12, "0"),
        category="other_hardship",
        defaults={"treated_as": "subsistence", "valid_from": date(2023, 1, 1), "document": "左中政发〔2023〕5号"},
    )
    return {"pk": known.pk}


def file(foreign: bool) -> dict[str, Any]:
    """A roster of civil affairs that waits to be confirmed: one row of each kind of trouble."""
    code, township = PLACES[foreign]
    known = InboundFile.objects.filter(region_id=code, kind="roster", state="ready").first()
    if known is None:
        person(foreign)
        rows = (
            line(1, region=township),
            line(2, region=township, id_number="1.50521E+17"),
            line(800 + foreign, region=township, name="另一人"),
        )
        known = prepare(roster(*rows), region=code)
    return {"pk": known.pk}


def inquiry(foreign: bool) -> dict[str, Any]:
    """A row of a confirmed roster that went back to civil affairs; `pk` of the inquiry."""
    code, township = PLACES[foreign]
    known = Inquiry.objects.filter(region_id=code).first()
    if known is None:
        rows = (line(5, region=township), line(6, region=township, category="困难群众"))
        sent = send(roster(*rows), region=code, mode=InboundFile.Mode.CHANGES)
        known = sent.inquiries.get()
    return {"pk": known.pk}


def inquired_file(foreign: bool) -> dict[str, Any]:
    return {"pk": Inquiry.objects.get(pk=inquiry(foreign)["pk"]).file_id}


EXAMPLES = {
    "beneficiaries:": person,
    "beneficiaries:designation": designation,
    "beneficiaries:household": household,
    "beneficiaries:merge": merge,
    "beneficiaries:merge_propose": person,
    "exchange:file": file,
    "exchange:confirm": file,
    "exchange:prepare": file,
    "exchange:cancel": file,
    "exchange:undo": file,
    "exchange:errors": file,
    "exchange:decide": file,
    "exchange:inquiry": inquiry,
    "exchange:inquiry_file": inquired_file,
}
