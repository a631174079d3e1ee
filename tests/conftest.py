"""Fixtures shared by all rooms."""

import pytest

from tests.databases import django_db_setup, quick_flush  # noqa: F401 - fixtures
from tests.receiver import certificate, receiver, receivers  # noqa: F401 - fixtures
from tests.sftp_server import sftp_server  # noqa: F401 - fixtures
from tests.worker import _session_worker, worker, workers  # noqa: F401 - fixtures

LONG = {"browser", "setup"}  # folders with tests of many seconds each


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: at the end of a run no process works for half a minute while the others have nothing."""
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parts))


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
    from tests.factories import make_users

    return make_users()
