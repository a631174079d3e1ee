"""`manage.py warnings`: who of a file is over a warning line on a day, or near one, without the database."""

from typing import Any

from django.core.management.base import CommandParser

from policies.files import warnings_file

from ._files import FileCommand


class Command(FileCommand):
    help = "按一项政策列出文件中达到或接近预警线的人员，不使用数据库；被拒绝的费用行写入 <结果文件>.errors.csv"
    files = ("parameters", "categories", "persons", "claims", "output")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--on", required=True, metavar="YYYY-MM-DD", help="截至日期")

    def handle(self, *args: Any, **o: Any) -> None:
        day = self.day(o["on"])
        done = self.done(
            warnings_file,
            o["policy"],
            o["parameters"],
            o["categories"],
            o["persons"],
            o["claims"],
            day,
            o["output"],
        )
        where = f"结果在 {o['output']}"
        self.stdout.write(f"{o['policy']} {day}：写出 {done.written} 人，拒绝费用 {done.refused} 行，{where}")
