"""How fast an account and its senders may send: what is too fast waits, and costs no attempt.

Counted in segments a second, for the account at the vendor (whichever organizations text through
it) and for each sender of it. ``rates`` says how many, ``clocks`` decides who goes; here stand the
limits that a message is under.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from service_vendors import conf
from service_vendors.models import Message, Priority
from service_vendors.phone import InvalidPhoneNumber, SenderKind, sender_kind
from service_vendors.sending import clocks, rates
from service_vendors.sending.clocks import Asking, Limit, in_fair_order
from service_vendors.sending.outcomes import Outcome, Postponed
from service_vendors.sending.preparation import Call
from service_vendors.types import OutboundMessage
from service_vendors.vendors.base import ServiceVendor

WAITING: Final = (
    "Its sender, or the account, is sending as fast as it may. This is sent when its turn comes."
)
# Messages come back at most HAND_OVER_SECONDS after their turn; so far ahead of it they may go,
# and some more, so that no time passes unused when a worker is late.
SOON: Final = 1.5
# Calls begin in steps: those of one step are asked about together (``departure``). No vendor
# counts as finely as that.
STEP_SECONDS: Final = 0.01

_KINDS: Final = {
    SenderKind.LONG_CODE: "long_code",
    SenderKind.TOLL_FREE: "toll_free",
    SenderKind.SHORT_CODE: "short_code",
    SenderKind.ALPHANUMERIC: "alphanumeric",
}


def admit(
    calls: Sequence[Call], on_fault: Callable[[Exception], Outcome]
) -> tuple[list[Call], dict[Message, Outcome]]:
    """Those calls that may be made now or in a moment, each with how long it waits; and for the
    other messages when they come back, or what ``on_fault`` makes of a vendor that cannot tell.
    """
    going: list[Call] = []
    waiting: dict[Message, Outcome] = {}
    asking: list[tuple[Call, Asking]] = []
    limits = _Limits()
    for call in calls:
        try:
            if found := limits.of(call):
                asking.append((call, _asking(call, found)))
            else:
                going.append(call)
        except ImproperlyConfigured as error:
            waiting[call.message] = Postponed(str(error))
        except Exception as error:  # noqa: BLE001 - no other message may wait for it
            waiting[call.message] = on_fault(error)
    if not asking:
        return going, waiting
    asking = [asking[place] for place in in_fair_order([one for _, one in asking])]
    kept = clocks.clocks(conf.environment("REDIS_URL") or "")
    soon_seconds = conf.seconds("HAND_OVER_SECONDS") * SOON
    turns = kept.decide([one for _, one in asking], soon_seconds)
    now = timezone.now()
    for (call, _), turn in zip(asking, turns, strict=True):
        if turn.goes:
            going.append(replace(call, wait_seconds=_in_steps(turn.in_seconds)))
        else:
            until = now + timedelta(seconds=turn.in_seconds)
            waiting[call.message] = Postponed(WAITING, until)
    return going, waiting


class _Limits:
    """The limits of some messages; what many of them share is found out once."""

    def __init__(self) -> None:
        self._rates: dict[tuple[ServiceVendor, int, str], float] = {}
        self._kinds: dict[str, str] = {}
        self._accounts: dict[ServiceVendor, str] = {}

    def of(self, call: Call) -> tuple[Limit, ...]:
        """The limits that one call is under; none where the vendor takes whatever comes."""
        account = self._accounts.get(call.vendor) or self._accounts.setdefault(
            call.vendor, call.vendor.account_name
        )
        kind, sender = self._sender(call.vendor, call.outbound)
        found = (
            self._limit(call, "account", account),
            self._limit(call, kind, f"{account}:{sender}"),
        )
        return tuple(limit for limit in found if limit is not None)

    def _limit(self, call: Call, name: str, clock: str) -> Limit | None:
        organization = call.message.organization
        key = (call.vendor, organization.pk, name)
        segments_a_second = self._rates.get(key)
        if segments_a_second is None:
            found = rates.in_force(name, call.vendor, organization)
            segments_a_second = self._rates[key] = found.per_second
        if not segments_a_second:
            return None
        line = "replies" if _is_reply(call.message) else "bulk"
        return Limit(
            clock=clock,
            # Who stood in line at another pace keeps its turn; who comes now begins a new line.
            line=f"{clock}:{line}:{organization.pk}:{segments_a_second:g}",
            replies=f"{clock}:replies",
            seconds_a_segment=1.0 / segments_a_second,
        )

    def _sender(self, vendor: ServiceVendor, outbound: OutboundMessage) -> tuple[str, str]:
        """The kind of what a message is sent from, and which of that kind it is."""
        number = outbound.user_number
        if not number:
            pool = outbound.messageservice_sid or vendor.get_message_service_sid(
                outbound.contact_number, outbound.text
            )
            return "pool", f"pool:{pool}"
        if number not in self._kinds:
            try:
                self._kinds[number] = _KINDS[sender_kind(number)]
            except InvalidPhoneNumber:
                self._kinds[number] = "long_code"  # whatever it is: the slowest of them
        return self._kinds[number], number


def _asking(call: Call, limits: tuple[Limit, ...]) -> Asking:
    is_mms = call.outbound.media or call.outbound.force_mms
    return Asking(
        # A picture message travels in one piece, whatever its text.
        segments=1 if is_mms else call.vendor.count_segments(call.outbound.text).segments,
        limits=limits,
        is_reply=_is_reply(call.message),
        is_back=call.message.status_reason == WAITING,
    )


def _in_steps(seconds: float) -> float:
    return seconds // STEP_SECONDS * STEP_SECONDS


def _is_reply(message: Message) -> bool:
    return message.priority == Priority.REPLY
