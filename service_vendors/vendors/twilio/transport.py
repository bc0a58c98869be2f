"""Twilio's SDK, speaking through our seam: one place decides what an answer of Twilio's means.

The SDK builds requests and reads answers. Connections, timeouts, proxies and certificates are
``vendors.http``'s; an answer that does not say yes becomes one of our exceptions before the SDK
sees it, because the SDK's own keep neither Retry-After nor any promise about what was sent.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
    VendorNotConfigured,
)
from service_vendors.types import VendorAccount
from service_vendors.vendors import http
from service_vendors.vendors.twilio import errors

logger = logging.getLogger(__name__)

NEEDED: Final = "Twilio needs an Account SID and an Auth Token, or an API key with its secret."


class Transport(AsyncHttpClient):  # type: ignore[misc]  # the SDK has no types
    """What the SDK sends its requests with. ``acts`` marks those that send, buy or create."""

    def __init__(self, *, acts: bool) -> None:
        super().__init__(logger, is_async=True)
        self._acts = acts

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature; the seam has its own
        allow_redirects: bool = False,
    ) -> Response:
        """One request, made once. Raises TransientVendorError, PermanentVendorError with Twilio's
        code, VendorNotConfigured, and SendUncertain for a request that acts.
        """
        answer = await http.request(
            method.upper(),
            uri,
            params=dict(_pairs(params or {})) or None,
            data=urlencode(list(_pairs(data))).encode() if data else None,
            headers=headers,
            basic=auth,
            acts=self._acts,
        )
        if not answer.ok:
            raise failure(answer, acts=self._acts)
        if answer.body:
            _insist_on_an_object(answer, acts=self._acts)
        return Response(answer.status, answer.body.decode("utf-8", "replace"))


def client(account: VendorAccount, *, acts: bool = False) -> Client:
    """The SDK's client for an account. ``acts`` as in ``http.request``.

    Raises VendorNotConfigured without credentials: the SDK would take any it finds in the
    environment, and those may belong to somebody else.
    """
    config = account.config
    account_sid = config.get("account_sid", "")
    username, password = config.get("api_key_sid", ""), config.get("api_key_secret", "")
    if not (username and password):
        username, password = account_sid, next(iter(tokens(account)), "")
    if not (account_sid and username and password):
        raise VendorNotConfigured(NEEDED)
    where = {name: os.environ.get(name, "") for name in ("TWILIO_EDGE", "TWILIO_REGION")}
    return Client(
        username, password, account_sid, http_client=Transport(acts=acts), environment=where
    )


def tokens(account: VendorAccount) -> list[str]:
    """The account's Auth Tokens, newest first: two of them while one replaces the other."""
    written = account.config.get("auth_token", "").split(",")
    return [token.strip() for token in written if token.strip()]


def failure(answer: http.VendorResponse, *, acts: bool) -> VendorError:
    """What an answer that does not say yes means."""
    code, status = _code(answer), answer.status
    words = errors.DESCRIPTIONS.get(code or 0, "")
    if status == 429 or code in errors.TRANSIENT:
        return TransientVendorError(
            words or errors.DESCRIPTIONS[errors.TOO_MANY_REQUESTS],
            code=code,
            retry_after_seconds=answer.retry_after_seconds(),
        )
    # A region that is not allowed is about one message, though it may come as a 403.
    forbidden = status in {401, 403} and (code is None or code < errors.FIRST_OF_A_MESSAGE)
    if forbidden or code in errors.NOT_CONFIGURED:
        return VendorNotConfigured(words or errors.DESCRIPTIONS[errors.AUTHENTICATE], code=code)
    if status < 500 and code is not None:
        return PermanentVendorError(
            words or f"Twilio refused this (error {code}).",
            code=code,
            opted_out=code in errors.OPTED_OUT,
            contact_status=errors.CONTACT_STATUS.get(code),
        )
    said = f"Twilio answered {status} without a reason that can be read."
    # Twilio documents no 5xx that promises a message was not taken.
    if acts and status >= 500:
        return SendUncertain(said)
    return TransientVendorError(said, retry_after_seconds=answer.retry_after_seconds())


def _code(answer: http.VendorResponse) -> int | None:
    """Twilio's own code of a failure; None when somebody else answered."""
    try:
        return int(answer.json()["code"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _insist_on_an_object(answer: http.VendorResponse, *, acts: bool) -> None:
    try:
        readable = isinstance(answer.json(), dict)
    except (ValueError, RecursionError):
        readable = False
    if not readable:
        kind = SendUncertain if acts else TransientVendorError
        raise kind("Twilio's answer could not be read.")


def _pairs(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Each name with its value; a list (``MediaUrl``) repeats its name."""
    for name, value in values.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            yield name, _written(one)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
