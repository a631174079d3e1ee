from typing import Any

from django.core.management.base import BaseCommand

from config import catalogue


class Command(BaseCommand):
    help = "编译英文目录（.mo 不入库，由 make setup 生成）。"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(str(catalogue.compile_catalogue().relative_to(catalogue.BASE)))
