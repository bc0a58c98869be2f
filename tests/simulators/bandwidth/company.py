"""The company: its account, how it behaves, and what every request goes through first."""

from __future__ import annotations

import itertools
import secrets
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.simulators.bandwidth import xml
from tests.simulators.bandwidth.descriptions import complaints, read_all
from tests.simulators.company import SimulatedCompany, asked_of
from tests.simulators.disturbances import Handler
from tests.simulators.network import Switch

HOSTS: Final = ("api.bandwidth.com", "messaging.bandwidth.com")
TOKEN_PATH: Final = "/api/v1/oauth2/token"


class Refusal(Exception):
    """An answer in Bandwidth's own format of errors: JSON of messaging, XML of the account."""

    def __init__(
        self,
        status: int,
        code: int | str = "",
        words: str = "No.",
        *,
        fields: tuple[str, ...] = (),
        retry_after: int | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(words)
        self.status, self.code, self.words, self.fields = status, code, words, fields
        self.retry_after, self.more = retry_after, more or {}


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    authorization: str


@dataclass
class BandwidthCompany(SimulatedCompany):
    """One account at Bandwidth. What it keeps is public: tests ask it, and set it."""

    account_id: str = field(default_factory=lambda: str(secrets.randbelow(9_000_000) + 1_000_000))
    client_id: str = field(default_factory=lambda: f"CLIENT-{secrets.token_hex(8)}")
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    api_user: str = "legacy-user"
    api_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    token_seconds: float = 3_600
    # And what answers whoever asks for a token.
    token_answer: Handler | None = None
    requests: list[Request] = field(default_factory=list)
    # Tokens that are good, and until when; all that were ever given.
    tokens: dict[str, float] = field(default_factory=dict)
    tokens_given: int = 0
    tokens_refused: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    # Messages of earlier days, which the search tells as well.
    history: list[dict[str, Any]] = field(default_factory=list)
    # What a lookup says of a number; of others it knows nothing.
    lookups: dict[str, dict[str, Any]] = field(default_factory=dict)
    locked_out: bool = False
    sites: dict[str, dict[str, Any]] = field(default_factory=dict)
    peers: dict[str, dict[str, Any]] = field(default_factory=dict)
    applications: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Numbers in service, and the location each is in.
    numbers: dict[str, str] = field(default_factory=dict)
    # Numbers that were ever sold, and those of them that were given back: they rest for a while.
    sold: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    disconnects: dict[str, dict[str, Any]] = field(default_factory=dict)
    # How many numbers each area still has to sell; how often an order is "RECEIVED" when asked for.
    stock: int = 1_000
    looks_until_done: int = 1
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(100_001))

    def new_number(self) -> str:
        """An id as the account's things have them."""
        return str(next(self._ids))

    def new_guid(self) -> str:
        """An id as orders and applications have them."""
        return f"{next(self._ids):08x}-2c4a-4631-9dae-d1f318ed57bc"

    def made(self) -> dict[str, int]:
        """How many there are of what is created once."""
        return {
            "sites": len(self.sites),
            "locations": len(self.peers),
            "applications": len(self.applications),
            "orders": len(self.orders),
            "numbers": len(self.numbers),
        }

    def asked(self, method: str, ending: str) -> list[Request]:
        """Every request of a method whose path ends so."""
        return [one for one in self.requests if one.method == method and one.path.endswith(ending)]

    def open(self) -> AbstractContextManager[Switch]:
        """Serve this account at Bandwidth's addresses while the block lasts."""
        from tests.simulators.bandwidth.routes import ROUTES

        read_all()
        return self.serve(HOSTS, ROUTES, front_desk, COMPANY)


# Under which a request has what would answer it on a good day.
ACT: Final[web.RequestKey[Any]] = web.RequestKey("act", object)
COMPANY: Final = web.AppKey("company", BandwidthCompany)


@web.middleware
async def front_desk(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who is there? Then what they want; refusals in Bandwidth's own formats."""
    company = request.app[COMPANY]
    body = await request.read()
    company.requests.append(
        Request(
            request.method,
            request.host,
            request.path,
            tuple(request.query.items()),
            body,
            request.headers.get("Authorization", ""),
        )
    )
    try:
        if company.locked_out:
            company.tokens_refused += request.path == TOKEN_PATH
            raise Refusal(401, "", "Authentication failed")
        if request.path == TOKEN_PATH:
            return await (company.token_answer or handler)(request)
        company.invalid_requests += complaints(await asked_of(request))
        _check_credentials(request, company)
        request[ACT] = handler
        if company.disturbance is not None:
            return await company.disturbance(request)
        return await handler(request)
    except Refusal as refusal:
        return refused(request, refusal)
    except web.HTTPNotFound:
        return refused(request, Refusal(404, "", "The resource does not exist"))


def refused(request: web.Request, refusal: Refusal) -> web.Response:
    """A refusal as an answer."""
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    if request.path.startswith("/api/v1/accounts/"):
        status = {"ErrorCode": refusal.code, "Description": refusal.words}
        told = {"ResponseStatus": {name: value for name, value in status.items() if value}}
        return xml.answer("Response", {**told, **refusal.more}, refusal.status, headers=headers)
    said: dict[str, Any] = {"type": "request-validation", "description": refusal.words}
    if refusal.fields:
        said["fieldErrors"] = [
            {"fieldName": name, "description": f"'{name}' is wrong"} for name in refusal.fields
        ]
    return web.json_response(said, status=refusal.status, headers=headers)


def company_of(request: web.Request) -> BandwidthCompany:
    """The company, if the address names the account of whoever asks. Raises Refusal."""
    company = request.app[COMPANY]
    if request.match_info["account"] != company.account_id:
        raise Refusal(403, "", "The credentials may not see this account")
    return company


def _check_credentials(request: web.Request, company: BandwidthCompany) -> None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind == "Bearer" and company.tokens.get(value, 0) > time.time():
        return
    shown = b64decode(value).decode() if kind == "Basic" else ""
    if shown != f"{company.api_user}:{company.api_password}":
        raise Refusal(401, "", "Authentication failed")


async def give_token(request: web.Request) -> web.Response:
    """A token for client credentials, as RFC 6749 has it."""
    company = request.app[COMPANY]
    form = await request.post()
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    shown = b64decode(value).decode() if kind == "Basic" else ""
    if shown != f"{company.client_id}:{company.client_secret}":
        company.tokens_refused += 1
        return web.json_response({"error": "invalid_client"}, status=401)
    if dict(form) != {"grant_type": "client_credentials"}:
        return web.json_response({"error": "unsupported_grant_type"}, status=400)
    company.tokens_given += 1
    token = f"token-{company.tokens_given}-{secrets.token_hex(16)}"
    company.tokens[token] = time.time() + company.token_seconds
    return web.json_response(
        {"access_token": token, "token_type": "Bearer", "expires_in": int(company.token_seconds)}
    )
