"""Bringing claimed messages to their vendors: many at once, outside any transaction."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from service_vendors import conf, optouts
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    UnknownVendor,
    VendorNotConfigured,
)
from service_vendors.managers import registry as managers
from service_vendors.models import Message
from service_vendors.sending import ledger
from service_vendors.sending.outcomes import (
    Accepted,
    Failed,
    NotAttempted,
    Outcome,
    Postponed,
    TryLater,
    Uncertain,
)
from service_vendors.types import OutboundMessage, ServiceManagerData
from service_vendors.vendors import loop, registry
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)

# A call must end before its claim does; the rest of the lease is for writing down the result.
LEASE_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class _Call:
    """One message on its way to one vendor object."""

    message: Message
    vendor: ServiceVendor
    outbound: OutboundMessage


def dispatch(message_ids: Sequence[int]) -> None:
    """Send those of the messages that are due and nobody else is sending. Repeating it is safe."""
    outcomes: dict[Message, Outcome] = {}
    calls: list[_Call] = []
    for messages in _by_account(ledger.claim(message_ids)):
        try:
            prepared = _prepare(messages)
        except Exception as error:  # noqa: BLE001 - no other account's messages may wait for it
            prepared = dict.fromkeys(messages, _unprepared(error))
        for message, next_step in prepared.items():
            if isinstance(next_step, _Call):
                calls.append(next_step)
            else:
                outcomes[message] = next_step
    limit = conf.seconds("SEND_LEASE_SECONDS") * LEASE_SHARE
    results = loop.run_all(_attempt(call, limit) for call in calls)
    for call, result in zip(calls, results, strict=True):
        outcomes[call.message] = (
            _unexpected(result) if isinstance(result, BaseException) else result
        )
    ledger.record(outcomes)


def outbound(message: Message, decided: ServiceManagerData | None = None) -> OutboundMessage:
    """A message as its vendor is asked to send it; what managers decided goes first."""
    decided = decided or ServiceManagerData()
    return OutboundMessage(
        reference=message.reference.hex,
        contact_number=message.contact_number,
        text=message.text,
        media=tuple(item["url"] for item in message.media),
        user_number=decided.user_number or message.user_number or None,
        messageservice_sid=decided.messageservice_sid or message.messageservice_sid or None,
        send_before=message.send_before,
        force_mms=decided.force_mms,
        queued_at=message.queued_at,
    )


def _by_account(messages: Sequence[Message]) -> Iterable[list[Message]]:
    """The messages, those of one organization over one vendor together."""
    groups: dict[tuple[int, str], list[Message]] = {}
    for message in messages:
        groups.setdefault((message.organization_id, message.service), []).append(message)
    return groups.values()


def _prepare(messages: Sequence[Message]) -> dict[Message, _Call | Outcome]:
    """For each message of one account the call to make, or why none is made."""
    organization, service = messages[0].organization, messages[0].service
    try:
        vendor = registry.get_vendor(organization, service)
    except UnknownVendor as error:
        return dict.fromkeys(messages, Postponed(str(error)))
    decided = managers.decide_on_readiness(organization, service)
    if not vendor.fully_configured(decided):
        missing = [item.remedy for item in vendor.readiness(decided) if not item.ready]
        reason = " ".join([f"{vendor.title} is not ready to send.", *missing])
        return dict.fromkeys(messages, Postponed(reason))
    stopped = optouts.opted_out(organization, {message.contact_number for message in messages})
    return {
        message: _refusal(message, stopped)
        or _Call(message, vendor, outbound(message, managers.decide_on_send(organization, message)))
        for message in messages
    }


def _refusal(message: Message, stopped: set[str]) -> NotAttempted | None:
    """Why we ourselves do not send a message, or None."""
    if message.contact_number in stopped:
        return NotAttempted("The contact asked not to be texted before this was sent.")
    if message.send_before is not None and message.send_before <= timezone.now():
        return NotAttempted("It was too late to send this: its time had passed.")
    return None


async def _attempt(call: _Call, limit_seconds: float) -> Outcome:
    """Ask the vendor to send, once; every end of it is an outcome."""
    try:
        async with asyncio.timeout(limit_seconds):
            return Accepted(await call.vendor.send_message(call.outbound))
    except TransientVendorError as error:
        return TryLater(str(error), error.code, error.retry_after_seconds)
    except PermanentVendorError as error:
        return Failed(_in_words(call.vendor, error), error.code, error.opted_out)
    except VendorNotConfigured as error:
        return Postponed(str(error))
    except SendUncertain as error:
        return Uncertain(str(error))
    except TimeoutError:
        return Uncertain(f"{call.vendor.title} gave no answer in {limit_seconds:.0f} seconds.")


def _in_words(vendor: ServiceVendor, error: PermanentVendorError) -> str:
    if error.code is not None:
        return vendor.error_description(error.code).description
    return str(error) or f"{vendor.title} refused this message."


def _unprepared(error: Exception) -> TryLater:
    """A fault before anything was said to the vendor: surely not sent."""
    _log_fault("Preparing messages", error)
    return TryLater(f"Preparing this message failed ({type(error).__name__}).")


def _unexpected(error: BaseException) -> Uncertain:
    """A fault in a vendor's own code: nobody can know how far it came."""
    _log_fault("A vendor", error)
    return Uncertain(f"The vendor's code failed unexpectedly ({type(error).__name__}).")


def _log_fault(who: str, error: BaseException) -> None:
    """Its kind and where it happened; its text may hold anything, a secret too."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed unexpectedly with %s\n%s", who, type(error).__name__, where)
