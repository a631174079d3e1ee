"""The chain of settlement, once: plain integer code over flat vectors of integers.

Every function here runs at two speeds from this one source. Interpreted, the steps that it returns are the trace that
`lines.py` turns into sentences. Compiled (`compiled.py`), Numba translates the very same functions, keeps the steps in
registers and the vectors are arrays. Hence the limits of the style: integers, tuples of integers and flat vectors
only. All amounts are fen, all ratios basis points, `-1` means "none".

All of it stands in this one file on purpose: the translation kept on disk is renewed when this file changes, and only
then, so what it is made of (offsets, records) may not live elsewhere.

`t` holds the years of policy versions one after the other, `at` is where the one that rules begins (`table.py`).
"""

from collections.abc import Mapping, MutableSequence, Sequence
from typing import Final, NamedTuple

Ints = Sequence[int]
MutableInts = MutableSequence[int]

# Sizes
CATEGORY_COUNT: Final = 17  # sixteen categories and none
SERVICE_COUNT: Final = 5
LOCATION_COUNT: Final = 4

# t: one year of a policy version
T_MAJOR_POOL: Final = 0  # 0 one pool; 1 major disease claims draw on their own; 2 one pool, raised once one is recorded
T_REFERRAL_NEEDED: Final = 1
T_CONTROL_MASK: Final = 2
T_CONTROL_EVERYONE: Final = 3
T_CONTROL_BEARS: Final = 4  # 1 the institution bears the excess; 0 the excess is flagged only
T_TOP_UP_THRESHOLD: Final = 5
T_TOP_UP_RATIO: Final = 6
T_TOP_UP_LIMIT: Final = 7
T_YEAR_END_SERVICE: Final = 8
T_CANDIDATE_COUNT: Final = 9  # without none
T_APPLICATION_MASK: Final = 10
T_NAMED_MASK: Final = 11
T_ORDER: Final = 12
T_CATEGORY: Final = T_ORDER + CATEGORY_COUNT
# per category: critical illness and what does not depend on the service
K_CII_DEDUCTIBLE: Final = 0
K_CII_RATIO: Final = 1
K_CII_CAP: Final = 2
K_TOP_UP: Final = 3
K_YEAR_END_RATIO: Final = 4
K_YEAR_END_LIMIT: Final = 5
CATEGORY_STRIDE: Final = 6
# largest out-of-catalogue share by service, location, level of the hospital, charge class
T_CONTROL_SHARE: Final = T_CATEGORY + CATEGORY_COUNT * CATEGORY_STRIDE
# which deductible base a service at a location fills
T_DEDUCTIBLE_POOL: Final = T_CONTROL_SHARE + SERVICE_COUNT * LOCATION_COUNT * 9
# per category, service, location: assistance
T_RULE: Final = T_DEDUCTIBLE_POOL + SERVICE_COUNT * LOCATION_COUNT
R_RATIO: Final = 0
R_DEDUCTIBLE: Final = 1
R_LIMIT: Final = 2
R_LIMIT_MAJOR: Final = 3
R_REACH: Final = 4  # the share of in-scope cost up to which assistance tops the reimbursement
R_OUT_OF_CATALOGUE: Final = 5
RULE_STRIDE: Final = 6
TABLE_SIZE: Final = T_RULE + CATEGORY_COUNT * SERVICE_COUNT * LOCATION_COUNT * RULE_STRIDE

# Flat arrays of claims
CODE_COUNT: Final = 8
MONEY_COUNT: Final = 6
AMOUNT_COUNT: Final = 7
YEAR_END_COUNT: Final = 5
STATE_COUNT: Final = 11
STEP_COUNT: Final = 45
NOT_REFERRED: Final = 1


class Facts(NamedTuple):
    """One claim as numbers: codes zero-based, `given_cii` -1 for residents, masks of categories on the day."""

    service: int
    location: int
    level: int
    charge_class: int
    referred: int
    major: int
    waived: int
    annual: int
    total: int
    in_scope: int
    out_of_catalogue: int
    basic: int
    other: int
    given_cii: int
    valid: int
    approved: int


