"""What a trial leaves behind: the run's figures, and its persons by binary COPY."""

from typing import Any, Final

import numpy as np
from django.db import connection
from django.utils import timezone

from claims.trials.figures import (
    ASSISTANCE,
    BURDEN,
    CII,
    OUTSIDE,
    PAID,
    TOP_UP,
    YEAR_END,
    People,
    Totals,
    summary_of,
)
from claims.trials.models import TrialPerson, TrialRun
from policies.engine.settlement import code_of

_TEXTS: Final = ("region_id", "category", "trial_category")
_NUMBERS: Final = (
    ("run_id", 8),
    ("number", 4),
    ("person_id", 8),
    ("claims", 4),
    *(
        (f"{prefix}{name}", 8)
        for prefix in ("", "trial_")
        for name in ("cii", "assistance", "outside", "top_up", "burden")
    ),
    ("gain", 8),
    ("size", 8),
)
_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL: Final = b"\xff\xff"


def write(run: TrialRun, totals: Totals, problems: list[str]) -> TrialRun:
    """Replace what the run held; the caller holds the row and the transaction."""
    TrialPerson.objects.filter(run_id=run.pk)._raw_delete("default")
    people = merged(totals.people)
    _copy(run.pk, people)
    run.summary = summary_of(totals, problems)
    run.claims, run.persons, run.changed_claims = totals.claims, totals.persons, totals.changed_claims
    run.gained, run.lost = int(totals.histogram[0].sum()), int(totals.histogram[1].sum())
    tiers = totals.sums["month"].sum(axis=1)
    run.fund_change = int((tiers[1] - tiers[0])[list(PAID)].sum())
    run.finished_at = timezone.now()
    run.save(
        update_fields=[
            "version_sha256",
            "baseline_sha256",
            "figures_sha256",
            "summary",
            "claims",
            "persons",
            "changed_claims",
            "gained",
            "lost",
            "fund_change",
            "finished_at",
        ]
    )
    return run


def merged(parts: list[People]) -> People:
    """All slices' persons in one."""
    names = People.__dataclass_fields__
    return People(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _copy(run_id: int, people: People) -> None:
    """One row per person; numbered by the size of the change, largest first."""
    if not len(people.person):
        return
    columns = _columns(run_id, people)
    order = np.lexsort((people.person, -columns["size"]))
    columns["number"] = np.empty(len(order), np.int64)
    columns["number"][order] = np.arange(1, len(order) + 1)
    names = ", ".join([name for name, _size in _NUMBERS] + list(_TEXTS))
    pairs = people.category.astype(np.int64) * 256 + people.trial_category
    with (
        connection.cursor() as cursor,
        cursor.cursor.copy(f"COPY claims_trialperson ({names}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(_HEAD)
        # Rows of one pair of categories are of one width, so they are laid out without a loop.
        for pair in np.unique(pairs).tolist():
            copy.write(_rows(columns, people, np.flatnonzero(pairs == pair), *divmod(pair, 256)))
        copy.write(_TAIL)


def _columns(run_id: int, people: People) -> dict[str, Any]:
    found: dict[str, Any] = {"run_id": np.full(len(people.person), run_id), "person_id": people.person}
    found["claims"] = people.claims
    for prefix, sums in (("", people.before), ("trial_", people.after)):
        found |= {
            f"{prefix}cii": sums[:, CII],
            f"{prefix}assistance": sums[:, ASSISTANCE] + sums[:, YEAR_END],
            f"{prefix}outside": sums[:, OUTSIDE],
            f"{prefix}top_up": sums[:, TOP_UP],
            f"{prefix}burden": sums[:, BURDEN],
        }
    found["gain"] = people.gain
    found["size"] = np.abs(people.gain)
    return found


def _rows(columns: dict[str, Any], people: People, at: Any, category: int, trial_category: int) -> bytes:
    texts = {
        "region_id": np.char.zfill(people.region[at].astype("S12"), 12),
        "category": code_of(category).encode(),
        "trial_category": code_of(trial_category).encode(),
    }
    widths = {"region_id": 12, **{name: len(value) for name, value in texts.items() if isinstance(value, bytes)}}
    wire = [("#", ">i2")]
    for name, size in _NUMBERS:
        wire += [(f"#{name}", ">i4"), (name, f">i{size}")]
    for name in _TEXTS:
        wire += [(f"#{name}", ">i4"), (name, f"S{widths[name]}")]
    rows = np.empty(len(at), wire)
    rows["#"] = len(_NUMBERS) + len(_TEXTS)
    for name, size in _NUMBERS:
        rows[f"#{name}"] = size
        rows[name] = columns[name][at]
    for name in _TEXTS:
        rows[f"#{name}"] = widths[name]
        rows[name] = texts[name]
    return rows.tobytes()
