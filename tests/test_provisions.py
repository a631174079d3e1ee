"""docs/provisions.md names every provision once and only tests that exist."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "provisions.md"
COUNTS = {"S0": 22, "S1": 27, "S2": 16, "S3": 20, "S4": 13}
ROW = re.compile(r"^\| (S[0-4]-\d\d) \| (.+) \| (.+) \|$", re.MULTILINE)


def rows() -> list[tuple[str, str]]:
    return [(found[1], found[3]) for found in ROW.finditer(PAGE.read_text(encoding="utf-8"))]


@cache
def names_in(path: Path) -> set[str]:
    return {
        node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


def test_every_provision_stands_once():
    ids = [provision for provision, _ in rows()]
    expected = [f"{policy}-{number:02d}" for policy, count in COUNTS.items() for number in range(1, count + 1)]
    assert [i for i, n in Counter(ids).items() if n > 1] == []
    assert sorted(ids) == sorted(expected)


@pytest.mark.parametrize(("provision", "proof"), rows(), ids=[i for i, _ in rows()])
def test_the_tests_that_prove_it_exist(provision, proof):
    if proof == "open":
        return
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", proof)
    assert named, f"{provision}: name tests as `tests/….py::test_…` (with *in part:* before them), or say open"
    for file, test in named:
        assert (ROOT / file).is_file(), f"{provision}: {file} is not there"
        assert test in names_in(ROOT / file), f"{provision}: no {test} in {file}"
