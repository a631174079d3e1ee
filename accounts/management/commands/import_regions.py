from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts import regions, services
from accounts.audit import acting
from accounts.commands import actor_named


class Command(BaseCommand):
    help = "导入行政区划（CSV：行政区划代码、名称，可加上级代码）；有一行错误就全部不写入。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--actor", default="", metavar="USERNAME", help="以哪个用户名义办理；不写则为系统")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actor_named(options["actor"])
        try:
            listed = regions.read(regions.decode(options["file"].read_bytes()))
        except OSError as error:
            raise CommandError(f"读不到文件：{error.filename}") from error
        with acting(actor, "command import_regions"):
            try:
                plan = services.import_regions(actor=actor, listed=listed)
            except (ValidationError, PermissionDenied) as error:
                raise CommandError("\n".join(getattr(error, "messages", [str(error)]))) from error
        self.stdout.write(f"新增 {len(plan.new)}，更名 {len(plan.renamed)}，不变 {plan.unchanged}")
