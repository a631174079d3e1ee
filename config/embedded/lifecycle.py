"""Start, find and stop the pair of servers of a data folder."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.embedded import account as accounts
from config.embedded import folder as folders
from config.embedded import ports
from config.embedded.folder import EmbeddedError, State
from config.embedded.postgres import DATABASE, USER, Cluster
from config.embedded.valkey import Valkey


@dataclass(frozen=True)
class Endpoints:
    """Where the services answer. `secrets` has SECRET_KEY, FIELD_KEYS, INDEX_KEY for the settings."""

    database_url: str
    redis_url: str
    secrets: dict[str, str]


@dataclass(frozen=True)
class Status:
    """The services of a data folder; a port is None while its server does not run."""

    folder: Path
    home: Path | None
    postgres_port: int | None
    valkey_port: int | None

    @property
    def running(self) -> bool:
        return self.postgres_port is not None and self.valkey_port is not None


def endpoints(*, start: bool = True, data_dir: str | Path | None = None, durable: bool | None = None) -> Endpoints:
    """Where PostgreSQL and Valkey of a data folder answer, started first if they do not run.

    `data_dir` is what `data_folder` takes. With `start=False` only what is remembered is read. `durable=False`
    (default where TUODI_PG_FAST=1) makes a new folder faster and unable to survive a crash of the machine; it has
    no effect on a folder that exists. Raises EmbeddedError.
    """
    folder = folders.data_folder(data_dir)
    state = folders.read_state(folder)
    if state and (not start or _both_ready(folder, state)):
        return _endpoints(folder, state)
    if not start:
        raise EmbeddedError(f"数据文件夹 {folder} 还没有启动过:请先运行 manage.py services start。")
    with folders.locked(folder):
        state = folders.read_state(folder) or _first_state(folder, durable)
        if not state.home_in(folder).is_dir():
            raise EmbeddedError(f"数据库文件夹 {state.home_in(folder)} 不见了:请恢复它,或用 make demo-reset 从头开始。")
        folders.make_secrets(folder)
        _start_postgres(folder, state)
        _start_valkey(folder, state)
    return _endpoints(folder, state)


def start(data_dir: str | Path | None = None, *, durable: bool | None = None) -> Endpoints:
    """Start the services of a data folder; those that run are left alone. Raises EmbeddedError."""
    return endpoints(data_dir=data_dir, durable=durable)


def stop(data_dir: str | Path | None = None) -> bool:
    """Stop the services of a data folder; tells whether any ran. Raises EmbeddedError."""
    folder = folders.data_folder(data_dir)
    if folders.read_state(folder) is None:
        return False
    with folders.locked(folder):
        return _stop(folder)


def status(data_dir: str | Path | None = None) -> Status:
    """What runs of a data folder."""
    folder = folders.data_folder(data_dir)
    state = folders.read_state(folder)
    if state is None:
        return Status(folder, None, None, None)
    postgres, valkey = _postgres_ready(folder, state), _valkey_ready(folder, state)
    return Status(
        folder,
        state.home_in(folder),
        state.postgres_port if postgres else None,
        state.valkey_port if valkey else None,
    )


def remove(data_dir: str | Path | None = None) -> bool:
    """Stop the services and delete the data folder with everything in it; tells whether there was one."""
    folder = folders.data_folder(data_dir)
    if folders.read_state(folder) is None:
        return False
    with folders.locked(folder):
        state = folders.read_state(folder)
        if state is None:
            return False
        _stop(folder)
        accounts.remove_home(state.home_in(folder))
        shutil.rmtree(folder)
    return True


def _first_state(folder: Path, durable: bool | None) -> State:
    folders.check_usable(folder)
    if durable is None:
        durable = os.environ.get("TUODI_PG_FAST") != "1"
    home = accounts.make_home(folder)
    # Relative where it lies inside: the data folder may be moved.
    state = State(home=home.name if home.parent == folder else str(home), durable=durable)
    folders.hide_from_git(folder)
    folders.write_state(folder, state)
    return state


def _start_postgres(folder: Path, state: State) -> None:
    if _postgres_ready(folder, state):
        return
    home, password = state.home_in(folder), _secret(folder, "POSTGRES_PASSWORD")
    account = accounts.account_of(home)
    programs = accounts.postgres_programs(home, account)
    cluster = Cluster(home)
    cluster.create(programs, account, password=password, durable=state.durable)
    running = cluster.postmaster()
    for _ in range(3):
        # Remembered before the start: whoever finds the server running must know where.
        state.postgres_port = (running and running.port) or ports.choose(
            known=state.postgres_port, avoid=state.valkey_port
        )
        folders.write_state(folder, state)
        try:
            cluster.start(programs, account, port=state.postgres_port)
            break
        except ports.PortTaken:
            continue
    else:
        raise EmbeddedError("PostgreSQL 找不到可用端口:请稍后再试。")
    if not state.database_made:
        cluster.make_database(programs, account, port=state.postgres_port, password=password)
        state.database_made = True
        folders.write_state(folder, state)


def _start_valkey(folder: Path, state: State) -> None:
    if _valkey_ready(folder, state):
        return
    home = state.home_in(folder)
    account = accounts.account_of(home)
    program = accounts.valkey_program(home, account)
    for _ in range(3):
        state.valkey_port = ports.choose(known=state.valkey_port, avoid=state.postgres_port)
        folders.write_state(folder, state)
        try:
            _valkey(folder, state).start(program, account, port=state.valkey_port, durable=state.durable)
            return
        except ports.PortTaken:
            continue
    raise EmbeddedError("Valkey 找不到可用端口:请稍后再试。")


def _stop(folder: Path) -> bool:
    state = folders.read_state(folder)
    if state is None:
        return False
    home = state.home_in(folder)
    cluster = Cluster(home)
    stopped = _valkey(folder, state).stop(state.valkey_port)
    if cluster.postmaster():
        account = accounts.account_of(home)
        stopped |= cluster.stop(accounts.postgres_programs(home, account), account)
    return stopped


def _both_ready(folder: Path, state: State) -> bool:
    return state.database_made and _postgres_ready(folder, state) and _valkey_ready(folder, state)


def _postgres_ready(folder: Path, state: State) -> bool:
    server = Cluster(state.home_in(folder)).postmaster()
    return server is not None and server.ready and server.port == state.postgres_port


def _valkey_ready(folder: Path, state: State) -> bool:
    return bool(state.valkey_port) and _valkey(folder, state).is_ready(state.valkey_port)


def _valkey(folder: Path, state: State) -> Valkey:
    return Valkey(state.home_in(folder), _secret(folder, "VALKEY_PASSWORD"))


def _secret(folder: Path, name: str) -> str:
    return (folders.read_secrets(folder) or {}).get(name, "")


def _endpoints(folder: Path, state: State) -> Endpoints:
    known = folders.read_secrets(folder) or {}
    return Endpoints(
        database_url=(f"postgres://{USER}:{known['POSTGRES_PASSWORD']}@{ports.HOST}:{state.postgres_port}/{DATABASE}"),
        redis_url=f"redis://:{known['VALKEY_PASSWORD']}@{ports.HOST}:{state.valkey_port}/0",
        secrets={name: known[name] for name in ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY")},
    )
