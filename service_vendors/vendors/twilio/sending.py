"""Sending through Twilio, and finding what became of a send that was never answered.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from service_vendors import conf, segments
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    VendorNotConfigured,
)
from service_vendors.types import OutboundMessage, ReportStatus, SendReceipt
from service_vendors.vendors import pictures_in_text
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.twilio import answers, errors, settings, statuses, webhooks
from service_vendors.vendors.twilio.services import CLOCKS_DIFFER
from service_vendors.vendors.twilio.transport import client, tokens

MOST_PICTURES: Final = 10
LONGEST_VALIDITY_SECONDS: Final = 36_000
# More messages to one number than these, since the one in doubt, and nothing can be told apart.
MOST_COMPARED: Final = 200

NO_SUCH_ACCOUNT: Final = (
    "These credentials are not those of the account that the Account SID names. Check both."
)

BEFORE_TWILIO: Final = datetime(2008, 1, 1, tzinfo=UTC)


class WithSending(ServiceVendor, ABC):
    """The part of the vendor that sends."""

    async def send_message(self, message: OutboundMessage) -> SendReceipt:
        """Hand one message to Twilio, at most once."""
        try:
            order = self._order(message)
        except ImproperlyConfigured as error:  # a setting of the installation's that is nonsense
            raise VendorNotConfigured(str(error)) from error
        try:
            with answers.reading(acts=True):
                taken = await client(self.account, acts=True).messages.create_async(**order)
        except PermanentVendorError as error:
            if error.code != errors.NOT_FOUND:
                raise
            # What is not there is the account, for these credentials: no fault of the message.
            raise VendorNotConfigured(NO_SUCH_ACCOUNT, code=error.code) from error
        return _receipt(taken)

    async def find_message(self, message: OutboundMessage) -> SendReceipt | None:
        """The one message at Twilio that can only be this one; None while that cannot be told.

        Twilio keeps none of our references, so its messages to this number since this one was
        queued are compared: the text, the number of pictures, and the sender. None fits: Twilio
        may never have taken it, or lists it later. Several fit: the same text was sent twice, and
        nobody can say which is which. In both cases there is no telling.

        They are not filtered by the day they were sent: what waits to go out has none yet.
        """
        with answers.reading():
            listed = await client(self.account).messages.list_async(
                to=message.contact_number, limit=MOST_COMPARED
            )
        since = (message.queued_at or BEFORE_TWILIO) - CLOCKS_DIFFER
        recent = [one for one in listed if one.date_created and one.date_created >= since]
        fitting = [one for one in recent if self._fits(one, message)]
        if len(fitting) != 1 or len(recent) == MOST_COMPARED:
            return None
        return _receipt(fitting[0])

    def get_message_service_sid(self, contact_number: str, message_text: str) -> str:
        """The account's own messaging service, whoever is texted; "" when it has none."""
        return self.config("message_service_sid")

    def _order(self, message: OutboundMessage) -> dict[str, Any]:
        """What the SDK is asked to send. Raises what says that this cannot be sent."""
        text, pictures = _content(message)
        order: dict[str, Any] = {"to": message.contact_number, **self._sender(message)}
        if text:
            order["body"] = text
        if pictures:
            order["media_url"] = list(pictures)
        if message.force_mms:
            order["send_as_mms"] = True
        if conf.read(settings.SMART_ENCODED):
            order["smart_encoded"] = True
        if validity_seconds := _validity_seconds(message.send_before):
            order["validity_period"] = validity_seconds
        if self.account.callback_base:
            order["status_callback"] = webhooks.callback_with(
                self.account.callback("twilio-message-report"),
                message.reference,
                tokens(self.account),
                self.account.organization_id,
            )
        return order

    def _sender(self, message: OutboundMessage) -> Mapping[str, str]:
        """A number that was asked for, and the messaging service that was; else the account's."""
        sender = {}
        if message.user_number:
            sender["from_"] = message.user_number
        if message.messageservice_sid:
            sender["messaging_service_sid"] = message.messageservice_sid
        if not sender and (
            own := self.get_message_service_sid(message.contact_number, message.text)
        ):
            sender["messaging_service_sid"] = own
        if not sender:
            raise VendorNotConfigured(
                "Twilio was told no messaging service and no number to send from. Set one of them."
            )
        return sender

    def _fits(self, one: Any, message: OutboundMessage) -> bool:
        """Whether a message at Twilio may be this one; of the sender, what the message says."""
        text, pictures = _content(message)
        return (
            not str(one.direction or "").startswith("inbound")
            and _as_compared(one.body or "") == _as_compared(text)
            and str(one.num_media or "0") == str(len(pictures))
            and message.user_number in {None, one.from_}
            and message.messageservice_sid in {None, one.messaging_service_sid}
        )


def _content(message: OutboundMessage) -> tuple[str, tuple[str, ...]]:
    """The text, and the pictures that came with it or stand in it."""
    text, written = pictures_in_text.take_out(message.text)
    pictures = (*message.media, *written)
    if len(pictures) > MOST_PICTURES:
        raise PermanentVendorError(
            f"The message has {len(pictures)} pictures; Twilio takes {MOST_PICTURES} at most."
        )
    return text, pictures


def _validity_seconds(send_before: datetime | None) -> int | None:
    """For how long Twilio may try, within its range; None for as long as it usually does.

    Raises PermanentVendorError when it is too late already.
    """
    limits = []
    if (ours := int(conf.read(settings.VALIDITY_PERIOD))) > 0:
        limits.append(ours)
    if send_before is not None:
        left = int((send_before - datetime.now(UTC)).total_seconds())
        if left < 1:
            raise PermanentVendorError("It was too late to send this: its time had passed.")
        limits.append(left)
    return min([*limits, LONGEST_VALIDITY_SECONDS]) if limits else None


def _receipt(one: Any) -> SendReceipt:
    """What Twilio says of a message, as a receipt."""
    if not (isinstance(one.sid, str) and one.sid):
        raise SendUncertain("Twilio took this and did not say under which id.")
    status = statuses.OF_TWILIO.get(str(one.status), ReportStatus.SENT)
    failed = status is ReportStatus.ERROR
    code = one.error_code if failed and isinstance(one.error_code, int) else None
    return SendReceipt(
        service_id=one.sid,
        user_number=one.from_ or None,
        messageservice_sid=one.messaging_service_sid or None,
        status=status,
        error_code=code,
        opted_out=code in errors.OPTED_OUT,
        contact_status=None if code is None else errors.CONTACT_STATUS.get(code),
    )


def _as_compared(text: str) -> str:
    """A text without what Twilio may have changed: what smart encoding replaces, and blanks."""
    return " ".join(segments.plain(text).split())
