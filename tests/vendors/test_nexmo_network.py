"""Whatever happens between us and Vonage, a message goes out once at most, and the end is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from service_vendors.exceptions import SendUncertain, TransientVendorError
from tests.simulators.disturbances import hang_up, refusing, say_nothing, saying
from tests.simulators.nexmo import messages
from tests.simulators.nexmo.company import Refusal
from tests.vendors.nexmo_account import AtNexmo, at_nexmo

PICTURES = ((), ("https://example.org/poster.png",))


@pytest.fixture
def there() -> Iterator[AtNexmo]:
    """An account at Vonage."""
    with at_nexmo() as there:
        yield there


@pytest.mark.parametrize("media", PICTURES, ids=["text", "picture"])
@pytest.mark.parametrize(
    ("disturbance", "taken"),
    [(say_nothing, 0), (messages.SILENT, 1), (hang_up, 0), (messages.HANGS_UP, 1)],
    ids=["silent before", "silent after", "hangs up before", "hangs up after"],
)
def test_no_answer_is_uncertain_and_nobody_asks_twice(
    there: AtNexmo, settings: Any, disturbance: Any, taken: int, media: tuple[str, ...]
) -> None:
    """Vonage's own SDK posts a text ten times to a peer that hangs up."""
    there.send("a connection that is already open")
    settings.VENDOR_READ_SECONDS = 0.4
    there.company.disturbance = disturbance
    with pytest.raises(SendUncertain):
        there.send(media=media)
    assert len(there.posts()) == 2
    assert len(there.company.messages) == 1 + taken


def test_an_answer_that_breaks_off_is_uncertain(there: AtNexmo) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200, headers={"Content-Length": "500"})
        await response.prepare(request)
        await response.write(b'{"messages": [{"status": "0", ')
        return await hang_up(request)

    there.company.disturbance = messages.taking_and(break_off)
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == len(there.company.messages) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_inside_vonage_is_uncertain(there: AtNexmo, status: int) -> None:
    there.company.disturbance = messages.taking_and(saying("", status))
    with pytest.raises(SendUncertain):
        there.send()
    assert len(there.posts()) == 1


def test_too_many_requests_say_when_to_come_back(there: AtNexmo) -> None:
    there.company.disturbance = refusing(Refusal(429, {}, retry_after=21))
    with pytest.raises(TransientVendorError) as raised:
        there.send()
    assert raised.value.retry_after_seconds == 21
    there.company.disturbance = None
    there.send()
    assert len(there.company.messages) == 1, "a refusal does not spoil the next send"


def test_without_a_way_to_vonage_nothing_was_sent(there: AtNexmo) -> None:
    there.switch.stop()
    with pytest.raises(TransientVendorError, match=r"rest\.nexmo\.com"):
        there.send()


def test_a_host_that_the_proxy_refuses_was_sent_nothing(
    there: AtNexmo, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(TransientVendorError):
        there.send()
    assert there.company.requests == []
