"""Scans and pushes: what raises warnings and what tells the departments. Feedback comes in through `feedback`."""

import calendar
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.jobs import Progress, create_job, no_progress
from accounts.models import Job, Level, Region, User
from exchange import deliveries
from exchange.models import Delivery, Partner
from monitoring import lines as law
from monitoring.followup.services import open_followups
from monitoring.lists.services import tell_withdrawals, write_lists
from monitoring.models import BurdenWarning, DeliveredWarning, Scan, ScanPart, inside
from monitoring.scan import COUNTS, scan_parts
from monitoring.selectors import STANDING, to_tell
from policies import selectors as policies
from policies.engine.document import Document
from policies.engine.money import format_yuan

State = BurdenWarning.State
logger = logging.getLogger(__name__)
# Names of the tasks (monitoring.tasks), which call the services here.
SCAN, PUSH, PROJECT = "monitoring.scan", "monitoring.push", "monitoring.project"
COLUMNS = (
    "warning_no",
    "id_number",
    "name",
    "region",
    "kind",
    "measure",
    "amount",
    "line",
    "category",
    "phone",
    "raised_on",
)

Row = tuple[object, ...]
# Tens of thousands at once.
_SAID = """
INSERT INTO monitoring_deliveredwarning (delivery_id, warning_id, amount, line, withdrawal)
SELECT %(delivery)s, id, amount, line, false FROM monitoring_burdenwarning WHERE id = ANY(%(ids)s)
"""
# `believed` with it: the trigger of what is said then finds it so, and no row is written twice.
_PUSHED = """
UPDATE monitoring_burdenwarning SET state = CASE state WHEN 'open' THEN 'pushed' ELSE state END, believed = true
WHERE id = ANY(%(ids)s) AND (state = 'open' OR NOT believed)
"""


class MonitoringError(Exception):
    """What stops a scan or a push; `str()` is the Chinese sentence that says what to do."""


def _allowed(actor: User | None, act: Act, region: Region) -> None:
    if actor is not None and not (actor.may(act) and region.code.startswith(actor.region_prefix)):
        raise MonitoringError(_("您的角色不能为%(region)s办理这一项。") % {"region": region.name})


# --- scan ---------------------------------------------------------------------------------------------------------
def scan_region(
    *, region: Region, on: date, actor: User | None, progress: Progress = no_progress, job: Job | None = None
) -> Scan:
    """Scans prefecture by prefecture, each in its own transaction; a scan that broke off goes on where it stopped.

    Idempotent: the same facts give the same warnings. Raises MonitoringError, EngineError (a figure is missing).
    """
    scan = begin_scan(region=region, on=on, actor=actor, job=job)
    total = len(county_codes(region))
    batches = batches_left(scan)
    done = total - sum(map(len, batches))
    places = [codes[0] if len(codes) == 1 else codes[0][:4] for codes in batches]
    names = dict(Region.objects.filter(code__in=[code.ljust(12, "0") for code in places]).values_list("code", "name"))
    for place, codes in zip(places, batches, strict=True):
        progress(_("扫描%(place)s") % {"place": names.get(place.ljust(12, "0"), place)}, done, total)
        scan_counties(scan_id=scan.pk, codes=codes)
        done += len(codes)
    progress(_("扫描完成"), total, total)
    return finish_scan(scan_id=scan.pk)


def begin_scan(*, region: Region, on: date, actor: User | None, job: Job | None = None) -> Scan:
    """A scan to run: the unfinished one of the same region and day, or a new one."""
    _allowed(actor, Act.WARNING_SCAN, region)
    if on > timezone.localdate():
        raise MonitoringError(_("截止日 %(day)s 还没有到；请填写今天或更早的日期。") % {"day": on})
    with transaction.atomic():
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        later = _overlapping(region).filter(on__gt=on, on__year=on.year, finished_at__isnull=False).first()
        if later:
            raise MonitoringError(
                _("已有截止日更晚（%(day)s）的扫描，预警已按那一天更新；请按那一天或更晚的日期扫描。")
                % {"day": later.on}
            )
        known = Scan.objects.filter(region=region, on=on, finished_at=None).first()
        if known:
            known.actor, known.job = actor, job
            known.save(update_fields=["actor", "job"])
            return known
        return Scan.objects.create(region=region, on=on, actor=actor, job=job)


