"""A backup brought back elsewhere holds what the office had; a damaged one is refused before anything is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from tests.worker import database_url

ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def other_database(transactional_db):
    """An empty database beside the tests' own; its address."""
    name = f"{connection.settings_dict['NAME']}_restored"
    quoted = connection.ops.quote_name(name)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted}")
        cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    yield database_url().rpartition("/")[0] + "/" + name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {quoted} WITH (FORCE)")


def test_everything_comes_back_elsewhere(other_database, tmp_path):
    from tests.beneficiaries.examples import person
    from tests.factories import make_regions

    make_regions()
    known = person(False)["pk"]
    media = Path(settings.MEDIA_ROOT)
    (media / "inbound").mkdir(parents=True)
    (media / "inbound" / "名单.csv").write_bytes(b"sealed")
    call_command("backup", str(tmp_path / "backups"))
    (folder,) = (tmp_path / "backups").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["database.dump", "files.tar", "manifest.json"]

    place = {"DATABASE_URL": other_database, "MEDIA_ROOT": str(tmp_path / "elsewhere")}
    done = manage("restore", str(folder), **place)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "elsewhere" / "inbound" / "名单.csv").read_bytes() == b"sealed"
    read = (
        f"from beneficiaries.models import Person as P; p = P.objects.get(pk={known}); print(p.name, len(p.id_number))"
    )
    shown = manage("shell", "--no-imports", "-c", read, **place)
    assert shown.stdout.split() == ["档案样例", "18"], shown.stderr
    again = manage("restore", str(folder), **place)
    assert again.returncode != 0 and "数据库不是空的" in again.stderr


def test_a_damaged_backup_is_refused(transactional_db, tmp_path):
    call_command("backup", str(tmp_path))
    (folder,) = tmp_path.iterdir()
    with (folder / "database.dump").open("r+b") as file:
        file.seek(100)
        file.write(b"\0\0\0\0")
    with pytest.raises(CommandError, match="备份已损坏"):
        call_command("restore", str(folder))
    with pytest.raises(CommandError, match="不是完整的备份"):
        call_command("restore", str(tmp_path))


def test_a_folder_that_cannot_be_written_says_so(db, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="写不到"):
        call_command("backup", str(tmp_path / "file"))
