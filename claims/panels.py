"""What claims add to a person's page: the tab 费用 by year with its accumulators, entries of the timeline."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import reports
from accounts.access import Act
from accounts.models import User
from beneficiaries import panels
from beneficiaries.dependants import depends
from beneficiaries.models import CategorySpell, Person
from beneficiaries.panels import Panel
from claims import merging, selectors
from claims.entitlements import entitlement_of
from claims.forms import new_claim_url
from claims.models import Settlement
from exchange.models import InboundFile
from policies.sayings import category_label


def _context(user: User, person: Person) -> dict[str, Any]:
    years = selectors.years_of(user, person.pk)
    return {
        "years": [
            (year, [(claim, reverse("claims:claim", args=[claim.pk])) for claim in found]) for year, found in years
        ],
        "new_url": new_claim_url(person) if user.may(Act.CLAIM_WRITE) else "",
    }


def _timeline(user: User, person: Person) -> Sequence[dict[str, Any]]:
    found = user.visible(selectors.with_settlement()).filter(person=person).order_by("-settled_on", "-claim_no")
    return [
        {
            "day": claim.settled_on,
            "icon": "receipt-text",
            "text": _("%(service)s结算，%(category)s")
            % {
                "service": claim.get_service_display(),
                "category": category_label(claim.now.category) if claim.now else _("未结算"),
            },
            "amount": claim.now.personal_burden if claim.now else None,
            "who": _("个人负担"),
            "url": reverse("claims:claim", args=[claim.pk]),
        }
        for claim in found[:200]
    ]


CLAIMS = Panel(
    key="claims",
    label=gettext_lazy("费用"),
    act=Act.CLAIM_READ,
    order=20,
    template="claims/person_panel.html",
    context=_context,
    timeline=_timeline,
)


def _entitled(user: User, person: Person) -> dict[str, Any]:
    amounts = user.may(Act.CLAIM_READ)
    return {"found": entitlement_of(person, timezone.localdate(), amounts=amounts), "amounts": amounts}


ENTITLED = Panel(
    key="entitled",
    label=gettext_lazy("待遇"),
    act=Act.PERSON_READ,
    order=10,
    template="claims/entitlements.html",
    context=_entitled,
)
panels.register(ENTITLED)
merging.register()
reports.register(
    reports.Report(
        "unregistered_diseases",
        gettext_lazy("费用显示而未登记的病种"),
        Act.CLAIM_READ,
        ("S0-22",),
        "unregistered:list",
        gettext_lazy("费用与审核"),
        gettext_lazy("费用里出现目录内病种、而本人当日没有登记的人员"),
    )
)


@depends
def settled_by_spells(file: InboundFile, _spells: QuerySet[CategorySpell]) -> str:
    """Spells of the file by which claims were settled stay: yesterday's answer rests on them. What the file only
    closed comes back as it was, and what was settled by that stands as firmly as before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.claim_no FROM {CategorySpell._meta.db_table} t
            JOIN claims_claim c ON c.person_id = t.person_id
            JOIN {Settlement._meta.db_table} s ON s.claim_id = c.id AND t.id = ANY(s.spell_ids)
            WHERE t.source_id = %s LIMIT 1
            """,  # noqa: S608 - names of tables
            [file.pk],
        )
        found = cursor.fetchone()
    if not found:
        return ""
    return _("已有费用按这份文件的认定结算（如结算号 %(no)s），不能撤销；请先撤销之后导入的费用。") % {"no": found[0]}
