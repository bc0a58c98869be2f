"""What the company calls: proven first, read afterwards.

A call carries ``X-Webhook-Signature: t=<unix time>,v1=<proof>``, where the proof is the HMAC-SHA256
of the time, a full stop and the raw body. While a secret is being replaced there may be several.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from service_vendors import conf
from service_vendors.exceptions import WebhookRejected
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    Media,
    ReportStatus,
    WebhookRequest,
)
from service_vendors.vendors.fakeservice.errors import UNSUBSCRIBED
from service_vendors.vendors.moments import moment

SIGNATURE_HEADER: Final = "x-webhook-signature"
MOST_PROOFS: Final = 5
MOST_EVENTS: Final = 100
MOST_MEDIA: Final = 10
MOST_PARTS: Final = 255

_STATUS: Final = {
    "message.sent": ReportStatus.SENT,
    "message.delivered": ReportStatus.DELIVERED,
    "message.failed": ReportStatus.ERROR,
}
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")


def verify(request: WebhookRequest, secrets: Sequence[str]) -> None:
    """Raise WebhookRejected unless one of the secrets signed this request, and lately."""
    if not secrets:
        raise WebhookRejected("No secret is configured, so nothing can be proven.")
    timestamp, proofs = _signature(request.header(SIGNATURE_HEADER))
    signed = timestamp.encode() + b"." + request.body
    expected = [hmac.digest(one.encode(), signed, "sha256").hex() for one in secrets]
    matches = [hmac.compare_digest(a.encode(), b.encode()) for a in expected for b in proofs]
    if not any(matches):
        raise WebhookRejected("The signature is not ours.")
    age_seconds = request.received_at.timestamp() - int(timestamp)
    if abs(age_seconds) > conf.seconds("WEBHOOK_TOLERANCE_SECONDS"):
        raise WebhookRejected("The signature is too old, or from the future.")


def read(request: WebhookRequest) -> list[InboundMessage | InboundPart | DeliveryReport]:
    """Everything a request says. Raises ValueError on nonsense."""
    try:
        value = request.json()
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    events = value.get("events") if isinstance(value, dict) else None
    if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
        raise ValueError(f"A call tells 1 to {MOST_EVENTS} events.")
    return [_event(event) for event in events]


def _signature(header: str) -> tuple[str, list[str]]:
    """The time and the proofs of a signature header."""
    pairs = [part.strip().partition("=") for part in header.split(",", MOST_PROOFS)]
    times = [value for name, _, value in pairs if name == "t"]
    proofs = [value for name, _, value in pairs if name == "v1" and value]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or not proofs:
        raise WebhookRejected("There is no signature.")
    return times[0], proofs


def _event(event: Any) -> InboundMessage | InboundPart | DeliveryReport:
    if not isinstance(event, dict):
        raise ValueError("An event is an object.")
    kind = _text(event, "type", required=True)
    if kind == "message.received":
        return _message(event)
    if kind == "message.part":
        return _part(event)
    if kind in _STATUS:
        return _report(event, _STATUS[kind])
    raise ValueError("The event is of no known type.")


def _message(event: dict[str, Any]) -> InboundMessage:
    media = event.get("media", [])
    if not isinstance(media, list) or len(media) > MOST_MEDIA:
        raise ValueError(f"A message has at most {MOST_MEDIA} media.")
    return InboundMessage(
        service_id=_text(event, "message_id", required=True),
        contact_number=_number(event, "from"),
        user_number=_number(event, "to"),
        text=_text(event, "text", most=20_000),
        media=tuple(_media(item) for item in media),
        messageservice_sid=_text(event, "pool"),
        sent_at=_moment(event),
    )


def _part(event: dict[str, Any]) -> InboundPart:
    total = _whole(event, "total", most=MOST_PARTS)
    return InboundPart(
        service_id=_text(event, "message_id", required=True),
        contact_number=_number(event, "from"),
        user_number=_number(event, "to"),
        text=_text(event, "text", most=20_000),
        group=_text(event, "group", required=True),
        index=_whole(event, "index", most=total),
        total=total,
        sent_at=_moment(event),
    )


def _report(event: dict[str, Any], status: ReportStatus) -> DeliveryReport:
    failed = status is ReportStatus.ERROR
    code = _whole(event, "error_code", most=999_999) if failed else None
    return DeliveryReport(
        service_id=_text(event, "message_id", required=True),
        status=status,
        reference=_text(event, "reference"),
        error_code=code,
        occurred_at=_moment(event),
        user_number=_number(event, "from"),
        opted_out=code == UNSUBSCRIBED,
    )


def _media(item: Any) -> Media:
    if not isinstance(item, dict):
        raise ValueError("A medium is an object.")
    url = _text(item, "url", most=2_000, required=True)
    if not url.startswith(("http://", "https://")):
        raise ValueError("A medium has an http or https address.")
    return Media(url=url, content_type=_text(item, "content_type"))


def _text(value: dict[str, Any], name: str, *, most: int = 200, required: bool = False) -> str:
    text = "" if value.get(name) is None else value[name]
    if not isinstance(text, str) or len(text) > most or (required and not text):
        raise ValueError(f"{name} must be a text of at most {most} characters.")
    # Half of a surrogate pair is valid JSON and no valid text.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(value: dict[str, Any], name: str) -> str:
    number = _text(value, name)
    if not _E164.fullmatch(number):
        raise ValueError(f"{name} must be a phone number.")
    return number


def _whole(value: dict[str, Any], name: str, *, most: int) -> int:
    number = value.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise ValueError(f"{name} must be a number between 1 and {most}.")
    return number


def _moment(value: dict[str, Any]) -> datetime:
    return moment(_text(value, "at", required=True))
