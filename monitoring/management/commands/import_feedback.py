"""manage.py import_feedback FILE --department civil_affairs --month 2023-06 --region 150500 [--confirm]."""

from exchange.inbound_command import DepartmentCommand
from exchange.models import InboundFile


class Command(DepartmentCommand):
    help = "Compares a department's feedback with the warnings that it was told and, with --confirm, writes it."
    kind = InboundFile.Kind.FEEDBACK