class State(NamedTuple):
    """What one person's calendar year has used up so far, in fen; zero on 1 January.

    `deductible_base` serves most policies; the two others are the bases of further locations (version 2021 of
    Yangcheng). `major_seen` is 1 once a claim with a major disease was settled.
    """

    cii_base: int = 0
    cii_paid: int = 0
    deductible_base: int = 0
    deductible_base_2: int = 0
    deductible_base_3: int = 0
    assist_paid: int = 0
    assist_major_paid: int = 0
    topup_base: int = 0
    topup_paid: int = 0
    annual_base: int = 0
    major_seen: int = 0

    def to_dict(self) -> dict[str, int]:
        """Plain integers by name, for storing."""
        return self._asdict()

    @classmethod
    def from_dict(cls, stored: Mapping[str, int]) -> "State":
        """The reverse; names not stored are zero, unknown names are refused (ValueError)."""
        unknown = set(stored) - set(cls._fields)
        if unknown:
            raise ValueError(f"unknown state: {sorted(unknown)}")
        return cls(**stored)


class Control(NamedTuple):
    """Step 1. `share` -1 where nothing is controlled; `line` the largest amount outside the catalogue."""

    share: int
    line: int
    over: int
    borne: int


class CriticalIllness(NamedTuple):
    """Step 2. `own` in-scope cost after basic insurance, `left` room under the cap or -1, `rest` after this step."""

    own: int
    deductible: int
    payable: int
    ratio: int
    computed: int
    left: int
    paid: int
    rest: int


class Assistance(NamedTuple):
    """Step 3. `reach` what the floor asks or -1, `left` room under the limit or -1, `ratio` -1 without a rule."""

    covered: int
    deferred: int
    pool: int
    deductible: int
    base: int
    payable: int
    ratio: int
    computed: int
    reach: int
    left: int
    paid: int


class TopUp(NamedTuple):
    """Step 5. `burden` what the three tiers leave; `left` room under the limit or -1 where nothing is due."""

    burden: int
    payable: int
    computed: int
    left: int
    paid: int


class Steps(NamedTuple):
    """The whole chain of one candidate. `total` decides who wins; `spare` other payments beyond what was left."""

    category: int
    total: int
    control: Control
    cii: CriticalIllness
    assistance: Assistance
    outside: int
    top_up: TopUp
    in_scope_burden: int
    personal_burden: int
    spare: int
    state: State


class YearEndSteps(NamedTuple):
    """The payment of quota-managed care at year end."""

    category: int
    ratio: int
    computed: int
    left: int
    paid: int


def over(amount: int, deductible: int) -> int:
    """What of `amount` lies above `deductible`."""
    return amount - deductible if amount > deductible else 0


def share(amount: int, ratio: int) -> int:
    """`amount` × `ratio` basis points, half up to the fen; neither may be negative."""
    return (amount * ratio + 5_000) // 10_000


def control_of(t: Ints, at: int, c: Facts) -> Control:
    """Step 1: cost outside the catalogue beyond the controlled share."""
    cell = (c.service * LOCATION_COUNT + c.location) * 9 + c.level * 3 + c.charge_class
    ratio = t[at + T_CONTROL_SHARE + cell]
    bears = t[at + T_CONTROL_BEARS]
    named = t[at + T_CONTROL_EVERYONE] == 1 or (c.valid & t[at + T_CONTROL_MASK]) != 0
    if ratio < 0 or not named or (bears == 1 and c.waived == 1):
        return Control(-1, 0, 0, 0)
    line = share(c.total, ratio)
    if c.out_of_catalogue <= line:
        return Control(ratio, line, 0, 0)
    return Control(ratio, line, 1, bears * (c.out_of_catalogue - line))


