"""What a county has its own category treated as: who may say so, which days and people it touches, its pages."""

import random
from datetime import date, timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.audit import events_of
from accounts.models import Region
from accounts.services import load_regions
from accounts.vocabulary import Role
from beneficiaries import changes
from beneficiaries.designations import services
from beneficiaries.designations.selectors import Named, designations, said
from beneficiaries.models import CategorySpell, Designation, HeldCategory
from beneficiaries.services import end_category
from exchange import services as files
from exchange.models import InboundFile
from policies.services import load_documents
from tests.beneficiaries.enrolment.people import person, spell
from tests.beneficiaries.rosters import line, number, roster, send
from tests.factories import make_user

pytestmark = pytest.mark.django_db
BANNER, OTHER, CITY = "150521000000", "150522000000", "150500000000"
DOCUMENT = "左中政发〔2023〕5号"


@pytest.fixture
def law(tongliao):
    load_regions()
    load_documents(actor=None)


@pytest.fixture
def told(monkeypatch):
    """What rooms above hear: `(cause, reference, [(person, since), …])`."""
    heard = []

    def hear(change):
        with connection.cursor() as cursor:
            cursor.execute(change.query, change.params)
            heard.append((change.cause, change.reference, sorted(cursor.fetchall())))

    monkeypatch.setattr(changes, "_receivers", [hear])
    return heard


def designate(region=BANNER, since="2023-03-01", until=None, treated_as="subsistence", actor=None, **more):
    given = {"category": "other_hardship", "document": DOCUMENT} | more
    return services.designate(
        actor=actor,
        region=Region.objects.get(pk=region),
        treated_as=treated_as,
        valid_from=date.fromisoformat(since),
        valid_to=date.fromisoformat(until) if until else None,
        **given,
    )


def treated(one) -> list[tuple[str, str, str]]:
    """What a person counts as besides: category and days."""
    rows = HeldCategory.objects.filter(person=one).exclude(designation=None).order_by("valid_from", "category")
    return [(row.category, str(row.valid_from), str(row.valid_to or "")) for row in rows]


def test_s1_01_it_counts_on_the_days_of_both_in_its_own_banner_alone(law, told):
    mine, theirs, other = person("other_hardship"), person("other_hardship", region=OTHER), person("orphan")
    ended = person(region=BANNER)
    spell(ended, "other_hardship", "2022-05-01", "2023-04-30")
    made = designate()
    assert treated(mine) == [("subsistence", "2023-03-01", "")]
    assert treated(ended) == [("subsistence", "2023-03-01", "2023-04-30")]
    assert treated(theirs) == treated(other) == []
    touched = sorted([(mine.pk, date(2023, 3, 1)), (ended.pk, date(2023, 3, 1))])
    assert told == [("designation", f"designation:{made.pk}", touched)]

    services.end_designation(actor=None, designation=made, last_day=date(2023, 6, 30), reason="左中政发〔2023〕9号废止")
    assert treated(mine) == [("subsistence", "2023-03-01", "2023-06-30")]
    assert told[1][2] == [(mine.pk, date(2023, 7, 1))], "who had left already is not touched"
    designate(since="2023-07-01", treated_as="subsistence_margin", document="左中政发〔2023〕9号")
    assert [row[0] for row in treated(mine)] == ["subsistence", "subsistence_margin"]


def test_s1_01_the_history_stays_and_says_what_was_known_when(law):
    one = person("other_hardship")
    held = one.spells.get()
    made = designate()
    before = timezone.now()
    ended = services.end_designation(actor=None, designation=made, last_day=date(2023, 6, 30), reason="废止")
    services.withdraw_designation(actor=None, designation=ended, reason="登记错了文件")
    assert treated(one) == []
    named = Named.of(["other_hardship"])
    assert named.codes([held], date(2023, 8, 1), known_at=before) == {"subsistence"}
    assert named.codes([held], date(2023, 8, 1)) == named.codes([held], date(2023, 4, 1)) == set()
    kept = Designation.objects.exclude(known_to=None).order_by("pk").values_list("valid_to", "end_reason")
    assert list(kept) == [(None, ""), (date(2023, 6, 30), "登记错了文件")]
    assert events_of(Designation).objects.filter(pgh_obj_id=made.pk).count() == 2
    assert said(made) == f"县级以上政府规定的其他特殊困难人员，按科尔沁左翼中旗（{DOCUMENT}）视同低保对象"


