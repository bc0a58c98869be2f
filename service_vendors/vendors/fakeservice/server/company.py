"""The company as one thing: its memory, its mood, its courier, and who may talk to it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from service_vendors.vendors.fakeservice.errors import BAD_REQUEST, DESCRIPTIONS
from service_vendors.vendors.fakeservice.server import triggers
from service_vendors.vendors.fakeservice.server.behaviour import Behaviour, Dice
from service_vendors.vendors.fakeservice.server.courier import Courier
from service_vendors.vendors.fakeservice.server.ledger import Ledger

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST_BODY_BYTES: Final = 262_144


class Refusal(Exception):
    """A request is answered with an error; ``code`` is one of the company's own."""

    def __init__(
        self, status: int, code: int, message: str = "", *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message or DESCRIPTIONS.get(code, "The company refuses this.")
        self.retry_after = retry_after


class Company:
    """What all handlers share. Lives on one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.courier = Courier(ledger)
        self.url = ""
        self.send_calls = 0
        self.secrets_made = 0
        self.closing = asyncio.Event()
        self.behave(Behaviour())

    def behave(self, behaviour: Behaviour) -> None:
        """Behave like this from now on."""
        self.behaviour = behaviour
        self.dice = Dice(behaviour)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than the company is open."""
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.closing.wait()

    async def close(self) -> None:
        """Let go of everything."""
        await self.courier.close()
        self.ledger.close()

    def account(self, request: web.Request, callback: str = "") -> str:
        """The account that asks, by Basic authentication. Any name and key will do.

        ``callback`` is where it wants to be called this time. Raises Refusal (401).
        """
        name, api_key = _basic(request.headers.get("Authorization", ""))
        if triggers.is_refused_key(api_key) or self.behaviour.refuse_credentials:
            raise Refusal(401, BAD_REQUEST, "This account and API key are not accepted.")
        self.courier.know(callback or self.ledger.callback_of(name), api_key)
        return name

    def who_asks(self, request: web.Request, callback: str) -> tuple[str, str]:
        """The account, and where it is to be called: its own callback where it names none."""
        account = self.account(request, callback)
        return account, callback or self.ledger.callback_of(account)


def _basic(header: str) -> tuple[str, str]:
    """Name and key of Basic authentication. Raises Refusal (401)."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, colon, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        name = colon = key = ""
    if scheme.lower() != "basic" or not (name and colon):
        raise Refusal(401, BAD_REQUEST, "Say who you are with Basic authentication.")
    return name, key


COMPANY: Final = web.AppKey("company", Company)


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object. Raises Refusal (400)."""
    try:
        value = json.loads(await request.read())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refusal(400, BAD_REQUEST, "The body must be a JSON object.")
    return value


def text_of(value: dict[str, Any], name: str, most: int = 200) -> str:
    """A text of the object, "" when it is left out. Raises Refusal (400)."""
    text = value.get(name)
    if text is None:
        return ""
    if not isinstance(text, str) or len(text) > most:
        raise Refusal(400, BAD_REQUEST, f"{name} must be a text of at most {most} characters.")
    return text


def callback_of(value: dict[str, Any]) -> str:
    """The callback of the object, or "". Raises Refusal (400)."""
    callback = text_of(value, "callback", 2_000)
    if callback and not callback.startswith(("http://", "https://")):
        raise Refusal(400, BAD_REQUEST, "callback must be an http or https address.")
    return callback


@web.middleware
async def refusals_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a Refusal into the company's error answer."""
    try:
        return await handler(request)
    except Refusal as refusal:
        headers = {}
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
        return web.json_response(
            {"code": refusal.code, "message": refusal.message},
            status=refusal.status,
            headers=headers,
        )
