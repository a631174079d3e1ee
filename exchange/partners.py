"""How a partner is reached: channel, address, signing secrets. Administrators only; every change is in the trail."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from exchange import webhooks
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
) -> Partner:
    """Sets how the organisation gets its lists. Raises ValidationError with the field that must be mended."""
    if channel == Partner.Channel.WEBHOOK:
        try:
            webhooks.addresses(webhooks.check_url(url))
        except webhooks.AddressUnknown:
            pass  # it may be known tomorrow; a call that cannot be made says so
        except webhooks.AddressRefused as error:
            raise ValidationError({"url": str(error)}) from error
    with transaction.atomic():
        partner = Partner.objects.select_for_update().filter(organisation=organisation).first()
        partner = partner or Partner(organisation=organisation)
        partner.channel, partner.url, partner.batch_size, partner.active = channel, url, batch_size, active
        partner.full_clean(exclude=["secrets"])
        partner.save()
    return partner


def rotate_secret(*, actor: User | None, partner: Partner) -> Fresh:
    """Makes a new secret. Calls carry signatures of both, so the partner changes over when it is ready."""
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=partner.pk)
        secret = webhooks.new_secret()
        partner.secrets = " ".join([secret, *(partner.secrets or "").split()][:KEPT_SECRETS])
        partner.save(update_fields=["secrets"])
    return Fresh(partner, secret)


def retire_secret(*, actor: User | None, partner: Partner) -> Partner:
    """The partner has changed over: the older secret signs no more."""
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=partner.pk)
        partner.secrets = " ".join((partner.secrets or "").split()[:1])
        partner.save(update_fields=["secrets"])
    return partner


def send_test(*, actor: User | None, partner: Partner) -> webhooks.Answer:
    """Calls the partner once with a message without any data; nothing is stored."""
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
