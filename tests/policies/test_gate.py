"""Every finding of the publication gate, and its absence where nothing is wrong."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from policies import gate, selectors
from policies.gate import Weight
from policies.models import PolicyParameter, PolicyVersion
from tests.factories import make_organisation
from tests.policies.law import edit, load_law, make_draft, officer
from tests.policies.test_drafting import RAISED


@pytest.fixture
def actor(tongliao):
    load_law()
    return officer("drafter")


def kinds(draft: PolicyVersion, weight: Weight | None = None) -> list[str]:
    found = gate.findings(PolicyVersion.objects.get(pk=draft.pk))
    assert all(one.what and one.where and one.remedy for one in found)
    return [one.kind for one in found if weight is None or one.weight == weight]


def future() -> date:
    return date(timezone.localdate().year + 1, 1, 1)


def test_nothing_speaks_against_the_same_law_from_a_later_day(actor):
    assert kinds(make_draft(actor, first_day=future())) == []


def test_a_day_that_is_past_is_noted(actor):
    assert kinds(make_draft(actor), Weight.NOTICE) == ["past"]
    assert kinds(make_draft(actor, name="tongliao-2025", first_day=timezone.localdate())) == ["past"]
    assert kinds(make_draft(actor, name="tongliao-2026", first_day=timezone.localdate() + timedelta(days=1))) == []


def test_every_fault_of_the_text_is_said_with_its_place(actor):
    draft = edit(actor, make_draft(actor), 'ratio = "100%"', 'ratio = "100"')
    draft = edit(actor, draft, 'months = "12个月"', 'months = ""')
    found = gate.findings(draft)
    assert [(one.kind, one.where, one.weight) for one in found] == [
        ("document", "assistance.rules[1].ratio", Weight.BLOCKS),
        ("document", "need_test.months", Weight.BLOCKS),
    ]


def test_days_without_law(actor):
    PolicyVersion.objects.filter(name="tongliao-2023").update(
        validity=selectors.days(date(2023, 1, 1), future() - timedelta(days=31))
    )
    draft = make_draft(actor, first_day=future())
    assert kinds(draft, Weight.BLOCKS) == ["gap"]
    assert str(future() - timedelta(days=30)) in gate.findings(draft)[0].what
    near = make_draft(actor, name="tongliao-2025", first_day=future() - timedelta(days=30))
    assert "gap" not in kinds(near)


def test_days_without_law_after_a_draft_that_ends(actor):
    draft = make_draft(actor, first_day=future())
    last = date(future().year, 12, 31)
    text = f"valid_from = {future()}"
    draft = edit(actor, draft, text, f"{text}\nvalid_to = {last}")
    assert kinds(draft, Weight.BLOCKS) == ["gap"]
    # Where the earlier law ends on the same day nothing is taken away.
    PolicyVersion.objects.filter(name="tongliao-2023").update(validity=selectors.days(date(2023, 1, 1), last))
    assert kinds(draft) == []


def test_a_day_with_two_laws(actor):
    draft = make_draft(actor, first_day=date(2022, 7, 1))
    PolicyParameter.objects.filter(policy="tongliao").update(status="published")
    assert "overlap" in kinds(draft, Weight.BLOCKS)
    closed = edit(actor, draft, "valid_from = 2022-07-01", "valid_from = 2022-07-01\nvalid_to = 2022-12-31")
    assert "overlap" not in kinds(closed)


def test_figures_that_are_missing_up_to_next_year(actor):
    draft = make_draft(actor, first_day=future())
    next_year = timezone.localdate().year + 1
    PolicyParameter.objects.filter(policy="tongliao", key="cii_cap", year=next_year).delete()
    PolicyParameter.objects.filter(policy="tongliao", key="income_all_city", year=next_year - 1).delete()
    # Of this year's incomes only those of the year before count.
    PolicyParameter.objects.filter(policy="tongliao", key="income_rural_city", year=next_year).delete()
    found = [one for one in gate.findings(draft) if one.kind == "figure"]
    assert [one.what for one in found] == [
        f"缺少“大病保险最高支付限额”{next_year} 年度的数值",
        f"缺少“全市全体居民人均可支配收入”{next_year - 1} 年度的数值",
    ]
    assert all(one.weight == Weight.BLOCKS for one in found)


def test_a_figure_that_cannot_be_used(actor):
    draft = make_draft(actor, first_day=future())
    PolicyParameter.objects.filter(policy="tongliao", key="cii_deductible", year=future().year).update(value="")
    found = [one for one in gate.findings(draft) if one.weight == Weight.BLOCKS]
    assert [one.kind for one in found] == ["figure"]
    assert "没有数值" in found[0].what


def test_a_category_of_the_register_that_no_clause_names(actor):
    asked = []

    def count(region_code: str) -> dict[str, int]:
        asked.append(region_code)
        return {"severe_disability": 12, "subsistence": 300, "orphan": 4}

    gate.register_category_counts(count)
    draft = make_draft(actor, first_day=future())
    found = [one for one in gate.findings(draft) if one.weight == Weight.BLOCKS]
    assert [one.kind for one in found] == ["category"]
    assert "重度残疾人" in found[0].what
    assert "12 人" in found[0].what
    assert set(asked) == {"150500000000"}
    # To say of the category that it has no benefit here is enough.
    named = edit(
        actor,
        draft,
        "[deadlines]",
        '[[duties]]\nname = "重度残疾人"\nclauses = ["S1-01"]\nwho = ["重度残疾人（一、二级）"]\n'
        'text = "本方案未列入救助对象。"\n\n[deadlines]',
    )
    assert kinds(named, Weight.BLOCKS) == []


def test_without_a_register_the_departments_say_whom_they_certify(actor):
    make_organisation("disabled_federation", "150521000000")
    make_organisation("ethnic_affairs", "370800000000")
    found = [one.what for one in gate.findings(make_draft(actor, first_day=future())) if one.kind == "category"]
    assert len(found) == 1
    assert "重度残疾人" in found[0]


def test_golden_cases_that_fail_until_they_are_marked(actor):
    from policies import drafting

    draft = edit(actor, make_draft(actor, first_day=future()), *RAISED)
    assert "cases" in kinds(draft, Weight.BLOCKS)
    listed = gate.case_differences(draft, selectors.document_of(draft))
    drafting.mark_expected(actor=actor, version=draft, cases=[one.case for one in listed], reason="提高比例")
    assert "cases" not in kinds(draft)
    # Another result than the one marked is a failure again.
    draft = edit(actor, draft, 'ratio = "75%"', 'ratio = "76%"')
    assert "cases" in kinds(draft, Weight.BLOCKS)


def test_a_marked_change_is_what_later_drafts_are_measured_by(actor):
    from policies import drafting

    first = edit(actor, make_draft(actor, first_day=future()), *RAISED)
    listed = gate.case_differences(first, selectors.document_of(first))
    drafting.mark_expected(actor=actor, version=first, cases=[one.case for one in listed], reason="提高比例")
    drafting.submit_draft(actor=actor, version=first, reason="尚未试算")
    drafting.publish_version(actor=officer("publisher"), version=first)
    second = make_draft(actor, name="tongliao-2030", first_day=date(future().year, 7, 1), source=first.name)
    assert kinds(second) == []


def test_no_trial_and_no_effect_ask_for_a_reason(actor):
    draft = edit(actor, make_draft(actor, first_day=future()), 'limit = "50000元"', 'limit = "60000元"')
    assert kinds(draft, Weight.EXPLAIN) == ["untried"]
    answers: list[bool | None] = [None, False, True]
    gate.register_effect_check(lambda version: answers.pop(0) if version.pk == draft.pk else None)
    assert kinds(draft) == ["untried"]
    assert kinds(draft) == ["no_effect"]
    assert kinds(draft) == []


def test_a_text_that_is_the_same_needs_no_trial(actor):
    draft = edit(actor, make_draft(actor, first_day=future()), "# 通辽市", "# 通辽")
    assert kinds(draft) == []
