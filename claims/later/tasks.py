"""Cases of many years and the run at year end on the worker; run twice they do nothing more."""

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job
from claims.later import services


@shared_task(name=services.TASK)
def resettle(case_id: int, job_id: int) -> None:
    """Computes or books the case, as its state says."""
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    with acting(job.actor, "task resettle"), running(job_id) as progress:
        services.perform(case_id=case_id, actor=job.actor, progress=progress)
