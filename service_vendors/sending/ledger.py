"""Claims on outgoing messages, and how they end.

A claim gives its holder a token; the outcome of a vendor call is recorded only by who holds it. A
status never falls: what a report said stands, whatever the call's own answer says afterwards.
Claiming is one statement a batch, and so is recording; between them no transaction is open.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.db import transaction
from django.db.models import F, QuerySet, prefetch_related_objects
from django.utils import timezone

from service_vendors import conf
from service_vendors.backoff import backoff_seconds
from service_vendors.models import Message, Priority, SendStatus, Step
from service_vendors.models.rows import take, update_each
from service_vendors.sending import history
from service_vendors.sending.history import VendorCall
from service_vendors.sending.lessons import Lesson, learn
from service_vendors.sending.outcomes import (
    Accepted,
    Failed,
    NotAttempted,
    Outcome,
    Postponed,
    Switched,
    TryLater,
    Uncertain,
)
from service_vendors.sending.reports import OF_REPORT, in_words
from service_vendors.types import ReportStatus, SendReceipt

# A call's own answer may only settle a message that no report has settled yet.
UNSETTLED: Final = frozenset({SendStatus.SENDING, SendStatus.UNKNOWN})

POSTPONED_SECONDS: Final = 60.0

# What a recorded outcome may change; read again, and locked, right before.
_RECORDED: Final = (
    "send_status",
    "claim_token",
    "attempts",
    "due_at",
    "dispatched_at",
    "error_code",
    "status_reason",
    "service_id",
    "service_response_at",
    "sent_at",
    "user_number",
    "messageservice_sid",
    "history",
)

# What changes when another vendor is to try; only a claim's holder does that.
_SWITCHED: Final = ("service", "tried_services")


def claim(message_ids: Sequence[int]) -> list[Message]:
    """Take those of the messages that may be sent now; nobody else can take them meanwhile.

    One claim is one attempt. Each returned message carries the claim's token and its organization.
    """
    return _claim(Message.objects.filter(pk__in=message_ids))


def claim_bulk(organization_id: int, most: int) -> list[Message]:
    """As ``claim``, for up to so many messages of an organization's bulks, the first due first."""
    bulk = Message.objects.filter(
        organization_id=organization_id, priority=Priority.BULK, dispatched_at__isnull=True
    )
    return _claim(bulk.order_by("due_at"), most)


def _claim(messages: QuerySet[Message], most: int | None = None) -> list[Message]:
    now = timezone.now()
    with transaction.atomic():
        claimed = take(
            messages.filter(send_status=SendStatus.QUEUED, due_at__lte=now)[:most],
            send_status=SendStatus.SENDING,
            claim_token=uuid4(),
            attempts=F("attempts") + 1,
            due_at=now + timedelta(seconds=conf.seconds("SEND_LEASE_SECONDS")),
            history=history.appended(Step.CLAIMED, attempt=F("attempts") + 1),
        )
    prefetch_related_objects(claimed, "organization", "contact__campaign")
    return claimed


def record(
    outcomes: Mapping[Message, Outcome], calls: Mapping[Message, VendorCall] | None = None
) -> None:
    """Write down what came of claimed messages, all of it or (if the database fails) nothing.

    ``calls`` are those of the messages about which a vendor was asked.
    """
    calls = calls or {}
    with transaction.atomic():
        tokens = {message: str(message.claim_token) for message in outcomes if message.claim_token}
        _read_again(list(tokens))
        recorded = [m for m, token in tokens.items() if str(m.claim_token) == token]
        lessons = [
            lesson
            for message in recorded
            if (lesson := _settled(message, outcomes[message], calls.get(message))) is not None
        ]
        update_each(recorded, _RECORDED)
        elsewhere = [m for m in recorded if isinstance(outcomes[m], Switched)]
        if elsewhere:
            update_each(elsewhere, _SWITCHED)
        learn(lessons)


def record_found(message: Message, receipt: SendReceipt) -> bool:
    """Settle a message that was in doubt with what the vendor says of it.

    False, and nothing changes, when another message is known to be the one that was found: some
    vendors only compare texts.
    """
    with transaction.atomic():
        others = Message.objects.exclude(pk=message.pk).filter(
            is_from_contact=False, service=message.service, service_id=receipt.service_id
        )
        if others.exists():
            return False
        _read_again([message])
        is_late = message.send_status not in UNSETTLED
        lesson = _apply_receipt(message, receipt)
        history.add_found(message, receipt, is_late=is_late)
        update_each([message], _RECORDED)
        learn([lesson] if lesson else [])
    return True


