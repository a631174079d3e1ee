"""Door to the embedded services: start, stop and show those of each data folder."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config import embedded


class Command(BaseCommand):
    help = _("启动、停止或查看内置的 PostgreSQL 与 Valkey")
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])
        parser.add_argument(
            "--data",
            metavar="NAME",
            help=_("数据文件夹:项目内的文件夹名,或路径;默认取 TUODI_DATA,否则为 .data"),
        )

    def handle(self, *args: Any, action: str, data: str | None, **options: Any) -> None:
        try:
            if action == "status":
                self._show(data)
            elif action == "start":
                embedded.start(data)
                self._line(embedded.status(data))
            else:
                stopped = embedded.stop(data)
                folder = embedded.data_folder(data)
                self.stdout.write(
                    _("已停止:%(folder)s") % {"folder": folder}
                    if stopped
                    else _("没有在运行:%(folder)s") % {"folder": folder}
                )
        except embedded.EmbeddedError as error:
            raise CommandError(str(error)) from error

    def _show(self, data: str | None) -> None:
        folders = [embedded.data_folder(data)] if data else embedded.known_folders()
        if not folders:
            self.stdout.write(_("还没有数据文件夹:运行 manage.py services start 建立。"))
        for folder in folders:
            self._line(embedded.status(folder))

    def _line(self, status: embedded.Status) -> None:
        def port(number: int | None) -> str:
            return _("未运行") if number is None else _("端口 %(port)d") % {"port": number}

        self.stdout.write(
            f"{status.folder.name}  PostgreSQL {port(status.postgres_port)}  "
            f"Valkey {port(status.valkey_port)}  {status.home or status.folder}"
        )
