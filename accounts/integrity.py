"""What tables promise that are written by the hundred thousand, asked once for all rows of a statement.

A foreign key constraint asks for every row again when the transaction ends: half a million questions for a month's
file of one county. These triggers put one question to the set. Of what claims refer to, regions, files, users and
published versions are never deleted, and settlements keep their claims (`keeps`); persons are kept by the years
(`PersonYear.person` is a constraint, and no claim is without its year). Spells hold their persons while they are
written (`beneficiaries.apart`).
"""

from collections.abc import Iterable, Mapping
from typing import Final

import pgtrigger

# As a statement of its own: planned for the rows that there are, one or a hundred thousand.
_KNOWN: Final = """
DECLARE
    missing text;
BEGIN
    EXECUTE $ask$
        {query} LIMIT 1
    $ask$ INTO missing;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '% refers to nothing: %', TG_TABLE_NAME, missing USING ERRCODE = 'foreign_key_violation';
    END IF;
END;
RETURN NULL;
"""


def after(name: str, operation: pgtrigger.Operation, func: str, **tables: str) -> pgtrigger.Trigger:
    """A trigger that runs once, after the statement; `new` and `old` name the tables of its rows."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**tables),
        func=func,
    )


def known(targets: Mapping[str, tuple[str, str]]) -> list[pgtrigger.Trigger]:
    """Triggers that refuse rows whose column names no row of its target (`column: (table, key)`); null is allowed."""
    query = " UNION ALL ".join(
        f"(SELECT '{column} ' || f.{column} FROM fresh f WHERE f.{column} IS NOT NULL AND NOT EXISTS"  # noqa: S608
        f" (SELECT FROM {table} t WHERE t.{key} = f.{column}))"
        for column, (table, key) in targets.items()
    )
    func = _KNOWN.format(query=query)
    return [
        after("known_insert", pgtrigger.Insert, func, new="fresh"),
        after("known_update", pgtrigger.Update, func, new="fresh"),
    ]


def keeps(table: str, column: str) -> pgtrigger.Trigger:
    """A trigger that refuses to delete rows to which `column` of `table` points."""
    query = f"SELECT '{table} ' || t.{column} FROM gone g JOIN {table} t ON t.{column} = g.id"  # noqa: S608
    func = _KNOWN.format(query=query).replace("refers to nothing", "is referred to by")
    return after("keeps", pgtrigger.Delete, func, old="gone")


def frozen(columns: Iterable[str], *, but: str, message: str) -> pgtrigger.Trigger:
    """A trigger that lets nothing but `but` of a row change, and that once, from null."""
    listed = [name for name in columns if name != but]
    old, new = (", ".join(f"{row}.{name}" for name in listed) for row in ("o", "n"))
    func = f"""
DECLARE
    changed bigint;
BEGIN
    EXECUTE $ask$
        SELECT o.id FROM was o LEFT JOIN fresh n ON n.id = o.id
        WHERE n.id IS NULL OR o.{but} IS NOT NULL OR ({old}) IS DISTINCT FROM ({new}) LIMIT 1
    $ask$ INTO changed;
    IF changed IS NOT NULL THEN
        RAISE EXCEPTION '{message}', changed USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END;
RETURN NULL;
"""  # noqa: S608 - names of columns
    return after("is_frozen", pgtrigger.Update, func, old="was", new="fresh")
