"""What a year of claims adds up to for warnings and for help on application; kept beside the state of the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from .settlement import Settlement, YearEnd

MEASURE_LABELS: Final = {
    "personal_burden": "个人负担的医疗费用",
    "total_after_insurance": "总费用减基本医保、大病保险后的负担",
    "in_scope_after_insurance": "基本医保、大病保险后的政策范围内负担",
}


@dataclass(frozen=True, slots=True)
class Measures:
    """Sums in fen over some claims of one person.

    The first three are the measures of warnings. `in_scope_<service>` is cost within policy, `paid_<service>` what
    basic insurance, critical illness and assistance paid of it (S3-13).
    """

    personal_burden: int = 0
    total_after_insurance: int = 0
    in_scope_after_insurance: int = 0
    in_scope_burden: int = 0
    in_scope_inpatient: int = 0
    paid_inpatient: int = 0
    in_scope_outpatient: int = 0
    paid_outpatient: int = 0
    in_scope_chronic: int = 0
    paid_chronic: int = 0
    in_scope_major_chronic: int = 0
    paid_major_chronic: int = 0
    in_scope_special_drug: int = 0
    paid_special_drug: int = 0

    def __add__(self, other: Measures) -> Measures:
        return Measures(*(getattr(self, name) + getattr(other, name) for name in MEASURE_FIELDS))

    def __sub__(self, other: Measures) -> Measures:
        return Measures(*(getattr(self, name) - getattr(other, name) for name in MEASURE_FIELDS))

    def to_dict(self) -> dict[str, int]:
        """Plain integers by name, for storing."""
        return {name: getattr(self, name) for name in MEASURE_FIELDS}

    @classmethod
    def from_dict(cls, stored: Mapping[str, int]) -> Measures:
        """The reverse; names not stored are zero, unknown names are refused (ValueError)."""
        unknown = set(stored) - set(MEASURE_FIELDS)
        if unknown:
            raise ValueError(f"unknown measures: {sorted(unknown)}")
        return cls(**stored)


MEASURE_FIELDS: Final = tuple(f.name for f in fields(Measures))


def measures_of(settled: Settlement | YearEnd) -> Measures:
    """What one claim, or the payment at year end, adds to the year."""
    if isinstance(settled, YearEnd):
        return Measures(
            personal_burden=settled.personal_burden,
            in_scope_burden=settled.in_scope_burden,
            paid_chronic=settled.assistance,
        )
    claim, service = settled.claim, settled.claim.service
    return Measures(
        personal_burden=settled.personal_burden,
        total_after_insurance=claim.total - claim.basic_paid - settled.cii_paid,
        in_scope_after_insurance=settled.steps.cii.rest,
        in_scope_burden=settled.in_scope_burden,
        **{
            f"in_scope_{service}": claim.in_scope,
            f"paid_{service}": claim.basic_paid + settled.cii_paid + settled.assistance,
        },
    )
