"""`manage.py settle` from CSV to CSV, as a policy office runs it: a process of its own, files made here.

python -m pytest -n 0 -s tests/benchmarks/bench_files.py        (claims: TUODI_BENCH_ROWS, default 1,000,000)
"""

import os
import random
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from policies.file_rows import CATEGORY_COLUMNS, CLAIM_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
ROWS = int(os.environ.get("TUODI_BENCH_ROWS", "1000000"))
SECONDS, MEGABYTES = 12 * max(ROWS, 250_000) / 1e6, 1536


def make_files(folder: Path) -> tuple[Path, Path]:
    """Categories and claims in no order, ten claims to a person; three persons in ten hold a category."""
    rng = random.Random(1)
    persons = [f"1505{rng.randrange(10**14):014d}" for _ in range(max(1, ROWS // 10))]
    categories, claims = folder / "C.csv", folder / "X.csv"
    with categories.open("w", encoding="utf-8") as file:
        print(*CATEGORY_COLUMNS, sep=",", file=file)
        for person in persons[::3]:
            print(person, rng.choice(["subsistence", "extreme_poverty"]), "2022-01-01,,no", sep=",", file=file)
    with claims.open("w", encoding="utf-8") as file:
        print(*CLAIM_COLUMNS, sep=",", file=file)
        for k in range(ROWS):
            day = date(2023, 1, 1) + timedelta(days=rng.randrange(365))
            scope = rng.randrange(100, 3_000_000)
            money = (scope + 20_000, scope, 20_000, scope // 2, 0)
            codes = f"inpatient,{day},3,1,city,not_needed,no,no,"
            print(f"T{k:08d}", rng.choice(persons), codes, *(f"{m / 100:.2f}" for m in money), sep=",", file=file)
    return categories, claims


def test_a_million_claims_from_file_to_file(tmp_path):
    categories, claims = make_files(tmp_path)
    given = {"policy": "tongliao", "parameters": ROOT / "policies" / "documents" / "parameters.csv"}
    given |= {"categories": categories, "claims": claims, "output": tmp_path / "out.csv"}
    command = [sys.executable, ROOT / "manage.py", "settle", *(w for k, v in given.items() for w in (f"--{k}", v))]
    took = []
    for _ in range(3):  # the first translates the functions where nobody has yet
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"\n{ROWS:,} claims from CSV to CSV: {min(took):.1f} s (first {took[0]:.1f} s), peak {peak} MB")
    assert len((tmp_path / "out.csv").read_bytes().splitlines()) == ROWS + 1
    assert min(took) <= SECONDS
    assert peak <= MEGABYTES
