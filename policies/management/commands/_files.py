"""What the file commands share: their arguments, and how a refusal becomes an exit code."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.csv_rows import FileError
from policies.engine import EngineError
from policies.file_rows import parse_day
from policies.files import POLICIES

T = TypeVar("T")
PATHS = {
    "parameters": "参数文件 P.csv",
    "categories": "身份文件 C.csv",
    "persons": "人员文件 N.csv",
    "claims": "费用文件 X.csv",
    "output": "结果文件 OUT.csv",
}


class FileCommand(BaseCommand):
    """A command that computes from files alone: no system checks, no database."""

    requires_system_checks = ()
    files: ClassVar[tuple[str, ...]] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy", required=True, choices=POLICIES, help="政策")
        for name in self.files:
            parser.add_argument(f"--{name}", required=True, type=Path, help=PATHS[name])

    def done(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work`; a refusal ends the command with its sentence and exit code 1."""
        try:
            return work(*args)
        except (FileError, EngineError) as error:
            raise CommandError(str(error)) from error

    def day(self, text: str) -> date:
        try:
            return parse_day(text)
        except ValueError:
            raise CommandError(f"日期“{text}”看不懂，请写成 2023-10-31") from None
