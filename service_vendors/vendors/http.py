"""The one seam through which vendors speak HTTP.

It sets both timeouts, shares connections, honours the deployment's proxy and certificates, keeps
secrets out of the log, and says of every failure whether the vendor may have acted on the request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json as jsonlib
import logging
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import aiohttp

from service_vendors import conf, metrics
from service_vendors.exceptions import SendUncertain, TransientVendorError, VendorNotConfigured
from service_vendors.vendors.loop import before_stop

logger = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 500
MOST_BODY_BYTES: Final = 16 * 1024 * 1024
LONGEST_RETRY_AFTER_SECONDS: Final = 86_400.0

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


@dataclass(slots=True)
class _Progress:
    """How far a request came; what is not even begun cannot have been acted upon."""

    acts: bool
    went_out: bool = False


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
    """One HTTP call, made once; whatever the status, it is returned. Redirects are not followed.

    ``acts`` marks a call that sends, buys or creates. When such a call breaks off after it went
    out, SendUncertain is raised; every other failure to get an answer is TransientVendorError.
    What cannot be asked at all (a key that no header can carry) is VendorNotConfigured.
    """
    started, progress = time.perf_counter(), _Progress(acts)
    sent_headers = _headers(headers or {}, basic)
    session = _session()
    try:
        async with session.request(
            method,
            url,
            params=params,
            json=json,
            data=data,
            headers=sent_headers,
            proxy=_proxy(url),
            timeout=_timeout(),
            allow_redirects=False,
            trace_request_ctx=progress,
        ) as response:
            body = await _body(response)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        _note(method, url, type(error).__name__, started)
        raise _translated(error, url, progress, acts=acts) from None
    _note(method, url, str(response.status), started)
    lowered = {name.lower(): value for name, value in response.headers.items()}
    return VendorResponse(status=response.status, headers=lowered, body=body)


def retry_after_seconds(value: str) -> float | None:
    """A ``Retry-After`` header, seconds or a date, as seconds from now; None when unreadable.

    Whoever asks for more than a day gets a day.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_SECONDS)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, at - time.time()), LONGEST_RETRY_AFTER_SECONDS)


async def close() -> None:
    """Close this loop's connections; the next request opens new ones, by the proxy of that day."""
    _proxy_to.cache_clear()
    session = _sessions.pop(asyncio.get_running_loop(), None)
    if session is not None:
        await session.close()


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None or session.closed:
        progress = aiohttp.TraceConfig()
        progress.on_request_headers_sent.append(_note_progress)
        session = _sessions[loop] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=_certificates()),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[progress],
            # With trust_env a ~/.netrc would speak for us; proxies are looked up below.
            trust_env=False,
        )
        before_stop(close)
    return session


async def _note_progress(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    """Called right before the first byte of a request is written.

    aiohttp repeats what HTTP calls safe to repeat when a kept connection breaks. A lookup that is
    charged is a GET, too: whatever acts goes out once.
    """
    request_so_far: _Progress = context.trace_request_ctx
    if request_so_far.acts and request_so_far.went_out:
        raise aiohttp.ServerDisconnectedError
    request_so_far.went_out = True


def _certificates() -> ssl.SSLContext:
    """The trusted authorities: REQUESTS_CA_BUNDLE as the SDKs read it, else OpenSSL's own, to
    which SSL_CERT_FILE belongs.
    """
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        bundle = os.environ.get(name)
        if not bundle:
            continue
        try:
            context = ssl.create_default_context(cafile=bundle)
        except OSError:  # ssl.SSLError is one
            raise VendorNotConfigured(
                f"{name} names {bundle}, which holds no certificates that can be read."
            ) from None
        if name == "SSL_CERT_FILE":
            context.load_default_certs()  # as everywhere else: OpenSSL's folder of them, too
        return context
    return ssl.create_default_context()


def _headers(headers: Mapping[str, str], basic: tuple[str, str] | None) -> dict[str, str]:
    """The headers to send, with the credentials among them."""
    if any(not (value.isprintable() and value.isascii()) for value in headers.values()):
        raise VendorNotConfigured(
            "A key or token holds a line break or another character that no header can carry. "
            "Copy it again."
        )
    if basic is None:
        return dict(headers)
    if ":" in basic[0]:
        raise VendorNotConfigured("The name of an account cannot contain a colon. Check it.")
    return {**headers, "Authorization": aiohttp.encode_basic_auth(*basic)}


def _proxy(url: str) -> str | None:
    """The proxy that the deployment wants: HTTPS_PROXY, HTTP_PROXY, NO_PROXY."""
    parts = urlsplit(url)
    return _proxy_to(parts.scheme, parts.hostname or "")


@lru_cache(maxsize=1_000)
def _proxy_to(scheme: str, host: str) -> str | None:
    """As ``_proxy``; remembered, for reading the whole environment takes as long as a call does.

    What runs on this very machine is never asked for over a proxy.
    """
    proxy = None if _is_loopback(host) else getproxies().get(scheme)
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None,
        connect=None,  # waiting for a free connection of our own pool is not the vendor's fault
        sock_connect=conf.seconds("VENDOR_CONNECT_SECONDS"),
        sock_read=conf.seconds("VENDOR_READ_SECONDS"),
    )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, if it comes in time and is not absurdly large."""
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout(conf.seconds("VENDOR_READ_SECONDS")):
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_BODY_BYTES:
                raise aiohttp.ClientPayloadError("The body is too large.")
    return b"".join(chunks)


def _translated(error: Exception, url: str, progress: _Progress, *, acts: bool) -> Exception:
    """Our exception for a failure to talk. Its text names the host and never the failure's own."""
    try:
        host = urlsplit(url).hostname or "The vendor"
    except ValueError:
        host = "The vendor"
    kind = type(error).__name__
    if not progress.went_out:
        return TransientVendorError(f"{host} could not be reached ({kind}).")
    if acts:
        return SendUncertain(f"{host} gave no complete answer ({kind}).")
    return TransientVendorError(f"{host} gave no complete answer ({kind}).")


def _note(method: str, url: str, outcome: str, started: float) -> None:
    """Method, host, outcome, time: a path or query may hold a number, an id or a key."""
    elapsed_seconds = time.perf_counter() - started
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    metrics.time_vendor(host, outcome, elapsed_seconds)
    logger.debug("%s %s: %s in %.0f ms", method, host, outcome, elapsed_seconds * 1000)
