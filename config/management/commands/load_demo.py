"""Loads the demo's five regions; running it again completes what is missing."""

from typing import Any

from django.core.management.base import BaseCommand

from config.demo.load import AREAS, PERSONS, load


class Command(BaseCommand):
    help = "Load five regions with invented people (for a trial, never for a real bureau)"

    def handle(self, *args: Any, **options: Any) -> None:
        logins = load()
        self.stdout.write(f"regions={len(AREAS)} persons={len(AREAS) * PERSONS} logins={len(logins)}")
