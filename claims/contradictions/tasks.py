"""Contradictions on the worker: every night over the whole country of the site, and when someone asks."""

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job, Region
from claims.contradictions import services


@shared_task(name=services.FIND)
def find_contradictions(region_id: str = "", job_id: int | None = None) -> None:
    """Runs the checks over a region; without one over every province. Running it again changes nothing."""
    if job_id is None:
        regions = Region.objects.filter(pk=region_id) if region_id else Region.objects.filter(parent=None)
        for region in regions:
            with acting(None, "task find_contradictions"):
                services.find(region=region)
        return
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    with acting(job.actor, "task find_contradictions"), running(job_id) as progress:
        services.find(region=Region.objects.get(pk=region_id), progress=progress)
