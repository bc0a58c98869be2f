"""Taking webhooks in: what was acknowledged is never lost, and is stored once.

They are stored in the inbox; while the database is away, in the spool.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from django.db import connection, transaction

from service_vendors import broker, conf
from service_vendors.absence import Absence
from service_vendors.models import Organization, WebhookEvent
from service_vendors.models.rows import insert_new, stencil
from service_vendors.receiving import spool
from service_vendors.types import WebhookRequest

# What an event needs to be read again; signatures and credentials are not among them.
KEPT_HEADERS: Final = frozenset({"content-type", "content-encoding", "user-agent"})

database_away: Final = Absence(seconds=2.0)


def event_of(
    service: str, request: WebhookRequest, organization: Organization | None
) -> WebhookEvent:
    """The event that a verified request makes, not yet stored."""
    return _new_event()(
        service=service,
        organization_id=None if organization is None else organization.pk,
        event_key=event_key(request),
        address=request.address,
        method=request.method,
        url=request.url.partition("?")[0],
        # PostgreSQL takes no NUL character; in a query it can be written otherwise.
        query=request.query.replace("\x00", "%00"),
        headers={n: v.replace("\x00", "") for n, v in request.headers.items() if n in KEPT_HEADERS},
        body=request.body,
        received_at=request.received_at,
        due_at=request.received_at,
    )


@cache
def _new_event() -> Callable[..., WebhookEvent]:
    return stencil(WebhookEvent())


def event_key(request: WebhookRequest) -> str:
    """What makes two deliveries the same event: the same bytes for the same account."""
    digest = hashlib.sha256()
    tenant = "" if request.organization_id is None else str(request.organization_id)
    for part in (request.address, tenant, request.method, request.query):
        digest.update(part.encode() + b"\0")
    digest.update(request.body)
    return digest.hexdigest()


def accept(
    service: str, request: WebhookRequest, organization: Organization | None
) -> WebhookEvent | None:
    """Keep a verified request; None when the same one is stored already.

    When this returns outside a transaction, the event is safe and may be acknowledged.
    Raises NowhereToKeep.
    """
    event = event_of(service, request, organization)
    if connection.in_atomic_block:
        if not store([event]):
            return None
        transaction.on_commit(lambda: hand_over([event.pk]), robust=True)
        return event
    (is_new,) = keep([event])
    if is_new and event.pk is not None:
        hand_over([event.pk])
    return event if is_new else None


def keep(events: Sequence[WebhookEvent]) -> list[bool]:
    """Commit events together, or spool them while the database is away; whether each is new.

    Those that were stored have a primary key afterwards. Raises NowhereToKeep, and whatever else
    the database says of what it is told; then none was kept.
    """
    if not database_away:
        try:
            stored = set(map(id, store(events)))
        except spool.AWAY:
            connection.close()
            database_away.begin()
        else:
            return [id(event) in stored for event in events]
    spool.keep(events)
    return [True] * len(events)


def store(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
    """Commit events, in one statement; those that were new."""
    return insert_new(events, key="event_key")


def hand_over(ids: list[int]) -> None:
    """Give events to the workers; those the broker does not take are left to the sweeper."""
    broker.hand_over("apply_events", ids, batch_size=conf.whole("INBOX_BATCH_SIZE"))
