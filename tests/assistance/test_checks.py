"""The check: every leg with its figures, what each clause entitles to, the comparison with the register."""

from datetime import date

import pytest

from accounts.vocabulary import Department
from assistance.errors import NotAllowed, Refused
from assistance.models import Decision
from assistance.selectors import comparing, figures
from assistance.services import checking, deciding, economy, registering
from assistance.vocabulary import IncomeKind, PropertyKind, State, Verdict
from beneficiaries.changes import Change
from beneficiaries.models import CategorySpell, Household
from claims import eligibility
from claims.services import settle_person_year
from tests.assistance import makers as make
from tests.claims.makers import make_person, make_spell, now, record

DAY = date(2023, 5, 20)


def home_of(person, *others):
    home = Household.objects.create(number="H1", region_id="150521000000")
    type(person).objects.filter(pk__in=[one.pk for one in (person, *others)]).update(household=home)
    person.refresh_from_db()
    return home


# --- S1-02 --------------------------------------------------------------------------------------------------------
def test_s1_02_every_leg_with_the_figures_of_claims_and_economy(cast):
    """Three persons, income 48,000; the costs are what the household bore in the twelve months before the month."""
    person = make.make_applicant(cast.township)
    wife = make_person(region=cast.township, name="萨仁图雅")
    home_of(person, wife)
    inside = [
        record(person, "2023-02-01", 90_000, 40_000),
        record(wife, "2023-03-01", 5_000),
    ]
    record(person, "2023-05-02", 1_000)  # in the month of application: does not count
    application = make.register(cast, person, rule="eligibility", category="illness_poverty")
    assert [one.relation for one in application.members.all()] == ["本人", "家庭成员"]
    economy.add_member(actor=cast.clerk, application_id=application.pk, name="朝鲁", relation="子")
    application = make.submit(cast, application)  # states 12,000 of wages
    application = checking.accept(actor=cast.worker, application_id=application.pk, seen=application.revision)
    wage = application.incomes.get()
    economy.verify(
        actor=cast.worker,
        application_id=application.pk,
        what="income",
        row_id=wage.pk,
        verdict=Verdict.CORRECTED,
        note="民政核对报告",
        found=4_800_000,
    )
    check = make.finish_check(cast, application)
    borne = sum(now(claim).personal_burden for claim in inside)
    assert (check.persons, check.income, check.costs) == (3, 4_800_000, borne)
    legs = {leg["name"]: leg for leg in check.test["legs"]}
    assert set(legs) == {"local", "illness", "not_otherwise_eligible", "income", "after_costs", "property"}
    assert "48000.00 ÷ 3人 = 16000.00" in legs["income"]["formula"].replace(",", "")
    assert legs["income"]["clauses"] == ["S1-02"]
    assert check.test["passed"] is all(leg["passed"] for leg in legs.values())


def test_s1_02_a_failed_leg_stops_the_approval(cast):
    person = make.make_applicant(cast.township, "illness_poverty")
    application = make.accept(cast, make.register(cast, person, category="illness_poverty"))
    check = make.finish_check(cast, application, figures.Facts(True, True, False))
    assert check.test["passed"] is False
    assert [leg["name"] for leg in check.test["legs"] if not leg["passed"]][-1] == "property"
    with pytest.raises(Refused, match="没有全部满足"):
        make.approve(cast, application)
    make.reject(cast, application)


def test_what_was_stated_is_checked_row_by_row(cast):
    application = make.register(cast)
    field = economy.add_property(
        actor=cast.clerk, application_id=application.pk, kind=PropertyKind.HOUSE, description="砖瓦房三间"
    )
    application = make.accept(cast, application)
    with pytest.raises(NotAllowed):
        economy.add_income(actor=cast.clerk, application_id=application.pk, kind=IncomeKind.WAGE, amount=1)
    with pytest.raises(Refused, match="依据"):
        economy.verify(
            actor=cast.worker,
            application_id=application.pk,
            what="property",
            row_id=field.pk,
            verdict="confirmed",
            note="",
        )
    economy.verify(
        actor=cast.worker,
        application_id=application.pk,
        what="property",
        row_id=field.pk,
        verdict=Verdict.CONFIRMED,
        note="入户查看",
    )
    field.refresh_from_db()
    assert (field.verdict, field.checked_by, field.check_note) == ("confirmed", cast.worker, "入户查看")
    with pytest.raises(Refused, match="不能删除"):
        economy.remove(actor=cast.worker, application_id=application.pk, what="property", row_id=field.pk)


