"""Loads the demo: five regions with invented people, by the very services that real files go through.

Every step may run again: a demo that was interrupted goes on where it stopped.
"""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import acting
from accounts.models import Level, Organisation, Region, User
from accounts.services import initial_password
from accounts.vocabulary import Category, Department, Role, Section
from claims.contradictions.services import find as find_contradictions
from config.demo.bills import load_bills
from config.demo.cases import load_cases, load_discussed
from config.demo.enrolment import load_enrolment
from config.demo.followed import load_findings, load_help
from config.demo.fund import load_fund
from config.demo.generator import Area, Someone, certified_by, claims, people, roster
from config.demo.hospitals import load_hospitals, load_keys
from config.demo.named import load_named
from config.demo.run import LOGINS, write_private
from exchange.models import InboundFile
from exchange.services import confirm_file, prepare_file, receive_file
from monitoring.figures.services import count_figures
from monitoring.models import Recheck, Scan
from monitoring.projection.services import project
from monitoring.recheck.services import recheck
from monitoring.services import push_warnings, scan_region
from policies.services import load_documents

T = TypeVar("T")
SEED = "2023"
PERSONS = int(os.environ.get("TUODI_DEMO_PERSONS", "320"))
MONTHS = [date(2023, month, 1) for month in range(1, 6)]
LAST_MONTH, SCAN_DAY = MONTHS[-1], date(2023, 5, 31)
# Invented names of each county's four townships; the case worker's list is easier to read than codes.
TOWNSHIPS = ("城关镇", "东风镇", "向阳乡", "新华乡")
# The region with one login per role (but the panel's); the others have a case worker each.
MAIN = "150500000000"
TOWNSHIP = "150521100000"
# Where the law lets a panel decide case by case: the panel's login is there, with those who bring it cases.
DISCUSSING = "540500000000"
DISCUSSING_TOWNSHIP = "540502100000"

CORE = (Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION, Department.DISABLED_FEDERATION)
EARLY_EXITS = (Category.EXITED_2014_2015,)
# Region code, departments that deliver, categories not used there, names usual there.
AREAS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "540500000000": (
        (*CORE, Department.ETHNIC_AFFAIRS),
        EARLY_EXITS,
        ("扎西·次仁", "卓玛", "格桑·旺堆", "次仁·央宗", "多吉", "白玛·拉姆"),
    ),
    MAIN: (CORE, EARLY_EXITS, ("乌云其其格", "宝力道", "娜仁高娃", "巴特尔", "呼和·巴雅尔", "斯琴·格日乐")),
    "370800000000": (CORE, EARLY_EXITS, ()),
    "451000000000": (CORE, (), ("韦秀兰", "覃桂英", "黄美莲", "农志强", "蓝海明")),
    "140522000000": ((*CORE, Department.VETERANS_AFFAIRS), (), ()),
}

ROLE_DEPARTMENT = {
    Role.CLERK: Department.TOWNSHIP,
    Role.PANEL_MEMBER: Department.HEALTH,
    Role.LIAISON: Department.CIVIL_AFFAIRS,
}


def load() -> list[dict[str, str]]:
    """Loads what is missing and writes the logins beside the data (mode 0600); returns them.

    The trail records each step as an act of its own: the reason of one is not told of another.
    """
    today = timezone.localdate()
    logins = _recorded(_lay_ground)
    for code in AREAS:
        _recorded(_load_area, code)
    _recorded(load_cases, TOWNSHIP)
    _recorded(load_discussed, DISCUSSING_TOWNSHIP, DISCUSSING)
    _recorded(load_keys, MAIN)
    _recorded(load_bills, LAST_MONTH)
    _recorded(load_named, LAST_MONTH.replace(month=1))
    _recorded(load_fund, MAIN, LAST_MONTH.year)
    _recorded(load_help, MAIN, SCAN_DAY, today)
    _recorded(load_findings, MAIN, SCAN_DAY, today)
    _recorded(_first_night)
    return logins


def _recorded(step: Callable[..., T], *given: Any) -> T:
    with acting(None, "command load_demo"):
        return step(*given)


def _lay_ground() -> list[dict[str, str]]:
    load_documents(actor=None)
    logins = _accounts(_known_logins())
    write_private(_logins_path(), logins)
    return logins


def _first_night() -> None:
    """What the beat does by night, done once: the rooms are full on the first day."""
    if Recheck.objects.exists():
        return
    for code in AREAS:
        find_contradictions(region=Region.objects.get(code=code), today=SCAN_DAY)
    count_figures(today=SCAN_DAY)
    recheck()


# --- people who log in ----------------------------------------------------------------------------------------------
def _logins_path() -> Path:
    return settings.DATA_DIR / LOGINS