def _read_again(messages: Sequence[Message]) -> None:
    """Lock the messages and bring what may be recorded up to date."""
    rows = (
        Message.objects.select_for_update()
        .filter(pk__in=[message.pk for message in messages])
        .order_by("pk")
        .values_list("pk", *_RECORDED)
    )
    current = {row[0]: row[1:] for row in rows}
    for message in messages:
        # A message that was deleted meanwhile is held by nobody.
        values = current.get(message.pk, (None,) * len(_RECORDED))
        for name, value in zip(_RECORDED, values, strict=True):
            setattr(message, name, value)


def _settled(message: Message, outcome: Outcome, call: VendorCall | None) -> Lesson | None:
    """Apply an outcome and note it in the history; what a failure teaches, if anything."""
    is_late = message.send_status not in UNSETTLED
    if isinstance(outcome, Switched) and (
        message.send_status != SendStatus.SENDING or message.service_id
    ):
        outcome = outcome.instead_of  # its vendor may have sent it after all
    lesson = _apply(message, outcome)
    history.add_outcome(message, outcome, call, is_late=is_late)
    return lesson


def _apply(message: Message, outcome: Outcome) -> Lesson | None:
    """Change a claimed message as an outcome demands; what a failure teaches, if anything."""
    match outcome:
        case Accepted(receipt):
            return _apply_receipt(message, receipt)
        case TryLater(reason, code, after_seconds):
            return _apply_retry(message, reason, code, after_seconds)
        case Postponed(reason, until):
            if message.send_status in UNSETTLED:
                _queue_again(message, until or _in(POSTPONED_SECONDS), reason)
                message.attempts = max(0, message.attempts - 1)
        case Failed(reason, code, opted_out, contact_status):
            if _settle(message, SendStatus.ERROR, reason, code):
                return Lesson(message, code, opted_out=opted_out, contact_status=contact_status)
        case NotAttempted(reason):
            _settle(message, SendStatus.NOT_ATTEMPTED, reason, None)
        case Switched(service, reason):
            _switch(message, service, reason)
        case Uncertain(reason):
            if message.send_status == SendStatus.SENDING:
                message.send_status = SendStatus.UNKNOWN
                message.due_at = _in(conf.seconds("SETTLE_SECONDS"))
                message.status_reason = reason
    return None


def _apply_receipt(message: Message, receipt: SendReceipt) -> Lesson | None:
    now = timezone.now()
    message.service_id = receipt.service_id
    message.service_response_at = message.sent_at = now
    message.user_number = receipt.user_number or message.user_number
    message.messageservice_sid = receipt.messageservice_sid or message.messageservice_sid
    code = receipt.error_code
    reason = "" if code is None else in_words(message.service, code)
    settled = _settle(message, OF_REPORT[receipt.status], reason, code)
    if settled and receipt.status is ReportStatus.ERROR:
        return Lesson(
            message, code, opted_out=receipt.opted_out, contact_status=receipt.contact_status
        )
    return None


def _apply_retry(
    message: Message, reason: str, code: int | None, after_seconds: float | None
) -> Lesson | None:
    if message.attempts >= conf.whole("SEND_MAX_ATTEMPTS"):
        tried = f"Gave up after {message.attempts} tries. {reason}"
        settled = _settle(message, SendStatus.ERROR, tried, code)
        return Lesson(message, code) if settled else None
    if message.send_status in UNSETTLED:
        first, most = conf.seconds("SEND_RETRY_SECONDS"), conf.seconds("SEND_RETRY_MAX_SECONDS")
        pause = backoff_seconds(message.attempts, first, most)
        if after_seconds is not None:
            # Never before the vendor's second; within it, not all at once.
            pause = max(pause, after_seconds + random.random())  # noqa: S311 - spreading
        _queue_again(message, _in(pause), reason)
        message.error_code = code
    return None


def _switch(message: Message, service: str, reason: str) -> None:
    """Let another vendor try; what the first one's account had chosen is of no use there."""
    message.tried_services = [*message.tried_services, message.service]
    message.service = service
    message.user_number = message.messageservice_sid = ""
    message.attempts, message.error_code = 0, None
    _queue_again(message, timezone.now(), reason)


def _queue_again(message: Message, due_at: datetime, reason: str) -> None:
    """Let go of a claimed message; somebody may claim it from ``due_at`` on."""
    message.send_status = SendStatus.QUEUED
    message.claim_token = message.dispatched_at = None
    message.due_at = due_at
    message.status_reason = reason


def _settle(message: Message, status: SendStatus, reason: str, code: int | None) -> bool:
    """Give an unsettled message its status; False when a report was quicker."""
    if message.send_status not in UNSETTLED:
        return False
    message.send_status, message.status_reason = status, reason
    message.error_code, message.due_at = code, None
    return True


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
