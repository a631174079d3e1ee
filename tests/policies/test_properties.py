"""What holds for every claim under every policy, found by random claims; and where the law itself breaks a wish."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.engine import (
    Claim,
    ClaimArrays,
    Spell,
    SpellArrays,
    State,
    calendar,
    settle_claim,
    settle_many,
    settle_year_end,
)
from policies.engine.batch import settle_compiled
from policies.engine.codes import CATEGORY_CODES, CATEGORY_INDEX, LOCATIONS, SERVICES
from policies.engine.settlement import facts_of
from tests.policies.making import POLICIES, claim, fen, held, rules_of, settle

YEARS = {"shannan": 2022, "tongliao": 2023, "jining": 2023, "guangxi": 2023, "yangcheng": 2022}
# The versions by (policy, year): Yangcheng's 2021 is a law of its own.
LAWS = [*YEARS.items(), ("yangcheng", 2021)]
ORDINARY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Amounts in fen: small ones, so that deductibles and rounding meet; large ones, so that limits and caps do.
AMOUNT = st.one_of(st.integers(0, 500), st.integers(0, 3_000_000), st.integers(0, 60_000_000))


@st.composite
def claims_of(draw: st.DrawFn, year: int, number: int = 0) -> Claim:
    in_scope, outside, rest = draw(AMOUNT), draw(AMOUNT), draw(st.integers(0, 100_000))
    service = draw(st.sampled_from(list(SERVICES)))
    return Claim(
        claim_no=f"C{number:03d}",
        service=service,
        settled_on=date(year, 1, 1) + timedelta(draw(st.integers(0, 364))),
        hospital_level=draw(st.integers(1, 3)),
        charge_class=draw(st.integers(1, 3)),
        location=draw(st.sampled_from(list(LOCATIONS))),
        referred=draw(st.sampled_from(["yes", "no", "not_needed"])),
        major_disease=draw(st.booleans()),
        control_waived=draw(st.booleans()),
        chronic_management=draw(st.sampled_from(["per_visit", "annual"])) if service == "chronic" else "",
        total=in_scope + outside + rest,
        in_scope=in_scope,
        out_of_catalogue=outside,
        basic_paid=draw(st.integers(0, in_scope)),
        other_paid=draw(st.integers(0, 100_000)),
    )


@st.composite
def spells_in(draw: st.DrawFn, year: int) -> list[Spell]:
    found = []
    for code in draw(st.lists(st.sampled_from(CATEGORY_CODES), max_size=3)):
        first = date(year, 1, 1) + timedelta(draw(st.integers(-200, 300)))
        last = first + timedelta(draw(st.integers(0, 400))) if draw(st.booleans()) else None
        found.append(Spell(code, first, last, draw(st.booleans())))
    return found


@st.composite
def years(draw: st.DrawFn) -> tuple[str, list[Spell], list[Claim]]:
    """One person's year under one law: claims in their order."""
    policy, year = draw(st.sampled_from(LAWS))
    count = draw(st.integers(1, 6))
    found = [draw(claims_of(year, number)) for number in range(count)]
    return policy, draw(spells_in(year)), sorted(found, key=lambda c: (c.settled_on, c.claim_no))


@ORDINARY
@given(years())
def test_money_in_is_money_out(case):
    policy, spells, claims = case
    for one, done in zip(claims, settle(policy, spells, *claims), strict=True):
        paid = one.basic_paid + done.cii_paid + done.assistance + done.top_up
        assert one.in_scope == paid + done.in_scope_burden
        outside = done.out_of_catalogue_assistance + done.institution_borne
        everyone = paid + outside + one.other_paid + done.personal_burden
        assert everyone == one.total + done.unused_other
        assert done.unused_other == 0 or done.personal_burden == 0


@ORDINARY
@given(years())
def test_nothing_is_negative_and_nothing_shrinks(case):
    policy, spells, claims = case
    before = State()
    for done in settle(policy, spells, *claims):
        amounts = (
            done.cii_paid,
            done.assistance,
            done.out_of_catalogue_assistance,
            done.top_up,
            done.institution_borne,
            done.in_scope_burden,
            done.personal_burden,
        )
        assert min(amounts) >= 0
        assert all(now >= then for now, then in zip(done.state, before, strict=True))
        before = done.state


