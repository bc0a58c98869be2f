"""Whatever happens between us and Twilio, a message goes out once at most, and the end is told."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from service_vendors.exceptions import SendUncertain, TransientVendorError
from service_vendors.vendors import http, loop
from tests.simulators import openapi
from tests.simulators.disturbances import hang_up, refusing, say_nothing, saying
from tests.simulators.twilio import messages
from tests.simulators.twilio.company import DESCRIPTIONS, Refusal
from tests.vendors.twilio_account import AtTwilio, a_message, at_twilio


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio, and little patience."""
    settings.VENDOR_READ_SECONDS = 0.4
    settings.VENDOR_CONNECT_SECONDS = 2.0
    with at_twilio() as there:
        yield there


def forget_connections() -> None:
    """What the environment says counts for new connections."""
    loop.run(http.close())


@pytest.mark.parametrize(
    ("disturbance", "taken"),
    [(say_nothing, 0), (messages.SILENT, 1), (hang_up, 0), (messages.HANGS_UP, 1)],
    ids=["silent before", "silent after", "hangs up before", "hangs up after"],
)
def test_no_answer_is_uncertain_and_nobody_asks_twice(
    there: AtTwilio, disturbance: Any, taken: int
) -> None:
    """Spoke: timeouts are tried again, "over and over" (JP:230); others hang (BM:39, T:473)."""
    there.send("a connection that is already open")
    there.company.disturbance = disturbance
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == 2
    assert len(there.company.messages) == 1 + taken


def test_sends_share_connections_and_open_no_more_than_they_need(
    there: AtTwilio, settings: Any
) -> None:
    settings.VENDOR_READ_SECONDS = 20.0
    connections = []

    async def count(request: web.Request) -> web.StreamResponse:
        connections.append(request.transport and request.transport.get_extra_info("peername"))
        return await messages.create(request)

    there.company.disturbance = count
    vendor = there.vendor()
    for _ in range(5):
        loop.run(vendor.send_message(a_message()))
    assert len(set(connections)) == 1

    async def send_at_once() -> None:
        await asyncio.gather(*(vendor.send_message(a_message(f"{n}")) for n in range(40)))

    loop.run(send_at_once())
    loop.run(send_at_once())
    assert len(connections) == 85
    assert len(set(connections)) <= 40


def test_an_answer_that_breaks_off_is_uncertain(there: AtTwilio) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        await messages.take(request)
        response = web.StreamResponse(status=201, headers={"Content-Length": "500"})
        await response.prepare(request)
        await response.write(b'{"sid": "SM')
        return await hang_up(request)

    there.company.disturbance = break_off
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == 1


def test_an_answer_that_dribbles_is_not_waited_for_forever(there: AtTwilio) -> None:
    async def dribble(request: web.Request) -> web.StreamResponse:
        await messages.take(request)
        response = web.StreamResponse(status=201)
        await response.prepare(request)
        return await say_nothing(request)

    there.company.disturbance = dribble
    started = time.monotonic()
    with pytest.raises(SendUncertain):
        there.send()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("said", [{"Retry-After": "21"}, "a date", {}, {"Retry-After": "soon"}])
def test_too_many_requests_say_when_to_come_back(there: AtTwilio, said: Any) -> None:
    if said == "a date":
        said = {"Retry-After": formatdate(time.time() + 21, usegmt=True)}
    there.company.disturbance = saying(
        '{"code": 20429, "message": "Too Many Requests", "status": 429}', 429, **said
    )
    with pytest.raises(TransientVendorError) as raised:
        there.send()
    wait = raised.value.retry_after_seconds
    if said.get("Retry-After", "soon") == "soon":
        assert wait is None
    else:
        assert wait is not None and 18 <= wait <= 21
    assert raised.value.code == 20429
    assert len(there.posts()) == 1


def test_a_refusal_does_not_spoil_the_next_send(there: AtTwilio) -> None:
    there.company.disturbance = refusing(Refusal(429, 20429, retry_after=1))
    with pytest.raises(TransientVendorError):
        there.send()
    there.company.disturbance = None
    there.send()
    assert len(there.company.messages) == 1


def test_without_the_proxy_nothing_was_sent(there: AtTwilio) -> None:
    there.switch.stop()
    with pytest.raises(TransientVendorError, match=r"api\.twilio\.com"):
        there.send()


def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    there: AtTwilio, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    environment.setenv("REQUESTS_CA_BUNDLE", str(other))
    forget_connections()
    with pytest.raises(TransientVendorError):
        there.send()
    assert there.company.requests == []


def test_openssls_own_certificates_count_where_no_bundle_is_named(
    there: AtTwilio, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SSL_CERT_FILE", os.environ["REQUESTS_CA_BUNDLE"])
    environment.delenv("REQUESTS_CA_BUNDLE")
    forget_connections()
    there.send()
    assert len(there.company.messages) == 1


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_honoured(there: AtTwilio, environment: pytest.MonkeyPatch, name: str) -> None:
    """The stand-in is behind the proxy: whoever goes past it finds nobody."""
    environment.setenv(name, "twilio.com")
    forget_connections()
    with pytest.raises(TransientVendorError):
        there.send()
    assert there.company.requests == []


def test_a_proxy_that_refuses_has_sent_nothing(
    there: AtTwilio, environment: pytest.MonkeyPatch
) -> None:
    """The stand-in's proxy leads to Twilio's hosts and to no other: this one it refuses."""
    environment.setenv("TWILIO_REGION", "au1")
    with pytest.raises(TransientVendorError):
        there.send()
    assert there.company.requests == []


def test_a_request_that_twilio_does_not_describe_fails_the_test_that_made_it() -> None:
    """Wherever Twilio's descriptions are at hand; else nothing is said of any request."""

    async def ask() -> None:
        company = f"https://api.twilio.com/2010-04-01/Accounts/{there.config['account_sid']}"
        basic = there.config["account_sid"], there.config["auth_token"]
        await http.request("GET", f"{company}/Messages.json", params={"Too": "1"}, basic=basic)

    with at_twilio() as there:
        loop.run(ask())
        complaints = [*there.company.invalid_requests]
        there.company.invalid_requests.clear()
        there.send()
        assert there.company.invalid_requests == []
    assert len(complaints) == (openapi.folder() / DESCRIPTIONS[0]).is_file()