def critical_illness(t: Ints, at: int, category: int, c: Facts, state: State) -> CriticalIllness:
    """Step 2: over the yearly deductible, within the cap (none for the tilted)."""
    own = c.in_scope - c.basic
    if c.given_cii >= 0:
        return CriticalIllness(own, 0, 0, 0, c.given_cii, -1, c.given_cii, own - c.given_cii)
    k = at + T_CATEGORY + category * CATEGORY_STRIDE
    deductible = t[k + K_CII_DEDUCTIBLE]
    ratio = t[k + K_CII_RATIO]
    cap = t[k + K_CII_CAP]
    payable = over(state.cii_base + own, deductible) - over(state.cii_base, deductible)
    computed = share(payable, ratio)
    left = over(cap, state.cii_paid) if cap >= 0 else -1
    paid = min(computed, left) if cap >= 0 else computed
    return CriticalIllness(own, deductible, payable, ratio, computed, left, paid, own - paid)


def room_left(t: Ints, at: int, rule: int, c: Facts, state: State) -> int:
    """What the yearly limit of the claim's pool still allows; -1 without a limit."""
    mode = t[at + T_MAJOR_POOL]
    if mode == 1 and c.major == 1:
        limit = t[rule + R_LIMIT_MAJOR]
        paid = state.assist_major_paid
    elif mode == 2 and (c.major == 1 or state.major_seen == 1):
        limit = t[rule + R_LIMIT_MAJOR]
        paid = state.assist_paid
    else:
        limit = t[rule + R_LIMIT]
        paid = state.assist_paid
    return over(limit, paid) if limit >= 0 else -1


def assistance_of(t: Ints, at: int, rule: int, c: Facts, state: State, cii: CriticalIllness) -> Assistance:
    """Step 3: ratio of what lies over the deductible, lifted to the floor, within the yearly limit."""
    if t[at + T_REFERRAL_NEEDED] == 1 and c.referred == NOT_REFERRED:
        return Assistance(0, 0, -1, 0, 0, cii.rest, -1, 0, -1, -1, 0)
    deferred = 1 if c.annual == 1 and c.service == t[at + T_YEAR_END_SERVICE] else 0
    pool = t[at + T_DEDUCTIBLE_POOL + c.service * LOCATION_COUNT + c.location]
    deductible = 0
    base = 0
    payable = cii.rest
    if pool >= 0:
        deductible = max(0, t[rule + R_DEDUCTIBLE])
        base = (state.deductible_base, state.deductible_base_2, state.deductible_base_3)[pool]
        payable = over(base + cii.rest, deductible) - over(base, deductible)
    ratio = t[rule + R_RATIO]
    if ratio < 0 or deferred == 1:
        return Assistance(1, deferred, pool, deductible, base, payable, ratio, 0, -1, -1, 0)
    computed = share(payable, ratio)
    paid = computed
    reach = -1
    if t[rule + R_REACH] >= 0:
        reach = max(0, share(c.in_scope, t[rule + R_REACH]) - c.basic - cii.paid)
        paid = max(computed, reach)
    left = room_left(t, at, rule, c, state)
    if left >= 0:
        paid = min(paid, left)
    return Assistance(1, deferred, pool, deductible, base, payable, ratio, computed, reach, left, paid)


def top_up_of(t: Ints, at: int, category: int, state: State, burden: int, covered: int) -> TopUp:
    """Step 5: automatic help over a threshold, for the categories that the policy names."""
    threshold = t[at + T_TOP_UP_THRESHOLD]
    if threshold < 0 or covered == 0 or t[at + T_CATEGORY + category * CATEGORY_STRIDE + K_TOP_UP] == 0:
        return TopUp(burden, 0, 0, -1, 0)
    payable = over(state.topup_base + burden, threshold) - over(state.topup_base, threshold)
    computed = share(payable, t[at + T_TOP_UP_RATIO])
    left = over(t[at + T_TOP_UP_LIMIT], state.topup_paid)
    return TopUp(burden, payable, computed, left, min(computed, left))


