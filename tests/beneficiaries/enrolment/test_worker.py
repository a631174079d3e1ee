"""A worker that is killed while it computes leaves whole counties; a second run completes the rest."""

import pytest
from django.db import connection

from accounts.models import Job, Level, Region
from accounts.vocabulary import Role
from beneficiaries.enrolment import services
from beneficiaries.enrolment.models import Enrolment
from policies.services import load_documents
from tests.beneficiaries.enrolment.people import person
from tests.factories import make_regions, make_user
from tests.worker import wait_until

pytestmark = pytest.mark.worker
FIRST, SECOND = "150521", "150522"
EACH = 3


def computed(county: str) -> int:
    return Enrolment.objects.filter(region_id__startswith=county).exclude(computed_at=None).count()


def test_killed_while_it_computes(workers):
    """A row of the second county is locked from outside, so that the worker dies in its transaction."""
    make_regions()
    Region.objects.get_or_create(code=f"{SECOND}000000", defaults={"name": "后旗", "level": Level.COUNTY})
    load_documents(actor=None)
    for county in (FIRST, SECOND):
        for _n in range(EACH):
            last = person("subsistence", region=f"{county}000000")
    held = Enrolment.objects.create(person=last, region_id=last.region_id, year=2023)
    actor, city = make_user(Role.CASE_WORKER), Region.objects.get(code="150500000000")
    doomed = workers()
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM beneficiaries_enrolment WHERE id = %s FOR UPDATE", [held.pk])
        services.start_computing(actor=actor, region=city, year=2023, url="/")
        wait_until(lambda: computed(FIRST) == EACH, what="first county not computed")
        doomed.kill()
    other.rollback()
    other.close()
    assert (computed(FIRST), computed(SECOND)) == (EACH, 0)

    workers()
    again = services.start_computing(actor=actor, region=city, year=2023, url="/")
    wait_until(lambda: Job.objects.get(pk=again.pk).state == Job.State.DONE, what="not completed")
    assert (computed(FIRST), computed(SECOND)) == (EACH, EACH)
    assert Enrolment.objects.get(pk=held.pk).fund == 15750
