"""Outbound deliveries: the table of their states, and the services that write, send, park and send them again.

A delivery is written in the transaction that causes it (`create_delivery`); a sweeping task calls `deliver` for what
is due. While it is being sent a lease (`next_attempt_at`) says who holds it: a worker that dies loses the lease and
another sends again with the same ids. The lease is also the token with which results are written, so that a worker
which comes back late changes nothing.
"""

import csv
import hashlib
import io
import json
import logging
import random
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation, Region, User
from accounts.vocabulary import Department
from exchange import sftp, webhooks
from exchange.models import Delivery, DeliveryAttempt, Partner

State = Delivery.State
SWEEP = "exchange.sweep_deliveries"
logger = logging.getLogger(__name__)

# From, what happens, to. Who: the system, but *resend* is a person's.
MOVES: dict[tuple[str, str], str] = {
    (State.WAITING, "take"): State.SENDING,
    (State.SENDING, "take"): State.SENDING,  # the lease of a worker that died ran out
    (State.SENDING, "acknowledge"): State.ACKNOWLEDGED,  # 2xx for every part
    (State.SENDING, "place"): State.SENT,  # lies whole in the partner's folder; a receipt file acknowledges it
    (State.SENDING, "again"): State.WAITING,
    (State.SENDING, "park"): State.PARKED,
    (State.WAITING, "offer"): State.SENT,  # lies ready in the portal
    (State.SENT, "acknowledge"): State.ACKNOWLEDGED,  # the department fetched it
    (State.WAITING, "resend"): State.WAITING,  # at once instead of at the next try
    (State.PARKED, "resend"): State.WAITING,
    (State.SENT, "resend"): State.WAITING,  # the partner lost it, or its receipt does not fit
}


class DeliveryError(Exception):
    """A move that the table does not allow, or a delivery that cannot be made; the message is for the user."""


def move(delivery: Delivery, what: str) -> None:
    """Sets the state that follows; raises DeliveryError for a move that is not in the table."""
    following = MOVES.get((delivery.state, what))
    if following is None:
        raise DeliveryError(_("文号 %(number)s 的状态是“%(state)s”，不能这样处理") % _names(delivery))
    delivery.state = following


def _names(delivery: Delivery) -> dict[str, str]:
    return {"number": delivery.number, "state": str(State(delivery.state).label)}


# --- writing ------------------------------------------------------------------------------------------------------
def partner_of(*, department: str, region: Region) -> Partner:
    """The partner of a department in a region. One that nobody has set up yet gets the portal: nothing leaves."""
    organisation, _new = Organisation.objects.get_or_create(
        department=department,
        region=region,
        defaults={"name": f"{region.name}{Department(department).label}"},
    )
    return Partner.objects.get_or_create(organisation=organisation)[0]


def create_delivery(
    *, actor: User | None, partner: Partner, kind: str, month: date, columns: Sequence[str], rows: Iterable[Sequence]
) -> Delivery:
    """Writes the delivery of `rows` (texts and integers, in the order of `columns`) inside the caller's transaction.

    The body is the CSV file that the partner gets (UTF-8 with BOM, CRLF); `sha256` is that of its bytes. The number
    continues the month's sequence; callers hold a lock on region and month. A portal delivery is ready at once.
    """
    where = partner.organisation
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    body = "\ufeff" + text.getvalue()
    stem = f"{kind}-{where.region.prefix:0<6}-{where.department}-{month:%Y-%m}"
    earlier = Delivery.objects.filter(kind=kind, region=where.region, department=where.department, month=month).count()
    delivery = Delivery(
        number=f"{stem}-{earlier + 1}",
        kind=kind,
        partner=partner,
        department=where.department,
        region=where.region,
        month=month,
        rows=count,
        batch_size=partner.batch_size,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        body=body,
    )
    if partner.channel == Partner.Channel.PORTAL:
        _offer(delivery)
    delivery.save(force_insert=True)
    transaction.on_commit(kick)
    return delivery


def _offer(delivery: Delivery) -> None:
    move(delivery, "offer")
    delivery.sent_at, delivery.next_attempt_at, delivery.last_error = timezone.now(), None, ""


def kick() -> None:
    """Asks for a sweep now; where the broker does not answer the sweep of every half minute finds the work."""
    try:
        current_app.send_task(SWEEP, retry=False)
    except Exception:
        logger.warning("broker unreachable: deliveries wait for the next sweep", exc_info=True)


def resend(*, actor: User | None, delivery: Delivery) -> Delivery:
    """Sends a parked or waiting delivery again, from its first part that was not acknowledged, with all tries anew."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if delivery.state == State.SENT and delivery.partner.channel == Partner.Channel.PORTAL:
            raise DeliveryError(_("文号 %(number)s 已可下载，请对方从网页下载，无须重新发送") % _names(delivery))
        move(delivery, "resend")
        delivery.attempts, delivery.next_attempt_at = 0, timezone.now()
        delivery.save(update_fields=["state", "attempts", "next_attempt_at"])
        transaction.on_commit(kick)
    return delivery


def acknowledge_fetch(*, actor: User, delivery: Delivery) -> Delivery:
    """The department fetched its list from the portal: that is its receipt. A second fetch changes nothing."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if delivery.state == State.SENT and actor.department == delivery.department:
            move(delivery, "acknowledge")
            delivery.acknowledged_at = timezone.now()
            delivery.receipt = _("%(name)s 下载") % {"name": actor.name or actor.username}
            delivery.save(update_fields=["state", "acknowledged_at", "receipt"])
    return delivery


