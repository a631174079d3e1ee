"""Example objects for the walk over all addresses (`tests/test_url_walk.py`).

`EXAMPLES` says for an address (or for every address of a prefix) which function makes its arguments; a function takes
`foreign` and gives the keyword arguments of an object of the users' region, or of one that is not theirs.
A room adds its lines here with its pages.
"""

import uuid
from collections.abc import Callable
from typing import Any

from accounts.audit import events_of
from accounts.jobs import create_job
from accounts.models import Region, User
from accounts.papers.services import store_paper
from accounts.vocabulary import Role
from exchange.partner_api.models import ApiKey
from exchange.partner_api.services import make_key
from tests.assistance import examples as assistance
from tests.beneficiaries import examples as register
from tests.beneficiaries.enrolment import examples as enrolment
from tests.claims import examples as claims
from tests.claims import later_examples, trial_examples
from tests.claims.fund import examples as fund
from tests.factories import make_organisation, make_user
from tests.monitoring import examples as monitoring
from tests.policies import examples as policies

CITY, ELSEWHERE = "150500000000", "370800000000"
Make = Callable[[bool], dict[str, Any]]


def region(foreign: bool) -> str:
    return ELSEWHERE if foreign else CITY


def user(foreign: bool) -> dict[str, Any]:
    found = User.objects.filter(username=f"walked-{region(foreign)}").first()
    one = found or make_user(Role.CLERK, username=f"walked-{region(foreign)}", region=region(foreign))
    return {"pk": one.pk}


def organisation(foreign: bool) -> dict[str, Any]:
    return {"pk": make_organisation(region=region(foreign)).pk}


def own_job(foreign: bool) -> dict[str, Any]:
    """Nobody's job but a stranger's: everyone sees their own only (the walk makes none for its users)."""
    stranger = User.objects.get(pk=user(foreign)["pk"])
    return {"pk": create_job(kind="walk", title="导入", region=region(foreign), actor=stranger).pk}


def user_event(foreign: bool) -> dict[str, Any]:
    pk = user(foreign)["pk"]
    return {"label": "accounts.user", "pk": events_of(User).objects.filter(pgh_obj_id=pk).first().pk}


def api_key(foreign: bool) -> dict[str, Any]:
    """A hospital's key."""
    label = f"walked-{region(foreign)}"
    found = ApiKey.objects.filter(label=label).first()
    place = Region.objects.get(pk=region(foreign))
    if found is None:
        found = make_key(actor=None, label=label, region=place, scopes=["status"], institution="H1").key
    return {"pk": found.pk}


def nothing(_foreign: bool) -> dict[str, Any]:
    """Calls of the API are refused before their object is looked for."""
    return {"pk": uuid.UUID(int=0), "number": uuid.UUID(int=0), "anything": "x"}


def no_file(_foreign: bool) -> dict[str, Any]:
    """As `nothing`, of a call that names a file by its number."""
    return {"pk": 0}


def paper(foreign: bool) -> dict[str, Any]:
    """A paper of a stranger's draft: until it belongs to something, its uploader alone sees it."""
    stranger = User.objects.get(pk=user(foreign)["pk"])
    name = "发票.pdf"
    made = store_paper(actor=stranger, region=region(foreign), content=b"%PDF-1.4\n%%EOF", name=name)
    return {"pk": made.pk}


EXAMPLES: dict[str, Make] = {
    "accounts:paper": paper,
    "api:": nothing,
    "api:one_feedback": no_file,
    "exchange:key": api_key,
    "accounts:user": user,
    "accounts:organisation": organisation,
    "accounts:job": own_job,
    "accounts:audit_event": user_event,
    **assistance.EXAMPLES,
    **claims.EXAMPLES,
    **enrolment.EXAMPLES,
    **monitoring.EXAMPLES,
    **policies.EXAMPLES,
    **register.EXAMPLES,
    **trial_examples.EXAMPLES,
    **later_examples.EXAMPLES,
    **fund.EXAMPLES,
}
# Addresses whose object is the same for all regions: the law is no secret.
EVERYWHERE: set[str] = {"policies:version", "later:version", *claims.EVERYWHERE, *policies.EVERYWHERE}
# Addresses whose object not every role with the act sees: which roles do.
NARROW: dict[str, set[Role]] = {"accounts:job": set(), "accounts:paper": set()}


def _maker(name: str) -> Make | None:
    """The function of the address, or of the longest beginning of its name."""
    fitting = [key for key in EXAMPLES if name.startswith(key)]
    return EXAMPLES[max(fitting, key=len)] if fitting else None


def knows(name: str, arguments: tuple[str, ...]) -> bool:
    return _maker(name) is not None


class Places:
    """The objects that one walk uses, made once each."""

    everywhere = EVERYWHERE
    narrow = NARROW

    def __init__(self) -> None:
        self._made: dict[tuple[Make, bool], dict[str, Any]] = {}

    def arguments(self, name: str, arguments: tuple[str, ...], foreign: bool = False) -> dict[str, Any]:
        """Keyword arguments of the address."""
        maker = _maker(name) if arguments else None
        if maker is None:
            return {}
        if (maker, foreign) not in self._made:
            self._made[maker, foreign] = maker(foreign)
        return {key: self._made[maker, foreign][key] for key in arguments}


def make() -> Places:
    return Places()
