"""Pages of the register and of inbound files: what they find, what they record, how many queries they take."""

import html
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ReadRecord
from accounts.services import record_read
from accounts.vocabulary import Role
from accounts.waiting import counted
from beneficiaries import searching
from beneficiaries.models import Person, id_key
from exchange import selectors as files
from exchange import services as exchange
from exchange.models import InboundFile
from policies.services import load_documents
from tests.beneficiaries.rosters import JUNE, line, number, prepare, roster, send

pytestmark = pytest.mark.django_db
PERSON_QUERIES = 12
NAMES = ("曾玉兰", "乌云其其格", "呼和·巴雅尔", "王伟", "单其")


@pytest.fixture
def people(users):
    rows = [line(n, name=name, region="150522100000" if n == 3 else "150521100000") for n, name in enumerate(NAMES)]
    return send(roster(*rows))


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("其其", {1}),
        ("其", {1, 4}),
        ("乌云其其格", {1}),
        ("和巴", {2}),
        ("呼和·巴", {2}),
        ("呼和•巴雅尔", {2}),
        ("和巴雅", {2}),
        ("雅巴", set()),
        ("zyl", {0}),
        ("ZY", {0}),
        ("sq", {4}),
        ("yl", {0}),
        ("yun", {1}),
        ("zeng yu lan", {0}),
        ("zengyul", {0}),
        ("yulan", {0}),
        ("shan qi", {4}),
        ("dan qi", set()),
        ("保康镇", {0, 1, 2, 4}),
        (number(2)[-6:], {2}),
        (number(2)[-5:], {2}),
        (number(2), {2}),
        (f" {number(2)[:6]} {number(2)[6:].lower()}", {2}),
        (number(2)[-4:], {2}),
        ("150521000000", {0, 1, 2}),
        ("13900000004", {4}),
        ("19991231", set()),
    ],
)
def test_search(people, users, q, found):
    numbers = {id_key(number(n)): n for n in range(5)}
    rows = searching.search(users[Role.CASE_WORKER], q)[0]
    assert {numbers[row.id_key] for row in rows} == found


@pytest.mark.parametrize(
    ("q", "index"),
    [("其其", "person_name_grams"), ("yulan", "person_reading_pieces"), ("yl", "person_reading_pieces")],
)
def test_search_uses_its_indexes(people, users, q, index):
    ways = searching.read(users[Role.CASE_WORKER], q).ways
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        # Five persons are found by anything: the sequence and the region's index are taken out of the choice.
        cursor.execute("SET LOCAL enable_seqscan = off; DROP INDEX person_region")
        searching._keys(users[Role.CASE_WORKER], ways[-1:])
        statement = queries[-1]["sql"]
        cursor.execute(f"EXPLAIN {statement}")
        assert index in str(cursor.fetchall())


def test_whole_names_come_before_beginnings_before_parts(tongliao, users):
    names = ("李伟王", "王伟国", "王伟", "小王伟", "伟王")
    send(roster(*(line(n, name=name) for n, name in enumerate(names))))
    found, cut = searching.search(users[Role.CASE_WORKER], "王伟")
    assert [one.name for one in found.order_by("rank", "pk")] == ["王伟", "王伟国", "小王伟"]
    assert not cut


def test_a_search_that_finds_too_many_says_so(client, people, users, monkeypatch):
    monkeypatch.setattr(searching, "MOST", 1)
    client.force_login(users[Role.CASE_WORKER])
    page = client.get(reverse("beneficiaries:list"), {"q": "其"}).content.decode()
    assert "请再多输入几个字" in page