def _known_logins() -> dict[str, str]:
    try:
        return {row["username"]: row["password"] for row in json.loads(_logins_path().read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return {}


@transaction.atomic
def _accounts(passwords: dict[str, str]) -> list[dict[str, str]]:
    for code, name in ((TOWNSHIP, "保康镇"), (DISCUSSING_TOWNSHIP, TOWNSHIPS[0])):
        county = {"name": name, "level": Level.TOWNSHIP, "parent_id": f"{code[:6]}000000"}
        Region.objects.get_or_create(code=code, defaults=county)
    places = {Role.CLERK: TOWNSHIP, Role.PANEL_MEMBER: DISCUSSING}
    wanted = [(role, places.get(role, MAIN), str(role.value)) for role in Role]
    wanted += [(Role.CASE_WORKER, code, f"case_worker_{code[:6]}") for code in AREAS if code != MAIN]
    wanted += [
        (role, code, f"{role.value}_{DISCUSSING[:6]}")
        for role, code in ((Role.CLERK, DISCUSSING_TOWNSHIP), (Role.REVIEWER, DISCUSSING))
    ]
    rows = []
    for role, code, username in wanted:
        organisation = _organisation(ROLE_DEPARTMENT.get(role, Department.MEDICAL_SECURITY), code)
        password = passwords.get(username) or initial_password()
        user, created = User.objects.get_or_create(
            username=username,
            defaults={
                "name": _("演示") + str(role.label),
                "organisation": organisation,
                "roles": [role.value],
                "section": Section.BENEFITS if role == Role.CASE_WORKER else "",
                "is_staff": role == Role.ADMINISTRATOR,
            },
        )
        if created or username not in passwords:
            user.set_password(password)
            user.save(update_fields=["password"])
        rows.append(
            {
                "role": role.value,
                "label": str(role.label),
                "username": username,
                "password": password,
                "organisation": organisation.name,
            }
        )
    return rows


def _organisation(department: str, code: str) -> Organisation:
    place = Region.objects.get(code=code)
    names = {Department.MEDICAL_SECURITY: f"{place.name}医疗保障局", Department.TOWNSHIP: f"{place.name}人民政府"}
    name = names.get(Department(department), f"{place.name}{Department(department).label}部门")
    return Organisation.objects.get_or_create(department=department, region=place, defaults={"name": name})[0]


# --- a region's months ----------------------------------------------------------------------------------------------
def _area(code: str) -> Area:
    departments, left_out, names = AREAS[code]
    place = Region.objects.get(code=code)
    counties = list(place.children.filter(level=Level.COUNTY).values_list("code", flat=True)) or [code]
    return Area(code, counties, names, certified_by(departments, left_out), TOWNSHIP if code == MAIN else "")


def _name_townships(everyone: list[Someone]) -> None:
    for code in {one.township for one in everyone}:
        Region.objects.get_or_create(
            code=code,
            defaults={
                "name": TOWNSHIPS[int(code[6:9]) % len(TOWNSHIPS)],
                "level": Level.TOWNSHIP,
                "parent_id": f"{code[:6]}000000",
            },
        )


def _load_area(code: str) -> None:
    if Scan.objects.filter(region_id=code, on=SCAN_DAY, finished_at__isnull=False).exists():
        return
    area = _area(code)
    everyone = people(area, PERSONS, SEED)
    _name_townships(everyone)
    load_hospitals(area.counties)
    for department in area.categories:
        _organisation(department, code)
        held = [one for one in everyone if one.department == department]
        _import_roster(area, department, MONTHS[-2], held, confirm=True)
        # Civil affairs' newest roster waits for the case worker: one moved away, everyday mistakes in a few rows.
        stayed = held[1:] if len(held) > 10 else held
        _import_roster(area, department, LAST_MONTH, stayed, confirm=department != Department.CIVIL_AFFAIRS)
    for month in MONTHS:
        _take(
            kind=InboundFile.Kind.CLAIMS,
            department=Department.MEDICAL_SECURITY,
            area=area,
            month=month,
            name=f"结算明细-{month:%Y-%m}.csv",
            content=claims(area, month, everyone, SEED),
        )
    load_enrolment(code, SEED)
    scan_region(region=Region.objects.get(code=code), on=SCAN_DAY, actor=None)
    project(region=Region.objects.get(code=code), on=SCAN_DAY)
    if code == MAIN:
        push_warnings(region=Region.objects.get(code=code), month=LAST_MONTH, actor=None)


def _import_roster(area: Area, department: str, month: date, held: list[Someone], *, confirm: bool) -> None:
    label = Department(department).label
    _take(
        kind=InboundFile.Kind.ROSTER,
        department=department,
        area=area,
        month=month,
        name=f"{label}名单-{month:%Y-%m}.csv",
        content=roster(f"{month:%Y年%m月}{label}名单", held, slips=0 if confirm else 3),
        confirm=confirm,
    )


def _take(
    *, kind: str, department: str, area: Area, month: date, name: str, content: bytes, confirm: bool = True
) -> None:
    file = receive_file(
        actor=None, kind=kind, department=department, region=area.region, month=month, name=name, content=content
    )
    file = prepare_file(file_id=file.pk, actor=None)
    if confirm:
        confirm_file(file_id=file.pk, actor=None)
