"""Makers of the way out: partners with receivers, deliveries with rows."""

from datetime import date

from django.db import transaction

from accounts.models import Region
from accounts.vocabulary import Department
from exchange import deliveries, partners
from exchange.models import Delivery, Partner
from tests.factories import CITY

MAY = date(2023, 5, 1)
COLUMNS = ("warning_no", "name")


def make_partner(receiver=None, *, department: str = Department.CIVIL_AFFAIRS, batch_size: int = 500) -> Partner:
    """The department's partner in the city; with a receiver by signed calls, without in the portal."""
    partner = deliveries.partner_of(department=department, region=Region.objects.get(code=CITY))
    if receiver is not None:
        partner = partners.save_partner(
            actor=None, organisation=partner.organisation, channel="webhook", url=receiver.url, batch_size=batch_size
        )
        receiver.secret = partners.rotate_secret(actor=None, partner=partner).secret
        partner.refresh_from_db()
    return partner


def make_delivery(partner: Partner, rows: int = 3, month: date = MAY) -> Delivery:
    """A committed delivery of so many warnings."""
    with transaction.atomic():
        return deliveries.create_delivery(
            actor=None,
            partner=partner,
            kind="warnings",
            month=month,
            columns=COLUMNS,
            rows=[(f"YJ{i:03}", "扎西·次仁") for i in range(1, rows + 1)],
        )


def make_sftp_partner(server, *, department: str = Department.CIVIL_AFFAIRS, folder: str = "") -> Partner:
    """The department's partner in the city by SFTP: the server's key pinned, our key accepted by its account."""
    partner = deliveries.partner_of(department=department, region=Region.objects.get(code=CITY))
    url = f"sftp://{server.user}@127.0.0.1:{server.port}{folder or server.folder}"
    partner = partners.save_partner(
        actor=None, organisation=partner.organisation, channel="sftp", url=url, host_key=server.host_key
    )
    server.accept(partners.rotate_secret(actor=None, partner=partner).secret)
    partner.refresh_from_db()
    return partner
