"""Bringing claimed messages to their vendors: many at once, outside any transaction."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.utils import timezone

from service_vendors import conf, metrics
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.logs import log_fault
from service_vendors.models import Message
from service_vendors.sending import breaker, fallback, ledger, limits
from service_vendors.sending.departure import Gate, NotNow
from service_vendors.sending.history import VendorCall
from service_vendors.sending.outcomes import (
    Accepted,
    Failed,
    NotAttempted,
    Outcome,
    Postponed,
    TryLater,
    Uncertain,
)
from service_vendors.sending.preparation import OPTED_OUT, Call, prepare
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)


def dispatch(message_ids: Sequence[int]) -> None:
    """Send those of the messages that are due and nobody else is sending. Repeating it is safe."""
    dispatch_claimed(ledger.claim(message_ids))


def dispatch_claimed(claimed: Sequence[Message]) -> None:
    """Send messages that the caller has claimed, and write down what came of it."""
    outcomes: dict[Message, Outcome] = {}
    calls: list[Call] = []
    for messages in _by_account(claimed):
        try:
            prepared = prepare(messages)
        except Exception as error:  # noqa: BLE001 - no other account's messages may wait for it
            prepared = dict.fromkeys(messages, _unprepared(error))
        for message, next_step in prepared.items():
            if isinstance(next_step, Call):
                calls.append(next_step)
            else:
                outcomes[message] = next_step
    calls, too_fast = limits.admit(calls, _unprepared)
    outcomes |= too_fast
    made = {call.message: VendorCall.of(call.message, call.outbound) for call in calls}
    gate = Gate()
    results = gate.run_all(_attempt(call, gate, made[call.message]) for call in calls)
    for call, result in zip(calls, results, strict=True):
        outcomes[call.message] = (
            _unexpected(result) if isinstance(result, BaseException) else result
        )
    breaker.learn((call.permit, outcomes[call.message]) for call in calls)
    outcomes = fallback.switched(outcomes)
    _tell(outcomes)
    ledger.record(outcomes, made)


def _by_account(messages: Sequence[Message]) -> Iterable[list[Message]]:
    """The messages, those of one organization over one vendor together."""
    groups: dict[tuple[int, str], list[Message]] = {}
    for message in messages:
        groups.setdefault((message.organization_id, message.service), []).append(message)
    return groups.values()


async def _attempt(call: Call, gate: Gate, made: VendorCall) -> Outcome:
    """Ask the vendor to send, once, when its turn has come; every end of it is an outcome."""
    await asyncio.sleep(call.wait_seconds)
    limit_seconds = 0.0
    try:
        # The last question before the call: nothing that takes time may come between them.
        if not await gate.may_begin(call.message):
            return NotAttempted(OPTED_OUT)
        limit_seconds = _seconds_left(call.message)
        if limit_seconds <= 0:
            # Others take it that this was sent. Whoever held us up may have had us sleep for hours.
            return Postponed("The worker was held up before it could send this.")
        async with made.timed(), asyncio.timeout(limit_seconds):
            return Accepted(await call.vendor.send_message(call.outbound))
    except NotNow:
        return Postponed("Whether the contact opted out could not be found out. Trying again.")
    except TransientVendorError as error:
        return TryLater(str(error), error.code, error.retry_after_seconds)
    except PermanentVendorError as error:
        return Failed(
            _in_words(call.vendor, error), error.code, error.opted_out, error.contact_status
        )
    except VendorNotConfigured as error:
        return Postponed(str(error))
    except SendUncertain as error:
        return Uncertain(str(error))
    except TimeoutError:
        return Uncertain(f"{call.vendor.title} gave no answer in {limit_seconds:.0f} seconds.")


def _seconds_left(message: Message) -> float:
    """How long a call may take that a claim allows: it is over before the claim's lease."""
    if message.due_at is None:
        return 0.0
    kept_back = conf.seconds("SEND_LEASE_SECONDS") - conf.call_seconds("SEND_LEASE_SECONDS")
    return (message.due_at - timezone.now()).total_seconds() - kept_back


def _tell(outcomes: Mapping[Message, Outcome]) -> None:
    """Count how attempts ended, and log what did not go out, by reference."""
    ends = Counter((message.service, type(outcome)) for message, outcome in outcomes.items())
    for (service, kind), times in ends.items():
        metrics.count_send(service, kind.__name__, times)
    for message, outcome in outcomes.items():
        if not isinstance(outcome, Accepted):
            logger.info(
                "Message %s: %s",
                message.reference.hex,
                type(outcome).__name__,
                extra={"reference": message.reference.hex, "service": message.service},
            )


def _in_words(vendor: ServiceVendor, error: PermanentVendorError) -> str:
    if error.code is not None:
        return vendor.error_description(error.code).description
    return str(error) or f"{vendor.title} refused this message."


def _unprepared(error: Exception) -> TryLater:
    """A fault before anything was said to the vendor: surely not sent."""
    log_fault(logger, "Preparing messages", error)
    return TryLater(f"Preparing this message failed ({type(error).__name__}).")


def _unexpected(error: BaseException) -> Uncertain:
    """A fault in a vendor's own code: nobody can know how far it came."""
    log_fault(logger, "A vendor", error)
    return Uncertain(f"The vendor's code failed unexpectedly ({type(error).__name__}).")
