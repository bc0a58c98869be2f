"""Vonage's calls in our words.

In calls of the SMS API ``msisdn`` is the other side's number and ``to`` ours, in receipts as well
as in messages. A status that Vonage adds one day is news without a verdict: sent.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from service_vendors.phone import InvalidPhoneNumber, normalize_sender
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    Media,
    ReportStatus,
)
from service_vendors.vendors.nexmo import errors
from service_vendors.vendors.nexmo.api import message_code

MOST_PARTS: Final = 255
MOST_MEDIA: Final = 20
LONGEST_TEXT: Final = 20_000

_RECEIPT_STATUS: Final = {
    "delivered": ReportStatus.DELIVERED,
    "expired": ReportStatus.ERROR,
    "failed": ReportStatus.ERROR,
    "rejected": ReportStatus.ERROR,
    # "accepted" and "buffered" are on their way; of "unknown" nothing is known.
}
_MESSAGE_STATUS: Final = {
    "delivered": ReportStatus.DELIVERED,
    "read": ReportStatus.DELIVERED,
    "rejected": ReportStatus.ERROR,
    "undeliverable": ReportStatus.ERROR,
}
_FILES: Final = ("image", "vcard", "audio", "video", "file")
# The kinds that every system knows, and not those that this one was taught.
_KINDS: Final = mimetypes.MimeTypes()

# Numbers stay as they were written: they may have been signed so.
loads: Final = partial(json.loads, parse_int=str, parse_float=str, parse_constant=str)


def of_sms_api(fields: Mapping[str, str]) -> InboundMessage | InboundPart | DeliveryReport:
    """What a call of the SMS API says. Raises ValueError on nonsense."""
    if "status" in fields:
        return _receipt(fields)
    if fields.get("concat", "").lower() == "true" and fields.get("concat-total") != "1":
        return _part(fields)
    return InboundMessage(
        service_id=_text(fields, "messageId", required=True),
        contact_number=_party(fields, "msisdn"),
        user_number=_party(fields, "to"),
        text=_words(fields),
        sent_at=_moment(fields.get("message-timestamp")),
    )


def of_messages_api(value: Mapping[str, Any]) -> InboundMessage | DeliveryReport:
    """What a call of the Messages API says. Raises ValueError on nonsense."""
    if "status" in value:
        return _status(value)
    return InboundMessage(
        service_id=_text(value, "message_uuid", required=True),
        contact_number=_party(value, "from"),
        user_number=_party(value, "to"),
        text=_text(value, "text", most=LONGEST_TEXT) or _captions(value),
        media=_media(value),
        sent_at=_moment(value.get("timestamp")),
    )


def _part(fields: Mapping[str, str]) -> InboundPart:
    """One part of a long message. Vonage's reference of it is one of 256, for each sender: the
    parts of one message are those of one sender to one number, with it.
    """
    total = _whole(fields, "concat-total", most=MOST_PARTS)
    return InboundPart(
        service_id=_text(fields, "messageId", required=True),
        contact_number=_party(fields, "msisdn"),
        user_number=_party(fields, "to"),
        text=_words(fields),
        group=_text(fields, "concat-ref", required=True),
        index=_whole(fields, "concat-part", most=total),
        total=total,
        sent_at=_moment(fields.get("message-timestamp")),
    )


def _receipt(fields: Mapping[str, str]) -> DeliveryReport:
    status = _RECEIPT_STATUS.get(fields["status"].lower(), ReportStatus.SENT)
    failed = status is ReportStatus.ERROR
    return _report(
        fields,
        status,
        service_id=_text(fields, "messageId", required=True),
        reference=_text(fields, "client-ref"),
        code=errors.of_receipt(fields.get("err-code", "")) if failed else None,
        occurred_at=_scts(fields.get("scts", "")) or _moment(fields.get("message-timestamp")),
        ours="to",
    )


def _status(value: Mapping[str, Any]) -> DeliveryReport:
    status = _MESSAGE_STATUS.get(str(value["status"]).lower(), ReportStatus.SENT)
    error = value.get("error")
    failed = status is ReportStatus.ERROR and isinstance(error, dict)
    return _report(
        value,
        status,
        service_id=_text(value, "message_uuid", required=True),
        reference=_text(value, "client_ref"),
        code=message_code(error) if failed and isinstance(error, dict) else None,
        occurred_at=_moment(value.get("timestamp")),
        ours="from",
    )


def _report(
    value: Mapping[str, Any],
    status: ReportStatus,
    *,
    service_id: str,
    reference: str,
    code: int | None,
    occurred_at: datetime | None,
    ours: str,
) -> DeliveryReport:
    return DeliveryReport(
        service_id=service_id,
        status=status,
        reference=reference,
        error_code=code,
        occurred_at=occurred_at,
        user_number=_sender(value, ours),
        opted_out=code in errors.OPTED_OUT,
        contact_status=errors.CONTACT_STATUS.get(code or 0),
    )


def _words(fields: Mapping[str, str]) -> str:
    """The text; of a binary message, which is none, its bytes for whoever can read them."""
    if fields.get("type") == "binary":
        return f"[binary: {_text(fields, 'data', most=LONGEST_TEXT)}]"
    return _text(fields, "text", most=LONGEST_TEXT)


def _captions(value: Mapping[str, Any]) -> str:
    """The texts that came with files."""
    texts = [str(file.get("caption") or file.get("text") or "") for _, file in _parts_of(value)]
    return "\n".join(text for text in texts if text)[:LONGEST_TEXT]


def _media(value: Mapping[str, Any]) -> tuple[Media, ...]:
    """The files of a message."""
    found = [
        Media(url=_address(file), content_type=_content_type(kind, file))
        for kind, file in _parts_of(value)
        if kind in _FILES
    ]
    if len(found) > MOST_MEDIA:
        raise ValueError(f"A message has at most {MOST_MEDIA} files.")
    return tuple(found)


def _parts_of(value: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The parts of a message by their kinds: one under its own name, or several in a list."""
    content = value.get("content")
    if isinstance(content, list):
        return [(str(one.get("type")), one) for one in content if isinstance(one, dict)]
    return [(kind, value[kind]) for kind in _FILES if isinstance(value.get(kind), dict)]


