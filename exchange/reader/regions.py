"""Division codes (GB/T 2260 and below, 12 digits) and names, and whether one lies within another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from .errors import FieldError, Noted
from .identity import PROVINCES
from .text import PLACEHOLDERS, SCIENTIFIC, compact

_CODE = re.compile(r"\d{12}|\d{9}|\d{6}|\d{4}|\d{2}", re.ASCII)
_FLOAT_TAIL = re.compile(r"\.0+$")


def pad(code: str) -> str:
    """A code of 2, 4, 6, 9 or 12 digits as 12 digits."""
    return code.ljust(12, "0")


def significant(code: str) -> str:
    """The leading digits that say something: 2 for a province, then 4, 6, 9, 12."""
    code = pad(code)
    if code[9:] != "000":
        return code
    if code[6:9] != "000":
        return code[:9]
    if code[4:6] != "00":
        return code[:6]
    return code[:4] if code[2:4] != "00" else code[:2]


def within(code: str, region: str) -> bool:
    """True when `code` is `region` or lies below it."""
    return pad(code).startswith(significant(region))


class RegionIndex:
    """Codes and names against which a file's regions are resolved.

    `pairs` are (code, name), codes of any of the usual lengths; the same name may occur under several codes.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.codes: set[str] = set()
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for code, name in pairs:
            self.codes.add(pad(code))
            self._by_name[compact(name)].append(pad(code))
        self._lengths = sorted({len(name) for name in self._by_name}, reverse=True)

    def named(self, text: str) -> set[str]:
        """Codes that a name may mean; a path of names (`通辽市科尔沁区`) means the last one under the others."""
        found: set[str] = set()
        for length in self._lengths:
            head, tail = text[:-length], text[-length:]
            codes = self._by_name.get(tail) if len(tail) == length else None
            if not codes:
                continue
            if not head:
                found.update(codes)
                continue
            above = self.named(head)
            found.update(code for code in codes if any(within(code, parent) and code != parent for parent in above))
        return found


def resolve(raw: str, *, regions: RegionIndex | None = None, region: str | None = None) -> str | Noted | None:
    """The 12-digit code of a cell that holds a code (12 digits, or 6 or 9 to be filled up) or a name; None if blank.

    With `regions` a code must be known, at least its county: then a township or village that is not in the index is
    kept as written, with the note `region_new`. Names need `regions`; one that several places bear is settled by
    `region`. With `region` the place must lie within it. Raises FieldError `region_unknown`, `region_not_yours`.
    """
    text = _FLOAT_TAIL.sub("", compact(raw))
    if text.lower() in PLACEHOLDERS:
        return None
    if _CODE.fullmatch(text):
        code = pad(text)
        note = _check_code(code, raw, regions)
    else:
        code, note = _from_name(text, raw, regions, region), False
    if region and not within(code, region):
        raise FieldError("region_not_yours", value=raw)
    return Noted(code, "region_new", {"value": code}) if note else code


def _check_code(code: str, raw: str, regions: RegionIndex | None) -> bool:
    """Raise for an unknown place; True when only its county is known."""
    if regions is None:
        if code[0] == "9" or int(code[:2]) not in PROVINCES:
            raise FieldError("region_unknown", value=raw)
        return False
    if code in regions.codes:
        return False
    if code[6:] != "000000" and pad(code[:6]) in regions.codes:
        return True
    raise FieldError("region_unknown", value=raw)


def _from_name(text: str, raw: str, regions: RegionIndex | None, region: str | None) -> str:
    if regions is None or SCIENTIFIC.fullmatch(text):
        raise FieldError("region_unknown", value=raw)
    found = regions.named(text)
    if not found:
        raise FieldError("region_unknown", value=raw)
    if region and (inside := {code for code in found if within(code, region)}):
        found = inside
    if len(found) > 1:
        # 科尔沁区 as a county and a township of the same name: the wider one, if there is one above all others.
        widest = min(found, key=lambda code: len(significant(code)))
        if not all(within(code, widest) for code in found):
            raise FieldError("region_unknown", value=raw)
        return widest
    return found.pop()
