"""Small makers for tests: regions, organisations, one user per role. Every name is made up."""

from accounts.models import Level, Organisation, Region, User
from accounts.vocabulary import Department, Role

PASSWORD = "Tongliao-2023-test"
CITY = "150500000000"
COUNTIES = {
    "150502000000": "科尔沁区",
    "150521000000": "科尔沁左翼中旗",
    "150522000000": "科尔沁左翼后旗",
    "150523000000": "开鲁县",
    "150524000000": "库伦旗",
    "150525000000": "奈曼旗",
    "150526000000": "扎鲁特旗",
    "150581000000": "霍林郭勒市",
}

ROLE_DEPARTMENT = {
    Role.CLERK: Department.TOWNSHIP,
    Role.PANEL_MEMBER: Department.FINANCE,
    Role.LIAISON: Department.CIVIL_AFFAIRS,
}


def make_regions() -> Region:
    """通辽市 with its eight counties and one township; returns the city."""
    province, _ = Region.objects.get_or_create(
        code="150000000000", defaults={"name": "内蒙古自治区", "level": Level.PROVINCE}
    )
    city, _ = Region.objects.get_or_create(
        code=CITY, defaults={"name": "通辽市", "level": Level.PREFECTURE, "parent": province}
    )
    for code, name in COUNTIES.items():
        Region.objects.get_or_create(code=code, defaults={"name": name, "level": Level.COUNTY, "parent": city})
    Region.objects.get_or_create(
        code="150521100000",
        defaults={"name": "保康镇", "level": Level.TOWNSHIP, "parent_id": "150521000000"},
    )
    return city


def make_organisation(department: str = Department.MEDICAL_SECURITY, region: str = CITY) -> Organisation:
    """The department's organisation in the region (regions must exist)."""
    place = Region.objects.get(code=region)
    return Organisation.objects.get_or_create(
        department=department,
        region=place,
        defaults={"name": f"{place.name}{Department(department).label}"},
    )[0]


def make_user(*roles: str, username: str = "", department: str = "", region: str = CITY, **more: object) -> User:
    """An active user with the roles; the department follows from the first role unless given."""
    department = department or ROLE_DEPARTMENT.get(Role(roles[0]), Department.MEDICAL_SECURITY)
    username = username or f"{roles[0]}-{region[:9]}"
    return User.objects.create_user(
        username=username,
        password=PASSWORD,
        name=f"测试{Role(roles[0]).label}",
        organisation=make_organisation(department, region),
        roles=list(roles),
        **more,
    )


def make_users() -> dict[Role, User]:
    """One user per role, all of the city but the clerk (a township)."""
    return {role: make_user(role, region="150521100000" if role == Role.CLERK else CITY) for role in Role}
