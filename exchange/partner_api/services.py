"""Keys: made, rotated with an overlap, revoked, recognised. Raises ValidationError, PermissionDenied."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import Region, User
from exchange.models import Partner
from exchange.partner_api.models import ApiKey, IdempotentAnswer

OVERLAP_DAYS = 14
KEPT_ANSWERS_DAYS = 30
USED_EVERY = timedelta(minutes=1)  # how exactly the last use is known
HEAD = "tuodi"


@dataclass(frozen=True)
class FreshKey:
    """A key with its text, which is shown once."""

    key: ApiKey
    text: str


def _text() -> tuple[str, str]:
    """A new key and its beginning, by which it is found."""
    prefix = secrets.token_hex(6)
    return f"{HEAD}_{prefix}_{secrets.token_urlsafe(32)}", prefix


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_key(
    *,
    actor: User | None,
    label: str,
    region: Region,
    scopes: Sequence[str],
    partner: Partner | None = None,
    institution: str = "",
    per_minute: int = 60,
) -> FreshKey:
    """A key for one region and below."""
    _may(actor, region.pk)
    if not scopes:
        raise ValidationError({"scopes": _("请至少选择一项功能")})
    text, prefix = _text()
    key = ApiKey(
        label=label.strip(),
        partner=partner,
        institution=institution.strip(),
        region=region,
        scopes=sorted(scopes),
        per_minute=per_minute,
        prefix=prefix,
        sha256=digest(text),
        created_by=actor,
    )
    key.full_clean(exclude=["replaces", "created_by", "expires_at", "revoked_at", "last_used_at"])
    key.save()
    return FreshKey(key, text)


@transaction.atomic
def rotate_key(*, actor: User | None, key: ApiKey) -> FreshKey:
    """A new key beside the old one, which works on for a fortnight."""
    old = ApiKey.objects.select_for_update().get(pk=key.pk)
    _may(actor, old.region_id)
    if not old.is_valid or old.expires_at is not None:
        raise ValidationError(_("这个密钥已停用或正在轮换；请使用新的密钥，或另建一个。"))
    text, prefix = _text()
    new = ApiKey.objects.create(
        label=old.label,
        partner_id=old.partner_id,
        institution=old.institution,
        region_id=old.region_id,
        scopes=old.scopes,
        per_minute=old.per_minute,
        prefix=prefix,
        sha256=digest(text),
        replaces=old,
        created_by=actor,
    )
    old.expires_at = timezone.now() + timedelta(days=OVERLAP_DAYS)
    old.save(update_fields=["expires_at"])
    return FreshKey(new, text)


@transaction.atomic
def revoke_key(*, actor: User | None, key: ApiKey) -> ApiKey:
    """It works no more, from this moment."""
    found = ApiKey.objects.select_for_update().get(pk=key.pk)
    _may(actor, found.region_id)
    if found.revoked_at is None:
        found.revoked_at = timezone.now()
        found.save(update_fields=["revoked_at"])
    return found


def key_of(text: str) -> ApiKey | None:
    """The valid key of this text; None otherwise. One query, and a write once a minute at most."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != HEAD or not parts[1].isascii() or "\0" in text:
        return None
    key = ApiKey.objects.select_related("region", "partner__organisation").filter(prefix=parts[1][:12]).first()
    if key is None or not hmac.compare_digest(key.sha256, digest(text)) or not key.is_valid:
        return None
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def old_answers(now: datetime) -> QuerySet[IdempotentAnswer]:
    """Answers that nobody will ask for again; the nightly tidying deletes them."""
    return IdempotentAnswer.objects.filter(created_at__lt=now - timedelta(days=KEPT_ANSWERS_DAYS))


def _may(actor: User | None, region_id: str) -> None:
    if actor is not None and (not actor.may(Act.PARTNER_ADMIN) or not region_id.startswith(actor.region_prefix)):
        raise PermissionDenied(_("只有本地区的系统管理员可以管理接口密钥"))
