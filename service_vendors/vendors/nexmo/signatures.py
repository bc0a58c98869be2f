"""Proofs that a call comes from Vonage.

Calls of the SMS API carry a parameter ``sig`` over all others
(https://developer.vonage.com/en/getting-started/concepts/signing-messages); calls of the Messages
API carry a token, and in it a hash of the body
(https://developer.vonage.com/en/getting-started/concepts/webhooks). Both are made with the
account's signature secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import jwt

from service_vendors import conf
from service_vendors.exceptions import WebhookRejected
from service_vendors.types import WebhookRequest

MD5HASH: Final = "md5hash"
HMACS: Final = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}
METHODS: Final = (MD5HASH, *HMACS)

# HMAC fills a key up with zeros to its block (RFC 2104): with them it proves the same, and PyJWT
# does not warn of a secret whose length is Vonage's choice.
_BLOCK: Final = 64


def method_of(written: str) -> str:
    """The method that somebody wrote; the words of Vonage's dashboard count as well."""
    words = written.lower().replace("-", "").replace("signature", "").replace("hmac", "").split()
    return "".join(words) or MD5HASH


def signature(params: Mapping[str, str], secret: str, method: str) -> str:
    """The ``sig`` of parameters, in lower case. ``method`` is one of METHODS."""
    signed = "".join(
        f"&{name}={re.sub('[&=]', '_', value)}"
        for name, value in sorted(params.items())
        if name != "sig"
    )
    if method == MD5HASH:
        return hashlib.md5((signed + secret).encode("utf-8", "replace")).hexdigest()  # noqa: S324 - Vonage's choice
    return hmac.new(secret.encode(), signed.encode("utf-8", "replace"), HMACS[method]).hexdigest()


def prove_parameters(
    params: Mapping[str, str], secrets: Sequence[str], method: str, at: datetime
) -> None:
    """Raise WebhookRejected unless one of the secrets signed the parameters, about ``at``."""
    given = params.get("sig", "").lower()
    if method not in METHODS:
        raise WebhookRejected("The signature method is not one that Vonage has.")
    if not given:
        raise WebhookRejected("There is no signature.")
    # One secret after the other, whichever fits: how long it takes tells nothing.
    fits = [_same(given, signature(params, secret, method)) for secret in secrets]
    if True not in fits:
        raise WebhookRejected("The signature is not ours.")
    _prove_time(params.get("timestamp", ""), at)


def has_token(request: WebhookRequest) -> bool:
    """Whether a request brings a token. Other credentials are for whoever stands before us."""
    return request.header("authorization").partition(" ")[0].lower() == "bearer"


def prove_token(request: WebhookRequest, secrets: Sequence[str], account_id: str) -> None:
    """Raise WebhookRejected unless one of the secrets signed the request's token, lately, for this
    account and for this very body.
    """
    token = request.header("authorization").partition(" ")[2]
    claims = next((found for one in secrets if (found := _claims(token.strip(), one))), None)
    if claims is None:
        raise WebhookRejected("The signature is not ours.")
    if not account_id or not _same(claims.get("api_key"), account_id):
        raise WebhookRejected("The call is about another account.")
    body_hash = hashlib.sha256(request.body).hexdigest()
    if not _same(str(claims.get("payload_hash")).lower(), body_hash):
        raise WebhookRejected("The body is not the one that was signed.")
    _prove_time(str(claims.get("iat", "")), request.received_at)


def _claims(token: str, secret: str) -> dict[str, Any] | None:
    """What a token says, if this secret signed it. How old it may be is judged elsewhere."""
    key = secret.encode().ljust(_BLOCK, b"\0")
    unjudged: jwt.types.Options = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
    }
    try:
        return jwt.decode(token, key, algorithms=["HS256"], options=unjudged)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None


def _same(given: Any, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "replace"), expected.encode()
    )


def _prove_time(written: str, at: datetime) -> None:
    """Raise WebhookRejected unless this is a time, in seconds, close to when the call came."""
    if not re.fullmatch(r"[0-9]{1,12}", written):
        raise WebhookRejected("The signature says no time.")
    if abs(at.timestamp() - int(written)) > conf.seconds("WEBHOOK_TOLERANCE_SECONDS"):
        raise WebhookRejected("The signature is too old, or from the future.")
