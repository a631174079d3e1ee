"""The difference of two versions: every change once, in words of the law, and nothing else."""

from itertools import product

import pytest

from policies.differences import ADDED, CHANGED, REMOVED, compare
from policies.engine.document import Document
from policies.engine.parse import load_document, parse_document
from tests.policies.making import DOCUMENTS

FILES = {path.stem: path for path in sorted(DOCUMENTS.glob("*.toml"))}
TONGLIAO = FILES["tongliao-2023"].read_text(encoding="utf-8")


def edited(*changes: tuple[str, str]) -> Document:
    text = TONGLIAO
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_document(text, "tongliao-2024.toml")


def found(*changes: tuple[str, str]):
    return compare(parse_document(TONGLIAO, "tongliao-2023.toml"), edited(*changes))


def rules(result) -> list[tuple[str, str, str, tuple]]:
    return [(part, one.kind, one.name, one.lines) for part, changes in result.rules for one in changes]


@pytest.mark.parametrize("name", FILES)
def test_a_version_does_not_differ_from_itself(name):
    document = load_document(FILES[name])
    result = compare(document, document)
    assert (result.count, result.head, result.rules) == (0, (), ())
    assert result.unchanged > 5


def test_a_figure_is_shown_old_and_new():
    result = found(('ratio = "70%"\nlimit = "130000元"', 'ratio = "75%"\nlimit = "140000元"'))
    assert rules(result) == [
        (
            "医疗救助",
            CHANGED,
            "低保对象、返贫致贫人口住院救助",
            (("救助比例", "70%", "75%"), ("年度限额", "130000元", "140000元")),
        )
    ]
    assert result.count == 1
    assert result.rules[0][1][0].same == 1


def test_people_who_join_and_leave_are_named():
    result = found(
        ('who = ["低保对象", "返贫致贫人口"]\nservices', 'who = ["低保对象", "孤儿"]\nservices'),
        ("order = [", 'order = ["孤儿", '),
    )
    lines = {name: lines for _part, _kind, name, lines in rules(result)}
    assert lines["低保对象、返贫致贫人口住院救助"] == (("适用人员", "返贫致贫人口", "孤儿"),)
    assert lines["就高不就低的次序"] == (("适用人员", "", "孤儿"),)


def test_the_order_of_those_who_are_helped_is_law():
    result = found(
        ('"特困人员（五保）", "低保对象", "返贫致贫人口",\n', '"低保对象", "特困人员（五保）", "返贫致贫人口",\n')
    )
    (part, kind, name, lines) = rules(result)[0]
    assert (kind, name) == (CHANGED, "就高不就低的次序")
    assert lines[0][1].startswith("特困人员、低保对象")
    assert lines[0][2].startswith("低保对象、特困人员")
    assert part == "救助对象"


def test_rules_and_sections_that_come_and_go():
    start, end = TONGLIAO.index("[top_up]"), TONGLIAO.index("# ———— 目录外费用控制")
    result = found((TONGLIAO[start:end], ""), ('clauses = ["S1-13", "S1-10"]', 'clauses = ["S1-13", "S1-10", "S1-14"]'))
    listed = rules(result)
    assert [(part, kind) for part, kind, _name, _lines in listed] == [("医疗救助", CHANGED), ("倾斜救助", REMOVED)]
    assert listed[0][3] == (("依据的条款", "S1-13、S1-10", "S1-13、S1-10、S1-14"),)
    back = compare(
        edited((TONGLIAO[start:end], ""), ('clauses = ["S1-13", "S1-10"]', 'clauses = ["S1-13", "S1-10", "S1-14"]')),
        edited(),
    )
    assert [kind for _part, kind, _name, _lines in rules(back)] == [CHANGED, ADDED]


def test_text_readings_dates_and_limits():
    result = found(
        ("一般指具有当地户籍", "指具有当地户籍"),
        ("收入与医疗费用均按申请当月之前12个月计算。", "按自然年度计算。"),
        ("valid_from = 2023-01-01", "valid_from = 2024-01-01"),
        ('accept = "5个工作日"', 'accept = "3个工作日"'),
    )
    assert [(one.kind, one.name) for one in result.clauses] == [(CHANGED, "S1-02")]
    assert [(one.kind, one.name, one.lines[0][2]) for one in result.readings] == [
        (CHANGED, "S1-02", "按自然年度计算。")
    ]
    assert result.figures == (("受理时限", "5 个工作日", "3 个工作日"),)
    assert [what for what, _old, _new in result.head] == ["有效期"]
    assert result.rules == ()


@pytest.mark.parametrize(("old", "new"), list(product(FILES, FILES)))
def test_any_two_can_be_laid_side_by_side(old, new):
    """Of other regions too: both ways the same number of differences, added and removed changing sides."""
    a, b = load_document(FILES[old]), load_document(FILES[new])
    there, back = compare(a, b), compare(b, a)
    assert there.count == back.count
    count = lambda result, kind: sum(one.kind == kind for _part, changes in result.rules for one in changes)  # noqa: E731
    assert count(there, ADDED) == count(back, REMOVED)
    assert there.related == (a.policy == b.policy)
    assert there.related or not there.clauses