def grown(t: Ints, at: int, c: Facts, state: State, cii: CriticalIllness, a: Assistance, top_up: TopUp) -> State:
    """The state after a claim. Bases grow for everyone who is covered, whatever the category."""
    resident = 1 if c.given_cii < 0 else 0
    own_pool = t[at + T_MAJOR_POOL] == 1 and c.major == 1
    has_top_up = t[at + T_TOP_UP_THRESHOLD] >= 0 and a.covered == 1
    return State(
        state.cii_base + resident * cii.own,
        state.cii_paid + resident * cii.paid,
        state.deductible_base + (cii.rest if a.pool == 0 else 0),
        state.deductible_base_2 + (cii.rest if a.pool == 1 else 0),
        state.deductible_base_3 + (cii.rest if a.pool == 2 else 0),
        state.assist_paid + (0 if own_pool else a.paid),
        state.assist_major_paid + (a.paid if own_pool else 0),
        state.topup_base + (top_up.burden if has_top_up else 0),
        state.topup_paid + top_up.paid,
        state.annual_base + (cii.rest if a.deferred == 1 else 0),
        max(state.major_seen, c.major),
    )


def candidate(t: Ints, at: int, category: int, c: Facts, state: State) -> Steps:
    """The whole chain of one candidate category from the same state."""
    place = c.service * LOCATION_COUNT + c.location
    rule = at + T_RULE + (category * SERVICE_COUNT * LOCATION_COUNT + place) * RULE_STRIDE
    control = control_of(t, at, c)
    cii = critical_illness(t, at, category, c, state)
    a = assistance_of(t, at, rule, c, state, cii)
    ratio = t[rule + R_OUT_OF_CATALOGUE]
    outside = share(c.out_of_catalogue - control.borne, ratio) if ratio >= 0 else 0
    top_up = top_up_of(t, at, category, state, cii.rest - a.paid, a.covered)
    total = cii.paid + a.paid + outside + top_up.paid
    rest = c.total - control.borne - c.basic - total - c.other
    return Steps(
        category,
        total,
        control,
        cii,
        a,
        outside,
        top_up,
        cii.rest - a.paid - top_up.paid,
        max(0, rest),
        max(0, -rest),
        grown(t, at, c, state, cii, a, top_up),
    )


def is_candidate(t: Ints, at: int, category: int, valid: int, approved: int) -> bool:
    """Whether the category may win on the day: held, and approved where the policy asks for an application."""
    bit = 1 << category
    return (valid & bit) != 0 and ((t[at + T_APPLICATION_MASK] & bit) == 0 or (approved & bit) != 0)


def settle(t: Ints, at: int, c: Facts, state: State) -> Steps:
    """One claim: the candidate with the largest sum wins, ties in the order of the policy, none last."""
    best = candidate(t, at, CATEGORY_COUNT - 1, c, state)
    if (c.valid & t[at + T_NAMED_MASK]) == 0:
        return best
    # None is tried first and stays only while nobody reaches its sum; among the others the first of equals stays.
    threshold = best.total
    for k in range(t[at + T_CANDIDATE_COUNT]):
        category = t[at + T_ORDER + k]
        if is_candidate(t, at, category, c.valid, c.approved):
            steps = candidate(t, at, category, c, state)
            if steps.total >= threshold:
                best = steps
                threshold = steps.total + 1
    return best


def year_end(t: Ints, at: int, valid: int, approved: int, state: State) -> YearEndSteps:
    """Quota-managed chronic care of the year, once: the category valid on 31 December that pays most."""
    best = YearEndSteps(CATEGORY_COUNT - 1, -1, 0, -1, 0)
    for k in range(t[at + T_CANDIDATE_COUNT]):
        category = t[at + T_ORDER + k]
        row = at + T_CATEGORY + category * CATEGORY_STRIDE
        ratio = t[row + K_YEAR_END_RATIO]
        if ratio >= 0 and is_candidate(t, at, category, valid, approved):
            computed = share(state.annual_base, ratio)
            limit = t[row + K_YEAR_END_LIMIT]
            left = over(limit, state.assist_paid) if limit >= 0 else -1
            paid = min(computed, left) if limit >= 0 else computed
            if best.ratio < 0 or paid > best.paid:
                best = YearEndSteps(category, ratio, computed, left, paid)
    return best


def held_on(day: int, first: int, last: int, spells: Ints) -> tuple[int, int]:
    """Bit masks of the categories valid on `day`, and of those approved, from spells `first` to `last`.

    `spells` is flat, four numbers each: category, first day, last day, approved.
    """
    valid = 0
    approved = 0
    for i in range(4 * first, 4 * last, 4):
        if spells[i + 1] <= day <= spells[i + 2]:
            bit = 1 << spells[i]
            valid |= bit
            if spells[i + 3] != 0:
                approved |= bit
    return valid, approved


