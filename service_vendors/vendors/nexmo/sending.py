"""Sending: texts go through the SMS API, pictures through the Messages API.

What became of a doubtful send is not looked up: the only API that could tell, Reports, is a paid
product that an account may not have, and it lists messages late. Reports of delivery carry our
reference, and settle a doubtful message when they come.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from service_vendors.exceptions import PermanentVendorError, VendorNotConfigured
from service_vendors.types import OutboundMessage, SendReceipt
from service_vendors.vendors import pictures_in_text
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.nexmo import mms, sms

REPORTS: Final = "nexmo-message-report"
NO_SENDER: Final = (
    "Vonage picks no number to send from, and none was named. Buy a number, and let a service "
    "manager pick it, such as numpicker-basic."
)
TOO_LATE: Final = "It was too late to send this: its time had passed, or is about to."


class WithSending(ServiceVendor, ABC):
    """The part of the vendor that sends."""

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Hand one message to Vonage, at most once."""
        if not message.user_number:
            raise VendorNotConfigured(NO_SENDER)
        text, written = pictures_in_text.take_out(message.text)
        message = replace(message, text=text, media=(*message.media, *written))
        by_mms = bool(message.media) or message.force_mms
        seconds = seconds_left(message.send_before, by_mms=by_mms)
        callback = self.account.callback(REPORTS) if self.account.callback_base else ""
        if by_mms:
            return await mms.send(self.account, message, seconds, callback)
        return await sms.send(self.account, message, seconds, callback)


def seconds_left(send_before: datetime | None, *, by_mms: bool) -> int | None:
    """For how many seconds Vonage may try; None for as long as it usually does.

    It tries for 72 hours unless it is told less. Raises PermanentVendorError when what is left is
    less than Vonage can be held to: the message would arrive after its time.
    """
    if send_before is None:
        return None
    left = int((send_before - datetime.now(UTC)).total_seconds())
    if left < (mms.LEAST_SECONDS if by_mms else sms.LEAST_SECONDS):
        raise PermanentVendorError(TOO_LATE)
    return left if left < sms.USUAL_SECONDS else None
