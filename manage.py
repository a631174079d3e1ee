#!/usr/bin/env python
"""Command line of Tuodi: `python manage.py help` lists what it can do."""

import os
import sys

# These compute from files alone: they must run where no database is, so none is configured for them.
WITHOUT_DATABASE = {"settle", "subsidy", "warnings", "explain", "services", "makemessages", "compilemessages"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if len(sys.argv) > 1 and sys.argv[1] in WITHOUT_DATABASE:
        os.environ["TUODI_NO_DATABASE"] = "1"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
