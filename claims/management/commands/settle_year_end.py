"""`manage.py settle_year_end --region 140522 --year 2023`: quota-managed chronic care, paid once (S4-06)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import acting
from accounts.models import Region
from claims.errors import ClaimError
from claims.later.year_end import run_year_end
from policies.engine.money import format_yuan


class Command(BaseCommand):
    help = "Pays quota-managed chronic care of a year that has ended; repeatable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, help="division code; trailing zeros may be left out")
        parser.add_argument("--year", required=True, type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        region = Region.objects.filter(pk=options["region"].ljust(12, "0")).first()
        if region is None:
            raise CommandError(f"行政区划表中没有 {options['region']}；请核对代码。")
        try:
            with acting(None, "command settle_year_end"):
                done = run_year_end(actor=None, region=region, year=options["year"])
        except ClaimError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"written={done.written} unchanged={done.unchanged} differing={done.differing}"
            f" paid={format_yuan(done.paid)}"
        )
