"""Scans and pushes on a real worker: counties in parallel, progress, failures that a person can read, the schedule."""

from datetime import date

import pytest
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from accounts.models import Job, Region
from accounts.vocabulary import Role
from config.celery import app
from exchange.models import Delivery
from monitoring import schedule, services, tasks
from monitoring.models import BurdenWarning, Scan
from policies.models import PolicyParameter
from policies.services import load_documents
from tests.factories import CITY, make_regions, make_user
from tests.monitoring.makers import COUNTY, DAY, make_warned, number
from tests.worker import wait_until


def city() -> Region:
    return Region.objects.get(code=CITY)


def ended(job_id):
    wait_until(lambda: Job.objects.get(pk=job_id).ended, 40, "the job did not end")
    return Job.objects.get(pk=job_id)


@pytest.mark.worker
def test_a_scan_runs_county_by_county_on_the_worker_then_the_push(worker):
    make_regions()
    load_documents(actor=None)
    for at, county in enumerate((COUNTY, "150502000000", "150581000000")):
        make_warned(number(at + 1), 30000, region=county)
    user = make_user(Role.CASE_WORKER)
    scan = services.start_scan(region=city(), on=DAY, actor=user, url=reverse("monitoring:scans"))
    job = ended(scan.job_id)
    done = Scan.objects.get()
    assert (job.state, job.done, job.total) == (Job.State.DONE, 9, 9)
    assert done.finished_at and done.counts["raised"] == 3
    assert done.parts.count() == 9
    job = services.start_push(region=city(), month=DAY.replace(day=1), actor=user, url="/")
    assert ended(job.pk).state == Job.State.DONE
    assert sorted(Delivery.objects.values_list("rows", flat=True)) == [3, 3]


@pytest.mark.worker
def test_a_missing_figure_ends_the_job_with_its_sentence_and_the_scan_goes_on_later(worker):
    make_regions()
    load_documents(actor=None)
    make_warned(number(1), 30000)
    figure = PolicyParameter.objects.get(policy="tongliao", key="income_rural_city", year=2022)
    PolicyParameter.objects.filter(pk=figure.pk).delete()
    scan = services.start_scan(region=city(), on=DAY, actor=None, url="")
    job = ended(scan.job_id)
    assert job.state == Job.State.FAILED
    assert "2022" in job.message
    figure.pk = None
    figure.save(force_insert=True)
    again = services.start_scan(region=city(), on=DAY, actor=None, url="")
    assert again.pk == scan.pk
    assert ended(again.job_id).state == Job.State.DONE
    assert BurdenWarning.objects.count() == 1


@pytest.mark.worker
def test_a_push_without_a_scan_ends_in_words(worker):
    make_regions()
    load_documents(actor=None)
    job = services.start_push(region=city(), month=date(2023, 5, 1), actor=make_user(Role.CASE_WORKER), url="/")
    done = ended(job.pk)
    assert done.state == Job.State.FAILED
    assert "还没有扫描" in done.message


def test_the_monthly_scan_covers_every_region_with_warning_lines(law, monkeypatch):
    started = []
    monkeypatch.setattr(services, "start_scan", lambda **more: started.append((more["region"].pk, more["on"])))
    monkeypatch.setattr(tasks.timezone, "localdate", lambda: date(2023, 6, 1))
    tasks.monthly_scan()
    assert sorted(code for code, _ in started) == ["150500000000", "370800000000", "450000000000", "540500000000"]
    assert {on for _, on in started} == {date(2023, 5, 31)}


def test_the_beat_sweeps_and_scans(db):
    entries = {entry.task: entry for entry in PeriodicTask.objects.all()}
    sweep, monthly = entries["exchange.sweep_deliveries"], entries["monitoring.monthly_scan"]
    assert (sweep.interval.every, sweep.interval.period, sweep.expire_seconds) == (30, "seconds", 25)
    assert (monthly.crontab.day_of_month, str(monthly.crontab.timezone)) == ("1", "Asia/Shanghai")
    app.loader.import_default_modules()
    assert {sweep.task, monthly.task} <= set(app.tasks)


def test_what_an_administrator_switched_off_stays_off(db):
    PeriodicTask.objects.filter(name=schedule.SCAN).update(enabled=False)
    schedule.ensure()
    assert PeriodicTask.objects.filter(name=schedule.SCAN).values_list("enabled", flat=True).get() is False
    assert PeriodicTask.objects.filter(name=schedule.SWEEP).count() == 1
