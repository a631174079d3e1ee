"""Fixtures of the law."""

from collections.abc import Iterator

import pytest

from policies import gate


@pytest.fixture(autouse=True)
def alone(monkeypatch) -> Iterator[None]:
    """Without what other rooms tell the gate; a test registers what it needs."""
    monkeypatch.setattr(gate, "_registry", gate._Registry())
    yield
