"""`make demo`: start everything on one machine, print where it answers and who may log in, stop it on Ctrl-C.

Uses the embedded services of the data folder, or the servers of DATABASE_URL and REDIS_URL where these are set.
"""

import argparse
import fcntl
import json
import os
import signal
import socket
import sys
import time
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import embedded
from config.demo.processes import ChildFailed, Children
from config.embedded.folder import locked, make_secrets
from config.embedded.ports import HOST, first_free

LOGINS = "demo-logins.json"
API_KEY = "demo-api-key.json"
FIRST_PORT = 8000
ANSWER_SECONDS = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.demo.run", description="启动托底演示")
    parser.add_argument("--reset", action="store_true", help="先删除数据文件夹,从头开始")
    arguments = parser.parse_args()
    folder = embedded.data_folder()
    try:
        if arguments.reset:
            reset(folder)
        with only_demo(folder):
            return run(folder)
    except (embedded.EmbeddedError, ChildFailed) as error:
        say(f"\n{error}\n")
        return 1


def run(folder: Path) -> int:
    """Run the demo until the user asks to stop. Raises EmbeddedError, ChildFailed."""
    external = bool(os.environ.get("DATABASE_URL"))
    children = Children(_logs(folder), _environment(folder, external=external))
    children.listen()
    say(f"托底演示 · 数据文件夹 {folder}\n")
    was_running = external or embedded.status(folder).running
    try:
        if not external:
            with step("启动 PostgreSQL 与 Valkey"):
                embedded.start(folder)
        with step("准备数据库与演示数据"):
            prepared = children.finish(children.start("数据准备", "prepare", ["-m", "config.demo.prepare"]))
        if prepared:
            with step("启动网站、任务进程与定时进程"):
                address = _start_processes(children)
            if not children.stopping.is_set():
                say(f"\n地址  {address}\n\n{login_table(folder)}\n{key_line(folder, address)}\n按 Ctrl-C 停止。\n")
                children.watch()
    finally:
        say("\n正在停止 …\n")
        children.stop()
        if not was_running:
            embedded.stop(folder)
        say("已停止,数据保留。\n")
    return 0


def _start_processes(children: Children) -> str:
    """Start web, worker and beat, and wait until a page is served; gives the address."""
    # The runner holds the port until the web server has taken it over: no other program can come between.
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, first_free(int(os.environ.get("PORT") or FIRST_PORT))))
        listener.listen(128)
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        handle = listener.fileno()
        children.start(
            "网站",
            "web",
            [
                *("-m", "gunicorn", "config.wsgi:application", "--bind", f"fd://{handle}"),
                *("--workers", "2", "--threads", "4", "--preload", "--no-control-socket"),
            ],
            handles=[handle],
        )
    celery = ["-m", "celery", "-A", "config"]
    options = ["--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    children.start("任务进程", "worker", [*celery, "worker", *options])
    children.start("定时进程", "beat", [*celery, "beat", "--loglevel", "INFO"])
    end = time.monotonic() + ANSWER_SECONDS

    def answered() -> bool:
        fault = _fault(address)
        if fault and time.monotonic() > end:
            raise ChildFailed(f"网站 {ANSWER_SECONDS} 秒内没有正常应答({fault}),日志在 {children.logs}。")
        return not fault

    children.watch(answered, pause=0.1)
    return address


def _fault(address: str) -> str:
    """Why a visitor gets no page (that of the login) at the address; empty when one is served."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    try:
        with opener.open(address, timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except OSError as error:
        return str(error)


def _environment(folder: Path, *, external: bool) -> dict[str, str]:
    """The environment of the children: the caller's, and keys of the data folder where the caller gives none."""
    known: dict[str, str] = {}
    if external:
        with locked(folder):
            known = {name: value for name, value in make_secrets(folder).items() if not name.endswith("_PASSWORD")}
    ours = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TUODI_DEMO": "1",
        "TUODI_DATA": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
    return known | dict(os.environ) | ours


def _logs(folder: Path) -> Path:
    logs = folder / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    return logs


@contextmanager
def only_demo(folder: Path) -> Iterator[None]:
    """Let one demo at a time use a data folder. Raises EmbeddedError where one runs."""
    with locked(folder):  # creates the folder
        handle = os.open(folder / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise embedded.EmbeddedError(f"数据文件夹 {folder} 的演示已在运行:请先在它的窗口按 Ctrl-C。") from None
        os.truncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


def reset(folder: Path) -> None:
    """Stop a demo that runs on the folder, then delete the folder. Raises EmbeddedError."""
    if os.environ.get("DATABASE_URL"):
        raise embedded.EmbeddedError("已设置 DATABASE_URL:演示不会清空外部数据库,请自行清空后运行 make demo。")
    lock = folder / "demo.lock"
    if lock.exists():
        with lock.open() as file:
            if not _lock_within(file.fileno(), seconds=0):
                os.kill(int(file.read()), signal.SIGTERM)
                if not _lock_within(file.fileno(), seconds=60):
                    raise embedded.EmbeddedError("正在运行的演示没有停止:请在它的窗口按 Ctrl-C 后再试。")
    if embedded.remove(folder):
        say(f"已删除 {folder}\n")


def _lock_within(handle: int, *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.1)
        else:
            return True


def login_table(folder: Path) -> str:
    """The demo's logins, one line per role, columns aligned for a terminal."""
    logins = json.loads((folder / LOGINS).read_text(encoding="utf-8"))
    rows = [("角色", "用户名", "密码", "单位")]
    rows += [(entry["label"], entry["username"], entry["password"], entry["organisation"]) for entry in logins]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )


def key_line(folder: Path, address: str) -> str:
    """The key of the demo's hospital with what it opens; empty where there is none."""
    path = folder / API_KEY
    if not path.exists():
        return ""
    known = json.loads(path.read_text(encoding="utf-8"))
    return f"\n接口  {address}api/v1/  {known['holder']}的密钥 {known['key']}\n"


def write_private(path: Path, content: object) -> None:
    """Write JSON that only the owner may read, in one piece."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(content, out, ensure_ascii=False, indent=1)
    draft.replace(path)


def _width(text: str) -> int:
    """Columns that a terminal needs: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@contextmanager
def step(title: str) -> Iterator[None]:
    say(f"  {title} … ")
    start = time.monotonic()
    yield
    say(f"{time.monotonic() - start:.1f} 秒\n")


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
