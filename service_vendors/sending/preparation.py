"""What is settled before a vendor is asked to send: who sends, to whom, from which number, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from service_vendors import lookups, optouts, texting_hours
from service_vendors.exceptions import UnknownVendor
from service_vendors.managers import registry as managers
from service_vendors.models import Message
from service_vendors.sending import breaker
from service_vendors.sending.breaker import Permit
from service_vendors.sending.outcomes import NotAttempted, Outcome, Postponed
from service_vendors.texting_hours import Window
from service_vendors.types import OutboundMessage, ServiceManagerData
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

OPTED_OUT: Final = "The contact asked not to be texted before this was sent."


@dataclass(frozen=True, slots=True)
class Call:
    """One message on its way to one vendor object, which is asked in ``wait_seconds``."""

    message: Message
    vendor: ServiceVendor
    outbound: OutboundMessage
    permit: Permit
    wait_seconds: float = 0.0


def prepare(messages: Sequence[Message]) -> dict[Message, Call | Outcome]:
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
    numbers = {message.contact_number for message in messages}
    stopped = optouts.opted_out(organization, numbers)
    hopeless = lookups.refusals(organization, numbers)
    try:
        windows = texting_hours.windows(organization, messages)
    except ImproperlyConfigured as error:
        return dict.fromkeys(messages, Postponed(str(error)))
    # Managers are asked about what goes out now only: what waits takes no number's turn.
    staying: dict[Message, Call | Outcome] = {
        message: outcome
        for message in messages
        if (outcome := _refusal(message, stopped, hopeless) or _too_early(windows.get(message)))
    }
    going = [message for message in messages if message not in staying]
    permit, held = breaker.admit(vendor, going)
    staying |= held
    going = [message for message in going if message not in held]
    decisions = managers.decide_on_send(organization, service, going)
    return staying | {
        message: Call(
            message,
            vendor,
            _limited(outbound(message, decisions[message]), windows.get(message)),
            permit,
        )
        for message in going
    }


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


def _too_early(window: Window | None) -> Postponed | None:
    """Why a message has to wait for the contact's morning, or None."""
    if window is None or window.opens_at <= timezone.now():
        return None
    return Postponed(
        "It is outside the texting hours where this contact is. It is sent when they begin.",
        until=window.opens_at,
    )


def _limited(message: OutboundMessage, window: Window | None) -> OutboundMessage:
    """A message that its vendor, too, sends within the contact's texting hours only."""
    if window is None:
        return message
    return replace(
        message, send_before=min(message.send_before or window.closes_at, window.closes_at)
    )


def _refusal(
    message: Message, stopped: set[str], hopeless: Mapping[str, str]
) -> NotAttempted | None:
    """Why we ourselves do not send a message, or None."""
    if message.contact_number in stopped:
        return NotAttempted(OPTED_OUT)
    if message.contact_number in hopeless:
        return NotAttempted(hopeless[message.contact_number])
    if message.send_before is not None and message.send_before <= timezone.now():
        return NotAttempted("It was too late to send this: its time had passed.")
    return None