@ORDINARY
@given(years())
def test_limits_are_never_passed(case):
    policy, spells, claims = case
    for done in settle(policy, spells, *claims):
        table, steps = done.table, done.steps
        if steps.cii.left >= 0 and done.cii_paid:
            assert done.state.cii_paid <= fen(float(table.parameters.get(policy, "cii_cap", table.year, "").value))
        rule = table.rules.get((steps.category, done.facts.service, done.facts.location))
        if rule and done.assistance and not rule.limit.is_none:
            own = policy == "shannan" and done.claim.major_disease
            limit, used = (rule.major_limit.fen, "assist_major_paid") if own else (rule.limit.fen, "assist_paid")
            assert getattr(done.state, used) <= limit
        assert done.state.topup_paid <= fen(50_000)
        assert done.cii_paid <= steps.cii.own
        assert done.assistance <= steps.cii.rest


@ORDINARY
@given(years())
def test_the_winner_receives_most_and_the_first_of_equals_wins(case):
    policy, spells, claims = case
    for done in settle(policy, spells, *claims):
        most = max(amount for _, amount in done.candidates)
        assert done.steps.total == most
        assert done.category == next(code for code, amount in done.candidates if amount == most)


@ORDINARY
@given(years(), st.integers(1, 2_000_000))
def test_more_in_scope_cost_never_lowers_what_a_claim_is_paid(case, more):
    """From the same state. Over a whole year the law itself breaks this: see the counterexample below."""
    policy, spells, claims = case
    state = settle(policy, spells, *claims)[-1].state
    one = claims[-1]
    dearer = replace(one, in_scope=one.in_scope + more, total=one.total + more)
    rules = rules_of(policy)
    low, high = settle_claim(rules, state, one, spells), settle_claim(rules, state, dearer, spells)
    assert high.steps.total >= low.steps.total


def test_over_a_year_the_law_itself_breaks_that_wish():
    """The smallest counterexample: ten fen more on one claim, 339.94 yuan less in the year (S4-04 with S4-09).

    On the first claim a person is 特困 and 返贫致贫. At 3,399.90 in scope with 400 outside the catalogue, 返贫致贫 pays
    a fen more (90 % of cost, and 85 % of 400 that uses up no limit); from 3,400.00 on 特困 wins with the whole cost.
    Then only 低保 is left, whose limit of 60,000 is lessened by all that was assisted before under any category.
    Highest-of-each-claim is the law (就高不就低); that it is not always the highest of the year is its consequence.
    """
    spells = [
        *held("extreme_poverty", "relapsed_poverty", until="2022-06-30"),
        *held("subsistence", since="2022-07-01"),
    ]

    def year(in_scope: float) -> list[tuple[str, int]]:
        first = claim("2022-05-01", in_scope, outside=400, charge_class=1)
        done = settle("yangcheng", spells, first, claim("2022-08-01", 400_000))
        return [(one.category, one.steps.total) for one in done]

    (cheap_first, cheap_second), (dear_first, dear_second) = year(3_399.90), year(3_400.00)
    assert (cheap_first, dear_first) == (("relapsed_poverty", fen(3_399.91)), ("extreme_poverty", fen(3_400)))
    assert cheap_first[1] + cheap_second[1] - dear_first[1] - dear_second[1] == fen(339.94)


def arrays_of(people: list[tuple[list[Spell], list[Claim]]]) -> tuple[ClaimArrays, SpellArrays]:
    """Persons with their claims as flat arrays, claims of all persons mixed by day as in a file."""
    flat = sorted(
        ((one.settled_on, who, one) for who, (_, claims) in enumerate(people) for one in claims), key=lambda x: x[:2]
    )
    arrays = ClaimArrays.empty()
    keys = []
    for day, who, one in flat:
        facts = facts_of(one, [])
        arrays.person.append(who)
        arrays.day.append(day.toordinal())
        arrays.codes.extend(facts[:8])
        arrays.money.extend(facts[8:14])
        keys.append((who, day, one.claim_no))
    arrays.order.extend(sorted(range(len(keys)), key=keys.__getitem__))
    open_end = date.max.toordinal()
    spells = [
        [
            (
                CATEGORY_INDEX[s.category],
                s.valid_from.toordinal(),
                s.valid_to.toordinal() if s.valid_to else open_end,
                int(s.approved),
            )
            for s in found
        ]
        for found, _ in people
    ]
    return arrays, SpellArrays.of(spells)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_both_speeds_and_one_by_one_give_the_same(data):
    policy, year = data.draw(st.sampled_from(LAWS))
    people = []
    for _ in range(data.draw(st.integers(1, 4))):
        claims = [data.draw(claims_of(year, number)) for number in range(data.draw(st.integers(1, 5)))]
        people.append((data.draw(spells_in(year)), sorted(claims, key=lambda c: (c.settled_on, c.claim_no))))
    rules = rules_of(policy)
    arrays, spells = arrays_of(people)
    cal = calendar(rules, date(year, 1, 1), date(year, 12, 31))
    slow, fast = settle_many(rules, cal, arrays, spells), settle_compiled(rules, cal, arrays, spells)
    assert (list(slow.category), list(slow.over_control)) == (fast.category.tolist(), fast.over_control.tolist())
    assert list(slow.amounts) == fast.amounts.tolist()
    assert slow.year_end == fast.year_end
    assert one_by_one(policy, year, people) == (
        sum(slow.amounts[i * 7 + k] * (k + 1) for i in range(len(arrays.person)) for k in range(7)),
        [(who, paid, base) for who, _, _, paid, base in slow.year_end],
    )


