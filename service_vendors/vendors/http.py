"""The one seam through which vendors speak HTTP.

It sets both timeouts, shares connections, honours the deployment's proxy and certificates, keeps
secrets out of the log, and says of every failure whether the vendor may have acted on the request.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
import logging
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp

from service_vendors import conf
from service_vendors.exceptions import SendUncertain, TransientVendorError

logger = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 500

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class VendorResponse:
    """A vendor's complete answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The JSON body. Raises ValueError when it is not JSON."""
        return jsonlib.loads(self.body)

    def retry_after_seconds(self) -> float | None:
        """What ``Retry-After`` asks for, as seconds from now, or None."""
        return retry_after_seconds(self.headers.get("retry-after", ""))


async def request(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
    data: Mapping[str, str] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
    acts: bool = False,
) -> VendorResponse:
    """One HTTP call, made once; whatever the status, it is returned.

    ``acts`` marks a call that sends, buys or creates. When such a call breaks off after it went
    out, SendUncertain is raised; every other failure to get an answer is TransientVendorError.
    """
    auth = aiohttp.BasicAuth(*basic) if basic else None
    started = time.perf_counter()
    try:
        async with _session().request(
            method,
            url,
            params=params,
            json=json,
            data=data,
            headers=headers,
            auth=auth,
            timeout=_timeout(),
            allow_redirects=False,
        ) as response:
            body = await response.read()
    except Exception as error:
        _log(method, url, type(error).__name__, started)
        raise _translated(error, url, acts=acts) from None
    _log(method, url, str(response.status), started)
    lowered = {name.lower(): value for name, value in response.headers.items()}
    return VendorResponse(status=response.status, headers=lowered, body=body)


def retry_after_seconds(value: str) -> float | None:
    """A ``Retry-After`` header, seconds or a date, as seconds from now; None when unreadable."""
    if value.strip().isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return None
    return max(0.0, at - time.time())


async def close() -> None:
    """Close this loop's connections; the next request opens new ones."""
    session = _sessions.pop(asyncio.get_running_loop(), None)
    if session is not None:
        await session.close()


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None or session.closed:
        session = _sessions[loop] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=_certificates()),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
        )
    return session


def _certificates() -> ssl.SSLContext:
    """The trusted authorities: REQUESTS_CA_BUNDLE as the SDKs read it, else OpenSSL's own."""
    return ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or None)


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None,
        connect=None,  # waiting for a free connection of our own pool is not the vendor's fault
        sock_connect=conf.seconds("VENDOR_CONNECT_SECONDS"),
        sock_read=conf.seconds("VENDOR_READ_SECONDS"),
    )


def _translated(error: Exception, url: str, *, acts: bool) -> Exception:
    """Our exception for a failure of aiohttp's. What is not a failure to talk stays as it is."""
    host = urlsplit(url).hostname or "the vendor"
    never_left = (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ClientProxyConnectionError,
        aiohttp.ClientHttpProxyError,
    )
    if isinstance(error, never_left):
        return TransientVendorError(f"{host} could not be reached ({type(error).__name__}).")
    if isinstance(error, aiohttp.ClientError | asyncio.TimeoutError | OSError):
        if acts:
            return SendUncertain(f"{host} gave no complete answer ({type(error).__name__}).")
        return TransientVendorError(f"{host} gave no complete answer ({type(error).__name__}).")
    return error


def _log(method: str, url: str, outcome: str, started: float) -> None:
    """Method, host, outcome, time: a path or query may hold a number, an id or a key."""
    elapsed_ms = (time.perf_counter() - started) * 1000
    logger.debug("%s %s: %s in %.0f ms", method, urlsplit(url).hostname, outcome, elapsed_ms)
