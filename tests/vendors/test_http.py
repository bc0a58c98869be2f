"""The one seam for HTTP, against real sockets on this machine."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service_vendors.exceptions import SendUncertain, TransientVendorError, VendorNotConfigured
from service_vendors.vendors import http

SECRET = "s3cr3t-" + "x" * 20
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass
class Server:
    """A server of the test's own, and what it was asked."""

    url: str = ""
    handler: Handler | None = None
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        self.requests.append(request)  # type: ignore[arg-type]  # as good as a Request here
        self.bodies.append(await request.read())
        if self.handler is not None:
            return await self.handler(request)  # type: ignore[arg-type]
        return web.json_response({"ok": True})


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    port = runner.addresses[0][1]
    server.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        server.open.set()
        await runner.cleanup()


@pytest_asyncio.fixture
async def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    settings.VENDOR_CONNECT_SECONDS = 2.0
    settings.VENDOR_READ_SECONDS = 0.3
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", *BUNDLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    async with serving() as running:
        yield running
        await http.close()


# -- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 302, 400, 404, 429, 500, 503])
async def test_every_status_is_an_answer(server: Server, status: int) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, text="words", headers={"Location": "/elsewhere"})

    server.handler = handler
    answer = await http.request("POST", server.url, acts=True)
    assert (answer.status, answer.body, answer.ok) == (status, b"words", status < 300)
    assert len(server.requests) == 1


async def test_what_is_sent_arrives(server: Server) -> None:
    await http.request("POST", server.url + "/a", json={"text": "é"}, params={"q": "1 2"})
    await http.request("POST", server.url, data={"a": "1"}, basic=("sid", "kéy:"))
    first, second = server.requests
    assert (first.path, first.query["q"]) == ("/a", "1 2")
    assert server.bodies == [b'{"text": "\\u00e9"}', b"a=1"]
    scheme, _, encoded = second.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "sid:kéy:")


async def test_an_answer_is_read_by_lower_case_names_and_as_json(server: Server) -> None:
    answer = await http.request("GET", server.url)
    assert answer.json() == {"ok": True}
    assert answer.headers["content-type"].startswith("application/json")


async def test_connections_are_used_again_and_cookies_are_not_kept(server: Server) -> None:
    async def handler(request: web.Request) -> web.Response:
        answer = web.Response()
        answer.set_cookie("session", "of another account")
        return answer

    server.handler = handler
    ports = set()
    for _ in range(3):
        # Of an IP address, no cookie would be kept anyway.
        await http.request("POST", server.url.replace("127.0.0.1", "localhost"))
        request = server.requests[-1]
        ports.add(request._transport_peername[1])
        assert not request.cookies
    assert len(ports) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("9" * 400, 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
    ],
)
def test_retry_after_is_read_as_seconds(value: str, seconds: float | None) -> None:
    assert http.retry_after_seconds(value) == seconds


@pytest.mark.parametrize(("minutes", "low", "high"), [(5, 280.0, 300.0), (-5, 0.0, 0.0)])
def test_retry_after_is_read_as_a_date(minutes: int, low: float, high: float) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    seconds = http.retry_after_seconds(format_datetime(at, usegmt=True))
    assert seconds is not None
    assert low <= seconds <= high


async def test_retry_after_is_taken_from_the_answer(server: Server) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "9"})

    server.handler = handler
    assert (await http.request("GET", server.url)).retry_after_seconds() == 9.0


# -- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://nowhere.invalid/",
        "http://[oops",
        "no address at all",
        "http://",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999999/",
    ],
)
async def test_what_cannot_be_reached_was_surely_not_asked(server: Server, url: str) -> None:
    with pytest.raises(TransientVendorError):
        await http.request("POST", url, acts=True)


async def _silence(server: Server) -> None:
    async def handler(request: web.Request) -> web.Response:
        await server.open.wait()
        return web.Response()

    server.handler = handler


async def _reset(server: Server) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.handler = handler


async def _half_an_answer(server: Server) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    server.handler = handler


