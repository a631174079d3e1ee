"""What beat keeps going: the pulse that /readyz looks for, the nightly tidying."""

from celery import shared_task

from config.operations import health, retention


@shared_task(name="config.pulse", ignore_result=True)
def pulse() -> None:
    """Shows that beat sends and a worker takes."""
    health.pulse()


@shared_task(name="config.tidy")
def tidy() -> dict[str, int]:
    """Deletes what has served its time."""
    return retention.tidy()
