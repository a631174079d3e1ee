"""Lists: sort, keyset paging in both directions (with empty values), capped count, filters, columns, exports."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxDetails
from openpyxl import load_workbook

from accounts import paging
from accounts.export import neutral
from accounts.forms import UserFilter
from accounts.lists import Column, Listing
from accounts.models import Region, User
from accounts.vocabulary import Role
from tests.factories import make_user

COLUMNS = (
    Column("username", "用户名", sort="username", primary=True),
    Column("last_login", "最近登录", kind="datetime", sort="last_login"),
    Column("name", "姓名", sort="name", shown=False),
    Column("pk", "负担", kind="amount"),
)


@pytest.fixture
def people(tongliao):
    """Twenty-three accounts; every third has never logged in, many share a day."""
    make_user(Role.CLERK, username="p00")
    now = timezone.now().replace(microsecond=123456)
    one = User.objects.get(username="p00")
    User.objects.bulk_create(
        User(
            username=f"p{n:02d}",
            name=f"名{n % 4}",
            organisation=one.organisation,
            roles=["clerk"],
            last_login=None if n % 3 == 0 else now - timedelta(days=n % 5),
        )
        for n in range(1, 23)
    )
    return User.objects.all()


def listing(address: str, rows, **more) -> Listing:
    request = RequestFactory().get(address)
    request.htmx, request.user = HtmxDetails(request), AnonymousUser()
    return Listing(request, rows, COLUMNS, **{"page_size": 4, "default_sort": "username", **more})


def walk(rows, sort: str, direction: str = "next") -> list[list[int]]:
    """The pages one after the other, as somebody clicks through them."""
    found, address = [], f"/?sort={sort}"
    while address:
        one = listing(address, rows)
        found.append([row.pk for row in one.page.rows])
        address = getattr(one.page, direction)
        last = one
    if direction == "next":
        back, address = [], last.page.previous
        while address:
            one = listing(address, rows)
            back.append([row.pk for row in one.page.rows])
            address = one.page.previous
        assert back[::-1] == found[:-1], "the way back shows the same pages"
    return found


@pytest.mark.parametrize("sort", ["username", "-username", "last_login", "-last_login", "name", "-name"])
def test_pages_show_every_row_once_in_order_and_the_same_on_the_way_back(people, sort):
    pages = walk(people, sort)
    flat = [pk for page in pages for pk in page]
    assert len(flat) == len(set(flat)) == 23
    assert [len(page) for page in pages] == [4, 4, 4, 4, 4, 3]
    key = sort.removeprefix("-")
    values = [getattr(User.objects.get(pk=pk), key) for pk in flat]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert values[len(known) :] == [None] * (23 - len(known)), "what is empty comes last, both ways"


@pytest.mark.parametrize("token", ["", "x", "bnVsbA", "W10", "eyJhIjoxfQ", "WzFd", "W1tdLCBbXV0"])
@pytest.mark.parametrize("direction", ["after", "before"])
def test_broken_place_shows_the_first_page(people, token, direction):
    assert [row.username for row in listing(f"/?{direction}={token}", people).page.rows] == ["p00", "p01", "p02", "p03"]


@pytest.mark.parametrize("sort", ["password", "-organisation__region", "nothing", "--username"])
def test_unknown_sort_is_the_default(people, sort):
    assert listing(f"/?sort={sort}", people).sort == "username"


def test_one_page_costs_two_queries(people, django_assert_num_queries):
    with django_assert_num_queries(2):
        one = listing("/", people)
        render_to_string("components/list.html", {"listing": one}, request=one.request)


def test_count_stops_at_the_cap(people, monkeypatch):
    monkeypatch.setattr(paging, "CAP", 10)
    page = listing("/", people).page
    assert (page.count, page.more) == (10, True)


def test_next_page_reads_a_range_of_the_index(people):
    one = listing(listing("/?sort=username", people).page.next, people)
    rows = one.rows.order_by("username", "pk")
    place = paging.read_token(one.params["after"], one.keys)
    sql = str(rows.filter(paging.beyond(one.keys, place, False)).query)
    assert '"username" >= p03' in sql, "an index on the sort column serves it"


def test_address_keeps_filters_and_drops_what_is_empty(people):
    one = listing("/?q=&role=clerk&sort=-name&export=csv", people)
    assert one.address(page="2") == "/?role=clerk&sort=-name&page=2"


def test_chosen_columns(people):
    assert [column.name for column in listing("/", people).shown] == ["username", "last_login", "pk"]
    assert [column.name for column in listing("/?cols=name&cols=pk", people).shown] == ["name", "pk"]
    assert listing("/?cols=name", people).link_column == "name"


def test_empty_list_says_what_would_be_here(people):
    one = listing("/", people.none(), empty="没有账户", empty_help="点击新建")
    text = render_to_string("components/list.html", {"listing": one}, request=one.request)
    assert "没有账户" in text and "点击新建" in text and "<table" not in text


# --- a real page --------------------------------------------------------------------------------------------------
def test_fragment_equals_the_part_of_the_page(client, users):
    client.force_login(users[Role.ADMINISTRATOR])
    url = "/users/?role=clerk&sort=-username"
    page = client.get(url).content.decode()
    response = client.get(url, headers={"HX-Request": "true", "HX-Target": "list"})
    fragment = response.content.decode()
    assert "<html" not in fragment and fragment.strip() in page
    assert response.headers["HX-Push-Url"] == url
    assert {"HX-Request", "HX-Target"} <= set(response.headers["Vary"].split(", "))


def test_filter_with_an_error_says_it_and_lists_what_the_other_filters_give(client, users):
    client.force_login(users[Role.SUPERVISOR])
    text = client.get("/audit/?model=accounts.user&first=gestern").content.decode()
    assert "field-wrong" in text
    assert text.count("data-row") >= len(users)


def test_page_costs_the_same_with_many_rows(client, users, django_assert_max_num_queries):
    client.force_login(users[Role.ADMINISTRATOR])
    client.get("/users/")
    with django_assert_max_num_queries(12) as few:
        client.get("/users/")
    for n in range(60):
        make_user(Role.CLERK, username=f"many{n}")
    with django_assert_max_num_queries(len(few)):
        assert client.get("/users/").content.decode().count("data-row") == 50


def test_csv_is_what_is_shown_for_office_programs(client, users):
    formula = make_user(Role.CLERK, username="formula")
    formula.name = "=HYPERLINK(1)"
    formula.save()
    client.force_login(users[Role.ADMINISTRATOR])
    response = client.get("/users/?role=clerk&sort=username&cols=name&cols=username&export=csv")
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    assert "filename*=UTF-8''" in response.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == ["姓名", "用户名"]
    assert rows[1:] == [["测试乡镇经办", "clerk-150521100"], ["'=HYPERLINK(1)", "formula"]]


def test_xlsx_keeps_amounts_as_numbers_and_text_as_text(people):
    response = listing("/?export=xlsx&cols=username&cols=pk", people, title="账户[1]").respond("x.html")
    sheet = load_workbook(io.BytesIO(response.content)).active
    assert [cell.value for cell in sheet[1]] == ["用户名", "负担"]
    amount = sheet["B2"]
    assert (amount.data_type, amount.number_format) == ("n", "#,##0.00")
    assert amount.value == pytest.approx(User.objects.get(username="p00").pk / 100)
    assert sheet.max_row == 24


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_neutralised(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("value", ["测试", "139****0272", 12, None])
def test_other_values_stay(value):
    assert neutral(value) == value


def test_export_is_not_limited_to_the_page(people):
    response = listing("/?export=csv", people).respond("x.html")
    assert b"".join(response.streaming_content).decode().count("\n") == 24


def test_filter_form_knows_the_user(users):
    choices = UserFilter({}, user=users[Role.ADMINISTRATOR]).fields["region"].queryset
    assert set(choices.values_list("code", flat=True)) == set(
        Region.objects.filter(code__startswith="1505", level__lte=3).values_list("code", flat=True)
    )