# --- sending ------------------------------------------------------------------------------------------------------
def due(now: datetime) -> QuerySet[Delivery]:
    """The next delivery of each partner that has one due and none on the way: a slow partner holds one worker."""
    held = Delivery.objects.filter(partner=OuterRef("partner"), state=State.SENDING, next_attempt_at__gt=now)
    return (
        Delivery.objects.filter(
            state__in=[State.WAITING, State.SENDING], next_attempt_at__lte=now, partner__active=True
        )
        .filter(~Exists(held))
        .order_by("partner_id", "next_attempt_at", "created_at")
        .distinct("partner_id")
        .defer("body")
    )


def deliver(*, delivery_id: object) -> Delivery | None:
    """Sends a delivery if it is due: all its parts, or up to the first that fails. None when nothing was to do.

    The transactions are short: one takes it, one records each part. `webhook-id` is `<id>:<part>`, parts from 1.
    """
    delivery = _take(delivery_id)
    if delivery is None or delivery.state != State.SENDING:
        return delivery
    with webhooks.Line() as line:
        while delivery.state == State.SENDING:
            dropped = delivery.partner.channel == Partner.Channel.SFTP  # the whole list at once
            part = delivery.parts if dropped else delivery.parts_done + 1
            try:
                answer = _call(delivery, part, line)
            except DatabaseError:
                raise  # nothing can be recorded: the lease runs out and another sends again
            except Exception:
                # Ours, not the partner's: it must end where a person sees it, like any other failure.
                logger.exception("delivery %s part %s failed in the sender", delivery.number, part)
                answer = webhooks.Answer(None, _("发送程序出错，详情见系统日志"), again=True)
            if not _record(delivery, part, answer):
                return None
    return delivery


def _call(delivery: Delivery, part: int, line: webhooks.Line) -> webhooks.Answer:
    if delivery.partner.channel == Partner.Channel.SFTP:
        return sftp.drop(login_of(delivery.partner), delivery.number, file_bytes(delivery), _manifest(delivery))
    return webhooks.call(
        delivery.partner.url,
        part_body(delivery, part, read_rows(delivery)),
        message_id=f"{delivery.pk}:{part}",
        moment=timezone.now(),
        secrets=[secret for secret in (delivery.partner.secrets or "").split() if webhooks.is_secret(secret)],
        line=line,
    )


def login_of(partner: Partner) -> sftp.Login:
    """Where and as whom a partner's folder is reached."""
    keys = [key for key in (partner.secrets or "").split() if sftp.is_key(key)]
    return sftp.Login(partner.url, partner.host_key, keys, partner.password or "")


def _manifest(delivery: Delivery) -> dict[str, object]:
    return {
        "id": str(delivery.pk),
        "delivery": delivery.number,
        "kind": delivery.kind,
        "department": delivery.department,
        "region": delivery.region_id,
        "month": f"{delivery.month:%Y-%m}",
        "rows": delivery.rows,
        "created_at": delivery.created_at.astimezone(UTC).isoformat(),
    }


def collect_receipts() -> int:
    """Looks into the folders of partners by SFTP for receipt files of what was placed; how many acknowledged.

    A receipt that names another checksum than ours acknowledges nothing and says so on the delivery's page.
    """
    count = 0
    waiting = Delivery.objects.filter(state=State.SENT, partner__channel=Partner.Channel.SFTP, partner__active=True)
    by_partner: dict[int, list[Delivery]] = {}
    for delivery in waiting.select_related("partner").defer("body").order_by("created_at"):
        by_partner.setdefault(delivery.partner_id, []).append(delivery)
    for placed in by_partner.values():
        try:
            found = sftp.receipts(login_of(placed[0].partner), [delivery.number for delivery in placed])
        except sftp.Refused as error:
            logger.warning("receipts of partner %s: %s", placed[0].partner_id, error)
            continue
        count += sum(_receive(delivery.pk, found[delivery.number]) for delivery in placed if delivery.number in found)
    return count


def _receive(pk: object, text: str) -> bool:
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().defer("body").get(pk=pk)
        if delivery.state != State.SENT:
            return False
        named = re.search(r"\b[0-9a-f]{64}\b", text.lower())
        if named and named[0] != delivery.sha256:
            delivery.last_error = _("对方的回执写的校验值不符；请与对方核对文件后重新发送")
            delivery.save(update_fields=["last_error"])
            return False
        move(delivery, "acknowledge")
        delivery.acknowledged_at, delivery.last_error = timezone.now(), ""
        delivery.receipt = (text.splitlines() or [_("回执文件")])[0][:200] or _("回执文件")
        delivery.save(update_fields=["state", "acknowledged_at", "receipt", "last_error"])
        return True


