"""Every setting of this app, in one table, read when it is used.

A setting is looked up in Django's settings, then in the environment, then in the table's default.
``docs/settings.md`` is written from the same table (``manage.py vendors --docs``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. ``kind`` is str, int, float, bool or list (comma separated)."""

    name: str
    kind: type
    default: Any
    help: str
    per_organization: bool = False


_ROWS: Final = (
    # Which vendors and managers there are
    Setting("SERVICE_VENDORS", list, [], "Names of the vendors that may be used, in order."),
    Setting(
        "DEFAULT_SERVICE",
        str,
        "",
        "The vendor that sends, for organizations whose features name no other.",
        per_organization=True,
    ),
    Setting(
        "SERVICE_MANAGERS",
        list,
        [],
        "Names of the service managers whose hooks run, in order.",
        per_organization=True,
    ),
    Setting("SECRET_MANAGER", str, "encrypted", "Where vendors' secrets are kept."),
    Setting(
        "BASE_URL",
        str,
        "",
        "The public address of this installation; vendors call back to it. No trailing slash.",
    ),
    Setting(
        "PHONE_NUMBER_COUNTRY",
        str,
        "US",
        "The country of numbers typed without a country code (ISO 3166, two letters).",
        per_organization=True,
    ),
    # Sending
    Setting("SEND_BATCH_SIZE", int, 100, "Messages one task claims and sends at once."),
    Setting(
        "SEND_LEASE_SECONDS",
        float,
        120.0,
        "A claimed message whose worker was silent for this long becomes UNKNOWN.",
    ),
    Setting("SEND_MAX_ATTEMPTS", int, 8, "Tries of a message that surely was not sent."),
    Setting("SEND_RETRY_SECONDS", float, 5.0, "The first pause between tries; it doubles."),
    Setting("SEND_RETRY_MAX_SECONDS", float, 900.0, "The longest pause between tries."),
    Setting(
        "REDISPATCH_SECONDS",
        float,
        60.0,
        "A queued message that no worker took for this long is handed to the broker again.",
    ),
    Setting("SWEEP_SECONDS", float, 5.0, "How often the sweeper looks for what fell through."),
    Setting(
        "SETTLE_SECONDS",
        float,
        30.0,
        "The first pause before the vendor is asked what became of an UNKNOWN message; it doubles.",
    ),
    Setting("SETTLE_MAX_ATTEMPTS", int, 6, "How often the vendor is asked before we give up."),
    Setting("VENDOR_CONNECT_SECONDS", float, 5.0, "Time limit for connecting to a vendor."),
    Setting("VENDOR_READ_SECONDS", float, 20.0, "Time limit for a vendor's answer."),
    # Receiving
    Setting("WEBHOOK_MAX_BYTES", int, 262_144, "A larger webhook is refused with 413, unread."),
    Setting("WEBHOOK_TOLERANCE_SECONDS", float, 300.0, "How old a signed timestamp may be."),
    Setting("INBOX_BATCH_SIZE", int, 100, "Webhook events one task applies."),
    Setting("INBOX_LEASE_SECONDS", float, 60.0, "A claimed event is free again after this long."),
    Setting("INBOX_MAX_ATTEMPTS", int, 5, "Tries of an event before it is set aside."),
    Setting("INBOX_RETRY_SECONDS", float, 2.0, "The first pause between tries; it doubles."),
    Setting(
        "INBOX_KEEP_DAYS",
        int,
        30,
        "Applied events are deleted after this many days; set-aside ones are kept.",
    ),
    Setting(
        "PART_TIMEOUT_SECONDS",
        float,
        600.0,
        "A long message whose missing parts did not come is delivered incomplete after this long.",
    ),
)

SETTINGS: Final[dict[str, Setting]] = {row.name: row for row in _ROWS}
_TRUE = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS)


def environment(name: str) -> str | None:
    """A raw value from Django's settings or else the environment; None when it is in neither.

    For what is not in the table: the keys that vendors declare in ``config_fields``.
    """
    value = getattr(settings, name, None)
    if value is None:
        value = os.environ.get(name)
    return None if value is None else str(value)


def get(name: str) -> Any:
    """A setting of the table, converted to its kind.

    Raises ImproperlyConfigured, naming the setting, when its text does not convert.
    """
    row = SETTINGS[name]
    value = getattr(settings, name, None)
    if value is None:
        value = os.environ.get(name)
    if value is None or (value == "" and row.kind is not str):
        value = row.default
    return convert(row, value)


def convert(row: Setting, value: Any) -> Any:
    """``value`` as the row's kind; text is read the way the environment is written."""
    if row.kind is list:
        words = value.split(",") if isinstance(value, str) else value
        return [word.strip() for word in words if word.strip()]
    if row.kind is bool and isinstance(value, str):
        return value.strip().lower() in _TRUE
    try:
        return row.kind(value)
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{row.name} must be of kind {row.kind.__name__}: {value!r} is not."
        ) from error


def text(name: str) -> str:
    """A setting of kind str."""
    return str(get(name))


def words(name: str) -> list[str]:
    """A setting of kind list."""
    return list(get(name))


def whole(name: str) -> int:
    """A setting of kind int."""
    return int(get(name))


def seconds(name: str) -> float:
    """A setting of kind float; all of them are seconds."""
    return float(get(name))