def _overlapping(region: Region) -> QuerySet[Scan]:
    return Scan.objects.filter(inside(region.prefix) | Q(region_id__in=policies.upward(region.code)))


def county_codes(region: Region) -> list[str]:
    """The parts of a scan: the counties in the region (with those people who are registered above a county)."""
    if region.level >= Level.COUNTY:
        return [region.prefix]
    below = Region.objects.filter(code__startswith=region.prefix).annotate(county=Left("code", 6))
    return list(below.order_by("county").values_list("county", flat=True).distinct())


def batches_left(scan: Scan) -> list[list[str]]:
    """The counties that a scan has still to do, those of one prefecture together: they share one reading."""
    done = set(scan.parts.values_list("code", flat=True))
    left = sorted(code for code in county_codes(scan.region) if code not in done)
    return [list(codes) for _prefecture, codes in groupby(left, key=lambda code: code[:4])]


def scan_counties(*, scan_id: int, codes: Sequence[str]) -> None:
    """Counties of one prefecture in one transaction, with a part of the scan each. A part that is done stays done."""
    with transaction.atomic():
        scan = Scan.objects.select_for_update(no_key=True, of=("self",)).get(pk=scan_id)
        done = set(ScanPart.objects.filter(scan=scan, code__in=codes).values_list("code", flat=True))
    left = [code for code in codes if code not in done]
    with transaction.atomic():
        for version, governed in _by_version(left, scan.on).items():
            found = law.lines_of(version, scan.on) if version else None
            between = [code for code in county_codes(scan.region) if governed[0] <= code <= governed[-1]]
            whole = between == governed
            counts = scan_parts(codes=governed, day=scan.on, ruling=found, whole=whole) if found else {}
            note = "" if found else _("当日没有适用的预警线")
            ScanPart.objects.bulk_create(
                (
                    ScanPart(scan=scan, code=code, counts=counts.get(code, dict.fromkeys(COUNTS, 0)), note=note)
                    for code in governed
                ),
                ignore_conflicts=True,
            )
        if scan.job_id:
            Job.objects.filter(pk=scan.job_id, state=Job.State.RUNNING).update(done=scan.parts.count())


def _by_version(codes: Iterable[str], day: date) -> dict[policies.PolicyVersion | None, list[str]]:
    found: dict[policies.PolicyVersion | None, list[str]] = defaultdict(list)
    in_force = policies.law()
    for code in codes:
        found[in_force.on(code.ljust(12, "0"), day)].append(code)
    return found


def finish_scan(*, scan_id: int) -> Scan:
    """Sums up when every part is done; before that, and afterwards, nothing changes."""
    with transaction.atomic():
        scan = Scan.objects.select_for_update(no_key=True, of=("self",)).select_related("region").get(pk=scan_id)
        parts = {part.code: part.counts for part in scan.parts.all()}
        if scan.finished_at or not set(county_codes(scan.region)) <= set(parts):
            return scan
        scan.counts = {name: sum(counts.get(name, 0) for counts in parts.values()) for name in COUNTS}
        scan.finished_at = timezone.now()
        scan.save(update_fields=["counts", "finished_at"])
        if scan.job_id:
            Job.objects.filter(pk=scan.job_id).update(
                state=Job.State.DONE, done=len(parts), total=len(parts), finished_at=scan.finished_at, message=""
            )
        transaction.on_commit(lambda: _ask_projection(scan))
        return scan


