"""The inbox: what was acknowledged is never lost, and is applied once however often it comes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from service_vendors import broker, conf
from service_vendors.backoff import backoff_seconds
from service_vendors.models import Organization, WebhookEvent
from service_vendors.receiving import application, parts
from service_vendors.receiving.tenancy import CannotApply
from service_vendors.types import WebhookRequest

logger = logging.getLogger(__name__)

ROUND: Final = 5_000
LONGEST_PAUSE_SECONDS: Final = 300.0

# What an event needs to be read again; signatures and credentials are not among them.
KEPT_HEADERS: Final = frozenset({"content-type", "content-encoding", "user-agent"})


def accept(
    service: str, request: WebhookRequest, organization: Organization | None
) -> WebhookEvent | None:
    """Store a verified request; None when the same one is stored already.

    When this returns outside a transaction, the event is committed and may be acknowledged.
    """
    event = WebhookEvent(
        service=service,
        organization=organization,
        event_key=event_key(request),
        address=request.address,
        method=request.method,
        url=request.url.partition("?")[0],
        query=request.query,
        headers={n: v for n, v in request.headers.items() if n in KEPT_HEADERS},
        body=request.body,
        received_at=request.received_at,
    )
    try:
        with transaction.atomic():
            event.save(force_insert=True)
            transaction.on_commit(lambda: hand_over([event.pk]), robust=True)
    except IntegrityError:
        if not WebhookEvent.objects.filter(service=service, event_key=event.event_key).exists():
            raise
        return None
    return event


def event_key(request: WebhookRequest) -> str:
    """What makes two deliveries the same event: the same bytes for the same account."""
    digest = hashlib.sha256()
    tenant = "" if request.organization_id is None else str(request.organization_id)
    for part in (request.address, tenant, request.method, request.query):
        digest.update(part.encode() + b"\0")
    digest.update(request.body)
    return digest.hexdigest()


def hand_over(ids: list[int]) -> None:
    """Give events to the workers; those the broker does not take are left to the sweeper."""
    broker.hand_over("apply_events", ids, batch_size=conf.whole("INBOX_BATCH_SIZE"))


def apply(event_ids: Sequence[int]) -> None:
    """Apply those of the events that are due and nobody else is applying.

    Each event is applied in a transaction of its own: one that fails holds up no other.
    """
    for event in _claim(event_ids):
        try:
            with transaction.atomic():
                if not _still_ours(event):
                    continue
                application.apply_event(event, to_request(event))
                event.status = WebhookEvent.Status.APPLIED
                event.applied_at = timezone.now()
                event.last_error = ""
                event.save(update_fields=("status", "applied_at", "last_error"))
        except Exception as error:  # noqa: BLE001 - whatever it is, it may hold up no other event
            _failed(event, error)


def replay(event: WebhookEvent) -> None:
    """Try a set-aside event again, from the start."""
    with transaction.atomic():
        changed = WebhookEvent.objects.filter(
            pk=event.pk, status=WebhookEvent.Status.SET_ASIDE
        ).update(
            status=WebhookEvent.Status.PENDING, attempts=0, due_at=timezone.now(), claim_token=None
        )
        if changed:
            transaction.on_commit(lambda: hand_over([event.pk]), robust=True)


def sweep() -> None:
    """One round: hand over events that are due, end long waits for parts, delete old events."""
    now = timezone.now()
    waiting = WebhookEvent.objects.filter(
        status=WebhookEvent.Status.PENDING,
        due_at__lte=now - timedelta(seconds=conf.seconds("SWEEP_SECONDS")),
    )
    ids = list(waiting.order_by("due_at").values_list("pk", flat=True)[:ROUND])
    if ids:
        hand_over(ids)
    parts.deliver_incomplete()
    old = WebhookEvent.objects.filter(
        status=WebhookEvent.Status.APPLIED,
        applied_at__lt=now - timedelta(days=conf.whole("INBOX_KEEP_DAYS")),
    )
    WebhookEvent.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:ROUND])).delete()


def to_request(event: WebhookEvent) -> WebhookRequest:
    """The request an event was stored from, without the headers that proved its origin."""
    return WebhookRequest(
        address=event.address,
        method=event.method,
        url=event.url,
        query=event.query,
        headers=event.headers,
        body=bytes(event.body),
        organization_id=event.organization_id,
        received_at=event.received_at,
    )


def _claim(event_ids: Sequence[int]) -> list[WebhookEvent]:
    token, now = uuid4(), timezone.now()
    with transaction.atomic():
        free = list(
            WebhookEvent.objects.select_for_update(skip_locked=True)
            .filter(pk__in=event_ids, status=WebhookEvent.Status.PENDING, due_at__lte=now)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        WebhookEvent.objects.filter(pk__in=free).update(
            claim_token=token,
            attempts=F("attempts") + 1,
            due_at=now + timedelta(seconds=conf.seconds("INBOX_LEASE_SECONDS")),
        )
    claimed = WebhookEvent.objects.filter(pk__in=free, claim_token=token)
    return list(claimed.select_related("organization").order_by("pk"))


def _still_ours(event: WebhookEvent) -> bool:
    """Lock the event; False when its lease ran out and another worker has it."""
    return (
        WebhookEvent.objects.select_for_update()
        .filter(pk=event.pk, claim_token=event.claim_token, status=WebhookEvent.Status.PENDING)
        .exists()
    )


def _failed(event: WebhookEvent, error: Exception) -> None:
    """Try again later, or after the last try set the event aside where an admin sees it."""
    final = event.attempts >= conf.whole("INBOX_MAX_ATTEMPTS")
    pause = backoff_seconds(
        event.attempts, conf.seconds("INBOX_RETRY_SECONDS"), LONGEST_PAUSE_SECONDS
    )
    known = isinstance(error, CannotApply)
    reason = str(error) if known else f"{type(error).__name__} while reading it"
    WebhookEvent.objects.filter(pk=event.pk, claim_token=event.claim_token).update(
        status=WebhookEvent.Status.SET_ASIDE if final else WebhookEvent.Status.PENDING,
        due_at=timezone.now() + timedelta(seconds=pause),
        claim_token=None,
        last_error=reason,
    )
    log = logger.error if final else logger.warning
    log(
        "%s event %d failed for the %d. time%s: %s",
        event.service,
        event.pk,
        event.attempts,
        " and is set aside" if final else "",
        type(error).__name__,
    )
