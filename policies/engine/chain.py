"""The chain of settlement, once: plain integer code over flat vectors of integers.

Every function here runs at two speeds from this one source. Interpreted, the vectors are Python lists and the step
vector `out` is the trace that `lines.py` turns into sentences. Compiled (`compiled.py`), Numba translates the very
same functions and the vectors are int64 arrays. Hence the limits of the style: no objects, no branches on types,
flat indices with named offsets. All amounts are fen, all ratios basis points, `-1` means "none".

Vectors: `t` one year of one policy version (`table.py` writes it), `c` one claim, `state` one person's year,
`out` every intermediate amount of one candidate's chain.
"""

from collections.abc import MutableSequence, Sequence
from typing import Final

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
T_CANDIDATE_COUNT: Final = 9
T_APPLICATION_MASK: Final = 10
T_ORDER: Final = 11
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

# c: one claim
C_SERVICE: Final = 0
C_LOCATION: Final = 1
C_LEVEL: Final = 2
C_CLASS: Final = 3
C_REFERRED: Final = 4
C_MAJOR: Final = 5
C_WAIVED: Final = 6
C_ANNUAL: Final = 7
CODE_COUNT: Final = 8
C_TOTAL: Final = 8
C_IN_SCOPE: Final = 9
C_OUT_OF_CATALOGUE: Final = 10
C_BASIC: Final = 11
C_OTHER: Final = 12
C_GIVEN_CII: Final = 13  # an employee's own critical-illness payment; -1 for residents
MONEY_COUNT: Final = 6
C_VALID: Final = 14
C_APPROVED: Final = 15
CLAIM_SIZE: Final = 16
NOT_REFERRED: Final = 1

# state: one person's calendar year
S_CII_BASE: Final = 0
S_CII_PAID: Final = 1
S_DEDUCTIBLE_BASE: Final = 2  # three bases, of which most policies use the first
S_ASSIST_PAID: Final = 5
S_ASSIST_MAJOR_PAID: Final = 6
S_TOP_UP_BASE: Final = 7
S_TOP_UP_PAID: Final = 8
S_ANNUAL_BASE: Final = 9
S_MAJOR_SEEN: Final = 10
STATE_SIZE: Final = 11

# out: every step of one candidate's chain
O_CATEGORY: Final = 0
O_SUM: Final = 1
O_CONTROL_SHARE: Final = 2
O_CONTROL_LINE: Final = 3
O_OVER_CONTROL: Final = 4
O_BORNE: Final = 5
O_AFTER_BASIC: Final = 6
O_CII_DEDUCTIBLE: Final = 7
O_CII_PAYABLE: Final = 8
O_CII_COMPUTED: Final = 9
O_CII_LEFT: Final = 10
O_CII: Final = 11
O_AFTER_CII: Final = 12
O_COVERED: Final = 13
O_DEFERRED: Final = 14
O_POOL: Final = 15
O_DEDUCTIBLE: Final = 16
O_BASE_BEFORE: Final = 17
O_PAYABLE: Final = 18
O_RATIO: Final = 19
O_COMPUTED: Final = 20
O_REACH: Final = 21
O_LEFT: Final = 22
O_ASSISTANCE: Final = 23
O_OUT_RATIO: Final = 24
O_OUT_ASSISTANCE: Final = 25
O_TOP_UP_BURDEN: Final = 26
O_TOP_UP_PAYABLE: Final = 27
O_TOP_UP_COMPUTED: Final = 28
O_TOP_UP_LEFT: Final = 29
O_TOP_UP: Final = 30
O_IN_SCOPE_BURDEN: Final = 31
O_PERSONAL_BURDEN: Final = 32
O_UNUSED_OTHER: Final = 33  # other payments beyond what was left to pay
O_STATE: Final = 34
OUT_SIZE: Final = O_STATE + STATE_SIZE
# The winner's vector also keeps what every candidate would have received, by category.
O_SUMS: Final = OUT_SIZE
BEST_SIZE: Final = OUT_SIZE + CATEGORY_COUNT

# amounts of a settled claim, as `run` writes them
AMOUNT_STEPS: Final = (O_CII, O_ASSISTANCE, O_OUT_ASSISTANCE, O_TOP_UP, O_BORNE, O_IN_SCOPE_BURDEN, O_PERSONAL_BURDEN)
AMOUNT_COUNT: Final = 7


def over(amount: int, deductible: int) -> int:
    """What of `amount` lies above `deductible`."""
    return amount - deductible if amount > deductible else 0


