"""Enrolment on the worker."""

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job, Region
from beneficiaries.enrolment import services
from beneficiaries.enrolment.errors import EnrolmentError


@shared_task(name=services.COMPUTE)
def compute_region(region_id: str, year: int, job_id: int) -> None:
    """A region's year; a second run of the same task finds it done, a killed one goes on with what is left."""
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    region = Region.objects.get(pk=region_id)
    try:
        with acting(job.actor, "task compute_region"), running(job_id) as progress:
            services.compute_region(actor=job.actor, region=region, year=year, progress=progress)
    except EnrolmentError:
        return  # the job says why
