"""Run a trial: read the claims once, settle them under both texts in memory, keep the difference.

The reading and settling happen in a transaction that the database itself keeps from writing; only the results are
written afterwards. A trial may be killed and run again.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from celery import current_app
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Region, User
from claims.trials import figures as found_in
from claims.trials import writing
from claims.trials.models import TrialRun
from claims.trials.reading import StoredClaims, read_claims, read_spells
from claims.trials.texts import Figures, Text, TrialRefused, text_of
from policies import selectors as law
from policies.engine.batch import SpellArrays
from policies.models import PolicyVersion

RUN = "claims.run_trial"  # the task (claims.trials.tasks)
SLICE: Final = 250_000  # claims settled at once
_THREADS: Final = 2


def run_trial(
    *,
    actor: User | None,
    version: PolicyVersion,
    baseline: PolicyVersion | None,
    region: Region,
    year: int,
    progress: Progress = no_progress,
) -> TrialRun:
    """Settle the claims of the region and year under `version` and under `baseline` (None: the law in force).

    `version` governs the whole year, whatever its dates. Replaces the result of the same pair, region and year.
    Changes nothing else. Raises TrialRefused.
    """
    run = _begin(actor, version, baseline, region, year)
    return perform(run_id=run.pk, progress=progress)


def start_trial(
    *, actor: User | None, version: PolicyVersion, baseline: PolicyVersion | None, region: Region, year: int
) -> TrialRun:
    """As `run_trial`, on the workers; the run's job shows the progress. Raises TrialRefused."""
    with transaction.atomic():
        run = _begin(actor, version, baseline, region, year)
        title = _("试算 %(version)s · %(region)s · %(year)s 年") % {
            "version": version.name,
            "region": region.name,
            "year": year,
        }
        run.job = create_job(
            kind="trial", title=title, region=region, actor=actor, url=reverse("trials:run", args=[run.pk])
        )
        run.save(update_fields=["job"])
        job_id = run.job.pk
        transaction.on_commit(lambda: current_app.send_task(RUN, args=[run.pk, job_id]))
    return run


def _begin(
    actor: User | None, version: PolicyVersion, baseline: PolicyVersion | None, region: Region, year: int
) -> TrialRun:
    """The row of the pair, its earlier result set aside."""
    if actor is not None and not actor.may(Act.POLICY_DRAFT):
        raise TrialRefused(_("您的角色不能试算政策；请由政策管理人员办理。"))
    if actor is not None and not region.code.startswith(actor.region_prefix):
        raise TrialRefused(_("%(region)s不在您的管辖范围内；请选择本地区。") % {"region": region.name})
    if baseline is not None and baseline.pk == version.pk:
        raise TrialRefused(_("试算版本与对照版本相同；请选择另一个对照版本，或者与现行政策对照。"))
    if not 2000 <= year <= timezone.localdate().year:
        raise TrialRefused(_("没有 %(year)s 年的费用；请填写今年或以前的年度。") % {"year": year})
    with transaction.atomic():
        values: dict[str, Any] = {"actor": actor, "started_at": timezone.now()}
        values |= {"finished_at": None, "job": None, "summary": {}}
        run, _new = TrialRun.objects.update_or_create(
            version=version, baseline=baseline, region=region, year=year, defaults=values
        )
    return run


def perform(*, run_id: int, job_id: int | None = None, progress: Progress = no_progress) -> TrialRun:
    """Do the work of a run that has begun. A run that was started anew in between keeps the later start's result."""
    run = _current(run_id, job_id)
    if run is None or run.finished_at:
        return run or TrialRun.objects.get(pk=run_id)
    with reading_only():
        run.version_sha256 = run.version.sha256
        run.baseline_sha256 = run.baseline.sha256 if run.baseline else ""
        totals, problems, run.figures_sha256 = compute(
            version=run.version, baseline=run.baseline, region=run.region, year=run.year, progress=progress
        )
    progress(_("写入结果"), 0, 1)
    with transaction.atomic():
        held = TrialRun.objects.select_for_update(no_key=True).get(pk=run_id)
        if job_id is not None and held.job_id != job_id:
            return held
        return writing.write(run, totals, problems)


def _current(run_id: int, job_id: int | None) -> TrialRun | None:
    """The run, unless a later start has taken it over."""
    found = TrialRun.objects.select_related("version", "baseline", "region")
    run = found.defer("version__body", "baseline__body").get(pk=run_id)
    return run if job_id is None or run.job_id == job_id else None


@contextmanager
def reading_only() -> Iterator[None]:
    """One snapshot in which the database refuses every write (inside a test's transaction: as that one is)."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Straight to the driver: the audit's wrapper would put a statement before it, and this must be the first.
            cursor.cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def compute(
    *,
    version: PolicyVersion,
    baseline: PolicyVersion | None,
    region: Region,
    year: int,
    progress: Progress = no_progress,
) -> tuple[found_in.Totals, list[str], str]:
    """The figures, what could not be settled and why, and the hash of the parameters used. Reads only."""
    low, high = region.prefix.ljust(12, "0"), region.prefix.ljust(12, "9")
    claims = read_claims(low, high, year, progress)
    if not claims.own:
        raise TrialRefused(
            _("%(region)s %(year)s 年还没有费用，无从试算；请换一个年度或地区，或先导入费用。")
            % {"region": region.name, "year": year}
        )
    in_force = list(PolicyVersion.objects.filter(state__in=law.IN_FORCE).defer("body"))
    parameters = Figures()
    before = text_of(baseline, claims, year, in_force, parameters)
    after = text_of(version, claims, year, in_force, parameters)
    progress(_("读取人员类别"), 0, 0)
    tables = [table for text in (before, after) for table in text.tables]
    on_application = {code for table in tables for code in table.document.categories.on_application}
    spells = read_spells(low, high, year, claims.person_ids, on_application)
    totals = _totals(claims, year)
    for part in _settled(claims, (before, after), spells, progress):
        found_in.add_slice(totals, part, claims.person_ids)
    problems = list(dict.fromkeys([*before.problems, *after.problems]))
    if not totals.claims:
        raise TrialRefused(problems[0] if problems else _no_law(region, year))
    return totals, problems, parameters.sha256


def _settled(
    claims: StoredClaims, texts: tuple[Text, Text], spells: SpellArrays, progress: Progress
) -> Iterator[found_in.Slice]:
    """The claims settled, part by part in order; some parts are settled beside the one that is being added."""
    parts = claims.parts(SLICE)
    ahead: deque[Future[found_in.Slice]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for at, (first, after) in enumerate(parts):
            columns = claims.columns(first, after)
            ahead.append(pool.submit(found_in.settled_slice, columns, spells, texts))
            if len(ahead) > _THREADS:
                yield ahead.popleft().result()
                progress(_("试算"), at, len(parts))
        while ahead:
            yield ahead.popleft().result()
    progress(_("试算"), len(parts), len(parts))


def _no_law(region: Region, year: int) -> str:
    return _("%(region)s %(year)s 年没有已发布的政策，无从对照；请选择一个对照版本。") % {
        "region": region.name,
        "year": year,
    }


def _totals(claims: StoredClaims, year: int) -> found_in.Totals:
    counties = sorted({code // 10**6 for code in claims.regions(own=True)})
    totals = found_in.Totals(counties=counties, first_day=date(year, 1, 1).toordinal())
    totals.start()
    return totals
