"""Money and ratios as integers: fen and basis points (1/10,000), rounded half up to the fen."""

import re
from decimal import Decimal
from typing import Final

BASIS: Final = 10_000
# Above this a claim is a typing error; below it no product with a ratio and no yearly sum leaves 64 bits.
MAX_YUAN_DIGITS: Final = 10
CENTS: Final = tuple(f".{cents:02d}" for cents in range(100))
_YUAN = re.compile(rf"([0-9]{{1,{MAX_YUAN_DIGITS}}})(?:\.([0-9]{{1,2}}))?")


def parse_yuan(text: str) -> int:
    """Fen of a plain amount in yuan such as `1234.5`.

    Raises ValueError for a negative, empty, oversized or malformed amount (signs, separators, exponents,
    more than two decimals).
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError(text)
    yuan, decimals = match.groups()
    return int(yuan) * 100 + (int(decimals.ljust(2, "0")) if decimals else 0)


def format_yuan(fen: int) -> str:
    """`-1234` → `-12.34`."""
    return f"{fen // 100}{CENTS[fen % 100]}" if fen >= 0 else f"-{-fen // 100}{CENTS[-fen % 100]}"


def format_ratio(basis_points: int) -> str:
    """`6500` → `65%`, `6525` → `65.25%`."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%" if rest else f"{whole}%"


def to_units(value: Decimal, scale: int) -> int | None:
    """`value` × `scale` if that is a whole number, else None."""
    scaled = value * scale
    return int(scaled) if scaled == scaled.to_integral_value() else None
