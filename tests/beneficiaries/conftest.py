"""Fixtures of the register's tests."""

from contextlib import contextmanager

import pytest
from django.db import transaction


@pytest.fixture
def transactional_state(db):
    """`with transactional_state():` whatever is written inside is gone afterwards (one example of a property)."""

    @contextmanager
    def state():
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    return state
