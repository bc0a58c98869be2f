"""Speaking the company's protocol: JSON over HTTP with Basic authentication.

What an answer means is decided here, once, for every call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors import http
from service_vendors.vendors.fakeservice.errors import UNSUBSCRIBED

DEFAULT_URL: Final = "http://127.0.0.1:8001"
REFUSED_CREDENTIALS: Final = (
    "Fakeservice refused these credentials. Check the Account SID and the API key."
)

# The manual promises that a request answered like this had no effect.
_NO_EFFECT: Final = frozenset({429, 503})


async def call(
    account: VendorAccount,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
    acts: bool = False,
) -> dict[str, Any]:
    """One call to the company; the JSON object it answers, {} when it answers nothing.

    ``acts`` as in ``http.request``. Raises VendorNotConfigured when the credentials are refused,
    TransientVendorError, PermanentVendorError with the company's code, and SendUncertain.
    """
    address = account.config.get("api_url", "").rstrip("/")
    credentials = account.config.get("account_sid", ""), account.config.get("api_key", "")
    if not (address and all(credentials)):
        raise VendorNotConfigured("Fakeservice needs an address, an Account SID and an API key.")
    response = await http.request(
        method, address + path, params=params, json=json, basic=credentials, acts=acts
    )
    if response.ok:
        return _object(response, acts=acts)
    raise _failure(response, acts=acts)


def _object(response: http.VendorResponse, *, acts: bool) -> dict[str, Any]:
    """The JSON object of an answer that says yes."""
    if not response.body:
        return {}
    try:
        value = response.json()
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    unreadable = "Fakeservice's answer could not be read. Does the address belong to it?"
    raise (SendUncertain if acts else TransientVendorError)(unreadable)


def _failure(response: http.VendorResponse, *, acts: bool) -> Exception:
    """What an answer that does not say yes means."""
    status = response.status
    if status in {401, 403}:
        return VendorNotConfigured(REFUSED_CREDENTIALS)
    if status in _NO_EFFECT:
        return TransientVendorError(
            f"Fakeservice takes no requests now ({status}).",
            retry_after_seconds=response.retry_after_seconds(),
        )
    if 400 <= status < 500:
        code, words = _refusal(response)
        if code is not None:
            return PermanentVendorError(words, code=code, opted_out=code == UNSUBSCRIBED)
    if status >= 500 and acts:
        return SendUncertain(f"Fakeservice failed while it handled this ({status}).")
    return TransientVendorError(
        f"Fakeservice answered {status} without a reason. Does the address belong to it?"
    )


def _refusal(response: http.VendorResponse) -> tuple[int | None, str]:
    """The company's own error code and words; no code when somebody else answered."""
    try:
        value = response.json()
        return int(value["code"]), str(value.get("message", ""))[:500]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, ""
