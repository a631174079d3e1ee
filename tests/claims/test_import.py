"""A file of claims against the register: every row ends as exactly one outcome; undoing gives back what was."""

import csv
import io
from datetime import date

import pytest
from django.core.management import CommandError
from django.db import IntegrityError, transaction

from accounts.audit import events_of
from beneficiaries.models import Person
from claims import imports
from claims.imports import KIND
from claims.models import Claim, PersonYear, Settlement, StagedClaim
from exchange.errors import ImportBlocked, ImportRefused, NotAllowed, RegisterMoved
from exchange.models import InboundFile, StagedRow
from exchange.services import confirm_file, prepare_file, receive_file, undo_file
from tests.claims.makers import current, identity_number, import_claims, make_person, record, result, results

pytestmark = pytest.mark.django_db
HEADER = (
    "setl_id,certno,psn_name,setl_time,med_type,insutype,fixmedins_code,hosp_lv,setl_loc,refl_flag,medfee_sumamt,"
    "fulamt_ownpay_amt,overlmt_selfpay,inscp_scp_amt,hifp_pay,hifmi_pay,maf_pay,oth_pay"
).split(",")
PERSON = identity_number(900)
ROW = {
    "setl_id": "S1",
    "certno": PERSON,
    "psn_name": "乌云其其格",
    "setl_time": "2023-05-10 09:00:00",
    "med_type": "21",
    "insutype": "390",
    "fixmedins_code": "H150521",
    "hosp_lv": "3",
    "setl_loc": "city",
    "refl_flag": "yes",
    "medfee_sumamt": "30000.00",
    "fulamt_ownpay_amt": "900.00",
    "overlmt_selfpay": "100.00",
    "inscp_scp_amt": "29000.00",
    "hifp_pay": "9000.00",
    "hifmi_pay": "3600.00",
    "maf_pay": "0.00",
    "oth_pay": "0.00",
}


def content(*rows: dict[str, str], header=HEADER) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, extrasaction="ignore")
    writer.writeheader()
    writer.writerows([ROW | row for row in rows])
    return text.getvalue().encode()


def prepared(*rows: dict[str, str], region: str = "150500", actor=None, header=HEADER) -> InboundFile:
    file = receive_file(
        actor=actor,
        kind="claims",
        department="medical_security",
        region=region,
        month=date(2023, 5, 1),
        mode="changes",
        name="claims.csv",
        content=content(*rows, header=header),
    )
    return prepare_file(file_id=file.pk, actor=actor)


def confirmed(*rows: dict[str, str], **more) -> InboundFile:
    return confirm_file(file_id=prepared(*rows, **more).pk, actor=None)


def outcomes(file: InboundFile) -> list[tuple[str, str, str]]:
    assert sum(file.counts[one] for one in ("new", "changed", "unchanged", "exited", "doubtful", "error")) == len(
        StagedRow.objects.filter(file=file)
    )
    return list(StagedRow.objects.filter(file=file).order_by("row").values_list("outcome", "code", "field"))


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"certno": PERSON[:-1] + ("1" if PERSON[-1] != "1" else "2")}, "id_checksum", "id_number"),
        ({"setl_id": ""}, "missing", "claim_no"),
        ({"med_type": "99"}, "code_unknown", "service"),
        ({"setl_time": "2023-02-30"}, "date", "settled_on"),
        ({"hosp_lv": ""}, "missing", "hospital_level"),
        ({"setl_loc": ""}, "missing", "location"),
        ({"medfee_sumamt": "12.345"}, "money_decimals", "total"),
        ({"hifp_pay": "-1"}, "money_negative", "basic_paid"),
        ({"hifp_pay": "29000.01"}, "basic_paid", "basic_paid"),
        ({"medfee_sumamt": "29999.99"}, "total", "total"),
        ({"setl_time": "2022-05-10"}, "no_version", "settled_on"),
        ({"setl_time": "2025-05-10"}, "no_parameter", "settled_on"),
        ({"insutype": "310", "hifmi_pay": "20000.01"}, "cii_beyond", "hifob_pay"),
    ],
)
def test_a_faulty_row_is_an_error_that_names_field_and_remedy_and_the_rest_goes_on(change, code, field, law):
    file = prepared(change, {"setl_id": "S2"})
    assert outcomes(file) == [("error", code, field), ("new", "", "")]
    reason = StagedRow.objects.get(file=file, outcome="error").reason
    assert reason.endswith(("。", "计算")), reason
    if code == "no_parameter":
        assert "cii_deductible 2025" in reason
    assert confirm_file(file_id=file.pk, actor=None).counts["written"]["settled"] == 1


