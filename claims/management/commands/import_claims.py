"""manage.py import_claims FILE --region 150500 [--confirm]."""

from datetime import date
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.vocabulary import Department
from claims.staging import SCHEMA
from exchange import reader
from exchange.inbound_command import InboundCommand
from exchange.models import InboundFile
from policies.engine.money import format_yuan


class Command(InboundCommand):
    help = "Compares the platform's settlement details with the register and, with --confirm, writes and settles them."
    kind = InboundFile.Kind.CLAIMS
    printed = (
        "rows",
        "new",
        "unchanged",
        "doubtful",
        "error",
        "persons_new",
        "settled",
        "superseded",
        "cii",
        "assistance",
        "top_up",
    )

    def sending(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "department": Department.MEDICAL_SECURITY,
            "month": month_in(options["file"]),
            "mode": InboundFile.Mode.CHANGES,
        }

    def _run(self, *args: Any) -> dict[str, Any]:
        counts = super()._run(*args)
        written = counts.get("written", {})
        sums = {name: format_yuan(written.get(name, 0)) for name in ("cii", "assistance", "top_up")}
        return counts | {name: written.get(name, 0) for name in ("settled", "superseded")} | sums


def month_in(path: Path) -> date:
    """The month that a file of claims speaks of: that of the last day among its first rows."""
    try:
        with path.open("rb") as stream:
            batch = next(iter(reader.read(stream, SCHEMA, reader.Context()).batches()), None)
    except reader.FileRefused:
        batch = None  # the import itself will say what is wrong with it
    days = [day for day in batch.columns["settled_on"] if day] if batch else []
    return max(days, default=timezone.localdate()).replace(day=1)
