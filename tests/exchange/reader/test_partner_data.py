"""The files of the sample region: line numbers and codes are those of the truth beside them."""

import datetime as dt
import json
from pathlib import Path

import pytest

from exchange.reader import CLAIMS, CONTRIBUTIONS, ROSTER, Context, DuplicateFinder, money, read
from tests.exchange.reader.samples import TODAY, xlsx_bytes
from tests.partner_files import write_all

FOLDER = Path(__file__).parents[2] / "data" / "tongliao-small"
TRUTH = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
ROSTERS = [name for name in TRUTH if not name.startswith("claims")]


def read_roster(source, name):
    context = Context(department=name.split("-")[0], region="150500", today=TODAY)
    reading = read(source, ROSTER, context)
    finder = DuplicateFinder()
    rows = []
    for batch in reading.batches():
        finder.add(batch)
        rows += batch.rows()
    return reading, rows, finder.find()


@pytest.mark.parametrize("name", ROSTERS)
def test_rosters(name):
    reading, rows, duplicates = read_roster(FOLDER / name, name)
    truth = TRUTH[name]["by_row"]
    assert [(row.line, row.code) for row in rows] == [
        (line, code if outcome == "error" else "") for line, outcome, code in truth
    ]
    assert {line: found.code for line, found in duplicates.items()} == {
        line: code for line, _, code in truth if code == "repeated"
    }
    assert reading.rows_read == TRUTH[name]["rows"]
    assert reading.ignored == ("序号", "备注")
    assert not any(row.notes for row in rows)


@pytest.mark.parametrize("name", ROSTERS)
def test_rosters_as_xlsx(name):
    reading, rows, duplicates = read_roster(FOLDER / name, name)
    with_blank_cells = [[""] * 10 for _ in range(reading.header.line - 1)]
    cells = [[*with_blank_cells, list(reading.header.cells)]]
    for batch in reading.batches():
        cells.append([batch.cells(i) for i in range(len(batch))])
    again = read_roster(xlsx_bytes([row for part in cells for row in part]), name)
    assert (again[1], again[2]) == (rows, duplicates)


@pytest.mark.parametrize("name", sorted(set(TRUTH) - set(ROSTERS)))
def test_claims(name):
    reading = read(FOLDER / name, CLAIMS, Context(today=TODAY))
    rows = list(reading)
    assert len(rows) == TRUTH[name]["rows"]
    assert not any(row.problems or row.notes for row in rows)
    assert money.yuan(sum(row.values["total"] for row in rows)) == TRUTH[name]["medfee_sumamt"]
    assert reading.ignored == ()


def test_a_claim_in_full():
    row = next(iter(read(FOLDER / "claims-2023-05.csv", CLAIMS)))
    assert row.values == {
        "claim_no": "S202305000000001", "id_number": "150525201611250323", "name": "程刚海", "service": "chronic",
        "settled_on": dt.date(2023, 5, 5), "hospital_level": 2, "charge_class": None, "location": "city",
        "referred": "no", "major_disease": False, "control_waived": False, "chronic_management": None, "total": 2108704,
        "in_scope": 1855660, "out_of_catalogue": 253044, "fulamt_ownpay_amt": 253044, "overlmt_selfpay": 0,
        "preselfpay_amt": 0, "basic_paid": 742264, "other_paid": 0, "hifmi_pay": 0, "hifob_pay": None, "maf_pay": 0,
        "psn_part_amt": 1366440, "institution": "H15052500001", "insutype": "390", "dise_codg": None, "dise_name": None,
        "tilted_basic": False, "supplementary_paid": 0,
    }  # fmt: skip


def test_contributions():
    rows = list(read(FOLDER / "tax-2023.csv", CONTRIBUTIONS, Context(today=TODAY)))
    assert len(rows) == 375
    assert not any(row.problems or row.notes for row in rows)
    assert {(row.values["year"], row.values["amount"]) for row in rows} == {(2023, 35000)}
    assert rows[0].values["paid_on"] == dt.date(2022, 10, 23)
    assert {row.values["kind"] for row in rows} <= {"payment", "refund"}


def test_the_sample_is_what_the_generator_writes(tmp_path):
    write_all(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in FOLDER.iterdir()
    }


def test_dirtier_and_larger_rosters(tmp_path):
    truth = write_all(tmp_path, persons=4000, seed="7", dirt=0.3, per_person=0)
    for name in ROSTERS:
        _, rows, duplicates = read_roster(tmp_path / name, name)
        expected = [(line, code if outcome == "error" else "") for line, outcome, code in truth[name]["by_row"]]
        assert [(row.line, row.code) for row in rows] == expected
        repeated = [line for line, _, code in truth[name]["by_row"] if code == "repeated"]
        assert sorted(duplicates) == repeated
