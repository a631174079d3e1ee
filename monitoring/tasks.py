"""Scans and pushes on the worker: a scan is one task per prefecture, on as many workers as there are."""

import logging
from datetime import date, timedelta

from celery import group, shared_task
from django.utils import timezone

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job, Region, User
from monitoring import services
from monitoring.books.services import remind_all
from monitoring.figures.services import count_figures
from monitoring.models import Scan
from monitoring.projection.services import check, project
from monitoring.recheck.services import recheck
from policies.engine import EngineError

logger = logging.getLogger(__name__)


@shared_task(name=services.SCAN)
def scan(scan_id: int) -> None:
    """Starts the counties that are not done yet."""
    found = Scan.objects.select_related("region").get(pk=scan_id)
    left = services.batches_left(found)
    if not left:
        services.finish_scan(scan_id=scan_id)
    else:
        group(scan_counties.s(scan_id, codes) for codes in left).delay()


@shared_task(name="monitoring.scan_counties")
def scan_counties(scan_id: int, codes: list[str]) -> None:
    """The counties of a prefecture; whoever is last sums up. A missing figure ends the job: a person must act."""
    found = Scan.objects.select_related("actor").get(pk=scan_id)
    if found.finished_at:
        return
    with acting(found.actor, "task scan_counties"):
        try:
            services.scan_counties(scan_id=scan_id, codes=codes)
            services.finish_scan(scan_id=scan_id)
        except EngineError as error:
            services.note_failure(scan_id=scan_id, reason=str(error))
        except Exception as error:
            services.note_failure(scan_id=scan_id, reason=str(error))
            raise


@shared_task(name=services.PROJECT)
def project_scan(scan_id: int) -> int:
    """Marks who will cross a line within a month, after the rule was held against last year; how many are marked."""
    found = Scan.objects.select_related("region").get(pk=scan_id)
    try:
        check(region=found.region, year=found.on.year - 1)
        return project(region=found.region, on=found.on)
    except EngineError as error:
        logger.warning("projection of %s: %s", found, error)  # the scan itself has said so to a person
        return 0


@shared_task(name=services.PUSH)
def push(region_code: str, month: str, job_id: int) -> None:
    """Closes the month's list; a second run of the same task finds it closed."""
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    try:
        with acting(job.actor, "task push_warnings"), running(job_id) as progress:
            services.push_warnings(
                region=Region.objects.get(pk=region_code),
                month=date.fromisoformat(month),
                actor=job.actor,
                progress=progress,
            )
    except services.MonitoringError:
        return  # the job says why


@shared_task(name="monitoring.monthly_scan")
def monthly_scan() -> None:
    """On the first of a month: scans every region that has a version with warnings, as of yesterday."""
    yesterday = timezone.localdate() - timedelta(days=1)
    system: User | None = None
    for region in services.regions_with_warnings(yesterday):
        try:
            services.start_scan(region=region, on=yesterday, actor=system, url="")
        except services.MonitoringError as error:
            logger.warning("monthly scan of %s: %s", region.pk, error)


@shared_task(name="monitoring.recheck")
def nightly_recheck() -> int:
    """Settles a sample of years again; how many differ or fail."""
    run = recheck()
    return run.different + run.failed


@shared_task(name="monitoring.figures")
def nightly_figures() -> int:
    """Counts the month's figures of every region; how many."""
    return count_figures()


@shared_task(name="monitoring.remind")
def morning_reminders() -> int:
    """Reminds departments whose answers are overdue; how many."""
    with acting(None, "task remind"):
        return remind_all()
