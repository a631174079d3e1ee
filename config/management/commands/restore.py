"""Door to the restore."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config.operations import backup


class Command(BaseCommand):
    help = "把备份恢复到空的数据库和空的文件夹"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", help="一份备份的文件夹，例如 /backup/tuodi-20260101-020000")

    def handle(self, *args: Any, folder: str, **options: Any) -> None:
        try:
            done = backup.restore(Path(folder))
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(done.manifest["counts"].values())
        self.stdout.write(
            _("已恢复 %(made)s 的备份，核对 %(rows)d 行无误") % {"made": done.manifest["made_at"], "rows": rows}
        )
