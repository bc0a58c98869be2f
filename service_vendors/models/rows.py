"""Many rows in one statement, where a statement a row would be too slow.

Not with Django's ``bulk_update``: that writes a CASE for every field with a branch for every row,
and an encrypted field would take such an expression for a value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeVar, cast

from django.db import connection, models
from django.db.models.sql import UpdateQuery

# SQLite binds each value; this many rows of all a message's fields stay below its limit.
ROWS_A_STATEMENT: Final = 500

M = TypeVar("M", bound=models.Model)
_Columns = tuple["models.Field[Any, Any]", ...]


def stencil(row: M) -> Callable[..., M]:
    """A maker of new rows like this one, which is given what they do not share.

    All values, in the order of the columns: that takes half the time of naming some. A foreign key
    is named as its column is; a name that is no column's raises IndexError.
    """
    shared = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    model = type(row)

    def make(**values: Any) -> M:
        return model(*(shared | values).values())

    return make


def take(chosen: models.QuerySet[M], **changes: Any) -> list[M]:
    """Change rows that nobody else is changing and return them as they are now, in one statement.

    Must run in a transaction. Of two who take the same row at once, one gets it.
    """
    free = chosen.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    rows = chosen.model._default_manager.filter(pk__in=free.values("pk"))
    update = cast(UpdateQuery, rows.query.chain(UpdateQuery))
    update.add_update_values(changes)
    statement, parameters = update.get_compiler(connection=connection).as_sql()
    columns = ", ".join(_quoted(field) for field in chosen.model._meta.concrete_fields)
    returning = f"{statement} RETURNING {columns}"
    return sorted(chosen.model._default_manager.raw(returning, parameters), key=lambda row: row.pk)


def update_each(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write each row's own values of ``fields``. Rows that are gone stay gone."""
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        _update_each(rows[start : start + ROWS_A_STATEMENT], fields)


def insert_all(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model and give them their primary keys; in a transaction, all or none.

    On PostgreSQL they are copied, which takes a third of the time of an INSERT.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
        return
    table, columns = model._meta.db_table, model._meta.concrete_fields
    names = ", ".join(_quoted(field) for field in columns)
    values_of = attrgetter(*(field.attname for field in columns))
    changes = [(place, change) for place, field in enumerate(columns) if (change := _copied(field))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            (table, model._meta.pk.column, len(rows)),
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
        with cursor.copy(f"COPY {_quoted(table)} ({names}) FROM STDIN") as copy:
            for row in rows:
                values = list(values_of(row))
                for place, change in changes:
                    values[place] = change(values[place])
                copy.write_row(values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def insert_new(rows: Sequence[M], key: str) -> list[M]:
    """Store those rows that no unique constraint forbids, in one statement; which those were.

    ``key`` names the column that tells rows apart. They get their primary keys.
    """
    columns, insert, returning = _inserting(type(rows[0]), key)
    new, parameters = _table_of(rows, columns)
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} {new} {returning}", parameters)
        keys = {value: pk for pk, value in cursor.fetchall()}
    stored = []
    for row in rows:
        pk = keys.pop(getattr(row, key), None)
        if pk is not None:
            row.pk, row._state.adding, row._state.db = pk, False, connection.alias
            stored.append(row)
    return stored


@cache
def _inserting(model: type[models.Model], key: str) -> tuple[_Columns, str, str]:
    """The columns of new rows, and the statement around the table that has their values."""
    meta = model._meta
    columns = tuple(field for field in meta.concrete_fields if field is not meta.pk)
    names = ", ".join(_quoted(field) for field in columns)
    taken = ", ".join(f"new.column{number}" for number in range(1, len(columns) + 1))
    return (
        columns,
        f"INSERT INTO {_quoted(meta.db_table)} ({names}) SELECT {taken} FROM",
        f"WHERE true ON CONFLICT DO NOTHING RETURNING {_quoted(meta.pk)}, {_quoted(key)}",
    )


def _update_each(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    meta = type(rows[0])._meta
    columns = (meta.pk, *(field for field in meta.concrete_fields if field.name in fields))
    changes = ", ".join(
        f"{_quoted(column)} = new.column{number}"
        for number, column in enumerate(columns[1:], start=2)
    )
    table = _quoted(meta.db_table)
    new, parameters = _table_of(rows, columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {changes} FROM {new}"  # noqa: S608 - names of our own columns
            f" WHERE {table}.{_quoted(meta.pk)} = new.column1",
            parameters,
        )


def _table_of(rows: Sequence[models.Model], columns: _Columns) -> tuple[str, list[Any]]:
    """A table ``new`` of the rows' values, and the parameters that fill it.

    PostgreSQL takes them as one JSON document: written in C here and read in C there, that costs a
    third of lists of values, which the driver writes value by value.
    """
    if connection.vendor != "postgresql":
        row = f"({', '.join(['%s'] * len(columns))})"
        values = [
            field.get_db_prep_save(getattr(row, field.attname), connection)
            for row in rows
            for field in columns
        ]
        return f"(VALUES {', '.join([row] * len(rows))}) AS new", values
    table, written = _read_from_json(columns)
    document = json.dumps(
        [{name: write(getattr(row, attname)) for name, attname, write in written} for row in rows]
    )
    return table, [document]


@cache
def _read_from_json(columns: _Columns) -> tuple[str, list[tuple[str, str, Callable[[Any], Any]]]]:
    """The table that PostgreSQL reads in a document; how each of its values is named, found in a
    row and written.
    """
    names = [f"column{number}" for number in range(1, len(columns) + 1)]
    # Cast from text, a value takes whatever form it has in SQL.
    read = ", ".join(f"{name} text" for name in names)
    kinds = [
        field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
        for field in columns
    ]
    cast = ", ".join(f"{name}::{kind}" for name, kind in zip(names, kinds, strict=True))
    return (
        f"(SELECT {cast} FROM json_to_recordset(%s::json) AS read ({read}))"  # noqa: S608
        f" AS new ({', '.join(names)})",
        [(name, f.attname, _as_json(f)) for name, f in zip(names, columns, strict=True)],
    )


def _as_json(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """How a value of a field is written in JSON; one of an encrypted field, say, as it is saved."""
    return _IN_JSON.get(type(field)) or (lambda value: field.get_db_prep_save(value, connection))


def _time_in_json(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _bytes_in_json(value: bytes | None) -> str | None:
    return None if value is None else f"\\x{bytes(value).hex()}"


def _text_in_json(value: object) -> str | None:
    return None if value is None else str(value)


def _quoted(name: models.Field[Any, Any] | str) -> str:
    return connection.ops.quote_name(name if isinstance(name, str) else str(name.column))


def _copied(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """What turns a value of a field into one for COPY, which knows no adapters of Django's."""
    if isinstance(field, models.JSONField):
        return json.dumps
    if field.choices and isinstance(field, models.CharField):
        return str  # a member of an enumeration is its text
    return None


def _as_it_is(value: Any) -> Any:
    return value


_IN_JSON: Final[dict[type[models.Field[Any, Any]], Callable[[Any], Any]]] = {
    **dict.fromkeys(
        (
            models.BigAutoField,
            models.BigIntegerField,
            models.BooleanField,
            models.CharField,
            models.ForeignKey,
            models.IntegerField,
            models.JSONField,
            models.PositiveIntegerField,
            models.PositiveSmallIntegerField,
            models.TextField,
        ),
        _as_it_is,
    ),
    models.BinaryField: _bytes_in_json,
    models.DateTimeField: _time_in_json,
    models.DecimalField: _text_in_json,
    models.UUIDField: _text_in_json,
}
