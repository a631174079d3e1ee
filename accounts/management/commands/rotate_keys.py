from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import rotation
from accounts.audit import acting
from accounts.crypto import KeyMissing


class Command(BaseCommand):
    help = "用 FIELD_KEYS 的第一把密钥重新加密全部证件号码、电话等字段；可以中断，再次运行时继续。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=1000, help="每批条数，每批提交一次")

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(step: str, done: int, total: int) -> None:
            self.stdout.write(f"{step} {done}/{total}")
            self.stdout.flush()

        try:
            with acting(None, "command rotate_keys"):
                changed = rotation.rotate(batch=options["batch"], progress=progress)
        except KeyMissing as error:
            raise CommandError(
                f"有数据是用 FIELD_KEYS 中没有的密钥加密的：请把旧密钥放在新密钥之后再运行。{error}"
            ) from error
        left = rotation.stale()
        if left:
            raise CommandError(f"还有 {left} 项没有换密钥，请再运行一次")
        self.stdout.write(f"已重新加密 {changed} 项，旧密钥可以从 FIELD_KEYS 中去掉")
