"""What Vonage calls: proven first, read afterwards.

The SMS API calls with GET, with a form or with JSON, as the account is set; each call is about one
message, one part of one, or one report (https://developer.vonage.com/en/api/sms). The Messages API
always posts JSON (https://developer.vonage.com/en/api/messages).
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Any, Final

from service_vendors.exceptions import WebhookRejected
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    WebhookAnswer,
    WebhookRequest,
)
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.nexmo import calls, signatures
from service_vendors.vendors.nexmo.tags import TAG

Said = InboundMessage | InboundPart | DeliveryReport
MOST_FIELDS: Final = 100


class WithWebhooks(ServiceVendor, ABC):
    """The part of the vendor that is called."""

    def greeting(self, request: WebhookRequest) -> WebhookAnswer | None:
        """The answer to a call without any field: Vonage tries an address before it takes it."""
        fields = request.form() if request.method == "GET" else {}
        if request.body.strip() or fields.keys() - {TAG}:
            return None
        return WebhookAnswer()

    def verify(self, request: WebhookRequest) -> None:
        """Raise WebhookRejected unless Vonage signed this, lately, for this account."""
        secrets = self.signature_secrets()
        if not secrets:
            raise WebhookRejected("No signature secret is configured, so nothing can be proven.")
        if request.method != "GET" and signatures.has_token(request):
            signatures.prove_token(request, secrets, self.config("account_id").strip())
            return
        try:
            params = _parameters(request)
        except ValueError:
            raise WebhookRejected("There is no signature.") from None
        signatures.prove_parameters(params, secrets, self.signature_method(), request.received_at)

    def handle_incoming(self, request: WebhookRequest) -> Sequence[Said]:
        """What a verified request says. Raises ValueError on nonsense."""
        if request.method != "GET" and _is_json(request):
            value = _json(request)
            if "message_uuid" in value:
                return [calls.of_messages_api(value)]
        return [calls.of_sms_api(_parameters(request))]

    def signature_secrets(self) -> list[str]:
        """The account's signature secrets, newest first: two while one replaces the other."""
        written = self.config("signature_secret").split(",")
        return [secret.strip() for secret in written if secret.strip()]

    def signature_method(self) -> str:
        """How the SMS API signs for this account."""
        return signatures.method_of(self.config("signature_method"))


def _parameters(request: WebhookRequest) -> Mapping[str, str]:
    """The fields of a call of the SMS API. Raises ValueError when there are none.

    Our own tag in an address is none of Vonage's fields: it is not signed, and never read here.
    """
    if request.method != "GET" and _is_json(request):
        fields = {name: _written(value) for name, value in _json(request).items()}
    else:
        fields = request.form()
        if request.method == "GET":
            fields.pop(TAG, None)
    if not 0 < len(fields) <= MOST_FIELDS:
        raise ValueError(f"A call has 1 to {MOST_FIELDS} fields.")
    return fields


def _is_json(request: WebhookRequest) -> bool:
    """Whether the body is JSON; one without a content type is looked at."""
    kind = request.header("content-type").partition(";")[0].strip().lower()
    return kind.endswith("json") or (not kind and request.body.lstrip()[:1] in {b"{", b"["})


def _json(request: WebhookRequest) -> dict[str, Any]:
    """The JSON object of a body, with its numbers as they were written: that is what was signed."""
    try:
        value = calls.loads(request.body)
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise ValueError("A call is an object.")
    return value


def _written(value: Any) -> str:
    """A plain value as it stands in a form."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise ValueError("A field is a text.")