REFUSED = [
    ({"treated_as": "severe_disability"}, "treated_as", "不是当地政策的救助对象类别"),
    ({"treated_as": "nonsense"}, "treated_as", "不是当地政策"),
    ({"category": "special_care"}, "category", "没有把这一类别留给旗县指定"),
    ({"since": "2022-12-31"}, "category", "2022-12-31"),
    ({"since": "2999-01-01"}, "valid_from", "晚于今天"),
    ({"until": "2023-02-28"}, "valid_to", "早于"),
    ({"document": " "}, "document", "文号"),
    ({"region": "150521100000"}, "region", "旗县"),
    ({"since": "2023-12-31"}, "valid_from", DOCUMENT),
]


@pytest.mark.parametrize("given, field, words", REFUSED)
def test_s1_01_the_policy_document_says_which_category_may_be_named_and_as_what(law, given, field, words):
    if given == {"since": "2023-12-31"}:
        designate()
    with pytest.raises(ValidationError) as refused:
        designate(**given)
    assert words in " ".join(refused.value.message_dict[field])


def test_s1_01_where_the_document_leaves_nothing_to_the_county_nothing_is_named(law):
    with pytest.raises(ValidationError, match="没有把这一类别留给旗县指定"):
        designate(region="370811000000")


def test_only_the_county_office_says_it_for_its_own_place(law):
    here = make_user(Role.CASE_WORKER, username="here", region=BANNER)
    made = designate(actor=here)
    assert made.entered_by == here
    for role, region in ((Role.REVIEWER, BANNER), (Role.CLERK, "150521100000"), (Role.CASE_WORKER, OTHER)):
        other = make_user(role, username=f"{role}{region}", region=region)
        with pytest.raises(PermissionDenied):
            designate(actor=other, since="2023-01-01", until="2023-01-31")
        with pytest.raises(PermissionDenied):
            services.withdraw_designation(actor=other, designation=made, reason="看看")
    clerk = make_user(Role.CLERK, username="reads", region="150521100000")
    assert [(one.pk, one.people) for one in designations(clerk)] == [(made.pk, 0)], "a township reads its county's"
    assert not designations(make_user(Role.CLERK, username="away", region=OTHER)).exists()


def test_s1_01_whatever_writes_spells_keeps_what_they_count_as(law):
    """Rosters, corrections, merges and undoing: the same as working it out anew, after every step."""
    designate()
    designate(region=CITY, since="2023-01-01", until="2023-12-31", treated_as="marginal_risk")
    given = {"department": "county_government", "region": BANNER, "mode": InboundFile.Mode.CHANGES}
    rows = [line(n, category="其他特殊困难人员", valid_from=f"2023-0{1 + n}-01") for n in range(4)]
    send(roster(*rows), **given)
    check(at_least=8)
    first = CategorySpell.objects.order_by("pk").first()
    assert treated(first.person)[0] == ("marginal_risk", "2023-01-01", "2023-12-31")
    again = send(roster(line(0, category="其他特殊困难人员", valid_from="2023-01-01", valid_to="2023-02-10")), **given)
    check(at_least=7)  # his days end before the banner's word begins
    assert treated(first.person) == [("marginal_risk", "2023-01-01", "2023-02-10")]
    files.undo_file(file_id=again.pk, actor=None)
    end_category(actor=None, spell=CategorySpell.objects.order_by("pk")[1], last_day=date(2023, 5, 5), reason="退出")
    check(at_least=8)
    CategorySpell.objects.filter(pk=first.pk).update(person=person())
    check(at_least=8)
    CategorySpell.objects.all()._raw_delete("default")
    check(at_least=0)


def check(at_least: int) -> None:
    """The derived rows are those of the facts."""
    expected = set()
    named = Designation.objects.filter(known_to=None).select_related("region")
    for held in CategorySpell.objects.filter(known_to=None):
        for one in named:
            first = max(held.valid_from, one.valid_from)
            last = min(filter(None, (held.valid_to, one.valid_to)), default=None)
            here = held.category == one.category and held.region_id.startswith(one.region.prefix)
            if here and (last is None or first <= last):
                expected.add((held.pk, held.person_id, one.pk, one.treated_as, first, last))
    names = ("id", "person_id", "designation_id", "category", "valid_from", "valid_to")
    found = list(HeldCategory.objects.exclude(designation=None).values_list(*names))
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(found) >= at_least


