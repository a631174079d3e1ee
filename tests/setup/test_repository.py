"""What the repository may not contain: the project stands alone and installs from wherever the user chooses."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from config.embedded.folder import PROJECT

# Written with classes so that this file does not contain what it looks for.
FOREIGN = {
    "package registry": r"py[p]i\.o|pythonh[o]sted|npm[j]s\.|d[e]b\.deb|registry\.n[p]m|m[i]rrors\.[a-z]+\.",
    "content delivery network": r"//cdn[.]|unp[k]g|jsd[e]livr|cdnj[s]\.|fonts\.g[o]ogleapis|fonts\.g[s]tatic",
    "path of one machine": r"/w[o]rk/|/r[o]ot/[a-z.]|/h[o]me/[a-z]",
    "folder outside the project": r"\.\./sh[a]red",
}


def tracked_files() -> list[Path]:
    # The checkout may belong to another account than the one that tests it.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True
    ).stdout
    return [
        PROJECT / os.fsdecode(name) for name in listed.split(b"\0") if name and (PROJECT / os.fsdecode(name)).exists()
    ]


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_tracked_file_names_a(kind):
    pattern = re.compile(FOREIGN[kind].encode())
    files = tracked_files()
    assert len(files) > 50
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:120]!r}"
        for path in files
        if path.suffix not in {".svg", ".png"}
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_every_locked_requirement_has_an_exact_version_and_hashes_and_no_address():
    text = (PROJECT / "requirements.lock").read_text()
    assert "://" not in text
    requirements = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]
    assert len(requirements) > 80
    for requirement in requirements:
        assert re.match(r"[a-z0-9._-]+==[^ ;]+( ;[^#]*?)?( +--hash=sha256:[0-9a-f]{64})+ *$", requirement), requirement


def test_every_direct_dependency_is_locked():
    import tomllib

    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    locked = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (PROJECT / "requirements.lock").read_text(), re.MULTILINE))
    for requirement in wanted:
        name, _, version = requirement.partition("==")
        name = re.sub(r"\[.*\]", "", name).lower().replace("_", "-")
        assert name in locked, requirement
        assert not version or locked[name] == version, requirement


def test_the_continuous_check_runs_the_command_of_the_readme():
    script = PROJECT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert "make test" in lines
    assert "export TUODI_REQUIRE_BROWSER=1" in lines
    assert "make test" in (PROJECT / "README.md").read_text()
