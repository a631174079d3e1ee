"""What the departments answer: by file, compared with what they were told; certified people enter the register."""

from datetime import date

import pytest
from django.core.management import call_command

from accounts.models import Region
from accounts.vocabulary import CERTIFIES, Department, Role
from beneficiaries.models import CategorySpell, Person
from beneficiaries.persons.services import add_document
from exchange import services as exchange
from exchange.errors import ImportBlocked, NotAllowed
from exchange.models import InboundFile
from monitoring import services
from monitoring.models import BurdenWarning, Feedback
from tests.factories import CITY, make_user
from tests.monitoring.makers import DAY, make_warned, number

State = BurdenWarning.State
JUNE = date(2023, 6, 1)
CIVIL, RURAL = Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION
NUMBERS = tuple(number(at) for at in (1, 2, 3))
HEADER = "预警号,身份证号,姓名,核实结果,人员类别,认定日期,备注,核实日期"


@pytest.fixture
def told(law) -> list[BurdenWarning]:
    """Three people warned and told to both departments, the larger burden first."""
    for at, one in enumerate(NUMBERS):
        make_warned(one, 30000 - at, "subsistence_margin")
    region = Region.objects.get(code=CITY)
    services.scan_region(region=region, on=DAY, actor=None)
    services.push_warnings(region=region, month=DAY, actor=None)
    return list(BurdenWarning.objects.order_by("-amount"))


def row(warning, result="不符合", category="", valid_from="", **more):
    given = {"id_number": warning.person.id_number, "name": warning.person.name, "note": ""} | more
    person = f"{given['id_number']},{given['name']}"
    return f"{warning.number},{person},{result},{category},{valid_from},{given['note']},2023-06-10"


def send(*rows, department=CIVIL, actor=None, confirm=True, afresh=False):
    file = exchange.receive_file(
        actor=actor,
        kind="feedback",
        department=department,
        region=CITY,
        month=JUNE,
        name="反馈.csv",
        content="\r\n".join([HEADER, *rows]).encode("gb18030"),
        afresh=afresh,
    )
    file = exchange.prepare_file(file_id=file.pk)
    assert file.state == InboundFile.State.READY, file.message
    return exchange.confirm_file(file_id=file.pk, actor=None) if confirm else file


def test_the_command_takes_feedback_like_the_page(told, tmp_path, capsys):
    path = tmp_path / "反馈.csv"
    path.write_text("\n".join([HEADER, row(told[0]), row(told[1], "不明")]), encoding="utf-8")
    given = [str(path), "--region", "150500", "--department", str(CIVIL), "--month", "2023-06"]
    counts = "rows=2 new=1 changed=0 unchanged=0 exited=0 doubtful=0 error=1\n"
    call_command("import_feedback", *given)
    assert (capsys.readouterr().out, Feedback.objects.count()) == (counts, 0)
    call_command("import_feedback", *given, "--confirm")
    assert capsys.readouterr().out == counts
    assert Feedback.objects.get().warning == told[0]


def codes(file):
    return list(file.rows.order_by("row").values_list("outcome", "code"))


def test_s1_17_certified_people_enter_the_register_without_retyping(told):
    first, second, _third = told
    file = send(
        row(first, "已纳入", "低保对象", "2023-06-05", note="家庭收入骤减"),
        row(second, "不符合", note="有存款"),
    )
    assert codes(file) == [("new", ""), ("new", "")]
    spell = CategorySpell.objects.get(person=first.person, category="subsistence")
    assert (spell.department, spell.valid_from, spell.valid_to) == (CIVIL, date(2023, 6, 5), None)
    assert (spell.source, spell.source_row, spell.region_id) == (file, 2, first.region_id)
    answer = Feedback.objects.get(warning=first)
    assert (answer.result, answer.category, answer.spell, answer.note) == (
        "certified",
        "subsistence",
        spell,
        "家庭收入骤减",
    )
    assert answer.verified_on == date(2023, 6, 10)
    assert [BurdenWarning.objects.get(pk=w.pk).state for w in told] == [State.ANSWERED, State.PUSHED, State.PUSHED]


def test_s1_17_a_warning_is_answered_when_all_that_were_told_have_answered(told):
    send(row(told[0], "不符合"))
    assert BurdenWarning.objects.get(pk=told[0].pk).state == State.PUSHED
    send(row(told[0], "已在帮扶"), department=RURAL)
    assert BurdenWarning.objects.get(pk=told[0].pk).state == State.ANSWERED


@pytest.mark.parametrize(
    ("word", "result"),
    [("不符合", "not_eligible"), ("已在帮扶", "already"), ("查无此人", "not_found"), ("not_found", "not_found")],
)
def test_s2_10_s3_15_each_result_comes_back_and_opens_no_category(told, word, result):
    before = CategorySpell.objects.count()
    send(row(told[0], word))
    assert Feedback.objects.get().result == result
    assert CategorySpell.objects.count() == before


