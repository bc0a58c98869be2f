"""Gives every encrypted column a new key, while the program goes on running.

With a new key put first, new values are written with it and old ones still read. ``rotate`` writes
the old ones anew; afterwards the keys behind the first can be taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import connections, models, router, transaction

from service_vendors import crypto
from service_vendors.models.fields import EncryptedJSONField, EncryptedTextField

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """One encrypted column of one database."""

    using: str
    table: str
    key: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(slots=True)
class Rotation:
    """How far one column is: values read, written anew, and not readable with any key."""

    column: Column
    read: int = 0
    renewed: int = 0
    unreadable: int = 0


def columns(using: str) -> list[Column]:
    """Every encrypted column of a database, of whatever app."""
    return [
        Column(using, model._meta.db_table, _key_column(model), str(field.column))
        for model in apps.get_models(include_auto_created=True)
        if router.allow_migrate_model(using, model) and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField | EncryptedJSONField)
    ]


def rotate(
    column: Column, *, write: bool = True, progress: Callable[[Rotation], None] = lambda _: None
) -> Rotation:
    """Write every value of a column that an older key made anew with the first key.

    Values that are up to date are left alone, so a rotation that was interrupted goes on where it
    stopped. With ``write`` off it only counts. ``progress`` is told after each batch.
    """
    rotation = Rotation(column)
    for batch in _batches(column):
        renewed: list[tuple[Any, str, str]] = []
        for key, token in batch:
            rotation.read += 1
            if crypto.is_current(token):
                continue
            try:
                renewed.append((key, token, crypto.rotated(token)))
            except crypto.DecryptionError:
                rotation.unreadable += 1
        rotation.renewed += _write(column, renewed) if write else len(renewed)
        progress(rotation)
    return rotation


def count(column: Column) -> int:
    """How many values a column holds."""
    quote = connections[column.using].ops.quote_name
    sql = f"SELECT COUNT({quote(column.name)}) FROM {quote(column.table)}"  # noqa: S608
    with connections[column.using].cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def _key_column(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _batches(column: Column) -> Iterator[list[tuple[Any, str]]]:
    """The values as they are stored, in the order of the primary key. Names come from models."""
    quote = connections[column.using].ops.quote_name
    key, name, table = quote(column.key), quote(column.name), quote(column.table)
    start = f"SELECT {key}, {name} FROM {table} WHERE {name} IS NOT NULL"  # noqa: S608
    after: list[Any] = []
    while True:
        with connections[column.using].cursor() as cursor:
            beyond = f" AND {key} > %s" if after else ""
            cursor.execute(f"{start}{beyond} ORDER BY {key} LIMIT {BATCH}", after)
            batch = cursor.fetchall()
        if not batch:
            return
        yield batch
        after = [batch[-1][0]]


def _write(column: Column, renewed: list[tuple[Any, str, str]]) -> int:
    """Replace values that are still what was read; what changed meanwhile has the new key."""
    quote = connections[column.using].ops.quote_name
    key, name, table = quote(column.key), quote(column.name), quote(column.table)
    sql = f"UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s"  # noqa: S608
    written = 0
    with transaction.atomic(using=column.using), connections[column.using].cursor() as cursor:
        for at, old, new in renewed:
            cursor.execute(sql, [new, at, old])
            written += cursor.rowcount
    return written