def _ask_projection(scan: Scan) -> None:
    """The worker projects what was scanned; a scan is whole without it."""
    try:
        current_app.send_task(PROJECT, (scan.pk,), retry=False)
    except Exception:
        logger.warning("broker unreachable: no projection after scan %s", scan.pk, exc_info=True)


# --- a scan on the workers ----------------------------------------------------------------------------------------
def start_scan(*, region: Region, on: date, actor: User | None, url: str) -> Scan:
    """A scan whose counties go to the workers; its job shows the progress. Raises MonitoringError."""
    with transaction.atomic():
        title = _("扫描%(region)s，截至 %(day)s") % {"region": region.name, "day": on}
        job = create_job(kind="scan", title=title[:120], region=region, actor=actor, url=url)
        scan = begin_scan(region=region, on=on, actor=actor, job=job)
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.RUNNING, total=len(county_codes(region)), started_at=timezone.now(), step=_("逐县扫描")
        )
        transaction.on_commit(lambda: current_app.send_task(SCAN, (scan.pk,)))
    return scan


def note_failure(*, scan_id: int, reason: str) -> None:
    """A county could not be scanned: the job says why; starting the scan again does what is left."""
    job = Job.objects.filter(scan__pk=scan_id).exclude(state=Job.State.DONE)
    job.update(state=Job.State.FAILED, message=reason[:2000], finished_at=timezone.now())


def start_push(*, region: Region, month: date, actor: User | None, url: str) -> Job:
    """Closes the month's list on the worker; the job shows the progress."""
    _allowed(actor, Act.WARNING_PUSH, region)
    with transaction.atomic():
        title = _("推送%(region)s %(month)s 预警") % {"region": region.name, "month": f"{month:%Y-%m}"}
        job = create_job(kind="push", title=title[:120], region=region, actor=actor, url=url)
        transaction.on_commit(lambda: current_app.send_task(PUSH, (region.pk, month.isoformat(), job.pk)))
    return job


def regions_with_warnings(day: date) -> list[Region]:
    """Regions whose own version in force on the day has warning lines."""
    found = policies.PolicyVersion.objects.filter(state__in=policies.IN_FORCE, validity__contains=day)
    codes = {v.region_id for v in found.defer("body") if policies.document_of(v).warnings}
    return list(Region.objects.filter(code__in=codes))


# --- push ---------------------------------------------------------------------------------------------------------
def push_warnings(
    *, region: Region, month: date, actor: User | None, progress: Progress = no_progress
) -> list[Delivery]:
    """Closes the month's list: one delivery per department of the same level (S1-17, S0-17, S2-10, S3-15).

    In one transaction with the states of the warnings and the follow-ups that begin with it. A further push of the
    month sends only what is new or refreshed since, in a further number; with nothing new it returns an empty list.
    What was told and is withdrawn since goes as a list of its own: a list that is closed never changes. The other lists
    that the document asks for are closed with it (`monitoring.lists`). An empty first list goes too: the department
    then knows that there is nobody. Raises MonitoringError.
    """
    _allowed(actor, Act.WARNING_PUSH, region)
    first = month.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    with transaction.atomic():
        # A second push of the region waits here and then finds nothing left to send.
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        document, departments = _departments(region, last)
        if not _overlapping(region).filter(on__gte=first, on__year=first.year, finished_at__isnull=False).exists():
            raise MonitoringError(_("%(month)s 还没有扫描过；请先扫描，再推送。") % {"month": f"{first:%Y-%m}"})
        written: list[Delivery] = []
        rows: dict[int, Row] = {}
        for at, department in enumerate(departments):
            progress(_("生成送达清单"), at, len(departments))
            delivery = _push_to(department, region, first, last, actor, rows)
            if delivery:
                written.append(delivery)
            written += tell_withdrawals(actor=actor, department=department, region=region, month=first, last=last)
        told = DeliveredWarning.objects.filter(delivery__in=written).values_list("warning_id", flat=True).distinct()
        open_followups(list(told))
        written += write_lists(actor=actor, document=document, region=region, month=first, last=last)
        progress(_("清单已生成，正在送达"), len(departments), len(departments))
        return written


