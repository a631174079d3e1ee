"""Writes of accounts: people, organisations, regions, and the record of reads.

`actor` is the user who asks, or None for the system itself (commands); what the actor may not do raises
`PermissionDenied`, what cannot be raises `ValidationError`; both in the user's words.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from axes.utils import reset as forget_failures
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import regions
from accounts.access import Act
from accounts.models import Organisation, ReadRecord, Region, User
from accounts.vocabulary import Role, Section

# No letters or digits that are mistaken for one another when read aloud over the telephone.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


# --- one's own --------------------------------------------------------------------------------------------------
@transaction.atomic
def set_language(*, actor: User, language: str) -> User:
    """The language in which the account's pages are shown."""
    if actor.language != language:
        actor.language = language
        actor.save(update_fields=["language"])
    return actor


@transaction.atomic
def change_password(*, actor: User, password: str) -> User:
    """One's own password; ends the duty to change it. The form has checked the old one."""
    validate_password(password, actor)
    actor.set_password(password)
    actor.must_change_password = False
    actor.save(update_fields=["password", "must_change_password"])
    return actor


# --- people -----------------------------------------------------------------------------------------------------
def initial_password() -> str:
    """Fourteen characters, about 70 bits; it must be changed at the first login."""
    return "-".join("".join(secrets.choice(ALPHABET) for _n in range(4)) for _m in range(3))


@transaction.atomic
def create_user(
    *,
    actor: User | None,
    username: str,
    name: str,
    organisation: Organisation | None,
    roles: Sequence[str],
    section: str = "",
    password: str = "",
) -> tuple[User, str]:
    """A new account; returns it with its initial password, which is shown once."""
    _may_administer(actor, organisation)
    user = User(
        username=username, name=name, organisation=organisation, roles=_known_roles(roles), section=_section(section)
    )
    user.is_staff = Role.ADMINISTRATOR in user.roles
    user.must_change_password = True
    password = password or initial_password()
    user.set_password(password)
    user.full_clean()
    user.save()
    return user, password


@transaction.atomic
def change_user(*, actor: User | None, user: User, name: str, organisation: Organisation, section: str = "") -> User:
    """Name, organisation and section of an account."""
    user = _locked(actor, user)
    _may_administer(actor, organisation)
    user.name, user.organisation, user.section = name, organisation, _section(section)
    user.full_clean(exclude=["password"])
    user.save(update_fields=["name", "organisation", "section"])
    return user


@transaction.atomic
def change_roles(*, actor: User | None, user: User, roles: Sequence[str]) -> User:
    """The roles of an account; nobody takes the administrator's role from themselves."""
    user = _locked(actor, user)
    wanted = _known_roles(roles)
    if actor == user and Role.ADMINISTRATOR in user.roles and Role.ADMINISTRATOR not in wanted:
        raise ValidationError(_("不能取消自己的系统管理员角色，请由另一位管理员办理"))
    user.roles, user.is_staff = wanted, Role.ADMINISTRATOR in wanted
    user.save(update_fields=["roles", "is_staff"])
    return user


@transaction.atomic
def deactivate_user(*, actor: User | None, user: User) -> User:
    """Ends an account: no login, no acts; its sessions end with the next request. The trail keeps its name."""
    user = _locked(actor, user)
    if actor == user:
        raise ValidationError(_("不能停用自己的账户，请由另一位管理员办理"))
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user


@transaction.atomic
def activate_user(*, actor: User | None, user: User) -> User:
    """Lets a deactivated account in again."""
    user = _locked(actor, user)
    user.is_active = True
    user.save(update_fields=["is_active"])
    return user


@transaction.atomic
def reset_password(*, actor: User | None, user: User) -> str:
    """A new initial password (returned, shown once); ends the account's sessions and its lock-out."""
    user = _locked(actor, user)
    password = initial_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    forget_failures(username=user.username)
    return password


# --- places -----------------------------------------------------------------------------------------------------
@transaction.atomic
def save_organisation(
    *, actor: User | None, department: str, region: Region, name: str, organisation: Organisation | None = None
) -> Organisation:
    """Adds an organisation or changes one: a department has one in each region."""
    one = organisation or Organisation()
    if organisation is not None:
        _may_administer(actor, organisation)
    one.department, one.region, one.name = department, region, name
    _may_administer(actor, one)
    one.full_clean()
    one.save()
    return one


@dataclass
class RegionPlan:
    """What an import of regions would do."""

    new: list[Region] = field(default_factory=list)
    renamed: list[tuple[str, str, str]] = field(default_factory=list)  # code, old name, new name
    unchanged: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)  # line, reason


