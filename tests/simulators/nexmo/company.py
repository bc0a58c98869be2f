"""The company: one account, how it behaves, and what every request goes through first."""

from __future__ import annotations

import itertools
import secrets
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import uuid4

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.simulators.company import SimulatedCompany, asked_of
from tests.simulators.disturbances import Handler
from tests.simulators.network import Switch
from tests.simulators.nexmo import descriptions

HOSTS: Final = ("rest.nexmo.com", "api.nexmo.com", "api-eu.vonage.com")
TOKEN_PATHS: Final = ("/v1/messages", "/identity-insights/")
LONGEST_TOKEN_SECONDS: Final = 86_400


class Refusal(Exception):
    """An answer other than yes."""

    def __init__(
        self, status: int, body: dict[str, Any], *, retry_after: int | None = None
    ) -> None:
        super().__init__(status)
        self.status, self.body, self.retry_after = status, body, retry_after


@cache
def key_pair() -> tuple[str, str]:
    """A private and a public key, one pair for the whole test run: making one takes a while."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    host: str
    path: str
    form: dict[str, str]
    query: dict[str, str]
    json: Any = None


@dataclass
class NexmoCompany(SimulatedCompany):
    """One account at Vonage. What it keeps is public: tests ask it, and set it."""

    api_key: str = field(default_factory=lambda: secrets.token_hex(4))
    api_secret: str = field(default_factory=lambda: secrets.token_hex(8))
    signature_secret: str = field(default_factory=lambda: secrets.token_hex(25))
    balance: str = "10.28"
    private_key: str = field(default_factory=lambda: key_pair()[0])
    # What happens to the request of this number (from 0): see ``disturbances``.
    at_request: int | None = None
    before: Handler | None = None
    after: Handler | None = None
    requests: list[Request] = field(default_factory=list)
    # Every message taken, in order; of a contact, what is said instead, or of each part.
    messages: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    part_statuses: dict[str, list[str]] = field(default_factory=dict)
    # Applications by their ids, and numbers by their digits; every purchase and every release.
    applications: dict[str, dict[str, Any]] = field(default_factory=dict)
    for_sale: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    purchases: list[str] = field(default_factory=list)
    cancellations: list[str] = field(default_factory=list)
    # Whether an address is called before a number is pointed at it, as Vonage does.
    tries_addresses: bool = False
    # What is known of numbers: kind of line, carrier, country, caller's name.
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    lookups: list[str] = field(default_factory=list)
    _tokens: set[str] = field(default_factory=set)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_message_id(self) -> str:
        """An id as the SMS API makes them."""
        return f"{next(self._ids):016X}"

    def new_application(self, name: str, capabilities: dict[str, Any] | None = None) -> str:
        """Keep an application; its id."""
        application_id = str(uuid4())
        self.applications[application_id] = {
            "id": application_id,
            "name": name,
            "keys": {"public_key": key_pair()[1]},
            "capabilities": capabilities or {},
        }
        return application_id

    def open(self) -> AbstractContextManager[Switch]:
        """Serve this account at Vonage's addresses while the block lasts."""
        from tests.simulators.nexmo.routes import ROUTES

        return self.serve(HOSTS, ROUTES, front_desk, COMPANY)

    def check(self, request: web.Request) -> None:
        """Raise Refusal unless the request comes from the account, in the way this API wants."""
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if request.path.startswith(TOKEN_PATHS):
            if kind != "Bearer" or not self._is_token(value):
                raise Refusal(401, {"title": "Unauthorized", "detail": "Check your credentials."})
            return
        username, _, password = b64decode(value if kind == "Basic" else "").decode().partition(":")
        if (username, password) != (self.api_key, self.api_secret):
            raise Refusal(401, {"error-code": "401", "error-code-label": "authentication failed"})

    def _is_token(self, token: str) -> bool:
        """Whether an application of the account signed this, for now, and never used it before."""
        try:
            claims = jwt.decode(
                token,
                key_pair()[1],
                algorithms=["RS256"],
                options={"require": ["application_id", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError:
            return False
        used = claims["jti"] in self._tokens
        self._tokens.add(claims["jti"])
        lasts = claims["exp"] - claims["iat"]
        return (
            not used
            and lasts <= LONGEST_TOKEN_SECONDS
            and claims["application_id"] in self.applications
        )


COMPANY: Final = web.AppKey("company", NexmoCompany)


@web.middleware
async def front_desk(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note the request and hold it against the descriptions; then who asks, then what they want."""
    company = request.app[COMPANY]
    number = len(company.requests)
    company.requests.append(await _noted(request))
    company.invalid_requests += descriptions.complaints(await asked_of(request))
    is_the_one = number == company.at_request
    try:
        company.check(request)
        if company.disturbance is not None:
            return await company.disturbance(request)
        if is_the_one and company.before is not None:
            return await company.before(request)
        answer = await handler(request)
    except Refusal as refusal:
        return refused(refusal)
    except web.HTTPNotFound:
        return refused(Refusal(404, {"type": "about:blank", "title": "Not Found"}))
    if is_the_one and company.after is not None:
        return await company.after(request)
    return answer


def refused(refusal: Refusal) -> web.Response:
    """A refusal as an answer."""
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return web.json_response(refusal.body, status=refusal.status, headers=headers)


async def _noted(request: web.Request) -> Request:
    form = {name: str(value) for name, value in (await request.post()).items()}
    said = await request.json() if request.content_type == "application/json" else None
    return Request(request.method, request.host, request.path, form, dict(request.query), said)
