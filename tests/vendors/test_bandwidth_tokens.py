"""One token for all who ask at once, renewed in time, and once more when Bandwidth drops it."""

from __future__ import annotations

import asyncio
import logging
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from django.core.cache.backends.locmem import LocMemCache

from service_vendors.exceptions import (
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.vendors import loop
from service_vendors.vendors.bandwidth import oauth
from tests.simulators.bandwidth import messages
from tests.simulators.bandwidth.company import TOKEN_PATH, Refusal
from tests.simulators.disturbances import refusing, saying
from tests.vendors.bandwidth_account import AtBandwidth, a_message, at_bandwidth


@pytest.fixture
def there(settings: Any) -> Iterator[AtBandwidth]:
    """An account with two numbers; nobody holds a token."""
    settings.VENDOR_READ_SECONDS = 2.0
    oauth.forget_everything()
    with at_bandwidth() as there:
        yield there
    oauth.forget_everything()


class NotingCache(LocMemCache):
    """A cache that tells what was put into it."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(name, params)
        self.noted: dict[str, Any] = {}

    def set(self, key: str, value: Any, *args: Any, **more: Any) -> None:
        """Keep, and note."""
        self.noted[key] = value
        super().set(key, value, *args, **more)


def test_one_token_serves_many_messages(there: AtBandwidth) -> None:
    for _ in range(5):
        there.send()
    assert there.company.tokens_given == 1
    assert len(there.company.messages) == 5


def test_those_who_ask_at_once_wait_for_one_token(there: AtBandwidth) -> None:
    async def send_all() -> None:
        vendors = [there.vendor(city=f"Town {number}") for number in range(10)]
        await asyncio.gather(
            *(vendor.send_message(a_message()) for vendor in vendors for _ in range(5))
        )

    loop.run(send_all())
    assert there.company.tokens_given == 1
    assert len(there.company.messages) == 50


def test_a_token_is_renewed_before_it_expires(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.send()
    clock = time.time

    def later() -> float:
        return clock() + there.company.token_seconds - oauth.EARLY_SECONDS + 1

    monkeypatch.setattr(oauth.time, "time", later)
    there.send()
    assert there.company.tokens_given == 2
    shown = [one.authorization for one in there.posts()]
    assert len(set(shown)) == 2, "the old one was not shown again"


def test_a_token_that_lives_shorter_than_that_is_used_once(there: AtBandwidth) -> None:
    there.company.token_seconds = oauth.EARLY_SECONDS / 2
    there.send()
    there.send()
    assert there.company.tokens_given == 2
    assert len(there.company.messages) == 2


def test_a_token_that_bandwidth_drops_is_replaced_once_and_the_message_goes_out_once(
    there: AtBandwidth,
) -> None:
    there.send()
    there.company.tokens.clear()
    there.send()
    assert there.company.tokens_given == 2
    assert len(there.posts()) == 3 and len(there.company.messages) == 2


def test_many_whose_token_was_dropped_fetch_one_new_one(there: AtBandwidth) -> None:
    there.send()
    there.company.tokens.clear()

    async def send_all() -> None:
        await asyncio.gather(*(there.vendor().send_message(a_message()) for _ in range(20)))

    loop.run(send_all())
    assert there.company.tokens_given == 2
    assert len(there.company.messages) == 21


def test_a_new_token_that_is_refused_as_well_is_not_asked_for_forever(there: AtBandwidth) -> None:
    there.company.disturbance = refusing(Refusal(401))
    with pytest.raises(VendorNotConfigured, match="refused these credentials"):
        there.send()
    assert there.company.tokens_given == 1 and len(there.posts()) == 1
    with pytest.raises(VendorNotConfigured):
        there.send()
    assert there.company.tokens_given == 2 and len(there.posts()) == 3


def test_another_worker_finds_the_token_and_cannot_read_it_without_our_key(
    there: AtBandwidth, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = NotingCache("tokens of these tests", {})
    monkeypatch.setattr(oauth, "cache", noting)
    there.send()
    oauth.forget_everything()  # as a process that has just begun
    there.send()
    assert there.company.tokens_given == 1
    (token,) = there.company.tokens
    ((name, value),) = noting.noted.items()
    for secret in (token, there.company.client_id, there.company.client_secret):
        assert secret not in name and secret not in value


def test_a_cache_that_is_away_costs_a_token_and_no_message(
    there: AtBandwidth, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    there.send()
    oauth.forget_everything()
    there.send()
    assert there.company.tokens_given == 2
    assert len(there.company.messages) == 2
    assert "shared" in caplog.text
    assert not any(token in caplog.text for token in there.company.tokens)


def test_another_secret_is_never_served_the_token_of_this_one(there: AtBandwidth) -> None:
    there.send()
    wrong = there.vendor(client_secret="somebody-elses")
    with pytest.raises(VendorNotConfigured):
        loop.run(wrong.send_message(a_message()))
    assert len(there.posts()) == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, '{"error": "invalid_client"}', VendorNotConfigured),
        (403, "", VendorNotConfigured),
        (429, "", TransientVendorError),
        (500, "", TransientVendorError),
        (200, "<html>Welcome</html>", TransientVendorError),
        (200, '{"access_token": "x"}', TransientVendorError),
        (200, '["access_token"]', TransientVendorError),
        (200, "[" * 100_000, TransientVendorError),
    ],
)
def test_without_a_token_nothing_was_sent_and_it_is_said_why(
    there: AtBandwidth,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: str,
    expected: type[Exception],
) -> None:
    there.company.token_answer = saying(body, status)
    with pytest.raises(expected) as raised:
        there.send()
    assert not isinstance(raised.value, SendUncertain)
    assert there.company.client_secret not in f"{raised.value} {raised.value.__cause__}"
    assert there.posts() == []


def test_the_token_is_asked_for_as_the_standard_says(there: AtBandwidth) -> None:
    there.send()
    (asked,) = there.company.asked("POST", TOKEN_PATH)
    proof = f"{there.company.client_id}:{there.company.client_secret}"
    assert asked.authorization == f"Basic {b64encode(proof.encode()).decode()}"
    assert asked.body == b"grant_type=client_credentials"


# -- legacy API users -----------------------------------------------------------------------------


def legacy(there: AtBandwidth, **changes: str) -> Any:
    """The vendor, signing in with a user name and a password."""
    credentials = {
        "client_id": "",
        "client_secret": "",
        "api_user": there.company.api_user,
        "api_password": there.company.api_password,
    }
    return there.vendor(**{**credentials, **changes})


def test_a_legacy_api_user_still_sends_and_is_warned_of_once(
    there: AtBandwidth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        loop.run(legacy(there).send_message(a_message()))
    assert there.company.tokens_given == 0
    assert len(there.company.messages) == 3
    warned = [one for one in caplog.messages if "2 December 2026" in one]
    assert len(warned) == 1 and "Organization 7" in warned[0]
    assert there.company.api_password not in caplog.text
    assert "2 December 2026" in loop.run(legacy(there).check_connection())


def test_client_credentials_count_before_a_legacy_api_user(there: AtBandwidth) -> None:
    vendor = there.vendor(api_user="legacy-user", api_password="nobody's")
    loop.run(vendor.send_message(a_message()))
    assert there.company.tokens_given == 1
    assert "2026" not in loop.run(vendor.check_connection())


def test_a_legacy_api_user_that_is_refused_is_asked_once(there: AtBandwidth) -> None:
    with pytest.raises(VendorNotConfigured):
        loop.run(legacy(there, api_password="wrong").send_message(a_message()))
    assert len(there.posts()) == 1


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "api_user", "api_password"])
def test_half_of_the_credentials_are_none(there: AtBandwidth, missing: str) -> None:
    other = {"api_user": "", "api_password": ""} if missing.startswith("client") else {}
    vendor = legacy(there, **{missing: " "}) if not other else there.vendor(**{missing: ""})
    with pytest.raises(VendorNotConfigured, match="client ID and secret"):
        loop.run(vendor.send_message(a_message()))
    assert there.company.requests == []


def test_the_answer_to_a_token_that_was_dropped_midway_is_no_doubt(there: AtBandwidth) -> None:
    """A 401 says that nothing was done: the message may go again, once."""
    refused: list[int] = []

    async def refuse_once(request: web.Request) -> web.StreamResponse:
        if not refused:
            refused.append(1)
            raise Refusal(401)
        return await messages.create(request)

    there.send()
    there.company.disturbance = refuse_once
    there.send()
    assert len(there.company.messages) == 2
