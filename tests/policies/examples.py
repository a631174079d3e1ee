"""Example drafts and figures for the walk over all addresses (`tests/url_examples.py`)."""

from datetime import date
from typing import Any

from accounts.models import User
from policies import drafting
from policies.models import PolicyVersion
from tests.claims.examples import law
from tests.policies.law import officer

SOURCES = {False: ("tongliao-2023", "150500000000"), True: ("jining-2023", "370800000000")}


def source(foreign: bool) -> dict[str, Any]:
    law()
    return {"name": SOURCES[foreign][0]}


def draft(foreign: bool) -> dict[str, Any]:
    """A draft of the users' region by an officer who is none of them; one of 济宁 beside it."""
    law()
    name, region = SOURCES[foreign]
    found = PolicyVersion.objects.filter(name=name.replace("2023", "2024")).first()
    if found is None:
        actor = User.objects.filter(username=f"drafts-{region}").first() or officer(f"drafts-{region}", region)
        found = drafting.create_draft(
            actor=actor,
            from_version=PolicyVersion.objects.get(name=name),
            name=name.replace("2023", "2024"),
            valid_from=date(2024, 1, 1),
        )
    return {"name": found.name, "slug": "assistance" if not foreign else "subsidy"}


def figure(foreign: bool) -> dict[str, Any]:
    law()
    return {"policy": "jining" if foreign else "tongliao", "key": "cii_deductible", "year": 2023}


EXAMPLES = {
    "policies:new_draft": source,
    "policies:parameter": figure,
    **{
        f"policies:{name}": draft
        for name in ("draft", "submit", "return", "withdraw", "publish", "restore", "expected")
    },
}
EVERYWHERE = {"policies:parameters"}
