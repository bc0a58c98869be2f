"""Bringing claimed messages to their vendors: many at once, outside any transaction."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Sequence
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
from service_vendors.models import Message, Organization
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
    claimed = ledger.claim(message_ids)
    outcomes: dict[Message, Outcome] = {}
    calls: list[_Call] = []
    for organization, messages in _by_organization(claimed):
        stopped = optouts.opted_out(organization, {m.contact_number for m in messages})
        for message in messages:
            prepared = _prepare(organization, message, stopped)
            if isinstance(prepared, _Call):
                calls.append(prepared)
            else:
                outcomes[message] = prepared
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


def _by_organization(
    messages: Sequence[Message],
) -> list[tuple[Organization, list[Message]]]:
    groups: dict[int, list[Message]] = {}
    for message in messages:
        groups.setdefault(message.organization_id, []).append(message)
    return [(group[0].organization, group) for group in groups.values()]


def _prepare(organization: Organization, message: Message, stopped: set[str]) -> _Call | Outcome:
    """The call to make for a claimed message, or why none is made."""
    if message.contact_number in stopped:
        return NotAttempted("The contact asked not to be texted before this was sent.")
    if message.send_before is not None and message.send_before <= timezone.now():
        return NotAttempted("It was too late to send this: its time had passed.")
    try:
        vendor = registry.get_vendor(organization, message.service)
    except UnknownVendor as error:
        return Postponed(str(error))
    decided = managers.decide_on_readiness(organization, message.service)
    if not vendor.fully_configured(decided):
        missing = " ".join(item.remedy for item in vendor.readiness(decided) if not item.ready)
        return Postponed(f"{vendor.title} is not ready to send. {missing}".strip())
    decided = managers.decide_on_send(organization, message)
    return _Call(message, vendor, outbound(message, decided))


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


def _unexpected(error: BaseException) -> Outcome:
    """A fault in a vendor's own code: nobody can know how far it came.

    Its text may hold anything, a secret too; the log gets its kind and where it happened.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("A vendor failed unexpectedly with %s\n%s", type(error).__name__, where)
    return Uncertain(f"The vendor's code failed unexpectedly ({type(error).__name__}).")