def _take(delivery_id: object) -> Delivery | None:
    now = timezone.now()
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("partner__organisation", "region")
            .filter(pk=delivery_id, next_attempt_at__lte=now, state__in=[State.WAITING, State.SENDING])
            .filter(partner__active=True)
            .defer("body", "partner__secrets")  # read inside the call, where a fault of theirs is caught
            .first()
        )
        if delivery is None:
            return None
        # One delivery of a partner at a time; the lock makes two takers of two deliveries see each other.
        Partner.objects.select_for_update(no_key=True).only("pk").get(pk=delivery.partner_id)
        others = Delivery.objects.filter(partner=delivery.partner_id, state=State.SENDING, next_attempt_at__gt=now)
        if others.exclude(pk=delivery.pk).exists():
            return None
        if delivery.partner.channel == Partner.Channel.PORTAL:
            if delivery.state == State.SENDING:
                move(delivery, "again")
            _offer(delivery)
        elif delivery.attempts > len(settings.DELIVERY_PAUSES_SECONDS):
            move(delivery, "take")
            move(delivery, "park")
            delivery.next_attempt_at, delivery.last_error = None, _("发送程序多次中断，没有得到对方的应答")
        else:
            move(delivery, "take")
            delivery.attempts += 1
            delivery.next_attempt_at = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
        delivery.save(update_fields=["state", "attempts", "next_attempt_at", "sent_at", "last_error"])
    return delivery


def _record(delivery: Delivery, part: int, answer: webhooks.Answer) -> bool:
    """Writes what a call came to, unless the lease went to another; tells whether it was ours to write."""
    lease, now = delivery.next_attempt_at, timezone.now()
    made = DeliveryAttempt(
        delivery=delivery,
        part=part,
        attempt=delivery.attempts,
        at=now,
        status=answer.status,
        error=answer.error[:300],
        milliseconds=answer.milliseconds,
    )
    if answer.error:
        _set_back(delivery, answer, now)
    else:
        delivery.parts_done, delivery.last_error = part, ""
        delivery.receipt = answer.receipt or delivery.receipt
        delivery.next_attempt_at = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
        if part == delivery.parts:
            placed = delivery.partner.channel == Partner.Channel.SFTP
            move(delivery, "place" if placed else "acknowledge")
            delivery.sent_at, delivery.next_attempt_at = now, None
            delivery.acknowledged_at = None if placed else now
    fields = ("state", "parts_done", "next_attempt_at", "last_error", "sent_at", "acknowledged_at", "receipt")
    ours = Q(pk=delivery.pk, state=State.SENDING, next_attempt_at=lease)
    with transaction.atomic():  # one commit for the call and what it changed
        made.save(force_insert=True)
        return bool(Delivery.objects.filter(ours).update(**{name: getattr(delivery, name) for name in fields}))


def _set_back(delivery: Delivery, answer: webhooks.Answer, now: datetime) -> None:
    pauses = settings.DELIVERY_PAUSES_SECONDS
    delivery.last_error = answer.error
    if answer.again and delivery.attempts <= len(pauses):
        move(delivery, "again")
        pause = max(pauses[delivery.attempts - 1] * random.uniform(0.8, 1.2), answer.wait)  # noqa: S311 - jitter
        delivery.next_attempt_at = now + timedelta(seconds=pause)
    else:
        move(delivery, "park")
        delivery.next_attempt_at = None


# --- the content --------------------------------------------------------------------------------------------------
def read_rows(delivery: Delivery) -> list[dict[str, str]]:
    """The rows of the list as its file says them (read once per object)."""
    kept = getattr(delivery, "_read_rows", None)
    if kept is None:
        kept = delivery._read_rows = _parse(delivery)  # type: ignore[attr-defined]
    return kept


def _parse(delivery: Delivery) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((delivery.body or "").removeprefix("\ufeff"), newline="")))


def part_body(delivery: Delivery, part: int, rows: list[dict[str, str]]) -> str:
    """JSON of one call, the same at every attempt; amounts are decimal texts in yuan."""
    start = (part - 1) * delivery.batch_size
    content = {
        "type": f"{delivery.kind}.list",
        "timestamp": delivery.created_at.astimezone(UTC).isoformat(),
        "data": {
            "delivery": delivery.number,
            "department": delivery.department,
            "region": delivery.region_id,
            "month": f"{delivery.month:%Y-%m}",
            "rows": delivery.rows,
            "sha256": delivery.sha256,
            "part": part,
            "parts": delivery.parts,
            delivery.kind: rows[start : start + delivery.batch_size],
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def file_bytes(delivery: Delivery) -> bytes:
    """The CSV file of the delivery, byte for byte what `sha256` was taken of."""
    return (delivery.body or "").encode()
