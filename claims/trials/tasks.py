"""A trial on the worker; a second run of the same task finds it done, or starts anew."""

from celery import shared_task

from accounts.audit import acting
from accounts.jobs import running
from accounts.models import Job
from claims.trials import services
from claims.trials.texts import TrialRefused


@shared_task(name=services.RUN)
def run_trial(run_id: int, job_id: int) -> None:
    """Performs the run that `start_trial` began; a refusal ends the job with its sentence."""
    job = Job.objects.select_related("actor__organisation__region").get(pk=job_id)
    if job.state == Job.State.DONE:
        return
    try:
        with acting(job.actor, "task run_trial"), running(job_id) as progress:
            services.perform(run_id=run_id, job_id=job_id, progress=progress)
    except TrialRefused:
        return  # the job says why
