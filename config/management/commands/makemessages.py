from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import catalogue

SHOWN = 40


class Command(BaseCommand):
    help = "收集可翻译的文字，更新英文目录 config/locale/en（保留已有译文，去掉不再使用的）；--check 只检查。"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="不写入；目录过期或有未翻译的文字时失败")

    def handle(self, *args: Any, **options: Any) -> None:
        merged = catalogue.merged()
        text = catalogue.text_of(merged)
        stale = not catalogue.PO.exists() or catalogue.PO.read_bytes() != text
        wrong = catalogue.problems(merged)
        if options["check"]:
            lines = ["英文目录不是最新的，请运行 manage.py makemessages"] if stale else []
            lines += wrong[:SHOWN] + ([f"… 共 {len(wrong)} 条"] if len(wrong) > SHOWN else [])
            if lines:
                raise CommandError("\n".join(lines))
            return
        if stale:
            catalogue.PO.parent.mkdir(parents=True, exist_ok=True)
            catalogue.PO.write_bytes(text)
        self.stdout.write(f"{len(merged)} 条，待翻译或更正 {len(wrong)} 条")
