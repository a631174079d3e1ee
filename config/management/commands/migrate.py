"""Django's own, with states that render what changed and no more."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from config.migrating import one_model_at_a_time


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        with one_model_at_a_time():
            super().handle(*args, **options)
