"""Two files of one person become one: applications, household members and payments follow, and come back."""

import pytest

from accounts.vocabulary import Role
from assistance.errors import Refused
from assistance.models import HouseholdMember
from assistance.selectors import comparing, figures
from assistance.services import checking
from beneficiaries.merging import services as merging
from claims import eligibility
from claims.fund.models import PaymentOrder
from tests.assistance import makers as make
from tests.assistance.test_paying import ACCOUNT, give_budget, order
from tests.claims.makers import make_person, record


def merged(cast, kept, gone):
    worker = cast._user(Role.CASE_WORKER, name="merges")
    proposed = merging.propose_merge(actor=worker, kept=kept, gone=gone, reason="同一人两份档案")
    return merging.confirm_merge(actor=cast.reviewer, merge=proposed)


def test_an_approved_eligibility_follows_and_comes_back(cast):
    gone = make.make_applicant(cast.township, "subsistence_margin", name="乌日娜")
    kept = make_person(region=cast.township, name="乌日娜")
    application = make.reviewing(cast, make.register(cast, gone))
    make.approve(cast, application)
    merge = merged(cast, kept, gone)
    application = make.fresh(application)
    assert application.person == kept and application.members.get().person == kept
    assert [one.category for one in eligibility.approvals_of([kept.pk])[kept.pk]] == ["subsistence_margin"]
    assert not eligibility.approvals_of([gone.pk])
    # A second application of the one person is a double now.
    again = make.register(cast, kept, category="subsistence_margin")
    assert "double" in [one["code"] for one in comparing.findings_of(make.fresh(again))]
    with pytest.raises(merging.MergeBlocked, match="救助申请"):
        merging.undo_merge(actor=cast.reviewer, merge=merge, reason="确为两人")


def test_undone_the_applications_are_whose_they_were(cast):
    gone = make.make_applicant(cast.township, "subsistence_margin")
    kept = make.make_applicant(cast.township, "subsistence_margin")
    mine, theirs = make.register(cast, kept), make.register(cast, gone)
    merge = merged(cast, kept, gone)
    assert set(kept.applications.all()) == {mine, theirs}
    merging.undo_merge(actor=cast.reviewer, merge=merge, reason="确为两人")
    assert (list(kept.applications.all()), list(gone.applications.all())) == ([mine], [theirs])
    assert HouseholdMember.objects.get(application=theirs).person == gone


def test_two_files_in_one_household_count_as_one_head(cast):
    """Both stood among the members: income per head must not be shared with somebody who is not there."""
    person = make.make_applicant(cast.township, "subsistence_margin")
    twin = make_person(region=cast.township, name="其其格")
    record(twin, "2023-02-01", 9_000)
    application = make.accept(cast, make.register(cast, person))
    HouseholdMember.objects.create(application=application, person=twin, name=twin.name, relation="女")
    assert figures.work_out(application, make.FACTS).persons == 2
    before = figures.work_out(application, make.FACTS).costs
    merged(cast, person, twin)
    after = checking.preview(make.fresh(application), make.FACTS)
    assert (after.persons, after.costs) == (1, before) and before > 0


def test_what_was_granted_to_either_file_counts_for_the_one(law):
    make.make_township("451002100000")
    cast = make.Cast(county="451002000000", township="451002100000")
    gone = make.make_applicant(cast.township, "marginal_risk")
    record(gone, "2023-03-01", 100_000, 20_000)
    granted = make.reviewing(cast, make.register(cast, gone, rule="top_up"))
    amount = checking.current_check(granted).entitled
    make.approve(cast, granted, amount=amount)
    kept = make_person(region=cast.township)
    merged(cast, kept, gone)
    again = make.reviewing(cast, make.register(cast, kept, rule="top_up"))
    with pytest.raises(Refused, match="超过可核定"):
        make.approve(cast, again, amount=amount)


def test_an_ordered_payment_stays_one_payment(shannan):
    application = make.approved_case(shannan)
    gone = application.person
    type(gone).objects.filter(pk=gone.pk).update(bank_account=ACCOUNT, bank_name="农业银行")
    give_budget(shannan)
    order(shannan, application)
    kept = make_person(region=shannan.township)
    merged(shannan, kept, gone)
    assert PaymentOrder.objects.get().person == kept
    with pytest.raises(Refused, match="不能再次拨付"):
        order(shannan, application)
    assert PaymentOrder.objects.count() == 1
