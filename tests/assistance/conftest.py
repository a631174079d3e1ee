"""The law of the five regions and the people who play a case."""

import pytest

from accounts.services import load_regions
from policies.services import load_documents
from tests.assistance.makers import Cast, make_township


@pytest.fixture
def law(tongliao):
    load_regions()
    load_documents(actor=None)


@pytest.fixture
def cast(law):
    """科尔沁左翼中旗, 通辽: eligibility."""
    return Cast()


@pytest.fixture
def shannan(law):
    """乃东区, 山南: case by case, and help to the stably out of poverty."""
    make_township("540502100000")
    return Cast(county="540502000000", township="540502100000")
