"""The form over a document: opened and saved without a change it is the same law; what is typed is kept, right or
wrong; every error of the strict parser falls beside its field."""

import re
import tomllib

import pytest
from django.http import QueryDict

from policies.editor import writing
from policies.editor.form import parts_of, problems_by_place
from policies.editor.places import parts, place_of, place_words, problem_words, split
from policies.editor.sections import BY_SLUG, SECTIONS
from policies.engine.parse import parse_document
from policies.engine.problems import problems_of
from tests.policies.making import DOCUMENTS

FILES = sorted(DOCUMENTS.glob("*.toml"))
TONGLIAO = (DOCUMENTS / "tongliao-2023.toml").read_text(encoding="utf-8")
by_file = pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)


def typed(body: str, slug: str, **changes: object) -> QueryDict:
    """What the browser sends of a section as it is shown, some fields typed over (None: not sent)."""
    data = QueryDict(mutable=True)
    problems = problems_by_place(problems_of(body, "x.toml"), body)
    for part in parts_of(body, BY_SLUG[slug], problems):
        if not part.present:
            continue
        data[f"{part.part.path}#"] = str(part.count)
        for row in part.rows:
            for entry in row.entries:
                if entry.control == "group":
                    data.setlist(entry.name, list(entry.chosen))
                elif entry.control != "flag" or entry.value:
                    data[entry.name] = entry.value
    for name, value in changes.items():
        if value is None:
            data.pop(name, None)
        elif isinstance(value, list):
            data.setlist(name, value)
        else:
            data[name] = str(value)
    return data


def save(body: str, slug: str, **changes: object) -> str:
    return writing.apply(body, BY_SLUG[slug], typed(body, slug, **changes))


def errors(body: str) -> dict[str, str]:
    return problems_by_place(problems_of(body, "x.toml"), body).by_key


# --- round trip ---------------------------------------------------------------------------------------------------
@by_file
@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.slug)
def test_saved_without_a_change_it_is_the_same_text(path, section):
    body = path.read_text(encoding="utf-8")
    assert save(body, section.slug) == body


@by_file
def test_the_form_shows_every_key_of_the_document(path):
    """What the form did not know it could not mend."""
    fixed = {"document.policy", "document.region"}
    unknown = set()
    for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for place in _keys(key, value):
            found = place_of(place)
            if place not in fixed and (found is None or found[3] is None):
                unknown.add(place)
    assert not unknown


def _keys(path: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in _keys(f"{path}.{key}", inner)]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [
            one
            for n, row in enumerate(value, 1)
            for key, inner in row.items()
            for one in _keys(f"{path}[{n}].{key}", inner)
        ]
    return [path]


@by_file
def test_every_row_can_go_and_come_back(path):
    """Remove and add leave a readable text and touch no other row."""
    body = path.read_text(encoding="utf-8")
    document = tomllib.loads(body)
    for place, (_section, part) in parts().items():
        above, _dot, key = place.rpartition(".")
        rows = (document.get(above, {}) if above else document).get(key)
        if not isinstance(rows, list) or not rows:
            continue
        shorter = tomllib.loads(writing.remove_row(body, part, 1))
        assert ((shorter[above] if above else shorter).get(key) or []) == rows[1:]
        last = writing.remove_row(body, part, len(rows))
        assert ((tomllib.loads(last)[above] if above else tomllib.loads(last)).get(key) or []) == rows[:-1]
        if len(rows) > 1:
            assert re.findall("^#.*", last, re.M) == re.findall("^#.*", body, re.M)
        longer = tomllib.loads(writing.add_row(body, part))
        found = (longer[above] if above else longer)[key]
        assert found[:-1] == rows
        assert {**document, **({above: 0} if above else {key: 0})} == {**longer, **({above: 0} if above else {key: 0})}


def test_a_new_row_stands_before_the_next_heading():
    text = writing.add_row(TONGLIAO, parts()["assistance.rules"][1])
    assert text.index("# ———— 倾斜救助") > text.rindex("[[assistance.rules]]")
    assert re.findall("^#.*", text, re.M) == re.findall("^#.*", TONGLIAO, re.M)


def test_rows_change_places_and_nothing_else_does():
    rows = parts()["assistance.rules"][1]
    text = writing.raise_row(TONGLIAO, rows, 3)
    old, new = tomllib.loads(TONGLIAO)["assistance"]["rules"], tomllib.loads(text)["assistance"]["rules"]
    assert new == [old[0], old[2], old[1], *old[3:]]
    assert writing.raise_row(TONGLIAO, rows, 1) == TONGLIAO


def test_optional_tables_come_and_go():
    part = parts()["top_up"][1]
    without = writing.remove_table(TONGLIAO, "top_up")
    assert (
        parse_document(
            without.replace('clauses = ["S1-13", "S1-10"]', 'clauses = ["S1-13", "S1-10", "S1-14"]', 1), "x.toml"
        ).top_up
        is None
    )
    again = writing.add_table(without, part)
    assert "top_up" in tomllib.loads(again)
    assert "top_up.mode" in errors(again)


# --- what is typed ------------------------------------------------------------------------------------------------
def test_a_changed_figure_changes_one_line():
    text = save(TONGLIAO, "assistance", **{"assistance.rules[2].ratio": "75%"})
    changed = [(a, b) for a, b in zip(TONGLIAO.splitlines(), text.splitlines(), strict=True) if a != b]
    assert changed == [('ratio = "70%"', 'ratio = "75%"')]


