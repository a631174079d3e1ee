"""Door to the backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config.operations import backup


class Command(BaseCommand):
    help = "备份数据库和文件到一个文件夹（不含密钥）"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", help="存放备份的文件夹，例如 /backup")

    def handle(self, *args: Any, folder: str, **options: Any) -> None:
        try:
            made = backup.make_backup(Path(folder))
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(made.manifest["counts"].values())
        self.stdout.write(_("已备份到 %(folder)s（核对表 %(rows)d 行）") % {"folder": made.folder, "rows": rows})
