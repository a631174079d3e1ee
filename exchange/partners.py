"""How a partner is reached: channel, address, signing secrets. Administrators only; every change is in the trail."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from exchange import deliveries, sftp, webhooks
from exchange.models import Partner

KEPT_SECRETS = 2


@dataclass(frozen=True)
class Fresh:
    """A partner with the secret that was just made: shown once, kept encrypted."""

    partner: Partner
    secret: str


def save_partner(
    *,
    actor: User | None,
    organisation: Organisation,
    channel: str,
    url: str = "",
    batch_size: int = 500,
    active: bool = True,
    host_key: str = "",
    password: str = "",
) -> Partner:
    """Sets how the organisation gets its lists; an empty password leaves the one that is kept.

    Raises ValidationError with the field that must be mended.
    """
    _check_address(channel, url)
    if host_key:
        try:
            host_key = sftp.check_host_key(host_key)
        except ValueError as error:
            raise ValidationError({"host_key": _("主机密钥须写成“类型 内容”，例如 ssh-ed25519 AAAA…")}) from error
    with transaction.atomic():
        partner = Partner.objects.select_for_update().filter(organisation=organisation).first()
        partner = partner or Partner(organisation=organisation)
        partner.channel, partner.url, partner.batch_size, partner.active = channel, url, batch_size, active
        partner.host_key = host_key
        if password:
            partner.password = password
        partner.full_clean(exclude=["secrets", "password"])
        partner.save()
    return partner


def _check_address(channel: str, url: str) -> None:
    check = {Partner.Channel.WEBHOOK: webhooks.check_url, Partner.Channel.SFTP: sftp.check_url}.get(
        Partner.Channel(channel)
    )
    if check is None:
        return
    try:
        webhooks.addresses(check(url))
    except webhooks.AddressUnknown:
        pass  # it may be known tomorrow; a call that cannot be made says so
    except webhooks.AddressRefused as error:
        raise ValidationError({"url": str(error)}) from error


def rotate_secret(*, actor: User | None, partner: Partner) -> Fresh:
    """Makes a new secret. Calls carry signatures of both, so the partner changes over when it is ready.

    By SFTP it is a key pair: both keys are tried, and what is shown is the public line for the partner's account.
    """
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=partner.pk)
        by_key = partner.channel == Partner.Channel.SFTP
        secret = sftp.new_key() if by_key else webhooks.new_secret()
        kept = [one for one in (partner.secrets or "").split() if sftp.is_key(one) == by_key]
        partner.secrets = " ".join([secret, *kept][:KEPT_SECRETS])
        partner.save(update_fields=["secrets"])
    return Fresh(partner, sftp.public_line(secret) if by_key else secret)


def retire_secret(*, actor: User | None, partner: Partner) -> Partner:
    """The partner has changed over: the older secret signs no more."""
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=partner.pk)
        partner.secrets = " ".join((partner.secrets or "").split()[:1])
        partner.save(update_fields=["secrets"])
    return partner


def send_test(*, actor: User | None, partner: Partner) -> webhooks.Answer:
    """Calls the partner once with a message without any data; nothing is stored."""
    if partner.channel == Partner.Channel.SFTP:
        return _try_login(partner)
    if partner.channel != Partner.Channel.WEBHOOK:
        return webhooks.Answer(None, _("网页下载的伙伴没有接收地址，无须测试"))
    moment = timezone.now()
    return webhooks.call(
        partner.url,
        '{"type":"test","timestamp":"%s","data":{}}' % moment.isoformat(),  # noqa: UP031 - braces
        message_id=f"test-{partner.pk}-{int(moment.timestamp())}",
        moment=moment,
        secrets=(partner.secrets or "").split(),
    )


def _try_login(partner: Partner) -> webhooks.Answer:
    """Logs in and looks into the folder; nothing is put there."""
    try:
        sftp.receipts(deliveries.login_of(partner), [])
    except sftp.Refused as error:
        return webhooks.Answer(None, str(error), again=error.again)
    return webhooks.Answer(200)


def shown_host_key(*, partner: Partner) -> str:
    """The key that the partner's server shows now. Raises ValidationError."""
    try:
        return sftp.read_host_key(partner.url)
    except (sftp.Refused, webhooks.AddressRefused) as error:
        raise ValidationError({"host_key": str(error)}) from error
