"""What Bandwidth calls: proven by Basic credentials of our own making, then read.

A call is a JSON array of events. https://dev.bandwidth.com/docs/messaging/webhooks/
"""

from __future__ import annotations

import binascii
import hmac
import logging
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from service_vendors.exceptions import WebhookRejected
from service_vendors.phone import InvalidPhoneNumber, sender_kind
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    Media,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.bandwidth import errors
from service_vendors.vendors.moments import moment

logger = logging.getLogger(__name__)

MOST_EVENTS: Final = 1_000
MOST_MEDIA: Final = 50
MOST_TEXT: Final = 20_000
MOST_CODE: Final = 999_999

RECEIVED: Final = "message-received"
_STATUS: Final = {
    "message-sending": ReportStatus.SENT,
    "message-sent": ReportStatus.SENT,
    "message-delivered": ReportStatus.DELIVERED,
    "message-read": ReportStatus.DELIVERED,
    "message-failed": ReportStatus.ERROR,
}
# Our references are UUIDs; a tag that is none was set by somebody else.
_REFERENCE: Final = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def verify(request: WebhookRequest, user: str, passwords: Sequence[str]) -> None:
    """Raise WebhookRejected unless the request shows this user with one of the passwords."""
    usable = [one for one in passwords if one]
    if not (user and usable):
        raise WebhookRejected("No callback user and password are set, so nothing can be proven.")
    shown_user, shown_password = _shown(request.header("authorization"))
    same_user = hmac.compare_digest(shown_user, user.encode())
    same_password = [hmac.compare_digest(shown_password, one.encode()) for one in usable]
    if not (any(same_password) and same_user):
        raise WebhookRejected("The call does not show the callback user and password.")


def read(request: WebhookRequest) -> list[InboundMessage | DeliveryReport]:
    """Everything a request says; events of kinds that are none of our business say nothing.

    Raises ValueError on nonsense, and when nothing of what it says can be read.
    """
    try:
        events = request.json()
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
        raise ValueError(f"A call tells 1 to {MOST_EVENTS} events.")
    said: list[InboundMessage | DeliveryReport] = []
    unread: list[ValueError] = []
    for event in events:
        try:
            said += _event(event)
        except ValueError as error:
            unread.append(error)
    # What can be read of a call is not lost for what stands beside it.
    if unread and not said:
        raise unread[0]
    if unread:
        logger.warning("%d of %d events of a call could not be read.", len(unread), len(events))
    return said


def _shown(header: str) -> tuple[bytes, bytes]:
    """The user and the password of an Authorization header."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise WebhookRejected("The call shows no user and password.")
    try:
        decoded = b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise WebhookRejected("The user and password cannot be read.") from None
    user, colon, password = decoded.partition(b":")
    if not (colon and user and password):
        raise WebhookRejected("The call shows no user and password.")
    return user, password


def _event(event: Any) -> Iterator[InboundMessage | DeliveryReport]:
    if not isinstance(event, dict):
        raise ValueError("An event is an object.")
    kind = event.get("type")
    if not isinstance(kind, str):
        raise ValueError("An event says its type.")
    if kind != RECEIVED and kind not in _STATUS:
        return
    message = event.get("message")
    if not isinstance(message, dict):
        raise ValueError("An event is about a message.")
    if kind == RECEIVED:
        yield _received(event, message)
    else:
        yield _report(event, message, _STATUS[kind])


def _received(event: dict[str, Any], message: dict[str, Any]) -> InboundMessage:
    # Each of our numbers in a group gets a copy of its own: "to" outside names this one's.
    name = "to" if isinstance(event.get("to"), str) and event["to"] else "owner"
    return InboundMessage(
        service_id=_text(message, "id", required=True),
        contact_number=_sender(message, "from"),
        user_number=_sender(event if name == "to" else message, name),
        text=_text(message, "text", most=MOST_TEXT),
        media=tuple(_media(message)),
        messageservice_sid=_text(message, "applicationId"),
        sent_at=_moment(message) or _moment(event),
    )


def _report(event: dict[str, Any], message: dict[str, Any], status: ReportStatus) -> DeliveryReport:
    code = _code(event) if status is ReportStatus.ERROR else None
    tag = _text(message, "tag", most=1_024)
    return DeliveryReport(
        service_id=_text(message, "id", required=True),
        status=status,
        reference=tag if _REFERENCE.fullmatch(tag) else "",
        error_code=code,
        occurred_at=_moment(event),
        user_number=_sender(message, "from"),
        opted_out=code in errors.UNSUBSCRIBED,
        contact_status=errors.CONTACT_STATUS.get(code or 0),
    )


def _code(event: dict[str, Any]) -> int | None:
    """The error code; None where a failure has none."""
    code = event.get("errorCode")
    if isinstance(code, str) and re.fullmatch(r"[0-9]{1,6}", code):
        code = int(code)
    if code is None:
        return None
    if not isinstance(code, int) or isinstance(code, bool) or not 0 < code <= MOST_CODE:
        raise ValueError("errorCode must be a number.")
    return code


def _media(message: dict[str, Any]) -> Iterator[Media]:
    """Pictures by their addresses; Bandwidth does not say of what kind they are."""
    listed = message.get("media") or []
    if not isinstance(listed, list) or len(listed) > MOST_MEDIA:
        raise ValueError(f"A message has at most {MOST_MEDIA} media.")
    for url in listed:
        if not isinstance(url, str) or len(url) > 2_000:
            raise ValueError("A medium is an address.")
        if not url.startswith(("http://", "https://")):
            raise ValueError("A medium has an http or https address.")
        # The layout of a picture message, which no phone shows.
        if not url.lower().endswith(".smil"):
            yield Media(url)


def _text(value: dict[str, Any], name: str, *, most: int = 200, required: bool = False) -> str:
    text = "" if value.get(name) is None else value[name]
    if not isinstance(text, str) or len(text) > most or (required and not text):
        raise ValueError(f"{name} must be a text of at most {most} characters.")
    # Half of a surrogate pair is valid JSON and no valid text.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _sender(value: dict[str, Any], name: str) -> str:
    """A phone number, a short code, or a name, as texts are sent from."""
    sender = _text(value, name)
    try:
        sender_kind(sender)
    except InvalidPhoneNumber:
        raise ValueError(f"{name} must be a phone number or another sender.") from None
    return sender


def _moment(value: dict[str, Any]) -> datetime | None:
    """When it happened; None where that is not said."""
    if not (written := _text(value, "time")):
        return None
    return moment(written)
