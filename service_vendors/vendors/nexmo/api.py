"""Speaking Vonage's protocols: where its APIs are, and what their answers mean.

The SMS, account and numbers APIs, and the one for applications, take the API key and secret as
Basic authentication; the Messages and Identity Insights APIs take a token that the application's
private key signs.
"""

from __future__ import annotations

import json as jsonlib
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors import http
from service_vendors.vendors.nexmo import errors

REST: Final = "https://rest.nexmo.com"
API: Final = "https://api.nexmo.com"
INSIGHTS: Final = "https://api-eu.vonage.com"

NEEDED: Final = "Vonage needs an API key and an API secret."
NEEDS_APPLICATION: Final = (
    "Vonage needs an application and its private key for this. Fill in the Application ID and the "
    "Private key."
)
REFUSED_APPLICATION: Final = (
    "Vonage refused this application. Check that the Application ID and the Private key belong "
    "together, and that the application has the capability “Messages”."
)
UNREADABLE_KEY: Final = (
    "The private key cannot be read. Copy the whole file, from “-----BEGIN PRIVATE KEY-----” to "
    "“-----END PRIVATE KEY-----”."
)
UNREADABLE: Final = "Vonage's answer could not be read."

TOKEN_SECONDS: Final = 900
_CODE_IN_LINK: Final = re.compile(r"#(\d{4})$")


async def call(
    account: VendorAccount,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Any = None,
    acts: bool = False,
) -> dict[str, Any]:
    """One call with the API key and secret; the JSON object it answers, {} when it answers nothing.

    ``acts`` as in ``http.request``. Raises VendorNotConfigured when the credentials are refused,
    TransientVendorError, PermanentVendorError with Vonage's code, and SendUncertain.
    """
    answer = await http.request(
        method,
        url,
        params=params,
        data=form,
        json=json,
        headers={"Accept": "application/json"},
        basic=credentials(account),
        acts=acts,
    )
    return understood(answer, acts=acts)


async def call_as_application(
    account: VendorAccount, url: str, json: Any, *, acts: bool = False
) -> dict[str, Any]:
    """One POST of a JSON object by the account's application; as ``call``."""
    headers = {"Authorization": f"Bearer {token(account)}", "Accept": "application/json"}
    answer = await http.request("POST", url, json=json, headers=headers, acts=acts)
    if answer.status in {401, 403}:
        raise VendorNotConfigured(REFUSED_APPLICATION, code=errors.INVALID_CREDENTIALS)
    return understood(answer, acts=acts)


def credentials(account: VendorAccount) -> tuple[str, str]:
    """The API key and the API secret. Raises VendorNotConfigured when one is missing."""
    key, secret = (account.config.get(name, "").strip() for name in ("account_id", "api_secret"))
    if not (key and secret):
        raise VendorNotConfigured(NEEDED)
    return key, secret


def has_application(account: VendorAccount) -> bool:
    """Whether the account has what pictures and Identity Insights need."""
    return bool(account.config.get("application_id") and account.config.get("private_key"))


def token(account: VendorAccount) -> str:
    """A new token of the account's application. Raises VendorNotConfigured."""
    if not has_application(account):
        raise VendorNotConfigured(NEEDS_APPLICATION)
    now = int(time.time())
    claims = {
        "application_id": account.config["application_id"].strip(),
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": str(uuid4()),
    }
    return jwt.encode(claims, private_key(account.config["private_key"]), algorithm="RS256")


@lru_cache(maxsize=64)  # reading one takes longer than all the rest of a call
def private_key(written: str) -> RSAPrivateKey:
    """The private key as somebody pasted it; in the environment its lines may end in "\\n", written
    out. Raises VendorNotConfigured.
    """
    text = written.replace("\\n", "\n").strip()
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise VendorNotConfigured(UNREADABLE_KEY) from None
    if not isinstance(key, RSAPrivateKey):
        raise VendorNotConfigured(UNREADABLE_KEY)
    return key


def understood(answer: http.VendorResponse, *, acts: bool) -> dict[str, Any]:
    """The JSON object of an answer that says yes. Raises what any other one means."""
    value = _object(answer)
    if answer.ok:
        if value is not None:
            return value
        if not answer.body:
            return {}
        raise (SendUncertain if acts else TransientVendorError)(UNREADABLE)
    raise _failure(answer, value or {}, acts=acts)


def refusal(code: int, *, retry_after_seconds: float | None = None) -> VendorError:
    """What it means that Vonage refused something with one of our codes."""
    words = errors.DESCRIPTIONS.get(code) or f"Vonage refused this (error {code})."
    if code in errors.TRANSIENT:
        return TransientVendorError(words, code=code, retry_after_seconds=retry_after_seconds)
    if code in errors.NOT_CONFIGURED:
        return VendorNotConfigured(words, code=code)
    if code in errors.DOUBTFUL:
        return SendUncertain(words, code=code)
    return PermanentVendorError(
        words,
        code=code,
        opted_out=code in errors.OPTED_OUT,
        contact_status=errors.CONTACT_STATUS.get(code),
    )


def _failure(answer: http.VendorResponse, value: Mapping[str, Any], *, acts: bool) -> VendorError:
    """What an answer that does not say yes means."""
    status, code = answer.status, _code(value)
    if status in {401, 403}:
        return VendorNotConfigured(
            errors.DESCRIPTIONS[errors.INVALID_CREDENTIALS], code=errors.INVALID_CREDENTIALS
        )
    if status == 402:
        return refusal(1070)
    if status == 429:
        return TransientVendorError(
            errors.DESCRIPTIONS[errors.THROTTLED],
            code=code,
            retry_after_seconds=answer.retry_after_seconds(),
        )
    if status >= 500:
        # Vonage documents no 5xx that promises a message was not taken.
        failed = f"Vonage failed while it handled this ({status})."
        return (SendUncertain if acts else TransientVendorError)(failed, code=code)
    if code is not None:
        return refusal(code, retry_after_seconds=answer.retry_after_seconds())
    if status == 422:
        return PermanentVendorError("Vonage could not use a value of this request.")
    if status == 404:
        return PermanentVendorError("Vonage knows no such thing. It may be deleted.", code=404)
    return TransientVendorError(f"Vonage answered {status} without a reason that can be read.")


def _code(value: Mapping[str, Any]) -> int | None:
    """The error code in an answer: the Numbers API's, or the Messages API's."""
    if str(value.get("error-code", "")) == str(errors.REFUSED_NUMBER):
        return errors.REFUSED_NUMBER
    return message_code(value)


def message_code(error: Mapping[str, Any]) -> int | None:
    """The code in an error of the Messages API: in its title, or at the end of its link."""
    title = str(error.get("title", ""))
    if re.fullmatch(r"1\d{3}", title):
        return int(title)
    linked = _CODE_IN_LINK.search(str(error.get("type", "")))
    return int(linked[1]) if linked else None


def _object(answer: http.VendorResponse) -> dict[str, Any] | None:
    try:
        value = jsonlib.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
