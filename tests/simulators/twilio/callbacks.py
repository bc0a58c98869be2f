"""Twilio's calls to us: the fields it sends, signed by the validator of its own SDK.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client
from django.utils.datastructures import MultiValueDict
from twilio.request_validator import (
    HMAC_SHA1,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from service_vendors.types import Media, WebhookRequest
from tests.simulators.twilio.company import TwilioCompany

__all__ = ["SIGNATURE_HEADER", "SIGNATURE_SETTINGS_HEADER", "Call"]

FORM: Final = "application/x-www-form-urlencoded"
API_VERSION: Final = "2010-04-01"

Fields = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Call:
    """One call, as it goes over the wire to ``url``."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    def request(self, organization_id: int | None = 1) -> WebhookRequest:
        """The call as a vendor is given it."""
        parts = urlsplit(self.url)
        return WebhookRequest(
            address=parts.path.strip("/").partition("/")[0],
            method=self.method,
            url=self.url,
            query=parts.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.body,
            organization_id=organization_id,
        )

    def deliver(self, **more: Any) -> Any:
        """Make the call, through the site's own addresses; its answer."""
        parts = urlsplit(self.url)
        headers = dict(self.headers)
        return Client().generic(
            self.method,
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            self.body,
            content_type=headers.pop("Content-Type", ""),
            headers=headers,
            secure=parts.scheme == "https",
            SERVER_NAME=parts.hostname,
            **more,
        )


def posted(url: str, fields: Fields, token: str, *, algorithm: str = HMAC_SHA1) -> Call:
    """A form, posted; its signature covers the address and every field."""
    pairs = list(fields.items() if isinstance(fields, Mapping) else fields)
    signed: MultiValueDict[str, str] = MultiValueDict()
    for name, value in pairs:
        signed.appendlist(name, value)
    headers = _proof(url, signed, token, algorithm) | {"Content-Type": FORM}
    return Call("POST", url, headers, urlencode(pairs).encode())


def got(url: str, fields: Fields, token: str) -> Call:
    """The same fields in the query of a GET; the signature covers the address."""
    pairs = list(fields.items() if isinstance(fields, Mapping) else fields)
    whole = f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}" if pairs else url
    return Call("GET", whole, _proof(whole, {}, token, HMAC_SHA1))


def posted_json(url: str, body: bytes | Mapping[str, Any], token: str) -> Call:
    """A JSON body, whose hash stands in the address, which is what is signed."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = f"bodySHA256={hashlib.sha256(raw).hexdigest()}"
    whole = f"{url}{'&' if '?' in url else '?'}{said}"
    headers = _proof(whole, {}, token, HMAC_SHA1) | {"Content-Type": "application/json"}
    return Call("POST", whole, headers, raw)


def reference_of(status_callback: str) -> str:
    """The reference that we told Twilio along with the address of reports."""
    return parse_qs(urlsplit(status_callback).query).get("reference", [""])[0]


def incoming_fields(
    company: TwilioCompany,
    *,
    contact: str,
    number: str,
    text: str,
    sid: str = "",
    media: Iterable[Media] = (),
    **more: str,
) -> dict[str, str]:
    """What Twilio says of a contact's message."""
    files = list(media)
    sid = sid or company.new_sid("MM" if files else "SM")
    fields = {
        "ToCountry": "US",
        "ToState": "NY",
        "SmsMessageSid": sid,
        "NumMedia": str(len(files)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "NY",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": text,
        "FromCountry": "US",
        "To": number,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": company.account_sid,
        "From": contact,
        "ApiVersion": API_VERSION,
    }
    for index, file in enumerate(files):
        fields[f"MediaUrl{index}"] = file.url
        fields[f"MediaContentType{index}"] = file.content_type
    return fields | more


def report_fields(
    company: TwilioCompany, taken: Mapping[str, Any], status: str, error_code: int | None = None
) -> dict[str, str]:
    """What Twilio says of a message of ours."""
    fields = {
        "SmsSid": taken["sid"],
        "SmsStatus": status,
        "MessageStatus": status,
        "To": taken["to"],
        "MessageSid": taken["sid"],
        "AccountSid": company.account_sid,
        "From": taken["from"],
        "ApiVersion": API_VERSION,
    }
    if taken["messaging_service_sid"]:
        fields["MessagingServiceSid"] = taken["messaging_service_sid"]
    if status in {"delivered", "undelivered"}:
        fields["RawDlrDoneDate"] = "2611241200"
    if error_code is not None:
        fields["ErrorCode"] = str(error_code)
    return fields


def report(
    company: TwilioCompany, taken: Mapping[str, Any], status: str, error_code: int | None = None
) -> Call:
    """A report on a message of ours, at the address that we told along with it."""
    fields = report_fields(company, taken, status, error_code)
    return posted(taken["status_callback"], fields, company.auth_token)


def _proof(url: str, fields: Any, token: str, algorithm: str) -> dict[str, str]:
    proof = {
        SIGNATURE_HEADER: RequestValidator(token).compute_signature(url, fields, algorithm),
        "I-Twilio-Idempotency-Token": hashlib.sha256(url.encode()).hexdigest()[:36],
    }
    if algorithm != HMAC_SHA1:
        settings = f"key=webhooks_sharedkey_01,algorithm={algorithm}"
        proof[SIGNATURE_SETTINGS_HEADER] = settings
    return proof
