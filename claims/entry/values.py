"""What was typed of a bill, as it is kept: texts of a draft, or a whole claim with fen and ISO dates."""

from dataclasses import asdict, fields
from datetime import date
from typing import Any

from claims.services import NewClaim

_NAMES = {field.name for field in fields(NewClaim)}


def to_values(claim: NewClaim) -> dict[str, Any]:
    """A claim for the JSON column."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(claim).items()}


def from_values(values: dict[str, Any]) -> NewClaim:
    """The reverse of `to_values`; names that no claim has are left out."""
    known = {name: value for name, value in values.items() if name in _NAMES}
    return NewClaim(**known | {"settled_on": date.fromisoformat(known["settled_on"])})
