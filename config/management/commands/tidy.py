"""Door to the nightly tidying."""

from typing import Any

from django.core.management.base import BaseCommand

from config.operations import retention


class Command(BaseCommand):
    help = "删除过期的过程数据（任务记录、暂存行、会话、登录记录）；业务数据与审计记录不删"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(" ".join(f"{name}={count}" for name, count in retention.tidy().items()))
