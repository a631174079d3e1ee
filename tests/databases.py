"""The test databases of a run: migrated once and cloned for every process; what a test commits is taken away again.

A clone takes half a second, the migrations take many. Emptying two hundred tables takes a second, though a test has
written to a few of them.
"""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

_TURN = 7_042_023  # key of the advisory lock: one process of the run makes the databases, the others wait for theirs
_LARGE = 8 * 2**20  # bytes of a table from which TRUNCATE is quicker than DELETE


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment, django_db_blocker, django_db_keepdb, django_db_createdb, django_db_modify_db_settings
) -> Iterator[None]:
    """As pytest-django's; the processes of one run share the work."""
    keep = django_db_keepdb and not django_db_createdb
    shared = "PYTEST_XDIST_WORKER" in os.environ and not django_db_keepdb
    before = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        made = _make_or_find() if shared else setup_databases(verbosity=0, interactive=False, keepdb=keep)
    yield
    with django_db_blocker.unblock():
        if shared:
            connection.creation.destroy_test_db(before, verbosity=0)
        elif not django_db_keepdb:
            teardown_databases(made, verbosity=0)


def _make_or_find() -> None:
    """Connect to this process's database; the first one to come makes its own and clones it for the others."""
    creation, run = connection.creation, os.environ["PYTEST_XDIST_TESTRUNUID"]
    own, count = creation._get_test_db_name(), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    base = own.removesuffix(os.environ["PYTEST_XDIST_WORKER"])
    with creation._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_TURN])
        # A database of this run says so in its comment; others of the name are left from a run that was killed.
        cursor.execute(
            "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = %s AND datname LIKE %s",
            [run, f"{base}%"],
        )
        ready = {name for (name,) in cursor.fetchall()}
        if own in ready:
            connection.close()
            settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = own
            return
        creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.close()  # a template has no visitors
        for name in {f"{base}gw{number}" for number in range(count)} - ready - {own}:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{own}"')
            cursor.execute(f"COMMENT ON DATABASE \"{name}\" IS '{run}'")
        cursor.execute(f"COMMENT ON DATABASE \"{own}\" IS '{run}'")


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """After a test that commits: everything as `migrate` leaves it, by touching only what the test has written."""
    flush, fresh = TransactionTestCase._fixture_teardown, Fresh()

    def empty(self: TransactionTestCase) -> None:
        if fresh.known:
            fresh.restore()
        else:
            flush(self)
            fresh.remember()

    def patiently(self: TransactionTestCase) -> None:
        """A worker may still write while tables are emptied; the deadlock that PostgreSQL breaks is tried again."""
        for last in (False, False, True):
            try:
                return empty(self)
            except (CommandError, OperationalError) as error:
                if last or "deadlock" not in f"{error} {error.__cause__}":
                    raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", patiently)
        yield


class Fresh:
    """What an empty database holds (regions, timetable, content types), by table, in the format of COPY."""

    def __init__(self) -> None:
        self.tables: list[str] = []
        self.rows: dict[str, bytes] = {}

    @property
    def known(self) -> bool:
        return bool(self.tables)

    def remember(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()"
                " AND tablename <> 'django_migrations' ORDER BY 1"
            )
            self.tables = [name for (name,) in cursor.fetchall()]
            for name in self._filled(cursor):
                with cursor.copy(f"COPY {name} TO STDOUT") as copy:
                    self.rows[name] = b"".join(copy)

    def restore(self) -> None:
        """In one transaction, which first waits for those who still write. Triggers and checks of keys rest."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {', '.join(self.tables)} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            filled = self._filled(cursor)
            cursor.execute("SELECT max(pg_relation_size(name::regclass)) FROM unnest(%s::text[]) name", [filled])
            if (cursor.fetchone()[0] or 0) > _LARGE:
                cursor.execute(f"TRUNCATE {', '.join(self.tables)}")
            else:
                cursor.execute("; ".join(f"DELETE FROM {name}" for name in filled))
            for name, rows in self.rows.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(rows)

    def _filled(self, cursor) -> list[str]:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in self.tables))
        return [name for (name,) in cursor.fetchall()]
