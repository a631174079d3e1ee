"""The law of the five regions and the people whom it speaks of."""

import pytest

from accounts.services import load_regions
from policies.services import load_documents


@pytest.fixture
def law(tongliao):
    """All shipped policies published, their regions known."""
    load_regions()
    load_documents(actor=None)