def share(amount: int, ratio: int) -> int:
    """`amount` × `ratio` basis points, half up to the fen; neither may be negative."""
    return (amount * ratio + 5_000) // 10_000


def institution(t: Ints, c: Ints, out: MutableInts) -> None:
    """Step 1: cost outside the catalogue beyond the controlled share."""
    cell = (c[C_SERVICE] * LOCATION_COUNT + c[C_LOCATION]) * 9 + c[C_LEVEL] * 3 + c[C_CLASS]
    ratio = t[T_CONTROL_SHARE + cell]
    bears = t[T_CONTROL_BEARS] == 1
    out[O_CONTROL_SHARE] = -1
    out[O_CONTROL_LINE] = 0
    out[O_OVER_CONTROL] = 0
    out[O_BORNE] = 0
    if ratio < 0 or (bears and c[C_WAIVED] == 1):
        return
    if t[T_CONTROL_EVERYONE] == 0 and (c[C_VALID] & t[T_CONTROL_MASK]) == 0:
        return
    line = share(c[C_TOTAL], ratio)
    out[O_CONTROL_SHARE] = ratio
    out[O_CONTROL_LINE] = line
    if c[C_OUT_OF_CATALOGUE] > line:
        out[O_OVER_CONTROL] = 1
        if bears:
            out[O_BORNE] = c[C_OUT_OF_CATALOGUE] - line


def critical_illness(t: Ints, category: int, c: Ints, state: Ints, out: MutableInts) -> None:
    """Step 2: over the yearly deductible, within the cap (none for the tilted)."""
    k = T_CATEGORY + category * CATEGORY_STRIDE
    own = c[C_IN_SCOPE] - c[C_BASIC]
    before = state[S_CII_BASE]
    out[O_AFTER_BASIC] = own
    out[O_CII_DEDUCTIBLE] = t[k + K_CII_DEDUCTIBLE]
    out[O_CII_LEFT] = -1
    if c[C_GIVEN_CII] >= 0:
        out[O_CII_PAYABLE] = 0
        out[O_CII_COMPUTED] = c[C_GIVEN_CII]
        paid = c[C_GIVEN_CII]
        out[O_STATE + S_CII_BASE] = before
        out[O_STATE + S_CII_PAID] = state[S_CII_PAID]
    else:
        deductible = t[k + K_CII_DEDUCTIBLE]
        payable = over(before + own, deductible) - over(before, deductible)
        paid = share(payable, t[k + K_CII_RATIO])
        out[O_CII_PAYABLE] = payable
        out[O_CII_COMPUTED] = paid
        if t[k + K_CII_CAP] >= 0:
            left = over(t[k + K_CII_CAP], state[S_CII_PAID])
            out[O_CII_LEFT] = left
            paid = min(paid, left)
        out[O_STATE + S_CII_BASE] = before + own
        out[O_STATE + S_CII_PAID] = state[S_CII_PAID] + paid
    out[O_CII] = paid
    out[O_AFTER_CII] = own - paid


def payable_over_deductible(t: Ints, rule: int, c: Ints, state: Ints, out: MutableInts) -> None:
    """Step 3, first half: the base of a service with a deductible grows for everyone who is covered."""
    burden = out[O_AFTER_CII]
    pool = t[T_DEDUCTIBLE_POOL + c[C_SERVICE] * LOCATION_COUNT + c[C_LOCATION]]
    out[O_POOL] = pool
    out[O_DEDUCTIBLE] = 0
    out[O_BASE_BEFORE] = 0
    out[O_PAYABLE] = burden
    for i in range(S_DEDUCTIBLE_BASE, S_ASSIST_PAID):
        out[O_STATE + i] = state[i]
    if pool < 0 or out[O_COVERED] == 0:
        return
    before = state[S_DEDUCTIBLE_BASE + pool]
    deductible = max(0, t[rule + R_DEDUCTIBLE])
    out[O_DEDUCTIBLE] = deductible
    out[O_BASE_BEFORE] = before
    out[O_PAYABLE] = over(before + burden, deductible) - over(before, deductible)
    out[O_STATE + S_DEDUCTIBLE_BASE + pool] = before + burden


def room_left(t: Ints, rule: int, c: Ints, state: Ints) -> int:
    """What the yearly limit of the claim's pool still allows; -1 without a limit."""
    mode = t[T_MAJOR_POOL]
    if mode == 1 and c[C_MAJOR] == 1:
        limit = t[rule + R_LIMIT_MAJOR]
        paid = state[S_ASSIST_MAJOR_PAID]
    elif mode == 2 and (c[C_MAJOR] == 1 or state[S_MAJOR_SEEN] == 1):
        limit = t[rule + R_LIMIT_MAJOR]
        paid = state[S_ASSIST_PAID]
    else:
        limit = t[rule + R_LIMIT]
        paid = state[S_ASSIST_PAID]
    if limit < 0:
        return -1
    return over(limit, paid)


