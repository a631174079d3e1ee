"""The working of every claim: each amount once, with numbers that lead to it, its clause and how it was read."""

import re

import pytest

from policies.engine import State, settle_claim, settle_year_end
from policies.file_rows import read_categories, read_claims
from policies.statement import claim_at, spells_of
from tests.policies.making import CASES, POLICIES, claim, close, fen, held, rules_of, settle_one

ALWAYS = {"category", "after_basic", "after_cii", "assistance", "in_scope_burden", "personal_burden"}


@pytest.mark.parametrize("policy", POLICIES)
def test_every_claim_of_the_cases_has_a_complete_working(policy):
    """All case claims, each alone: steps once, amounts those of the settlement, clauses of the document."""
    people = read_categories(CASES / policy / "categories.csv")
    rows = read_claims(CASES / policy / "claims.csv", people)
    rules = rules_of(policy)
    for i in range(len(rows.claim_nos)):
        done = settle_claim(rules, State(), claim_at(rows, i), spells_of(people, rows.arrays.person[i]))
        amounts = {line.step: line.amount for line in done.lines}
        assert len(amounts) == len(done.lines)
        assert set(amounts) >= ALWAYS
        assert (amounts["assistance"] or 0) == done.assistance
        assert amounts["cii"] == done.cii_paid
        assert amounts.get("top_up", 0) == done.top_up
        assert amounts.get("out_of_catalogue", 0) == done.out_of_catalogue_assistance
        assert amounts.get("control", 0) == done.institution_borne
        assert amounts["in_scope_burden"] == done.in_scope_burden
        assert amounts["personal_burden"] == done.personal_burden
        assert all(set(line.clauses) <= set(done.table.document.clauses) for line in done.lines)
        for line in done.lines:
            if line.step in {"cii", "assistance", "top_up", "out_of_catalogue", "control", "category"}:
                assert line.clauses, line


def test_lines_are_plain_values_for_storing():
    stored = [line.as_dict() for line in settle_one("tongliao", held("subsistence"), claim("2023-05-01", 9_000)).lines]
    assert list(stored[0]) == ["step", "label", "formula", "amount", "clauses", "reading", "marks"]
    kinds = {(type(v).__name__) for row in stored for v in row.values()}
    assert kinds == {"str", "int", "list", "NoneType"}


def by_step(settled) -> dict[str, str]:
    return {line.step: line.formula for line in settled.lines}


def test_formulas_carry_their_numbers():
    before = State(cii_base=fen(13_000), deductible_base=fen(2_000), assist_paid=fen(100), topup_base=fen(28_000))
    one = claim("2023-05-01", 10_000, 4_000, outside=2_000, other=50)
    shown = by_step(settle_one("tongliao", held("subsistence_margin"), one, before))
    assert "目录外费用 2000.00，超过 总费用 12000.00 × 10% = 1200.00（三级）" in shown["control"]
    assert "政策范围内费用 10000.00 − 基本医保支付 4000.00" in shown["after_basic"]
    assert "本年累计 13000.00 + 6000.00 = 19000.00，超过起付线 14000.00" in shown["cii_payable"]
    assert "5000.00 × 60% = 3000.00" in shown["cii"]
    assert "28500.00元 × 10%" in shown["assistance_payable"]
    assert "超过起付线 2850.00" in shown["assistance_payable"]
    assert "2150.00 × 60% = 1290.00；年度救助限额（已用 100.00）尚余 129900.00" in shown["assistance"]
    assert "超过起付线 28500.00" in shown["top_up_payable"]
    assert "1210.00 × 70% = 847.00；年度最高限额 50000元尚余 50000.00" in shown["top_up"]
    assert shown["personal_burden"].startswith(
        "总费用 12000.00 − 基本医保 4000.00 − 大病保险 3000.00 − 医疗救助 1290.00"
    )


def test_readings_stand_beside_their_clause():
    lines = settle_one("tongliao", held("relapsed_poverty"), claim("2023-05-01", 1_000)).lines
    assistance = next(line for line in lines if line.step == "assistance")
    assert assistance.clauses == ("S1-12", "S1-11", "S1-10")
    assert "返贫致贫人口未在限额条文中列名，按低保对象执行" in assistance.reading
    assert assistance.clause == "S1-12、S1-11、S1-10"


def test_the_floor_of_relapsed_poverty_is_shown():
    shown = by_step(settle_one("yangcheng", held("relapsed_poverty"), claim("2022-05-01", 5_000, 1_000)))
    assert "救助到政策范围内费用的 90%，需 3500.00，取较大者" in shown["assistance"]


def test_the_pool_of_major_disease_is_the_one_shown():
    state = State(assist_paid=fen(7), assist_major_paid=fen(9))
    shown = by_step(settle_one("shannan", held("subsistence"), claim("2022-05-01", 100, major_disease=True), state))
    assert "已用 9.00）尚余 299991.00" in shown["assistance"]


def test_quota_managed_care_says_that_it_waits():
    one = claim("2022-05-01", 1_000, service="chronic", chronic_management="annual")
    assert "计入年末一次性救助" in by_step(settle_one("yangcheng", held("subsistence"), one))["assistance"]
    lines = close("yangcheng", held("subsistence"), 2022, one).lines
    assert [line.amount for line in lines] == [fen(1_000), fen(300)]
    assert "2022-12-31 身份：低保对象；1000.00 × 30% = 300.00；年度救助限额尚余 60000.00" in lines[1].formula
    nobody = settle_year_end(rules_of("yangcheng"), State(annual_base=100), 2022, []).lines
    assert "没有可得年末救助的身份" in nobody[1].formula


def test_other_payments_beyond_the_rest_are_said():
    shown = by_step(settle_one("tongliao", [], claim("2023-05-01", 100, 60, other=50)))
    assert "其他支付超出 10.00，个人负担按零计" in shown["personal_burden"]


def test_a_service_without_rule_is_said():
    shown = by_step(settle_one("tongliao", held("subsistence"), claim("2023-05-01", 100, service="outpatient")))
    assert shown["assistance"] == "本政策未对低保对象的普通门诊规定医疗救助"


def test_statistics_name_their_year():
    marks = [m for line in settle_one("shannan", [], claim("2022-05-01", 100)).lines for m in line.marks]
    assert "自治区居民人均可支配收入（2021年）24950.00元：已公布" in marks
    assert all(re.search(r"（\d{4}年）", mark) for mark in marks)


def test_the_web_process_does_not_load_the_compiler():
    """Importing the engine and settling one claim needs neither Numba nor NumPy."""
    import subprocess
    import sys

    code = (
        "import sys; import policies.engine, policies.files, policies.statement;"
        "print(sorted({'numba', 'numpy', 'llvmlite'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
