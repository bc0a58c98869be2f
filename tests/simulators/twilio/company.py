"""The company: its account, how it behaves, and what every request goes through first."""

from __future__ import annotations

import itertools
import secrets
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.simulators.company import SimulatedCompany, asked_of
from tests.simulators.disturbances import Handler
from tests.simulators.network import Switch
from tests.simulators.openapi import Descriptions

HOSTS: Final = (
    "api.twilio.com",
    "messaging.twilio.com",
    "lookups.twilio.com",
    "pricing.twilio.com",
)
DESCRIPTIONS: Final = tuple(
    f"twilio/twilio_{name}.json"
    for name in ("api_v2010", "messaging_v1", "lookups_v1", "lookups_v2", "pricing_v1")
)


class Refusal(Exception):
    """An answer in Twilio's own format of errors."""

    def __init__(
        self, status: int, code: int, message: str = "", *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = retry_after


@dataclass
class TwilioCompany(SimulatedCompany):
    """One account at Twilio. What it keeps is public: tests ask it, and set it."""

    account_sid: str = field(default_factory=lambda: "AC" + secrets.token_hex(16))
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    api_key_sid: str = field(default_factory=lambda: "SK" + secrets.token_hex(16))
    api_key_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    friendly_name: str = "Our Union"
    account_status: str = "active"
    # Every request that came in: method, host, path, form fields, query.
    requests: list[Request] = field(default_factory=list)
    # Contacts whom nobody can text, and what the company says when somebody tries.
    refusals: dict[str, Refusal] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_sid(self, prefix: str) -> str:
        """An id as Twilio makes them: two letters, 32 hexadecimal digits."""
        return f"{prefix}{next(self._ids):032x}"

    def open(self) -> AbstractContextManager[Switch]:
        """Serve this account at Twilio's addresses while the block lasts."""
        from tests.simulators.twilio.routes import ROUTES

        return self.serve(HOSTS, ROUTES, front_desk, COMPANY)


@dataclass(frozen=True)
class Request:
    """One request as it came in; a name that was repeated has all its values."""

    method: str
    host: str
    path: str
    form: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]


COMPANY: Final = web.AppKey("company", TwilioCompany)


@web.middleware
async def front_desk(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who is there? Then what they want; refusals in Twilio's own format."""
    company = request.app[COMPANY]
    form = await request.post()
    company.requests.append(
        Request(
            request.method,
            request.host,
            request.path,
            tuple((name, str(value)) for name, value in form.items()),
            tuple(request.query.items()),
        )
    )
    company.invalid_requests += Descriptions.of(*DESCRIPTIONS).complaints(await asked_of(request))
    try:
        _check_credentials(request, company)
        if company.disturbance is not None:
            return await company.disturbance(request)
        return await handler(request)
    except Refusal as refusal:
        return refused(refusal)
    except web.HTTPNotFound:
        return refused(Refusal(404, 20404, f"The requested resource {request.path} was not found"))


def refused(refusal: Refusal) -> web.Response:
    """A refusal as an answer."""
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    said = {
        "code": refusal.code,
        "message": refusal.message or "No.",
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    return web.json_response(said, status=refusal.status, headers=headers)


def _check_credentials(request: web.Request, company: TwilioCompany) -> None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    username, _, password = b64decode(value if kind == "Basic" else "").decode().partition(":")
    known = {company.account_sid: company.auth_token, company.api_key_sid: company.api_key_secret}
    if not password or known.get(username) != password:
        raise Refusal(401, 20003, "Authenticate")
    if company.account_status != "active":
        raise Refusal(403, 20005, "Account not active")
