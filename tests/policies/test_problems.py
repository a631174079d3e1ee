"""Everything that is wrong with an unfinished document, each beside its place, by the parsers of the strict reading."""

import re

import pytest

from policies.engine.errors import DocumentError
from policies.engine.parse import parse_document
from policies.engine.problems import problems_of
from tests.policies.making import DOCUMENTS

FILES = sorted(DOCUMENTS.glob("*.toml"))
TONGLIAO = (DOCUMENTS / "tongliao-2023.toml").read_text(encoding="utf-8")


def keys(text: str) -> list[str]:
    return [error.key for error in problems_of(text, "tongliao-2023.toml")]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_sound_document_has_none(path):
    assert problems_of(path.read_text(encoding="utf-8"), path.name) == []


def test_every_row_says_its_own():
    text = TONGLIAO.replace('ratio = "100%"', 'ratio = "100"').replace('months = "12个月"', 'months = "12"')
    text = text.replace('limit = "50000元"', 'limit = "五万"').replace('at_least = "95%"', 'at_least = "195%"')
    text = text.replace('title = "通辽市健全重特大疾病医疗保险和救助制度实施方案"', 'title = ""')
    assert keys(text) == [
        "document.title",
        "assistance.rules[1].ratio",
        "top_up.limit",
        "need_test.months",
        "targets[1].at_least",
    ]


def test_a_faulty_clause_is_still_there_to_be_cited():
    text = TONGLIAO.replace('id = "S1-12"\narticle = "二（六）3. 救助支付比例"', 'id = "S1-12"\narticle = ""')
    assert keys(text) == ["clauses[12].article"]


def test_a_list_is_not_blamed_for_rows_that_could_not_be_read():
    text = re.sub(r'share = "(5|10)%"', 'share = "?"', TONGLIAO)
    assert keys(text) == ["control.shares[1].share", "control.shares[2].share"]


def test_the_whole_is_judged_when_the_parts_are_sound():
    text = TONGLIAO.replace('clauses = ["S1-27"]', 'clauses = ["S1-26"]')
    assert keys(text) == ["clauses S1-27"]


@pytest.mark.parametrize("text", ["[document", "a = 1\na = 2", "", TONGLIAO + "\n[extra]\nx = 1\n"])
def test_it_is_empty_exactly_when_the_document_is_accepted(text):
    with pytest.raises(DocumentError):
        parse_document(text, "x.toml")
    assert problems_of(text, "x.toml")
