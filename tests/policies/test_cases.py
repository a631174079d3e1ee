"""The officers' cases: every output file byte for byte, by the commands that a policy office runs."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.policies.making import CASES, PARAMETERS, POLICIES, ROOT

SUBSIDY_YEARS = {"shannan": 2023, "tongliao": 2023, "jining": 2024, "guangxi": 2024, "yangcheng": 2022}
WARNING_DAYS = {"shannan": "2023-10-31", "tongliao": "2024-10-31", "jining": "2024-10-31", "guangxi": "2024-10-31"}


def run(command: str, policy: str, output: Path, *names: str, **more: object) -> str:
    """Run a command over the files of a policy; gives the line that it printed."""
    printed = io.StringIO()
    files = {name: CASES / policy / f"{name}.csv" for name in names}
    call_command(command, policy=policy, parameters=PARAMETERS, output=output, stdout=printed, **files, **more)
    return printed.getvalue()


@pytest.mark.parametrize("policy", POLICIES)
def test_settle_gives_the_expected_file(policy, tmp_path):
    output = tmp_path / "out.csv"
    printed = run("settle", policy, output, "categories", "claims")
    assert output.read_bytes() == (CASES / policy / "settle.csv").read_bytes()
    refused = (tmp_path / "out.csv.errors.csv").read_text(encoding="utf-8").count("\n") - 1
    assert f"拒绝 {refused} 行" in printed
    assert printed.count("\n") == 1


def manage(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`manage.py` in a process of its own, without a word about a database."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "REDIS", "DJANGO", "TUODI"))}
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_settle_runs_without_any_database(tmp_path):
    files = [f"--{name}={CASES / 'guangxi' / name}.csv" for name in ("categories", "claims")]
    output = tmp_path / "out.csv"
    common = ("--policy=guangxi", f"--parameters={PARAMETERS}", f"--output={output}")
    done = manage("settle", *common, *files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"guangxi：写出 1173 行，拒绝 11 行，结果在 {output}\n"
    assert output.read_bytes() == (CASES / "guangxi" / "settle.csv").read_bytes()
    failed = manage("settle", *common, files[0], "--claims=gone.csv")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert re.fullmatch("CommandError: 费用文件 gone.csv 打不开，请核对路径和权限：.+\n", failed.stderr)


@pytest.mark.parametrize("policy", POLICIES)
def test_subsidy_gives_the_expected_file(policy, tmp_path):
    output = tmp_path / "out.csv"
    run("subsidy", policy, output, "categories", "persons", year=SUBSIDY_YEARS[policy])
    assert output.read_bytes() == (CASES / policy / "subsidy.csv").read_bytes()


@pytest.mark.parametrize("policy", WARNING_DAYS)
def test_warnings_gives_the_expected_file(policy, tmp_path):
    output = tmp_path / "out.csv"
    run("warnings", policy, output, "categories", "persons", "claims", on=WARNING_DAYS[policy])
    assert output.read_bytes() == (CASES / policy / "warnings.csv").read_bytes()
