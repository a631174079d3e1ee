"""Claims entered by hand: previewed while typed, kept as a draft, taken by a second person."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.papers.selectors import papers_of
from accounts.vocabulary import Role
from claims.entry import services
from claims.entry.models import ClaimEntry
from claims.entry.services import EntryMoved
from claims.errors import ClaimRefused, NotAllowed
from claims.later.recording import record_exception
from claims.models import Claim, ClaimException, Institution, PersonYear, Settlement
from tests.claims.makers import fen, make_person, make_spell, new_claim, now, record
from tests.claims.test_later import settle_all
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"
BILL = {
    "settled_on": "2023-05-01",
    "service": "inpatient",
    "hospital_level": "3",
    "charge_class": "1",
    "location": "outside",
    "referred": "yes",
    "insurance": "390",
    "total": "60,000",
    "in_scope": "50000",
    "out_of_catalogue": "1000",
    "basic_paid": "20000",
}


@pytest.fixture
def person(law):
    one = make_person()
    make_spell(one, "subsistence")
    return one


def submit(actor, person, day="2023-05-01", in_scope=50000, basic=20000, **more) -> ClaimEntry:
    exception = more.pop("exception_reason", "")
    waiver = more.pop("waiver_by", "")
    return services.submit(
        actor=actor,
        entry=None,
        person=person,
        claim=new_claim(day, in_scope, basic, **more),
        exception_reason=exception,
        waiver_by=waiver,
    )


def test_an_entry_counts_only_when_a_second_person_has_taken_it(users, person):
    worker, reviewer = users[Role.CASE_WORKER], users[Role.REVIEWER]
    entry = submit(worker, person)
    assert not Claim.objects.exists()
    with pytest.raises(NotAllowed, match="复核人员"):
        services.confirm(actor=worker, entry=entry)
    claim = services.confirm(actor=reviewer, entry=entry)
    entry.refresh_from_db()
    assert (entry.state, entry.claim, entry.decided_by) == ("confirmed", claim, reviewer)
    assert (claim.entered_by, now(claim).cii_paid > 0) == (worker, True)
    with pytest.raises(EntryMoved, match="已复核"):
        services.confirm(actor=reviewer, entry=entry)
    assert Claim.objects.count() == 1


def test_nobody_confirms_the_own_entry_whatever_the_roles(person):
    both = make_user(Role.CASE_WORKER, Role.REVIEWER, username="both")
    entry = submit(both, person)
    with pytest.raises(NotAllowed, match="自己录入"):
        services.confirm(actor=both, entry=entry)


def test_s1_23_an_exception_to_the_referral_rule_is_the_reviewers_on_record(users, person):
    plain = record(person, "2023-05-01", 50000, 20000, referred="no", claim_no="A")
    assert now(plain).assistance == 0, "without referral nothing is covered"
    entry = submit(users[Role.CASE_WORKER], person, "2023-06-01", referred="no", exception_reason="转诊途中突发")
    claim = services.confirm(actor=users[Role.REVIEWER], entry=entry)
    assert (claim.referred, now(claim).assistance > 0) == ("excepted", True)
    exception = ClaimException.objects.get(claim=claim)
    assert (exception.kind, exception.approved_by, exception.reason) == (
        "referral",
        users[Role.REVIEWER],
        "转诊途中突发",
    )


def test_s3_16_a_waiver_names_who_approved_it(users, law):
    place = "450102000000"
    patient = make_person(region=place)
    make_spell(patient, "unstable_exit", department="rural_revitalization")
    worker = make_user(Role.CASE_WORKER, username="gx-w", region="450000000000")
    reviewer = make_user(Role.REVIEWER, username="gx-r", region="450000000000")
    with pytest.raises(ClaimRefused, match="批准单位"):
        submit(worker, patient, in_scope=7000, basic=4000, outside=3000, control_waived=True)
    entry = submit(
        worker, patient, in_scope=7000, basic=4000, outside=3000, control_waived=True, waiver_by="桂卫〔2023〕7号"
    )
    claim = services.confirm(actor=reviewer, entry=entry)
    assert now(claim).institution_borne == 0
    exception = ClaimException.objects.get(claim=claim)
    assert (exception.kind, exception.document, exception.departments) == (
        "control",
        "桂卫〔2023〕7号",
        ["health", "medical_security"],
    )


def test_s3_16_a_waiver_granted_after_settlement_frees_the_institution(law):
    patient = make_person(region="450102000000")
    make_spell(patient, "unstable_exit", department="rural_revitalization")
    hands = (
        make_user(Role.CASE_WORKER, username="gx-w", region="450000000000"),
        make_user(Role.REVIEWER, username="gx-r", region="450000000000"),
    )
    claim = record(patient, "2023-05-01", 7000, 4000, 3000)
    assert now(claim).institution_borne > 0
    given = {"claim": claim, "kind": "control", "reason": "临床必需", "decided_on": date(2023, 6, 1)}
    both = {"departments": ["health", "medical_security"], "document": "桂卫〔2023〕7号"}
    with pytest.raises(NotAllowed):
        record_exception(actor=hands[0], **given, **both)
    made = record_exception(actor=hands[1], **given, **both)
    assert (made.approved_by, made.document, made.departments) == (hands[1], "桂卫〔2023〕7号", both["departments"])
    settle_all(hands, "450000000000")
    assert (now(claim).institution_borne, now(claim).over_control) == (0, False)


def test_s3_18_a_stay_out_of_the_region_is_recorded_as_such(users, person):
    entry = submit(users[Role.CASE_WORKER], person, location="outside", referred="yes", other_paid=fen(300))
    claim = services.confirm(actor=users[Role.REVIEWER], entry=entry)
    assert (claim.location, claim.other_paid) == ("outside", fen(300))
    assert claim.claim_no.startswith("SG")


def test_it_comes_back_with_what_to_mend_and_goes_again(users, person):
    worker, reviewer = users[Role.CASE_WORKER], users[Role.REVIEWER]
    entry = submit(worker, person)
    with pytest.raises(ClaimRefused, match="需要修改什么"):
        services.return_entry(actor=reviewer, entry=entry, reason=" ")
    entry = services.return_entry(actor=reviewer, entry=entry, reason="总额与票据不符")
    again = services.submit(
        actor=worker, entry=entry, person=person, claim=new_claim("2023-05-01", 40000, 20000), exception_reason=""
    )
    assert (again.pk, again.state, again.reason) == (entry.pk, "submitted", "")
    assert services.confirm(actor=reviewer, entry=again).in_scope == fen(40000)


def test_the_same_bill_is_not_entered_twice(users, person):
    worker = users[Role.CASE_WORKER]
    submit(worker, person)
    with pytest.raises(ClaimRefused, match="正在复核"):
        submit(worker, person)
    submit(worker, person, "2023-05-02", claim_no="W1")
    with pytest.raises(ClaimRefused, match="正在复核"):
        submit(worker, person, "2023-05-03", claim_no="W1")
    record(person, "2023-05-04", 100, 0, claim_no="W2")
    with pytest.raises(ClaimRefused, match="已经登记"):
        submit(worker, person, "2023-05-05", claim_no="W2")


# --- pages --------------------------------------------------------------------------------------------------------
def test_the_preview_settles_on_the_real_year_and_writes_nothing(client, users, person):
    record(person, "2023-03-01", 20000, 5000)
    before = (Settlement.objects.count(), PersonYear.objects.get().state)
    client.force_login(users[Role.CASE_WORKER])
    page = client.post(f"{reverse('claims:preview')}?person={person.pk}", BILL).content.decode()
    entry = submit(users[Role.CASE_WORKER], person)
    claim = services.confirm(actor=users[Role.REVIEWER], entry=entry)
    assert f"{now(claim).assistance / 100:,.2f}" in page
    assert (before[0], Settlement.objects.exclude(claim=claim).count()) == (1, 1)


def test_level_and_class_follow_the_institution(client, users, person):
    Institution.objects.create(code="H1", name="旗医院", region_id="150521000000", level=2, charge_class=3)
    client.force_login(users[Role.CASE_WORKER])
    url = f"{reverse('claims:preview')}?person={person.pk}"
    bare = BILL | {"hospital_level": "", "charge_class": ""}
    assert "机构等级" in client.post(url, bare).context["missing"]  # not wrong yet: nothing was typed
    assert "机构没有登记" in client.post(url, bare | {"institution": "H9"}).content.decode()
    assert client.post(url, bare | {"institution": "H1"}).context["outcome"].fact.hospital_level == 2


def test_draft_papers_submission_and_confirmation_through_the_pages(client, users, person):
    client.force_login(users[Role.CASE_WORKER])
    found = client.get(reverse("claims:entry_persons"), {"q": person.name}).content.decode()
    assert f"?person={person.pk}" in found
    url = f"{reverse('claims:new')}?person={person.pk}"
    started = client.post(url, {"total": "600", "institution": "外地医院", "draft": "1"})
    entry = ClaimEntry.objects.get()
    assert (started.url, entry.state, entry.values) == (
        reverse("claims:entry_edit", args=[entry.pk]),
        "draft",
        {"total": "600", "institution": "外地医院"},
    )
    assert 'value="600"' in client.get(started.url).content.decode()
    paper = SimpleUploadedFile("发票.pdf", PDF)
    fake = SimpleUploadedFile("扫描.pdf", b"MZ a program")
    assert client.post(started.url, BILL | {"papers": [paper]}).status_code == 302
    assert [one.name for one in papers_of("claim_entry", entry.pk)] == ["发票.pdf"]
    entry.refresh_from_db()
    assert (entry.state, entry.settled_on, entry.total) == ("submitted", date(2023, 5, 1), fen(60000))
    own = client.get(reverse("claims:entry", args=[entry.pk])).content.decode()
    assert "须由另一人复核" in own

    client.force_login(users[Role.REVIEWER])
    page = client.get(reverse("claims:entry", args=[entry.pk])).content.decode()
    assert "复核并结算" in page
    paper_url = reverse("accounts:paper", args=[papers_of("claim_entry", entry.pk)[0].pk])
    assert client.get(paper_url).content == PDF, "who may see the entry may see its papers"
    done = client.post(reverse("claims:entry_confirm", args=[entry.pk]))
    assert done.url == reverse("claims:claim", args=[Claim.objects.get().pk])
    client.force_login(users[Role.LIAISON])
    assert client.get(paper_url).status_code == 404

    client.force_login(users[Role.CASE_WORKER])
    told = client.post(url, BILL | {"papers": [fake], "settled_on": "2023-05-09"}, follow=True).content.decode()
    assert "不是PDF" in told


def test_a_paper_is_withdrawn_with_a_reason_until_a_second_person_looks_at_it(client, users, person):
    client.force_login(users[Role.CASE_WORKER])
    paper = SimpleUploadedFile("发票.pdf", PDF)
    client.post(f"{reverse('claims:new')}?person={person.pk}", {"total": "600", "papers": [paper], "draft": "1"})
    entry = ClaimEntry.objects.get()
    (kept,) = papers_of("claim_entry", entry.pk)
    url = reverse("claims:entry_paper_withdraw", args=[entry.pk, kept.pk])
    assert url in client.get(reverse("claims:entry", args=[entry.pk])).content.decode()
    assert "撤回的原因" in client.post(url, {"reason": " "}, follow=True).content.decode()
    client.post(reverse("claims:entry_edit", args=[entry.pk]), BILL)
    assert "不能再撤回" in client.post(url, {"reason": "重复"}, follow=True).content.decode()
    assert papers_of("claim_entry", entry.pk).count() == 1
    assert url not in client.get(reverse("claims:entry", args=[entry.pk])).content.decode()
    ClaimEntry.objects.update(state="returned")
    client.post(url, {"reason": "重复"})
    assert not papers_of("claim_entry", entry.pk).exists()


def test_a_draft_is_its_writers_alone(client, users, person):
    entry = services.save_draft(actor=users[Role.CASE_WORKER], entry=None, person=person, typed={"total": "1"})
    client.force_login(users[Role.REVIEWER])
    assert client.get(reverse("claims:entry", args=[entry.pk])).status_code == 404
    client.force_login(users[Role.CASE_WORKER])
    assert client.get(reverse("claims:entry", args=[entry.pk])).status_code == 200
    client.post(reverse("claims:entry_withdraw", args=[entry.pk]))
    entry.refresh_from_db()
    assert entry.state == "withdrawn"


def test_the_list_takes_few_queries(client, users, person, django_assert_max_num_queries):
    for day in range(1, 9):
        submit(users[Role.CASE_WORKER], person, f"2023-05-{day:02d}")
    client.force_login(users[Role.REVIEWER])
    client.get(reverse("claims:entries"))
    with django_assert_max_num_queries(4):
        assert len(client.get(reverse("claims:entries")).context["listing"].page.rows) == 8
