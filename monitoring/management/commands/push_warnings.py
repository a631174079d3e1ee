"""manage.py push_warnings --region 150500 --month 2023-05."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import acting
from accounts.commands import actor_named
from exchange.inbound_command import month_of
from monitoring import services
from monitoring.management.place import region_of


class Command(BaseCommand):
    help = "Closes the month's list: one delivery per department; a worker (or deliver_once) sends them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, help="division code, e.g. 150500")
        parser.add_argument("--month", required=True, type=month_of, help="YYYY-MM")
        parser.add_argument("--actor", default="", help="username that acts (default: the system)")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actor_named(options["actor"])
        with acting(actor, "command push_warnings"):
            try:
                written = services.push_warnings(
                    region=region_of(options["region"]), month=options["month"], actor=actor
                )
            except services.MonitoringError as error:
                raise CommandError(str(error)) from error
        told = " ".join(f"{delivery.number}={delivery.rows}" for delivery in written)
        self.stdout.write(f"deliveries={len(written)} {told}".rstrip())
