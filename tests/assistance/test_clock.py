"""Working days of each step, standing while someone else is waited for."""

from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from django.utils import timezone

from accounts.models import WorkdayOverride
from accounts.workdays import Workdays
from assistance.services import checking, panel, registering
from tests.assistance import makers as make


def on(day: date):
    """As if it were that day at noon."""
    noon = datetime.combine(day, time(12), timezone.get_default_timezone())
    return patch("django.utils.timezone.now", return_value=noon)


# Labour Day 2023: 29 April–3 May off, Saturday 6 May worked.
FRIDAY = date(2023, 4, 28)


def test_deadlines_count_working_days_with_make_up_days_and_overrides(cast):
    WorkdayOverride.objects.create(day=date(2023, 5, 5), working=False, note="那达慕")
    with on(FRIDAY):
        application = make.submit(cast, make.register(cast, applied_on=FRIDAY))
    assert application.due_on == date(2023, 5, 10)  # 4, 6, 8, 9, 10


def test_each_step_has_its_own_days(shannan):
    days = Workdays()
    with on(FRIDAY):
        application = make.submit(shannan, make.register(shannan, rule="case", applied_on=FRIDAY))
        assert application.due_on == days.add(FRIDAY, 5)
        application = checking.accept(actor=shannan.worker, application_id=application.pk, seen=application.revision)
        assert application.due_on == days.add(FRIDAY, 10)
        make.finish_check(shannan, application)
        assert make.fresh(application).due_on == days.add(FRIDAY, 5)


def test_the_decision_s_clock_stands_while_the_panel_meets(shannan):
    with on(date(2023, 5, 8)):
        application = make.reviewing(shannan, make.register(shannan, rule="case", applied_on=date(2023, 5, 8)))
    assert application.due_on == date(2023, 5, 15)
    with on(date(2023, 5, 10)):  # two of five used
        case = make.convene(shannan, application)
        assert make.fresh(application).due_on == date(2023, 5, 24)
    with on(date(2023, 5, 24)):
        for member in shannan.panel.values():
            panel.opine(actor=member, case_id=case.pk, says="agree", text="同意")
    assert make.fresh(application).due_on == date(2023, 5, 29)  # three left: 25, 26, 29


def test_the_check_s_clock_stands_for_the_applicant_and_for_a_department(cast):
    start = date(2023, 5, 8)
    with on(start):
        application = make.accept(cast, make.register(cast, applied_on=start))
        assert application.due_on == date(2023, 5, 22)
    with on(date(2023, 5, 10)):
        question = checking.ask(
            actor=cast.worker, application_id=application.pk, department="civil_affairs", text="是否认定"
        )
        assert make.fresh(application).due_on is None
    with on(date(2023, 6, 5)):
        checking.answer(actor=cast.liaison, question=question, text="是")
        application = make.fresh(application)
        assert application.due_on == date(2023, 6, 15)  # eight of ten were left
        application = registering.send_back(
            actor=cast.worker,
            application_id=application.pk,
            seen=application.revision,
            reason="补诊断",
            mend_by=date(2023, 6, 20),
        )
        assert application.due_on is None
    with on(date(2023, 6, 12)):
        application = registering.submit(actor=cast.clerk, application_id=application.pk, seen=application.revision)
        application = checking.accept(actor=cast.worker, application_id=application.pk, seen=application.revision)
        assert application.due_on == Workdays().add(date(2023, 6, 12), 8)


def test_what_was_late_stays_late(cast):
    start = date(2023, 5, 8)
    with on(start):
        application = make.accept(cast, make.register(cast, applied_on=start))
    with on(date(2023, 5, 24)):  # two working days past the 22nd
        assert make.fresh(application).late_by == 2
        question = checking.ask(
            actor=cast.worker, application_id=application.pk, department="civil_affairs", text="是否认定"
        )
    with on(date(2023, 5, 31)):
        checking.answer(actor=cast.liaison, question=question, text="是")
        assert make.fresh(application).due_on == date(2023, 5, 29)
        assert make.fresh(application).due_on < date(2023, 5, 31) - timedelta(days=1)