def assistance(t: Ints, category: int, c: Ints, state: Ints, out: MutableInts) -> None:
    """Step 3: ratio of what lies over the deductible, lifted to the floor, within the yearly limit."""
    place = c[C_SERVICE] * LOCATION_COUNT + c[C_LOCATION]
    rule = T_RULE + (category * SERVICE_COUNT * LOCATION_COUNT + place) * RULE_STRIDE
    covered = not (t[T_REFERRAL_NEEDED] == 1 and c[C_REFERRED] == NOT_REFERRED)
    deferred = covered and c[C_SERVICE] == t[T_YEAR_END_SERVICE] and c[C_ANNUAL] == 1
    out[O_COVERED] = 1 if covered else 0
    out[O_DEFERRED] = 1 if deferred else 0
    payable_over_deductible(t, rule, c, state, out)
    paid = 0
    ratio = t[rule + R_RATIO]
    out[O_RATIO] = ratio
    out[O_COMPUTED] = 0
    out[O_REACH] = -1
    out[O_LEFT] = -1
    if covered and not deferred and ratio >= 0:
        paid = share(out[O_PAYABLE], ratio)
        out[O_COMPUTED] = paid
        if t[rule + R_REACH] >= 0:
            reach = share(c[C_IN_SCOPE], t[rule + R_REACH]) - c[C_BASIC] - out[O_CII]
            out[O_REACH] = max(0, reach)
            paid = max(paid, reach)
        left = room_left(t, rule, c, state)
        out[O_LEFT] = left
        if left >= 0:
            paid = min(paid, left)
    out[O_ASSISTANCE] = paid
    major = t[T_MAJOR_POOL] == 1 and c[C_MAJOR] == 1
    out[O_STATE + S_ASSIST_PAID] = state[S_ASSIST_PAID] + (0 if major else paid)
    out[O_STATE + S_ASSIST_MAJOR_PAID] = state[S_ASSIST_MAJOR_PAID] + (paid if major else 0)
    out[O_STATE + S_ANNUAL_BASE] = state[S_ANNUAL_BASE] + (out[O_AFTER_CII] if deferred else 0)
    out[O_STATE + S_MAJOR_SEEN] = max(state[S_MAJOR_SEEN], c[C_MAJOR])


def out_of_catalogue(t: Ints, category: int, c: Ints, out: MutableInts) -> None:
    """Step 4: assistance for cost outside the catalogue that the institution does not bear."""
    place = c[C_SERVICE] * LOCATION_COUNT + c[C_LOCATION]
    ratio = t[T_RULE + (category * SERVICE_COUNT * LOCATION_COUNT + place) * RULE_STRIDE + R_OUT_OF_CATALOGUE]
    out[O_OUT_RATIO] = ratio
    out[O_OUT_ASSISTANCE] = share(c[C_OUT_OF_CATALOGUE] - out[O_BORNE], ratio) if ratio >= 0 else 0


def top_up(t: Ints, category: int, state: Ints, out: MutableInts) -> None:
    """Step 5: automatic help over a threshold; the base grows for everyone who is covered."""
    left_over = out[O_AFTER_CII] - out[O_ASSISTANCE]
    before = state[S_TOP_UP_BASE]
    out[O_TOP_UP_BURDEN] = left_over
    out[O_TOP_UP_PAYABLE] = 0
    out[O_TOP_UP_COMPUTED] = 0
    out[O_TOP_UP_LEFT] = -1
    out[O_TOP_UP] = 0
    out[O_STATE + S_TOP_UP_BASE] = before
    out[O_STATE + S_TOP_UP_PAID] = state[S_TOP_UP_PAID]
    threshold = t[T_TOP_UP_THRESHOLD]
    if threshold < 0 or out[O_COVERED] == 0:
        return
    out[O_STATE + S_TOP_UP_BASE] = before + left_over
    if t[T_CATEGORY + category * CATEGORY_STRIDE + K_TOP_UP] == 0:
        return
    payable = over(before + left_over, threshold) - over(before, threshold)
    computed = share(payable, t[T_TOP_UP_RATIO])
    left = over(t[T_TOP_UP_LIMIT], state[S_TOP_UP_PAID])
    out[O_TOP_UP_PAYABLE] = payable
    out[O_TOP_UP_COMPUTED] = computed
    out[O_TOP_UP_LEFT] = left
    out[O_TOP_UP] = min(computed, left)
    out[O_STATE + S_TOP_UP_PAID] = state[S_TOP_UP_PAID] + out[O_TOP_UP]


