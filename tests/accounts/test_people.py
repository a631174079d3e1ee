"""Accounts, offices and regions: what the administrator may do, on the pages and behind them."""

import pytest
from axes.models import AccessAttempt
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts import regions, services
from accounts.models import Level, Organisation, Region, User
from accounts.vocabulary import Department, Role
from tests.factories import make_organisation, make_user

TOWNSHIP = "150521101000"


@pytest.fixture
def admin(users):
    return users[Role.ADMINISTRATOR]


def new(actor, **more):
    values = {"username": "zhao", "name": "赵一", "organisation": make_organisation(), "roles": [Role.REVIEWER]}
    return services.create_user(actor=actor, **{**values, **more})


def test_new_account_has_an_initial_password_that_must_be_changed(admin):
    user, password = new(admin)
    assert user.check_password(password) and user.must_change_password
    assert (user.roles, user.is_staff, user.is_superuser) == (["reviewer"], False, False)


def test_initial_passwords_differ_and_can_be_read_aloud():
    found = {services.initial_password() for _n in range(200)}
    assert len(found) == 200
    assert not any(set(password) & set("0O1lI") for password in found)


def test_administrator_may_use_the_admin_and_others_not(admin):
    user, _password = new(admin, roles=[Role.ADMINISTRATOR])
    assert user.is_staff
    assert not services.change_roles(actor=admin, user=user, roles=[Role.CLERK]).is_staff


@pytest.mark.parametrize(
    "values, words",
    [
        ({"username": "administrator-150500000"}, "用户名已被使用"),
        ({"username": "a b"}, "用户名"),
        ({"roles": []}, "请至少选择一个角色"),
        ({"roles": ["king"]}, "请至少选择一个角色"),
        ({"section": "kitchen"}, "没有这个股室"),
        ({"name": ""}, "空"),
    ],
)
def test_impossible_account_is_refused_in_words(admin, values, words):
    with pytest.raises(ValidationError, match=words):
        new(admin, **values)
    assert not User.objects.filter(username="zhao").exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_manage_accounts(users, role):
    actor, other = users[role], users[Role.ADMINISTRATOR]
    for act in (
        lambda: new(actor),
        lambda: services.change_roles(actor=actor, user=actor, roles=[Role.ADMINISTRATOR]),
        lambda: services.deactivate_user(actor=actor, user=other),
        lambda: services.reset_password(actor=actor, user=other),
        lambda: services.import_regions(actor=actor, listed=regions.read("code,name\n")),
        lambda: services.save_organisation(
            actor=actor, department=Department.TAX, region=Region.objects.get(pk="150500000000"), name="税务局"
        ),
    ):
        with pytest.raises(PermissionDenied, match="只有系统管理员"):
            act()


def test_administrator_of_a_county_reaches_no_neighbour(users):
    county = make_user(Role.ADMINISTRATOR, region="150521000000", username="county")
    neighbour = make_user(Role.CLERK, region="150522000000", username="neighbour")
    with pytest.raises(PermissionDenied, match="不在您管理的地区内"):
        services.deactivate_user(actor=county, user=neighbour)
    with pytest.raises(PermissionDenied):
        new(county)
    with pytest.raises(PermissionDenied):  # nor moves an own account there
        services.change_user(actor=county, user=county, name="x", organisation=neighbour.organisation)


def test_nobody_locks_oneself_out(admin):
    with pytest.raises(ValidationError, match="另一位管理员"):
        services.deactivate_user(actor=admin, user=admin)
    with pytest.raises(ValidationError, match="另一位管理员"):
        services.change_roles(actor=admin, user=admin, roles=[Role.CLERK])


def test_deactivation_ends_the_running_session(client, users, admin):
    client.force_login(users[Role.REVIEWER])
    assert client.get("/").status_code == 200
    services.deactivate_user(actor=admin, user=users[Role.REVIEWER])
    assert client.get("/").status_code == 302


