"""The law of the five regions in the database, and one approval for tests that need it."""

import pytest

from accounts.services import load_regions
from claims import eligibility
from policies.services import load_documents


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
