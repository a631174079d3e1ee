"""Claim files as bytes: cells, codes, days, money and hash tables over flat arrays, and the output written back.

Plain functions of integers and arrays that `engine.compiled.translated` makes fast; all stand in this one file, for the
translation kept on disk is renewed when it changes. What a row must be to be taken here is narrow (ASCII, no blanks in
numbers, two decimals at most …): every other row is called odd and goes through `file_rows.parse_claim`, which says
what is wrong with it or takes it after all.
"""

from typing import Any, Final

Array = Any
QUOTE: Final = 0x22
COMMA: Final = 0x2C
DASH: Final = 0x2D
POINT: Final = 0x2E
ZERO: Final = 0x30
LF: Final = 0x0A
CR: Final = 0x0D
# The largest cell that the csv module takes.
CELL_LIMIT: Final = 131_072
# States of a row
SKIPPED: Final = 0  # blank, or refused before it had a number
TAKEN: Final = 1
REFUSED: Final = 2  # refused, yet its number counts as seen
REPEATED: Final = 3
ODD: Final = 4
OTHER_WIDTH: Final = 5
BROKEN: Final = -1  # quotes or line ends that only the csv module understands
# Fields in the order of file_rows.CLAIM_COLUMNS
CLAIM_NO: Final = 0
ID_NUMBER: Final = 1
SETTLED_ON: Final = 3
FIRST_MONEY: Final = 11
MONEY_FIELDS: Final = 5
CODES: Final = 8
MONEY: Final = 6
AMOUNTS: Final = 7
SERVICE_CHRONIC: Final = 2
MANAGED: Final = 7  # the code of chronic_management: 0 per visit, 1 annual, 2 empty
NOTHING: Final = 2
DAYS_BEFORE: Final = (0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def quoted_end(data: Array, at: int, size: int) -> tuple[int, int]:
    """Where the cell ends whose opening quote stands before `at`, or BROKEN; 1 if any byte is unusual."""
    odd = 0
    while at < size and data[at] != QUOTE:
        if data[at] == LF or data[at] == CR:
            return BROKEN, 1
        if data[at] < 0x20 or data[at] > 0x7E or data[at] == COMMA:
            odd = 1
        at += 1
    after = at + 1
    if after > size or (after < size and data[after] != COMMA and data[after] != LF and data[after] != CR):
        return BROKEN, 1
    return at, odd


def plain_end(data: Array, at: int, size: int) -> tuple[int, int]:
    """The same for a cell without quotes."""
    odd = 0
    while at < size:
        byte = data[at]
        if byte < 0x2D:
            if byte == COMMA or byte == LF or byte == CR:  # noqa: SIM109 - compiled better than a tuple
                break
            if byte == QUOTE:
                return BROKEN, 1
            if byte < 0x20:
                odd = 1
        elif byte > 0x7E:
            odd = 1
        at += 1
    return at, odd


def cells_of(data: Array, at: int, size: int, field_of: Array, begin: Array, end: Array) -> tuple[int, int, int]:
    """Cells of the line at `at`: (how many or BROKEN, start of the next line, 1 if any byte is unusual)."""
    count = 0
    odd = 0
    while True:
        quoted = 1 if at < size and data[at] == QUOTE else 0
        at += quoted
        last, unusual = quoted_end(data, at, size) if quoted == 1 else plain_end(data, at, size)
        if last == BROKEN or last - at >= CELL_LIMIT:
            return BROKEN, at, 1
        odd |= unusual
        if count < len(field_of) and field_of[count] >= 0:
            begin[field_of[count]] = at
            end[field_of[count]] = last
        count += 1
        at = last + quoted
        if at >= size:
            return count, at, odd
        at += 1
        if data[at - 1] == COMMA:
            continue
        if data[at - 1] == LF:
            return count, at, odd
        return (count, at + 1, odd) if at < size and data[at] == LF else (BROKEN, at, 1)


def word_at(data: Array, first: int, last: int, words: Array, ends: Array, low: int, high: int) -> int:
    """Which of the words `low` to `high` stands between `first` and `last`; -1 for none."""
    for word in range(low, high):
        size = ends[word + 1] - ends[word]
        if size == last - first:
            same = True
            for k in range(size):
                if data[first + k] != words[ends[word] + k]:
                    same = False
                    break
            if same:
                return word
    return -1


def fen_at(data: Array, first: int, last: int) -> int:
    """Fen of an amount such as `1234.5`; -1 unless it is one to ten digits with at most two decimals."""
    fen = 0
    at = first
    while at < last and data[at] != POINT:
        if data[at] < ZERO or data[at] > ZERO + 9:
            return -1
        fen = fen * 10 + (data[at] - ZERO)
        at += 1
        if at - first > 10:
            return -1
    if at == first:
        return -1
    decimals = 0
    if at < last:
        at += 1
        if at == last:
            return -1
        while at < last:
            if data[at] < ZERO or data[at] > ZERO + 9 or decimals == 2:
                return -1
            fen = fen * 10 + (data[at] - ZERO)
            decimals += 1
            at += 1
    while decimals < 2:
        fen *= 10
        decimals += 1
    return fen


def digits_at(data: Array, first: int, last: int) -> int:
    """The number written in digits; -1 if another byte is among them."""
    number = 0
    for at in range(first, last):
        if data[at] < ZERO or data[at] > ZERO + 9:
            return -1
        number = number * 10 + (data[at] - ZERO)
    return number


def day_at(data: Array, first: int, last: int) -> int:
    """Ordinal of a day such as `2023-05-01`; -1 for anything else."""
    if last - first != 10 or data[first + 4] != DASH or data[first + 7] != DASH:
        return -1
    year = digits_at(data, first, first + 4)
    month = digits_at(data, first + 5, first + 7)
    day = digits_at(data, first + 8, last)
    if year < 1 or month < 1 or month > 12 or day < 1:
        return -1
    leap = 1 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 0
    before = DAYS_BEFORE[month]
    if day > DAYS_BEFORE[month + 1] - before + (leap if month == 2 else 0):
        return -1
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + before + (leap if month > 2 else 0) + day


def solid(data: Array, first: int, last: int) -> bool:
    """Whether something stands there, without a blank."""
    for at in range(first, last):
        if data[at] == 0x20:
            return False
    return last > first


def scan(
    data: Array,
    at: int,
    size: int,
    field_of: Array,
    words: Array,
    ends: Array,
    values: Array,
    reach: Array,
    begin: Array,
    end: Array,
    state: Array,
    line_at: Array,
    number_at: Array,
    number_size: Array,
    id_at: Array,
    id_size: Array,
    day: Array,
    codes: Array,
    money: Array,
) -> int:
    """Every line from `at` on into row n = 0, 1, … of the arrays; the number of lines, or BROKEN.

    `field_of` says for each column of the file which field it is, or -1; its length is the width. `reach` has three
    numbers per code: its field, its first word, the word after its last; `values` the code of each word.
    """
    n = 0
    while at < size:
        line_at[n] = at
        count, at, odd = cells_of(data, at, size, field_of, begin, end)
        if count == BROKEN:
            return BROKEN
        if count != len(field_of):
            state[n] = OTHER_WIDTH
            n += 1
            continue
        number_at[n] = begin[CLAIM_NO]
        number_size[n] = end[CLAIM_NO] - begin[CLAIM_NO]
        id_at[n] = begin[ID_NUMBER]
        id_size[n] = end[ID_NUMBER] - begin[ID_NUMBER]
        good = (
            odd == 0 and solid(data, begin[CLAIM_NO], end[CLAIM_NO]) and solid(data, begin[ID_NUMBER], end[ID_NUMBER])
        )
        for code in range(CODES):
            field = reach[3 * code]
            word = word_at(data, begin[field], end[field], words, ends, reach[3 * code + 1], reach[3 * code + 2])
            if word < 0:
                good = False
                break
            codes[n * CODES + code] = values[word]
        day[n] = day_at(data, begin[SETTLED_ON], end[SETTLED_ON])
        good = good and day[n] >= 0
        for k in range(MONEY_FIELDS):
            fen = fen_at(data, begin[FIRST_MONEY + k], end[FIRST_MONEY + k])
            money[n * MONEY + k] = fen
            good = good and fen >= 0
        m = n * MONEY
        money[m + MONEY_FIELDS] = -1
        if money[m + 3] > money[m + 1] or money[m + 1] + money[m + 2] > money[m]:
            good = False
        if good and codes[n * CODES + MANAGED] == NOTHING:
            good = codes[n * CODES] != SERVICE_CHRONIC
            codes[n * CODES + MANAGED] = 0
        state[n] = TAKEN if good else ODD
        n += 1
    return n


def hash_of(data: Array, first: int, size: int, fold: bool) -> int:
    """A number of these bytes, small letters taken as capitals where `fold` says so."""
    found = 1469598103934665603
    for at in range(first, first + size):
        byte = int(data[at])
        if fold and 0x61 <= byte <= 0x7A:
            byte -= 0x20
        found = (found ^ byte) * 1099511628211
    # The low bits of similar texts are alike: mixed once more, the middle ones are taken.
    return ((found ^ (found >> 32)) * 7046029254386353131) >> 24


def same(data: Array, first: int, size: int, other: Array, start: int, length: int, fold: bool) -> bool:
    """Whether two pieces are equal."""
    if size != length:
        return False
    for k in range(size):
        a = int(data[first + k])
        b = int(other[start + k])
        if fold and 0x61 <= a <= 0x7A:
            a -= 0x20
        if fold and 0x61 <= b <= 0x7A:
            b -= 0x20
        if a != b:
            return False
    return True


def remember(keys: Array, ends: Array, slots: Array) -> None:
    """Enter the pieces of `keys` into a hash table; the length of `slots` is a power of two."""
    mask = len(slots) - 1
    for n in range(len(ends) - 1):
        slot = hash_of(keys, ends[n], ends[n + 1] - ends[n], True) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = n


def repeats(data: Array, n: int, at: Array, length: Array, seen: Array) -> bool:
    """Whether the number of row `n` stands in the table; entered if not."""
    slot = hash_of(data, at[n], length[n], False) & (len(seen) - 1)
    while seen[slot] >= 0:
        if same(data, at[n], length[n], data, at[seen[slot]], length[seen[slot]], False):
            return True
        slot = (slot + 1) & (len(seen) - 1)
    seen[slot] = n
    return False


def person_of(
    data: Array,
    n: int,
    id_at: Array,
    id_size: Array,
    keys: Array,
    ends: Array,
    known: Array,
    fresh: Array,
    first_row: Array,
    new: int,
) -> int:
    """The person of row `n`; whoever is in neither table is entered as the next of the `new` ones."""
    mixed = hash_of(data, id_at[n], id_size[n], True)
    slot = mixed & (len(known) - 1)
    while known[slot] >= 0:
        who = known[slot]
        if same(data, id_at[n], id_size[n], keys, ends[who], ends[who + 1] - ends[who], True):
            return who
        slot = (slot + 1) & (len(known) - 1)
    slot = mixed & (len(fresh) - 1)
    while fresh[slot] >= 0:
        other = first_row[fresh[slot]]
        if same(data, id_at[n], id_size[n], data, id_at[other], id_size[other], True):
            return len(ends) - 1 + fresh[slot]
        slot = (slot + 1) & (len(fresh) - 1)
    fresh[slot] = new
    first_row[new] = n
    return len(ends) - 1 + new


def number_rows(
    data: Array,
    state: Array,
    number_at: Array,
    number_size: Array,
    id_at: Array,
    id_size: Array,
    keys: Array,
    ends: Array,
    known: Array,
    seen: Array,
    fresh: Array,
    person: Array,
    first_row: Array,
) -> int:
    """In the order of the file: mark repeated numbers, give every taken row its person; the count of new persons.

    `known` is the table of `remember` over `keys` and `ends`; new persons are numbered after those, and `first_row`
    says in which row each first stands. `seen` and `fresh` are empty tables (-1).
    """
    new = 0
    for n in range(len(state)):
        if state[n] == TAKEN and repeats(data, n, number_at, number_size, seen):
            state[n] = REPEATED
        elif state[n] == REFUSED:
            repeats(data, n, number_at, number_size, seen)
        elif state[n] == TAKEN:
            person[n] = person_of(data, n, id_at, id_size, keys, ends, known, fresh, first_row, new)
            if person[n] == len(ends) - 1 + new:
                new += 1
    return new


def put_yuan(out: Array, at: int, fen: int) -> int:
    """Write `1234` fen as `12.34`; where the next byte goes."""
    size = 3
    rest = fen // 1000
    while rest > 0:
        size += 1
        rest //= 10
    place = at + size
    for k in range(size + 1):
        if k == 2:
            out[place] = POINT
        else:
            out[place] = ZERO + fen % 10
            fen //= 10
        place -= 1
    return at + size + 1


def put_word(out: Array, at: int, words: Array, ends: Array, word: int) -> int:
    for k in range(ends[word], ends[word + 1]):
        out[at] = words[k]
        at += 1
    return at


def write_rows(
    out: Array,
    data: Array,
    rows: Array,
    number_at: Array,
    number_size: Array,
    category: Array,
    over_control: Array,
    amounts: Array,
    words: Array,
    ends: Array,
    columns: Array,
) -> int:
    """Output lines of `rows` into `out`; the number of bytes.

    `words` are the category codes, then no, then yes. `columns` says after the number and the category which amount
    stands in each column, -1 for the flag.
    """
    at = 0
    flag = len(ends) - 3
    for n in range(len(rows)):
        i = rows[n]
        for k in range(number_at[i], number_at[i] + number_size[i]):
            out[at] = data[k]
            at += 1
        out[at] = COMMA
        at = put_word(out, at + 1, words, ends, category[i])
        for column in range(len(columns)):
            out[at] = COMMA
            if columns[column] < 0:
                at = put_word(out, at + 1, words, ends, flag + over_control[i])
            else:
                at = put_yuan(out, at + 1, amounts[i * AMOUNTS + columns[column]])
        out[at] = LF
        at += 1
    return at


# In the order in which they call each other, for the compiler.
KERNEL: Final = (
    quoted_end, plain_end, cells_of, word_at, fen_at, digits_at, day_at, solid, scan, hash_of, same, remember, repeats,
    person_of, number_rows, put_yuan, put_word, write_rows,
)  # fmt: skip
INLINED: Final = ()