def test_reset_ends_sessions_and_the_lock_out(client, users, admin):
    user = users[Role.REVIEWER]
    client.force_login(user)
    AccessAttempt.objects.create(username=user.username, ip_address="127.0.0.1", failures_since_start=5)
    password = services.reset_password(actor=admin, user=user)
    assert client.get("/").status_code == 302
    assert not AccessAttempt.objects.exists()
    user.refresh_from_db()
    assert user.check_password(password) and user.must_change_password


def test_an_office_is_there_once_a_region(admin):
    region = Region.objects.get(pk="150521000000")
    services.save_organisation(actor=admin, department=Department.TAX, region=region, name="中旗税务局")
    with pytest.raises(ValidationError, match="已有这个部门的机构"):
        services.save_organisation(actor=admin, department=Department.TAX, region=region, name="又一个")
    assert Organisation.objects.filter(department=Department.TAX).count() == 1


def test_edit_page_changes_roles_and_office(client, users, admin):
    client.force_login(admin)
    user, office = users[Role.REVIEWER], make_organisation(Department.FINANCE)
    values = {"name": "新名", "organisation": office.pk, "section": "", "roles": ["fund_officer", "supervisor"]}
    response = client.post(reverse("accounts:user_edit", args=[user.pk]), values)
    assert response.headers["Location"] == reverse("accounts:user", args=[user.pk])
    user.refresh_from_db()
    assert (user.name, user.organisation, user.roles) == ("新名", office, ["fund_officer", "supervisor"])


def test_admin_door_uses_the_same_services(client, users, admin):
    User.objects.filter(pk=admin.pk).update(is_staff=True)
    client.force_login(admin)
    values = {"name": admin.name, "organisation": admin.organisation_id, "section": "", "roles": ["clerk"]}
    response = client.post(f"/admin/accounts/user/{admin.pk}/change/", values, follow=True)
    assert "另一位管理员" in response.content.decode()
    admin.refresh_from_db()
    assert admin.roles == ["administrator"]
    values["roles"] = ["clerk", "reviewer"]
    other = users[Role.REVIEWER]
    values["organisation"] = other.organisation_id
    assert client.post(f"/admin/accounts/user/{other.pk}/change/", values).status_code == 302
    other.refresh_from_db()
    assert other.roles == ["clerk", "reviewer"]


def test_administrator_finds_no_personal_data_in_the_admin(client, admin):
    User.objects.filter(pk=admin.pk).update(is_staff=True)
    client.force_login(admin)
    text = client.get("/admin/").content.decode()
    assert "/admin/accounts/user/" in text
    for room in (
        "claims/claim",
        "claims/settlement",
        "monitoring",
        "beneficiaries/person",
        "beneficiaries/categoryspell",
    ):
        assert f"/admin/{room}/" not in text


# --- regions ------------------------------------------------------------------------------------------------------
def test_regions_of_the_five_policies_come_with_the_project(db):
    counties = Region.objects.filter(level=Level.COUNTY)
    # 错那 twice: the county of rosters until 2023, the city of today.
    wanted = {"5405": 13, "1505": 8, "3708": 11, "45": 111, "1405": 6}
    assert {prefix: counties.filter(code__startswith=prefix).count() for prefix in wanted} == wanted
    assert Region.objects.filter(level=Level.PREFECTURE, code__startswith="45").count() == 14
    assert Region.objects.get(pk="150521000000").parent_id == "150500000000"
    assert Region.objects.get(name="阳城县").code == "140522000000"
    assert services.load_regions() == 0


@pytest.mark.parametrize(
    "code, level, prefix",
    [
        ("150000000000", 1, "15"),
        ("150500000000", 2, "1505"),
        ("150521000000", 3, "150521"),
        ("150521100000", 4, "150521100"),
        ("150521100201", 5, "150521100201"),
    ],
)
def test_level_and_prefix_follow_from_the_code(code, level, prefix):
    assert (regions.level_of(code), regions.prefix_of(code)) == (level, prefix)


def read(*lines: str, header: str = "行政区划代码,名称") -> regions.Listed:
    return regions.read("\n".join((header, *lines)))


