"""Example objects of monitoring and of the way out for the walk over all addresses (`tests/url_examples.py`)."""

from datetime import timedelta
from typing import Any

from accounts.models import Region, User
from accounts.vocabulary import Role
from beneficiaries.models import Person
from exchange import deliveries
from exchange.models import Delivery, Partner
from monitoring import services
from monitoring.findings import services as findings
from monitoring.models import (
    BurdenWarning,
    Finding,
    FollowUp,
    ListedPerson,
    Measure,
    ObligationRecord,
    Recheck,
    RecheckFinding,
    Reconciliation,
    Scan,
)
from policies.services import load_documents
from tests.factories import make_user
from tests.monitoring.makers import DAY, make_warned, number

FINDING = {
    "department": "medical_security",
    "section": "",
    "source": "audit",
    "title": "重复享受待遇未追回",
    "text": "抽查发现两笔费用重复结算。",
    "found_on": DAY,
    "due_on": DAY + timedelta(days=30),
}
PLACES = {False: ("150500000000", "150521000000"), True: ("370800000000", "370811000000")}


def _month(foreign: bool) -> Region:
    """A region whose month was scanned and pushed, with one warning told to civil affairs."""
    code, county = PLACES[foreign]
    region = Region.objects.get(code=code)
    if not Scan.objects.filter(region=region).exists():
        load_documents(actor=None)
        one = number(900 + foreign)
        if not Person.objects.filter(region_id=county, name="预警样例").exists():
            make_warned(one, 80000, "subsistence_margin", region=county, name="预警样例")
        services.scan_region(region=region, on=DAY, actor=None)
        services.push_warnings(region=region, month=DAY, actor=None)
    return region


def warning(foreign: bool) -> dict[str, Any]:
    region = _month(foreign)
    found = BurdenWarning.objects.filter(region_id=PLACES[foreign][1], version__region=region)
    return {"pk": found.order_by("pk").first().pk}


def scan(foreign: bool) -> dict[str, Any]:
    return {"pk": Scan.objects.filter(region=_month(foreign)).first().pk}


def delivery(foreign: bool) -> dict[str, Any]:
    return {"pk": Delivery.objects.get(region=_month(foreign), department="civil_affairs", kind="warnings").pk}


def serious(foreign: bool) -> dict[str, Any]:
    """A list of patients with one who is to be answered on."""
    return {"pk": _listed(foreign).delivery_id}


def patient(foreign: bool) -> dict[str, Any]:
    return {"pk": _listed(foreign).pk}


def _listed(foreign: bool) -> ListedPerson:
    region = _month(foreign)
    found = ListedPerson.objects.filter(delivery__region=region, delivery__kind="serious").first()
    if found is None:
        partner = deliveries.partner_of(department="civil_affairs", region=region)
        facts = {"kind": "serious", "month": DAY.replace(day=1), "columns": ("warning_no",)}
        made = deliveries.create_delivery(actor=None, partner=partner, rows=(("ZB-1",),), **facts)
        person = Person.objects.get(region_id=PLACES[foreign][1], name="预警样例")
        found = ListedPerson.objects.create(delivery=made, person=person, number=f"ZB-{region.pk}")
    return found


def partner(foreign: bool) -> dict[str, Any]:
    found = Partner.objects.filter(organisation__region=_month(foreign))
    return {"pk": found.get(organisation__department="civil_affairs").pk}


def followup(foreign: bool) -> dict[str, Any]:
    return {"pk": FollowUp.objects.get(warning_id=warning(foreign)["pk"]).pk}


def measure(foreign: bool) -> dict[str, Any]:
    one = FollowUp.objects.get(pk=followup(foreign)["pk"])
    facts = {"kind": "temporary", "department": "civil_affairs", "owner_name": "某人", "begins_on": DAY, "due_on": DAY}
    return {"pk": (one.measures.first() or Measure.objects.create(followup=one, **facts)).pk}


def finding(foreign: bool) -> dict[str, Any]:
    """An open finding; `what` is a step of its table."""
    region = Region.objects.get(code=PLACES[foreign][0])
    found = Finding.objects.filter(region=region).first()
    if found is None:
        boss = make_user(Role.SUPERVISOR, region=region.code, username=f"finder-{region.code}")
        found = findings.open_finding(actor=boss, region=region, **FINDING)
    return {"pk": found.pk, "what": "answer"}


def record(foreign: bool) -> dict[str, Any]:
    """A record that somebody else made."""
    region = Region.objects.get(code=PLACES[foreign][0])
    who = User.objects.filter(username=f"recorder-{region.code}").first()
    who = who or make_user(Role.CASE_WORKER, region=region.code, username=f"recorder-{region.code}")
    facts = {"policy": "tongliao", "name": "样例", "month": DAY.replace(day=1)}
    more = {"done_on": DAY, "note": "已办", "by": who}
    return {"pk": ObligationRecord.objects.get_or_create(region=region, **facts, defaults=more)[0].pk}


def recheck_finding(foreign: bool) -> dict[str, Any]:
    warned = BurdenWarning.objects.get(pk=warning(foreign)["pk"])
    run = Recheck.objects.first() or Recheck.objects.create(seed="样例")
    facts = {"person": warned.person, "region": warned.region, "year": warned.year, "sums": {"total": [1, 2]}}
    return {"pk": (RecheckFinding.objects.filter(region=warned.region).first() or run.findings.create(**facts)).pk}


def books(foreign: bool) -> dict[str, Any]:
    region = _month(foreign)
    found = Reconciliation.objects.filter(region=region).first()
    who = User.objects.filter(username=f"books-{region.code}").first()
    who = who or make_user(Role.CASE_WORKER, region=region.code, username=f"books-{region.code}")
    facts = {"department": "civil_affairs", "month": DAY.replace(day=1), "told": 1, "held": 0, "by": who}
    return {"pk": (found or Reconciliation.objects.create(region=region, missing=["YJ-1"], **facts)).pk}


EXAMPLES = {
    "monitoring:reconciliation": books,
    "monitoring:send_missing": books,
    "monitoring:recheck_answer": recheck_finding,
    "monitoring:obligation_undo": record,
    "monitoring:finding": finding,
    "monitoring:finding_step": finding,
    "monitoring:followup": followup,
    "monitoring:followup_describe": followup,
    "monitoring:followup_measure": followup,
    "monitoring:followup_visit": followup,
    "monitoring:followup_close": followup,
    "monitoring:followup_reopen": followup,
    "monitoring:measure_end": measure,
    "monitoring:warning": warning,
    "monitoring:answer": warning,
    "monitoring:patients": serious,
    "monitoring:answer_patient": patient,
    "monitoring:scan": scan,
    "exchange:delivery": delivery,
    "exchange:resend": delivery,
    "exchange:partner": partner,
}