def test_the_list_is_cut_to_region_and_takes_a_fixed_number_of_queries(client, people, users):
    client.force_login(users[Role.CLERK])
    client.get(reverse("accounts:profile"))
    with CaptureQueriesContext(connection) as few:
        page = client.get(reverse("beneficiaries:list"))
    text = page.content.decode()
    assert "乌云其其格" in text and "王伟" not in text
    assert number(1) not in text and f"{number(1)[:6]}********{number(1)[-4:]}" in text
    send(roster(*(line(n) for n in range(20, 60))), department="civil_affairs", mode="changes", month=JUNE)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("beneficiaries:list"))
    assert len(many) == len(few)


def test_a_persons_page_is_recorded_and_takes_few_queries(client, people, users, monkeypatch):
    """All of the page itself, who asks included, with law in force; what waits in the navigation is the frame's."""
    monkeypatch.setattr("config.navigation._finders", dict)
    load_documents(actor=None)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_given: date(2023, 6, 1))
    person = Person.objects.get(id_key=id_key(number(1)))
    client.force_login(users[Role.CASE_WORKER])
    client.get(reverse("beneficiaries:person", args=[person.pk]))  # the law's text is read once and kept
    ReadRecord.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("beneficiaries:person", args=[person.pk]))
    own = [query["sql"] for query in queries if "django_session" not in query["sql"]]
    assert len(own) <= PERSON_QUERIES, "\n".join(own)
    text = page.content.decode()
    assert number(1) not in text and "民政认定为低保对象" in text and "2023-05 名单 第 3 行" in text
    record = ReadRecord.objects.get(subject=f"person:{person.pk}")
    assert (record.user, record.what) == (users[Role.CASE_WORKER], ReadRecord.What.FILE)


@pytest.mark.parametrize("tab", ["", "spells", "household"])
def test_a_tab_is_a_page_of_its_own_and_a_fragment(client, people, users, tab):
    person = Person.objects.get(id_key=id_key(number(1)))
    client.force_login(users[Role.CASE_WORKER])
    name, arguments = ("beneficiaries:person_tab", [person.pk, tab]) if tab else ("beneficiaries:person", [person.pk])
    page = client.get(reverse(name, args=arguments))
    part = client.get(reverse(name, args=arguments), headers={"HX-Request": "true", "HX-Target": "tab"})
    assert part.content.decode().strip() in page.content.decode()
    assert "<html" not in part.content.decode()


def test_the_full_number_is_shown_after_a_recorded_reason(client, people, users):
    person = Person.objects.get(id_key=id_key(number(1)))
    url = reverse("beneficiaries:reveal", args=[person.pk])
    client.force_login(users[Role.CASE_WORKER])
    refused = client.post(url, {"reason": " "}).content.decode()
    assert number(1) not in refused and not ReadRecord.objects.exists()
    shown = client.post(url, {"reason": "核对银行账户"}).content.decode()
    assert number(1) in shown and person.phone in shown
    record = ReadRecord.objects.get()
    assert (record.what, record.reason) == (ReadRecord.What.REVEAL, "核对银行账户")
    client.force_login(users[Role.CLERK])
    assert client.post(url, {"reason": "看看"}).status_code == 403


def test_registration_finds_who_is_there_first(client, people, users):
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("beneficiaries:new")
    known = Person.objects.get(id_key=id_key(number(1)))
    assert client.post(url, {"id_number": number(1)}).headers["Location"] == reverse(
        "beneficiaries:person", args=[known.pk]
    )
    wrong_digit = "0" if number(1)[17] != "0" else "1"
    assert "校验码" in client.post(url, {"id_number": number(1)[:17] + wrong_digit}).content.decode()
    asked = client.post(url, {"id_number": number(50)})
    assert 'name="name"' in asked.content.decode()
    given = {"id_number": number(50), "name": " 扎西．次仁 ", "region": "150521100000", "phone": "0475-8231234"}
    wrong = client.post(url, given | {"phone": "12"})
    assert wrong.status_code == 422 and "座机" in wrong.content.decode()
    made = client.post(url, given | {"household": "H9", "rural": "on"})
    person = Person.objects.get(id_key=id_key(number(50)))
    assert made.headers["Location"] == reverse("beneficiaries:person", args=[person.pk])
    assert (person.name, person.initials, person.phone, person.household.number) == (
        "扎西·次仁",
        "zxcr",
        "04758231234",
        "H9",
    )
    again = client.post(url, given)
    assert again.status_code == 422 and "已登记" in again.content.decode()