def test_import_adds_names_and_leaves_the_rest(admin):
    Region.objects.create(code=TOWNSHIP, name=TOWNSHIP, level=4, parent_id="150521000000")  # came with a roster
    listed = read(f"{TOWNSHIP},花吐古拉镇", "150521102000,架玛吐镇", "150521101201,一村", "150521000000,科尔沁左翼中旗")
    plan = services.import_regions(actor=admin, listed=listed)
    assert ([r.code for r in plan.new], plan.unchanged) == (["150521102000", "150521101201"], 1)
    assert plan.renamed == [(TOWNSHIP, TOWNSHIP, "花吐古拉镇")]
    assert Region.objects.get(pk=TOWNSHIP).name == "花吐古拉镇"
    assert Region.objects.get(pk="150521101201").parent_id == TOWNSHIP
    assert Region.objects.get(pk="150521101201").level == Level.VILLAGE


@pytest.mark.parametrize(
    "line, words",
    [
        ("1505211,镇", "第 2 行：代码须为12位数字：1505211"),
        (",镇", "第 2 行：代码须为12位数字：空"),
        ("150521101000,", "第 2 行：名称须填写"),
        ("370801101000,镇", "第 2 行：不在您管理的地区内"),
        ("150599101000,镇", ""),
        ("150521101201,村,150521199000", "第 2 行：上级地区不存在，请先导入：150521199000"),
        ("150521101201,村,x", "第 2 行：上级代码须为12位数字"),
        ("150521101000,镇\n150521101000,又", "第 3 行：代码与第 2 行重复"),
        ("150521101000,镇,150521101201\n150521101201,村", "第 2 行：上级地区不存在"),
    ],
)
def test_one_wrong_line_refuses_the_list_and_names_the_line(admin, line, words):
    before = Region.objects.count()
    listed = read(line, header="代码,名称,上级代码")
    if not words:  # an unknown county lies under a known prefecture: its township hangs there
        assert services.import_regions(actor=admin, listed=listed).new[0].parent_id == "150500000000"
        return
    with pytest.raises(ValidationError) as error:
        services.import_regions(actor=admin, listed=listed)
    assert words in "\n".join(error.value.messages)
    assert Region.objects.count() == before


def test_list_without_header_says_what_is_missing(admin):
    assert regions.read("150521101000,镇\n").errors == [(1, "第一行须是表头：行政区划代码、名称，可加上级代码")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_page_previews_then_confirms(client, admin, encoding):
    client.force_login(admin)
    content = f"行政区划代码,名称\n{TOWNSHIP},花吐古拉镇\n".encode(encoding)
    page = client.post(reverse("accounts:regions_import"), {"file": SimpleUploadedFile("r.csv", content)})
    assert [figure["count"] for figure in page.context["figures"]] == [1, 0, 0, 0]
    assert not Region.objects.filter(pk=TOWNSHIP).exists()
    client.post(reverse("accounts:regions_confirm"), {"content": page.context["content"]})
    assert Region.objects.get(pk=TOWNSHIP).name == "花吐古拉镇"


def test_confirming_a_wrong_list_writes_nothing_and_shows_why(client, admin):
    client.force_login(admin)
    page = client.post(reverse("accounts:regions_confirm"), {"content": "代码,名称\n1,镇\n"})
    assert "代码须为12位数字：1" in page.content.decode()


def test_commands(tongliao, tmp_path, capsys):
    file = tmp_path / "r.csv"
    file.write_text(f"代码,名称\n{TOWNSHIP},花吐古拉镇\n", encoding="gb18030")
    call_command("import_regions", file)
    call_command("create_admin", "chief", name="主任", region="150521000000")
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "新增 1，更名 0，不变 0"
    chief = User.objects.get(username="chief")
    assert chief.check_password(out[1].split()[1])
    assert (chief.roles, chief.organisation.region_id) == (["administrator"], "150521000000")


@pytest.mark.parametrize(
    "command, words",
    [
        (("import_regions", "/nowhere.csv"), "读不到文件"),
        (("create_admin", "x", "--name", "x", "--region", "1"), "没有这个行政区划"),
        (("import_regions", "/dev/null", "--actor", "nobody"), "没有启用的账户"),
    ],
)
def test_commands_fail_in_words(tongliao, command, words):
    with pytest.raises(CommandError, match=words):
        call_command(*command)