def one_by_one(
    policy: str, year: int, people: list[tuple[list[Spell], list[Claim]]]
) -> tuple[int, list[tuple[int, int, int]]]:
    """A weighted sum of all amounts, and the year-end rows, from `settle_claim`."""
    total, rows = 0, []
    for who, (spells, claims) in enumerate(people):
        done = settle(policy, spells, *claims)
        for s in done:
            amounts = (
                s.cii_paid,
                s.assistance,
                s.out_of_catalogue_assistance,
                s.top_up,
                s.institution_borne,
                s.in_scope_burden,
                s.personal_burden,
            )
            total += sum(amount * (k + 1) for k, amount in enumerate(amounts))
        closing = settle_year_end(rules_of(policy), done[-1].state, year, spells)
        if closing is not None:
            rows.append((who, closing.assistance, closing.base))
    return total, rows


@pytest.mark.parametrize("policy", POLICIES)
def test_both_speeds_give_the_same_on_many_claims_of_two_years(policy):
    """Three thousand claims of three hundred persons, across the turn of a year (and of Yangcheng's version)."""
    rng = np.random.default_rng(7)
    year = YEARS[policy] - (policy == "yangcheng")
    count, persons = 3_000, 300
    person = rng.integers(0, persons, count).astype(np.int32)
    day = (date(year, 1, 1).toordinal() + rng.integers(0, 700, count)).astype(np.int32)
    codes = np.column_stack([rng.integers(0, size, count) for size in (5, 4, 3, 3, 3, 2, 2, 2)]).astype(np.int8)
    in_scope = (rng.lognormal(8.5, 1.5, count) * 100).astype(np.int64)
    outside = in_scope // 100 * rng.integers(0, 60, count)
    basic = in_scope * rng.integers(0, 101, count) // 100
    money = np.column_stack([in_scope + outside, in_scope, outside, basic, basic // 50, np.full(count, -1)])
    first = date(year, 1, 1).toordinal()
    spells = [
        [
            (
                int(rng.integers(0, 16)),
                first + int(rng.integers(-90, 400)),
                first + int(rng.integers(400, 900)),
                int(rng.integers(0, 2)),
            )
            for _ in range(rng.integers(0, 4))
        ]
        for _ in range(persons)
    ]
    arrays = ClaimArrays(person, day, codes.reshape(-1), money.reshape(-1).astype(np.int64), np.lexsort((day, person)))
    plain = ClaimArrays(*(column.tolist() for column in (person, day, arrays.codes, arrays.money, arrays.order)))
    rules = rules_of(policy)
    cal = calendar(rules, date(year, 1, 1), date(year + 1, 12, 31))
    assert not cal.refusals
    slow, fast = (
        settle_many(rules, cal, plain, SpellArrays.of(spells)),
        settle_compiled(rules, cal, arrays, SpellArrays.of(spells)),
    )
    assert slow.category == fast.category.tolist()
    assert slow.amounts == fast.amounts.tolist()
    assert slow.over_control == fast.over_control.tolist()
    assert slow.year_end == fast.year_end
    assert (len(slow.year_end) > 0) == (policy == "yangcheng")


def test_state_and_storage_round_trip():
    state = settle("tongliao", held("subsistence"), claim("2023-05-01", 50_000))[0].state
    assert State.from_dict(state.to_dict()) == state
    assert State.from_dict({}) == State()
    with pytest.raises(ValueError, match="unknown state"):
        State.from_dict({"nonsense": 1})
