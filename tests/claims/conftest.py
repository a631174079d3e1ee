"""The law of the five regions in the database, one approval for tests that need it, and two who settle again."""

import pytest

from accounts.services import load_regions
from accounts.vocabulary import Role
from claims import eligibility
from policies.services import load_documents
from tests.factories import make_user


@pytest.fixture
def law(tongliao):
    """All shipped policies published, their regions known."""
    load_regions()
    load_documents(actor=None)


@pytest.fixture
def approve(monkeypatch):
    """Stands for the room of applications, which registers its approvals: call with `eligibility.Approval`s."""
    approvals = []
    monkeypatch.setattr(
        eligibility, "_sources", [lambda person_ids: [a for a in approvals if a.person_id in person_ids]]
    )
    return approvals.append


@pytest.fixture
def hands(law):
    """A case worker who prepares and a reviewer who confirms."""
    return make_user(Role.CASE_WORKER, username="prepares"), make_user(Role.REVIEWER, username="confirms")
