"""Proving to Bandwidth who calls: OAuth 2.0 client credentials, or a legacy API user.

A token is fetched once for all: kept in this process, and shared with the other workers through
Django's cache, where it lies encrypted under a name that tells nothing. It is fetched anew shortly
before it expires, and when Bandwidth stopped accepting it.
https://dev.bandwidth.com/docs/account/credentials/
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.core.cache import cache

from service_vendors import crypto
from service_vendors.exceptions import TransientVendorError, VendorNotConfigured
from service_vendors.types import VendorAccount
from service_vendors.vendors import http

logger = logging.getLogger(__name__)

TOKEN_URL: Final = "https://api.bandwidth.com/api/v1/oauth2/token"  # noqa: S105 - an address
# A token that expires while its request travels is refused.
EARLY_SECONDS: Final = 60.0
SHORTEST_SECONDS: Final = 1.0

NEEDED: Final = "Bandwidth needs an account ID and the client ID and secret of API credentials."
REFUSED: Final = (
    "Bandwidth refused these credentials. Check the client ID and secret under Account, API "
    "Credentials, and that they have the roles this needs."
)
LEGACY: Final = (
    "It signs in as a legacy API user, which Bandwidth ends on 2 December 2026: create API "
    "credentials there and enter their client ID and secret."
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request shows. ``fresh``: nothing newer can be had, so a refusal of it is final."""

    bearer: str = field(default="", repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    fresh: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries a token."""
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}


@dataclass(frozen=True, slots=True)
class _Token:
    """``expires_at`` is in seconds since 1970, as the workers' clocks agree on it."""

    value: str = field(repr=False)
    expires_at: float

    @property
    def is_good(self) -> bool:
        return time.time() < self.expires_at - EARLY_SECONDS


_tokens: dict[str, _Token] = {}
_warned: set[int | None] = set()
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


def is_legacy(account: VendorAccount) -> bool:
    """Whether this account has no client credentials, but a legacy API user."""
    return not _client(account) and _legacy(account) is not None


async def proof(account: VendorAccount, *, refused: str = "") -> Proof:
    """What to show for this account; ``refused`` is a token that Bandwidth no longer takes.

    Raises VendorNotConfigured without credentials or when Bandwidth refuses them, and
    TransientVendorError when it cannot be asked.
    """
    if not (client := _client(account)):
        if (user := _legacy(account)) is None:
            raise VendorNotConfigured(NEEDED)
        _warn_once(account.organization_id)
        return Proof(basic=user, fresh=True)
    name = _name(client)
    locks = _locks.setdefault(asyncio.get_running_loop(), {})
    async with locks.setdefault(name, asyncio.Lock()):
        known = _tokens.get(name)
        if not _serves(known, refused):
            known = await _shared(name)
        if known is not None and _serves(known, refused):
            _tokens[name] = known
            return Proof(bearer=known.value)
        token = _tokens[name] = await _fetch(client)
        await _share(name, token)
        return Proof(bearer=token.value, fresh=True)


def forget_everything() -> None:
    """Fetch anew when next asked, as a process does that has just begun."""
    _tokens.clear()
    _warned.clear()


def _warn_once(organization_id: int | None) -> None:
    if organization_id not in _warned:
        _warned.add(organization_id)
        whose = "The installation" if organization_id is None else f"Organization {organization_id}"
        logger.warning("%s's account at Bandwidth will stop working. %s", whose, LEGACY)


def _client(account: VendorAccount) -> tuple[str, str] | None:
    client = account.config.get("client_id", ""), account.config.get("client_secret", "")
    return client if all(one.strip() for one in client) else None


def _legacy(account: VendorAccount) -> tuple[str, str] | None:
    user = account.config.get("api_user", ""), account.config.get("api_password", "")
    return user if all(one.strip() for one in user) else None


def _serves(token: _Token | None, refused: str) -> bool:
    return token is not None and token.is_good and token.value != refused


async def _fetch(client: tuple[str, str]) -> _Token:
    answer = await http.request(
        "POST", TOKEN_URL, data={"grant_type": "client_credentials"}, basic=client
    )
    if answer.status in {400, 401, 403}:
        raise VendorNotConfigured(REFUSED)
    try:
        said = answer.json() if answer.ok else {}
        value, seconds = str(said["access_token"]), float(said["expires_in"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TransientVendorError(
            f"Bandwidth gave no token ({answer.status}).",
            retry_after_seconds=answer.retry_after_seconds(),
        ) from None
    return _Token(value, time.time() + seconds)


def _name(client: tuple[str, str]) -> str:
    """Under which a token is kept: another secret is another name."""
    told = hashlib.sha256("\0".join(client).encode()).hexdigest()
    return f"service_vendors.bandwidth.{told}"


async def _shared(name: str) -> _Token | None:
    """The token that another worker fetched; None where there is none, or no way to ask."""

    def read() -> Any:
        stored = cache.get(name)
        return json.loads(crypto.decrypt_text(stored)) if isinstance(stored, str) else None

    try:
        stored = await asyncio.to_thread(read)
        return None if stored is None else _Token(str(stored[0]), float(stored[1]))
    except Exception as error:  # noqa: BLE001 - a cache that fails costs one more fetch
        logger.warning("The shared token could not be read (%s).", type(error).__name__)
        return None


async def _share(name: str, token: _Token) -> None:
    def write() -> None:
        kept = crypto.encrypt_text(json.dumps([token.value, token.expires_at]))
        seconds = token.expires_at - EARLY_SECONDS - time.time()
        cache.set(name, kept, max(SHORTEST_SECONDS, seconds))

    try:
        await asyncio.to_thread(write)
    except Exception as error:  # noqa: BLE001 - as above
        logger.warning("The token could not be shared (%s).", type(error).__name__)
