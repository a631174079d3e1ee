"""Settlements by the thousand into their table: binary COPY of rows laid out by columns."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from django.db import connection

from claims.columns import (
    ASSISTANCE,
    BORNE,
    BURDEN,
    CII_PAID,
    IN_SCOPE_BURDEN,
    OUTSIDE,
    OVER,
    STATES,
    STEPS,
    TOP_UP,
    Settled,
    versions_of,
)
from claims.wire import HEAD, TAIL, Array, copy_numbers
from policies.engine.chain import CATEGORY_COUNT
from policies.engine.codes import CATEGORY_CODES
from policies.engine.settlement import code_of

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_COLUMNS: Final = (
    "claim_id, version_id, figures_id, settled_at, cii_paid, assistance, out_of_catalogue_assistance, top_up,"
    " institution_borne, in_scope_burden, personal_burden, over_control, before, steps, category, approved, spell_ids,"
    " settled_by_id"
)
_PAID: Final = (CII_PAID, ASSISTANCE, OUTSIDE, TOP_UP, BORNE, IN_SCOPE_BURDEN, BURDEN)


def write(settled: Settled, now: datetime, actor_id: int | None) -> None:
    """Appends the settlements that changed; rows of one shape are laid out together, without a loop."""
    which = np.flatnonzero(settled.changed)
    if not len(which):
        return
    shape = (settled.steps[:, 0] << 40) | (settled.masks[:, 1] << 16) | settled.spell_count
    moment = (now - EPOCH).days * 86_400_000_000 + (now - EPOCH).seconds * 1_000_000 + (now - EPOCH).microseconds
    which = which[np.argsort(shape[which], kind="stable")]
    with (
        connection.cursor() as cursor,
        cursor.cursor.copy(f"COPY claims_settlement ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(HEAD)
        for alike in np.split(which, np.flatnonzero(np.diff(shape[which])) + 1):
            copy.write(_rows(settled, alike, moment, actor_id))
        copy.write(TAIL)


def note(settled: Settled) -> None:
    """What changed of the results into the table OTHERWISE instead, for a look at the differences."""
    which = np.flatnonzero(settled.changed)
    steps = settled.steps[which]
    columns = {"claim_id": settled.rows["id"][which], "code": steps[:, 0]}
    columns["version_id"] = versions_of(settled.rulings)[settled.number[which]]
    copy_numbers("claims_otherwise", columns | {name: steps[:, at] for name, at in _NOTED.items()})


_NOTED: Final = {
    "cii_paid": CII_PAID,
    "assistance": ASSISTANCE,
    "out_of_catalogue_assistance": OUTSIDE,
    "top_up": TOP_UP,
    "institution_borne": BORNE,
    "personal_burden": BURDEN,
}
_CATEGORIES: Final = ", ".join(f"'{code_of(at)}'" for at in range(CATEGORY_COUNT))
OTHERWISE: Final = f"""
DROP TABLE IF EXISTS claims_otherwise;
CREATE TEMP TABLE claims_otherwise (
    claim_id bigint, code bigint, version_id bigint, {", ".join(f"{name} bigint" for name in _NOTED)},
    category text GENERATED ALWAYS AS ((ARRAY[{_CATEGORIES}])[code + 1]) STORED
) ON COMMIT DROP;
"""


def _array(count: int, kind: str) -> list[Any]:
    return [("head", ">i4", 5), ("items", [("#", ">i4"), ("value", kind)], count)]


def _fill_array(cell: Array, values: Array, oid: int, width: int) -> None:
    count = values.shape[1]
    cell["#"] = 20 + count * (4 + width)
    cell["body"]["head"] = (1, 0, oid, count, 1)
    cell["body"]["items"]["#"] = width
    cell["body"]["items"]["value"] = values


def _rows(settled: Settled, at: Array, moment: int, actor_id: int | None) -> bytes:
    """Rows of one category, one set of approvals and one number of spells."""
    steps, masks = settled.steps[at], settled.masks[at]
    category = code_of(int(steps[0, 0])).encode()
    approved = [code.encode() for i, code in enumerate(CATEGORY_CODES) if int(masks[0, 1]) >> i & 1]
    spells = int(settled.spell_count[at[0]])
    fixed = _text_array(approved)
    wire: list[Any] = [("#", ">i2")]
    for name in ("claim", "version", "figures", "at", *(f"paid{one}" for one in range(len(_PAID)))):
        wire += [(f"#{name}", ">i4"), (name, ">i8")]
    wire += [("#over", ">i4"), ("over", "i1")]
    wire += [("before", [("#", ">i4"), ("body", _array(STATES, ">i8"))])]
    wire += [("steps", [("#", ">i4"), ("body", _array(STEPS, ">i8"))])]
    wire += [("category", f"V{4 + len(category)}"), ("approved", f"V{len(fixed)}")]
    wire += [("spells", [("#", ">i4"), ("body", _array(spells, ">i8"))] if spells else "V16")]
    wire += [("#actor", ">i4")] + ([("actor", ">i8")] if actor_id is not None else [])
    rows = np.zeros(len(at), np.dtype(wire))
    rows["#"] = 18
    number = settled.number[at]
    values = {
        "claim": settled.rows["id"][at],
        "version": versions_of(settled.rulings)[number],
        "figures": np.array([ruling.figures_id for ruling in settled.rulings], np.int64)[number],
        "at": moment,
        **{f"paid{one}": steps[:, step] for one, step in enumerate(_PAID)},
    }
    for name, value in values.items():
        rows[f"#{name}"] = 8
        rows[name] = value
    rows["#over"], rows["over"] = 1, steps[:, OVER]
    _fill_array(rows["before"], settled.before[at], 20, 8)
    _fill_array(rows["steps"], steps, 20, 8)
    rows["category"] = np.void(len(category).to_bytes(4, "big") + category)
    rows["approved"] = np.void(fixed)
    if spells:
        begins = (np.cumsum(settled.spell_count) - settled.spell_count)[at]
        _fill_array(rows["spells"], settled.spells[begins[:, None] + np.arange(spells)], 20, 8)
    else:
        rows["spells"] = np.void(_empty_array(20))
    rows["#actor"] = -1 if actor_id is None else 8
    if actor_id is not None:
        rows["actor"] = actor_id
    return rows.tobytes()


def _empty_array(oid: int) -> bytes:
    return (12).to_bytes(4, "big") + (0).to_bytes(8, "big") + oid.to_bytes(4, "big")


def _text_array(values: Sequence[bytes]) -> bytes:
    """A one-dimensional array of short texts in COPY's binary form, with its length before it."""
    oid = 1043  # varchar
    if not values:
        return _empty_array(oid)
    head = b"".join(number.to_bytes(4, "big") for number in (1, 0, oid, len(values), 1))
    body = head + b"".join(len(value).to_bytes(4, "big") + value for value in values)
    return len(body).to_bytes(4, "big") + body
