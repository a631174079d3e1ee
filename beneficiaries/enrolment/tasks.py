"""Enrolment on the worker."""

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job, Region
from beneficiaries.enrolment import following, services
from beneficiaries.enrolment.errors import EnrolmentError
from exchange.models import InboundFile


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


@shared_task(name=following.FOLLOW_FILE)
def follow_file(file_id: int) -> None:
    """What a roster changed of people's years; a second run writes nothing."""
    file = InboundFile.objects.select_related("region", "confirmed_by").filter(pk=file_id).first()
    if file:
        with acting(file.confirmed_by, "task follow_file"):
            following.follow_file(file=file)


@shared_task(name=following.FOLLOW_PERSONS)
def follow_persons(persons: list[int], first: int) -> None:
    """What a corrected category changed of their years."""
    with acting(None, "task follow_persons"):
        following.follow_persons(persons=persons, first=first)
