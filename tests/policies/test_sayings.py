"""What the engine says in Chinese is said in English at the door, sentence by sentence."""

import re

import pytest
from django.utils.translation import override

from policies.engine import DocumentError, MissingParameter, NoVersion
from policies.engine.codes import CATEGORY_CODES, NONE
from policies.file_rows import read_categories, read_claims
from policies.files import rules_of
from policies.sayings import category_label, said
from policies.statement import _settled, _year
from tests.policies.making import CASES, PARAMETERS

CHINESE = re.compile(r"[\u3400-\u9fff]")


def names_of(rules) -> list[str]:
    """Names that the documents give: they are data and stay."""
    found = set()
    for document in rules.book.versions[rules.policy]:
        assistance = document.assistance
        rows = (*assistance.rules, *assistance.out_of_catalogue) if assistance else ()
        found |= set(document.needs) | {rule.name for rule in rows}
        found |= {elsewhere.document for elsewhere in document.elsewhere}
    return sorted(found, key=len, reverse=True)


@pytest.mark.parametrize("policy", ["shannan", "tongliao", "jining", "guangxi", "yangcheng"])
def test_every_line_of_a_statement_has_its_english(policy):
    folder, rules = CASES / policy, rules_of(policy, PARAMETERS)
    people = read_categories(folder / "categories.csv")
    rows = read_claims(folder / "claims.csv", people)
    years = sorted({(rows.arrays.person[i], _year(rows, i)) for i in range(len(rows.lines))})
    texts = set()
    for person, year in years[::3]:
        for settled in _settled(rules, people, rows, person, year):
            texts |= {text for line in settled.lines for text in (line.label, line.formula, *line.marks)}
    assert len(texts) > 100
    names = names_of(rules)
    with override("en"):
        for text in texts:
            english = said(text)
            for name in names:
                english = english.replace(name, "")
            assert not CHINESE.search(english), (text, english)
            assert re.findall(r"[0-9.]{3,}", english) == re.findall(r"[0-9.]{3,}", re.sub("|".join(names), "", text))
    with override("zh-hans"):
        assert all(said(text) == text for text in texts)


def test_labels_and_refusals():
    with override("en"):
        assert not any(CHINESE.search(category_label(code)) for code in (*CATEGORY_CODES, NONE))
        for error in (
            NoVersion("tongliao", "2022-12-31"),
            MissingParameter("tongliao", ("cii_cap", 2025, "大病保险最高支付限额")),
            DocumentError("a.toml", "control", "是空的，请填写"),
            DocumentError("a.toml", "assistance.rules[1].ratio", "“70”不是比例，请带单位写成“70%”"),
        ):
            assert not CHINESE.search(said(str(error)))
        assert said("一句谁也没有写过的话") == "一句谁也没有写过的话"
    assert category_label("subsistence") == "低保对象"
