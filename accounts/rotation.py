"""Rotation of the field keys: what an older key encrypted is encrypted again under the first key of FIELD_KEYS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from accounts import crypto
from accounts.fields import EncryptedTextField
from accounts.jobs import Progress, no_progress

# What else is sealed by the same keys, files for instance: a room adds its function when it is ready. It seals again
# what an older key sealed, tells its progress, and returns how much it was.
_others: list[Callable[[Progress], int]] = []


def also(function: Callable[[Progress], int]) -> Callable[[Progress], int]:
    """Registers a room's own rotation, called after the columns."""
    if function not in _others:
        _others.append(function)
    return function


@dataclass(frozen=True)
class Column:
    """One encrypted column; the event tables of the audit trail have theirs too."""

    table: str
    key: str
    key_type: str
    column: str
    purpose: str


def columns() -> Iterator[Column]:
    """Every encrypted column of every table."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                key = model._meta.pk
                yield Column(model._meta.db_table, key.column, key.rel_db_type(connection), field.column, field.purpose)


def rotate(*, batch: int = 1000, progress: Progress = no_progress) -> int:
    """Encrypts again, in batches that each commit; what is done stays done, so that it can be stopped and called
    again. Returns the number of values. Raises `crypto.KeyMissing` when a value's key is not in FIELD_KEYS."""
    changed = 0
    for one in columns():
        total, done = _stale(one), 0
        while count := _rotate_batch(one, batch):
            done += count
            changed += count
            progress(f"{one.table}.{one.column}", done, max(total, done))
    return changed + sum(function(progress) for function in _others)


def stale() -> int:
    """How many values are not under the first key."""
    return sum(map(_stale, columns()))


def _mark() -> bytes:
    """How a cipher text of the first key begins."""
    name, _ring = crypto._ring(settings.FIELD_KEYS)
    return bytes([len(name)]) + name


def _where(one: Column) -> tuple[str, list[bytes]]:
    quoted = connection.ops.quote_name(one.column)
    mark = _mark()
    return f"octet_length({quoted}) > 0 AND substring({quoted} FROM 1 FOR {len(mark)}) <> %s", [mark]


def _stale(one: Column) -> int:
    where, values = _where(one)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(one.table)} WHERE {where}", values)  # noqa: S608
        return int(cursor.fetchone()[0])


def _rotate_batch(one: Column, batch: int) -> int:
    table, key, column = map(connection.ops.quote_name, (one.table, one.key, one.column))
    where, values = _where(one)
    # The text stays the same: no change for the audit trail, and its own append-only tables are rotated as well.
    with transaction.atomic(), pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {column} FROM {table} WHERE {where} LIMIT {int(batch)} FOR UPDATE SKIP LOCKED",  # noqa: S608
            values,
        )
        rows = cursor.fetchall()
        keys = [str(pk) for pk, _blob in rows]
        blobs = [crypto.encrypt(crypto.decrypt(blob, one.purpose), one.purpose) for _pk, blob in rows]
        cursor.execute(
            f"UPDATE {table} SET {column} = new.blob "  # noqa: S608
            f"FROM unnest(%s::text[], %s::bytea[]) AS new(key, blob) WHERE {table}.{key} = new.key::{one.key_type}",
            [keys, blobs],
        )
    return len(rows)