# --- S1-19 --------------------------------------------------------------------------------------------------------
def test_s1_19_claims_settle_from_the_day_of_the_approval(cast):
    """A subsistence-margin person's claim is settled as nobody's before, and under the category after it."""
    person = make.make_applicant(cast.township, "subsistence_margin")
    claim = record(person, "2023-06-01", 30_000, 15_000)
    before = now(claim)
    assert (before.category, before.assistance) == ("none", 0)
    application = make.reviewing(cast, make.register(cast, person))
    make.approve(cast, application, valid_from=date(2023, 6, 1))
    assert [a.category for a in eligibility.approvals_of([person.pk])[person.pk]] == ["subsistence_margin"]
    settle_person_year(person_id=person.pk, year=2023, actor=None)
    after = now(claim)
    assert after.category == "subsistence_margin" and after.assistance > 0
    assert now(record(person, "2023-05-20", 20_000, 8_000)).category == "none"  # before the first day


def test_a_back_dated_approval_tells_who_keeps_settled_claims(cast, monkeypatch):
    told: list[Change] = []
    monkeypatch.setattr("beneficiaries.changes._receivers", [told.append])
    application = make.reviewing(cast, make.register(cast))
    made = make.approve(cast, application, valid_from=date(2023, 5, 20))
    assert [(one.cause, one.reference, tuple(one.params)) for one in told] == [
        ("approval", f"decision:{made.pk}", (application.person_id, date(2023, 5, 20)))
    ]


def test_s1_19_eligibility_needs_the_category_and_a_day_after_the_application(cast):
    person = make.make_applicant(cast.township)
    application = make.reviewing(cast, make.register(cast, person, category="marginal_risk"))
    with pytest.raises(Refused, match="没有登记"):
        make.approve(cast, application)
    make_spell(person, "marginal_risk", "2023-07-01", department="rural_revitalization")
    with pytest.raises(Refused, match="没有登记"):
        make.approve(cast, application, valid_from=date(2023, 6, 30))
    with pytest.raises(Refused, match="申请日期与今天之间"):
        make.approve(cast, application, valid_from=date(2023, 5, 9))
    assert make.approve(cast, application, valid_from=date(2023, 7, 1)).valid_from == date(2023, 7, 1)


# --- amounts ------------------------------------------------------------------------------------------------------
@pytest.fixture
def guangxi(law):
    make.make_township("451002100000")
    return make.Cast(county="451002000000", township="451002100000")


def test_s3_13_top_up_by_the_engine_s_formula(guangxi):
    """In scope 100,000 inpatient: brought to 90 % by what is missing, and only once."""
    person = make.make_applicant(guangxi.township, "marginal_risk")
    claim = record(person, "2023-03-01", 100_000, 20_000)
    paid = claim.basic_paid + now(claim).cii_paid + now(claim).assistance
    application = make.accept(guangxi, make.register(guangxi, person, rule="top_up"))
    check = make.finish_check(guangxi, application)
    assert check.entitled == 9_000_000 - paid > 0
    assert [line["clauses"] for line in check.lines] == [["S3-13"]] * len(check.lines)
    with pytest.raises(Refused, match="超过可核定"):
        make.approve(guangxi, application, amount=check.entitled + 1)
    made = make.approve(guangxi, application, amount=check.entitled)
    assert (made.clauses, made.amount) == (["S3-13"], check.entitled)
    second = make.accept(guangxi, make.register(guangxi, person, rule="top_up"))
    again = make.finish_check(guangxi, second)
    assert again.entitled == 0
    assert [one["code"] for one in again.findings][:2] == ["categories", "double"]


