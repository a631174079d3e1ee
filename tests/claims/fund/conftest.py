"""Two officers of the fund, and a county whose money it is."""

import pytest

from accounts.models import Region
from accounts.vocabulary import Role
from claims.fund import listeners
from tests.claims.makers import COUNTY
from tests.factories import make_user


@pytest.fixture
def officer(law):
    return make_user(Role.FUND_OFFICER)


@pytest.fixture
def second(law):
    return make_user(Role.FUND_OFFICER, username="second")


@pytest.fixture
def county(law):
    return Region.objects.get(code=COUNTY)


@pytest.fixture
def no_listeners(monkeypatch):
    """The rooms above have their own tests; here an order stands for itself."""
    monkeypatch.setattr(listeners, "_listeners", {})