async def _a_trickle(server: Server) -> None:
    """Bytes come often enough for every single read, and never end."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not server.open.is_set():
            await response.write(b".")
            await asyncio.sleep(0.05)
        return response

    server.handler = handler


async def _a_flood(server: Server) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 2_000)

    server.handler = handler


TROUBLES = [_silence, _reset, _half_an_answer, _a_trickle, _a_flood]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("acts", [True, False])
async def test_what_breaks_off_after_it_went_out_is_uncertain_if_it_acts(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Server], Awaitable[None]],
    acts: bool,
) -> None:
    monkeypatch.setattr(http, "MOST_BODY_BYTES", 1_000)
    await trouble(server)
    with pytest.raises(SendUncertain if acts else TransientVendorError):
        async with asyncio.timeout(5):
            await http.request("POST", server.url, acts=acts)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_what_acts_is_not_repeated_over_a_connection_that_was_kept(
    server: Server, method: str
) -> None:
    await http.request("POST", server.url)
    await _reset(server)
    with pytest.raises(SendUncertain):
        await http.request(method, server.url, acts=True)
    assert len(server.requests) == 2


async def test_cancelling_is_not_a_failure_to_talk(server: Server) -> None:
    await _silence(server)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await http.request("POST", server.url, acts=True)


# -- secrets --------------------------------------------------------------------------------------


async def test_no_secret_is_logged_or_told(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    call = {
        "params": {"key": SECRET},
        "json": {"key": SECRET},
        "headers": {"Authorization": f"Bearer {SECRET}"},
    }
    address = server.url.replace("http://", f"http://user:{SECRET}@")
    await http.request("POST", f"{server.url}/{SECRET}", **call)
    await http.request("POST", server.url, basic=("sid", SECRET))
    await http.request("POST", address)
    answer = await http.request("POST", f"{server.url}/{SECRET}")
    told = [repr(answer)]
    await _reset(server)
    for url in (f"{server.url}/{SECRET}", address, f"http://user:{SECRET}@127.0.0.1:9/", SECRET):
        for acts in (True, False):
            with pytest.raises((SendUncertain, TransientVendorError)) as raised:
                await http.request("POST", url, acts=acts, **call)
            assert raised.value.__cause__ is None
            told += [str(raised.value), repr(raised.value)]
    ours = [record for record in caplog.records if record.name.startswith("service_vendors")]
    assert any("127.0.0.1" in record.getMessage() for record in ours)
    assert SECRET not in caplog.text + "".join(told)


@pytest.mark.parametrize("value", ["line\nbreak", "carriage\rreturn", "nul\0", "snow ☃"])
async def test_a_key_that_no_header_can_carry_is_a_matter_of_configuration(
    server: Server, value: str
) -> None:
    with pytest.raises(VendorNotConfigured) as raised:
        await http.request("POST", server.url, headers={"X-Key": value}, acts=True)
    assert value not in str(raised.value)
    with pytest.raises(VendorNotConfigured, match="colon"):
        await http.request("POST", server.url, basic=("a:b", "key"), acts=True)
    assert not server.requests


async def test_a_netrc_file_does_not_speak_for_us(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    await http.request("POST", server.url, headers={"Authorization": "Bearer ours"})
    assert server.requests[0].headers["Authorization"] == "Bearer ours"


# -- proxies and certificates ---------------------------------------------------------------------


async def test_the_deployments_proxy_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://me:p%40ss@"))
    await http.request("POST", "http://vendor.example/messages", acts=True)
    (request,) = server.requests
    assert request.raw_path == "http://vendor.example/messages"
    assert request.headers["Host"] == "vendor.example"
    scheme, _, encoded = request.headers["Proxy-Authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"me:p@ss")
    assert "Authorization" not in request.headers


async def test_this_machine_is_never_asked_for_over_a_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await http.request("POST", server.url)).ok
    local = server.url.replace("127.0.0.1", "localhost")
    assert (await http.request("POST", local)).ok


async def test_no_proxy_is_honoured(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "nowhere.invalid")
    with pytest.raises(TransientVendorError):
        await http.request("GET", "http://nowhere.invalid/")
    assert not server.requests


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_away_means_surely_not_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", "127.0.0.1:9")
    with pytest.raises(TransientVendorError):
        await http.request("POST", f"{scheme}://vendor.example/", acts=True)


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, both = folder / "public.pem", folder / "both.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + public.read_bytes()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return public, context


@pytest.mark.parametrize("bundle", BUNDLES)
async def test_only_trusted_certificates_are_spoken_to(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: str
) -> None:
    public, context = _certificate(tmp_path)
    async with serving(context) as tls:
        with pytest.raises(TransientVendorError, match="could not be reached"):
            await http.request("POST", tls.url, acts=True)
        assert not tls.requests
        await http.close()
        monkeypatch.setenv(bundle, str(public))
        assert (await http.request("POST", tls.url, acts=True)).ok
        await http.close()


@pytest.mark.parametrize("bundle", BUNDLES)
async def test_a_missing_bundle_of_certificates_is_a_matter_of_configuration(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: str
) -> None:
    monkeypatch.setenv(bundle, str(tmp_path / "missing.pem"))
    with pytest.raises(VendorNotConfigured, match=rf"{bundle} names .*missing\.pem"):
        await http.request("POST", server.url, acts=True)


def test_the_environment_is_read_for_a_proxy_once_for_each_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asyncio.run(http.close())
    read: list[str] = []
    monkeypatch.setattr(http, "getproxies", lambda: read.append("environment") or {})
    for _ in range(3):
        assert http._proxy("https://api.example.org/messages") is None
    assert len(read) == 1
    asyncio.run(http.close())
    assert http._proxy("https://api.example.org/messages") is None
    assert len(read) == 2
