"""Example objects of applications for the walk over all addresses (`tests/url_examples.py`).

One application that every role with the act sees: decided with money (the fund's), once put to a panel of all
departments (the members'); one paper-less household row, a question to civil affairs (the liaison's).
"""

from typing import Any

from django.utils import timezone

from accounts.models import Region
from accounts.vocabulary import Role
from assistance.models import (
    Application,
    Decision,
    HouseholdMember,
    Meeting,
    MeetingCase,
    Notice,
    Question,
    Referral,
    Step,
)
from assistance.vocabulary import PANEL, Did, Kind, State
from policies import selectors as law
from policies.services import load_documents
from tests.claims.makers import make_person
from tests.factories import make_organisation, make_user

# County, and a rule of the law in force there.
PLACES = {False: ("150521000000", "依申请救助资格"), True: ("370811000000", "依申请救助资格")}


def _application(foreign: bool) -> Application:
    county, rule = PLACES[foreign]
    number = f"SQ-EXAMPLE-{county}"
    found = Application.objects.filter(number=number).first()
    if found:
        return found
    load_documents(actor=None)
    office = make_organisation(region=county)
    author = make_user(Role.CASE_WORKER, username=f"author-{county}", region=county)
    version = law.version_on("150521000000", timezone.localdate())
    person = make_person(region=county, name="申请样例")
    made = Application.objects.create(
        number=number,
        person=person,
        region_id=county,
        kind=Kind.CASE,
        rule=rule,
        clauses=["S1-19"],
        version=version,
        applied_on=timezone.localdate(),
        reason="住院费用负担重",
        state=State.APPROVED,
        registrar=author,
        office=office,
        enterers=[author.pk],
    )
    step = Step.objects.create(application=made, did=Did.APPROVE, actor=author, to_state=State.APPROVED, revision=2)
    Notice.objects.create(step=step, application=made, region_id=county)
    HouseholdMember.objects.create(application=made, person=person, name=person.name, relation="本人")
    meeting = Meeting.objects.create(
        region=Region.objects.get(pk=county),
        title="一事一议会商",
        held_on=timezone.localdate(),
        departments=list(PANEL),
        convened_by=author,
    )
    MeetingCase.objects.create(meeting=meeting, application=made, round=1, question="负担仍然较重", proposed=2_000_000)
    Question.objects.create(application=made, department="civil_affairs", text="是否认定", asked_by=author)
    Referral.objects.create(
        application=made, help="charity", organisation="慈善总会", text="负担仍然较重", referred_by=author
    )
    Decision.objects.create(
        application=made,
        round=1,
        outcome="approved",
        kind=Kind.CASE,
        amount=2_000_000,
        clauses=["S1-19"],
        reason="符合条件",
        letter=f"医保救助〔2026〕{county[:6]}-样例",
        decided_by=author,
        decided_on=timezone.localdate(),
    )
    return made


def application(foreign: bool) -> dict[str, Any]:
    return {"pk": _application(foreign).pk}


def move(foreign: bool) -> dict[str, Any]:
    return {"pk": _application(foreign).pk, "did": "visit"}


def row(foreign: bool) -> dict[str, Any]:
    made = _application(foreign)
    return {"pk": made.pk, "what": "member", "row": made.members.get().pk}


def part(name: str):
    def make(foreign: bool) -> dict[str, Any]:
        return {"pk": getattr(_application(foreign), name).get().pk}

    return make


def person(foreign: bool) -> dict[str, Any]:
    return {"pk": _application(foreign).person_id}


def meeting(foreign: bool) -> dict[str, Any]:
    return {"pk": _application(foreign).meeting_cases.get().meeting_id}


EXAMPLES = {
    "assistance:case": application,
    "assistance:papers": application,
    "assistance:household": application,
    "assistance:preview": application,
    "assistance:sheet": application,
    "assistance:remove_row": row,
    "assistance:verify_row": row,
    "assistance:move": move,
    "assistance:register": person,
    "assistance:question": part("questions"),
    "assistance:referral": part("referrals"),
    "assistance:letter": part("decisions"),
    "assistance:opinion": part("meeting_cases"),
    "assistance:meeting": meeting,
    "assistance:minutes": meeting,
}
