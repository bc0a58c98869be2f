"""The inbox: events are claimed, applied together, tried again, and in the end set aside."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.db import transaction
from django.db.models import F, prefetch_related_objects
from django.utils import timezone

from service_vendors import conf, metrics
from service_vendors.backoff import backoff_seconds
from service_vendors.models import WebhookEvent
from service_vendors.models.rows import take
from service_vendors.receiving import application, intake, parts, spool
from service_vendors.receiving.intake import hand_over
from service_vendors.receiving.tenancy import CannotApply

logger = logging.getLogger(__name__)

ROUND: Final = 5_000
LONGEST_PAUSE_SECONDS: Final = 300.0


def apply(event_ids: Sequence[int]) -> None:
    """Apply those of the events that are due and nobody else is applying."""
    _apply(_claim(event_ids))


def _apply(events: Sequence[WebhookEvent]) -> None:
    """Apply events together. When that fails, in halves: in the end what fails stands alone."""
    if not events:
        return
    try:
        with transaction.atomic():
            ours = _still_ours(events)
            failures = application.apply_events(ours)
            applied = [event for event in ours if event not in failures]
            WebhookEvent.objects.filter(pk__in=[event.pk for event in applied]).update(
                status=WebhookEvent.Status.APPLIED, applied_at=timezone.now(), last_error=""
            )
    except Exception as error:  # noqa: BLE001 - whatever it is, it may hold up no other event
        if len(events) == 1:
            _failed(events[0], error)
            return
        middle = len(events) // 2
        _apply(events[:middle])
        _apply(events[middle:])
        return
    for event in applied:
        metrics.count_event(event.service, "applied")
    for event, failure in failures.items():
        _failed(event, failure)


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
    """One round: store what was spooled on this machine, hand over events that are due, end long
    waits for parts, delete old events.
    """
    spool.replay(intake.store)
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


def _claim(event_ids: Sequence[int]) -> list[WebhookEvent]:
    now = timezone.now()
    with transaction.atomic():
        claimed = take(
            WebhookEvent.objects.filter(
                pk__in=event_ids, status=WebhookEvent.Status.PENDING, due_at__lte=now
            ),
            claim_token=uuid4(),
            attempts=F("attempts") + 1,
            due_at=now + timedelta(seconds=conf.seconds("INBOX_LEASE_SECONDS")),
        )
    prefetch_related_objects(claimed, "organization")
    return claimed


def _still_ours(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
    """Lock the events; those whose lease ran out and that another worker has are left out."""
    locked = (
        WebhookEvent.objects.select_for_update()
        .filter(pk__in=[event.pk for event in events], status=WebhookEvent.Status.PENDING)
        .order_by("pk")
    )
    tokens = dict(locked.values_list("pk", "claim_token"))
    return [event for event in events if tokens.get(event.pk) == event.claim_token]


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
    metrics.count_event(event.service, "set aside" if final else "failed")
    log = logger.error if final else logger.warning
    log(
        "%s event %d failed for the %d. time%s: %s",
        event.service,
        event.pk,
        event.attempts,
        " and is set aside" if final else "",
        type(error).__name__,
    )
