"""manage.py import_contributions FILE --region 150521 [--month 2023-01] [--department tax] [--confirm]."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.vocabulary import Department
from beneficiaries.enrolment.kind import CONTRIBUTIONS
from exchange.inbound_command import InboundCommand, month_of
from exchange.models import InboundFile


class Command(InboundCommand):
    help = "Compares payments of tax, villages and charities with the register and, with --confirm, writes them."
    kind = InboundFile.Kind.CONTRIBUTIONS
    printed = ("rows", "new", "unchanged", "doubtful", "error", "contributions", "mismatches")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--month", type=month_of, help="YYYY-MM in which it was sent (default: this month)")

        parser.add_argument(
            "--department",
            choices=[str(one) for one in CONTRIBUTIONS.departments],
            default=str(Department.TAX),
            help="who sends it (default: tax)",
        )

    def sending(self, options: dict[str, Any]) -> dict[str, Any]:
        month = options["month"] or timezone.localdate().replace(day=1)
        return {"department": options["department"], "month": month, "mode": InboundFile.Mode.CHANGES}

    def _run(self, *args: Any) -> dict[str, Any]:
        counts = super()._run(*args)
        return counts | counts.get("written", {})
