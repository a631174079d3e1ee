from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts import services
from accounts.audit import acting
from accounts.models import Organisation, Region
from accounts.vocabulary import Department, Role


class Command(BaseCommand):
    help = "建立一个地区的第一位系统管理员，输出初始密码（首次登录须修改）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="姓名")
        parser.add_argument("--region", required=True, help="12位行政区划代码")

    def handle(self, *args: Any, **options: Any) -> None:
        region = Region.objects.filter(pk=options["region"]).first()
        if region is None:
            raise CommandError(f"没有这个行政区划：{options['region']}")
        with acting(None, "command create_admin"):
            office = Organisation.objects.filter(department=Department.MEDICAL_SECURITY, region=region).first()
            try:
                office = office or services.save_organisation(
                    actor=None, department=Department.MEDICAL_SECURITY, region=region, name=f"{region.name}医疗保障局"
                )
                user, password = services.create_user(
                    actor=None,
                    username=options["username"],
                    name=options["name"],
                    organisation=office,
                    roles=[Role.ADMINISTRATOR],
                )
            except ValidationError as error:
                raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{user.username} {password}")
