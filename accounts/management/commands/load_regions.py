from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import load_regions


class Command(BaseCommand):
    help = "补齐随系统提供的行政区划（migrate 之后自动进行）。"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"新增 {load_regions()}")
