"""`--actor USERNAME` for commands: in whose name the work is done; without it the system's own."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.models import User


def add_actor(parser: ArgumentParser) -> None:
    parser.add_argument("--actor", default="", help="以哪个用户名义办理；不写则为系统")


def actor_of(options: dict[str, Any]) -> User | None:
    """The user named by `--actor`, or None; raises `CommandError` for an unknown or deactivated one."""
    name = options.get("actor") or ""
    if not name:
        return None
    user = User.objects.select_related("organisation__region").filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"没有这个用户名，或者账户已停用：{name}")
    return user
