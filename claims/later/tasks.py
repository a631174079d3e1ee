"""Cases of many years and the run at year end on the worker; run twice they do nothing more."""

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job, Region
from claims.later import services
from claims.later.year_end import run_year_end
from policies.models import PolicyVersion


@shared_task(name=services.TASK)
def resettle(case_id: int, job_id: int) -> None:
    """Computes or books the case, as its state says."""
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    with acting(job.actor, "task resettle"), running(job_id) as progress:
        services.perform(case_id=case_id, actor=job.actor, progress=progress)


@shared_task(name=services.VERSION_TASK)
def version_published(version_id: int) -> int:
    """Years that another text settled wait for a case under a version with a past date; how many."""
    version = PolicyVersion.objects.defer("body").get(pk=version_id)
    with acting(None, "task version_published"):
        return services.record_version(actor=None, version=version)


@shared_task(name=services.YEAR_END_TASK)
def year_end(region_id: str, year: int, job_id: int) -> None:
    """The run at year end; killed and run again it goes on where it stopped."""
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    with acting(job.actor, "task year_end"), running(job_id) as progress:
        run_year_end(actor=job.actor, region=Region.objects.get(pk=region_id), year=year, progress=progress)
