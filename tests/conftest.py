"""Fixtures shared by all rooms."""

import pytest
from django.core.management.base import CommandError
from django.db.utils import OperationalError
from django.test import TransactionTestCase

from accounts.vocabulary import Role
from tests.receiver import certificate, receiver, receivers  # noqa: F401 - fixtures
from tests.sftp_server import sftp_server  # noqa: F401 - fixtures
from tests.worker import _session_worker, worker, workers  # noqa: F401 - fixtures


@pytest.fixture(scope="session", autouse=True)
def empty_tables_beside_a_worker():
    """A worker may still read while a test's tables are emptied; the deadlock that PostgreSQL breaks is tried again."""
    empty = TransactionTestCase._fixture_teardown

    def patiently(self):
        for last in (False, False, True):
            try:
                return empty(self)
            except (CommandError, OperationalError) as error:
                if last or "deadlock" not in f"{error} {error.__cause__}":
                    raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", patiently)
        yield


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Argon2 is slow on purpose; tests log in hundreds of times."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def files_of_the_test(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def tongliao(db):
    """通辽市 with its counties."""
    from tests.factories import make_regions

    return make_regions()


@pytest.fixture
def users(tongliao):
    """One user per role, all of the city but the clerk (a township)."""
    from tests.factories import make_user

    return {role: make_user(role, region="150521100000" if role == Role.CLERK else "150500000000") for role in Role}
