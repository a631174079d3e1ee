"""How fast the chain settles: compiled against the plain limit of the machine, and one claim with its whole working.

    python tests/benchmarks/bench_engine.py [claims]

Prints ratios measured in one run; seconds differ between machines. The floor is the least that any settlement of these
claims must do: read every input number and write every output number once, by a compiled loop.
"""

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from policies.engine import (  # noqa: E402
    Claim,
    ClaimArrays,
    Rules,
    Spell,
    SpellArrays,
    State,
    calendar,
    load_book,
    load_parameters,
    settle_claim,
)
from policies.engine.batch import settle_compiled  # noqa: E402
from policies.engine.chain import AMOUNT_COUNT, CODE_COUNT, MONEY_COUNT  # noqa: E402
from policies.engine.codes import CATEGORY_INDEX  # noqa: E402

DOCUMENTS = ROOT / "policies" / "documents"
YEAR = 2023


def claims_in_order(count: int, rng: np.random.Generator) -> tuple[ClaimArrays, SpellArrays]:
    """Claims of one year sorted by person and day, ten to a person; three in ten persons hold a category."""
    persons = max(1, count // 10)
    person = np.sort(rng.integers(0, persons, count)).astype(np.int32)
    first = date(YEAR, 1, 1).toordinal()
    day = rng.integers(first, first + 365, count).astype(np.int32)
    order = np.lexsort((day, person))
    codes = np.zeros((count, CODE_COUNT), np.int8)
    for column, size in enumerate((5, 4, 3, 3, 3, 2, 2, 1)):
        codes[:, column] = rng.integers(0, size, count)
    total = (rng.lognormal(9, 1.2, count) * 100).astype(np.int64) + 100
    money = np.zeros((count, MONEY_COUNT), np.int64)
    money[:, 0] = total
    money[:, 1] = total * rng.integers(60, 101, count) // 100
    money[:, 2] = (total - money[:, 1]) // 2
    money[:, 3] = money[:, 1] * rng.integers(0, 90, count) // 100
    money[:, 5] = -1
    names = [CATEGORY_INDEX[c] for c in ("extreme_poverty", "subsistence", "marginal_risk", "illness_poverty")]
    held = rng.random(persons) < 0.3
    spells = [[(names[p % 4], first - 100, 3_000_000, p % 2)] if held[p] else [] for p in range(persons)]
    arrays = ClaimArrays(person, day[order], codes.reshape(-1), money.reshape(-1), np.zeros(0, np.int64))
    return arrays, SpellArrays.of(spells)


def floor_loop() -> Callable[..., None]:
    from numba import njit

    @njit(cache=False)
    def touch(person, day, codes, money, category, flag, amounts):  # type: ignore[no-untyped-def]
        for i in range(len(person)):
            total = person[i] + day[i]
            for j in range(CODE_COUNT):
                total += codes[i * CODE_COUNT + j]
            for j in range(MONEY_COUNT):
                total += money[i * MONEY_COUNT + j]
            category[i] = total & 15
            flag[i] = total & 1
            for j in range(AMOUNT_COUNT):
                amounts[i * AMOUNT_COUNT + j] = total

    return touch


def best_of(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest run."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def one_claim(rules: Rules) -> float:
    """Seconds for one inpatient claim of a person with two categories, with every line of its working."""
    spells = [Spell("subsistence", date(2022, 1, 1)), Spell("marginal_risk", date(2022, 1, 1), None, True)]
    claim = Claim(
        "T1", "inpatient", date(YEAR, 5, 1), 3, 1, "city", "yes", False, False, "", 9_000_000, 8_000_000, 500_000,
        4_000_000, 0,
    )  # fmt: skip

    def work() -> None:
        for _ in range(1000):
            settlement = settle_claim(rules, State(), claim, spells)
            [line.as_dict() for line in settlement.lines]

    return best_of(work) / 1000


def test_engine_beside_the_memory_floor():
    measure(1_000_000)


def measure(count: int) -> None:
    rules = Rules(load_book(DOCUMENTS), "tongliao", load_parameters(DOCUMENTS / "parameters.csv"))
    arrays, spells = claims_in_order(count, np.random.default_rng(1))
    cal = calendar(rules, date(YEAR, 1, 1), date(YEAR, 12, 31))
    warm = settle_compiled(rules, cal, arrays, spells)
    assert len(warm.amounts) == count * AMOUNT_COUNT, "every claim has its amounts"
    settled = best_of(lambda: settle_compiled(rules, cal, arrays, spells))
    touch = floor_loop()
    outputs = np.zeros(count, np.int8), np.zeros(count, np.int8), np.zeros(count * AMOUNT_COUNT, np.int64)
    inputs = arrays.person, arrays.day, arrays.codes, arrays.money
    touch(*inputs, *outputs)
    floor = best_of(lambda: touch(*inputs, *outputs))
    print(f"{count} claims compiled: {count / settled / 1e6:.1f} M claims/s, {settled / floor:.1f} x the memory floor")
    single = one_claim(rules)
    print(f"one claim with its working: {single * 1e6:.0f} us, {single / (settled / count):.0f} x compiled")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
