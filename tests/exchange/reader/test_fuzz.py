"""Whatever the bytes, reading ends: with rows or with FileRefused."""

import contextlib
import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.reader import CLAIMS, FEEDBACK, ROSTER, FileRefused, read, write_error_file
from tests.exchange.reader.samples import ROSTER_HEADER, csv_bytes, roster_row, xlsx_bytes

SLOW = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
SAMPLES = [
    csv_bytes([["标题"], ROSTER_HEADER, roster_row(), roster_row(退出原因="a,b\n"), ["合计", "1"]], encoding=encoding)
    for encoding in ("utf-8", "gb18030", "utf-16")
]
BOOK = xlsx_bytes([ROSTER_HEADER, roster_row(), roster_row()])


def digest(data, schema):
    """Read to the end, and write the error file of every row."""
    with contextlib.suppress(FileRefused):
        reading = read(data, schema)
        reasons = {row.line: row.problems or "x" for row in reading}
        write_error_file(reading, reasons, io.BytesIO())
        return True
    return False


@SLOW
@given(st.binary(max_size=400), st.sampled_from([ROSTER, CLAIMS, FEEDBACK]))
def test_random_bytes(data, schema):
    digest(data, schema)


@SLOW
@given(st.sampled_from([*SAMPLES, BOOK]), st.data())
def test_damaged_files(sample, data):
    damaged = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["change", "cut", "insert"])):
            case "change":
                damaged[at] = data.draw(st.integers(0, 255))
            case "cut":
                del damaged[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                damaged[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        if not damaged:
            break
    digest(bytes(damaged), ROSTER)


cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@SLOW
@given(st.lists(st.lists(cells, max_size=14), max_size=6), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_any_cells_below_a_header_are_read(rows, encoding):
    assert digest(csv_bytes([ROSTER_HEADER, *rows], encoding=encoding), ROSTER) in (True, False)


@SLOW
@given(
    st.lists(st.fixed_dictionaries({}, optional={heading: cells for heading in ROSTER_HEADER}), min_size=1, max_size=5)
)
def test_any_cells_in_the_columns_give_one_row_each_or_none(rows):
    data = csv_bytes([ROSTER_HEADER, *[roster_row(**row) for row in rows]])
    with contextlib.suppress(FileRefused):
        reading = read(data, ROSTER)
        found = list(reading)
        assert len(found) + len(reading.skipped) <= len(rows)
        for row in found:
            assert bool(row.problems) == bool(row.code)
            assert all(problem.reason for problem in (*row.problems, *row.notes))
            assert row.problems or row.values["id_number"]
