"""`manage.py subsidy`: subsidised contributions of the persons of a file in one year, without the database."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from policies.files import subsidy_file

from ._files import FileCommand


class Command(FileCommand):
    help = "按一项政策计算文件中人员一个年度的参保资助，不使用数据库"
    files = ("parameters", "categories", "persons", "output")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--year", required=True, type=int, metavar="YYYY", help="年度")

    def handle(self, *args: Any, **o: Any) -> None:
        if not 1900 <= o["year"] < 3000:
            raise CommandError(f"没有 {o['year']} 年度，请写成四位数，如 2023")
        done = self.done(
            subsidy_file, o["policy"], o["parameters"], o["categories"], o["persons"], o["year"], o["output"]
        )
        self.stdout.write(f"{o['policy']} {o['year']} 年度：写出 {done.written} 人，结果在 {o['output']}")
