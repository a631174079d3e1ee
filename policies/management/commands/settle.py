"""`manage.py settle`: claims of a file under one policy, without the database."""

from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.engine import EngineError
from policies.file_rows import FileError
from policies.files import POLICIES, settle_file


class Command(BaseCommand):
    help = "按一项政策结算文件中的费用，不使用数据库；被拒绝的行写入 <输出文件>.errors.csv"
    requires_system_checks: ClassVar[list[str]] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy", required=True, choices=POLICIES, help="政策")
        parser.add_argument("--parameters", required=True, type=Path, help="参数文件 P.csv")
        parser.add_argument("--categories", required=True, type=Path, help="身份文件 C.csv")
        parser.add_argument("--claims", required=True, type=Path, help="费用文件 X.csv")
        parser.add_argument("--output", required=True, type=Path, help="结算结果 OUT.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = settle_file(
                options["policy"],
                options["parameters"],
                options["categories"],
                options["claims"],
                options["output"],
            )
        except (FileError, EngineError) as error:
            raise CommandError(str(error)) from error
        where = f"结果在 {options['output']}"
        self.stdout.write(f"{options['policy']}：写出 {done.written} 行，拒绝 {done.refused} 行，{where}")
