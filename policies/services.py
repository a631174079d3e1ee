"""Writes of the law: loading the shipped documents, freezing the figures that settlements use."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region, User
from policies import selectors
from policies.engine.book import Book
from policies.engine.document import Document
from policies.engine.parameters import load_parameters
from policies.engine.parse import load_document
from policies.models import PolicyFigures, PolicyParameter, PolicyVersion

DOCUMENTS = Path(__file__).resolve().parent / "documents"


class DocumentRefused(Exception):
    """A shipped document cannot become a version; `str()` says why and what to do."""


@dataclass
class Loaded:
    """What `load_documents` did."""

    new: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    parameters_new: int = 0
    parameters_kept: list[str] = field(default_factory=list)


@transaction.atomic
def load_documents(*, actor: User | None, folder: Path = DOCUMENTS) -> Loaded:
    """Make every `*.toml` of the folder a published version and every row of its `parameters.csv` a parameter.

    Idempotent. A published version whose file has changed is refused (`DocumentRefused`): what claims were settled by
    stays. A parameter that the database holds is kept as it is, for the bureau replaces illustrations there; those
    that differ from the file are named in the answer. Raises `DocumentError`, `ParameterError` for faulty files.
    """
    done = Loaded()
    documents = {path: load_document(path) for path in sorted(folder.glob("*.toml"))}
    parameters = load_parameters(folder / "parameters.csv")
    parameters.check(Book(documents.values()).parameter_keys())
    for path, document in documents.items():
        (done.new if _load_version(path, document, actor) else done.unchanged).append(document.key)
    _load_parameters(folder / "parameters.csv", done)
    return done


def _load_version(path: Path, document: Document, actor: User | None) -> bool:
    """Whether a version was written."""
    held = PolicyVersion.objects.select_for_update().filter(name=document.key).defer("body").first()
    if held is not None:
        if held.sha256 == document.sha256:
            return False
        raise DocumentRefused(
            _(
                "政策文件 %(name)s.toml 与已发布的版本不同：已发布的版本不能修改。"
                "请恢复原文件；要修改政策，请另存为新版本，写明新的施行日期。"
            )
            % {"name": document.key}
        )
    region = Region.objects.filter(pk=document.region).first()
    if region is None:
        raise DocumentRefused(
            _("政策文件 %(name)s.toml 的地区 %(code)s（%(region)s）不在行政区划表中，请先导入行政区划。")
            % {"name": document.key, "code": document.region, "region": document.region_name}
        )
    until = document.valid_to
    PolicyVersion.objects.create(
        policy=document.policy,
        name=document.key,
        title=document.title,
        region=region,
        validity=selectors.days(document.valid_from, until),
        body=path.read_text(encoding="utf-8-sig"),
        sha256=document.sha256,
        state=PolicyVersion.State.PUBLISHED,
        created_by=actor,
        published_by=actor,
        published_at=timezone.now(),
    )
    return True


def _load_parameters(path: Path, done: Loaded) -> None:
    held = {(p.policy, p.key, p.year): p for p in PolicyParameter.objects.all()}
    fresh = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            place = (row["policy"], row["key"], int(row["year"]))
            have = held.get(place)
            if have is None:
                fresh.append(
                    PolicyParameter(
                        policy=place[0],
                        key=place[1],
                        year=place[2],
                        value=row["value"],
                        status=row["status"],
                        source=row["source"],
                    )
                )
            elif (have.value, have.status, have.source) != (row["value"], row["status"], row["source"]):
                done.parameters_kept.append(" ".join(map(str, place)))
    PolicyParameter.objects.bulk_create(fresh)
    done.parameters_new = len(fresh)


def figures_now(version: PolicyVersion) -> PolicyFigures:
    """The stored set of the policy's parameters as they stand now; written once, then found by its hash."""
    rows = selectors.figure_rows(version.policy)
    sha256 = selectors.digest(rows)
    found = PolicyFigures.objects.filter(version=version, sha256=sha256).first()
    return found or PolicyFigures.objects.get_or_create(version=version, sha256=sha256, defaults={"rows": rows})[0]
