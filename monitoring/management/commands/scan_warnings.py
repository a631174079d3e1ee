"""manage.py scan_warnings --region 150500 --on 2023-05-31."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import acting
from accounts.commands import actor_named
from monitoring import services
from monitoring.management.place import region_of
from policies.engine import EngineError


class Command(BaseCommand):
    help = "Raises, refreshes and withdraws the warnings of a region as of a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, help="division code, e.g. 150500")
        parser.add_argument("--on", required=True, type=date.fromisoformat, help="YYYY-MM-DD")
        parser.add_argument("--actor", default="", help="username that acts (default: the system)")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actor_named(options["actor"])
        with acting(actor, "command scan_warnings"):
            try:
                scan = services.scan_region(region=region_of(options["region"]), on=options["on"], actor=actor)
            except (services.MonitoringError, EngineError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(" ".join(f"{name}={scan.counts[name]}" for name in services.COUNTS))
