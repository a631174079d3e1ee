"""What a trial does claim by claim, as plain functions that `policies.engine.compiled.translated` makes fast.

Limits of the style as in `policies.engine.chain`: integers and arrays; all in this one file.
"""

from typing import Any, Final

Array = Any
SIDES: Final = 2
AMOUNTS: Final = 7
ASSISTANCE: Final = 1
COUNTY_FINANCE: Final = 7
GIVEN: Final = 5
CODES: Final = 8
MONEY: Final = 6
# Columns of a row as it was read.
CLAIM_ID: Final = 0
PERSON: Final = 1
DAY: Final = 2
REGION: Final = 3
PACKED: Final = 4
FIRST_MONEY: Final = 5
DAY_BITS: Final = 22  # an ordinal has no more


def persons(key: Array, person_ids: Array, starts: Array) -> int:
    """Who occurs in the sorted keys (person and day) and where each begins, the end after the last; how many."""
    people = 0
    for n in range(len(key)):
        person = key[n] >> DAY_BITS
        if people == 0 or person != person_ids[people - 1]:
            person_ids[people] = person
            starts[people] = n
            people += 1
    starts[people] = len(key)
    return people


def distinct(rows: Array, column: int, seen: Array) -> bool:
    """Put the numbers of a column, all above zero, into `seen`, each once; whether at most half of it was needed.

    `seen` has a power of two of zeros.
    """
    size, count, before = len(seen), 0, 0
    for r in range(len(rows)):
        number = rows[r, column]
        if number == before:
            continue
        before = number
        place = (number ^ (number >> 17)) & (size - 1)
        while seen[place] != 0 and seen[place] != number:
            place = (place + 1) & (size - 1)
        if seen[place] == 0:
            seen[place] = number
            count += 1
            if 2 * count > size:
                return False
    return True


def arrange(
    rows: Array,
    order: Array,
    own: int,
    first: int,
    bits: Array,
    claim_id: Array,
    who: Array,
    day: Array,
    region: Array,
    codes: Array,
    money: Array,
    inside: Array,
) -> None:
    """The rows in this order, column by column; persons count from `first`. Rows from `own` on are of other regions.

    `bits` has shift and mask of every code in the packed column.
    """
    person, before = first - 1, -1
    for n in range(len(order)):
        r = order[n]
        if rows[r, PERSON] != before:
            before = rows[r, PERSON]
            person += 1
        claim_id[n] = rows[r, CLAIM_ID]
        who[n] = person
        day[n] = rows[r, DAY]
        region[n] = rows[r, REGION]
        inside[n] = r < own
        for k in range(CODES):
            codes[n, k] = (rows[r, PACKED] >> bits[2 * k]) & bits[2 * k + 1]
        for k in range(MONEY):
            money[n, k] = rows[r, FIRST_MONEY + k]


def add(
    who: Array,
    inside: Array,
    codes: Array,
    money: Array,
    county: Array,
    month: Array,
    numbers: tuple[Array, Array],
    category: tuple[Array, Array],
    amounts: tuple[Array, Array],
    by_county: tuple[Array, Array],
    by_category: Array,
    per_county: Array,
    per_month: Array,
    per_service: Array,
    counts: tuple[Array, Array, Array, Array],
    people: Array,
    counted: Array,
    last: Array,
    given: Array,
) -> int:
    """Add the claims inside the region to the sums by dimension (side, value, tier) and by person (side, person, tier).

    `counted` claims and `last` position of a claim per person of the slice; `by_county` says by table, category,
    service and location whether the county's budget bears the assistance. Returns how many claims differ.
    """
    changed = 0
    for i in range(len(who)):
        if not inside[i]:
            continue
        person = who[i] - who[0]
        counted[person] += 1
        last[person] = i
        service = codes[i, 0]
        for k in range(GIVEN):
            given[k] += money[i, k]
        differs = category[0][i] != category[1][i]
        for k in range(AMOUNTS):
            differs = differs or amounts[0][i * AMOUNTS + k] != amounts[1][i * AMOUNTS + k]
        if differs:
            changed += 1
        for side in range(SIDES):
            won = category[side][i]
            counts[0][side, won] += 1
            counts[1][side, county[i]] += 1
            counts[2][side, month[i]] += 1
            counts[3][side, service] += 1
            borne = by_county[side][numbers[side][i], won, service, codes[i, 1]]
            for tier in range(AMOUNTS + 1):
                if tier < AMOUNTS:
                    fen = amounts[side][i * AMOUNTS + tier]
                else:
                    fen = amounts[side][i * AMOUNTS + ASSISTANCE] if borne else 0
                if fen != 0:
                    by_category[side, won, tier] += fen
                    per_county[side, county[i], tier] += fen
                    per_month[side, month[i], tier] += fen
                    per_service[side, service, tier] += fen
                    people[side, person, tier] += fen
    return changed


KERNEL: Final = (persons, distinct, arrange, add)
INLINED: Final = ()