@pytest.mark.parametrize(
    ("slug", "name", "value", "words"),
    [
        ("assistance", "assistance.rules[1].ratio", "100", "写成“70%”"),
        ("assistance", "assistance.rules[1].ratio", "101%", "超过100%"),
        ("assistance", "assistance.rules[2].limit", "", "请填写"),
        ("assistance", "assistance.rules[2].who", [], "至少写一个"),
        ("assistance", "assistance.rules[2].valid_from", "2023-02-01", "1月1日"),
        ("assistance", "assistance.rules[2].clauses", "S1-99", "没有列出"),
        ("document", "document.valid_from", "", "补充日期"),
        ("document", "document.valid_from", "2023年1月", "写成 2023-01-01"),
        ("document", "document.valid_to", "2022-01-01", "早于生效日期"),
        ("categories", "categories.order", "特困人员\n低保对象", "没有名为“特困人员”"),
        ("top_up", "top_up.threshold", "人均收入（上年）", "没有在“"),
        ("tests", "need_test.months", "一年", "个月"),
        ("work", "obligations[1].due", "下旬", "看不懂"),
        ("work", "deadlines.accept", "5天", "工作日"),
        ("subsidy", "subsidy.rules[1].from_year", "二〇二三", "年份"),
        ("clauses", "clauses[2].id", "S1-01", "重复"),
        ("parameters", "parameters[1].unit", "", "请填写"),
        ("duties", "targets[1].at_least", "0.95", "写成“70%”"),
    ],
)
def test_an_error_stands_beside_its_field_and_what_was_typed_is_kept(slug, name, value, words):
    text = save(TONGLIAO, slug, **{name: value})
    found = errors(text)
    assert words in found[name]
    assert not re.search(r"加引号|方括号|\b[a-z_]{3,}\b", found[name].replace("income_all_city", ""))
    shown = {
        e.name: e for p in parts_of(text, BY_SLUG[slug], problems_by_place([], text)) for r in p.rows for e in r.entries
    }
    assert (list(shown[name].chosen) if isinstance(value, list) else shown[name].value) == value
    # Mended, it is the old law again.
    old = {
        e.name: e
        for p in parts_of(TONGLIAO, BY_SLUG[slug], problems_by_place([], ""))
        for r in p.rows
        for e in r.entries
    }
    before = list(old[name].chosen) if isinstance(value, list) else old[name].value
    back = save(text, slug, **{name: before})
    assert tomllib.loads(back) == tomllib.loads(TONGLIAO)


def test_an_error_of_a_row_or_of_the_whole_has_a_place():
    text = save(TONGLIAO, "subsidy", **{"subsidy.rules[1].person": "10%"})
    assert "一方的数额" in errors(text)["subsidy.rules[1]"]
    text = TONGLIAO.replace('clauses = ["S1-27"]', 'clauses = ["S1-26"]')
    assert "没有任何规则引用" in errors(text)["clauses[27]"]
    text = writing.remove_table(TONGLIAO, "control")
    assert "clauses[21]" in errors(text)


@pytest.mark.parametrize("name", ["assistance.rules[1].services", "assistance.rules[1].locations"])
def test_all_ticked_says_the_same_as_nothing_written(name):
    _path, _number, key = split(name)
    every = list(writing.VOCABULARY[key])
    text = save(TONGLIAO, "assistance", **{name: every})
    assert key not in tomllib.loads(text)["assistance"]["rules"][0]
    none = save(TONGLIAO, "assistance", **{name: []})
    assert name in errors(none)


def test_a_ticked_category_joins_in_the_order_of_the_vocabulary():
    old = tomllib.loads(TONGLIAO)["assistance"]["rules"][1]["who"]
    text = save(TONGLIAO, "assistance", **{"assistance.rules[2].who": ["孤儿", *reversed(old)]})
    assert tomllib.loads(text)["assistance"]["rules"][1]["who"] == [*old, "孤儿"]


def test_more_rows_than_the_text_has_are_written_too():
    """Somebody else removed a row meanwhile: what was typed is not lost."""
    data = typed(TONGLIAO, "duties")
    shorter = writing.remove_row(TONGLIAO, parts()["duties"][1], 7)
    assert tomllib.loads(writing.apply(shorter, BY_SLUG["duties"], data)) == tomllib.loads(TONGLIAO)


def test_parts_that_were_not_sent_stay():
    assert writing.apply(TONGLIAO, BY_SLUG["assistance"], QueryDict("")) == TONGLIAO


# --- words --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("assistance.rules[3].ratio", "医疗救助 › 救助规则 第3条 › 救助比例"),
        ("top_up.mode", "倾斜救助 › 办理方式"),
        ("document.valid_to", "基本信息 › 文件 › 失效日期"),
        ("subsidy.rules[1]", "参保资助 › 资助规则 第1条"),
    ],
)
def test_places_in_words(key, words):
    assert place_words(key) == words


def test_keys_in_the_parsers_words_become_the_forms():
    assert problem_words("与 every 不相配，请核对") == "与“周期”不相配，请核对"
    assert "“就高不就低的次序”" in problem_words("没有列入 categories.order，请先列入")
    assert "“控制比例”" in problem_words("请补充 [[control.shares]]")