def plan_regions(*, actor: User | None, listed: regions.Listed) -> RegionPlan:
    """Compares a list of regions with the table; writes nothing.

    A row whose parent is unknown or of the wrong level, or that lies outside the actor's region, is an error. Regions
    that came with a roster and have their code for a name get their name here.
    """
    plan = RegionPlan(errors=list(listed.errors))
    have = dict(Region.objects.values_list("code", "name"))
    known = set(have) | {row.code for row in listed.rows}
    prefix = actor.region_prefix if actor else ""
    for row in listed.rows:
        parent = regions.parent_of(row, known)
        level = regions.level_of(row.code)
        if not row.code.startswith(prefix):
            plan.errors.append((row.line, _("不在您管理的地区内：%(code)s") % {"code": row.code}))
        elif level > 1 and (parent is None or regions.level_of(parent) >= level):
            above = row.parent or next(regions.ancestors(row.code))
            plan.errors.append((row.line, _("上级地区不存在，请先导入：%(code)s") % {"code": above}))
        elif row.code not in have:
            plan.new.append(Region(code=row.code, name=row.name, level=level, parent_id=parent))
        elif have[row.code] != row.name:
            plan.renamed.append((row.code, have[row.code], row.name))
        else:
            plan.unchanged += 1
    plan.errors.sort()
    return plan


@transaction.atomic
def import_regions(*, actor: User | None, listed: regions.Listed) -> RegionPlan:
    """Writes a list of regions, all or nothing: any error refuses the whole list with the lines named."""
    _may_administer(actor, None)
    plan = plan_regions(actor=actor, listed=listed)
    if plan.errors:
        raise ValidationError([_("第 %(line)s 行：%(why)s") % {"line": line, "why": why} for line, why in plan.errors])
    for level in sorted({region.level for region in plan.new}):
        Region.objects.bulk_create([region for region in plan.new if region.level == level], batch_size=2000)
    renamed = [Region(code=code, name=name) for code, _old, name in plan.renamed]
    Region.objects.bulk_update(renamed, ["name"], batch_size=2000)
    return plan


def load_regions() -> int:
    """Adds the regions shipped with the project that are not there yet (names given by an administrator stay)."""
    listed = regions.read(regions.SHIPPED.read_text(encoding="utf-8"))
    known = {row.code for row in listed.rows}
    rows = [
        Region(code=r.code, name=r.name, level=regions.level_of(r.code), parent_id=regions.parent_of(r, known))
        for r in sorted(listed.rows, key=lambda r: regions.level_of(r.code))
    ]
    have = set(Region.objects.filter(pk__in=known).values_list("pk", flat=True))
    return len(Region.objects.bulk_create([r for r in rows if r.code not in have], ignore_conflicts=True))


# --- the trail of reads -----------------------------------------------------------------------------------------
def record_read(
    *, actor: User, what: str, subject: str, reason: str = "", request: HttpRequest | None = None
) -> ReadRecord:
    """Someone opened a person's file (`ReadRecord.What.FILE`), saw a number in full (REVEAL, with a reason) or
    exported people (EXPORT). `subject` names the object, e.g. `person:123`."""
    if what == ReadRecord.What.REVEAL and not reason.strip():
        raise ValidationError({"reason": _("请写明查看完整号码的理由")})
    return ReadRecord.objects.create(
        user=actor,
        roles=list(actor.roles),
        what=what,
        subject=subject,
        reason=reason.strip()[:200],
        path=request.path[:200] if request else "",
        address=request.META.get("REMOTE_ADDR") or None if request else None,
    )


# --- checks -----------------------------------------------------------------------------------------------------
def _may_administer(actor: User | None, organisation: Organisation | None) -> None:
    if actor is None:
        return
    if not actor.may(Act.ACCOUNT_ADMIN):
        raise PermissionDenied(_("只有系统管理员可以管理账户、机构和行政区划"))
    if organisation is not None and not organisation.region_id.startswith(actor.region_prefix):
        raise PermissionDenied(_("这个机构不在您管理的地区内"))


def _locked(actor: User | None, user: User) -> User:
    """The account as it is now, locked; refused when it is outside the actor's region."""
    one = User.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=user.pk)
    _may_administer(actor, one.organisation)
    if actor is not None and one.is_superuser and not actor.is_superuser:
        raise PermissionDenied(_("这个账户只能在服务器上用命令管理"))
    return one


def _known_roles(roles: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(roles))
    unknown = [role for role in wanted if role not in Role.values]
    if unknown or not wanted:
        raise ValidationError({"roles": _("请至少选择一个角色")})
    return wanted


def _section(section: str) -> str:
    if section and section not in Section.values:
        raise ValidationError({"section": _("没有这个股室")})
    return section
