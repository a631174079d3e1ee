"""Bring the demo's database up to date: tables, then data. One process, because loading Django takes a second."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    call_command("load_demo")


if __name__ == "__main__":
    main()
