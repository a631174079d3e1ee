"""The law of 通辽 in force, and its places."""

import pytest

from policies.models import PolicyVersion
from policies.services import load_documents
from tests.monitoring.makers import make_places

PLACES = {
    "shannan": "540500000000",
    "tongliao": "150500000000",
    "jining": "370800000000",
    "guangxi": "450000000000",
    "yangcheng": "140522000000",
}


def load_law() -> PolicyVersion:
    for code in PLACES.values():
        make_places(code)
    load_documents(actor=None)
    return PolicyVersion.objects.get(name="tongliao-2023")


@pytest.fixture
def law(tongliao) -> PolicyVersion:
    """All five policies; the version of 通辽."""
    return load_law()
