"""Several rows of one person in a roster."""

from exchange.reader import ROSTER, Context, Duplicate, DuplicateFinder, read
from tests.exchange.reader.samples import GOOD_NUMBERS, ROSTER_HEADER, TODAY, csv_bytes, numbers, roster_row


def duplicates(*rows):
    finder = DuplicateFinder()
    for batch in read(csv_bytes([ROSTER_HEADER, *rows]), ROSTER, Context(today=TODAY)).batches():
        finder.add(batch)
    return finder.find()


def test_none():
    assert duplicates() == {}
    assert duplicates(*[roster_row(身份证号=number) for number in numbers(30)]) == {}


def test_the_second_of_identical_rows_is_repeated_however_it_is_written():
    spelled = roster_row(身份证号=f"'{GOOD_NUMBERS[0]}", 姓名="曾 军英", 人员类别="特困", 认定日期="2022年6月24日")
    assert duplicates(roster_row(), roster_row(身份证号=GOOD_NUMBERS[1]), spelled, roster_row()) == {
        4: Duplicate("repeated", 2),
        5: Duplicate("repeated", 2),
    }


def test_rows_that_differ_are_all_doubtful():
    assert duplicates(roster_row(), roster_row(人员类别="孤儿"), roster_row()) == {
        2: Duplicate("duplicate_differs", 3),
        3: Duplicate("duplicate_differs", 2),
        4: Duplicate("duplicate_differs", 2),
    }


def test_a_faulty_row_is_no_other_row_of_the_person():
    assert duplicates(roster_row(), roster_row(认定日期="不详")) == {}


def test_across_batches():
    rows = [roster_row(身份证号=number) for number in numbers(999)] * 3
    found = duplicates(*rows)
    assert len(found) == 2 * 999
    assert found[2 + 999] == Duplicate("repeated", 2)
    assert found[2 + 2 * 999 + 998] == Duplicate("repeated", 2 + 998)
