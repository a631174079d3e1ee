"""Load the shipped policy documents and their parameters."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import acting
from accounts.commands import actor_named
from policies.engine.errors import EngineError
from policies.services import DocumentRefused, load_documents


class Command(BaseCommand):
    help = "把系统自带的政策文件和参数载入数据库；已载入的不变，可以重复运行"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--actor", default="", help="经办人用户名；不填为系统")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actor_named(options["actor"])
        try:
            with acting(actor, "command load_policies"):
                done = load_documents(actor=actor)
        except (DocumentRefused, EngineError) as error:
            raise CommandError(str(error)) from error
        kept = f" parameters_kept={len(done.parameters_kept)}" if done.parameters_kept else ""
        self.stdout.write(
            f"new={len(done.new)} unchanged={len(done.unchanged)} parameters_new={done.parameters_new}{kept}"
        )
