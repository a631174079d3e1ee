"""manage.py import_roster FILE --department civil_affairs --month 2023-05 --region 150500 [--changes] [--confirm]."""

from django.core.management.base import CommandParser

from exchange.inbound_command import DepartmentCommand
from exchange.models import InboundFile


class Command(DepartmentCommand):
    help = "Compares a department's roster with the register and, with --confirm, writes it."
    kind = InboundFile.Kind.ROSTER

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--full", action="store_const", dest="mode", const="full", help="everyone (default)")
        mode.add_argument("--changes", action="store_const", dest="mode", const="changes", help="new and exited only")
        parser.set_defaults(mode="full")
