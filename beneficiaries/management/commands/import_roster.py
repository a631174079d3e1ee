"""manage.py import_roster FILE --department civil_affairs --month 2023-05 --region 150500 [--changes] [--confirm]."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.vocabulary import CERTIFIES
from exchange.inbound_command import InboundCommand, month_of
from exchange.models import InboundFile


class Command(InboundCommand):
    help = "Compares a department's roster with the register and, with --confirm, writes it."
    kind = InboundFile.Kind.ROSTER

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--department", required=True, choices=[str(code) for code in CERTIFIES])
        parser.add_argument("--month", required=True, type=month_of, help="YYYY-MM")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--full", action="store_const", dest="mode", const="full", help="everyone (default)")
        mode.add_argument("--changes", action="store_const", dest="mode", const="changes", help="new and exited only")
        parser.set_defaults(mode="full")

    def sending(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("department", "month", "mode")}
