"""Example objects of claims and policies for the walk over all addresses (`tests/url_examples.py`)."""

from typing import Any

from policies.models import PolicyVersion
from policies.services import load_documents
from tests.claims.makers import identity_number, make_person, record

COUNTIES = {False: "150521000000", True: "370811000000"}


def claim(foreign: bool) -> dict[str, Any]:
    load_documents(actor=None)
    number = identity_number(700 + foreign)
    person = make_person(number, COUNTIES[foreign], "费用样例")
    return {"pk": record(person, "2023-05-10", 40000, 20000).pk}


def version(foreign: bool) -> dict[str, Any]:
    load_documents(actor=None)
    return {"name": PolicyVersion.objects.get(name="jining-2023" if foreign else "tongliao-2023").name}


EXAMPLES = {"claims:claim": claim, "policies:version": version}
