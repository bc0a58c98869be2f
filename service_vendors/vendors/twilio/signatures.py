"""Proof that a call comes from Twilio: by the SDK's own validator, over the raw request.

``X-Twilio-Signature`` is an HMAC, keyed with the account's Auth Token, of the public URL and of
the form's fields; of a JSON body, the URL says the SHA-256 in ``bodySHA256``. It is SHA-1 unless
``X-Twilio-Webhooks-Signature-Settings`` names SHA-256, with which Twilio signs by a shared key: its
secret is then one of the tokens. https://www.twilio.com/docs/usage/security#validating-requests

The scheme says neither when a call was signed nor where one field ends and the next begins. The
inbox, which knows a repeated call, and ``webhooks``, which takes a name with one value only, make
up for that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

from django.utils.datastructures import MultiValueDict
from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import WebhookRequest

Fields = MultiValueDict[str, str]

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
BODY_HASH: Final = "bodySHA256"
# Twilio sends some thirty fields, and adds to them without notice.
MOST_FIELDS: Final = 1_000


def verify(request: WebhookRequest, tokens: Sequence[str], callback_base: str) -> None:
    """Raise WebhookRejected unless one of the tokens signed this request.

    ``callback_base`` begins the addresses that the account told Twilio. Behind a proxy they may
    not be what the request seems to have been sent to, so any of them may be what Twilio signed.
    """
    usable = [token for token in tokens if token.strip()]
    signature = request.header(SIGNATURE_HEADER)
    if not usable:
        raise WebhookRejected("No Auth Token is configured, so nothing can be proven.")
    if not signature:
        raise WebhookRejected("There is no signature.")
    algorithm = get_signature_algorithm(request.header(SIGNATURE_SETTINGS_HEADER)).upper()
    if algorithm not in {HMAC_SHA1, HMAC_SHA256}:
        raise WebhookRejected("The signature is of an unknown kind.")
    try:
        signed = _signed_fields(request)
        matches = [
            RequestValidator(token).validate(url, signed, signature, algorithm)
            for token in usable
            for url in _public_urls(request, callback_base)
        ]
    except ValueError:
        raise WebhookRejected("What was signed cannot be read.") from None
    if not any(matches):
        raise WebhookRejected("The signature is not Twilio's for this address and these fields.")


def fields_of(request: WebhookRequest) -> Fields:
    """Every field of a call, each with all its values. Raises ValueError when it has none."""
    if request.method == "GET":
        return pairs(request.query)
    kind = _content_type(request)
    if kind == JSON:
        return _json_fields(request)
    if kind != FORM and request.body:
        raise ValueError("The body is neither a form nor JSON.")
    return pairs(request.body.decode())


def pairs(text: str) -> Fields:
    """The names and values of a form or a query, blank ones too. Raises ValueError."""
    found: Fields = MultiValueDict()
    for name, value in parse_qsl(
        text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
    ):
        found.appendlist(name, value)
    return found


def _signed_fields(request: WebhookRequest) -> Fields:
    """The fields that the signature covers beside the URL: those of a form.

    Raises WebhookRejected where there is a body that nothing covers, and ValueError.
    """
    if request.method == "GET":
        if request.body:
            raise WebhookRejected("A GET has no body, and nothing signs this one.")
        return MultiValueDict()
    if _content_type(request) == JSON:
        _insist_on_body_hash(request)
        return MultiValueDict()
    return fields_of(request)


def _insist_on_body_hash(request: WebhookRequest) -> None:
    """The URL, which is signed, must say the hash of the JSON body, and say it once."""
    said = pairs(request.query).getlist(BODY_HASH)
    found = hashlib.sha256(request.body).hexdigest()
    if len(said) != 1 or not hmac.compare_digest(said[0].lower().encode(), found.encode()):
        raise WebhookRejected("The body is not the one whose hash is signed.")


def _public_urls(request: WebhookRequest, callback_base: str) -> Iterator[str]:
    """The address that was called, as the settings and as the request know it, and the one that
    Twilio was told.
    """
    known = {request.url, request.seen_url}
    if callback_base:
        tenant = "" if request.organization_id is None else f"/{request.organization_id}"
        query = f"?{request.query}" if request.query else ""
        known.add(f"{callback_base}/{request.address}{tenant}{query}")
    yield from known - {""}


def _content_type(request: WebhookRequest) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()


def _json_fields(request: WebhookRequest) -> Fields:
    """The texts and numbers of a JSON object. Raises ValueError."""
    try:
        said = json.loads(request.body)
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    if not isinstance(said, dict):
        raise ValueError("The body is no object.")
    found: Fields = MultiValueDict()
    for name, value in said.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            # Half of a surrogate pair is valid JSON and no valid text.
            text = str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            found.appendlist(name, text)
    return found
