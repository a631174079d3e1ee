"""Facts that turn out otherwise: claims taken back or corrected, a version published with a past date."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from claims.errors import CannotSettle, ClaimRefused, NotAllowed
from claims.later import computing
from claims.later.models import Cause, LaterFact, Resettlement
from claims.models import Claim
from claims.services import NewClaim, check
from policies import selectors as law
from policies.models import PolicyVersion


def propose_reversal(*, actor: User | None, claims: Iterable[Claim], reason: str) -> list[LaterFact]:
    """冲正: these claims were taken back. They count until a case is confirmed. Raises NotAllowed, ClaimRefused."""
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明冲正的原因，如平台退费的日期和单号。"))
    found = list(claims)
    with transaction.atomic():
        return [_propose(actor, claim, Cause.REVERSAL, reason, None) for claim in found]


def propose_correction(*, actor: User | None, claim: Claim, corrected: NewClaim, reason: str) -> LaterFact:
    """更正: the claim's facts were wrong; number and person stay. The old facts are kept when a case is confirmed.

    Raises NotAllowed, ClaimRefused.
    """
    if not reason.strip():
        raise ClaimRefused("reason", _("请写明更正的依据。"))
    check(corrected, claim.person)
    held = computing.facts_now(claim)
    values = {name: getattr(corrected, name) for name in held if hasattr(corrected, name)}
    values["settled_on"] = corrected.settled_on.isoformat()
    changed = {name: value for name, value in values.items() if value != held[name]}
    if not changed:
        raise ClaimRefused("", _("更正后的内容与已登记的相同；请修改有误的项目。"))
    with transaction.atomic():
        return _propose(actor, claim, Cause.CORRECTION, reason, changed)


def _propose(actor: User | None, claim: Claim, cause: Cause, reason: str, facts: dict[str, Any] | None) -> LaterFact:
    may_write(actor, claim.region_id)
    held = Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
    if held.reversed_at is not None:
        raise ClaimRefused("", _("结算号 %(no)s 已冲正，不能再办理。") % {"no": held.claim_no})
    waiting = LaterFact.objects.filter(claim=held, done_at=None, cause__in=(Cause.REVERSAL, Cause.CORRECTION)).first()
    if waiting is not None:
        raise ClaimRefused(
            "",
            _("结算号 %(no)s 已有待确认的%(what)s；请先确认或撤回。")
            % {"no": held.claim_no, "what": waiting.get_cause_display()},
        )
    day = held.settled_on
    if facts and "settled_on" in facts:
        day = min(day, date.fromisoformat(facts["settled_on"]))
    return LaterFact.objects.create(
        person_id=held.person_id,
        year=held.settled_on.year,
        region_id=held.region_id,
        since=day,
        cause=cause,
        reference=f"claim:{held.pk}",
        claim=held,
        facts=facts,
        note=reason.strip()[:200],
        recorded_by=actor,
    )


def take_back(*, actor: User | None, fact: LaterFact) -> None:
    """A reversal or correction that no case has taken up is withdrawn. Raises NotAllowed, CannotSettle."""
    may_write(actor, fact.region_id)
    with transaction.atomic():
        held = LaterFact.objects.select_for_update().get(pk=fact.pk)
        if held.claim_id is None or held.done_at is not None:
            raise CannotSettle(_("只有尚未确认的冲正和更正可以撤回。"))
        if held.case_id is not None and Resettlement.objects.get(pk=held.case_id).is_open:
            raise CannotSettle(_("已列入待确认的重新结算；请先撤回该重新结算。"))
        held.delete()


def record_version(*, actor: User | None, version: PolicyVersion) -> int:
    """A version published with a past date: the years that were settled by another text wait. Returns how many."""
    may_write(actor, version.region_id)
    prefix = version.region_id.rstrip("0")
    last = law.last_day(version)
    reference = f"version:{version.pk}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO claims_laterfact (person_id, year, region_id, since, cause, reference, note, recorded_by_id,
                recorded_at)
            SELECT c.person_id, extract(year FROM c.settled_on)::int, min(c.region_id), min(c.settled_on), %(cause)s,
                   %(reference)s, '', %(actor)s, now()
            FROM claims_claim c JOIN claims_settlement s ON s.claim_id = c.id AND s.superseded_at IS NULL
            WHERE c.region_id >= %(low)s AND c.region_id <= %(high)s AND c.settled_on >= %(first)s
                AND (%(last)s::date IS NULL OR c.settled_on <= %(last)s) AND c.reversed_at IS NULL
                AND s.version_id <> %(version)s AND NOT s.version_id = ANY(%(nearer)s)
                AND NOT EXISTS (SELECT FROM claims_laterfact f WHERE f.person_id = c.person_id
                    AND f.year = extract(year FROM c.settled_on) AND f.done_at IS NULL AND f.cause = %(cause)s
                    AND f.reference = %(reference)s)
            GROUP BY 1, 2
            """,
            {
                "cause": Cause.POLICY,
                "reference": reference,
                "actor": actor.pk if actor else None,
                "low": prefix.ljust(12, "0"),
                "high": prefix.ljust(12, "9"),
                "first": version.validity.lower,
                "last": last,
                "version": version.pk,
                "nearer": _nearer(version),
            },
        )
        return cursor.rowcount


def _nearer(version: PolicyVersion) -> list[int]:
    """Versions of places within the version's region: there those govern, and later ones of its own region."""
    own = Q(region_id=version.region_id, validity__startswith__gt=version.validity.lower)
    within = Q(region__code__startswith=version.region_id.rstrip("0")) & ~Q(region_id=version.region_id)
    return list(PolicyVersion.objects.filter(own | within, state__in=law.IN_FORCE).values_list("pk", flat=True))


def may_write(actor: User | None, region_id: str) -> None:
    """Raises NotAllowed unless the actor may settle again in the region; None is the system itself."""
    if actor is None:
        return
    if not actor.may(Act.CLAIM_WRITE):
        raise NotAllowed(_("您的角色不能办理重新结算；请由县级经办办理。"))
    if not region_id.startswith(actor.region_prefix):
        raise NotAllowed(_("不在您的管辖范围内；请由参保地经办。"))