def candidate(t: Ints, category: int, c: Ints, state: Ints, out: MutableInts) -> None:
    """The whole chain of one candidate category from the same state."""
    out[O_CATEGORY] = category
    institution(t, c, out)
    critical_illness(t, category, c, state, out)
    assistance(t, category, c, state, out)
    out_of_catalogue(t, category, c, out)
    top_up(t, category, state, out)
    out[O_SUM] = out[O_CII] + out[O_ASSISTANCE] + out[O_OUT_ASSISTANCE] + out[O_TOP_UP]
    out[O_IN_SCOPE_BURDEN] = out[O_AFTER_CII] - out[O_ASSISTANCE] - out[O_TOP_UP]
    rest = c[C_TOTAL] - out[O_BORNE] - c[C_BASIC] - out[O_SUM] - c[C_OTHER]
    out[O_PERSONAL_BURDEN] = max(0, rest)
    out[O_UNUSED_OTHER] = max(0, -rest)


def is_candidate(t: Ints, category: int, valid: int, approved: int) -> bool:
    """Whether the category may win on the day; none always may."""
    if category == CATEGORY_COUNT - 1:
        return True
    bit = 1 << category
    if (valid & bit) == 0:
        return False
    return (t[T_APPLICATION_MASK] & bit) == 0 or (approved & bit) != 0


def settle(t: Ints, c: Ints, state: MutableInts, out: MutableInts, best: MutableInts) -> None:
    """One claim: the candidate with the largest sum wins, ties in the order of the policy, none last.

    `best` (BEST_SIZE) receives the winner's steps and every candidate's sum, `state` the winner's new state; `out`
    is scratch.
    """
    best[O_SUM] = -1
    for k in range(t[T_CANDIDATE_COUNT]):
        category = t[T_ORDER + k]
        if is_candidate(t, category, c[C_VALID], c[C_APPROVED]):
            candidate(t, category, c, state, out)
            best[O_SUMS + category] = out[O_SUM]
            if out[O_SUM] > best[O_SUM]:
                for i in range(OUT_SIZE):
                    best[i] = out[i]
    for i in range(STATE_SIZE):
        state[i] = best[O_STATE + i]


def year_end(t: Ints, valid: int, approved: int, state: Ints, best: MutableInts) -> None:
    """Quota-managed chronic care of the year, once: the category valid on 31 December that pays most.

    Fills O_CATEGORY, O_RATIO, O_COMPUTED, O_LEFT and O_ASSISTANCE of `best`.
    """
    base = state[S_ANNUAL_BASE]
    best[O_CATEGORY] = CATEGORY_COUNT - 1
    best[O_PAYABLE] = base
    best[O_RATIO] = -1
    best[O_COMPUTED] = 0
    best[O_LEFT] = -1
    best[O_ASSISTANCE] = 0
    found = False
    for k in range(t[T_CANDIDATE_COUNT] - 1):
        category = t[T_ORDER + k]
        row = T_CATEGORY + category * CATEGORY_STRIDE
        ratio = t[row + K_YEAR_END_RATIO]
        if ratio < 0 or not is_candidate(t, category, valid, approved):
            continue
        computed = share(base, ratio)
        left = -1
        paid = computed
        if t[row + K_YEAR_END_LIMIT] >= 0:
            left = over(t[row + K_YEAR_END_LIMIT], state[S_ASSIST_PAID])
            paid = min(computed, left)
        if not found or paid > best[O_ASSISTANCE]:
            found = True
            best[O_CATEGORY] = category
            best[O_RATIO] = ratio
            best[O_COMPUTED] = computed
            best[O_LEFT] = left
            best[O_ASSISTANCE] = paid


def masks_on(day: int, first: int, last: int, spells: tuple[Ints, Ints, Ints, Ints]) -> tuple[int, int]:
    """Bit masks of the categories valid on `day`, and of those approved, from spells `first` to `last`."""
    valid = 0
    approved = 0
    for i in range(first, last):
        if spells[1][i] <= day <= spells[2][i]:
            bit = 1 << spells[0][i]
            valid |= bit
            if spells[3][i]:
                approved |= bit
    return valid, approved