def test_what_another_application_got_meanwhile_counts(guangxi):
    person = make.make_applicant(guangxi.township, "marginal_risk")
    record(person, "2023-03-01", 100_000, 20_000)
    one, two = (make.reviewing(guangxi, make.register(guangxi, person, rule="top_up")) for _ in range(2))
    amount = checking.current_check(one).entitled
    make.approve(guangxi, one, amount=amount)
    with pytest.raises(Refused, match="超过可核定"):
        make.approve(guangxi, two, amount=amount)


def test_above_the_amount_set_the_panel_is_asked_first(guangxi):
    person = make.make_applicant(guangxi.township, "marginal_risk")
    record(person, "2023-03-01", 600_000, 100_000)
    application = make.reviewing(guangxi, make.register(guangxi, person, rule="top_up"))
    assert checking.current_check(application).entitled > 5_000_000
    with pytest.raises(Refused, match="须先会商"):
        make.approve(guangxi, application, amount=5_000_100)
    make.all_agree(guangxi, make.convene(guangxi, application, 5_500_000))
    assert make.approve(guangxi, application, amount=5_500_000).amount == 5_500_000


def test_s0_13_the_stably_out_of_poverty_on_application_until_2025(shannan):
    person = make.make_applicant(shannan.township, "exited_poverty")
    claim = record(person, "2023-03-01", 60_000, 30_000)
    assert now(claim).assistance == 0
    application = make.reviewing(shannan, make.register(shannan, person, rule="stable"))
    check = checking.current_check(application)
    assert check.entitled == now(claim).in_scope_burden > 0
    assert "原文未定公式" in check.lines[-1]["formula"]
    assert make.approve(shannan, application, amount=2_000_000).clauses == ["S0-13"]
    with pytest.raises(Refused, match="没有规定这一申请事项"):
        make.register(shannan, person, rule="stable", applied_on=date(2026, 1, 1))


def test_s0_13_nobody_else_is_entitled(shannan):
    person = make.make_applicant(shannan.township, "subsistence")
    record(person, "2023-03-01", 60_000, 30_000)
    application = make.reviewing(shannan, make.register(shannan, person, rule="stable"))
    assert checking.current_check(application).entitled == 0


def test_s4_05_decided_amount_goes_by_the_panel(law):
    make.make_township("140522100000")
    yangcheng = make.Cast(county="140522000000", township="140522100000")
    person = make.make_applicant(yangcheng.township, "subsistence")
    application = make.reviewing(yangcheng, make.register(yangcheng, person, rule="decided"))
    assert checking.current_check(application).entitled is None
    make.all_agree(yangcheng, make.convene(yangcheng, application, 800_000))
    assert make.approve(yangcheng, application, amount=800_000).clauses == ["S4-05"]


# --- comparison with the register ---------------------------------------------------------------------------------
def test_the_register_is_compared(cast):
    person = make.make_applicant(cast.township, "subsistence")
    son = make.make_applicant(cast.township, "subsistence_margin", name="宝力道")
    home_of(person, son)
    type(person).objects.filter(pk=person.pk).update(deceased_on=date(2023, 5, 12))
    person.refresh_from_db()
    make.register(cast, person, category="subsistence_margin")
    make.register(cast, son)
    application = make.register(cast, person, category="subsistence_margin")
    economy.add_member(actor=cast.clerk, application_id=application.pk, name="无名氏", relation="母")
    found = comparing.findings_of(make.fresh(application))
    assert [one["code"] for one in found] == ["categories", "double", "household", "deceased", "unknown_member"]
    said = " ".join(comparing.say(one) for one in found)
    for word in (
        "低保对象",
        "不在本事项的适用人员",
        "另有申请",
        "宝力道一年内申请过",
        "已登记死亡（2023-05-12）",
        "无名氏",
    ):
        assert word in said


