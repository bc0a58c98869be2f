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
    may_be_zero: bool = False


def _send_rate(what: str, in_words: str) -> Setting:
    """How fast something sends; where it is 0, as fast as the vendor declares."""
    return Setting(
        f"SEND_RATE_{what}",
        float,
        0.0,
        f"The most segments a second that {in_words}; 0: what the vendor usually allows.",
        per_organization=True,
        may_be_zero=True,
    )


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
    # When contacts may be texted
    Setting(
        "TEXTING_HOURS_ENFORCED",
        bool,
        False,
        "Contacts are texted between two hours of their own day only; what is sent at other times "
        "waits. A campaign's features may say otherwise.",
        per_organization=True,
    ),
    Setting(
        "TEXTING_HOURS_START",
        int,
        9,
        "The hour they begin, 0 to 23.",
        per_organization=True,
        may_be_zero=True,
    ),
    Setting("TEXTING_HOURS_END", int, 21, "The hour they end, 1 to 24.", per_organization=True),
    Setting(
        "DEFAULT_TZ",
        str,
        "America/New_York",
        "The time zone of contacts whose own, ZIP code, number and campaign tell none.",
        per_organization=True,
    ),
    # Sending
    Setting("SEND_BATCH_SIZE", int, 250, "Messages one task claims and sends at once."),
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
        "HAND_OVER_SECONDS",
        float,
        1.0,
        "How often messages whose time has come (their turn, their next try, the contact's "
        "morning) are handed to the broker.",
    ),
    _send_rate("ACCOUNT", "an account at the vendor takes, all its senders together"),
    _send_rate("LONG_CODE", "each ordinary number sends; a registered 10DLC campaign has its own"),
    _send_rate("TOLL_FREE", "each toll-free number sends"),
    _send_rate("SHORT_CODE", "each short code sends"),
    _send_rate("ALPHANUMERIC", "each name of letters sends"),
    _send_rate("POOL", "each messaging service, or other pool of numbers, takes"),
    Setting(
        "SETTLE_SECONDS",
        float,
        20.0,
        "The first pause before the vendor is asked what became of an UNKNOWN message; it doubles.",
    ),
    Setting("SETTLE_MAX_ATTEMPTS", int, 5, "How often the vendor is asked before we give up."),
    Setting("VENDOR_CONNECT_SECONDS", float, 5.0, "Time limit for connecting to a vendor."),
    Setting("VENDOR_READ_SECONDS", float, 20.0, "Time limit for a vendor's answer."),
    # Vendors in trouble
    Setting(
        "BREAKER_ERRORS",
        int,
        50,
        "So many calls to send that fail within BREAKER_SECONDS stop all sending over that "
        "vendor's account for a while.",
    ),
    Setting("BREAKER_SECONDS", float, 60.0, "The time within which they count."),
    Setting(
        "BREAKER_PAUSE_SECONDS",
        float,
        15.0,
        "How long nothing is sent over it then, before a few messages try; it doubles each time.",
    ),
    Setting("BREAKER_PAUSE_MAX_SECONDS", float, 600.0, "The longest such pause."),
    Setting("BREAKER_PROBES", int, 3, "How many messages try at a time after such a pause."),
    Setting(
        "FALLBACK_SERVICES",
        list,
        [],
        "The vendors that are tried next, in order, with a message that its vendor surely did not "
        "take.",
        per_organization=True,
    ),
    Setting(
        "SETUP_LEASE_SECONDS",
        float,
        120.0,
        "An auto-configuration whose worker was silent for this long goes on in another.",
    ),
    # Numbers
    Setting(
        "PHONE_INVENTORY",
        bool,
        False,
        "Owners may buy and release phone numbers; `EXPERIMENTAL_PHONE_INVENTORY` is accepted too.",
        per_organization=True,
    ),
    Setting(
        "MAX_NUMBERS_PER_BUY_JOB",
        int,
        100,
        "The most numbers that one order buys.",
        per_organization=True,
    ),
    Setting(
        "MAX_NUMBERS_PER_MONTH",
        int,
        1_000,
        "The most numbers that an organization buys in a calendar month.",
        per_organization=True,
    ),
    Setting(
        "NUMBERS_LEASE_SECONDS",
        float,
        90.0,
        "An order for numbers whose worker was silent for this long is taken up by another. "
        "Longer than VENDOR_READ_SECONDS.",
    ),
    Setting(
        "NUMBERS_SLICE_SECONDS",
        float,
        10.0,
        "How long a worker stays with one order before it lets others have their turn.",
    ),
    Setting(
        "NUMBERS_RETRY_SECONDS",
        float,
        5.0,
        "The first pause before the vendor is asked again for numbers; it doubles.",
    ),
    Setting("NUMBERS_MAX_ATTEMPTS", int, 8, "Tries of an order that the vendor does not take up."),
    # Lookups
    Setting(
        "LOOKUP_MAX_AGE_DAYS",
        int,
        90,
        "What a lookup told of a number is believed for this many days before it is asked again.",
    ),
    Setting(
        "LOOKUPS_AT_ONCE",
        int,
        20,
        "The most lookups that are under way at one vendor, in all processes together.",
    ),
    Setting(
        "LOOKUPS_PER_SECOND",
        int,
        100,
        "The most lookups that begin at one vendor in a second; less where the vendor takes less.",
    ),
    Setting(
        "LOOKUP_LEASE_SECONDS",
        float,
        60.0,
        "A lookup whose worker was silent for this long is given up. What may have been paid for "
        "is in doubt, and not asked again by itself.",
    ),
    Setting(
        "LOOKUP_MAX_ATTEMPTS",
        int,
        5,
        "Tries of a number whose lookup surely was not paid for, before its job goes on without.",
    ),
    Setting("LOOKUP_MOST_NUMBERS", int, 200_000, "The most numbers that one lookup job takes."),
    Setting(
        "TEXT_DESPITE_LOOKUP",
        bool,
        False,
        "Text also the numbers that a lookup or an earlier text showed to be landlines, out of "
        "service, outside the country or unsubscribed.",
        per_organization=True,
    ),
    # Receiving
    Setting("WEBHOOK_MAX_BYTES", int, 262_144, "A larger webhook is refused with 413, unread."),
    Setting("WEBHOOK_TOLERANCE_SECONDS", float, 300.0, "How old a signed timestamp may be."),
    Setting(
        "WEBHOOK_SPOOL",
        str,
        "",
        "A folder on a disk of this machine that keeps webhooks while the database is away; "
        "without one they are answered 503 then.",
    ),
    Setting("WEBHOOK_SPOOL_BYTES", int, 268_435_456, "The most that folder may hold."),
    Setting("INBOX_BATCH_SIZE", int, 250, "Webhook events one task applies."),
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
    # Watching
    Setting(
        "METRICS_TOKEN",
        str,
        "",
        "Whoever shows it (Authorization: Bearer) reads /metrics; while it is empty, nobody does.",
    ),
    Setting(
        "HEALTH_WAIT_SECONDS",
        float,
        300.0,
        "/healthz says that nobody works when something has been due for this long.",
    ),
)

SETTINGS: Final[dict[str, Setting]] = {row.name: row for row in _ROWS}
_TRUE = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS)
_CALLS_OF_A_LEASE: Final = 0.75


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
    return read(SETTINGS[name])


def read(row: Setting) -> Any:
    """A setting of any table, also of one that a vendor brings; as ``get``."""
    value = getattr(settings, row.name, None)
    if value is None:
        value = os.environ.get(row.name)
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


def call_seconds(lease: str) -> float:
    """How long calls may take under the lease that this setting names.

    They must end before it does; the rest is for writing down what came of them.
    """
    return seconds(lease) * _CALLS_OF_A_LEASE
