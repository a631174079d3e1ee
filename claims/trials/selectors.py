"""Reads of trials: the list, one run, its persons, and whether a draft changes anything at all."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.access import Act
from accounts.models import Level, Region, User
from claims.trials.models import TrialPerson, TrialRun
from policies import selectors as law
from policies.models import PolicyVersion


def runs() -> QuerySet[TrialRun]:
    """Runs with what a page names, without the bodies of the law."""
    return TrialRun.objects.select_related("version", "baseline", "region", "actor", "job").defer(
        "version__body", "baseline__body", "summary"
    )


def runs_for(user: User, *, version: str = "", year: int | None = None) -> QuerySet[TrialRun]:
    """The trials of the user's region whose texts the user may see (a draft stays at home), filtered."""
    texts = user.visible(PolicyVersion)
    found = user.visible(runs()).filter(
        Exists(texts.filter(pk=OuterRef("version_id"))),
        Q(baseline=None) | Exists(texts.filter(pk=OuterRef("baseline_id"))),
    )
    if version:
        found = found.filter(version__name=version)
    return found.filter(year=year) if year else found


def may_name(user: User) -> bool:
    """Whether the list of persons says who they are; the policy officer sees amounts under a number only."""
    return user.may(Act.PERSON_READ)


def people_for(
    user: User, run: TrialRun, *, side: str = "", category: str = "", county: str = ""
) -> QuerySet[TrialPerson]:
    """Persons of the run whom the user may see; with names only for those who may read persons (`may_name`)."""
    found = user.visible(TrialPerson).filter(run=run).select_related("region")
    if may_name(user):
        found = found.select_related("person")
    if side:
        found = found.filter({"gained": Q(gain__gt=0), "lost": Q(gain__lt=0), "same": Q(gain=0)}[side])
    if category:
        found = found.filter(Q(category=category) | Q(trial_category=category))
    return found.filter(region_id__startswith=county[:6]) if county else found


def county_names(codes: list[str]) -> dict[str, str]:
    """Names by six-digit county code."""
    rows = Region.objects.filter(code__in=[code.ljust(12, "0") for code in codes]).values_list("code", "name")
    return {code[:6]: name for code, name in rows}


def counties_of(user: User) -> QuerySet[Region]:
    return user.visible(Region).filter(level=Level.COUNTY)


def trial_years(user: User) -> list[int]:
    """Years of the trials that the user may see, newest first."""
    return sorted(set(user.visible(TrialRun).values_list("year", flat=True)), reverse=True)


def silent_on_assistance(run: TrialRun) -> list[str]:
    """Titles of the run's texts that leave assistance to another document (S2-15): their zero is no promise."""
    texts = [version for version in (run.baseline, run.version) if version is not None]
    return [version.title for version in texts if law.document_of(version).assistance is None]


def has_effect(version: PolicyVersion) -> bool | None:
    """Whether a finished trial of exactly this body changed a past claim; None without such a trial.

    Counted are trials against the law in force, or against the version that the draft was written from.
    """
    found = TrialRun.objects.filter(
        Q(baseline=None) | Q(baseline_id=version.based_on_id),
        version=version,
        version_sha256=version.sha256,
        finished_at__isnull=False,
        claims__gt=0,
    )
    changed = list(found.values_list("changed_claims", flat=True))
    return any(changed) if changed else None