def close_year(
    t: Ints,
    closing: Ints,
    who: int,
    number: int,
    spell_start: Ints,
    spells: Ints,
    state: State,
    rows: MutableInts,
    n: int,
) -> int:
    """Write row `n` for a person whose year ended under table `number`, if the year has a payment; the rows then."""
    last = closing[3 * number]
    if last < 0 or state.annual_base == 0 or t[last * TABLE_SIZE + T_YEAR_END_SERVICE] < 0:
        return n
    valid, approved = held_on(closing[3 * number + 1], spell_start[who], spell_start[who + 1], spells)
    paid = year_end(t, last * TABLE_SIZE, valid, approved, state)
    rows[n * YEAR_END_COUNT] = who
    rows[n * YEAR_END_COUNT + 1] = closing[3 * number + 2]
    rows[n * YEAR_END_COUNT + 2] = paid.category
    rows[n * YEAR_END_COUNT + 3] = paid.paid
    rows[n * YEAR_END_COUNT + 4] = state.annual_base
    return n + 1


def facts_at(codes: Ints, money: Ints, i: int, valid: int, approved: int) -> Facts:
    """Claim `i` of the flat arrays."""
    k = i * CODE_COUNT
    m = i * MONEY_COUNT
    return Facts(
        int(codes[k]),
        int(codes[k + 1]),
        int(codes[k + 2]),
        int(codes[k + 3]),
        int(codes[k + 4]),
        int(codes[k + 5]),
        int(codes[k + 6]),
        int(codes[k + 7]),
        int(money[m]),
        int(money[m + 1]),
        int(money[m + 2]),
        int(money[m + 3]),
        int(money[m + 4]),
        int(money[m + 5]),
        valid,
        approved,
    )


def run(
    t: Ints,
    closing: Ints,
    order: Ints,
    person: Ints,
    day: Ints,
    table: Ints,
    codes: Ints,
    money: Ints,
    spell_start: Ints,
    spells: Ints,
    zero: State,
    category: MutableInts,
    over_control: MutableInts,
    amounts: MutableInts,
    rows: MutableInts,
) -> int:
    """Settle claims in the order (person, day, claim number) that `order` gives; returns the count of year-end rows.

    Flat vectors: `codes` CODE_COUNT and `money` MONEY_COUNT numbers per claim, `amounts` AMOUNT_COUNT per claim, `t`
    TABLE_SIZE per table, `closing` three per table (the table of 31 December or -1, that day, the year), `rows`
    YEAR_END_COUNT per year-end row (person, state, category, paid, base). An empty `order` says that the claims
    already lie in order.
    """
    n = 0
    before = -1
    number = 0
    state = zero
    total = len(order) if len(order) > 0 else len(person)
    for position in range(total):
        i = order[position] if len(order) > 0 else position
        who = person[i]
        now = table[i]
        if who != before or closing[3 * now + 2] != closing[3 * number + 2]:
            if before >= 0:
                n = close_year(t, closing, before, number, spell_start, spells, state, rows, n)
            state = zero
            before = who
        number = now
        valid, approved = held_on(day[i], spell_start[who], spell_start[who + 1], spells)
        best = settle(t, now * TABLE_SIZE, facts_at(codes, money, i, valid, approved), state)
        state = best.state
        category[i] = best.category
        over_control[i] = best.control.over
        k = i * AMOUNT_COUNT
        amounts[k] = best.cii.paid
        amounts[k + 1] = best.assistance.paid
        amounts[k + 2] = best.outside
        amounts[k + 3] = best.top_up.paid
        amounts[k + 4] = best.control.borne
        amounts[k + 5] = best.in_scope_burden
        amounts[k + 6] = best.personal_burden
    if before >= 0:
        n = close_year(t, closing, before, number, spell_start, spells, state, rows, n)
    return n


