"""Files of the tax office: outcomes of rows, what is written, what does not fit and how it is settled."""

import csv
import io
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from accounts.models import Region
from beneficiaries.enrolment.case_models import PaymentMismatch
from beneficiaries.enrolment.mismatches import decide_mismatch, refresh_mismatches
from beneficiaries.enrolment.models import Contribution, Enrolment
from beneficiaries.models import Person
from exchange import services as exchange
from exchange.errors import ImportBlocked
from tests.beneficiaries.enrolment.people import COUNTY, compute, person, row
from tests.beneficiaries.rosters import outcomes
from tests.claims.makers import identity_number, make_person

pytestmark = pytest.mark.usefixtures("law")
HEAD = ("身份证号", "姓名", "缴费年度", "实缴金额", "缴费日期", "缴费类型", "缴费档次")


def tax(*rows: tuple) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEAD, *rows])
    return out.getvalue().encode("gb18030")


def line(one: Person, amount: str = "192.50", *, on: str = "2022-11-05", kind: str = "缴费", **changed: str) -> tuple:
    return (changed.get("number", one.id_number), changed.get("name", one.name), "2023", amount, on, kind, "一档")


def prepare(content: bytes, **more):
    given = {"kind": "contributions", "department": "tax", "region": COUNTY, "mode": "changes", "name": "缴费.csv"}
    file = exchange.receive_file(actor=None, month=date(2022, 11, 1), content=content, **(given | more))
    return exchange.prepare_file(file_id=file.pk)


def send(content: bytes, **more):
    return exchange.confirm_file(file_id=prepare(content, **more).pk, actor=None)


def open_items() -> list[tuple[str, float, float]]:
    """(kind, expected, actual) in yuan of what stands open, by kind."""
    found = PaymentMismatch.objects.filter(closed_on=None).order_by("kind")
    return [(one.kind, one.expected / 100, one.actual / 100) for one in found]


def test_every_row_comes_to_exactly_one_outcome():
    poor, dead = person("subsistence"), person("subsistence")
    abroad = make_person(region="150522000000")
    Person.objects.filter(pk=dead.pk).update(deceased_on=date(2022, 6, 1))
    file = prepare(
        tax(
            line(poor),
            line(poor),
            line(poor, "二十元"),
            line(poor, "0"),
            line(poor, on="2099-01-01"),
            line(poor, name="别的人"),
            line(dead),
            line(abroad),
            line(poor, number=identity_number()),
        )
    )
    assert outcomes(file) == [
        ("new", ""),
        ("unchanged", "repeated"),
        ("error", "money"),
        ("error", "amount"),
        ("error", "paid_later"),
        ("doubtful", "name_differs"),
        ("doubtful", "deceased"),
        ("error", "region_not_yours"),
        ("doubtful", "unknown_person"),
    ]
    assert sum(file.counts.get(name, 0) for name in ("new", "unchanged", "doubtful", "error")) == file.counts["rows"]


def test_confirming_pays_the_year_and_the_same_file_again_changes_nothing():
    poor, plain = person("subsistence"), make_person(region=COUNTY)
    content = tax(line(poor), line(plain, "350"))
    file = send(content)
    assert file.counts["written"] == {"contributions": 2, "mismatches": 0}
    assert (row(poor).paid, row(poor).is_covered, row(poor).tier) == (19250, True, "一档")
    assert (row(plain).category, row(plain).is_covered) == ("none", True)
    again = prepare(content, name="再来.csv", department="medical_security")
    assert outcomes(again) == [("unchanged", ""), ("unchanged", "")]
    exchange.undo_file(file_id=file.pk, actor=None)
    assert (row(poor).paid, row(poor).is_covered, Contribution.objects.count()) == (0, False, 0)


def test_s3_07_wrong_payments_stand_in_the_worklist_until_refunded_and_collected_again():
    twice, little, nothing = person("subsistence"), person("subsistence"), person("extreme_poverty")
    compute()
    send(tax(line(twice), line(twice, on="2022-12-01"), line(little, "100"), line(nothing, "350")))
    assert open_items() == [("not_owed", 0, 350), ("paid_twice", 192.5, 385), ("too_little", 192.5, 100)]
    region = Region.objects.get(code=COUNTY)
    item = PaymentMismatch.objects.get(kind="paid_twice")
    decide_mismatch(actor=None, mismatch=item, outcome="refund_only")
    item.refresh_from_db()
    assert item.closed_on is None  # open until the money went back
    send(tax(line(twice, on="2022-12-20", kind="退费")), name="退费.csv")
    item.refresh_from_db()
    assert (item.outcome, item.closed_on is not None) == ("refund_only", True)
    assert row(twice).is_covered
    before = list(PaymentMismatch.objects.order_by("id").values())
    refresh_mismatches(region=region, year=2023)
    assert list(PaymentMismatch.objects.order_by("id").values()) == before
    # Collected again: the rest arrives, the item goes by itself.
    send(tax(line(little, "92.50", on="2022-12-21")), name="补缴.csv")
    assert open_items() == [("not_owed", 0, 350)]
    assert PaymentMismatch.objects.get(kind="too_little").outcome == "gone"


def test_s3_07_a_refund_without_a_payment_and_an_explained_item_stays_explained():
    one = person("subsistence")
    compute()
    send(tax(line(one, kind="退费")))
    assert open_items() == [("refund_alone", 192.5, -192.5)]
    item = PaymentMismatch.objects.get()
    with pytest.raises(ValidationError, match="核实"):
        decide_mismatch(actor=None, mismatch=item, outcome="explained")
    decide_mismatch(actor=None, mismatch=item, outcome="explained", note="上年多缴在本年退")
    refresh_mismatches(region=Region.objects.get(code=COUNTY), year=2023)
    assert open_items() == []