def _address(file: Mapping[str, Any]) -> str:
    url = _text(file, "url", most=2_000, required=True)
    if not url.startswith(("http://", "https://")):
        raise ValueError("A file has an http or https address.")
    return url


def _content_type(kind: str, file: Mapping[str, Any]) -> str:
    """What the end of the address says, where it agrees with the kind; Vonage tells no more."""
    if kind == "vcard":
        return "text/vcard"
    guessed, _ = _KINDS.guess_type(urlsplit(str(file.get("url", ""))).path)
    return guessed if guessed and (kind == "file" or guessed.startswith(f"{kind}/")) else ""


def _text(value: Mapping[str, Any], name: str, *, most: int = 200, required: bool = False) -> str:
    text = "" if value.get(name) is None else value[name]
    if not isinstance(text, str) or len(text) > most or (required and not text):
        raise ValueError(f"{name} must be a text of at most {most} characters.")
    # Half of a surrogate pair is valid JSON and no valid text.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _party(value: Mapping[str, Any], name: str) -> str:
    """A number as the program knows it; a short code or a name as it is."""
    text = _text(value, name, required=True).strip().removeprefix("+")
    if re.fullmatch(r"[1-9][0-9]{6,14}", text):
        return f"+{text}"
    try:
        return normalize_sender(text)
    except InvalidPhoneNumber:
        raise ValueError(f"{name} must be a phone number, a short code or a name.") from None


def _sender(value: Mapping[str, Any], name: str) -> str:
    """What a message was sent from, for a report, which is found without it."""
    try:
        return _party(value, name)
    except ValueError:
        return ""


def _whole(value: Mapping[str, str], name: str, *, most: int) -> int:
    text = value.get(name, "")
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= most:
        raise ValueError(f"{name} must be a number between 1 and {most}.")
    return int(text)


def _moment(written: Any) -> datetime | None:
    """A time, in UTC where it names no zone; None for what is none: no message is lost for it."""
    try:
        moment = datetime.fromisoformat(str(written))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _scts(written: str) -> datetime | None:
    """When the carrier reported, as ``YYMMDDHHMM``."""
    if not re.fullmatch(r"[0-9]{10}", written):
        return None
    try:
        return datetime.strptime(written, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
