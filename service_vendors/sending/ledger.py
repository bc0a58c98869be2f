"""Claims on outgoing messages, and how they end.

A claim is one UPDATE that gives its holder a token; the outcome of a vendor call is recorded only
by who holds it. A status never falls: what a report said stands, whatever the call's own answer
says afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from service_vendors import conf
from service_vendors.backoff import backoff_seconds
from service_vendors.models import Message, SendStatus
from service_vendors.sending.outcomes import (
    Accepted,
    Failed,
    NotAttempted,
    Outcome,
    Postponed,
    TryLater,
    Uncertain,
)
from service_vendors.sending.reports import OF_REPORT, in_words, note_error
from service_vendors.types import SendReceipt

# A call's own answer may only settle a message that no report has settled yet.
UNSETTLED = Q(send_status__in=(SendStatus.SENDING, SendStatus.UNKNOWN))

POSTPONED_SECONDS = 60.0


def claim(message_ids: Sequence[int]) -> list[Message]:
    """Take those of the messages that may be sent now; nobody else can take them meanwhile.

    One claim is one attempt. Each returned message carries the claim's token and its organization.
    """
    token, now = uuid4(), timezone.now()
    with transaction.atomic():
        free = list(
            Message.objects.select_for_update(skip_locked=True)
            .filter(pk__in=message_ids, send_status=SendStatus.QUEUED, due_at__lte=now)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        Message.objects.filter(pk__in=free).update(
            send_status=SendStatus.SENDING,
            claim_token=token,
            attempts=F("attempts") + 1,
            due_at=now + timedelta(seconds=conf.seconds("SEND_LEASE_SECONDS")),
        )
    claimed = Message.objects.filter(pk__in=free, claim_token=token)
    return list(claimed.select_related("organization", "contact__campaign").order_by("pk"))


def record(outcomes: Mapping[Message, Outcome]) -> None:
    """Write down what came of claimed messages, all of it or (if the database fails) nothing."""
    with transaction.atomic():
        for message, outcome in sorted(outcomes.items(), key=lambda item: item[0].pk):
            _record_one(message, outcome)


def _record_one(message: Message, outcome: Outcome) -> None:
    held = Message.objects.filter(pk=message.pk, claim_token=message.claim_token)
    match outcome:
        case Accepted(receipt):
            _record_receipt(held, message, receipt)
        case TryLater(reason, code, after_seconds):
            _record_retry(held, message, reason, code, after_seconds)
        case Postponed(reason):
            held.filter(UNSETTLED).update(
                send_status=SendStatus.QUEUED,
                claim_token=None,
                attempts=F("attempts") - 1,
                due_at=_in(POSTPONED_SECONDS),
                dispatched_at=None,
                status_reason=reason,
            )
        case Failed(reason, code, opted_out):
            if _settle(held, SendStatus.ERROR, reason, code):
                note_error(message, code, opted_out=opted_out)
        case NotAttempted(reason):
            _settle(held, SendStatus.NOT_ATTEMPTED, reason, None)
        case Uncertain(reason):
            held.filter(send_status=SendStatus.SENDING).update(
                send_status=SendStatus.UNKNOWN,
                due_at=_in(conf.seconds("SETTLE_SECONDS")),
                status_reason=reason,
            )


def record_found(message: Message, receipt: SendReceipt) -> None:
    """Settle a message that was in doubt with what the vendor says of it."""
    with transaction.atomic():
        _record_receipt(Message.objects.filter(pk=message.pk), message, receipt)


def _record_receipt(held: QuerySet[Message], message: Message, receipt: SendReceipt) -> None:
    now = timezone.now()
    known = {"service_id": receipt.service_id, "service_response_at": now, "sent_at": now}
    if receipt.user_number:
        known["user_number"] = receipt.user_number
    if receipt.messageservice_sid:
        known["messageservice_sid"] = receipt.messageservice_sid
    held.update(**known)
    code = receipt.error_code
    reason = "" if code is None else in_words(message.service, code)
    if _settle(held, OF_REPORT[receipt.status], reason, code) and code is not None:
        note_error(message, code, opted_out=False)


def _record_retry(
    held: QuerySet[Message],
    message: Message,
    reason: str,
    code: int | None,
    after_seconds: float | None,
) -> None:
    if message.attempts >= conf.whole("SEND_MAX_ATTEMPTS"):
        tried = f"Gave up after {message.attempts} tries. {reason}"
        if _settle(held, SendStatus.ERROR, tried, code):
            note_error(message, code, opted_out=False)
        return
    pause = backoff_seconds(
        message.attempts, conf.seconds("SEND_RETRY_SECONDS"), conf.seconds("SEND_RETRY_MAX_SECONDS")
    )
    held.filter(UNSETTLED).update(
        send_status=SendStatus.QUEUED,
        claim_token=None,
        due_at=_in(max(pause, after_seconds or 0.0)),
        dispatched_at=None,
        error_code=code,
        status_reason=reason,
    )


def _settle(held: QuerySet[Message], status: SendStatus, reason: str, code: int | None) -> bool:
    """Give an unsettled message its status; False when a report was quicker."""
    return bool(
        held.filter(UNSETTLED).update(
            send_status=status, error_code=code, status_reason=reason, due_at=None
        )
    )


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