def test_money_of_an_unknown_person_is_kept_and_counts_as_soon_as_they_are_registered():
    number = identity_number()
    known = person("subsistence")
    send(tax(line(known, number=number, name="新来的人")))
    assert open_items() == [("unknown_person", 0, 192.5)]
    item = PaymentMismatch.objects.get()
    with pytest.raises(ValidationError, match="先登记"):
        decide_mismatch(actor=None, mismatch=item, outcome="attached")
    fresh = make_person(number, region=COUNTY, name="新来的人")
    compute()
    refresh_mismatches(region=Region.objects.get(code=COUNTY), year=2023)
    assert (open_items(), Contribution.objects.get().person_id) == ([("too_little", 350, 192.5)], fresh.pk)


def test_a_payment_under_another_name_is_counted_when_somebody_says_so_and_then_stays():
    one = person("subsistence")
    file = send(tax(line(one, name="乌云其其格格")))
    assert open_items() == [("name_differs", 0, 192.5)]
    assert not Enrolment.objects.exists()
    decide_mismatch(actor=None, mismatch=PaymentMismatch.objects.get(), outcome="attached")
    assert (open_items(), row(one).is_covered) == ([], True)
    with pytest.raises(ValidationError, match="办结"):
        decide_mismatch(actor=None, mismatch=PaymentMismatch.objects.get(), outcome="attached")
    PaymentMismatch.objects.update(closed_by=None)
    exchange.undo_file(file_id=file.pk, actor=None)


def test_a_file_with_a_decided_item_is_not_undone(users):
    one = person("subsistence")
    file = send(tax(line(one, name="乌云其其格格")))
    decide_mismatch(actor=users["case_worker"], mismatch=PaymentMismatch.objects.get(), outcome="attached")
    with pytest.raises(ImportBlocked, match="退费更正"):
        exchange.undo_file(file_id=file.pk, actor=None)


def test_the_command_prints_one_line_and_without_confirm_writes_nothing(tmp_path, capsys):
    one = person("subsistence")
    path = tmp_path / "缴费.csv"
    path.write_bytes(tax(line(one), line(one, "x")))
    call_command("import_contributions", str(path), "--region", "150521")
    assert capsys.readouterr().out == "rows=2 new=1 unchanged=0 doubtful=0 error=1 contributions=0 mismatches=0\n"
    assert not Contribution.objects.exists()
    call_command("import_contributions", str(path), "--region", "150521", "--month", "2022-11", "--confirm")
    assert capsys.readouterr().out == "rows=2 new=1 unchanged=0 doubtful=0 error=1 contributions=1 mismatches=0\n"
    assert row(one).is_covered


PAID_BY = (*HEAD, "缴费来源", "代缴单位")


def others(*rows: tuple) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([PAID_BY, *rows])
    return out.getvalue().encode()


def test_s2_04_lists_of_villages_and_charities_pay_for_people_by_file():
    poor, other, third = person("subsistence"), person("subsistence"), person("subsistence")
    content = others(
        (*line(poor), "村集体收入", "保康村"),
        (*line(other), "慈善捐赠", "通辽市慈善总会"),
        (*line(third), "", "某企业"),  # named, but of no kind: another payer
    )
    file = send(content, department="civil_affairs", name="代缴.csv")
    found = Contribution.objects.order_by("source_row").values_list("payer", "payer_name", "person")
    assert list(found) == [
        ("collective", "保康村", poor.pk),
        ("charity", "通辽市慈善总会", other.pk),
        ("other", "某企业", third.pk),
    ]
    assert (row(poor).other_paid, row(poor).paid, row(poor).is_covered) == (19250, 0, True)
    again = prepare(content + b"\r\n", department="civil_affairs", name="再来.csv")
    assert outcomes(again) == [("unchanged", "")] * 3
    # The same sum from the person is another payment: paid twice, and for somebody to look at.
    send(tax(line(poor)), name="税务.csv")
    assert open_items() == [("paid_twice", 192.5, 385)]
    exchange.undo_file(file_id=file.pk, actor=None)
    assert (row(other).other_paid, row(poor).paid) == (0, 19250)


def test_s2_04_another_payer_is_named_and_only_tax_says_what_people_paid_themselves():
    poor = person("subsistence")
    file = prepare(
        others((*line(poor), "村集体", ""), (*line(poor), "个人", ""), (*line(poor), "天上", "某地")),
        department="rural_revitalization",
    )
    assert outcomes(file) == [("error", "payer_unnamed"), ("error", "payer_not_yours"), ("error", "code_unknown")]
    assert [one.field for one in file.rows.order_by("row")] == ["payer_name", "payer", "payer"]


def test_s0_07_the_tier_is_recorded_per_person_and_year_and_benefits_follow_it():
    one = person("subsistence")
    send(tax(line(one)))
    second = (one.id_number, one.name, "2024", "192.50", "2023-11-05", "缴费", "二档")
    send(tax(second), name="下一年.csv")
    assert {year: row(one, year).tier for year in (2023, 2024)} == {2023: "一档", 2024: "二档"}
    # A later payment of the same year says the tier that holds: what outpatient benefits are read by.
    send(tax((*line(one, "0.01", on="2022-12-20")[:-1], "二档")), name="补差.csv")
    assert row(one).tier == "二档"