def test_a_file_without_its_staged_claims_is_compared_anew_and_writes_nothing(law):
    """As after an upgrade between preview and confirmation."""
    file = prepared({}, {"setl_id": "S2"})
    StagedClaim.objects.filter(file=file, row=2).delete()
    with pytest.raises(RegisterMoved):
        confirm_file(file_id=file.pk, actor=None)
    assert not Claim.objects.exists()
    assert confirm_file(file_id=file.pk, actor=None).counts["written"]["claims"] == 2


def test_what_a_claim_refers_to_must_be_there(law):
    """Asked once a statement, in place of constraints that ask row by row."""
    confirmed({})
    claim, held = Claim.objects.get(), current()[0]
    for wrong in (
        lambda: Claim.objects.filter(pk=claim.pk).update(person_id=0),
        lambda: Claim.objects.filter(pk=claim.pk).update(region_id="999999000000"),
        lambda: Claim.objects.filter(pk=claim.pk)._raw_delete("default"),
        lambda: Settlement.objects.filter(pk=held.pk).update(assistance=1),
        lambda: PersonYear.objects.update(version_id=0),
        lambda: Settlement.objects.create(claim_id=0, version=held.version, figures=held.figures, category="none"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()
    assert current()[0].assistance == held.assistance


def test_undoing_a_file_leaves_nothing_but_its_history(law):
    file = confirmed({}, {"setl_id": "S2"})
    undo_file(file_id=file.pk, actor=None)
    assert not Claim.objects.exists() and not Settlement.objects.exists()
    for model, number in ((Claim, "S2"), (Settlement, None)):
        gone = events_of(model).objects.filter(pgh_label="delete")
        assert gone.count() == 2
        assert number is None or gone.filter(claim_no=number).exists()


def test_the_same_number_twice_in_a_file(law):
    same = prepared({}, {})
    assert outcomes(same) == [("new", "", ""), ("unchanged", "repeated", "claim_no")]
    other = prepared({}, {"medfee_sumamt": "30000.01"}, {"setl_id": "S2"})
    assert outcomes(other) == [("doubtful", "duplicate_differs", "claim_no")] * 2 + [("new", "", "")]
    reasons = StagedRow.objects.filter(file=other, outcome="doubtful").order_by("row").values_list("reason", flat=True)
    assert ["第 3 行" in reasons[0], "第 2 行" in reasons[1]] == [True, True]


def test_a_faulty_row_makes_no_other_row_doubtful(law):
    assert outcomes(prepared({"hosp_lv": ""}, {})) == [("error", "missing", "hospital_level"), ("new", "", "")]


def test_a_number_that_is_registered(law):
    confirmed({})
    assert outcomes(prepared({}, {"setl_id": "S2"})) == [("unchanged", "", ""), ("new", "", "")]
    file = prepared({"hifp_pay": "9000.01"})
    assert outcomes(file) == [("doubtful", "claim_differs", "claim_no")]
    row = file.rows.get()
    assert ("基本医保支付", "9,000.01", "9,000.00") in KIND.beside([row])[row.pk]
    assert confirm_file(file_id=file.pk, actor=None).counts["written"]["claims"] == 0
    assert Claim.objects.get().basic_paid == 900_000


def test_who_it_is(law):
    person = make_person(PERSON, name="宝力道")
    person.deceased_on = date(2023, 5, 9)
    person.save()
    assert outcomes(prepared({})) == [("doubtful", "name_differs", "name")]
    assert outcomes(prepared({"psn_name": "宝力道"})) == [("doubtful", "deceased", "settled_on")]
    assert outcomes(prepared({"psn_name": "", "setl_time": "2023-05-09"})) == [("new", "", "")]
    stranger = {"certno": identity_number(901)}
    assert (
        outcomes(prepared(stranger, stranger | {"setl_id": "S2", "psn_name": "别名"}))
        == [("doubtful", "name_differs", "name")] * 2
    )


def test_where_they_are_insured(law):
    far = make_person(identity_number(902), region="150581000000")
    moved = make_person(identity_number(903), region="150522000000")
    confirmed({"setl_id": "A", "certno": moved.id_number})
    assert Claim.objects.get(claim_no="A").region_id == "150522000000"
    file = prepared({"certno": far.id_number}, region="150521")
    assert outcomes(file) == [("error", "region_not_yours", "id_number")]
    confirmed({"setl_id": "B", "certno": identity_number(904)})
    confirmed({"setl_id": "C", "certno": "110101199003077774"})
    places = dict(Claim.objects.values_list("claim_no", "person__region_id"))
    assert (places["B"], places["C"]) == ("150521000000", "150500000000")


def test_the_names_of_settlement_md_are_understood_too(law):
    names = {
        "setl_id": "claim_no", "certno": "id_number", "setl_time": "settled_on", "med_type": "service",
        "hosp_lv": "hospital_level", "setl_loc": "location", "refl_flag": "referred", "medfee_sumamt": "total",
        "inscp_scp_amt": "in_scope", "hifp_pay": "basic_paid", "oth_pay": "other_paid",
    }  # fmt: skip
    row = {names.get(key, key): value for key, value in ROW.items()}
    row |= {"service": "inpatient", "settled_on": "2023-05-10", "out_of_catalogue": "1000.00", "chronic_management": ""}
    keep = [*names.values(), "out_of_catalogue", "chronic_management"]
    text = ",".join(keep) + "\n" + ",".join(row[key] for key in keep) + "\n"
    file = receive_file(
        actor=None, kind="claims", department="medical_security", region="150500", month=date(2023, 5, 1),
        mode="changes", name="x.csv", content=text.encode(),
    )  # fmt: skip
    confirm_file(file_id=prepare_file(file_id=file.pk).pk, actor=None)
    own = result(Settlement.objects.get())
    assert Person.objects.get().name == "（未报姓名）"
    claim = Claim.objects.get()
    assert (claim.platform_cii, claim.platform_assistance, claim.out_of_catalogue) == (None, None, 100_000)
    Settlement.objects.all().delete()
    claim.delete()
    PersonYear.objects.all().delete()
    confirmed({})
    assert result(Settlement.objects.get()) == own
    assert Person.objects.get().name == "乌云其其格"
    assert (Claim.objects.get().platform_cii, Claim.objects.get().platform_assistance) == (360_000, 0)


def test_new_people_are_written_chunk_by_chunk(law, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 2)
    days = [f"2023-05-{n + 1:02d}" for n in range(9)]
    rows = [
        {"setl_id": f"N{n}", "certno": identity_number(910 + n % 5), "setl_time": day} for n, day in enumerate(days)
    ]
    assert confirmed(*rows).counts["written"] | {"cii": 0} == {
        "claims": 9, "persons": 5, "settled": 9, "superseded": 0, "cii": 0, "assistance": 0, "top_up": 0,
    }  # fmt: skip
    assert Person.objects.count() == 5


def test_an_employee_keeps_the_platforms_large_amount(law):
    header = [*HEADER, "hifob_pay"]
    confirmed({"insutype": "310", "hifob_pay": "5000.00", "hifmi_pay": "0"}, header=header)
    assert Settlement.objects.get().cii_paid == 500_000
    assert Claim.objects.get().platform_cii == 500_000


def test_undo_gives_back_what_was(law):
    """A file with an earlier day moved what was settled; without it the old amounts hold again."""
    person = make_person(PERSON)
    record(person, "2023-06-01", 20000, 3000, claim_no="L")
    before = results(), list(PersonYear.objects.values("person_id", "claims", "measure", "state", "last_claim_no"))
    file = confirmed({}, {"setl_id": "S2", "certno": identity_number(905)})
    assert results()["L"] != before[0]["L"]
    assert Person.objects.count() == 2
    assert undo_file(file_id=file.pk, actor=None).state == "undone"
    after = results(), list(PersonYear.objects.values("person_id", "claims", "measure", "state", "last_claim_no"))
    assert after == before
    assert list(Person.objects.all()) == [person]
    assert not Claim.objects.filter(source=file).exists()
    assert confirmed({}).counts["written"]["claims"] == 1


def test_undo_is_refused_once_later_claims_rest_on_it(law):
    file = confirmed({})
    record(Person.objects.get(), "2023-07-01", 1000, claim_no="LATER")
    with pytest.raises(ImportBlocked, match="LATER"):
        undo_file(file_id=file.pk, actor=None)
    assert Claim.objects.count() == 2


def test_who_may_send_and_confirm(law, users):
    with pytest.raises(ImportRefused, match="医疗保障"):
        receive_file(
            actor=None, kind="claims", department="civil_affairs", region="150500", month=date(2023, 5, 1),
            name="x.csv", content=content({}),
        )  # fmt: skip
    for role in ("liaison", "reviewer", "supervisor", "fund_officer"):
        with pytest.raises(NotAllowed):
            prepared({}, actor=users[role])
    file = prepared({}, actor=users["case_worker"])
    with pytest.raises(NotAllowed, match="角色"):
        confirm_file(file_id=file.pk, actor=users["reviewer"])
    confirm_file(file_id=file.pk, actor=users["case_worker"])
    assert [row.settled_by for row in current()] == [users["case_worker"]]


def test_the_command_fails_with_a_sentence(law, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text("一,二\n1,2\n", encoding="utf-8")
    with pytest.raises(CommandError, match="表头"):
        import_claims(path)
    with pytest.raises(CommandError, match="核对路径"):
        import_claims(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="行政区划"):
        path.write_bytes(content({}))
        import_claims(path, "999999")