# --- inbound files --------------------------------------------------------------------------------------------------
def test_a_file_page_counts_filters_and_sets_doubtful_rows_beside_the_register(client, people, users):
    client.force_login(users[Role.CASE_WORKER])
    rows = [line(0, name="曾玉兰"), line(1, name="别的人"), line(2, name=NAMES[2], category="?"), line(9)]
    file = prepare(roster(*rows), month=JUNE)
    url = reverse("exchange:file", args=[file.pk])
    page = client.get(url).content.decode()
    assert "全部数据行" in page and "须由上传人以外的复核人员确认" in page
    assert "含文件中没有、因此退出的 2 条" in page
    assert "科尔沁左翼中旗 保康镇" in page and "150521100000" in client.get(url, {"export": "csv"}).getvalue().decode()
    doubtful = client.get(url, {"outcome": "doubtful"}).content.decode()
    assert "别的人" in doubtful and "乌云其其格" in doubtful and 'class="differs"' in doubtful
    errors = client.get(url, {"outcome": "error"}).content.decode()
    assert "没有“?”这一人员类别" in errors
    assert number(1) not in page + doubtful + errors


def test_the_error_file_is_the_partners_own_with_one_more_column(client, people, users):
    client.force_login(users[Role.CASE_WORKER])
    file = prepare(roster(line(0, name="曾玉兰"), line(1, name="别的人"), line(2, category="?")), month=JUNE)
    answer = client.get(reverse("exchange:errors", args=[file.pk]))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].endswith(",错误原因") and len(lines) == 3
    assert "乌云其其格" in lines[1] and "没有“?”这一人员类别" in lines[2]
    assert ReadRecord.objects.filter(what=ReadRecord.What.EXPORT, subject=f"inbound:{file.pk}").exists()


def test_a_liaison_sees_the_files_of_the_own_department(client, people, users):
    send(roster(line(60, category="重度残疾人")), department="disabled_federation")
    seen = files.files(users[Role.LIAISON])
    assert {file.department for file in seen} == {"civil_affairs"}
    client.force_login(users[Role.LIAISON])
    other = InboundFile.objects.get(department="disabled_federation")
    assert client.get(reverse("exchange:file", args=[other.pk])).status_code == 404


def test_lists_of_files_take_a_fixed_number_of_queries(client, people, users):
    client.force_login(users[Role.SUPERVISOR])
    client.get(reverse("accounts:profile"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("exchange:list"))
    for n in range(70, 75):
        prepare(roster(line(n)), month=JUNE)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("exchange:list"))
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("role", "count"), [(Role.CASE_WORKER, 1), (Role.REVIEWER, 1), (Role.LIAISON, 0), (Role.SUPERVISOR, 0)]
)
def test_what_waits_to_be_confirmed(users, role, count):
    everyone = [line(n) for n in range(10)]
    send(roster(*everyone))
    prepare(roster(*everyone[5:]), month=JUNE)
    prepare(roster(line(80, category="重度残疾人")), department="disabled_federation")
    assert sum(item.count for item in counted(users[role], files.waiting(users[role]))) == count