def _departments(region: Region, day: date) -> tuple[Document, tuple[str, ...]]:
    version = policies.version_on(region.code, day)
    if version is None:
        raise MonitoringError(_("%(region)s在 %(day)s 没有适用的政策版本。") % {"region": region.name, "day": day})
    document = policies.document_of(version)
    departments = law.receivers(document)
    if not departments:
        raise MonitoringError(_("政策“%(title)s”没有规定预警名单推送给哪些部门。") % {"title": version.title})
    return document, departments


def _push_to(
    department: str, region: Region, month: date, last: date, actor: User | None, rows: dict[int, Row]
) -> Delivery | None:
    """`rows` keeps what was read for the departments before: most of it is told to each of them."""
    told = to_tell(department, region, last).order_by("priority", "-amount", "id")
    ids = list(told.values_list("pk", flat=True))
    if not ids and Delivery.objects.filter(**_list_of(department, region, month)).exists():
        return None
    rows.update(_rows([pk for pk in ids if pk not in rows]))
    delivery = deliveries.create_delivery(
        actor=actor,
        partner=deliveries.partner_of(department=department, region=region),
        kind=Delivery.Kind.WARNINGS,
        month=month,
        columns=COLUMNS,
        rows=(rows[pk] for pk in ids),
    )
    with connection.cursor() as cursor:
        cursor.execute(_PUSHED, {"ids": ids})
        cursor.execute(_SAID, {"delivery": delivery.pk, "ids": ids})
    return delivery


def tell_again(*, actor: User | None, partner: Partner, month: date, warning_ids: list[int]) -> list[Delivery]:
    """A supplement for a department that lost what it had acknowledged: those of the warnings that stand, as they are
    now; none where none stands. In the caller's transaction."""
    where = partner.organisation
    Region.objects.select_for_update(no_key=True).get(pk=where.region_id)
    standing = BurdenWarning.objects.filter(pk__in=warning_ids, state__in=STANDING)
    ids = list(standing.order_by("priority", "-amount", "id").values_list("pk", flat=True))
    if not ids:
        return []
    rows = _rows(ids)
    delivery = deliveries.create_delivery(
        actor=actor,
        partner=partner,
        kind=Delivery.Kind.WARNINGS,
        month=month,
        columns=COLUMNS,
        rows=(rows[pk] for pk in ids),
    )
    with connection.cursor() as cursor:
        cursor.execute(_SAID, {"delivery": delivery.pk, "ids": ids})
    return [delivery]


def _list_of(department: str, region: Region, month: date) -> dict[str, object]:
    return {"kind": "warnings", "department": department, "region": region, "month": month}


def _rows(ids: list[int]) -> dict[int, Row]:
    """Rows of spec/exchange “Warnings” by warning: codes, decimal yuan, ISO dates. Two queries, and one a version."""
    names = ("person__id_number", "person__name", "person__phone", "version_id", "region_id", "amount", "line")
    found = BurdenWarning.objects.filter(pk__in=ids).values_list(
        "pk", "number", "kind", "category", "raised_on", *names, named=True
    )
    rows = list(found)
    measures = _measures({one.version_id for one in rows})
    return {
        one.pk: (
            one.number,
            one.person__id_number,
            one.person__name,
            one.region_id,
            one.kind,
            measures[one.version_id],
            format_yuan(one.amount),
            format_yuan(one.line),
            one.category,
            one.person__phone or "",
            one.raised_on,
        )
        for one in rows
    }


def _measures(version_ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for version in policies.PolicyVersion.objects.defer("body").filter(pk__in=version_ids):
        rules = policies.document_of(version).warnings
        found[version.pk] = rules.measure if rules else ""
    return found