def close_year(
    tables: Ints,
    closing: int,
    last_day: int,
    spell_range: tuple[int, int],
    spells: tuple[Ints, Ints, Ints, Ints],
    state: MutableInts,
    best: MutableInts,
    rows: MutableInts,
    count: int,
    person: int,
    year: int,
) -> int:
    """Write the year-end row of one person if the year has one; gives the new count of rows (of five numbers)."""
    if closing < 0 or state[S_ANNUAL_BASE] == 0:
        return count
    t = tables[closing * TABLE_SIZE : (closing + 1) * TABLE_SIZE]
    if t[T_YEAR_END_SERVICE] < 0:
        return count
    valid, approved = masks_on(last_day, spell_range[0], spell_range[1], spells)
    year_end(t, valid, approved, state, best)
    rows[count * 5] = person
    rows[count * 5 + 1] = year
    rows[count * 5 + 2] = best[O_CATEGORY]
    rows[count * 5 + 3] = best[O_ASSISTANCE]
    rows[count * 5 + 4] = state[S_ANNUAL_BASE]
    state[S_ASSIST_PAID] += best[O_ASSISTANCE]
    return count + 1


def run(
    tables: Ints,
    table_years: Ints,
    closing_tables: Ints,
    closing_days: Ints,
    order: Ints,
    person: Ints,
    day: Ints,
    table: Ints,
    codes: Ints,
    money: Ints,
    spell_start: Ints,
    spells: tuple[Ints, Ints, Ints, Ints],
    scratch: tuple[MutableInts, MutableInts, MutableInts, MutableInts],
    category: MutableInts,
    over_control: MutableInts,
    amounts: MutableInts,
    year_end_rows: MutableInts,
) -> int:
    """Settle claims in the order (person, day, claim number) that `order` gives; returns the count of year-end rows.

    Flat vectors: `codes` CODE_COUNT and `money` MONEY_COUNT numbers per claim, `amounts` AMOUNT_COUNT per claim,
    `tables` TABLE_SIZE per table, `year_end_rows` five per row (person, year, category, paid, base). `scratch` is
    (c, state, out, best). An empty `order` says that the claims already lie in order.
    """
    c, state, out, best = scratch
    count = 0
    previous = -1
    previous_table = -1
    total = len(order) if len(order) > 0 else len(person)
    for n in range(total):
        i = order[n] if len(order) > 0 else n
        who = person[i]
        now = table[i]
        if who != previous or table_years[now] != table_years[previous_table]:
            if previous >= 0:
                count = close_year(
                    tables,
                    closing_tables[previous_table],
                    closing_days[previous_table],
                    (spell_start[previous], spell_start[previous + 1]),
                    spells,
                    state,
                    best,
                    year_end_rows,
                    count,
                    previous,
                    table_years[previous_table],
                )
            for j in range(STATE_SIZE):
                state[j] = 0
            previous = who
        previous_table = now
        for j in range(CODE_COUNT):
            c[j] = codes[i * CODE_COUNT + j]
        for j in range(MONEY_COUNT):
            c[CODE_COUNT + j] = money[i * MONEY_COUNT + j]
        c[C_VALID], c[C_APPROVED] = masks_on(day[i], spell_start[who], spell_start[who + 1], spells)
        settle(tables[now * TABLE_SIZE : (now + 1) * TABLE_SIZE], c, state, out, best)
        category[i] = best[O_CATEGORY]
        over_control[i] = best[O_OVER_CONTROL]
        write_amounts(best, amounts, i * AMOUNT_COUNT)
    if previous >= 0:
        count = close_year(
            tables,
            closing_tables[previous_table],
            closing_days[previous_table],
            (spell_start[previous], spell_start[previous + 1]),
            spells,
            state,
            best,
            year_end_rows,
            count,
            previous,
            table_years[previous_table],
        )
    return count


def write_amounts(best: Ints, amounts: MutableInts, at: int) -> None:
    """Seven amounts of a settled claim, in the order of AMOUNT_STEPS."""
    amounts[at] = best[O_CII]
    amounts[at + 1] = best[O_ASSISTANCE]
    amounts[at + 2] = best[O_OUT_ASSISTANCE]
    amounts[at + 3] = best[O_TOP_UP]
    amounts[at + 4] = best[O_BORNE]
    amounts[at + 5] = best[O_IN_SCOPE_BURDEN]
    amounts[at + 6] = best[O_PERSONAL_BURDEN]


# In the order in which they call each other, for the compiler.
KERNEL: Final = (
    over,
    share,
    institution,
    critical_illness,
    payable_over_deductible,
    room_left,
    assistance,
    out_of_catalogue,
    top_up,
    candidate,
    is_candidate,
    settle,
    year_end,
    masks_on,
    close_year,
    write_amounts,
    run,
)
