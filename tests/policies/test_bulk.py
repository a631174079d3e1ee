"""Large claim files are read and written by compiled code: the same bytes as row by row, whatever stands in them."""

import random
from pathlib import Path

import pytest

from policies import file_rows
from policies.bulk.reading import read_bulk
from policies.csv_rows import FileError
from policies.file_rows import CLAIM_COLUMNS, People, read_row_by_row
from policies.files import settle_file
from tests.policies.making import CASES, PARAMETERS
from tests.policies.test_files import GOOD, NOBODY, claims_text, row

POLICIES = ("shannan", "tongliao", "jining", "guangxi", "yangcheng")
# What stands in the cells of files from offices: most is refused, some is taken after all.
CELLS = {
    "claim_no": ["", " A1 ", "A1", "结算1", "A 1", "a1", "A\x001"],
    "id_number": ["", "15050019970813000x", " 15050019970813000X", "张三", "1 2"],
    "service": ["chronic", "住院", "Inpatient", "inpatient "],
    "settled_on": ["2024-02-29", "2023-02-29", "0000-01-01", "0001-01-01", "2022-12-31", "2023-1-1", " 2023-01-01"],
    "hospital_level": ["0", "03", "２", " 2"],
    "referred": ["not_needed", "yes,", "YES"],
    "chronic_management": ["annual", "per_visit", "  ", "no"],
    "total": ["9999999999.99", "99999999999", "1000", "1000.5", "1000.555", ".5", "1000.", "-1", "1e9", "１000", ""],
    "in_scope": ["900.01", "0", "0900.00", "00000000900.00"],
    "basic_paid": ["900.00", "900.01", "4_00"],
}


@pytest.fixture
def everything_in_bulk(monkeypatch):
    monkeypatch.setattr(file_rows, "BULK_BYTES", 0)


def messy(rng: random.Random, count: int) -> str:
    """Rows of which some hold surprises, in a file with extra columns, blank lines and quotes."""
    columns = list(CLAIM_COLUMNS)
    rng.shuffle(columns)
    columns.insert(rng.randrange(len(columns)), "备注")
    quoted, ends = rng.random() < 0.5, rng.choice(["\n", "\r\n"])
    lines = [",".join(columns)]
    for k in range(count):
        cells = {**GOOD, "claim_no": f"A{k}", "备注": rng.choice(["", "随访", "x"])}
        cells["id_number"] = f"15050019970813{rng.randrange(40):04d}"
        if rng.random() < 0.4:
            name = rng.choice(list(CELLS))
            cells[name] = rng.choice(CELLS[name])
        shown = [f'"{cells[c]}"' if quoted and rng.random() < 0.2 else cells[c] for c in columns]
        lines.append(rng.choice(["", " ", ",,", ",".join(shown[:-1])]) if rng.random() < 0.05 else ",".join(shown))
    return ends.join(lines) + rng.choice(["", ends])


def test_messy_files_read_the_same_in_both_ways(tmp_path):
    path, understood = tmp_path / "X.csv", 0
    for seed in range(60):
        rng = random.Random(seed)
        path.write_bytes(rng.choice([b"", b"\xef\xbb\xbf"]) + messy(rng, 80).encode())
        known, fresh = People(), People()
        for people in (known, fresh):
            people.number("150500199708130005")
        slow, quick = read_row_by_row(path, known), read_bulk(path, fresh)
        if quick is None:
            continue
        understood += 1
        assert list(quick.claim_nos) == list(slow.claim_nos), seed
        assert quick.refused == slow.refused, seed
        assert list(quick.lines) == list(slow.lines), seed
        assert fresh == known, seed
        for name in ("person", "day", "codes", "money"):
            assert list(getattr(quick.arrays, name)) == list(getattr(slow.arrays, name)), (seed, name)
    assert understood > 10


@pytest.mark.parametrize("policy", POLICIES)
def test_cases_come_out_byte_for_byte_in_bulk(policy, tmp_path, everything_in_bulk):
    folder, output = CASES / policy, tmp_path / "out.csv"
    settle_file(policy, PARAMETERS, folder / "categories.csv", folder / "claims.csv", output)
    assert output.read_bytes() == (folder / "settle.csv").read_bytes()


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        (claims_text(row()), True),
        (claims_text(row()).replace("\n", "\r\n"), True),
        (claims_text(row(claim_no='"A1"')), True),
        (claims_text(row(claim_no='"A""1"')), False),
        (claims_text(row(claim_no='"A\n1"')), False),
        (claims_text(row(claim_no='"A,1"')), False),
        (claims_text(row(claim_no='A"1')), False),
        (claims_text(row()).replace("\n", "\r"), False),
        (claims_text(row(id_number="straße")), False),
        (claims_text(row(claim_no="A" * 200_000)), False),
    ],
)
def test_what_only_the_csv_module_understands_is_left_to_it(text, understood, tmp_path):
    path = tmp_path / "X.csv"
    path.write_bytes(text.encode())
    assert (read_bulk(path, People()) is not None) == understood


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "是空的"),
        (b"\n \n", "是空的"),
        (b"claim_no\n", "缺少列：id_number"),
        (b"PK\x03\x04\xff\xfe\x00", "不是 UTF-8 编码"),
        ("结算编号\n".encode("gb18030"), "不是 UTF-8 编码"),
        (claims_text(row(claim_no='"A')).encode(), "引号不成对"),
    ],
)
def test_a_file_that_cannot_be_used_says_so(body, said, tmp_path, everything_in_bulk):
    claims, categories, output = tmp_path / "X.csv", tmp_path / "C.csv", tmp_path / "out.csv"
    claims.write_bytes(body)
    categories.write_text(NOBODY, encoding="utf-8")
    with pytest.raises(FileError, match=said):
        settle_file("tongliao", PARAMETERS, categories, claims, output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["C.csv", "X.csv"]


def test_claims_that_no_law_settles_are_refused_in_bulk(tmp_path, everything_in_bulk):
    claims, categories, output = tmp_path / "X.csv", tmp_path / "C.csv", Path(tmp_path / "out.csv")
    rows = [row(claim_no="A", settled_on="2022-12-31"), row(claim_no="B", total="x"), row(claim_no="C")]
    claims.write_text(claims_text(*rows), encoding="utf-8")
    categories.write_text(NOBODY, encoding="utf-8")
    done = settle_file("tongliao", PARAMETERS, categories, claims, output)
    assert (done.written, done.refused) == (1, 2)
    errors = (tmp_path / "out.csv.errors.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in errors[1:]] == [["2", "settled_on"], ["3", "total"]]
