"""The stored cases: true to the officers' cases, settled by the shipped versions, and sensitive to their text."""

import csv

import pytest

from policies import golden
from policies.engine.parse import load_document, parse_document
from tests.policies.making import CASES, DOCUMENTS

VERSIONS = [path.stem for path in sorted(DOCUMENTS.glob("*.toml"))]
TONGLIAO = (DOCUMENTS / "tongliao-2023.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_shipped_version_settles_its_cases(version):
    wanted = golden.expected(version)
    found = golden.settle_cases(version, load_document(DOCUMENTS / f"{version}.toml"))
    assert len(wanted) >= 10
    assert golden.differences(wanted, found) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cases_are_the_officers_own(version):
    with (CASES / version.split("-")[0] / "settle.csv").open(encoding="utf-8", newline="") as file:
        official = {row.pop("claim_no"): row for row in csv.DictReader(file)}
    assert all(official[case] == result for case, result in golden.expected(version).items())


def test_a_change_of_the_law_shows_in_the_cases_that_it_touches():
    text = TONGLIAO.replace('ratio = "70%"\nlimit = "130000元"', 'ratio = "80%"\nlimit = "130000元"', 1)
    found = golden.settle_cases("tongliao-2023", parse_document(text, "tongliao-2024.toml"))
    listed = golden.differences(golden.expected("tongliao-2023"), found)
    assert listed
    assert {one.result["category"] for one in listed} <= {"subsistence", "relapsed_poverty"}
    assert all("assistance" in [column for column, _, _ in one.changes] for one in listed)


def test_a_figure_that_is_not_there_is_said_per_case():
    text = TONGLIAO.replace('label = "常住人口"', 'label = "新的起付线"', 1).replace(
        "常住人口（上年）", "新的起付线（上年）"
    )
    text = text.replace('threshold = "全市全体居民人均可支配收入（上年）"', 'threshold = "新的起付线（当年）"')
    text = text.replace('unit = "人"', 'unit = "元"').replace('key = "residents"', 'key = "new_line"')
    text = text.replace('residents = "新的起付线（上年）"', 'residents = "人数（上年）"')
    text = text.replace("[categories]", '[[parameters]]\nkey = "people"\nlabel = "人数"\nunit = "人"\n\n[categories]')
    found = golden.settle_cases("tongliao-2023", parse_document(text, "tongliao-2024.toml"))
    assert all("new_line" in result["category"] for result in found.values())
