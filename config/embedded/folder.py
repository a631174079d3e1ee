"""The data folder: where it is, its lock, what it remembers and its secrets."""

import base64
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
STATE = "services.json"
SECRETS = "secrets.json"
LOCK = ".lock"
# What may lie in a folder before its first start without making it somebody else's.
_OWN_NAMES = {STATE, SECRETS, LOCK, ".gitignore", "logs", "files", "demo.lock", ".DS_Store"}


class EmbeddedError(RuntimeError):
    """The embedded services cannot do what was asked; the message says what to do next."""


@dataclass
class State:
    """What a data folder remembers; `home`, the folder of the servers' own files, is relative to it or absolute."""

    home: str
    durable: bool
    postgres_port: int = 0
    valkey_port: int = 0
    database_made: bool = False

    def home_in(self, folder: Path) -> Path:
        return folder / self.home


def data_folder(name: str | Path | None = None) -> Path:
    """The absolute path of a data folder.

    `name` may be a path or the name of a folder that lies in the project; without it, TUODI_DATA (a path) or
    `.data` in the project is taken.
    """
    if name is None:
        name = os.environ.get("TUODI_DATA") or PROJECT / ".data"
    elif isinstance(name, str) and os.sep not in name:
        name = PROJECT / name
    return Path(name).expanduser().absolute()


def known_folders() -> list[Path]:
    """The data folders that were started at least once: those in the project and the selected one."""
    found = {path.parent for path in PROJECT.glob(f"*/{STATE}")} | {data_folder()}
    return sorted(path for path in found if (path / STATE).exists())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time change the folder's services; creates the folder. Waits without limit."""
    while True:
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # removed between the two lines by `remove`
        except PermissionError as error:
            raise not_yours(folder) from error
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            # While we waited the folder may have been removed: then we hold a lock that nobody else sees.
            if os.path.samestat(os.fstat(handle), (folder / LOCK).stat()):
                break
        except FileNotFoundError:
            pass
        os.close(handle)
    try:
        yield
    finally:
        os.close(handle)


def not_yours(folder: Path) -> EmbeddedError:
    return EmbeddedError(f"无权使用数据文件夹 {folder}:请用创建它的用户运行,或用 TUODI_DATA 另选一个文件夹。")


def read_state(folder: Path) -> State | None:
    """What the folder remembers, or None before its first start."""
    values = _read_json(folder / STATE)
    return State(**values) if values is not None else None


def write_state(folder: Path, state: State) -> None:
    write_private(folder / STATE, json.dumps(asdict(state), indent=1))


def hide_from_git(folder: Path) -> None:
    """Whatever its name, a data folder inside a checkout is never committed."""
    (folder / ".gitignore").write_text("*\n")


def check_usable(folder: Path) -> None:
    """Refuse a folder with foreign content: `remove` deletes the whole folder."""
    foreign = [path.name for path in folder.iterdir() if path.name not in _OWN_NAMES]
    if foreign:
        raise EmbeddedError(
            f"{folder} 不是托底的数据文件夹,里面已有其他文件(如 {foreign[0]}):请用 TUODI_DATA 指定一个空文件夹。"
        )


def read_secrets(folder: Path) -> dict[str, str] | None:
    return _read_json(folder / SECRETS)


def make_secrets(folder: Path) -> dict[str, str]:
    """The folder's keys and passwords, generated on first use and never changed afterwards.

    Keys: SECRET_KEY; FIELD_KEYS (`k1:` and 32 bytes in base64) and INDEX_KEY (32 bytes in base64) for personal
    data; POSTGRES_PASSWORD and VALKEY_PASSWORD.
    """
    known = read_secrets(folder)
    if known is None:
        known = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "POSTGRES_PASSWORD": secrets.token_hex(24),
            "VALKEY_PASSWORD": secrets.token_hex(24),
        }
        write_private(folder / SECRETS, json.dumps(known, indent=1))
    return known


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step; root leaves it to the owner of the folder."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp: mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _read_json(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise not_yours(path.parent) from error
