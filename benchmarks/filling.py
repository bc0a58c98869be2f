"""A table as it stands after years: millions of messages, written by the database itself.

Everything is made of the row's number, so that two fillings of one size are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import connection, models

from service_vendors.models import (
    Contact,
    Message,
    Organization,
    OrganizationContact,
    OwnedPhoneNumber,
    WebhookEvent,
)

SERVICE: Final = "fakeservice"
# Of so many messages one is a reply, one failed, and one nobody can tell the fate of.
REPLY_EACH: Final = 5
FAILED_EACH: Final = 33
DOUBT_EACH: Final = 100_000
DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much there is of what; of one organization."""

    messages: int
    contacts: int
    numbers: int
    events: int


def fill(organization: Organization, amounts: Amounts) -> None:
    """Write so much for an organization, all of it settled, and have the planner learn of it."""
    with _without_indexes(Message, WebhookEvent):
        _write_messages(organization, amounts)
        _write_events(organization, amounts)
    _write_numbers(organization, amounts)
    _write_contacts(organization, amounts)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")


def contact_number(n: str) -> str:
    """SQL for the number of the n-th contact."""
    return f"'+1212' || lpad((2000000 + {n})::text, 7, '0')"


def our_number(n: str) -> str:
    """SQL for our n-th number."""
    return f"'+1646' || lpad((2000000 + {n})::text, 7, '0')"


def _write_messages(organization: Organization, amounts: Amounts) -> None:
    # A contact's messages lie far apart, as they do where thousands write at the same time.
    contact = f"(n::bigint * 7919 % {amounts.contacts})"
    number = f"({contact} % {max(amounts.numbers, 1)})"
    is_reply = f"n % {REPLY_EACH} = 0"
    at = f"now() - ({amounts.messages} - n) * interval '{DAYS} days' / {amounts.messages}"
    status = (
        f"CASE WHEN {is_reply} THEN 'DELIVERED' WHEN n % {DOUBT_EACH} = 1 THEN 'UNKNOWN'"
        f" WHEN n % {FAILED_EACH} = 1 THEN 'ERROR' ELSE 'DELIVERED' END"
    )
    _write(
        Message,
        amounts.messages,
        {
            "organization_id": str(organization.pk),
            "contact_number": contact_number(contact),
            "user_number": our_number(number),
            "is_from_contact": is_reply,
            "text": "'Hi! Will you vote on Tuesday? (' || n || ')'",
            "service": f"'{SERVICE}'",
            "service_id": "'M' || md5(n::text)",
            "send_status": status,
            "error_code": f"CASE WHEN {status} = 'ERROR' THEN 30005 END",
            "reference": "lpad(to_hex(n), 32, '0')::uuid",
            "created_at": at,
            "queued_at": at,
            "sent_at": at,
            "service_response_at": at,
            "attempts": "1",
            "due_at": "NULL",
            "dispatched_at": at,
        },
    )


def _write_events(organization: Organization, amounts: Amounts) -> None:
    _write(
        WebhookEvent,
        amounts.events,
        {
            "organization_id": str(organization.pk),
            "service": f"'{SERVICE}'",
            "event_key": "md5(n::text) || md5(n::text)",
            "address": f"'{SERVICE}'",
            "method": "'POST'",
            "url": "'http://127.0.0.1/fakeservice'",
            "body": "convert_to(repeat('x', 200), 'UTF8')",
            "status": "'APPLIED'",
            "received_at": f"now() - ({amounts.events} - n) * interval '5 days' / {amounts.events}",
            "applied_at": f"now() - ({amounts.events} - n) * interval '5 days' / {amounts.events}",
        },
    )


def _write_numbers(organization: Organization, amounts: Amounts) -> None:
    _write(
        OwnedPhoneNumber,
        amounts.numbers,
        {
            "organization_id": str(organization.pk),
            "service": f"'{SERVICE}'",
            "phone_number": our_number("n - 1"),
            "area_code": "(201 + n % 50)::text",
            "service_id": "'N' || n",
            "monthly_price": "1.15",
        },
    )


def _write_contacts(organization: Organization, amounts: Amounts) -> None:
    campaign = organization.campaigns.create(title="Everyone", is_started=True)
    _write(
        Contact,
        amounts.contacts,
        {
            "campaign_id": str(campaign.pk),
            "cell": contact_number("n - 1"),
            "first_name": "'Ada'",
            "last_name": "'Number ' || n",
            "created_at": "now()",
        },
    )
    _write(
        OrganizationContact,
        amounts.contacts,
        {
            "organization_id": str(organization.pk),
            "contact_number": contact_number("n - 1"),
            "user_number": our_number(f"n % {max(amounts.numbers, 1)}"),
            "service": f"'{SERVICE}'",
            "status_code": "CASE WHEN n % 10 = 0 THEN -1 WHEN n % 2 = 0 THEN 1 END",
            "created_at": "now()",
        },
    )


def _write(model: type[models.Model], count: int, expressions: Mapping[str, str]) -> None:
    """Rows of a model numbered from 1 on; columns without an expression have their default."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        name = str(field.column)
        columns.append(connection.ops.quote_name(name))
        if name in expressions:
            values.append(expressions[name])
        else:
            kind, default = field.db_type(connection), field.get_default()
            prepared = field.get_db_prep_save(default, connection)
            with connection.cursor() as cursor:
                values.append(f"{cursor.mogrify('%s', [prepared])}::{kind}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"
            f" SELECT {', '.join(values)} FROM generate_series(1, {count}) AS n"
        )


@contextmanager
def _without_indexes(*filled: type[models.Model]) -> Iterator[None]:
    """Take the tables' indexes away for a while: built at the end, they take a tenth of the time.

    Those that constraints stand on stay.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            ([model._meta.db_table for model in filled],),
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        connection.check_constraints()  # of what is still to be checked, no index can be made
        for _, definition in indexes:
            cursor.execute(definition)
