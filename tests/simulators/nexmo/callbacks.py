"""Vonage's calls to us, built as its documentation's samples are, and signed by its rules.

https://developer.vonage.com/en/api/sms (webhooks), https://developer.vonage.com/en/api/messages,
https://developer.vonage.com/en/getting-started/concepts/signing-messages,
https://developer.vonage.com/en/getting-started/concepts/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from service_vendors.types import (
    InboundMessage,
    InboundPart,
    ReportStatus,
    WebhookRequest,
)
from tests.simulators.nexmo.company import NexmoCompany

BASE: Final = "http://127.0.0.1:9"
MESSAGES, REPORTS = "nexmo", "nexmo-message-report"
STATUS: Final = {
    ReportStatus.SENT: "buffered",
    ReportStatus.DELIVERED: "delivered",
    ReportStatus.ERROR: "failed",
}


# -- the SMS API -----------------------------------------------------------------------------------


def sms(company: NexmoCompany, message: InboundMessage | InboundPart) -> dict[str, str]:
    """The fields that tell of a contact's text, or of a part of one."""
    fields = {
        "api-key": company.api_key,
        "msisdn": message.contact_number.removeprefix("+"),
        "to": message.user_number.removeprefix("+"),
        "messageId": message.service_id,
        "text": message.text,
        "type": "text" if message.text.isascii() else "unicode",
        "keyword": (message.text.split() or [""])[0].upper(),
        "message-timestamp": "2026-11-24 12:00:00",
    }
    if isinstance(message, InboundPart):
        fields |= {
            "concat": "true",
            "concat-ref": message.group,
            "concat-total": str(message.total),
            "concat-part": str(message.index),
        }
    return fields


def receipt(
    company: NexmoCompany, taken: Mapping[str, Any], status: str, err_code: str = "0"
) -> dict[str, str]:
    """The fields that tell what became of a text."""
    return {
        "msisdn": taken["to"],
        "to": taken["from"],
        "network-code": "310260",
        "messageId": taken["id"],
        "price": "0.00809000",
        "status": status,
        "scts": "2611241200",
        "err-code": err_code,
        "client-ref": taken["reference"],
        "api-key": company.api_key,
        "message-timestamp": "2026-11-24 12:00:00",
    }


def signed(
    fields: Mapping[str, str], secret: str, method: str = "sha256", at: float | None = None
) -> dict[str, str]:
    """The fields with their signature, as Vonage's guide makes it."""
    stamp = str(int(time.time() if at is None else at))
    whole = {**fields, "timestamp": stamp, "nonce": str(uuid4())}
    text = "".join(
        f"&{name}={whole[name].replace('&', '_').replace('=', '_')}" for name in sorted(whole)
    )
    if method == "md5hash":
        sig = hashlib.md5((text + secret).encode()).hexdigest()  # noqa: S324 - Vonage's choice
    else:
        sig = hmac.new(secret.encode(), text.encode(), method).hexdigest().upper()
    return {**whole, "sig": sig}


def by_get(fields: Mapping[str, str], address: str = MESSAGES) -> WebhookRequest:
    """A call of the SMS API by GET."""
    return _request("GET", address, query=urlencode(fields))


def by_form(fields: Mapping[str, str], address: str = MESSAGES) -> WebhookRequest:
    """A call of the SMS API by POST, as a form."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return _request("POST", address, headers=kind, body=urlencode(fields).encode())


def by_json(fields: Mapping[str, Any], address: str = MESSAGES) -> WebhookRequest:
    """A call of the SMS API by POST, as JSON."""
    kind = {"content-type": "application/json"}
    return _request("POST", address, headers=kind, body=json.dumps(fields).encode())


# -- the Messages API ------------------------------------------------------------------------------


def message(told: InboundMessage) -> dict[str, Any]:
    """What the Messages API says of a contact's message."""
    said: dict[str, Any] = {
        "channel": "mms" if told.media else "sms",
        "message_uuid": told.service_id,
        "to": told.user_number.removeprefix("+"),
        "from": told.contact_number.removeprefix("+"),
        "timestamp": "2026-11-24T12:00:00Z",
        "message_type": "text",
    }
    files = [{"type": "image", "url": one.url} for one in told.media]
    if len(files) == 1:
        return {**said, "message_type": "image", "image": {"url": told.media[0].url, "name": "a"}}
    if files:
        return {**said, "message_type": "content", "content": files}
    return {**said, "text": told.text}


def message_status(
    taken: Mapping[str, Any], status: str, error: int | None = None
) -> dict[str, Any]:
    """What the Messages API says became of a message."""
    said = {
        "message_uuid": taken["id"],
        "to": taken["to"],
        "from": taken["from"],
        "timestamp": "2026-11-24T12:00:00.361Z",
        "status": status,
        "client_ref": taken["reference"],
        "channel": "mms",
    }
    if error is None:
        return said
    link = f"https://developer.vonage.com/api-errors/messages#{error}"
    return {**said, "error": {"type": link, "title": error, "detail": "No.", "instance": "bf0c"}}


def by_token(
    company: NexmoCompany,
    said: Any,
    address: str = MESSAGES,
    *,
    secret: str | None = None,
    **claims: Any,
) -> WebhookRequest:
    """A call of the Messages API; its token says ``claims`` beside or instead of the usual."""
    body = json.dumps(said).encode()
    usual = {
        "iat": int(time.time()),
        "jti": str(uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": company.api_key,
        "application_id": next(iter(company.applications), ""),
    }
    key = company.signature_secret if secret is None else secret
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {token({**usual, **claims}, key)}",
    }
    return _request("POST", address, headers=headers, body=body)


def token(claims: Mapping[str, Any], secret: str) -> str:
    """A token (JWT, HS256), made without the library that will judge it."""
    said = f"{_part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{_part(json.dumps(claims))}"
    proof = hmac.new(secret.encode(), said.encode(), "sha256").digest()
    return f"{said}.{_encoded(proof)}"


def _part(text: str) -> str:
    return _encoded(text.encode())


def _encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def _request(
    method: str,
    address: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> WebhookRequest:
    return WebhookRequest(
        address=address,
        method=method,
        url=f"{BASE}/{address}/1",
        query=query,
        headers=headers or {},
        body=body,
        organization_id=1,
    )