def test_upload_starts_the_work_and_recognises_the_file(client, users, monkeypatch, django_capture_on_commit_callbacks):
    started = []
    monkeypatch.setattr(exchange.current_app, "send_task", lambda name, args: started.append((name, args)))
    client.force_login(users[Role.LIAISON])
    given = {"kind": "roster", "department": "civil_affairs", "region": "150500000000", "month": "2023-05"}

    def upload():
        content = SimpleUploadedFile("../民政 五月.csv", roster(line(1)))
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse("exchange:upload"), given | {"mode": "full", "file": content})

    first = upload()
    file = InboundFile.objects.get()
    assert (file.name, file.job.actor) == ("民政 五月.csv", users[Role.LIAISON])
    assert started == [(exchange.PREPARE, (file.pk, file.job_id))]
    assert upload().headers["Location"] == first.headers["Location"]
    assert len(started) == 1
    wrong = client.post(reverse("exchange:upload"), given | {"department": "tax", "mode": "full"})
    assert wrong.status_code == 422
    empty = given | {"mode": "full", "file": SimpleUploadedFile("空.csv", b"")}
    assert "文件是空的，没有任何内容；请检查" in client.post(reverse("exchange:upload"), empty).content.decode()


def test_a_refused_file_is_sent_again_with_what_was_said_of_it(client, users):
    client.force_login(users[Role.CASE_WORKER])
    file = prepare(b"%PDF-1.7 list", month=JUNE, mode="changes")
    page = client.get(reverse("exchange:file", args=[file.pk])).content.decode()
    link = re.search(r'href="([^"]*/upload/[^"]*)"', page).group(1)
    form = client.get(html.unescape(link)).content.decode()
    for chosen in ("civil_affairs", "150500000000", "roster"):
        assert f'value="{chosen}" selected' in form
    assert 'value="2023-06"' in form and re.search(r'value="changes"[^>]*checked', form)


def test_a_file_of_errors_alone_is_asked_after(client, users):
    client.force_login(users[Role.CASE_WORKER])
    file = prepare(roster(line(1), line(2)), department="disabled_federation")
    page = client.get(reverse("exchange:file", args=[file.pk])).content.decode()
    assert "2 行全部有错误，多半是选错了部门" in page and "改好后重新上传" in page


def test_a_heading_without_rows_is_said_to_be_one(client, users):
    client.force_login(users[Role.CASE_WORKER])
    file = prepare(roster(), mode="changes")
    assert "文件只有表头，没有数据行" in client.get(reverse("exchange:file", args=[file.pk])).content.decode()


def test_the_bureau_names_who_sent_a_roster_and_need_not_where_one_department_does(client, users, monkeypatch):
    monkeypatch.setattr(exchange.current_app, "send_task", lambda name, args: None)
    client.force_login(users[Role.CASE_WORKER])
    url = reverse("exchange:upload")
    assert '<option value="" selected>请选择</option>' in client.get(url).content.decode()
    given = {"department": "", "region": "150500000000", "month": "2023-05", "mode": "full"}

    def upload(kind: str):
        return client.post(url, given | {"kind": kind, "file": SimpleUploadedFile(f"{kind}.csv", roster(line(1)))})

    wrong = upload("roster")
    assert wrong.status_code == 422 and "请选择这份文件由哪个部门报送" in wrong.content.decode()
    assert upload("claims").status_code in (302, 204)
    assert InboundFile.objects.get(kind="claims").department == "medical_security"


def test_the_trail_of_reads_says_whose_file_it_was(client, users, people):
    """Masked, with a link; what lies in another region or is gone stays a key."""
    person = Person.objects.get(name="曾玉兰")
    for subject in (f"person:{person.pk}", "person:999999", f"inbound:{people.pk}", "persons"):
        record_read(actor=users[Role.CASE_WORKER], what=ReadRecord.What.FILE, subject=subject)
    client.force_login(users[Role.SUPERVISOR])
    text = client.get(reverse("accounts:reads")).content.decode()
    assert f'<a href="{reverse("beneficiaries:person", args=[person.pk])}">曾玉兰 {person.masked_id_number}</a>' in text
    assert f'<a href="{reverse("exchange:file", args=[people.pk])}">{people.name}</a>' in text
    assert person.id_number not in text
    assert "person:999999" in text and "人员名单" in text
