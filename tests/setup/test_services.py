"""`manage.py services`: start, stop and show the services of several data folders by name."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config import embedded
from config.embedded import folder as folders


def services(*arguments):
    output = StringIO()
    call_command("services", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def project(make_folder, monkeypatch):
    """A project folder without data folders, and without one chosen by the environment."""
    place = make_folder()
    monkeypatch.setattr(folders, "PROJECT", place)
    monkeypatch.delenv("TUODI_DATA", raising=False)
    yield place
    for folder in place.glob(".data*"):
        embedded.remove(folder)


def test_folders_are_started_listed_and_stopped_by_name(project):
    assert services("status") == "还没有数据文件夹:运行 manage.py services start 建立。\n"
    assert re.match(r"\.data  PostgreSQL 端口 \d+  Valkey 端口 \d+  ", services("start"))
    services("start", "--data", ".data-trial")
    listed = services("status").splitlines()
    assert [line.split()[0] for line in listed] == [".data", ".data-trial"]
    assert all("未运行" not in line for line in listed)

    assert services("stop", "--data", ".data-trial") == f"已停止:{project / '.data-trial'}\n"
    assert [("未运行" in line) for line in services("status").splitlines()] == [False, True]
    assert services("stop", "--data", ".data-trial") == f"没有在运行:{project / '.data-trial'}\n"


def test_a_folder_elsewhere_is_chosen_by_path_or_by_the_environment(project, quick_folder, monkeypatch):
    chosen = services("status", "--data", str(quick_folder))
    assert chosen.startswith(f"{quick_folder.name}  PostgreSQL 端口 ")
    assert quick_folder.name not in services("status")
    monkeypatch.setenv("TUODI_DATA", str(quick_folder))
    assert services("status") == chosen


def test_a_refusal_is_an_error_of_the_command(folder):
    (folder / "thesis.txt").touch()
    with pytest.raises(CommandError, match=r"thesis\.txt"):
        services("start", "--data", str(folder))


def test_it_runs_where_no_server_can_be_reached(folder):
    """The command starts nothing that it was not asked to start: not even the servers of its own settings."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, "manage.py", "services", "status"],
        cwd=Path(folders.__file__).parents[2],
        env=environment | {"TUODI_DATA": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert str(folder) not in done.stdout
    assert list(folder.iterdir()) == []
