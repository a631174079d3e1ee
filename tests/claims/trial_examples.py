"""Example trials for the walk over all addresses (`tests/url_examples.py`)."""

from typing import Any

from accounts.models import Region
from claims.trials.models import TrialRun
from claims.trials.services import run_trial
from policies.models import PolicyVersion
from tests.claims import examples

PLACES = {False: ("150500000000", "shannan-2022"), True: ("370800000000", "tongliao-2023")}


def trial(foreign: bool) -> dict[str, Any]:
    """Another region's text tried on the claims of the example."""
    examples.claim(foreign)
    code, name = PLACES[foreign]
    version = PolicyVersion.objects.get(name=name)
    found = TrialRun.objects.filter(version=version, region_id=code, finished_at__isnull=False).first()
    run = found or run_trial(actor=None, version=version, baseline=None, region=Region.objects.get(pk=code), year=2023)
    return {"pk": run.pk}


EXAMPLES = {"trials:run": trial, "trials:people": trial}
