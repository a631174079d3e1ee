"""What the import commands share: take a file through the same steps as the pages, in one go."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.audit import acting
from accounts.commands import actor_named
from accounts.vocabulary import CERTIFIES
from exchange import services
from exchange.errors import ExchangeError
from exchange.models import InboundFile, Outcome


class InboundCommand(BaseCommand):
    """`import_…`: receive, read, compare; with `--confirm` write, without it leave nothing behind."""

    kind = ""
    printed: tuple[str, ...] = ("rows", *Outcome.values)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV or XLSX")
        parser.add_argument("--region", required=True, help="division code, e.g. 150500")
        parser.add_argument("--confirm", action="store_true", help="write to the register (else only compare)")
        parser.add_argument("--report", type=Path, help="CSV of row, outcome, code, reason for every data row")
        parser.add_argument("--actor", default="", help="username that acts (default: the system)")
        parser.add_argument("--second", default="", help="username of the second person, for an unusual file")

    def sending(self, options: dict[str, Any]) -> dict[str, Any]:
        """department, month and mode of the file."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        actor, second = actor_named(options["actor"]), actor_named(options["second"])
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(_("读不到文件 %(path)s；请核对路径。") % {"path": options["file"]}) from error
        with acting(actor, f"command import_{self.kind}"):
            try:
                counts = self._run(content, options, actor, second)
            except ExchangeError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(" ".join(f"{name}={counts.get(name, 0)}" for name in self.printed))

    def _run(self, content: bytes, options: dict[str, Any], actor: Any, second: Any) -> dict[str, int]:
        given = self.sending(options) | {
            "kind": self.kind,
            "region": options["region"],
            "name": options["file"].name,
            "content": content,
        }
        file = services.receive_file(actor=actor, **given)
        done_before = file.again and file.state == InboundFile.State.CONFIRMED
        if file.again:
            # Compared anew in a file of its own, so that what others prepared stays as it is.
            file = services.receive_file(actor=actor, afresh=True, **given)
        kept = False
        try:
            file = services.prepare_file(file_id=file.pk, actor=actor)
            if file.state == InboundFile.State.REFUSED:
                raise ExchangeError(file.message)
            if options["report"]:
                write_report(file, options["report"])
            if options["confirm"] and done_before:
                self._check_nothing_new(file)
            elif options["confirm"]:
                file = services.confirm_file(file_id=file.pk, actor=actor, second=second)
                kept = True
            return file.counts
        finally:
            if not kept:
                services.discard_file(file_id=file.pk)

    def _check_nothing_new(self, file: InboundFile) -> None:
        if any(file.counts[outcome] for outcome in (Outcome.NEW, Outcome.CHANGED, Outcome.EXITED)):
            raise ExchangeError(_("这份文件已经确认过，此后登记簿又有变化；如须重新写入，请先撤销原来的文件。"))


class DepartmentCommand(InboundCommand):
    """`import_…` of a file that a certifying department sends for a month."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--department", required=True, choices=[str(code) for code in CERTIFIES])
        parser.add_argument("--month", required=True, type=month_of, help="YYYY-MM")
        parser.set_defaults(mode=InboundFile.Mode.CHANGES)

    def sending(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("department", "month", "mode")}


def write_report(file: InboundFile, path: Path) -> None:
    """`row,outcome,code,reason` of every data row."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["row", "outcome", "code", "reason"])
        writer.writerows(services.report_rows(file))


def month_of(text: str) -> date:
    """First day of `YYYY-MM`; ValueError otherwise (argparse says so)."""
    year, month = text.split("-")
    return date(int(year), int(month), 1)
