"""Finding what fell through: messages nobody took, claims nobody finished, sends in doubt."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from service_vendors import conf
from service_vendors.exceptions import UnknownVendor
from service_vendors.models import Message, Organization, Priority, SendStatus, Step
from service_vendors.models.rows import take
from service_vendors.sending import history, ledger
from service_vendors.sending.bulks import hand_over_bulks
from service_vendors.sending.handing_over import hand_over
from service_vendors.sending.preparation import outbound
from service_vendors.types import Feature, SendReceipt
from service_vendors.vendors import loop, registry
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)

# One round takes so many of each kind; the next round takes the rest.
ROUND: Final = 5_000
ASK_AT_ONCE: Final = 100


def sweep() -> None:
    """One round. Any number of sweepers may run at once."""
    hand_over_due()
    hand_over_forgotten()
    end_broken_claims()
    settle_doubtful()


def hand_over_due() -> None:
    """Hand over what waited for this moment, or for a broker that was away."""
    now = timezone.now()
    due = Q(send_status=SendStatus.QUEUED, dispatched_at__isnull=True, due_at__lte=now)
    hand_over(_take(due & Q(priority=Priority.REPLY), ROUND, dispatched_at=now))
    bulk = Message.objects.filter(due, priority=Priority.BULK, organization=OuterRef("pk"))
    waiting = Organization.objects.filter(Exists(bulk)).order_by()
    hand_over_bulks(set(waiting.values_list("pk", flat=True)))


def hand_over_forgotten() -> int:
    """Hand over once more what was handed over and no worker took; how many those were."""
    now = timezone.now()
    forgotten = _take(
        Q(
            send_status=SendStatus.QUEUED,
            due_at__lte=now,
            dispatched_at__lte=now - timedelta(seconds=conf.seconds("REDISPATCH_SECONDS")),
        ),
        ROUND,
        dispatched_at=None,
    )
    if forgotten:
        hand_over_due()
    return len(forgotten)


def end_broken_claims() -> int:
    """Messages whose worker fell silent become UNKNOWN: they may have been sent."""
    now = timezone.now()
    broken = _take(
        Q(send_status=SendStatus.SENDING, due_at__lte=now),
        ROUND,
        send_status=SendStatus.UNKNOWN,
        status_reason="The worker that was sending this stopped before it knew the outcome.",
        due_at=now + timedelta(seconds=conf.seconds("SETTLE_SECONDS")),
        history=history.appended(Step.LOST),
    )
    if broken:
        logger.warning("%d messages are UNKNOWN: their worker stopped.", len(broken))
    return len(broken)


def settle_doubtful() -> int:
    """Ask vendors what became of UNKNOWN messages; how many were settled."""
    now = timezone.now()
    taken = _take(
        Q(send_status=SendStatus.UNKNOWN, due_at__lte=now),
        ASK_AT_ONCE,
        settle_attempts=F("settle_attempts") + 1,
        due_at=now + timedelta(seconds=conf.seconds("SEND_LEASE_SECONDS")),
    )
    ids = [message.pk for message in taken]
    messages = list(Message.objects.filter(pk__in=ids).select_related("organization"))
    answers = loop.run_all([_ask(_vendor(message), message) for message in messages])
    settled = 0
    for message, answer in zip(messages, answers, strict=True):
        if isinstance(answer, SendReceipt) and ledger.record_found(message, answer):
            settled += 1
        else:
            next_question = _next_question(message)
            Message.objects.filter(pk=message.pk, send_status=SendStatus.UNKNOWN).update(
                due_at=next_question,
                history=history.appended(
                    Step.NOT_FOUND, service=message.service, until=next_question
                ),
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


def _take(condition: Q, most: int, **changes: object) -> list[Message]:
    """Change up to ``most`` messages that no other sweeper is changing; these messages."""
    with transaction.atomic():
        return take(Message.objects.filter(condition).order_by("due_at")[:most], **changes)


def _next_question(message: Message) -> datetime | None:
    if message.settle_attempts >= conf.whole("SETTLE_MAX_ATTEMPTS"):
        return None
    pause = conf.seconds("SETTLE_SECONDS") * 2**message.settle_attempts
    return timezone.now() + timedelta(seconds=pause)