def test_random_days_of_spells_and_designations_agree(law):
    dice = random.Random(7)
    day = date(2023, 1, 1)
    for at in range(30):
        one = person(region=dice.choice([BANNER, "150521100000", OTHER]))
        begin = day + timedelta(dice.randrange(300))
        end = begin + timedelta(dice.randrange(200)) if dice.random() < 0.5 else None
        spell(one, dice.choice(["other_hardship", "orphan"]), str(begin), str(end) if end else None)
        if at % 5 == 4:
            first = day + timedelta(60 * (at // 5))
            designate(since=str(first), until=str(first + timedelta(dice.randrange(59))))
            check(at_least=0)
    for made in Designation.objects.order_by("pk"):
        services.withdraw_designation(actor=None, designation=made, reason="重来")
        check(at_least=0)


def test_while_a_roster_is_being_written_it_waits_and_then_says_so(law, monkeypatch):
    """What it counts for is read from the spells: none may be half written."""
    monkeypatch.setattr(services, "_WAIT_MS", 50)
    with psycopg.connect(**connection.get_connection_params()) as roster_being_written:
        roster_being_written.execute("LOCK TABLE beneficiaries_categoryspell IN ROW EXCLUSIVE MODE")
        with pytest.raises(ValidationError, match="正在写入部门名单"):
            designate()
        assert not Designation.objects.exists()
    assert designate().pk


def test_a_case_worker_enters_ends_and_sees_it(law, client):
    one = person("other_hardship")
    worker = make_user(Role.CASE_WORKER, username="office", region=BANNER)
    client.force_login(worker)
    page = client.get(reverse("beneficiaries:person", args=[one.pk])).content.decode()
    assert "暂不按这一身份享受待遇" in page and reverse("beneficiaries:designations") in page
    assert "还没有类别指定" in client.get(reverse("beneficiaries:designations")).content.decode()

    new = reverse("beneficiaries:designation_new")
    typed = {"region": BANNER, "category": "other_hardship", "treated_as": "", "valid_from": "2023-03-01"}
    answer = client.post(new, typed | {"document": DOCUMENT})
    assert answer.status_code == 422 and DOCUMENT in answer.content.decode(), "nothing typed is lost"
    answer = client.post(new, typed | {"document": DOCUMENT, "treated_as": "subsistence"}, follow=True)
    page = answer.content.decode()
    assert "已登记，1 人从此按指定的类别" in page and one.name in page and "S1-01" in page
    made = Designation.objects.get()

    page = client.get(reverse("beneficiaries:person", args=[one.pk])).content.decode()
    assert page.count(said(made)) == 2, "the summary and the timeline"
    end = reverse("beneficiaries:designation_end", args=[made.pk])
    assert client.post(end, {"last_day": "2023-01-01", "reason": "废止"}).status_code == 422
    client.post(end, {"last_day": "2023-05-31", "reason": "左中政发〔2023〕9号废止"})
    assert Designation.objects.get(known_to=None).valid_to == date(2023, 5, 31)
    page = client.get(reverse("beneficiaries:person", args=[one.pk])).content.decode()
    assert "不再视同低保对象" in page and "暂不按这一身份享受待遇" in page
    assert client.post(end, {"last_day": "2023-04-30", "reason": "再改"}).status_code == 422, "that one was superseded"


def test_the_list_takes_a_fixed_number_of_queries(law, client, django_assert_max_num_queries):
    client.force_login(make_user(Role.SUPERVISOR, username="reads", region=CITY))
    for first in ("2023-01-01", "2023-02-01", "2023-03-01"):
        person("other_hardship")
        designate(since=first, until=first[:8] + "20")
    client.get(reverse("beneficiaries:designations"))
    with django_assert_max_num_queries(5):
        page = client.get(reverse("beneficiaries:designations")).content.decode()
    assert page.count(DOCUMENT) == 3


def test_someone_certified_as_nothing_of_the_county_costs_no_query(law, django_assert_num_queries):
    assert number(1)
    with django_assert_num_queries(0):
        assert Named.of(["subsistence"]).codes([], date(2023, 1, 1)) == set()


@pytest.mark.parametrize("tab", ["", "spells", "household", "papers", "claims", "entitled", "warnings", "followups"])
def test_the_page_of_somebody_of_whom_nothing_was_said_takes_few_queries(
    law, client, tab, django_assert_max_num_queries
):
    one = person("other_hardship")
    client.force_login(make_user(Role.CASE_WORKER, region=BANNER))
    url = reverse("beneficiaries:person_tab" if tab else "beneficiaries:person", args=[one.pk, *([tab] if tab else [])])
    client.get(url)
    with django_assert_max_num_queries(12):
        assert client.get(url).status_code == 200
