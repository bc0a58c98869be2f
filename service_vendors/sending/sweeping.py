"""Finding what fell through: messages nobody took, claims nobody finished, sends in doubt."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from service_vendors import conf
from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Message, SendStatus
from service_vendors.sending import acceptance, ledger
from service_vendors.sending.dispatch import outbound
from service_vendors.types import Feature, SendReceipt
from service_vendors.vendors import loop, registry
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)

# One round takes so many of each kind; the next round takes the rest.
ROUND: Final = 5_000
ASK_AT_ONCE: Final = 100


def sweep() -> None:
    """One round. Any number of sweepers may run at once."""
    hand_over_forgotten()
    end_broken_claims()
    settle_doubtful()


def hand_over_forgotten() -> int:
    """Hand due messages to the broker (again) that no worker took; how many those were."""
    now = timezone.now()
    long_ago = now - timedelta(seconds=conf.seconds("REDISPATCH_SECONDS"))
    ids = _take(
        Q(send_status=SendStatus.QUEUED, due_at__lte=now)
        & (Q(dispatched_at__isnull=True) | Q(dispatched_at__lte=long_ago)),
        ROUND,
        dispatched_at=now,
    )
    if ids:
        acceptance.hand_over(ids)
    return len(ids)


def end_broken_claims() -> int:
    """Messages whose worker fell silent become UNKNOWN: they may have been sent."""
    now = timezone.now()
    ids = _take(
        Q(send_status=SendStatus.SENDING, due_at__lte=now),
        ROUND,
        send_status=SendStatus.UNKNOWN,
        status_reason="The worker that was sending this stopped before it knew the outcome.",
        due_at=now + timedelta(seconds=conf.seconds("SETTLE_SECONDS")),
    )
    if ids:
        logger.warning("%d messages are UNKNOWN: their worker stopped.", len(ids))
    return len(ids)


def settle_doubtful() -> int:
    """Ask vendors what became of UNKNOWN messages; how many were settled."""
    now = timezone.now()
    ids = _take(
        Q(send_status=SendStatus.UNKNOWN, due_at__lte=now),
        ASK_AT_ONCE,
        settle_attempts=F("settle_attempts") + 1,
        due_at=now + timedelta(seconds=conf.seconds("SEND_LEASE_SECONDS")),
    )
    messages = list(Message.objects.filter(pk__in=ids).select_related("organization"))
    answers = loop.run_all([_ask(_vendor(message), message) for message in messages])
    settled = 0
    for message, answer in zip(messages, answers, strict=True):
        if isinstance(answer, SendReceipt):
            ledger.record_found(message, answer)
            settled += 1
        else:
            Message.objects.filter(pk=message.pk, send_status=SendStatus.UNKNOWN).update(
                due_at=_next_question(message)
            )
    return settled


def _vendor(message: Message) -> ServiceVendor | None:
    try:
        return registry.get_vendor(message.organization, message.service)
    except UnknownVendor:
        return None


async def _ask(vendor: ServiceVendor | None, message: Message) -> SendReceipt | None:
    if vendor is None or Feature.FIND_MESSAGE not in vendor.supports:
        return None
    return await vendor.find_message(outbound(message))


def _take(condition: Q, most: int, **changes: object) -> list[int]:
    """Change up to ``most`` messages that no other sweeper is changing; their ids."""
    with transaction.atomic():
        ids = list(
            Message.objects.select_for_update(skip_locked=True)
            .filter(condition)
            .order_by("due_at")
            .values_list("pk", flat=True)[:most]
        )
        Message.objects.filter(pk__in=ids).update(**changes)
    return ids


def _next_question(message: Message) -> datetime | None:
    if message.settle_attempts >= conf.whole("SETTLE_MAX_ATTEMPTS"):
        return None
    pause = conf.seconds("SETTLE_SECONDS") * 2**message.settle_attempts
    return timezone.now() + timedelta(seconds=pause)
