"""A known text, encrypted in the database: whether it reads tells whether the keys are right."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from django.apps import AppConfig
from django.db import connections, router

from service_vendors.crypto import DecryptionError
from service_vendors.models import KeySentinel


class State(Enum):
    """What a database's sentinel tells."""

    NO_TABLE = auto()
    MISSING = auto()
    READABLE = auto()
    UNREADABLE = auto()


def plant(sender: AppConfig, using: str, **_: Any) -> None:
    """Put the sentinel into a database that has none; connected to ``post_migrate``.

    One that is there is left alone: replacing it would hide that the keys have changed.
    """
    if _table_exists(using) and not KeySentinel.objects.using(using).exists():
        KeySentinel.objects.using(using).create()


def state(using: str) -> State:
    """Whether the sentinel of the database with this alias can be decrypted with today's keys."""
    if not _table_exists(using):
        return State.NO_TABLE
    try:
        texts = list(KeySentinel.objects.using(using).values_list("value", flat=True))
    except DecryptionError:
        return State.UNREADABLE
    return State.READABLE if texts else State.MISSING


def _table_exists(using: str) -> bool:
    """Not before the first migration, nor in a database that is not ours."""
    if not router.allow_migrate_model(using, KeySentinel):
        return False
    return KeySentinel._meta.db_table in connections[using].introspection.table_names()