def test_a_further_document_of_the_person_answers_too(told):
    """A department that knows the person by a residence permit means the same person."""
    first, second, _third = told
    permit = number(7, "81000019940823")
    add_document(actor=None, person=first.person, kind="residence_permit", number=permit, reason="持居住证办理")
    assert codes(send(row(first, id_number=permit), row(second, id_number=permit))) == [
        ("new", ""),
        ("doubtful", "id_differs"),
    ]


def test_a_row_must_belong_to_a_warning_told_to_that_department(told):
    first, second, third = told
    file = send(
        row(first, id_number=second.person.id_number),
        row(second, name="别人"),
        row(third, "已纳入", "低保对象"),
        f"YJ2023-150521-9999999,{NUMBERS[0]},,不符合,,,,2023-06-10",
        confirm=False,
    )
    assert codes(file) == [
        ("doubtful", "id_differs"),
        ("doubtful", "name_differs"),
        ("error", "missing"),
        ("doubtful", "not_told"),
    ]
    assert all(file.rows.values_list("reason", flat=True))
    other = send(row(first), department=Department.DISABLED_FEDERATION, confirm=False)
    assert codes(other) == [("doubtful", "not_told")]
    assert sum(file.counts[name] for name in ("new", "changed", "unchanged", "exited", "doubtful", "error")) == 4


def test_a_department_certifies_its_own_categories_only(told):
    file = send(row(told[0], "已纳入", "边缘易致贫人口", "2023-06-05"), confirm=False)
    assert codes(file) == [("error", "category_not_yours")]


def test_two_rows_on_one_warning_are_one_answer_or_a_doubt(told):
    file = send(row(told[0]), row(told[0]), row(told[1], "不符合"), row(told[1], "已在帮扶"), confirm=False)
    assert codes(file) == [
        ("new", ""),
        ("unchanged", "repeated"),
        ("doubtful", "duplicate_differs"),
        ("doubtful", "duplicate_differs"),
    ]


def test_the_same_answers_again_change_nothing(told):
    rows = [row(told[0], "已纳入", "低保对象", "2023-06-05"), row(told[1])]
    send(*rows)
    before = list(Feedback.objects.values()), CategorySpell.objects.count()
    again = send(*rows, afresh=True)
    assert codes(again) == [("unchanged", ""), ("unchanged", "")]
    assert (list(Feedback.objects.values()), CategorySpell.objects.count()) == before


def test_a_later_answer_takes_the_place_of_the_earlier_which_stays_readable(told):
    send(row(told[0], "查无此人"))
    file = send(row(told[0], "已纳入", "低保对象", "2023-06-20"))
    assert codes(file) == [("changed", "")]
    old, new = Feedback.objects.order_by("id")
    assert old.superseded_at and old.superseded_by == file
    assert (new.result, new.superseded_at) == ("certified", None)


def test_a_certification_is_corrected_in_the_roster_not_here(told):
    send(row(told[0], "已纳入", "低保对象", "2023-06-05"))
    file = send(row(told[0], "不符合"), confirm=False)
    assert codes(file) == [("doubtful", "certified_before")]


def test_undo_takes_back_answers_and_categories(told):
    send(row(told[0], "查无此人"))
    file = send(row(told[0], "已纳入", "低保对象", "2023-06-05"), row(told[1], "不符合"))
    exchange.undo_file(file_id=file.pk, actor=None)
    assert not CategorySpell.objects.filter(category="subsistence").exists()
    answer = Feedback.objects.get()
    assert (answer.result, answer.superseded_at) == ("not_found", None)
    assert BurdenWarning.objects.get(pk=told[0].pk).state == State.PUSHED


def test_undo_is_refused_after_a_later_answer(told):
    file = send(row(told[0], "查无此人"))
    send(row(told[0], "不符合"))
    with pytest.raises(ImportBlocked, match="之后"):
        exchange.undo_file(file_id=file.pk, actor=None)
    assert Feedback.objects.count() == 2


def test_a_dead_person_is_not_certified(told):
    Person.objects.filter(pk=told[0].person_id).update(deceased_on=date(2023, 6, 1))
    file = send(row(told[0], "已纳入", "低保对象", "2023-06-05"), confirm=False)
    assert codes(file) == [("doubtful", "deceased")]


def test_the_liaison_sends_it_and_the_bureau_confirms(told):
    liaison = make_user(Role.LIAISON)
    file = send(row(told[0]), actor=liaison, confirm=False)
    with pytest.raises(NotAllowed):
        exchange.confirm_file(file_id=file.pk, actor=liaison)
    done = exchange.confirm_file(file_id=file.pk, actor=make_user(Role.CASE_WORKER))
    assert done.counts["written"] == {"answers": 1, "certified": 0}


def test_every_certifying_department_may_answer():
    from monitoring.feedback import FEEDBACK

    assert set(FEEDBACK.departments) == set(CERTIFIES)