def trace(
    t: Ints,
    person: Ints,
    day: Ints,
    table: Ints,
    start: Ints,
    codes: Ints,
    money: Ints,
    spell_start: Ints,
    spells: Ints,
    states: Ints,
    zero: State,
    masks: MutableInts,
    before: MutableInts,
    steps: MutableInts,
) -> None:
    """Settle claims that lie in order and write the whole working of each: the start state of every year comes in.

    Flat vectors as for `run`. `start` is, where a year begins, the number of its state in `states` (STATE_COUNT
    numbers each), else -1; `masks` gets two per claim (categories valid, approved), `before` STATE_COUNT, `steps`
    STEP_COUNT: the fields of `Steps` in their order, the state after the claim last.
    """
    state = zero
    for i in range(len(person)):
        if start[i] >= 0:
            s = start[i] * STATE_COUNT
            state = State(
                states[s],
                states[s + 1],
                states[s + 2],
                states[s + 3],
                states[s + 4],
                states[s + 5],
                states[s + 6],
                states[s + 7],
                states[s + 8],
                states[s + 9],
                states[s + 10],
            )
        who = person[i]
        valid, approved = held_on(day[i], spell_start[who], spell_start[who + 1], spells)
        b = i * STATE_COUNT
        put_state(before, b, state)
        best = settle(t, table[i] * TABLE_SIZE, facts_at(codes, money, i, valid, approved), state)
        state = best.state
        masks[2 * i] = valid
        masks[2 * i + 1] = approved
        k = i * STEP_COUNT
        control = best.control
        cii = best.cii
        a = best.assistance
        top_up = best.top_up
        steps[k] = best.category
        steps[k + 1] = best.total
        steps[k + 2] = control.share
        steps[k + 3] = control.line
        steps[k + 4] = control.over
        steps[k + 5] = control.borne
        steps[k + 6] = cii.own
        steps[k + 7] = cii.deductible
        steps[k + 8] = cii.payable
        steps[k + 9] = cii.ratio
        steps[k + 10] = cii.computed
        steps[k + 11] = cii.left
        steps[k + 12] = cii.paid
        steps[k + 13] = cii.rest
        steps[k + 14] = a.covered
        steps[k + 15] = a.deferred
        steps[k + 16] = a.pool
        steps[k + 17] = a.deductible
        steps[k + 18] = a.base
        steps[k + 19] = a.payable
        steps[k + 20] = a.ratio
        steps[k + 21] = a.computed
        steps[k + 22] = a.reach
        steps[k + 23] = a.left
        steps[k + 24] = a.paid
        steps[k + 25] = best.outside
        steps[k + 26] = top_up.burden
        steps[k + 27] = top_up.payable
        steps[k + 28] = top_up.computed
        steps[k + 29] = top_up.left
        steps[k + 30] = top_up.paid
        steps[k + 31] = best.in_scope_burden
        steps[k + 32] = best.personal_burden
        steps[k + 33] = best.spare
        put_state(steps, k + 34, state)


def put_state(flat: MutableInts, at: int, state: State) -> None:
    """The eleven numbers of a state into a flat vector."""
    flat[at] = state.cii_base
    flat[at + 1] = state.cii_paid
    flat[at + 2] = state.deductible_base
    flat[at + 3] = state.deductible_base_2
    flat[at + 4] = state.deductible_base_3
    flat[at + 5] = state.assist_paid
    flat[at + 6] = state.assist_major_paid
    flat[at + 7] = state.topup_base
    flat[at + 8] = state.topup_paid
    flat[at + 9] = state.annual_base
    flat[at + 10] = state.major_seen


# In the order in which they call each other, for the compiler.
KERNEL: Final = (
    over,
    share,
    control_of,
    critical_illness,
    room_left,
    assistance_of,
    top_up_of,
    grown,
    candidate,
    is_candidate,
    settle,
    year_end,
    held_on,
    close_year,
    facts_at,
    run,
    put_state,
    trace,
)
# What hands the large records of steps around: merged into its caller they never leave the registers (1.7 × faster).
INLINED: Final = ("settle", "candidate", "is_candidate", "facts_at", "held_on")