# --- questions ----------------------------------------------------------------------------------------------------
def test_a_department_s_answer_certifies_and_starts_the_clock(cast):
    person = make.make_applicant(cast.township)
    application = make.accept(cast, make.register(cast, person, category="illness_poverty"))
    due = application.due_on
    question = checking.ask(
        actor=cast.worker, application_id=application.pk, department=Department.CIVIL_AFFAIRS, text="是否认定"
    )
    assert make.fresh(application).due_on is None
    with pytest.raises(Refused, match="民政"):
        make.finish_check(cast, application)
    with pytest.raises(Refused, match="不由该部门认定"):
        checking.answer(
            actor=cast.liaison,
            question=question,
            text="同意",
            category="marginal_risk",
            certified_from=DAY,
        )
    checking.answer(
        actor=cast.liaison,
        question=question,
        text="已认定",
        category="illness_poverty",
        certified_from=DAY,
    )
    assert CategorySpell.objects.get(person=person).category == "illness_poverty"
    assert make.fresh(application).due_on == due
    with pytest.raises(Refused, match="已经答复"):
        checking.answer(actor=cast.liaison, question=question, text="再答")


def test_a_liaison_sees_and_answers_only_the_own_department_s_questions(cast):
    from assistance.models import Application, Question

    application = make.accept(cast, make.register(cast))
    other = checking.ask(
        actor=cast.worker, application_id=application.pk, department=Department.RURAL_REVITALIZATION, text="是否监测"
    )
    assert not cast.liaison.visible(Question).exists() and not cast.liaison.visible(Application).exists()
    with pytest.raises(NotAllowed):
        checking.answer(actor=cast.liaison, question=other, text="不是")
    checking.answer(actor=cast.worker, question=other, text="书面答复：不是监测对象")


# --- intake -------------------------------------------------------------------------------------------------------
def test_s2_12_missing_papers_by_name_with_a_day(cast):
    from django.utils import timezone

    application = make.register(cast)
    labels = [one.label for one in application.papers.all()]
    assert "诊断证明或出院小结" in labels
    with pytest.raises(Refused, match="诊断证明或出院小结"):
        registering.submit(actor=cast.clerk, application_id=application.pk, seen=application.revision)
    day = timezone.localdate()
    for paper in application.papers.all():
        if paper.label == "诊断证明或出院小结":
            registering.set_paper(actor=cast.clerk, paper=paper, promised_on=day)
        elif paper.label == "身份证或户口簿":
            registering.add_paper(
                actor=cast.clerk, application_id=application.pk, label=paper.label, name="证.png", content=make.png()
            )
        else:
            registering.set_paper(actor=cast.clerk, paper=paper, original_seen=True)
    application = registering.submit(actor=cast.clerk, application_id=application.pk, seen=application.revision)
    assert application.state == State.SUBMITTED
    assert application.steps.first().data["promised"] == [["诊断证明或出院小结", day.isoformat()]]
    lacking, promised = registering.missing(application)
    assert ([*lacking], [one.label for one in promised]) == ([], ["诊断证明或出院小结"])


def test_a_file_of_another_kind_is_no_paper(cast):
    application = make.register(cast)
    with pytest.raises(Refused, match="PDF、JPG或PNG"):
        registering.add_paper(
            actor=cast.clerk, application_id=application.pk, label="身份证", name="身份证.pdf", content=b"MZ\x90"
        )


def test_an_applicant_of_another_township_is_refused(cast):
    with pytest.raises(NotAllowed, match="管辖"):
        make.register(cast, make_person(region="150522000000"))


def test_a_clerk_registers_a_new_person_of_the_own_township_only(cast):
    from accounts.models import Region
    from tests.claims.makers import identity_number

    region = Region.objects.get(pk=cast.township)
    person = registering.register_applicant(actor=cast.clerk, id_number=identity_number(), name="新来的", region=region)
    assert person.region == region
    with pytest.raises(NotAllowed, match="本辖区"):
        registering.register_applicant(
            actor=cast.clerk, id_number=identity_number(), name="外来的", region=Region.objects.get(pk="150522000000")
        )


def test_consent_and_reason_are_needed(cast):
    with pytest.raises(Refused, match="授权"):
        make.register(cast, consent=False)
    with pytest.raises(Refused, match="理由"):
        make.register(cast, reason="  ")


def test_decisions_of_eligibility_pay_nothing(cast):
    application = make.reviewing(cast, make.register(cast))
    made = make.approve(cast, application)
    assert (made.outcome, made.amount) == (Decision.Outcome.APPROVED, 0)
    assert deciding.current_check(application).proposed is None
