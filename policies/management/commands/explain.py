"""`manage.py explain`: the statement of one claim of a file, every amount with its working and clause."""

from typing import Any

from django.core.management.base import CommandParser

from policies.statement import explain_claim

from ._files import FileCommand


class Command(FileCommand):
    help = "打印文件中一笔费用的结算单：每项金额的算式、依据条款和理解，不使用数据库"
    files = ("parameters", "categories", "claims")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--claim-no", required=True, help="结算编号，年末一次性救助为 YEAREND-<身份证号>-<年度>")

    def handle(self, *args: Any, **o: Any) -> None:
        text = self.done(explain_claim, o["policy"], o["parameters"], o["categories"], o["claims"], o["claim_no"])
        self.stdout.write(text)
