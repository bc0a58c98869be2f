"""Sending SMS and MMS, and finding a message again whose answer was lost.

https://dev.bandwidth.com/apis/messaging/
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from service_vendors import conf
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    VendorNotConfigured,
)
from service_vendors.types import OutboundMessage, ReportStatus, SendReceipt, VendorAccount
from service_vendors.vendors.bandwidth import api, errors
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.pictures_in_text import take_out

PRIORITY: Final = conf.Setting(
    "BANDWIDTH_PRIORITY",
    str,
    "",
    "“high” sends ahead of what else waits at Bandwidth, where the account may; else empty.",
)
PRIORITIES: Final = frozenset({"default", "high"})

NO_NUMBER: Final = (
    "Bandwidth sends from a number that must be named, and none could be picked. Buy numbers, and "
    "set SERVICE_MANAGERS to numpicker-basic,sticky-sender, which pick one."
)
NO_APPLICATION: Final = (
    "Bandwidth needs an application to send through. Enter the application ID, or let "
    "auto-configure create one."
)
# Bandwidth stamps a message when it takes it, by a clock of its own.
CLOCKS_DIFFER: Final = timedelta(seconds=60)
LONGEST_SEARCH: Final = timedelta(days=13)  # Bandwidth searches 14
FOUND_AT_ONCE: Final = 100

_OUTCOMES: Final = {
    "DELIVERED": ReportStatus.DELIVERED,
    "FAILED": ReportStatus.ERROR,
    "UNDELIVERED": ReportStatus.ERROR,
}


class WithMessaging(ServiceVendor, ABC):
    """The part of the vendor that sends."""

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Hand one message to Bandwidth, at most once.

        Raises VendorNotConfigured when no number was picked to send from.
        """
        order = _order(self.account, message)
        answer = await api.json_call(
            self.account, "POST", api.MESSAGING, "/messages", json=order, acts=True
        )
        service_id = answer.get("id")
        if not (isinstance(service_id, str) and service_id):
            raise SendUncertain("Bandwidth took this and did not say under which id.")
        return SendReceipt(service_id, order["from"], messageservice_sid=order["applicationId"])

    async def find_message(self, message: OutboundMessage) -> SendReceipt | None:
        """The one message that Bandwidth took from this number, to this contact, of this length,
        since this one was queued; None where there is none, or where there are several.

        Bandwidth's search tells neither the text nor the tag, so more cannot be known.
        """
        now = datetime.now(UTC)
        since = max((message.queued_at or now) - CLOCKS_DIFFER, now - LONGEST_SEARCH)
        params = {
            "destinationTn": message.contact_number,
            "messageDirection": "OUTBOUND",
            "fromDateTime": _written(since if message.queued_at else now - LONGEST_SEARCH),
            "limit": str(FOUND_AT_ONCE),
        }
        if message.user_number:
            params["sourceTn"] = message.user_number
        found = await api.json_call(self.account, "GET", api.MESSAGING, "/messages", params=params)
        fitting = list(_fitting(found, _content(message)[0]))
        if len(fitting) != 1 or _has_more(found):
            return None
        (one,) = fitting
        status = _OUTCOMES.get(str(one.get("messageStatus")), ReportStatus.SENT)
        code = one.get("errorCode")
        failed = status is ReportStatus.ERROR and isinstance(code, int)
        return SendReceipt(
            service_id=str(one["messageId"]),
            user_number=str(one.get("sourceTn") or "") or message.user_number,
            messageservice_sid=message.messageservice_sid,
            status=status,
            error_code=code if failed else None,
        )


def _order(account: VendorAccount, message: OutboundMessage) -> dict[str, Any]:
    """A message as Bandwidth wants it."""
    application = message.messageservice_sid or account.config.get("application_id", "")
    if not application:
        raise VendorNotConfigured(NO_APPLICATION)
    if not message.user_number:
        raise VendorNotConfigured(NO_NUMBER)
    text, media = _content(message)
    order: dict[str, Any] = {
        "applicationId": application,
        "from": message.user_number,
        "to": [message.contact_number],
        "text": text,
        "tag": message.reference,
    }
    if media:
        order["media"] = list(media)
    if message.send_before is not None:
        if message.send_before <= datetime.now(UTC):
            raise PermanentVendorError(errors.describe(errors.EXPIRED), code=errors.EXPIRED)
        order["expiration"] = _written(message.send_before)
    if (priority := str(conf.read(PRIORITY)).lower()) in PRIORITIES:
        order["priority"] = priority
    return order


def _content(message: OutboundMessage) -> tuple[str, tuple[str, ...]]:
    """The text without the pictures written into it, and all pictures."""
    text, written = take_out(message.text)
    return text, (*message.media, *written)


def _fitting(found: dict[str, Any], text: str) -> Iterator[dict[str, Any]]:
    """Those of the messages found that may be the one with this text."""
    listed = found.get("messages")
    for one in listed if isinstance(listed, list) else ():
        is_message = isinstance(one, dict) and one.get("messageId")
        if is_message and one.get("messageLength") in {None, len(text)}:
            yield one


def _has_more(found: dict[str, Any]) -> bool:
    page = found.get("pageInfo")
    return isinstance(page, dict) and bool(page.get("nextPageToken"))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
