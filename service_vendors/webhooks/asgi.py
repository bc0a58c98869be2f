"""Vendors' callbacks before Django: what is left out is what a callback does not need.

A middleware stack, a resolver and a thread a request would cost more than all the rest. Here a
call is verified on the event loop, and calls that come while others are committed share the next
commit; none is answered before its row is safe. Everything else is passed on to Django.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections

from service_vendors import conf, metrics, receiving
from service_vendors.exceptions import VendorError
from service_vendors.types import WebhookAnswer, WebhookRequest
from service_vendors.vendors import registry
from service_vendors.webhooks import reception
from service_vendors.webhooks.reception import Account

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# As long, a secret that was replaced still proves a call; a new one does at once.
ACCOUNT_SECONDS: Final = 2.0
# How long a call waits for the database to say who is called, when this process knows it already.
PATIENCE_SECONDS: Final = 1.0

_ADDRESS: Final = re.compile(r"/(?P<address>[a-z0-9_-]+)(?:/(?P<organization>[0-9]{1,18}))?/?")


class WebhookApplication:
    """An ASGI application that answers vendors itself and passes on whatever else comes."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._commits = receiving.SharedCommits()
        self._reading: dict[tuple[str, int | None], asyncio.Future[Account]] = {}
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="webhook-accounts")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of any kind."""
        called = _called(scope) if scope["type"] == "http" else None
        if called is None:
            await self._django(scope, receive, send)
            return
        body = await _body(scope, receive, conf.whole("WEBHOOK_MAX_BYTES"))
        if body is None:
            answer = reception.refusal(called.service, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            answer = await self._answer(called.service, _call(scope, called, body))
        await _send(send, answer)

    async def _answer(self, service: str, call: WebhookRequest) -> WebhookAnswer:
        try:
            account, greeting = await self._proven(service, call)
            if greeting is not None:
                return greeting
            is_new = await self._commits.add(
                receiving.event_of(service, call, account.organization)
            )
        except reception.NobodyThere:
            return reception.refusal(service, HTTPStatus.FORBIDDEN)
        except VendorError as error:
            return reception.refused(service, call.address, error)
        except (DatabaseError, receiving.NowhereToKeep):
            return reception.refusal(service, HTTPStatus.SERVICE_UNAVAILABLE)
        metrics.count_webhook(service, "accepted" if is_new else "repeated")
        return account.vendor.webhook_answer(call)

    async def _proven(
        self, service: str, call: WebhookRequest
    ) -> tuple[Account, WebhookAnswer | None]:
        """The account that a call was proven against, and the answer if it was a greeting.

        What was read lately is good enough to say yes; before a no, it is read again.
        """
        known = reception.remembered(service, call.organization_id)
        if known is not None and known.is_newer_than(ACCOUNT_SECONDS):
            try:
                return known, reception.check(known, call)
            except VendorError:
                pass  # its secret may just have been replaced
        account = await self._read_again(service, call.organization_id, known)
        return account, reception.check(account, call)

    async def _read_again(
        self, service: str, organization_id: int | None, known: Account | None
    ) -> Account:
        """The account as it is now. While the database does not answer, as it was known.

        Calls that come at the same time share one reading.
        """
        key = (service, organization_id)
        reading = self._reading.get(key)
        if reading is None or reading.done():
            loop = asyncio.get_running_loop()
            reading = self._reading[key] = loop.run_in_executor(self._readers, _read_account, *key)
        if known is not None:
            await asyncio.wait([reading], timeout=PATIENCE_SECONDS)
            if not reading.done():
                return known
        try:
            # A call that is broken off does not break off what others wait for.
            return await asyncio.shield(reading)
        finally:
            if reading.done():
                self._reading.pop(key, None)


class _Called(NamedTuple):
    """Whom a request calls: a vendor's name, its webhook, the organization, and where we are."""

    service: str
    address: str
    organization_id: int | None
    base_url: str


def _called(scope: Scope) -> _Called | None:
    """Whom a request calls; None when Django is to answer: for pages, for what is wrong with an
    address, and where BASE_URL is not known.
    """
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    match = _ADDRESS.fullmatch(path)
    found = registry.webhook_at(match["address"]) if match else None
    if match is None or found is None:
        return None
    service, webhook = found
    organization = match["organization"]
    if scope["method"] not in webhook.methods or (
        organization is None and webhook.organization_required
    ):
        return None
    base_url = registry.vendor_class(service).callback_base()
    if not base_url:
        return None
    organization_id = None if organization is None else int(organization)
    return _Called(service, match["address"], organization_id, base_url)


def _call(scope: Scope, called: _Called, body: bytes) -> WebhookRequest:
    query = scope["query_string"].decode("latin-1")
    raw_path = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.partition(b"?")[0].decode("latin-1")
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    url = called.base_url + path + (f"?{query}" if query else "")
    is_known = headers.get("host") == urlsplit(called.base_url).netloc
    return WebhookRequest(
        address=called.address,
        method=scope["method"],
        url=url,
        query=query,
        headers=headers,
        body=body,
        organization_id=called.organization_id,
        seen_url=url if is_known else _as_django_sees_it(scope),
    )


def _as_django_sees_it(scope: Scope) -> str:
    """The address by the request itself and by a trusted proxy's headers, or ""."""
    try:
        return ASGIRequest(scope, io.BytesIO()).build_absolute_uri()
    except (DisallowedHost, UnicodeError):
        return ""


async def _body(scope: Scope, receive: Receive, most_bytes: int) -> bytes | None:
    """The raw body, or None when it is too large; of a too large one no more is read than that."""
    announced = next((v for n, v in scope["headers"] if n == b"content-length"), b"0")
    if announced.isdigit() and int(announced) > most_bytes:
        return None
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise asyncio.CancelledError
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return None
        more = message.get("more_body", False)
    return body


def _read_account(service: str, organization_id: int | None) -> Account:
    """In a thread of its own, with a connection of its own."""
    try:
        return reception.read_account(service, organization_id)
    finally:
        close_old_connections()


async def _send(send: Send, answer: WebhookAnswer) -> None:
    body = answer.body.encode()
    headers = [
        (b"content-type", f"{answer.content_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
